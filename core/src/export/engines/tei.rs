//! `text-embeddings-router`.

use super::{Start, flag, id, other_tokenizer, several_gpus, uri};
use crate::spec::{self, Batch, Overflow, Precision};

/// Tokens of a batch unless told otherwise.
const BATCH_TOKENS: u64 = 16_384;

/// TEI has an image for each generation of GPUs; the wrong one refuses to start.
pub(super) fn variant(gpu: Option<&str>) -> &'static str {
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

/// How it is started for a node, listening at a port.
pub(super) fn start(node: &spec::Node, port: u32) -> Start {
    let mut start = Start::default();
    let arguments = &mut start.arguments;
    flag(arguments, "model-id", uri(node).or(id(node)));
    flag(arguments, "served-model-name", uri(node).and(id(node)));
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
    // It cuts off what is too long unless told not to.
    let truncates = overflow.map(|overflow| overflow.value == Overflow::Truncate);
    flag(arguments, "auto-truncate", truncates);
    let longest = tokenizer.and_then(|tokenizer| tokenizer.max_input_tokens);
    let longest = longest.map(|tokens| tokens.value.0);
    // It does not start where a single input may be longer than a batch.
    let longest = longest.filter(|&tokens| tokens > BATCH_TOKENS);
    flag(arguments, "max-batch-tokens", longest);
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
    unsaid(node, &mut start);
    start
}

fn unsaid(node: &spec::Node, start: &mut Start) {
    if let Some(gpus) = several_gpus(node) {
        start.unsaid.push((gpus.span, "gpusPerReplica"));
    }
    if let Some(tokenizer) = other_tokenizer(node) {
        start.unsaid.push((tokenizer.span, "tokenizer.id"));
    }
    let length = node.limits.as_ref().and_then(|limits| limits.max_model_len);
    if let Some(length) = length {
        start.unsaid.push((length.span, "maxModelLen"));
    }
    let template = node
        .model
        .as_ref()
        .and_then(|model| model.chat_template.as_ref());
    if let Some(template) = template {
        start.unsaid.push((template.span, "chatTemplate"));
    }
}
