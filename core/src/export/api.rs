//! How a node's server is called: its interface, and the path of a call.

use crate::catalogue::Engine;
use crate::spec::{self, Api, Role};

/// The interface of a node's server: as it states, else that of its program; plain JSON where
/// neither says.
pub(super) fn of(node: &spec::Node, engine: Option<&Engine>) -> Api {
    let serving = node.serving.as_ref();
    if let Some(stated) = serving.and_then(|serving| serving.api) {
        return stated.value;
    }
    let role = node.role.map(|role| role.value);
    match (engine.map(|engine| engine.name), role) {
        (Some("triton"), _) => Api::KserveV2,
        (Some("tei"), Some(Role::Reranker)) => Api::TeiRerank,
        (Some("tei"), _) => Api::TeiEmbed,
        (Some("vllm"), Some(Role::Embedder)) => Api::OpenaiEmbeddings,
        (Some("vllm" | "tgi"), _) => Api::OpenaiChat,
        (Some("qdrant"), _) => Api::QdrantQuery,
        _ => Api::HttpJson,
    }
}

/// The path of a call that a node states.
pub(super) fn stated_path(node: &spec::Node) -> Option<String> {
    let serving = node.serving.as_ref();
    let stated = serving.and_then(|serving| serving.path.as_ref())?;
    Some(format!("/{}", stated.value.0.trim_start_matches('/')))
}

/// The usual path of a call; `None` where it names the model.
pub(super) const fn usual_path(api: Api) -> Option<&'static str> {
    Some(match api {
        Api::OpenaiChat => "/v1/chat/completions",
        Api::OpenaiCompletions => "/v1/completions",
        Api::OpenaiEmbeddings => "/v1/embeddings",
        Api::TeiEmbed => "/embed",
        Api::TeiRerank => "/rerank",
        Api::QdrantQuery => "/collections/documents/points/query",
        Api::HttpJson => "/",
        Api::KserveV2 => return None,
    })
}
