//! What images and names tell of what runs in a container.

use super::Service;
use crate::spec::Role;

/// What is known of a service's program.
#[derive(Clone, Debug, Default)]
pub(in crate::import) struct Program {
    /// Its name in `serving.engine`.
    pub(in crate::import) engine: Option<&'static str>,
    /// What it does.
    pub(in crate::import) role: Option<Role>,
    /// Why this role, where it is a guess.
    pub(in crate::import) why: Option<String>,
    /// Whether it keeps what retrievers search.
    pub(in crate::import) store: bool,
    /// Whether it serves people, not models.
    pub(in crate::import) front: bool,
}

impl Program {
    /// How it is called.
    pub(super) fn api(&self) -> Option<&'static str> {
        Some(match (self.engine?, self.role?) {
            ("vllm" | "tgi" | "sglang" | "ollama" | "llama.cpp", Role::Generator) => "openai-chat",
            ("vllm" | "sglang" | "ollama" | "llama.cpp", Role::Embedder) => "openai-embeddings",
            ("tei", Role::Embedder) => "tei-embed",
            ("tei", Role::Reranker) => "tei-rerank",
            ("triton" | "ovms", _) => "kserve-v2",
            ("qdrant", Role::Retriever) => "qdrant-query",
            _ => return None,
        })
    }
}

/// A word of an image's name, the engine, and what it usually is.
static SERVERS: &[(&str, &str, Option<Role>)] = &[
    ("vllm", "vllm", Some(Role::Generator)),
    ("text-embeddings-inference", "tei", Some(Role::Embedder)),
    ("tei-gaudi", "tei", Some(Role::Embedder)),
    ("text-generation-inference", "tgi", Some(Role::Generator)),
    ("tgi-gaudi", "tgi", Some(Role::Generator)),
    ("sglang", "sglang", Some(Role::Generator)),
    ("ollama", "ollama", Some(Role::Generator)),
    ("llama.cpp", "llama.cpp", Some(Role::Generator)),
    ("tritonserver", "triton", None),
    ("openvino/model_server", "ovms", None),
];

static STORES: &[(&str, &str)] = &[
    ("qdrant", "qdrant"),
    ("redis-stack", "redis"),
    ("redisearch", "redis"),
    ("milvus", "milvus"),
    ("weaviate", "weaviate"),
    ("pgvector", "pgvector"),
    ("chroma", "chroma"),
    ("elasticsearch", "elasticsearch"),
    ("opensearch", "opensearch"),
    ("vespa", "vespa"),
];

static FRONTS: &[&str] = &[
    "nginx", "traefik", "caddy", "haproxy", "envoy", "kong", "ui", "frontend", "webui",
];

/// What runs in a service.
pub(super) fn program(service: &Service) -> Program {
    let image = service.image.as_deref().unwrap_or("").to_ascii_lowercase();
    let mut program = program_of(&image, &service.name);
    if matches!(program.role, Some(Role::Embedder | Role::Generator)) && program.engine.is_some() {
        let settings = || {
            let values = service.variables.iter().map(|(_, value)| value);
            let names = service.variables.iter().map(|(name, _)| name);
            values.chain(names).chain(&service.arguments)
        };
        let has = |word: &str| {
            let has = |text: &String| text.to_ascii_lowercase().contains(word);
            service.name.contains(word) || settings().any(has)
        };
        let arguments = || service.arguments.iter().map(String::as_str);
        let is_model = |word: &str| {
            let is_model = |it: &str| it.contains(word) && !it.starts_with("--");
            arguments().any(|it| is_model(&it.to_ascii_lowercase()))
        };
        let tells = |engine: &str| program.engine == Some(engine);
        if tells("tei") && (has("rerank") || is_model("rerank")) {
            program.role = Some(Role::Reranker);
            program.why = Some("its name or settings speak of reranking".to_owned());
        } else if tells("vllm")
            && arguments().any(|it| matches!(it, "embed" | "embedding" | "--task=embed"))
        {
            program.role = Some(Role::Embedder);
            program.why = Some("it is started for embedding".to_owned());
        } else if tells("vllm") && arguments().any(|it| matches!(it, "score" | "--task=score")) {
            program.role = Some(Role::Reranker);
            program.why = Some("it is started for scoring".to_owned());
        } else if !tells("tei") && (service.name.contains("guard") || is_model("llama-guard")) {
            program.role = Some(Role::Guardrail);
            program.why = Some("its name or model speaks of guarding".to_owned());
        }
    }
    program
}

/// What an image and a name tell.
pub(in crate::import) fn program_of(image: &str, name: &str) -> Program {
    // The registry and the tag say nothing of what it is.
    let bare = image.split('@').next().unwrap_or(image);
    let bare = match bare.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => before,
        _ => bare,
    };
    for &(word, engine, role) in SERVERS {
        if bare.contains(word) {
            let why = role
                .map(|role| format!("that is what `{engine}` usually is for a {}", role.word()));
            return Program {
                engine: Some(engine),
                role,
                why: why.map(|_| format!("`{engine}` usually is one")),
                ..Program::default()
            };
        }
    }
    for &(word, engine) in STORES {
        if bare.contains(word) {
            return Program {
                engine: Some(engine),
                role: Some(Role::Retriever),
                why: Some(format!("`{engine}` keeps vectors")),
                store: true,
                front: false,
            };
        }
    }
    let own = bare.rsplit('/').next().unwrap_or(bare);
    let words = || own.split(['-', '_', '.']);
    if words().any(|word| FRONTS.contains(&word)) {
        return Program {
            front: true,
            ..Program::default()
        };
    }
    let named = |text: &str| role_of_name(text);
    if let Some(role) = named(own).or_else(|| named(name)) {
        return Program {
            role: Some(role),
            why: Some("its name says so".to_owned()),
            ..Program::default()
        };
    }
    Program::default()
}

/// The role that a name tells.
pub(in crate::import) fn role_of_name(name: &str) -> Option<Role> {
    let name = name.to_ascii_lowercase().replace(['-', '_'], "");
    let has = |word: &str| name.contains(word);
    Some(if has("dataprep") || has("ingest") {
        return None;
    } else if has("guard") {
        Role::Guardrail
    } else if has("rerank") {
        Role::Reranker
    } else if has("retriever") || has("retrieval") {
        Role::Retriever
    } else if has("embed") {
        Role::Embedder
    } else if has("llm") || has("textgen") || has("generator") {
        Role::Generator
    } else {
        return None;
    })
}
