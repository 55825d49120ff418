use crate::check::{Context, Diagnostic};
use crate::edit::Command;
use crate::fix::Planner;
use crate::graph::{Direction, Edge, NodeIx};
use crate::spec::{OnFailure, Role};

rule! {
    /// Two edges bring values to one input, and both may come with one request. Branches of one router,
    /// splitter or cache exclude each other and may meet; so may a node and its fallback, and an edge that
    /// closes a bounded loop.
    ///
    /// ## Why
    /// Which value counts, the first, the last, or both as a list, is not said anywhere; it depends on which
    /// server is faster that day. A join says it.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: answer}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     small: {role: generator}
    ///     large: {role: generator}
    ///   edges:
    ///     - {from: inputs.question, to: small.prompt}
    ///     - {from: inputs.question, to: large.prompt}
    ///     - {from: small.text, to: outputs.answer}
    ///     - {from: large.text, to: outputs.answer}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: answer}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     small: {role: generator}
    ///     large: {role: generator}
    ///     first: {role: join, join: any}
    ///   edges:
    ///     - {from: inputs.question, to: small.prompt}
    ///     - {from: inputs.question, to: large.prompt}
    ///     - {from: small.text, to: first.in}
    ///     - {from: large.text, to: first.in}
    ///     - {from: first.out, to: outputs.answer}
    /// ```
    "MG106", Error, "an input is fed twice", [Shape: Graph(check)]
}

fn check(cx: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let graph = cx.graph;
    let mut planner = Planner::new(cx);
    let twice = cx.odd_ports().filter(|(_, port)| port.direction == Direction::Input && port.edges > 1);
    for (ix, _) in twice {
        let Some(port) = graph.port(ix) else { continue };
        if graph.role(port.node) == Some(Role::Join) {
            continue;
        }
        let cycle_of = |ix: NodeIx| cx.cycles().get(ix.0 as usize).copied().flatten();
        let mut edges: Vec<&Edge> = Vec::new();
        for edge in graph.edges_at(ix).filter(|edge| !edge.is_loop) {
            // An edge that closes a cycle is told of by the cycle; one that stands there twice by
            // its identity.
            let cycle = cycle_of(edge.source);
            let back = cycle.is_some() && cycle == cycle_of(edge.target);
            let twice = edges.iter().any(|other| other.ports == edge.ports && other.id == edge.id);
            if !back && !twice && !stands_in(cx, edge.source, &edges) {
                edges.push(edge);
            }
        }
        let Some((first, others)) = edges.split_first() else { continue };
        if others.is_empty() || cx.branches().exclusive(graph, &edges) {
            continue;
        }
        let path = graph.port_path(ix);
        let from = |edge: &Edge| edge.ports.map(|(from, _)| graph.port_path(from));
        let sources: Vec<String> = edges.iter().filter_map(|&edge| from(edge)).collect();
        let sources: Vec<String> = sources.iter().map(|path| format!("`{path}`")).collect();
        let message = match sources.as_slice() {
            [a, b] => format!("`{path}` is fed by {a} and {b} at once"),
            _ => format!("`{path}` is fed by {} edges at once", sources.len()),
        };
        let place = others.first().unwrap_or(first);
        let mut diagnostic = RULE
            .at(place.span, message)
            .on_port(graph.name(port.node), &port.name)
            .on_edge(&place.id)
            .with_help("let a `join` say which value counts: `any` hands on the first");
        for edge in edges.iter().filter(|edge| edge.ix != place.ix).take(8) {
            diagnostic = diagnostic.relate(edge.span, format!("fed by `{}` too", edge.id));
        }
        let command = Command::InsertJoin { to: path };
        let label = "Take the first that comes, by a join";
        diagnostic.fixes.extend(planner.choice(label, &command));
        found.push(diagnostic);
    }
}

/// Whether a node takes the place of one that feeds the port already, or the other way round.
fn stands_in(cx: &Context<'_>, node: NodeIx, edges: &[&Edge]) -> bool {
    let replaces = |node: NodeIx, by: NodeIx| {
        let stated = cx.graph.spec_of(node).and_then(|spec| spec.on_failure.as_ref());
        match stated.map(|stated| &stated.value) {
            Some(OnFailure::Fallback(name)) => name.0 == cx.graph.name(by),
            _ => false,
        }
    };
    edges.iter().any(|edge| replaces(edge.source, node) || replaces(node, edge.source))
}
