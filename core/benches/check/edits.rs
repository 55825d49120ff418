//! Edits as people make them, of documents that [`super::documents`] writes.

use modelspec_core::Analysis;
use modelspec_core::edit::{self, Command, Item};
use modelspec_core::graph::{Edge, Graph};
use modelspec_core::text::{Span, TextEdit};

/// A kind of edit: its name, and what it does at the `n`th of some places.
pub(crate) type Kind = (&'static str, fn(&Analysis, usize) -> Option<Vec<TextEdit>>);

/// What is measured.
pub(crate) const KINDS: &[Kind] = &[
    ("a latency", latency),
    ("a limit of an edge", limit),
    ("a size that a port states", size),
    ("a model's revision", revision),
    ("an edge added", connect),
    ("an edge removed", disconnect),
];

/// The `n`th place of a text, spread over the whole, put in other words.
fn replace(analysis: &Analysis, n: usize, what: &str, by: &str) -> Option<Vec<TextEdit>> {
    let places: Vec<usize> = analysis
        .text
        .match_indices(what)
        .map(|(at, _)| at)
        .collect();
    let at = *places.get(n.checked_mul(7919)?.checked_rem(places.len())?)?;
    let span = Span::new(at, at.checked_add(what.len())?);
    Some(vec![TextEdit::replace(span, by)])
}

fn latency(analysis: &Analysis, n: usize) -> Option<Vec<TextEdit>> {
    replace(analysis, n, "latency: {p50: 3ms", "latency: {p50: 2ms")
        .or_else(|| replace(analysis, n, "latency: {p50: 1ms", "latency: {p50: 1.5ms"))
}

fn limit(analysis: &Analysis, n: usize) -> Option<Vec<TextEdit>> {
    replace(analysis, n, "maxLatency: 30ms", "maxLatency: 31ms")
        .or_else(|| replace(analysis, n, ".in}\n", ".in, hop: 1ms}\n"))
}

fn size(analysis: &Analysis, n: usize) -> Option<Vec<TextEdit>> {
    replace(analysis, n, "{dim: 1024, metric", "{dim: 768, metric").or_else(|| {
        replace(
            analysis,
            n,
            "{out: {type: text, maxTokens: 64}}",
            "{out: {type: text, maxTokens: 65}}",
        )
    })
}

fn revision(analysis: &Analysis, n: usize) -> Option<Vec<TextEdit>> {
    replace(
        analysis,
        n,
        "bge-large-en-v1.5, revision: d4aa690, par",
        "bge-large-en-v1.5, revision: d4aa691, par",
    )
    .or_else(|| {
        replace(
            analysis,
            n,
            "role: transformer",
            "role: transformer\n      model: {id: a, revision: b}",
        )
    })
}

fn edge(graph: &Graph, n: usize) -> Option<&Edge> {
    graph
        .edges
        .get(n.checked_mul(7919)?.checked_rem(graph.edges.len())?)
}

fn plan(analysis: &Analysis, command: &Command) -> Option<Vec<TextEdit>> {
    edit::plan(analysis, command)
        .ok()
        .map(|change| change.edits)
}

/// From where an edge begins to where another ends: one more value at an input that has one.
fn connect(analysis: &Analysis, n: usize) -> Option<Vec<TextEdit>> {
    let graph = analysis.graph.as_ref()?;
    let (from, _) = edge(graph, n)?.ports?;
    let (_, to) = edge(graph, n.checked_add(1)?)?.ports?;
    let (from, to) = (graph.port_path(from), graph.port_path(to));
    plan(analysis, &Command::Connect { from, to })
}

fn disconnect(analysis: &Analysis, n: usize) -> Option<Vec<TextEdit>> {
    let id = edge(analysis.graph.as_ref()?, n)?.id.clone();
    let items = vec![Item::Edge(id)];
    plan(
        analysis,
        &Command::Remove {
            items,
            bridge: false,
        },
    )
}
