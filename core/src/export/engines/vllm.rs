//! `vllm serve`.

use super::{Start, flag, id, other_tokenizer, several_gpus, uri};
use crate::spec::{self, Batch, Overflow, Precision, Role};

/// How it is started for a node, listening at a port.
pub(super) fn start(node: &spec::Node, port: u32) -> Start {
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
    let tokenizer = other_tokenizer(node).map(|own| &*own.value.0);
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
    let gpus = several_gpus(node).map(|gpus| gpus.value);
    flag(arguments, "tensor-parallel-size", gpus);
    let template = model.and_then(|model| model.chat_template.as_ref());
    flag(arguments, "chat-template", template.map(|text| &text.value));
    let tokenizer = node.tokenizer.as_ref();
    let overflow = tokenizer.and_then(|tokenizer| tokenizer.overflow);
    if let Some(overflow) = overflow.filter(|it| it.value == Overflow::Truncate) {
        // Each request says so itself, or is refused.
        start.unsaid.push((overflow.span, "overflow: truncate"));
    }
    let placement = node.placement.as_ref();
    if let Some(batch) = placement.and_then(|placement| placement.batch.as_ref()) {
        match &batch.value {
            Batch::None => flag(arguments, "max-num-seqs", Some(1)),
            Batch::Continuous(continuous) => {
                let sequences = continuous.max_sequences.map(|count| count.value.0);
                flag(arguments, "max-num-seqs", sequences);
                let tokens = continuous.max_batched_tokens.map(|count| count.value.0);
                flag(arguments, "max-num-batched-tokens", tokens);
                if let Some(tokens) = continuous.kv_tokens {
                    start.unsaid.push((tokens.span, "kvTokens"));
                }
            }
            Batch::Dynamic(_) => start.unsaid.push((batch.span, "batch")),
        }
    }
    // It asks for the name of the user, and this one has no entry in the image.
    start.variables.push(("USER", "modelspec".to_owned()));
    start
}
