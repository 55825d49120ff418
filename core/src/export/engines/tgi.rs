//! `text-generation-launcher`.

use super::{Start, batch_unsaid, flag, id, other_tokenizer, several_gpus, uri};
use crate::spec::{self, Overflow, Precision};

/// How it is started for a node, listening at a port.
pub(super) fn start(node: &spec::Node, port: u32) -> Start {
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
    flag(
        arguments,
        "num-shard",
        several_gpus(node).map(|gpus| gpus.value),
    );
    let kv = model.and_then(|model| model.kv_precision);
    if kv.is_some_and(|kv| kv.value == Precision::Fp8) {
        flag(arguments, "kv-cache-dtype", Some("fp8_e4m3fn"));
    }
    start
        .variables
        .push(("HUGGINGFACE_HUB_CACHE", "/cache/huggingface".to_owned()));
    batch_unsaid(node, &mut start);
    unsaid(node, &mut start);
    start
}

fn unsaid(node: &spec::Node, start: &mut Start) {
    if let Some(tokenizer) = other_tokenizer(node) {
        start.unsaid.push((tokenizer.span, "tokenizer.id"));
    }
    let tokenizer = node.tokenizer.as_ref();
    let overflow = tokenizer.and_then(|tokenizer| tokenizer.overflow);
    if let Some(overflow) = overflow.filter(|it| it.value == Overflow::Truncate) {
        start.unsaid.push((overflow.span, "overflow: truncate"));
    }
    let template = node
        .model
        .as_ref()
        .and_then(|model| model.chat_template.as_ref());
    if let Some(template) = template {
        start.unsaid.push((template.span, "chatTemplate"));
    }
}
