//! Order, cycles, dominators and paths. Edges with a `loop` do not count: they close a cycle on
//! purpose.

use std::collections::{BTreeMap, VecDeque};

use petgraph::algo::dominators::{Dominators, simple_fast};
use petgraph::algo::kosaraju_scc;
use petgraph::graphmap::DiGraphMap;

use super::{Edge, Graph, NodeIx};
use crate::order::Arrange as _;

fn forward(graph: &Graph) -> impl Iterator<Item = &Edge> {
    graph.edges.iter().filter(|edge| !edge.is_loop)
}

fn as_petgraph(graph: &Graph) -> DiGraphMap<u32, ()> {
    let mut map = DiGraphMap::with_capacity(graph.nodes.len(), graph.edges.len());
    for at in 0..graph.nodes.len() {
        map.add_node(u32::try_from(at).unwrap_or(u32::MAX));
    }
    for edge in forward(graph) {
        map.add_edge(edge.source.0, edge.target.0, ());
    }
    map
}

/// The nodes, each behind all that feed it; those on a cycle come where they first can.
/// O(nodes + edges). Ties are broken by the order of the document.
pub fn topological_order(graph: &Graph) -> Vec<NodeIx> {
    let mut missing: Vec<usize> = vec![0; graph.nodes.len()];
    for edge in forward(graph) {
        if let Some(count) = missing.get_mut(edge.target.0 as usize) {
            *count = count.saturating_add(1);
        }
    }
    let all = || (0..graph.nodes.len()).filter_map(|at| u32::try_from(at).ok().map(NodeIx));
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
        for edge in graph.outgoing(ix).filter(|edge| !edge.is_loop) {
            if let Some(count) = missing.get_mut(edge.target.0 as usize) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.push_back(edge.target);
                }
            }
        }
    }
}

/// Each set of nodes that can reach one another, in the order of the document. O(nodes + edges).
pub fn cycles(graph: &Graph) -> Vec<Vec<NodeIx>> {
    let map = as_petgraph(graph);
    let mut found: Vec<Vec<NodeIx>> = kosaraju_scc(&map)
        .into_iter()
        .filter(|set| match set.as_slice() {
            [only] => map.contains_edge(*only, *only),
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
    let mut map = as_petgraph(graph);
    for (ix, _) in graph.model_nodes() {
        if graph.incoming(ix).all(|edge| edge.is_loop) {
            map.add_edge(NodeIx::INPUTS.0, ix.0, ());
        }
    }
    simple_fast(&map, NodeIx::INPUTS.0)
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
/// `weight` gives a node's own weight and `hop` that of an edge. `None` while there is a cycle
/// without a bound, or no path. O(nodes + edges).
pub fn heaviest_path(
    graph: &Graph,
    weight: impl Fn(NodeIx) -> u64,
    hop: impl Fn(&Edge) -> u64,
) -> Option<(Vec<NodeIx>, u64)> {
    let mut best: BTreeMap<NodeIx, (u64, Option<NodeIx>)> = BTreeMap::new();
    best.insert(NodeIx::INPUTS, (0, None));
    for ix in topological_order(graph) {
        let Some(&(so_far, _)) = best.get(&ix) else {
            continue;
        };
        for edge in graph.outgoing(ix).filter(|edge| !edge.is_loop) {
            let sum = so_far
                .saturating_add(hop(edge))
                .saturating_add(weight(edge.target));
            let better = best.get(&edge.target).is_none_or(|&(known, _)| sum > known);
            if better {
                best.insert(edge.target, (sum, Some(ix)));
            }
        }
    }
    let &(sum, _) = best.get(&NodeIx::OUTPUTS)?;
    let mut path = vec![NodeIx::OUTPUTS];
    let mut at = NodeIx::OUTPUTS;
    while let Some(&(_, Some(previous))) = best.get(&at) {
        // A cycle would lead back to a node that is on the path already.
        if path.len() > graph.nodes.len() {
            return None;
        }
        path.push(previous);
        at = previous;
    }
    path.reverse();
    Some((path, sum))
}
