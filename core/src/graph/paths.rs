//! Order, cycles, dominators and paths. Edges with a `loop` do not count: they close a cycle on
//! purpose.

use std::collections::{BTreeMap, VecDeque};

use petgraph::algo::dominators::{Dominators, simple_fast};
use petgraph::algo::kosaraju_scc;

use super::forward::{Forward, Rooted};
use super::{Graph, NodeIx};
use crate::order::Arrange as _;
use crate::spec::Duration;

fn all(graph: &Graph) -> impl Iterator<Item = NodeIx> + use<> {
    (0..graph.nodes.len()).filter_map(|at| u32::try_from(at).ok().map(NodeIx))
}

/// The nodes, each behind all that feed it; those on a cycle come where they first can.
/// O(nodes + edges). Ties are broken by the order of the document.
pub fn topological_order(graph: &Graph) -> Vec<NodeIx> {
    let all = || all(graph);
    let mut missing: Vec<usize> = all().map(|ix| graph.sources(ix).count()).collect();
    let free = |missing: &[usize], ix: NodeIx| missing.get(ix.0 as usize) == Some(&0);
    let mut ready: VecDeque<NodeIx> = all().filter(|&ix| free(&missing, ix)).collect();
    let mut placed = vec![false; graph.nodes.len()];
    let mut order = Vec::with_capacity(graph.nodes.len());
    let mut rest = all();
    loop {
        let next = ready.pop_front().or_else(|| {
            // What is left lies on or behind a cycle: the first in the document opens it.
            rest.find(|ix| placed.get(ix.0 as usize) == Some(&false))
        });
        let Some(ix) = next else { return order };
        let Some(seen) = placed.get_mut(ix.0 as usize) else {
            continue;
        };
        if core::mem::replace(seen, true) {
            continue;
        }
        order.push(ix);
        for target in graph.targets(ix) {
            if let Some(count) = missing.get_mut(target.0 as usize) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.push_back(target);
                }
            }
        }
    }
}

/// Each set of nodes that can reach one another, in the order of the document. `order` is the
/// topological order. O(nodes + edges).
pub fn cycles(graph: &Graph, order: &[NodeIx]) -> Vec<Vec<NodeIx>> {
    if leads_onwards(graph, order) {
        return Vec::new();
    }
    let mut found: Vec<Vec<NodeIx>> = kosaraju_scc(Forward(graph))
        .into_iter()
        .filter(|set| match set.as_slice() {
            [only] => graph.targets(NodeIx(*only)).any(|target| target.0 == *only),
            _ => true,
        })
        .map(|set| {
            let mut set: Vec<NodeIx> = set.into_iter().map(NodeIx).collect();
            set.arrange();
            set
        })
        .collect();
    found.arrange();
    found
}

/// The dominator tree from the graph's inputs; nodes without inputs hang from there too, since
/// what they give comes from nowhere else. O(edges · α).
pub fn dominators(graph: &Graph) -> Dominators<u32> {
    simple_fast(Rooted(graph), NodeIx::INPUTS.0)
}

/// A shortest path from one of some nodes to another that enters no node of which `avoid` says
/// so; the path as nodes, both ends included. O(nodes + edges).
pub fn find_path(
    graph: &Graph,
    from: &[NodeIx],
    to: NodeIx,
    avoid: impl Fn(NodeIx) -> bool,
) -> Option<Vec<NodeIx>> {
    let mut before: BTreeMap<NodeIx, Option<NodeIx>> = BTreeMap::new();
    let mut queue: VecDeque<NodeIx> = VecDeque::new();
    for &start in from.iter().filter(|&&start| !avoid(start)) {
        if before.insert(start, None).is_none() {
            queue.push_back(start);
        }
    }
    while let Some(ix) = queue.pop_front() {
        if ix == to {
            let mut path = vec![ix];
            let mut at = ix;
            while let Some(&Some(previous)) = before.get(&at) {
                path.push(previous);
                at = previous;
            }
            path.reverse();
            return Some(path);
        }
        for edge in graph.outgoing(ix) {
            if !avoid(edge.target) && !before.contains_key(&edge.target) {
                before.insert(edge.target, Some(ix));
                queue.push_back(edge.target);
            }
        }
    }
    None
}

/// The path from the graph's inputs to its outputs whose nodes weigh most, and their sum.
/// `order` is the topological order, `weight` gives a node's own weight and `hop` that of an edge.
/// `None` while there is a cycle without a bound, or no path. O(nodes + edges).
pub fn heaviest_path(
    graph: &Graph,
    order: &[NodeIx],
    weight: impl Fn(NodeIx) -> u64,
    hop: impl Fn(Duration) -> u64,
) -> Option<(Vec<NodeIx>, u64)> {
    let mut best: Vec<Option<(u64, NodeIx)>> = vec![None; graph.nodes.len()];
    *best.first_mut()? = Some((0, NodeIx::INPUTS));
    let known = |best: &[Option<(u64, NodeIx)>], ix: NodeIx| best.get(ix.0 as usize).copied()?;
    for &ix in order {
        let Some((so_far, _)) = known(&best, ix) else {
            continue;
        };
        for (target, time) in graph.hops(ix) {
            let sum = so_far
                .saturating_add(hop(time))
                .saturating_add(weight(target));
            if let Some(slot) = best.get_mut(target.0 as usize)
                && slot.is_none_or(|(known, _)| sum > known)
            {
                *slot = Some((sum, ix));
            }
        }
    }
    let (sum, _) = known(&best, NodeIx::OUTPUTS)?;
    let mut path = vec![NodeIx::OUTPUTS];
    let mut at = NodeIx::OUTPUTS;
    while at != NodeIx::INPUTS {
        // A cycle would lead back to a node that is on the path already.
        if path.len() > graph.nodes.len() {
            return None;
        }
        (_, at) = known(&best, at)?;
        path.push(at);
    }
    path.reverse();
    Some((path, sum))
}

fn positions(graph: &Graph, order: &[NodeIx]) -> Vec<usize> {
    let mut position = vec![0; graph.nodes.len()];
    for (at, ix) in order.iter().enumerate() {
        if let Some(slot) = position.get_mut(ix.0 as usize) {
            *slot = at;
        }
    }
    position
}

/// Whether each edge without a bound leads onwards in an order. O(nodes + edges).
pub(super) fn leads_onwards(graph: &Graph, order: &[NodeIx]) -> bool {
    let position = positions(graph, order);
    let at = |ix: NodeIx| position.get(ix.0 as usize).copied();
    all(graph).all(|ix| graph.targets(ix).all(|target| at(ix) < at(target)))
}

/// The nodes on every path from the inputs of a graph without cycles to its outputs, both included;
/// nodes without inputs count as fed by the graph's. `order` is the topological order. Empty where
/// nothing leads to the outputs. O(nodes + edges). Where there are cycles, see
/// [`Branches::over`](super::Branches::over).
pub fn on_every_path(graph: &Graph, order: &[NodeIx]) -> Vec<NodeIx> {
    let position = positions(graph, order);
    let at = |ix: NodeIx| position.get(ix.0 as usize).copied().unwrap_or(0);
    let mut leads = vec![false; graph.nodes.len()];
    let is_fed = |ix: NodeIx| graph.sources(ix).next().is_some();
    if !is_fed(NodeIx::OUTPUTS) {
        return Vec::new();
    }
    for &ix in order.iter().rev() {
        let mut onwards = graph.targets(ix);
        let known = onwards.any(|target| leads.get(target.0 as usize) == Some(&true));
        if let Some(slot) = leads.get_mut(ix.0 as usize) {
            *slot = known || ix == NodeIx::OUTPUTS;
        }
    }
    let leads = |ix: NodeIx| leads.get(ix.0 as usize) == Some(&true);
    // Of the edges from the inputs to nodes that nothing feeds the farthest counts.
    let unfed = order
        .iter()
        .filter(|&&ix| ix.is_model() && leads(ix) && !is_fed(ix));
    let mut farthest = unfed.map(|&ix| at(ix)).max().unwrap_or(0);
    let mut found = vec![NodeIx::INPUTS];
    let reach = |ix: NodeIx| {
        let targets = graph.targets(ix).filter(|&ix| leads(ix));
        targets.map(at).max().unwrap_or(0)
    };
    farthest = farthest.max(reach(NodeIx::INPUTS));
    for &ix in order
        .iter()
        .filter(|&&ix| ix != NodeIx::INPUTS && leads(ix))
    {
        // An edge that passes over a node is a way past it.
        if farthest <= at(ix) {
            found.push(ix);
        }
        farthest = farthest.max(reach(ix));
    }
    found
}
