//! One of the two graphs that are compared: what it means, and where and how that is written.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::graph::{Direction, Graph, NodeIx, Param, PortIx, Type, edge_id};
use crate::infer::Typing;
use crate::order::Gather as _;
use crate::text::Span;
use crate::{Analysis, lock, yaml};

/// Values are shown up to so many characters.
const LONGEST: usize = 80;

pub(super) struct Side<'a> {
    pub(super) graph: &'a Graph,
    pub(super) typing: &'a Typing,
    pub(super) tree: &'a yaml::Node,
    /// The graph with everything spelled out.
    pub(super) resolved: Value,
    edges: BTreeMap<String, &'a yaml::Node>,
}

/// A value as its document writes it, and where; where it is not written, where it would be.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    pub(super) text: Option<String>,
    pub(super) span: Option<Span>,
}

impl Shown {
    /// The old value and the new one.
    pub(super) fn both(texts: [Option<String>; 2], spans: [Option<Span>; 2]) -> [Self; 2] {
        let [old, new] = texts;
        let [was, is] = spans;
        [(old, was), (new, is)].map(|(text, span)| Self { text, span })
    }
}

impl<'a> Side<'a> {
    pub(super) fn new(analysis: &'a Analysis) -> Option<Self> {
        let (graph, typing, tree) = analysis.whole()?;
        let list = tree.at(["spec", "edges"]);
        let items = list.and_then(yaml::Node::as_sequence);
        let written: BTreeMap<Span, &yaml::Node> = items
            .into_iter()
            .flat_map(|list| &list.items)
            .map(|item| (item.span, item))
            .gather();
        let edges = graph.spec.edges().filter_map(|edge| {
            let item = written.get(&edge.span)?;
            Some((edge_id(edge)?, *item))
        });
        Some(Self {
            graph,
            typing,
            tree,
            resolved: lock::resolved(graph),
            edges: edges.gather(),
        })
    }

    /// The nodes of the resolved graph.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (&String, &Value)> {
        let nodes = self.resolved.pointer("/spec/nodes");
        nodes.and_then(Value::as_object).into_iter().flatten()
    }

    pub(super) fn node(&self, name: &str) -> Option<&Value> {
        self.resolved.get("spec")?.get("nodes")?.get(name)
    }

    /// The edges of the resolved graph.
    pub(super) fn edges(&self) -> impl Iterator<Item = &Value> {
        let edges = self.resolved.pointer("/spec/edges");
        edges.and_then(Value::as_array).into_iter().flatten()
    }

    /// Where the document writes an edge, by the id that it has there.
    pub(super) fn written_edge(&self, id: &str) -> Option<&'a yaml::Node> {
        self.edges.get(id).copied()
    }

    /// The number of a port; `node` is `inputs` or `outputs` for the graph's own.
    pub(super) fn port(&self, node: &str, side: &str, port: &str) -> Option<PortIx> {
        let ix = self.graph.find(node)?;
        let direction = match (ix, side) {
            (NodeIx::INPUTS, _) => Direction::Output,
            (NodeIx::OUTPUTS, _) | (_, "inputs") => Direction::Input,
            _ => Direction::Output,
        };
        self.graph.find_port(ix, direction, port)
    }

    /// Where a port is stated, else its node.
    pub(super) fn port_span(&self, port: PortIx) -> Option<Span> {
        self.graph.port(port).map(|port| port.span)
    }

    /// Where a parameter of a port's type is stated.
    pub(super) fn param_span(&self, port: PortIx, depth: usize, key: &str) -> Option<Span> {
        let found = self.graph.port(port)?;
        let stated = inner(&found.ty, depth).and_then(|ty| fact(ty, key));
        Some(stated.map_or(found.span, |(_, span)| span))
    }

    /// What a parameter of a port's type is, whether it is stated or follows.
    pub(super) fn effective(&self, port: PortIx, depth: usize, key: &str) -> Option<String> {
        let ty = inner(self.typing.of(port)?, depth)?;
        fact(ty, key).map(|(value, _)| value)
    }
}

/// A value as it is written below a part of the document.
pub(super) fn shown(part: Option<&yaml::Node>, path: &[&str], value: Option<&Value>) -> Shown {
    let mut at = part;
    let mut written = true;
    for segment in path {
        let next = at.and_then(|node| node.at([*segment]));
        written &= next.is_some();
        at = next.or(at);
    }
    let text = value.map(|value| match at {
        Some(node) if written => written_text(node),
        // `replicas: 2` is written where `{min, max}` is meant.
        _ => flow(value),
    });
    Shown {
        text,
        span: at.map(|node| node.span),
    }
}

fn inner(ty: &Type, depth: usize) -> Option<&Type> {
    let mut ty = ty;
    for _ in 0..depth {
        ty = ty.inner.as_deref()?;
    }
    Some(ty)
}

fn fact(ty: &Type, key: &str) -> Option<(String, Span)> {
    let is_key = |param: &Param| param.key() == key;
    let (_, fact) = ty.facts.iter().find(|(param, _)| is_key(param))?;
    Some((fact.value.to_string(), fact.span))
}

/// A value in one line, as the document writes it: a revision `0000000` is no number.
fn written_text(node: &yaml::Node) -> String {
    let mut text = String::new();
    match node.as_scalar() {
        Some(scalar) => text.push_str(&scalar.text),
        None => write_node(node, &mut text),
    }
    shorten(text)
}

fn write_node(node: &yaml::Node, out: &mut String) {
    match &node.value {
        yaml::Value::Scalar(scalar) if scalar.style == yaml::ScalarStyle::Plain => {
            out.push_str(&scalar.text);
        }
        yaml::Value::Scalar(scalar) => out.push_str(&yaml::scalar(&scalar.text)),
        yaml::Value::Sequence(list) => {
            out.push('[');
            for (at, item) in list.items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write_node(item, out);
            }
            out.push(']');
        }
        yaml::Value::Mapping(map) => {
            out.push('{');
            for (at, entry) in map.entries.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                out.push_str(&yaml::scalar(&entry.key.text));
                out.push_str(": ");
                write_node(&entry.value, out);
            }
            out.push('}');
        }
    }
}

/// A value in one line, as the document could write it.
pub(super) fn flow(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    shorten(text)
}

fn shorten(mut text: String) -> String {
    if text.chars().count() > LONGEST {
        text = text.chars().take(LONGEST).collect();
        text.push('…');
    }
    // It stands between backticks.
    text.replace('\n', " ").replace('`', "'")
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => out.push_str(&yaml::scalar(text)),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => entries(map, out),
        _ => out.push_str(&value.to_string()),
    }
}

fn entries(map: &Map<String, Value>, out: &mut String) {
    out.push('{');
    for (at, (key, value)) in map.iter().enumerate() {
        out.push_str(if at > 0 { ", " } else { "" });
        out.push_str(&yaml::scalar(key));
        out.push_str(": ");
        write(value, out);
    }
    out.push('}');
}
