use crate::check::structure::{ports_of, unfed};
use crate::check::{Context, Diagnostic};
use crate::edit::Command;
use crate::fix::Planner;
use crate::graph::{Direction, NodeIx, PortIx};

rule! {
    /// The graph takes nothing, or gives nothing.
    ///
    /// ## Why
    /// A graph without an input has no requests to simulate and no text to guard; one without an output has
    /// no answer whose latency could be promised.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: echo}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   nodes:
    ///     writer: {role: generator}
    ///   edges:
    ///     - {from: inputs.question, to: writer.prompt}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: echo}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {text: {type: text}}
    ///   nodes:
    ///     writer: {role: generator}
    ///   edges:
    ///     - {from: inputs.question, to: writer.prompt}
    ///     - {from: writer.text, to: outputs.text}
    /// ```
    "MG107", Warning, "the graph has no input or no output", [Shape: Graph(check)]
}

/// The most ways out that are offered.
const OFFERED: usize = 3;

fn check(cx: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let graph = cx.graph;
    // An empty graph has been begun, no more.
    if graph.model_nodes().next().is_none() {
        return;
    }
    let meant = cx.meant();
    let lacks = |node: NodeIx, side| {
        ports_of(graph, node, side).is_empty() && !meant.nodes.contains(&node)
    };
    // What needs a value says so itself, and an input is one way to give it.
    let no_input = lacks(NodeIx::INPUTS, Direction::Output) && unfed(cx).is_empty();
    let no_output = lacks(NodeIx::OUTPUTS, Direction::Input);
    let what = match (no_input, no_output) {
        (true, true) => "neither `inputs` nor `outputs`",
        (true, false) => "no `inputs`",
        (false, true) => "no `outputs`",
        (false, false) => return,
    };
    let name = graph.spec.metadata.as_ref().and_then(|metadata| metadata.name.as_ref());
    let span = name.map(|name| name.span);
    let span = span.or_else(|| graph.spec.spec.as_ref().map(|spec| spec.span));
    let mut diagnostic = RULE
        .at(span.unwrap_or_default(), format!("the graph has {what}"))
        .with_help("state under `spec.inputs` what a request brings, under `spec.outputs` what it gets");
    let mut planner = Planner::new(cx);
    let free = |side: Direction| {
        let ports = graph.all_ports().filter(move |(_, port)| port.direction == side);
        let free = ports.filter(|(ix, _)| graph.edges_at(*ix).next().is_none());
        free.map(|(ix, _)| ix).take(OFFERED).collect::<Vec<PortIx>>()
    };
    // With one fix for both, the other half would stay: each is offered where it mends the whole.
    if no_output && !no_input {
        for ix in free(Direction::Output) {
            let Some(port) = graph.port(ix) else { continue };
            let (from, name) = (graph.port_path(ix), &port.name);
            let label = format!("Give `{from}` as output `{name}`");
            let to = format!("outputs.{name}");
            diagnostic.fixes.extend(planner.choice(label, &Command::Connect { from, to }));
        }
    }
    if no_input && !no_output {
        for ix in free(Direction::Input) {
            let Some(port) = graph.port(ix) else { continue };
            let (to, name) = (graph.port_path(ix), &port.name);
            let label = format!("Take `{to}` as input `{name}`");
            let from = format!("inputs.{name}");
            diagnostic.fixes.extend(planner.choice(label, &Command::Connect { from, to }));
        }
    }
    found.push(diagnostic);
}
