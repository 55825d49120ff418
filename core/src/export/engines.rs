//! The programs that serve models and indexes: their images, ports, probes and arguments.

use crate::catalogue::{ENGINES, Engine};
use crate::spec::{self, Batch, Overflow, Precision, Protocol, Role};
use crate::text::Span;

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
    fn find(name: &str) -> Option<&'static Self> {
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
                let variant = tei_variant(gpu);
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
            "vllm" => vllm(node, port),
            "tei" => tei(node, port),
            "tgi" => tgi(node, port),
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

/// TEI has an image for each generation of GPUs; the wrong one refuses to start.
fn tei_variant(gpu: Option<&str>) -> &'static str {
    let Some(gpu) = gpu else { return "cpu-" };
    match gpu.split('-').next().unwrap_or(gpu) {
        "T4" => "turing-",
        "A10G" => "86-",
        "L4" | "L40S" => "89-",
        "RTX" if gpu == "RTX-4090" => "89-",
        "RTX" => "120-",
        "H100" | "H200" => "hopper-",
        "B200" | "B300" => "100-",
        _ => "",
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

fn vllm(node: &spec::Node, port: u32) -> Start {
    let mut start = Start {
        command: vec!["vllm".to_owned(), "serve".to_owned()],
        ..Start::default()
    };
    let arguments = &mut start.arguments;
    arguments.extend(uri(node).or(id(node)).map(str::to_owned));
    flag(arguments, "served-model-name", uri(node).and(id(node)));
    arguments.push("--host=0.0.0.0".to_owned());
    arguments.push(format!("--port={port}"));
    let model = node.model.as_ref();
    flag(
        arguments,
        "revision",
        model
            .and_then(|model| model.revision.as_ref())
            .map(|text| &text.value),
    );
    match model
        .and_then(|model| model.precision)
        .map(|precision| precision.value)
    {
        Some(Precision::Fp32) => flag(arguments, "dtype", Some("float32")),
        Some(Precision::Bf16) => flag(arguments, "dtype", Some("bfloat16")),
        Some(Precision::Fp16) => flag(arguments, "dtype", Some("float16")),
        Some(Precision::Fp8) => flag(arguments, "quantization", Some("fp8")),
        // A checkpoint in fewer bits says so itself.
        Some(Precision::Int8 | Precision::Fp4 | Precision::Int4) | None => {}
    }
    if model
        .and_then(|model| model.kv_precision)
        .is_some_and(|kv| kv.value == Precision::Fp8)
    {
        flag(arguments, "kv-cache-dtype", Some("fp8"));
    }
    let tokenizer = node
        .tokenizer
        .as_ref()
        .and_then(|tokenizer| tokenizer.id.as_ref());
    let tokenizer = tokenizer
        .map(|id| &*id.value.0)
        .filter(|&own| Some(own) != id(node));
    flag(arguments, "tokenizer", tokenizer);
    if matches!(
        node.role.map(|role| role.value),
        Some(Role::Embedder | Role::Reranker | Role::Classifier)
    ) {
        flag(arguments, "runner", Some("pooling"));
    }
    let length = node.limits.as_ref().and_then(|limits| limits.max_model_len);
    flag(
        arguments,
        "max-model-len",
        length.map(|length| length.value.0),
    );
    let placement = node.placement.as_ref();
    let gpus = placement.and_then(|placement| placement.gpus_per_replica);
    let gpus = gpus.map(|gpus| gpus.value.0).filter(|&gpus| gpus > 1);
    flag(arguments, "tensor-parallel-size", gpus);
    let template = model.and_then(|model| model.chat_template.as_ref());
    flag(arguments, "chat-template", template.map(|text| &text.value));
    if let Some(batch) = placement.and_then(|placement| placement.batch.as_ref()) {
        match &batch.value {
            Batch::None => flag(arguments, "max-num-seqs", Some(1)),
            Batch::Continuous(continuous) => {
                let sequences = continuous.max_sequences.map(|count| count.value.0);
                flag(arguments, "max-num-seqs", sequences);
                let tokens = continuous.max_batched_tokens.map(|count| count.value.0);
                flag(arguments, "max-num-batched-tokens", tokens);
            }
            Batch::Dynamic(_) => start.unsaid.push((batch.span, "batch")),
        }
    }
    // It asks for the name of the user, and this one has no entry in the image.
    start.variables.push(("USER", "modelspec".to_owned()));
    start
}

fn tei(node: &spec::Node, port: u32) -> Start {
    let mut start = Start::default();
    let arguments = &mut start.arguments;
    flag(arguments, "model-id", uri(node).or(id(node)));
    let model = node.model.as_ref();
    let revision = model.and_then(|model| model.revision.as_ref());
    flag(arguments, "revision", revision.map(|text| &text.value));
    arguments.push("--hostname=0.0.0.0".to_owned());
    arguments.push(format!("--port={port}"));
    match model.and_then(|model| model.precision) {
        Some(precision) if precision.value == Precision::Fp16 => {
            flag(arguments, "dtype", Some("float16"));
        }
        Some(precision) if precision.value == Precision::Fp32 => {
            flag(arguments, "dtype", Some("float32"));
        }
        Some(precision) => start.unsaid.push((precision.span, "precision")),
        None => {}
    }
    let tokenizer = node.tokenizer.as_ref();
    let overflow = tokenizer.and_then(|tokenizer| tokenizer.overflow);
    if overflow.is_some_and(|overflow| overflow.value == Overflow::Truncate) {
        arguments.push("--auto-truncate".to_owned());
    }
    let batch = node
        .placement
        .as_ref()
        .and_then(|placement| placement.batch.as_ref());
    if let Some(batch) = batch {
        match &batch.value {
            Batch::None => flag(arguments, "max-batch-requests", Some(1)),
            Batch::Dynamic(dynamic) => {
                let size = dynamic.max_size.map(|size| size.value.0);
                flag(arguments, "max-batch-requests", size);
                if let Some(delay) = dynamic.max_delay {
                    start.unsaid.push((delay.span, "maxDelay"));
                }
            }
            Batch::Continuous(_) => start.unsaid.push((batch.span, "batch")),
        }
    }
    start
        .variables
        .push(("HUGGINGFACE_HUB_CACHE", "/cache/huggingface".to_owned()));
    start
}

fn tgi(node: &spec::Node, port: u32) -> Start {
    let mut start = Start::default();
    let arguments = &mut start.arguments;
    flag(arguments, "model-id", uri(node).or(id(node)));
    let model = node.model.as_ref();
    let revision = model.and_then(|model| model.revision.as_ref());
    flag(arguments, "revision", revision.map(|text| &text.value));
    arguments.push("--hostname=0.0.0.0".to_owned());
    arguments.push(format!("--port={port}"));
    match model.and_then(|model| model.precision) {
        Some(precision) if precision.value == Precision::Bf16 => {
            flag(arguments, "dtype", Some("bfloat16"));
        }
        Some(precision) if precision.value == Precision::Fp16 => {
            flag(arguments, "dtype", Some("float16"));
        }
        Some(precision) => start.unsaid.push((precision.span, "precision")),
        None => {}
    }
    let length = node.limits.as_ref().and_then(|limits| limits.max_model_len);
    flag(
        arguments,
        "max-total-tokens",
        length.map(|length| length.value.0),
    );
    let gpus = node
        .placement
        .as_ref()
        .and_then(|placement| placement.gpus_per_replica);
    flag(
        arguments,
        "num-shard",
        gpus.map(|gpus| gpus.value.0).filter(|&gpus| gpus > 1),
    );
    start
        .variables
        .push(("HUGGINGFACE_HUB_CACHE", "/cache/huggingface".to_owned()));
    batch_unsaid(node, &mut start);
    start
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_fits_its_gpu_and_protocol() {
        let image = |engine: &str, gpu, protocol| {
            let image = Engine::find(engine).unwrap().image(gpu, protocol)?;
            Some(image.rsplit('/').next().unwrap().to_owned())
        };
        for (engine, gpu, protocol, wanted) in [
            (
                "vllm",
                Some("L4"),
                Protocol::Http,
                Some("vllm-openai:v0.19.0"),
            ),
            (
                "vllm",
                Some("MI300X"),
                Protocol::Http,
                Some("vllm-openai-rocm:v0.19.0"),
            ),
            (
                "tei",
                None,
                Protocol::Http,
                Some("text-embeddings-inference:cpu-1.9"),
            ),
            (
                "TEI",
                Some("T4"),
                Protocol::Http,
                Some("text-embeddings-inference:turing-1.9"),
            ),
            (
                "tei",
                Some("L40S"),
                Protocol::Grpc,
                Some("text-embeddings-inference:89-1.9-grpc"),
            ),
            (
                "tei",
                Some("A100-80GB-SXM"),
                Protocol::Http,
                Some("text-embeddings-inference:1.9"),
            ),
            (
                "tei",
                Some("H200-141GB-SXM"),
                Protocol::Http,
                Some("text-embeddings-inference:hopper-1.9"),
            ),
            (
                "tei",
                Some("RTX-4090"),
                Protocol::Http,
                Some("text-embeddings-inference:89-1.9"),
            ),
            (
                "tei",
                Some("RTX-PRO-6000-Server"),
                Protocol::Http,
                Some("text-embeddings-inference:120-1.9"),
            ),
            ("tei", Some("MI300X"), Protocol::Http, None),
            (
                "text-generation-inference",
                Some("MI300X"),
                Protocol::Http,
                Some("text-generation-inference:3.3.4-rocm"),
            ),
        ] {
            assert_eq!(
                image(engine, gpu, protocol).as_deref(),
                wanted,
                "{engine} {gpu:?}"
            );
        }
    }
}
