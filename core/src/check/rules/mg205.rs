use super::mg311;
use crate::check::{Context, Diagnostic};
use crate::edit::Command;
use crate::fix::{Planner, edge_path, port_path};
use crate::graph::{Edge, NodeIx, PortIx};
use crate::spec::{Kind, OnFailure, Role};
use crate::text::Span;
use crate::yaml::Fragment;

rule! {
    /// A value that may be missing flows into an input that needs one. It may be missing where its node, its
    /// port or its edge is optional, unless the node passes its own input on when it fails
    /// (`onFailure: skip`).
    ///
    /// ## Why
    /// While everything works nobody notices. On the day that the optional classifier is down, the node behind
    /// it fails too, and with it the request that was meant to survive.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: echo}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     rewrite:
    ///       role: transformer
    ///       required: false
    ///       inputs: {in: {type: text}}
    ///       outputs: {out: {type: text}}
    ///     writer: {role: generator}
    ///   edges:
    ///     - {from: inputs.question, to: rewrite.in}
    ///     - {from: rewrite.out, to: writer.prompt}
    ///     - {from: writer.text, to: outputs.answer}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: echo}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     rewrite:
    ///       role: transformer
    ///       required: false
    ///       onFailure: skip
    ///       inputs: {in: {type: text}}
    ///       outputs: {out: {type: text}}
    ///     writer: {role: generator}
    ///   edges:
    ///     - {from: inputs.question, to: rewrite.in}
    ///     - {from: rewrite.out, to: writer.prompt}
    ///     - {from: writer.text, to: outputs.answer}
    /// ```
    "MG205", Error, "an optional value feeds a required input", [Near: Edge(check), Shape: Graph(guards)]
}

/// Why a value may be missing.
enum Because {
    /// The edge says so.
    Edge,
    /// The output says so.
    Port,
    /// The node is optional, or passed over when it fails; whether it could pass its input on.
    Node { passes: bool },
}

/// Of all nodes but guardrails.
fn check(cx: &Context<'_>, edge: &Edge, found: &mut Vec<Diagnostic>) {
    if !is_guard(cx, edge.source) {
        missing(cx, edge, found);
    }
}

/// That a guardrail may be left out is told once, by what it leaves open.
fn guards(cx: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let graph = cx.graph;
    let mut open = None;
    for ix in graph.of_role(Role::Guardrail) {
        for edge in graph.outgoing(ix) {
            let because = edge.ports.and_then(|(from, _)| optional(cx, edge, from));
            let by_node = matches!(because, Some(Because::Node { .. }));
            if !by_node || !open.get_or_insert_with(|| mg311::open_guards(cx)).contains(&ix) {
                missing(cx, edge, found);
            }
        }
    }
}

fn missing(cx: &Context<'_>, edge: &Edge, found: &mut Vec<Diagnostic>) {
    let graph = cx.graph;
    let Some((from, to)) = edge.ports else { return };
    let Some(because) = optional(cx, edge, from) else { return };
    let mut planner = Planner::new(cx);
    let Some(taker) = graph.port(to).filter(|port| port.required) else { return };
    // A join takes what comes: one value that never is missing is enough.
    let role = graph.node(edge.target).and_then(|node| node.role);
    let certain = |other: &Edge| {
        let from = other.ports.map(|(from, _)| from);
        from.is_some_and(|from| optional(cx, other, from).is_none())
    };
    if role == Some(Role::Join) && graph.edges_at(to).any(certain) {
        return;
    }
    let (source, target) = (graph.port_path(from), graph.port_path(to));
    let why = match because {
        Because::Edge => "its edge is optional".to_owned(),
        Because::Port => "it is optional".to_owned(),
        Because::Node { .. } => format!("`{}` may be passed over", graph.name(edge.source)),
    };
    let message = format!("`{target}` needs a value, and `{source}` may be missing: {why}");
    let mut diagnostic = RULE
        .at(edge.span, message)
        .on_edge(&edge.id)
        .on_port(graph.name(taker.node), &taker.name)
        .with_help("let the input be optional, or make sure that the value is there");
    if let Some((span, text)) = stated(cx, edge, from, &because) {
        diagnostic = diagnostic.relate(span, text);
    }
    for (label, command) in ways_out(cx, edge, &because, (from, to)) {
        diagnostic.fixes.extend(planner.choice(label, &command));
    }
    found.push(diagnostic);
}

fn is_guard(cx: &Context<'_>, node: NodeIx) -> bool {
    cx.graph.role(node) == Some(Role::Guardrail)
}

fn optional(cx: &Context<'_>, edge: &Edge, from: PortIx) -> Option<Because> {
    if !edge.required {
        return Some(Because::Edge);
    }
    let port = cx.graph.brief(from)?;
    if !port.required {
        return Some(Because::Port);
    }
    let node = cx.graph.spec_of(port.node)?;
    let passes = || passes_on(cx, port.node, from);
    match node.on_failure.as_ref().map(|stated| &stated.value) {
        Some(OnFailure::Fallback(_)) => None,
        Some(OnFailure::Skip) => (!passes()).then_some(Because::Node { passes: false }),
        Some(OnFailure::Stop) | None if node.is_required() => None,
        Some(OnFailure::Stop) | None => Some(Because::Node { passes: passes() }),
    }
}

/// Whether a node that is passed over can give an input of its own in the place of an output.
fn passes_on(cx: &Context<'_>, node: NodeIx, output: PortIx) -> bool {
    let Some(kind) = cx.typing.of(output).map(|ty| ty.kind) else {
        return false;
    };
    let inputs = cx.graph.node(node).map_or(&[][..], |node| &node.inputs);
    let mut kinds = inputs.iter().filter_map(|&input| Some(cx.typing.of(input)?.kind));
    kind == Kind::Any || kinds.any(|input| input == kind || input == Kind::Any)
}

fn stated(cx: &Context<'_>, edge: &Edge, from: PortIx, because: &Because) -> Option<(Span, String)> {
    match because {
        Because::Edge => {
            let stated = cx.graph.edge_spec(edge.ix)?.required.as_ref()?;
            Some((stated.span, "the edge is optional".to_owned()))
        }
        Because::Port => {
            let span = cx.graph.port(from)?.span;
            Some((span, format!("`{}` is optional", cx.graph.port_path(from))))
        }
        Because::Node { .. } => {
            let name = cx.graph.name(edge.source);
            let node = cx.graph.spec_of(edge.source)?;
            if let Some(required) = node.required.filter(|required| !required.value) {
                return Some((required.span, format!("`{name}` is optional")));
            }
            let skip = node.on_failure.as_ref()?;
            let text = format!("`{name}` is passed over when it fails, and has no input to give instead");
            Some((skip.span, text))
        }
    }
}

fn ways_out(
    cx: &Context<'_>,
    edge: &Edge,
    because: &Because,
    (from, to): (PortIx, PortIx),
) -> Vec<(String, Command)> {
    let graph = cx.graph;
    let mut ways = Vec::new();
    let name = graph.name(edge.source);
    match because {
        Because::Edge => {
            if let Some(mut path) = edge_path(cx, edge.ix, edge.span) {
                path.push("required".to_owned());
                ways.push(("Make the edge required".to_owned(), Command::Unset { path }));
            }
        }
        Because::Port => {
            let side = if edge.source == NodeIx::INPUTS { "inputs" } else { "outputs" };
            if let Some(port) = graph.port(from)
                && let Some(mut path) = port_path(cx, name, side, &port.name)
            {
                path.push("required".to_owned());
                let label = format!("Make `{}` required", graph.port_path(from));
                ways.push((label, Command::Unset { path }));
            }
        }
        Because::Node { passes } => {
            let path = |key: &str| ["spec", "nodes", name, key].map(str::to_owned).to_vec();
            if *passes {
                let value = Fragment::text("skip");
                let path = path("onFailure");
                let label = format!("Pass the input of `{name}` on when it fails");
                ways.push((label, Command::Set { path, value }));
            }
            let node = graph.spec_of(edge.source);
            if node.is_some_and(|node| !node.is_required() && node.on_failure.is_none()) {
                let path = path("required");
                ways.push((format!("Make `{name}` required"), Command::Unset { path }));
            }
        }
    }
    let side = if edge.target == NodeIx::OUTPUTS { "outputs" } else { "inputs" };
    if let Some(port) = graph.port(to)
        && let Some(mut path) = port_path(cx, graph.name(edge.target), side, &port.name)
    {
        path.push("required".to_owned());
        let label = format!("Let `{}` be optional", graph.port_path(to));
        let value = Fragment::raw(&false);
        ways.push((label, Command::Set { path, value }));
    }
    ways
}
