//! `config.pbtxt`: protocol buffers as text.

use core::fmt::Write as _;

use super::tensors::Tensor;
use crate::spec::{self, Batch};

/// A tensor of a model by its name.
pub(super) struct Port {
    pub(super) name: String,
    pub(super) tensor: Tensor,
    pub(super) optional: bool,
}

/// A step of an ensemble: its model, and pairs of the model's names and the ensemble's.
pub(super) struct Step {
    pub(super) model: String,
    pub(super) inputs: Vec<(String, String)>,
    pub(super) outputs: Vec<(String, String)>,
}

/// A text in quotes.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push(' '),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn ports(text: &mut String, side: &str, ports: &[Port]) {
    for port in ports {
        let dims: Vec<String> = port.tensor.dims.iter().map(i64::to_string).collect();
        let _ = write!(
            text,
            "{side} {{\n  name: {}\n  data_type: {}\n  dims: [ {} ]\n",
            quoted(&port.name),
            port.tensor.data_type,
            dims.join(", ")
        );
        if port.optional {
            text.push_str("  optional: true\n");
        }
        text.push_str("}\n");
    }
}

/// The most requests of one batch of a node: with 1, the batch still is a dimension, so that it
/// fits the tensors of its neighbours.
pub(super) fn largest_batch(node: &spec::Node) -> u64 {
    let stated = match node.batch() {
        Some(Batch::Dynamic(dynamic)) => dynamic.max_size.map(|size| u64::from(size.value.0)),
        Some(Batch::Continuous(continuous)) => continuous
            .max_sequences
            .map(|count| u64::from(count.value.0)),
        _ => None,
    };
    // A batch is a 32-bit number there.
    stated.unwrap_or(1).clamp(1, 1 << 30)
}

/// The configuration of a model.
pub(super) fn model(
    name: &str,
    backend: &str,
    node: &spec::Node,
    inputs: &[Port],
    outputs: &[Port],
) -> String {
    let mut text = format!(
        "name: {}\nbackend: {}\nmax_batch_size: {}\n",
        quoted(name),
        quoted(backend),
        largest_batch(node)
    );
    ports(&mut text, "input", inputs);
    ports(&mut text, "output", outputs);
    let placement = node.placement.as_ref();
    let concurrency = placement.and_then(|placement| placement.concurrency);
    let count = concurrency.map_or(1, |count| count.value.0);
    let kind = match placement.and_then(|placement| placement.gpu.as_ref()) {
        Some(_) => "KIND_GPU",
        None => "KIND_CPU",
    };
    let _ = write!(
        text,
        "instance_group {{\n  count: {count}\n  kind: {kind}\n}}\n"
    );
    match node.batch() {
        Some(Batch::Dynamic(dynamic)) => {
            text.push_str("dynamic_batching {\n");
            if let Some(delay) = dynamic.max_delay {
                let micros = delay.value.0.div_ceil(1000);
                let _ = writeln!(text, "  max_queue_delay_microseconds: {micros}");
            }
            text.push_str("}\n");
        }
        Some(Batch::Continuous(_)) => text.push_str("dynamic_batching { }\n"),
        _ => {}
    }
    text
}

/// The configuration of an ensemble.
pub(super) fn ensemble(
    name: &str,
    batch: u64,
    inputs: &[Port],
    outputs: &[Port],
    steps: &[Step],
) -> String {
    let mut text = format!(
        "name: {}\nplatform: \"ensemble\"\nmax_batch_size: {batch}\n",
        quoted(name)
    );
    ports(&mut text, "input", inputs);
    ports(&mut text, "output", outputs);
    text.push_str("ensemble_scheduling {\n");
    for step in steps {
        let _ = write!(
            text,
            "  step {{\n    model_name: {}\n    model_version: -1\n",
            quoted(&step.model)
        );
        for (map, pairs) in [("input_map", &step.inputs), ("output_map", &step.outputs)] {
            for (key, value) in pairs {
                let _ = writeln!(
                    text,
                    "    {map} {{ key: {} value: {} }}",
                    quoted(key),
                    quoted(value)
                );
            }
        }
        text.push_str("  }\n");
    }
    text.push_str("}\n");
    text
}
