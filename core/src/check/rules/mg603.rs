use std::collections::VecDeque;

use crate::check::{Context, Diagnostic};
use crate::graph::{Direction, Edge, NodeIx, PortIx};
use crate::spec::DataClass;
use crate::text::Span;

rule! {
    /// Personal data (`dataClass: personal`) reaches a node that somebody else runs. What a node makes of personal
    /// data is personal too, unless the output says otherwise by a `dataClass` of its own.
    ///
    /// ## Why
    /// A search, a moderation service or a larger model of somebody else's is added in an afternoon, and with it
    /// names and addresses leave the house without a contract for it. Which edge they leave by shows only in the
    /// whole graph.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: answer}
    /// spec:
    ///   inputs: {question: {type: text, dataClass: personal}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     redact: {role: transformer, outputs: {out: {type: text}}}
    ///     generator: {role: generator, external: true}
    ///   edges:
    ///     - {from: inputs.question, to: redact.in}
    ///     - {from: redact.out, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: answer}
    /// spec:
    ///   inputs: {question: {type: text, dataClass: personal}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     redact: {role: transformer, outputs: {out: {type: text, dataClass: internal}}}
    ///     generator: {role: generator, external: true}
    ///   edges:
    ///     - {from: inputs.question, to: redact.in}
    ///     - {from: redact.out, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
    /// ```
    "MG603", Error, "personal data leaves the house", [Shape: Graph(check)]
}

/// How a node came by personal data.
#[derive(Clone, Copy)]
enum By<'g> {
    /// One of its inputs states it.
    Port(PortIx),
    /// It came along an edge.
    Edge(&'g Edge),
}

fn class(cx: &Context<'_>, port: PortIx) -> Option<DataClass> {
    cx.graph.port(port).and_then(|port| port.data_class)
}

/// The edges that carry what a node makes of what it gets.
fn carried<'g>(cx: &Context<'g>, node: NodeIx) -> impl Iterator<Item = &'g Edge> {
    let cx = *cx;
    let edges = cx.graph.outgoing(node);
    edges.filter(move |edge| edge.ports.is_some_and(|(from, _)| class(&cx, from).is_none()))
}

/// O(ports + edges).
fn check(cx: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let graph = cx.graph;
    let mut by: Vec<Option<By<'_>>> = vec![None; graph.nodes.len()];
    let mut open: VecDeque<&Edge> = VecDeque::new();
    for (ix, port) in cx.odd_ports().filter(|(_, port)| port.personal) {
        if port.direction == Direction::Output {
            open.extend(graph.edges_at(ix));
        } else if let Some(slot @ None) = by.get_mut(port.node.0 as usize) {
            *slot = Some(By::Port(ix));
            open.extend(carried(cx, port.node));
        }
    }
    while let Some(edge) = open.pop_front() {
        let external = graph.spec_of(edge.target).and_then(|node| node.external);
        if let Some(external) = external.filter(|external| external.value) {
            found.extend(leaves(cx, &by, edge, external.span));
        }
        if let Some(slot @ None) = by.get_mut(edge.target.0 as usize) {
            *slot = Some(By::Edge(edge));
            open.extend(carried(cx, edge.target));
        }
    }
}

fn leaves(cx: &Context<'_>, by: &[Option<By<'_>>], edge: &Edge, external: Span) -> Option<Diagnostic> {
    let graph = cx.graph;
    let mut through: Vec<&str> = Vec::new();
    let mut at = edge;
    let origin = loop {
        let (from, _) = at.ports?;
        if class(cx, from) == Some(DataClass::Personal) {
            break from;
        }
        through.push(graph.name(at.source));
        match by.get(at.source.0 as usize).copied().flatten()? {
            By::Port(port) => break port,
            By::Edge(before) => at = before,
        }
    };
    through.reverse();
    let way = if through.is_empty() { String::new() } else { format!(" by way of `{}`", through.join("` → `")) };
    let (origin_path, name) = (graph.port_path(origin), graph.name(edge.target));
    let message = format!("personal data of `{origin_path}` reaches `{name}`{way}, which somebody else runs");
    let diagnostic = RULE
        .at(edge.span, message)
        .on_edge(&edge.id)
        .on_node(name)
        .relate(graph.port(origin)?.span, format!("`{origin_path}` is personal"))
        .relate(external, format!("`{name}` is run by somebody else"))
        .with_help("take the personal part out before and state the output's `dataClass`, or run the node yourself");
    Some(diagnostic)
}
