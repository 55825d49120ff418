//! The programs that serve models and indexes: their images, ports, probes and arguments.

mod tei;
#[cfg(test)]
mod tests;
mod tgi;
mod vllm;

use crate::catalogue::{ENGINES, Engine};
use crate::spec::{self, Batch, ModelName, Protocol, Role};
use crate::text::{Span, Spanned};

/// What a node is served by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    /// The program; `None` for one of the user's own.
    pub(super) engine: Option<&'static Engine>,
    /// Whether the document names it.
    pub(super) stated: bool,
}

/// How a program is started.
#[derive(Clone, Debug, Default)]
pub(super) struct Start {
    /// What replaces the image's own entry point; empty where that stays.
    pub(super) command: Vec<String>,
    /// Its arguments.
    pub(super) arguments: Vec<String>,
    /// Variables that it needs.
    pub(super) variables: Vec<(&'static str, String)>,
    /// What the document says and no argument can: where, and what.
    pub(super) unsaid: Vec<(Span, &'static str)>,
}

impl Engine {
    /// A program by one of its names.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        let name = name.to_lowercase();
        let named = |engine: &&Self| engine.name == name || engine.aliases.contains(&&*name);
        ENGINES.iter().find(named)
    }

    /// What serves a node: as stated, else what usually serves a model of its role.
    pub(super) fn choose(node: &spec::Node) -> Choice {
        let serving = node.serving.as_ref();
        if let Some(stated) = serving.and_then(|serving| serving.engine.as_ref()) {
            return Choice {
                engine: Self::find(&stated.value),
                stated: true,
            };
        }
        let model = node.model.as_ref();
        if let Some(stated) = model.and_then(|model| model.framework.as_ref()) {
            let engine = Self::find(&stated.value);
            return Choice {
                engine,
                stated: engine.is_some(),
            };
        }
        let has_image = serving.is_some_and(|serving| serving.image.is_some());
        let has_id = model.is_some_and(|model| model.id.is_some());
        let usual = match node.role.map(|role| role.value) {
            Some(Role::Generator | Role::Guardrail) => "vllm",
            Some(Role::Embedder | Role::Reranker) => "tei",
            _ => "",
        };
        Choice {
            engine: Self::find(usual).filter(|_| has_id && !has_image),
            stated: false,
        }
    }

    /// The image that is taken where none is stated, for a GPU of the catalogue and a protocol;
    /// `None` where none is published for it.
    pub(super) fn image(&self, gpu: Option<&str>, protocol: Protocol) -> Option<String> {
        let (repository, tag) = (self.repository, self.tag);
        let is_amd = gpu.is_some_and(|gpu| gpu.starts_with("MI"));
        Some(match (self.name, is_amd) {
            ("vllm", true) => format!("{repository}-rocm:{tag}"),
            ("tgi", true) => format!("{repository}:{tag}-rocm"),
            ("tei" | "triton", true) => return None,
            ("tei", false) => {
                let variant = tei::variant(gpu);
                let behind = if protocol == Protocol::Grpc {
                    "-grpc"
                } else {
                    ""
                };
                format!("{repository}:{variant}{tag}{behind}")
            }
            _ => format!("{repository}:{tag}"),
        })
    }

    /// How it is started for a node, listening at a port.
    pub(super) fn start(&self, node: &spec::Node, port: u32) -> Start {
        match self.name {
            "vllm" => vllm::start(node, port),
            "tei" => tei::start(node, port),
            "tgi" => tgi::start(node, port),
            "triton" => triton(node, port),
            "qdrant" => Start {
                variables: vec![
                    ("QDRANT__SERVICE__HTTP_PORT", port.to_string()),
                    (
                        "QDRANT__STORAGE__SNAPSHOTS_PATH",
                        "/qdrant/storage/snapshots".to_owned(),
                    ),
                    (
                        "QDRANT_INIT_FILE_PATH",
                        "/tmp/.qdrant-initialized".to_owned(),
                    ),
                ],
                ..Start::default()
            },
            _ => Start::default(),
        }
    }
}

fn id(node: &spec::Node) -> Option<&str> {
    Some(&node.model.as_ref()?.id.as_ref()?.value.0)
}

fn uri(node: &spec::Node) -> Option<&str> {
    Some(&node.model.as_ref()?.uri.as_ref()?.value.0)
}

fn flag(arguments: &mut Vec<String>, name: &str, value: Option<impl ToString>) {
    if let Some(value) = value {
        arguments.push(format!("--{name}={}", value.to_string()));
    }
}

/// The tokenizer, where it is another than the model's own.
fn other_tokenizer(node: &spec::Node) -> Option<&Spanned<ModelName>> {
    let tokenizer = node.tokenizer.as_ref()?.id.as_ref()?;
    (Some(&*tokenizer.value.0) != id(node)).then_some(tokenizer)
}

/// The GPUs of a replica, where it has several.
fn several_gpus(node: &spec::Node) -> Option<Spanned<u32>> {
    let gpus = node.placement.as_ref()?.gpus_per_replica?;
    (gpus.value.0 > 1).then(|| Spanned::new(gpus.value.0, gpus.span))
}

fn batch_unsaid(node: &spec::Node, start: &mut Start) {
    let batch = node
        .placement
        .as_ref()
        .and_then(|placement| placement.batch.as_ref());
    if let Some(batch) = batch
        && !matches!(batch.value, Batch::None)
    {
        start.unsaid.push((batch.span, "batch"));
    }
}

fn triton(node: &spec::Node, port: u32) -> Start {
    let repository = uri(node).unwrap_or("/models");
    let is_grpc = node.serving.as_ref().and_then(|serving| serving.protocol);
    let is_grpc = is_grpc.is_some_and(|protocol| protocol.value == Protocol::Grpc);
    let listen = if is_grpc { "grpc-port" } else { "http-port" };
    let mut start = Start {
        command: vec!["tritonserver".to_owned()],
        arguments: vec![
            format!("--model-repository={repository}"),
            format!("--{listen}={port}"),
            "--strict-readiness=true".to_owned(),
        ],
        ..Start::default()
    };
    batch_unsaid(node, &mut start);
    start
}
