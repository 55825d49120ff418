use std::collections::VecDeque;

use crate::check::{Context, Diagnostic};
use crate::edit::Command;
use crate::fix::{Planner, edge_path};
use crate::graph::{Edge, NodeIx};
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
    for (cycle, set) in cx.rings().iter().enumerate() {
        let edges = round(cx, cycle, set);
        let Some(&closing) = edges.last() else { continue };
        let more = edges.len() > NAMED;
        let shown = if more { NAMED.saturating_sub(1) } else { NAMED };
        let names = edges.iter().map(|edge| cx.graph.name(edge.source));
        let mut names: Vec<String> = names.take(shown).map(|name| format!("`{name}`")).collect();
        if more {
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
/// back. `cycle` is their number. O(edges of the nodes + nodes).
fn round<'g>(cx: &Context<'g>, cycle: usize, set: &[NodeIx]) -> Vec<&'g Edge> {
    let graph = cx.graph;
    let inside = |ix: NodeIx| cx.cycles().get(ix.0 as usize) == Some(&Some(cycle));
    let is_entered = |&&node: &&NodeIx| graph.feeders(node).any(|feeder| !inside(feeder));
    let Some(&entry) = set.iter().find(is_entered).or_else(|| set.first()) else {
        return Vec::new();
    };
    let mut by: Vec<Option<&Edge>> = vec![None; graph.nodes.len()];
    let mut queue = VecDeque::from([entry]);
    while let Some(node) = queue.pop_front() {
        for edge in graph.outgoing(node).filter(|edge| !edge.is_loop && inside(edge.target)) {
            let Some(slot @ None) = by.get_mut(edge.target.0 as usize) else { continue };
            *slot = Some(edge);
            if edge.target == entry {
                // The first way that leads back is a shortest one.
                queue.clear();
                break;
            }
            queue.push_back(edge.target);
        }
    }
    let mut way = Vec::new();
    let mut at = entry;
    while let Some(Some(edge)) = by.get(at.0 as usize).filter(|_| way.len() <= set.len()) {
        way.push(*edge);
        at = edge.source;
        if at == entry {
            break;
        }
    }
    way.reverse();
    way
}
