//! What the rules of structure have in common: what a broken edge may have been meant for, which
//! inputs lack a value, and what follows from a fault that has a rule of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use crate::graph::{Brief, Direction, End, Graph, NodeIx, PortIx};
use crate::spec::{EdgeRole, nearest};

/// How many names may be compared for the misspelt ones of a graph.
const COMPARISONS: usize = 100_000;

/// Finds what a misspelt end of an edge was meant for. O(names) for each name that is new.
pub(super) struct Nearest<'g> {
    graph: &'g Graph,
    known: BTreeMap<(String, Direction), Option<NodeIx>>,
    left: usize,
}

impl<'g> Nearest<'g> {
    pub(super) fn new(graph: &'g Graph) -> Self {
        Self {
            graph,
            known: BTreeMap::new(),
            left: COMPARISONS,
        }
    }

    /// The node that an end names, or the one whose name is near; `side` is that of its port.
    pub(super) fn node(&mut self, end: &End, side: Direction) -> Option<NodeIx> {
        if end.node.is_some() {
            return end.node;
        }
        let name = node_part(&end.text);
        let key = (name.to_owned(), side);
        if let Some(&known) = self.known.get(&key) {
            return known;
        }
        let wrong = wrong_side(side);
        let names = self.graph.nodes.iter().map(|node| node.name.as_str());
        let names = names.filter(|&known| known != self.graph.name(wrong));
        let enough = self.left.checked_sub(self.graph.nodes.len());
        let found = enough.and_then(|left| {
            self.left = left;
            self.graph.find(nearest(name, names)?)
        });
        self.known.insert(key, found);
        found
    }

    /// The port of a node that an end names, or the one whose name is near.
    pub(super) fn port(&self, node: NodeIx, end: &End, side: Direction) -> Option<PortIx> {
        let name = port_part(&end.text);
        let graph = self.graph;
        graph.find_port(node, side, name).or_else(|| {
            let ports = ports_of(graph, node, side).iter();
            let names = ports.filter_map(|&port| Some(graph.port(port)?.name.as_str()));
            graph.find_port(node, side, nearest(name, names)?)
        })
    }
}

/// The boundary of the graph where no port of a side is.
pub(super) const fn wrong_side(side: Direction) -> NodeIx {
    match side {
        Direction::Output => NodeIx::OUTPUTS,
        Direction::Input => NodeIx::INPUTS,
    }
}

pub(super) fn node_part(end: &str) -> &str {
    end.split_once('.').map_or(end, |(node, _)| node)
}

pub(super) fn port_part(end: &str) -> &str {
    end.split_once('.').map_or("", |(_, port)| port)
}

pub(super) fn ports_of(graph: &Graph, node: NodeIx, side: Direction) -> &[PortIx] {
    graph.node(node).map_or(&[], |node| match side {
        Direction::Input => &node.inputs,
        Direction::Output => &node.outputs,
    })
}

/// What broken edges may have been meant for: of it nothing follows until they are mended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Meant {
    pub(super) ports: BTreeSet<PortIx>,
    pub(super) nodes: BTreeSet<NodeIx>,
}

impl Meant {
    /// O(ports + broken edges), nearly.
    pub(super) fn new(graph: &Graph) -> Self {
        let mut meant = Self::default();
        if graph.broken.is_empty() {
            return meant;
        }
        let mut near = Nearest::new(graph);
        let mut named: BTreeSet<(&str, Direction)> = BTreeSet::new();
        for broken in &graph.broken {
            let role = graph.edge_spec(broken.ix).and_then(|edge| edge.role);
            let control = role.is_some_and(|role| role.value == EdgeRole::Control);
            for (end, side) in [
                (&broken.from, Direction::Output),
                (&broken.to, Direction::Input),
            ] {
                let Some(node) = near.node(end, side) else {
                    named.insert((port_part(&end.text), side));
                    continue;
                };
                meant.nodes.insert(node);
                if control {
                    continue;
                }
                match end.port.or_else(|| near.port(node, end, side)) {
                    Some(port) => {
                        meant.ports.insert(port);
                    }
                    None => meant.ports.extend(ports_of(graph, node, side)),
                }
            }
        }
        for (ix, port) in graph.all_ports() {
            if named.contains(&(port.name.as_str(), port.direction)) {
                meant.ports.insert(ix);
                meant.nodes.insert(port.node);
            }
        }
        meant
    }
}

/// The inputs that need a value and have no edge, and were not meant by a broken one. O(ports).
pub(super) fn unfed(cx: &Context<'_>) -> Vec<PortIx> {
    let (odd, meant) = (cx.odd_ports(), cx.meant());
    let unfed = odd.filter(|(ix, port)| lacks_value(*ix, *port, meant));
    unfed.map(|(ix, _)| ix).collect()
}

/// Whether a port is an input that needs a value and has no edge, and was not meant by a broken
/// one.
pub(super) fn is_unfed(graph: &Graph, meant: &Meant, ix: PortIx) -> bool {
    graph
        .brief(ix)
        .is_some_and(|port| lacks_value(ix, port, meant))
}

fn lacks_value(ix: PortIx, port: Brief, meant: &Meant) -> bool {
    port.direction == Direction::Input
        && port.required
        && port.edges == 0
        && !meant.ports.contains(&ix)
}

/// Of each node, by its number, the one of some cycles that it is on.
pub(super) fn on_cycles(rings: &[Vec<NodeIx>], nodes: usize) -> Vec<Option<usize>> {
    let mut cycles = vec![None; nodes];
    for (at, ring) in rings.iter().enumerate() {
        for node in ring {
            if let Some(slot) = cycles.get_mut(node.0 as usize) {
                *slot = Some(at);
            }
        }
    }
    cycles
}

/// Which way edges are followed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Along,
    Back,
}

/// Marks what some nodes reach, themselves included; what is marked already is not entered.
/// O(nodes + edges) over all calls with the same marks.
pub(super) fn mark(
    graph: &Graph,
    from: impl IntoIterator<Item = NodeIx>,
    way: Way,
    marks: &mut [bool],
) {
    let mut open: Vec<NodeIx> = from.into_iter().collect();
    while let Some(node) = open.pop() {
        match marks.get_mut(node.0 as usize) {
            Some(marked) if !*marked => *marked = true,
            _ => continue,
        }
        match way {
            Way::Along => open.extend(graph.followers(node)),
            Way::Back => open.extend(graph.feeders(node)),
        }
    }
}
