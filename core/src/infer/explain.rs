use super::{Slot, Source, Typing};
use crate::graph::{Edge, EdgeIx, Graph, PortIx};
use crate::text::Span;

/// One step of why a port has a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The port that has the fact.
    pub port: PortIx,
    /// The edge that the fact came along from the next step; `None` at its source, or within a
    /// node that hands its input on.
    pub edge: Option<EdgeIx>,
    /// What this step says, in words.
    pub text: String,
    /// Where to look.
    pub span: Span,
}

/// The graph that a port comes from, where its node refers to one and states no such port.
fn brought_by(graph: &Graph, port: PortIx) -> Option<&str> {
    let port = graph.port(port).filter(|port| !port.stated)?;
    graph.node(port.node)?.refers.as_deref()
}

impl Typing {
    /// Why a port has a fact: from the port back to the place that states it. Empty where the
    /// fact is unknown.
    pub fn why(&self, graph: &Graph, port: PortIx, slot: Slot) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut at = port;
        while steps.len() <= graph.ports.len() {
            let Some(value) = self.value_text(at, slot) else {
                return steps;
            };
            let stated = self.span(graph, at, slot);
            let what = slot.param.map_or("kind", |param| param.key());
            let what = if slot.depth == 0 {
                what.to_owned()
            } else {
                format!("{what} of its items")
            };
            let path = graph.port_path(at);
            let source = self.source(at, slot);
            let edge = source.and_then(|source| joint(graph, at, source));
            let span = edge
                .map(|edge| edge.span)
                .or(stated)
                .or_else(|| graph.port(at).map(|port| port.span))
                .unwrap_or_default();
            let text = match source {
                None if stated.is_some() => match brought_by(graph, at) {
                    Some(by) => format!("`{path}` has {what} {value}: {by} says so of it"),
                    None => format!("`{path}` states {what} {value}"),
                },
                None => format!("`{path}` has {what} {value} by its role"),
                Some(source) => {
                    let from = graph.port_path(source.from);
                    if source.along_edge {
                        format!("`{path}` has {what} {value} by its edge with `{from}`")
                    } else {
                        format!("`{path}` hands on what `{from}` takes: {what} {value}")
                    }
                }
            };
            steps.push(Step {
                port: at,
                edge: edge.map(|edge| edge.ix),
                text,
                span,
            });
            let Some(source) = source else {
                let symbols = self.symbols(at, slot);
                let chains = symbols.iter().flat_map(|name| self.chain(graph, name));
                steps.extend(chains);
                return steps;
            };
            at = source.from;
        }
        steps
    }

    fn value_text(&self, port: PortIx, slot: Slot) -> Option<String> {
        let mut ty = self.of(port)?;
        for _ in 0..slot.depth {
            ty = ty.inner.as_deref()?;
        }
        match slot.param {
            None => Some(ty.kind.word().to_owned()),
            Some(param) => Some(ty.fact(param)?.value.to_string()),
        }
    }
}

/// The edge that a fact came along to a port: the first that joins the two.
fn joint(graph: &Graph, port: PortIx, source: Source) -> Option<&Edge> {
    let joins = |edge: &&Edge| {
        edge.ports == Some((source.from, port)) || edge.ports == Some((port, source.from))
    };
    graph
        .edges_at(port)
        .find(joins)
        .filter(|_| source.along_edge)
}
