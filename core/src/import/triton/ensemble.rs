//! What must hold of an ensemble by itself: its steps are whole, and values flow from its inputs
//! through them to its outputs.

use std::collections::{BTreeMap, BTreeSet};

use super::config::{Config, Step};
use super::{Problem, kinds};
use crate::import::draft::quote;
use crate::text::Span;

/// Which step writes a tensor; those that a request brings have none.
type Writers<'s> = BTreeMap<&'s str, usize>;

/// The steps of an ensemble by their places, each behind all that it takes values from; or why
/// values do not flow through it.
pub(super) fn order(config: &Config, steps: &[Step]) -> Result<Vec<usize>, Vec<Problem>> {
    let problems = incomplete(config, steps);
    if !problems.is_empty() {
        return Err(problems);
    }
    let ensemble = quote(&config.name.value);
    let mut problems = Vec::new();
    let mut writers = Writers::new();
    let brought: BTreeSet<&str> = names(&config.inputs).collect();
    for (index, step) in steps.iter().enumerate() {
        for mapping in &step.outputs {
            let tensor = &mapping.tensor;
            let before = writers.insert(&tensor.value, index);
            if before.is_some() || brought.contains(tensor.value.as_str()) {
                let what = format!(
                    "ensemble tensor `{}` can appear in an output map only once for ensemble \
                     `{ensemble}`",
                    quote(&tensor.value)
                );
                let help = if before.is_some() {
                    "give the outputs tensors of their own"
                } else {
                    "a request brings it already; give the output a tensor of its own"
                };
                problems
                    .push(Problem::new(&kinds::WRITTEN_TWICE, tensor.span, what).with_help(help));
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let order = run(config, steps, &writers);
    let unreached = unreached(config, steps, &writers, &order);
    if unreached.is_empty() {
        Ok(order)
    } else {
        Err(unreached)
    }
}

fn names(tensors: &[super::config::Tensor]) -> impl Iterator<Item = &str> {
    tensors.iter().map(|tensor| tensor.name.value.as_str())
}

fn incomplete(config: &Config, steps: &[Step]) -> Vec<Problem> {
    let ensemble = quote(&config.name.value);
    let mut problems = Vec::new();
    if steps.is_empty() {
        let what = format!("`step` must be stated for ensemble `{ensemble}`");
        let problem = Problem::new(&kinds::NO_STEP, config.name.span, what);
        problems.push(problem.with_help("say which models it runs, step by step"));
    }
    for (index, step) in steps.iter().enumerate() {
        let at = Span::new(step.span.start, step.span.start.saturating_add(1));
        let mut lacks = |kind, field: &str, help: &str| {
            let what = format!("`{field}` must be stated in step {index} of ensemble `{ensemble}`");
            problems.push(Problem::new(kind, at, what).with_help(help));
        };
        if step.model.value.is_empty() {
            lacks(
                &kinds::NO_MODEL_NAME,
                "model_name",
                "name the model that it runs",
            );
        }
        if step.inputs.is_empty() {
            let help = "map each input of its model to a tensor of the ensemble";
            lacks(&kinds::NO_INPUT_MAP, "input_map", help);
        }
        if step.outputs.is_empty() {
            let help =
                "map an output of its model to a tensor of the ensemble, or take the step away";
            lacks(&kinds::NO_OUTPUT_MAP, "output_map", help);
        }
    }
    problems
}

/// The steps that can run, in an order in which they can.
fn run(config: &Config, steps: &[Step], writers: &Writers<'_>) -> Vec<usize> {
    let brought: BTreeSet<&str> = names(&config.inputs).collect();
    let mut waits: Vec<usize> = Vec::with_capacity(steps.len());
    let mut readers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, step) in steps.iter().enumerate() {
        let of_others: BTreeSet<&str> = step
            .inputs
            .iter()
            .map(|mapping| mapping.tensor.value.as_str())
            .filter(|tensor| !brought.contains(tensor))
            .collect();
        waits.push(of_others.len());
        for tensor in of_others {
            readers.entry(tensor).or_default().push(index);
        }
    }
    let ready = |(index, waits): (usize, &usize)| (*waits == 0).then_some(index);
    let mut order: Vec<usize> = waits.iter().enumerate().filter_map(ready).collect();
    let mut next = 0_usize;
    while let Some(step) = order.get(next).and_then(|&index| steps.get(index)) {
        next = next.saturating_add(1);
        for mapping in &step.outputs {
            let tensor = mapping.tensor.value.as_str();
            if !writers.contains_key(tensor) {
                continue;
            }
            for &reader in readers.get(tensor).map_or(&[][..], Vec::as_slice) {
                if let Some(waits) = waits.get_mut(reader) {
                    *waits = waits.saturating_sub(1);
                    if *waits == 0 {
                        order.push(reader);
                    }
                }
            }
        }
    }
    order
}

/// Inputs, outputs and tensors that values do not flow through.
fn unreached(
    config: &Config,
    steps: &[Step],
    writers: &Writers<'_>,
    order: &[usize],
) -> Vec<Problem> {
    let ensemble = quote(&config.name.value);
    let runs: BTreeSet<usize> = order.iter().copied().collect();
    let mut ready: BTreeSet<&str> = names(&config.inputs).collect();
    for (tensor, writer) in writers {
        if runs.contains(writer) {
            ready.insert(tensor);
        }
    }
    let mut read: BTreeMap<&str, Span> = BTreeMap::new();
    for mapping in steps.iter().flat_map(|step| &step.inputs) {
        read.entry(&mapping.tensor.value)
            .or_insert(mapping.tensor.span);
    }
    let outputs: BTreeSet<&str> = names(&config.outputs).collect();
    let mut problems = Vec::new();
    for input in &config.inputs {
        let name = input.name.value.as_str();
        if !read.contains_key(name) && !outputs.contains(name) {
            let what = format!(
                "input `{}` of ensemble `{ensemble}` is not used",
                quote(name)
            );
            let problem = Problem::new(&kinds::INPUT_UNUSED, input.name.span, what);
            problems.push(problem.with_help("map it to an input of a step, or take it away"));
        }
    }
    for output in &config.outputs {
        let name = output.name.value.as_str();
        if ready.contains(name) {
            continue;
        }
        let what = format!(
            "output `{}` of ensemble `{ensemble}` is not written",
            quote(name)
        );
        let help = match writers.get(name) {
            Some(writer) => {
                format!("step {writer} writes it, and waits for a tensor that is never written")
            }
            None => "map an output of a step to it".to_owned(),
        };
        problems.push(Problem::new(&kinds::NOT_WRITTEN, output.name.span, what).with_help(help));
    }
    let mappings = steps.iter().flat_map(|step| &step.outputs);
    let written: BTreeMap<&str, Span> = mappings
        .map(|mapping| (mapping.tensor.value.as_str(), mapping.tensor.span))
        .collect();
    let inside: BTreeSet<&str> = written.keys().chain(read.keys()).copied().collect();
    for tensor in inside {
        if outputs.contains(tensor) || (ready.contains(tensor) && read.contains_key(tensor)) {
            continue;
        }
        let span = written.get(tensor).or(read.get(tensor)).copied();
        let what = format!(
            "ensemble tensor `{}` is unused in ensemble `{ensemble}`",
            quote(tensor)
        );
        let help = match (written.contains_key(tensor), read.contains_key(tensor)) {
            (true, false) => "no step reads it: map it to an input, or leave the output out",
            (false, _) => "a step reads it, and nothing writes it: map an output to it",
            _ => "what writes it waits for a tensor that is never written",
        };
        let span = span.unwrap_or(config.name.span);
        problems.push(Problem::new(&kinds::TENSOR_UNUSED, span, what).with_help(help));
    }
    problems
}
