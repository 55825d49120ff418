//! ParallelIQ ModelSpec: one document per node with an accelerator, its in-edges as dependencies.
//!
//! The format is closed: what it has no word for goes into annotations under `modelgraph/`, as
//! JSON in the document's own words, and is told as a loss all the same.

mod dependencies;
mod document;
mod original;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Artifacts, Kind, Language, Subject, Target};
use crate::graph::{NodeIx, topological_order};
use crate::order::Gather as _;
use crate::spec::to_json;
use crate::text::Span;
use crate::yaml;

/// The target.
#[derive(Clone, Copy, Debug)]
pub(super) struct ModelSpec;

static ANNOTATION: Kind = Kind::told(
    "TG-MODELSPEC-ANNOTATION",
    "Facts that only an annotation can hold",
);
static CPU_NODE: Kind = Kind::told("TG-MODELSPEC-CPU-NODE", "Nodes without an accelerator");
static EDGE: Kind = Kind::told(
    "TG-MODELSPEC-EDGE",
    "Edges, or what they say beside their ends",
);
static GRAPH: Kind = Kind::told("TG-MODELSPEC-GRAPH", "What is said of the graph as a whole");
static GUARD: Kind = Kind::stopping(
    "TG-MODELSPEC-GUARD",
    "A guardrail that no ModelSpec names before what it guards",
);
static SECRET: Kind = Kind::told("TG-MODELSPEC-SECRET", "Variables that come from secrets");
static FAMILY: Kind = Kind::told("TG-MODELSPEC-FAMILY", "The family of a model");
static TASK: Kind = Kind::told("TG-MODELSPEC-TASK", "The task of a model");
static FRAMEWORK: Kind = Kind::told("TG-MODELSPEC-FRAMEWORK", "What runs a model");
static MODEL: Kind = Kind::told("TG-MODELSPEC-MODEL", "Which model a node runs");
static VENDOR: Kind = Kind::told("TG-MODELSPEC-VENDOR", "Who makes an accelerator");
static LENGTH: Kind = Kind::told(
    "TG-MODELSPEC-LENGTH",
    "The longest sequence that vLLM serves",
);
static KEPT: Kind = Kind::told(
    "TG-MODELSPEC-KEPT",
    "Kept parts of an imported ModelSpec that do not fit",
);

static KINDS: &[&Kind] = &[
    &ANNOTATION,
    &CPU_NODE,
    &EDGE,
    &GRAPH,
    &GUARD,
    &SECRET,
    &FAMILY,
    &TASK,
    &FRAMEWORK,
    &MODEL,
    &VENDOR,
    &LENGTH,
    &KEPT,
];

impl Target for ModelSpec {
    fn name(&self) -> &'static str {
        "modelspec"
    }

    fn title(&self) -> &'static str {
        "ParallelIQ ModelSpec"
    }

    fn about(&self) -> &'static str {
        "One ModelSpec per node with an accelerator, its in-edges as dependencies"
    }

    fn kinds(&self) -> &'static [&'static Kind] {
        KINDS
    }

    fn original(&self, subject: &Subject<'_>) -> Option<Artifacts> {
        original::files(subject)
    }

    fn words(&self) -> Vec<&'static str> {
        words::SAID.to_vec()
    }

    fn export(&self, subject: &Subject<'_>) -> Artifacts {
        let mut artifacts = Artifacts::default();
        let graph = subject.graph;
        let written: BTreeSet<NodeIx> = graph
            .model_nodes()
            .map(|(ix, _)| ix)
            .filter(|&ix| has_accelerator(subject, ix))
            .gather();
        for (ix, node) in graph.model_nodes() {
            if !written.contains(&ix) {
                let message = format!(
                    "`{}` has no accelerator, and ModelSpec describes none without one",
                    node.name
                );
                artifacts.lose(&CPU_NODE, Some(&node.name), node.span, message);
            }
        }
        dependencies::tell(subject, &written, &mut artifacts);
        tell_of_graph(subject, &mut artifacts);
        // What is said of the graph stands where it ends.
        let order = topological_order(graph);
        let last = order.into_iter().rfind(|ix| written.contains(ix));
        for &ix in &written {
            let rest = (Some(ix) == last).then(|| rest(subject, &written));
            let document = document::build(subject, ix, &written, rest, &mut artifacts);
            let path = file_name(graph.name(ix));
            artifacts.file(path, Language::Yaml, yaml::document(&document));
        }
        artifacts
    }
}

fn has_accelerator(subject: &Subject<'_>, ix: NodeIx) -> bool {
    let node = subject.graph.spec_of(ix);
    let external = node
        .and_then(|node| node.external)
        .is_some_and(|external| external.value);
    let placement = node.and_then(|node| node.placement.as_ref());
    !external && placement.is_some_and(|placement| placement.gpu.is_some())
}

fn file_name(node: &str) -> String {
    format!("{node}.modelspec.yaml")
}

/// Tells of the keys of `spec` that are about the whole graph.
fn tell_of_graph(subject: &Subject<'_>, artifacts: &mut Artifacts) {
    let spec = subject.tree.get("spec").and_then(|spec| spec.as_mapping());
    let entries = spec.map_or(&[][..], |spec| &spec.entries);
    for entry in entries {
        let key = &*entry.key.text;
        if matches!(key, "nodes" | "edges") || key.starts_with("x-") || entry.value.is_null() {
            continue;
        }
        let message = format!(
            "`{key}` is about the whole graph: only the annotation `modelgraph/document` keeps it"
        );
        let span = Span::new(entry.key.span.start, entry.value.span.end);
        artifacts.lose(&GRAPH, None, span, message);
    }
}

/// The document as JSON without what the written files hold themselves.
fn rest(subject: &Subject<'_>, written: &BTreeSet<NodeIx>) -> Value {
    let mut rest = to_json(subject.tree);
    if let Value::Object(document) = &mut rest {
        document.shift_remove("layout");
        let nodes = document
            .get_mut("spec")
            .and_then(|spec| spec.get_mut("nodes"))
            .and_then(Value::as_object_mut);
        if let Some(nodes) = nodes {
            let of = |name: &String| subject.graph.find(name);
            nodes.retain(|name, _| of(name).is_none_or(|ix| !written.contains(&ix)));
        }
    }
    rest
}

/// Puts the entries of a map that are not there yet, maps within maps likewise.
fn fill(map: &mut Map<String, Value>, with: Map<String, Value>) {
    for (key, value) in with {
        match (map.get_mut(&key), value) {
            (Some(Value::Object(inner)), Value::Object(value)) => fill(inner, value),
            (Some(_), _) => {}
            (None, value) => {
                map.insert(key, value);
            }
        }
    }
}
