use crate::check::structure::{Nearest, node_part, port_part, ports_of, wrong_side};
use crate::check::{Context, Diagnostic, Fix};
use crate::edit::Command;
use crate::fix::Planner;
use crate::graph::{BrokenEdge, Direction, End, NodeIx};
use crate::spec::{EdgeRole, Kind, list_words};
use crate::text::TextEdit;

rule! {
    /// An edge begins or ends at a node or port that is not there. What follows from it, such as an input
    /// that nothing feeds, is not told beside it.
    ///
    /// ## Why
    /// A port was renamed at one place, or a name misspelt. Orchestrators that resolve names at run time find
    /// out with the first request.
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
    ///     writer: {role: generator}
    ///   edges:
    ///     - {from: inputs.question, to: writter.prompt}
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
    ///     writer: {role: generator}
    ///   edges:
    ///     - {from: inputs.question, to: writer.prompt}
    ///     - {from: writer.text, to: outputs.answer}
    /// ```
    "MG101", Error, "an edge names what does not exist", [Always: Graph(check)]
}

/// The most names that a help line lists.
const LISTED: usize = 8;

fn check(cx: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let mut near = Nearest::new(cx.graph);
    let mut planner = Planner::new(cx);
    for broken in &cx.graph.broken {
        let role = cx.graph.edge_spec(broken.ix).and_then(|edge| edge.role);
        let control = role.is_some_and(|role| role.value == EdgeRole::Control);
        for (end, side) in [
            (&broken.from, Direction::Output),
            (&broken.to, Direction::Input),
        ] {
            let exists = if control { end.node.is_some() } else { end.port.is_some() };
            if exists || is_unknown(cx, end) {
                continue;
            }
            let verb = match side {
                Direction::Output => "begins",
                Direction::Input => "ends",
            };
            let problem = problem(cx, end, side);
            let message = format!("an edge {verb} at `{}`, but {problem}", end.text);
            let mut diagnostic = RULE.at(end.span, message).on_edge(&broken.id);
            if let Some(node) = end.node.filter(|node| node.is_model()) {
                diagnostic = diagnostic.on_node(cx.graph.name(node));
            }
            found.push(way_out(cx, &mut near, &mut planner, (broken, end, side, control), diagnostic));
        }
    }
}

/// Whether the ports of an end's node are not known: MG111 says that it refers to what is not here.
fn is_unknown(cx: &Context<'_>, end: &End) -> bool {
    let node = end.node.and_then(|ix| cx.graph.node(ix));
    let composition = cx.analysis.composition();
    node.zip(composition).is_some_and(|(node, composition)| composition.is_unknown(node))
}

const fn words(side: Direction) -> (&'static str, &'static str) {
    match side {
        Direction::Output => ("output", "input"),
        Direction::Input => ("input", "output"),
    }
}

fn problem(cx: &Context<'_>, end: &End, side: Direction) -> String {
    let (own, other) = words(side);
    let (node_name, port_name) = (node_part(&end.text), port_part(&end.text));
    let Some(node) = end.node else {
        return if node_name == cx.graph.name(wrong_side(side)) {
            format!("the graph's `{node_name}` are the other side")
        } else {
            format!("there is no node `{node_name}`")
        };
    };
    if !node.is_model() {
        return format!("the graph has no {other} `{port_name}`");
    }
    if port_name.is_empty() {
        return format!("it names no {own} of the node");
    }
    let opposite = match side {
        Direction::Output => Direction::Input,
        Direction::Input => Direction::Output,
    };
    if cx.graph.find_port(node, opposite, port_name).is_some() {
        format!("`{port_name}` is an {other} of the node")
    } else {
        format!("the node has no {own} `{port_name}`")
    }
}

fn way_out(
    cx: &Context<'_>,
    near: &mut Nearest<'_>,
    planner: &mut Planner<'_>,
    (broken, end, side, control): (&BrokenEdge, &End, Direction, bool),
    mut diagnostic: Diagnostic,
) -> Diagnostic {
    let (own, _) = words(side);
    let Some(node) = near.node(end, side) else {
        return diagnostic.with_help("name a node of the graph, or add one of this name");
    };
    let name = cx.graph.name(node);
    let change = |to: &str| {
        let label = format!("Change to `{to}`");
        (label, vec![TextEdit::replace(end.span, to)])
    };
    if control {
        if cx.editable {
            let (label, edits) = change(name);
            diagnostic = diagnostic.with_fix(Fix::safe(label, edits));
        }
        return diagnostic.with_help(format!("did you mean `{name}`?"));
    }
    if let Some(port) = near.port(node, end, side) {
        let path = cx.graph.port_path(port);
        if cx.editable {
            let (label, edits) = change(&path);
            diagnostic = diagnostic.with_fix(Fix::safe(label, edits));
        }
        return diagnostic.with_help(format!("did you mean `{path}`?"));
    }
    let ports = ports_of(cx.graph, node, side);
    if node.is_model() && cx.editable {
        // A free port of the right type is a likely guess; a used one hardly.
        let free = |port: &&_| side == Direction::Output || cx.graph.edges_at(**port).next().is_none();
        for &port in ports.iter().filter(free).take(3) {
            let (label, edits) = change(&cx.graph.port_path(port));
            diagnostic = diagnostic.with_fix(Fix::choice(label, edits));
        }
    }
    if !node.is_model() {
        diagnostic.fixes.extend(add_port(cx, planner, node, (broken, end, side)));
    }
    let names: Vec<&str> = ports
        .iter()
        .filter_map(|&port| Some(cx.graph.port(port)?.name.as_str()))
        .collect();
    let owner = if node.is_model() { format!("`{name}`") } else { "the graph".to_owned() };
    let own = match (node.is_model(), side) {
        (true, _) => own,
        (false, Direction::Output) => "input",
        (false, Direction::Input) => "output",
    };
    diagnostic.with_help(match names.len() {
        0 => format!("{owner} has no {own}s"),
        1..=LISTED => format!("the {own}s of {owner}: {}", list_words(names)),
        more => format!("{owner} has {more} {own}s, none of this name"),
    })
}

/// Adds the port of the graph that an edge names, of the kind of its other end.
fn add_port(
    cx: &Context<'_>,
    planner: &mut Planner<'_>,
    node: NodeIx,
    (broken, end, side): (&BrokenEdge, &End, Direction),
) -> Option<Fix> {
    let other = match side {
        Direction::Output => broken.to.port,
        Direction::Input => broken.from.port,
    }?;
    let kind = cx.typing.of(other).map_or(Kind::Any, |ty| ty.kind);
    let name = port_part(&end.text).to_owned();
    if node == NodeIx::INPUTS {
        let label = format!("Add the input `{name}`");
        planner.choice(label, &Command::AddInput { name, kind, at: None })
    } else {
        let label = format!("Add the output `{name}`");
        planner.choice(label, &Command::AddOutput { name, kind, at: None })
    }
}
