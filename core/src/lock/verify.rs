//! Whether a graph is still what its lockfile says.

use std::collections::BTreeMap;

use super::file::{self, LockFile, LockedGraph, LockedNode, Specs};
use crate::Analysis;
use crate::check::{self, Code, Diagnostic};
use crate::graph::Graph;
use crate::order::Gather as _;
use crate::text::Span;

const CODE: Code = Code("MG604");

/// The differences between a graph and its lockfile, as findings of rule MG604 with the severity
/// that the document sets. `specs` are the digests of what its nodes refer to.
///
/// A change is told where it is pinned, of a model, tokenizer, image or referred document; any
/// other is told of the graph by its digest.
pub fn verify(analysis: &Analysis, lock: &LockFile, specs: &Specs) -> Vec<Diagnostic> {
    let Some(cx) = analysis.context() else {
        return Vec::new();
    };
    let name = cx.graph.spec.name().unwrap_or("");
    let at = cx
        .graph
        .spec
        .metadata
        .as_ref()
        .and_then(|metadata| metadata.name.as_ref())
        .map_or(cx.tree.span, |name| name.span);
    let mut found = Vec::new();
    match lock.graphs.as_ref().and_then(|graphs| graphs.get(name)) {
        None => {
            let message = format!("the lockfile does not hold the graph `{name}`");
            found.push(Diagnostic::new(CODE, at, message).with_help(HELP));
        }
        Some(locked) => {
            referred(cx.graph, locked, specs, at, &mut found);
            nodes(cx.graph, locked, at, &mut found);
            let flat = analysis.flat().map_or(cx.graph, |(flat, ..)| flat);
            let digest = super::digest(flat).to_string();
            let before = locked.digest.as_ref().map_or("", |digest| &*digest.value.0);
            if found.is_empty() && digest != before {
                let (is, was) = (short(&digest), short(before));
                let message =
                    format!("`{name}` has the digest `{is}`, the lockfile has `{was}` of it");
                found.push(Diagnostic::new(CODE, at, message).with_help(HELP));
            }
        }
    }
    check::settle(&cx, &mut found);
    found
}

const HELP: &str = "where the change is meant, lock anew with `modelspec lock`";

/// As much of a digest as tells it from others.
fn short(digest: &str) -> &str {
    let hex = digest.strip_prefix("sha256:").unwrap_or(digest);
    hex.get(..12).unwrap_or(hex)
}

fn referred(
    graph: &Graph,
    locked: &LockedGraph,
    specs: &Specs,
    at: Span,
    found: &mut Vec<Diagnostic>,
) {
    let pinned = locked.specs.as_ref();
    let mut pinned: BTreeMap<&str, &str> = pinned
        .into_iter()
        .flat_map(|specs| specs.iter())
        .map(|named| (&*named.name.value, &*named.value.0))
        .gather();
    let place = |name: &str| {
        let nodes = graph.spec.nodes();
        let mut references = nodes.filter_map(|node| node.value.spec_ref.as_ref());
        let reference = references.find(|reference| {
            let words = [&reference.path, &reference.name];
            words
                .into_iter()
                .flatten()
                .any(|text| crate::compose::normal("", &text.value).as_deref() == Some(name))
        });
        reference.map_or(at, |reference| reference.span)
    };
    for (name, digest) in specs {
        let is = digest.to_string();
        let message = match pinned.remove(&**name) {
            Some(was) if was == is => continue,
            Some(was) => {
                let (is, was) = (short(&is), short(was));
                format!("`{name}` has the digest `{is}`, the lockfile has `{was}` of it")
            }
            None => format!("the lockfile does not hold `{name}`, which a node refers to"),
        };
        found.push(Diagnostic::new(CODE, place(name), message).with_help(HELP));
    }
    for name in pinned.into_keys() {
        let message = format!("the lockfile holds `{name}`, which no node refers to");
        found.push(Diagnostic::new(CODE, at, message).with_help(HELP));
    }
}

fn nodes(graph: &Graph, locked: &LockedGraph, at: Span, found: &mut Vec<Diagnostic>) {
    let pinned = locked.nodes.as_ref();
    let mut pinned: BTreeMap<&str, &LockedNode> = pinned
        .into_iter()
        .flat_map(|nodes| nodes.iter())
        .map(|named| (&*named.name.value, &named.value))
        .gather();
    let nothing = LockedNode::default();
    for (ix, node) in graph.model_nodes() {
        let Some(stated) = graph.spec_of(ix) else {
            continue;
        };
        let name = &*node.name;
        let before = pinned.remove(name);
        let pins: Vec<_> = file::pins(stated).collect();
        if before.is_none() && !pins.is_empty() {
            let message = format!("the lockfile does not hold the node `{name}`");
            found.push(finding(node.span, name, message));
            continue;
        }
        let before = before.unwrap_or(&nothing);
        for pin in &pins {
            let message = match before.value(pin.key) {
                Some(was) if was == pin.value => continue,
                Some(was) => format!(
                    "`{}` of `{name}` is `{}`, the lockfile has `{was}`",
                    pin.key, pin.value
                ),
                None => format!(
                    "`{}` of `{name}` is `{}`, the lockfile has none",
                    pin.key, pin.value
                ),
            };
            found.push(finding(pin.span, name, message));
        }
        for key in KEYS {
            let gone = pins.iter().all(|pin| pin.key != *key);
            if let Some(was) = before.value(key).filter(|_| gone) {
                let message =
                    format!("`{key}` of `{name}` is not stated, the lockfile has `{was}`");
                found.push(finding(node.span, name, message));
            }
        }
    }
    for name in pinned.into_keys() {
        let message = format!("the lockfile holds the node `{name}`, the graph does not");
        found.push(Diagnostic::new(CODE, at, message).with_help(HELP));
    }
}

const KEYS: &[&str] = &[
    "model",
    "revision",
    "tokenizer",
    "tokenizerDigest",
    "image",
    "imageDigest",
];

fn finding(span: Span, node: &str, message: String) -> Diagnostic {
    Diagnostic::new(CODE, span, message)
        .on_node(node)
        .with_help(HELP)
}
