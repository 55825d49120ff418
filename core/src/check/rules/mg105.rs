use std::collections::BTreeSet;

use crate::check::structure::{Way, mark, ports_of, unfed};
use crate::check::{Context, Diagnostic};
use crate::edit::{Command, Item};
use crate::fix::{Planner, port_path};
use crate::order::Gather as _;
use crate::graph::{Direction, Graph, NodeIx, PortIx};
use crate::spec::{Kind, Role, list_words};
use crate::yaml::Node;

rule! {
    /// An output that is stated is never used, no input of the graph reaches a node, or a node leads to no
    /// output of the graph. Of a chain that leads nowhere only its end is told, and nothing of what an edge to
    /// an input without a value (MG104) would mend.
    ///
    /// ## Why
    /// A node that nobody listens to still takes a GPU and time. More often it is the trace of an edge that
    /// was lost: the guard was moved, and its verdict goes nowhere.
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
    ///     topic: {role: classifier}
    ///   edges:
    ///     - {from: inputs.question, to: writer.prompt}
    ///     - {from: inputs.question, to: topic.in}
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
    ///   outputs: {answer: {type: text}, topic: {type: label}}
    ///   nodes:
    ///     writer: {role: generator}
    ///     topic: {role: classifier}
    ///   edges:
    ///     - {from: inputs.question, to: writer.prompt}
    ///     - {from: inputs.question, to: topic.in}
    ///     - {from: writer.text, to: outputs.answer}
    ///     - {from: topic.label, to: outputs.topic}
    /// ```
    "MG105", Warning, "what is computed is never used", [Shape: Graph(check)]
}

/// What has a rule of its own, and what follows from it.
struct Withheld<'a> {
    /// Nodes of which it is not known yet what reaches them or what they lead to: those that broken
    /// edges were meant for, and those on cycles.
    meant: &'a BTreeSet<NodeIx>,
    rings: &'a [Vec<NodeIx>],
    /// Nodes that lack an input.
    hungry: BTreeSet<NodeIx>,
    /// What broken edges were meant for.
    ports: &'a BTreeSet<PortIx>,
    /// The kinds of inputs that lack a value.
    kinds: BTreeSet<Kind>,
}

impl<'a> Withheld<'a> {
    fn new(cx: &Context<'a>) -> Self {
        let meant = cx.meant();
        let unfed = unfed(cx);
        let owner = |&ix: &PortIx| Some(cx.graph.brief(ix)?.node);
        let kind = |&ix: &PortIx| Some(cx.typing.of(ix)?.kind);
        Self {
            meant: &meant.nodes,
            rings: cx.rings(),
            hungry: unfed.iter().filter_map(owner).gather(),
            ports: &meant.ports,
            kinds: unfed.iter().filter_map(kind).gather(),
        }
    }

    /// The nodes of which it is not known yet what reaches them or what they lead to.
    fn nodes(&self) -> impl Iterator<Item = NodeIx> {
        self.meant.iter().chain(self.rings.iter().flatten()).copied()
    }

    /// Whether an output would feed an input that lacks a value.
    fn is_wanted(&self, cx: &Context<'_>, port: PortIx) -> bool {
        let kind = cx.typing.of(port).map_or(Kind::Any, |ty| ty.kind);
        let any = kind == Kind::Any || self.kinds.contains(&Kind::Any);
        !self.kinds.is_empty() && (any || self.kinds.contains(&kind))
    }
}

fn check(cx: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let withheld = Withheld::new(cx);
    let mut planner = Planner::new(cx);
    let lost = unreached(cx.graph, &withheld);
    for &node in &lost {
        let name = cx.graph.name(node);
        let message = format!("no input of the graph reaches `{name}`");
        let help = "connect what it takes, or remove it";
        found.push(of_node(cx, &mut planner, node, message, help));
    }
    for node in leading_nowhere(cx, &withheld) {
        if lost.contains(&node) {
            continue;
        }
        let name = cx.graph.name(node);
        let outputs = ports_of(cx.graph, node, Direction::Output).iter();
        let outputs: Vec<String> = outputs.map(|&port| cx.graph.port_path(port)).collect();
        let used = cx.graph.outgoing(node).next().is_some();
        let message = if used {
            format!("`{name}` leads to no output of the graph")
        } else {
            let outputs = list_words(outputs.iter().map(String::as_str));
            format!("`{name}` leads to no output of the graph: nothing uses {outputs}")
        };
        let help = "connect what it gives, or remove it";
        found.push(of_node(cx, &mut planner, node, message, help));
    }
    unused_ports(cx, &mut planner, &withheld, found);
}

fn of_node(
    cx: &Context<'_>,
    planner: &mut Planner<'_>,
    node: NodeIx,
    message: String,
    help: &str,
) -> Diagnostic {
    let name = cx.graph.name(node);
    let span = cx.graph.node(node).map(|node| node.span).unwrap_or_default();
    let mut diagnostic = RULE.at(span, message).on_node(name).with_help(help);
    let command = Command::Remove {
        items: vec![Item::Node(name.to_owned())],
        bridge: false,
    };
    diagnostic.fixes.extend(planner.choice(format!("Remove `{name}`"), &command));
    diagnostic
}

/// The first nodes of all that no input reaches. O(nodes + edges).
fn unreached(graph: &Graph, withheld: &Withheld<'_>) -> BTreeSet<NodeIx> {
    if ports_of(graph, NodeIx::INPUTS, Direction::Output).is_empty() {
        return BTreeSet::new();
    }
    let mut reached = vec![false; graph.nodes.len()];
    let takes_nothing = graph.model_nodes().filter(|(_, node)| node.inputs.is_empty());
    let seeds = takes_nothing.map(|(ix, _)| ix).chain([NodeIx::INPUTS]);
    let known = withheld.nodes().chain(withheld.hungry.iter().copied());
    mark(graph, seeds.chain(known), Way::Along, &mut reached);
    ends(graph, Way::Along, &mut reached)
}

/// The last nodes of all that lead to no output. O(nodes + edges).
fn leading_nowhere(cx: &Context<'_>, withheld: &Withheld<'_>) -> BTreeSet<NodeIx> {
    let graph = cx.graph;
    if ports_of(graph, NodeIx::OUTPUTS, Direction::Input).is_empty() {
        return BTreeSet::new();
    }
    let mut leads = vec![false; graph.nodes.len()];
    // A node that gives nothing, such as a log, is an end of its own; and what lacks a value, or
    // has one that something lacks, is told of by that.
    let is_end = |ix: NodeIx, outputs: &[PortIx]| {
        let unused = || graph.followers(ix).next().is_none();
        let alone = || unused() && graph.feeders(ix).next().is_none();
        let wanted = || outputs.iter().any(|&port| withheld.is_wanted(cx, port));
        outputs.is_empty() || (withheld.hungry.contains(&ix) && alone()) || (unused() && wanted())
    };
    let seeds = graph.model_nodes().filter(|(ix, node)| is_end(*ix, &node.outputs));
    let seeds = seeds.map(|(ix, _)| ix).chain([NodeIx::OUTPUTS]);
    mark(graph, seeds.chain(withheld.nodes()), Way::Back, &mut leads);
    ends(graph, Way::Back, &mut leads)
}

/// Of the nodes without a mark those from which all others of them follow, which it marks.
fn ends(graph: &Graph, way: Way, marks: &mut [bool]) -> BTreeSet<NodeIx> {
    let is_marked = |marks: &[bool], ix: NodeIx| marks.get(ix.0 as usize) == Some(&true);
    let mut found = BTreeSet::new();
    // First what has no edges on that side; then, of rounds that nothing enters or leaves, one each.
    for rounds in [false, true] {
        for (ix, _) in graph.model_nodes() {
            let open = match way {
                Way::Along => graph.feeders(ix).next().is_some(),
                Way::Back => graph.followers(ix).next().is_some(),
            };
            if !is_marked(marks, ix) && (rounds || !open) {
                found.insert(ix);
                mark(graph, [ix], way, marks);
            }
        }
    }
    found
}

fn unused_ports(
    cx: &Context<'_>,
    planner: &mut Planner<'_>,
    withheld: &Withheld<'_>,
    found: &mut Vec<Diagnostic>,
) {
    let graph = cx.graph;
    let unused = cx.odd_ports().filter(|(_, port)| {
        port.direction == Direction::Output && port.required && port.edges == 0
    });
    for (ix, _) in unused {
        let Some(port) = graph.port(ix) else { continue };
        let is_input = port.node == NodeIx::INPUTS;
        // A role's second output is there to be used or not; only of a cache both are its purpose.
        let counts = port.stated || graph.role(port.node) == Some(Role::Cache);
        if !counts
            || withheld.ports.contains(&ix)
            || withheld.is_wanted(cx, ix)
            || (!is_input && graph.followers(port.node).next().is_none())
        {
            continue;
        }
        let (message, help) = if is_input {
            let message = format!("nothing uses the graph's input `{}`", port.name);
            (message, "connect it, or remove it")
        } else {
            let message = format!("nothing uses `{}`", graph.port_path(ix));
            (message, "connect it, state `required: false` on it, or leave it out")
        };
        let name = graph.name(port.node);
        let mut diagnostic = RULE.at(port.span, message).on_port(name, &port.name).with_help(help);
        let label = format!("Remove `{}`", port.name);
        let command = if is_input {
            let items = vec![Item::Input(port.name.clone())];
            Some(Command::Remove { items, bridge: false })
        } else {
            unset(cx, name, &port.name)
        };
        let fix = command.and_then(|command| planner.choice(label, &command));
        diagnostic.fixes.extend(fix);
        found.push(diagnostic);
    }
}

/// Leaves a stated output out; not the last one, whose place the role's own would take.
fn unset(cx: &Context<'_>, node: &str, port: &str) -> Option<Command> {
    let path = port_path(cx, node, "outputs", port)?;
    let stated = cx.tree.at(["spec", "nodes", node, "outputs"]).and_then(Node::as_mapping)?;
    (stated.entries.len() > 1).then_some(Command::Unset { path })
}
