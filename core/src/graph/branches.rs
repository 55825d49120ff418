//! Which edges never carry values of one request together: they lie on different branches of a
//! router, a splitter or a cache.

use std::collections::{BTreeMap, BTreeSet};

use super::paths::{dominators, leads_onwards};
use super::{Edge, Graph, NodeIx, topological_order};
use crate::spec::{Join, Role};

/// The dominator tree as a table, for climbing.
#[derive(Clone, Debug)]
pub struct Branches {
    /// Each node's nearest dominator and its depth; `None` for what no source reaches.
    above: Vec<Option<(NodeIx, usize)>>,
}

/// What tells one branch from another.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Branch {
    /// The edge itself leaves the branching node.
    Edge(u32),
    /// The output port of a cache.
    Port(u32),
    /// All that lies behind a node.
    Behind(NodeIx),
}

impl Branches {
    /// Reads a graph. `order` is the topological order. O(nodes + edges), nearly.
    pub fn new(graph: &Graph, order: &[NodeIx]) -> Self {
        let mut above: Vec<Option<(NodeIx, usize)>> = vec![None; graph.nodes.len()];
        if let Some(root) = above.first_mut() {
            *root = Some((NodeIx::INPUTS, 0));
        }
        let mut branches = Self { above };
        if leads_onwards(graph, order) {
            branches.descend(graph, order);
        } else {
            branches.climb(graph);
        }
        branches
    }

    /// Without cycles the nearest dominator of a node is where those that feed it meet, which are
    /// known before it.
    fn descend(&mut self, graph: &Graph, order: &[NodeIx]) {
        for &ix in order.iter().filter(|&&ix| ix != NodeIx::INPUTS) {
            let mut sources = graph.sources(ix);
            let over = match sources.next() {
                Some(first) => sources.try_fold(first, |over, source| self.meet(over, source)),
                None => ix.is_model().then_some(NodeIx::INPUTS),
            };
            let depth = over.and_then(|over| Some((over, self.depth(over)?.checked_add(1)?)));
            if let Some(slot) = self.above.get_mut(ix.0 as usize) {
                *slot = depth;
            }
        }
    }

    /// With cycles the dominator tree is walked from each node up to what is known.
    fn climb(&mut self, graph: &Graph) {
        let tree = dominators(graph);
        let above = &mut self.above;
        for start in 0..graph.nodes.len() {
            let mut path = Vec::new();
            let mut at = u32::try_from(start).unwrap_or(u32::MAX);
            let known = loop {
                match above.get(at as usize).copied().flatten() {
                    Some((_, depth)) => break Some(depth),
                    None => path.push(at),
                }
                match tree.immediate_dominator(at) {
                    Some(next) => at = next,
                    None => break None,
                }
            };
            let Some(mut depth) = known else { continue };
            let mut over = NodeIx(at);
            for node in path.into_iter().rev() {
                depth = depth.saturating_add(1);
                if let Some(slot) = above.get_mut(node as usize) {
                    *slot = Some((over, depth));
                }
                over = NodeIx(node);
            }
        }
    }

    fn depth(&self, node: NodeIx) -> Option<usize> {
        let (_, depth) = (*self.above.get(node.0 as usize)?)?;
        Some(depth)
    }

    fn parent(&self, node: NodeIx) -> Option<NodeIx> {
        let (parent, _) = (*self.above.get(node.0 as usize)?)?;
        Some(parent)
    }

    /// The nodes that every path from the graph's inputs to a node passes, both ends included; none
    /// where no path leads there.
    pub fn over(&self, node: NodeIx) -> Vec<NodeIx> {
        let mut found = Vec::new();
        let mut at = node;
        while let Some(parent) = self.parent(at) {
            found.push(at);
            if parent == at {
                break;
            }
            at = parent;
        }
        found
    }

    /// The nearest node that dominates both.
    fn meet(&self, a: NodeIx, b: NodeIx) -> Option<NodeIx> {
        let (mut a, mut b) = (a, b);
        while a != b {
            if self.depth(a)? >= self.depth(b)? {
                a = self.parent(a)?;
            } else {
                b = self.parent(b)?;
            }
        }
        Some(a)
    }

    /// Whether of some edges at most one carries a value in any request.
    pub fn exclusive(&self, graph: &Graph, edges: &[&Edge]) -> bool {
        let Some((first, rest)) = edges.split_first() else {
            return true;
        };
        if rest.is_empty() {
            return true;
        }
        let meet = rest.iter().try_fold(first.source, |meet, edge| {
            self.depth(edge.source)?;
            self.meet(meet, edge.source)
        });
        let Some(fork) = meet.filter(|&fork| self.depth(fork).is_some()) else {
            return false;
        };
        let role = graph.node(fork).and_then(|node| node.role);
        if !matches!(role, Some(Role::Router | Role::Splitter | Role::Cache)) {
            return false;
        }
        let by_port = role == Some(Role::Cache);
        let mut groups: BTreeMap<Branch, Vec<&Edge>> = BTreeMap::new();
        for edge in edges {
            let Some(branch) = self.branch(graph, fork, edge, by_port) else {
                return false;
            };
            groups.entry(branch).or_default().push(edge);
        }
        // Edges of one branch that meet no deeper would ask the same question again.
        groups.len() > 1 && groups.values().all(|group| self.exclusive(graph, group))
    }

    fn branch(&self, graph: &Graph, fork: NodeIx, edge: &Edge, by_port: bool) -> Option<Branch> {
        if edge.source == fork {
            return match edge.ports {
                Some((from, _)) if by_port => Some(Branch::Port(from.0)),
                _ => Some(Branch::Edge(edge.ix.0)),
            };
        }
        let mut head = edge.source;
        while self.parent(head)? != fork {
            head = self.parent(head)?;
        }
        // Where branches have met before, more than one of them leads here.
        let mut entries = graph.incoming(head).filter(|edge| !edge.is_loop);
        let mut ports = BTreeSet::new();
        if !entries.all(|entry| {
            ports.extend(entry.ports.map(|(from, _)| from));
            entry.source == fork
        }) {
            return None;
        }
        match (by_port, ports.first()) {
            (false, _) => Some(Branch::Behind(head)),
            (true, Some(port)) if ports.len() == 1 => Some(Branch::Port(port.0)),
            (true, _) => None,
        }
    }
}

/// The joins that hand on one value as it came: those that take the first, and those whose branches
/// exclude each other. All others give a list. O(nodes + edges), nearly.
pub fn merging_joins(graph: &Graph) -> BTreeSet<NodeIx> {
    let mut found = BTreeSet::new();
    let mut branches = None;
    for ix in graph.of_role(Role::Join) {
        let join = graph.spec_of(ix).and_then(|spec| spec.join.as_ref());
        if matches!(join.map(|join| &join.value), Some(Join::Any)) {
            found.insert(ix);
            continue;
        }
        let edges: Vec<&Edge> = graph.incoming(ix).filter(|edge| !edge.is_loop).collect();
        let branches =
            branches.get_or_insert_with(|| Branches::new(graph, &topological_order(graph)));
        if edges.len() > 1 && branches.exclusive(graph, &edges) {
            found.insert(ix);
        }
    }
    found
}
