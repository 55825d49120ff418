use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::order::Gather as _;
use crate::check::{Context, Diagnostic};
use crate::edit::Command;
use crate::fix::{Planner, edge_path};
use crate::graph::{Edge, Graph, NodeIx, cycles};
use crate::yaml::Fragment;

rule! {
    /// Edges lead from a node back to itself, and none of them says with `loop` how many rounds there may
    /// be.
    ///
    /// ## Why
    /// An agent that corrects itself until it is content may never be: each round costs a call of a model,
    /// and no latency or cost can be stated of a graph that may not end. LangGraph stops such a graph after 25
    /// steps with an error; most orchestrators do not stop it.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: review}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     writer: {role: generator}
    ///     critic: {role: transformer}
    ///   edges:
    ///     - {from: inputs.question, to: writer.prompt}
    ///     - {from: writer.text, to: critic.in}
    ///     - {from: critic.out, to: writer.prompt}
    ///     - {from: writer.text, to: outputs.answer}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: review}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     writer: {role: generator}
    ///     critic: {role: transformer}
    ///   edges:
    ///     - {from: inputs.question, to: writer.prompt}
    ///     - {from: writer.text, to: critic.in}
    ///     - {from: critic.out, to: writer.prompt, loop: {maxIterations: 3}}
    ///     - {from: writer.text, to: outputs.answer}
    /// ```
    "MG103", Error, "a cycle has no bound", [Shape: Graph(check)]
}

/// The most nodes of a cycle that the message names.
const NAMED: usize = 6;

fn check(cx: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let mut planner = Planner::new(cx);
    for set in cycles(cx.graph) {
        let edges = round(cx.graph, &set);
        let Some(&closing) = edges.last() else { continue };
        let names = edges.iter().map(|edge| cx.graph.name(edge.source));
        let mut names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
        if names.len() > NAMED {
            names.truncate(NAMED.saturating_sub(1));
            names.push("…".to_owned());
        }
        let entry = cx.graph.name(closing.target);
        let path = names.join(" → ");
        let message = format!("{path} → `{entry}` is a cycle without a bound");
        let mut diagnostic = RULE
            .at(closing.span, message)
            .on_edge(&closing.id)
            .on_node(entry)
            .with_help("state `loop: {maxIterations: …}` on the edge that leads back");
        for edge in edges.iter().rev().skip(1).rev().take(NAMED) {
            let (from, to) = (cx.graph.name(edge.source), cx.graph.name(edge.target));
            diagnostic = diagnostic.relate(edge.span, format!("from `{from}` to `{to}`"));
        }
        if let Some(mut path) = edge_path(cx, closing.ix, closing.span) {
            path.push("loop".to_owned());
            let value = Fragment::map([("maxIterations", Fragment::raw(&3))]);
            let command = Command::Set { path, value };
            diagnostic.fixes.extend(planner.choice("Allow three rounds", &command));
        }
        found.push(diagnostic);
    }
}

/// A shortest way round through nodes that reach one another, from where requests enter them and
/// back. O(edges of the nodes).
fn round<'g>(graph: &'g Graph, set: &[NodeIx]) -> Vec<&'g Edge> {
    let inside: BTreeSet<NodeIx> = set.iter().copied().gather();
    let is_entered = |&&node: &&NodeIx| {
        let mut incoming = graph.incoming(node);
        incoming.any(|edge| !inside.contains(&edge.source))
    };
    let Some(&entry) = set.iter().find(is_entered).or_else(|| set.first()) else {
        return Vec::new();
    };
    let mut by: BTreeMap<NodeIx, &Edge> = BTreeMap::new();
    let mut queue = VecDeque::from([entry]);
    while let Some(node) = queue.pop_front() {
        for edge in graph.outgoing(node).filter(|edge| !edge.is_loop) {
            if !inside.contains(&edge.target) || by.contains_key(&edge.target) {
                continue;
            }
            by.insert(edge.target, edge);
            if edge.target != entry {
                queue.push_back(edge.target);
            }
        }
    }
    let mut way = Vec::new();
    let mut at = entry;
    while let Some(&edge) = by.get(&at).filter(|_| way.len() <= set.len()) {
        way.push(edge);
        at = edge.source;
        if at == entry {
            break;
        }
    }
    way.reverse();
    way
}
