use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::differ::differences;
use super::flow::{fill, fill_bounds};
use super::symbols::{Symbols, has_symbols};
use super::{Conflict, Known, Side, Source, Typing};
use crate::graph::{
    Direction, Edge, Graph, NodeIx, Port, PortIx, Type, merging_joins, passes_through,
};
use crate::order::{Arrange as _, Gather as _};
use crate::spec::{Kind, Role};

/// Infers the types of ports, one part of the graph after the other. A part is what facts may pass
/// between: ports that edges join, and inputs and outputs of nodes that hand a value on. What is
/// inferred in one part does not depend on the others, nor on their order.
pub(super) struct Unifier<'g> {
    graph: &'g Graph,
    pub(super) typing: Typing,
    /// The part of each port, from 1; 0 where it has none yet.
    part: Vec<u32>,
    parts: u32,
    /// Positions of edges whose ends have changed.
    queue: VecDeque<usize>,
    queued: Vec<bool>,
    /// Of each node how many edges of the part still lead to it from before.
    missing: Vec<u32>,
}

/// The ports of a part, and its nodes, each behind those that feed it.
struct Part {
    ports: Vec<PortIx>,
    order: Vec<NodeIx>,
}

pub(super) fn run(graph: &Graph) -> Typing {
    // What it states comes with its part.
    let known = graph
        .ports
        .iter()
        .map(|_| Known::stated(Type::of_kind(Kind::Any)));
    let typing = Typing {
        known: known.collect(),
        merging: merging_joins(graph),
        ..Typing::default()
    };
    let mut unifier = Unifier::new(graph, typing);
    for (ix, _) in graph.all_ports() {
        unifier.infer(ix);
    }
    unifier.solve();
    let edges = 0..graph.edges.len();
    unifier.typing.conflicts = edges.flat_map(|at| unifier.conflicts(at)).collect();
    unifier.typing
}

impl<'g> Unifier<'g> {
    pub(super) fn new(graph: &'g Graph, typing: Typing) -> Self {
        Self {
            graph,
            typing,
            part: vec![0; graph.ports.len()],
            parts: 0,
            queue: VecDeque::new(),
            queued: vec![false; graph.edges.len()],
            missing: vec![0; graph.nodes.len()],
        }
    }

    /// Infers the part of a port, unless that is done; the ports of the part.
    pub(super) fn infer(&mut self, seed: PortIx) -> Vec<PortIx> {
        if self.part_of(seed) != Some(0) {
            return Vec::new();
        }
        let part = self.gather(seed);
        for &port in &part.ports {
            self.restart(port);
        }
        for &node in &part.order {
            self.hand_on(node);
            for &port in own(self.graph, &part.ports, node) {
                if self.is_output(port) {
                    self.enqueue(self.graph.positions_at(port));
                }
            }
        }
        // Each turn adds a fact or shortens the queue, and facts are finite.
        while let Some(at) = self.queue.pop_front() {
            if let Some(queued) = self.queued.get_mut(at) {
                *queued = false;
            }
            if let Some(edge) = self.graph.edges.get(at) {
                self.flow(edge);
            }
        }
        self.bounds(&part);
        part.ports
    }

    fn part_of(&self, port: PortIx) -> Option<u32> {
        self.part.get(port.0 as usize).copied()
    }

    /// The ports that facts may come to from one, itself included. O(their edges).
    fn gather(&mut self, seed: PortIx) -> Part {
        self.parts = self.parts.saturating_add(1);
        let (graph, own) = (self.graph, self.parts);
        let mut ports = Vec::new();
        let mut open = vec![seed];
        while let Some(ix) = open.pop() {
            match self.part.get_mut(ix.0 as usize) {
                Some(part) if *part == 0 => *part = own,
                _ => continue,
            }
            ports.push(ix);
            for edge in graph.edges_at(ix).filter(|edge| self.is_open(edge)) {
                open.extend(edge.ports.into_iter().flat_map(|(from, to)| [from, to]));
            }
            let node = graph.port(ix).map(|port| port.node);
            for (from, to) in node.into_iter().flat_map(|node| self.passed(node)) {
                if from == ix || to == ix {
                    open.extend([from, to]);
                }
            }
        }
        ports.arrange();
        let order = self.order(&ports);
        Part { ports, order }
    }

    /// The nodes of some ports, each behind those that feed it along edges between the ports; those
    /// on a cycle come where they first can. Ties are broken by the order of the document.
    fn order(&mut self, ports: &[PortIx]) -> Vec<NodeIx> {
        let graph = self.graph;
        let mut nodes: Vec<NodeIx> = Vec::with_capacity(ports.len());
        nodes.extend(ports.iter().filter_map(|&ix| Some(graph.port(ix)?.node)));
        nodes.arrange();
        nodes.dedup();
        let number = ports.first().and_then(|&ix| self.part_of(ix));
        let known = &self.part;
        let inside = |edge: &Edge| {
            let from = edge.ports.map(|(from, _)| from.0 as usize);
            !edge.is_loop && from.and_then(|from| known.get(from).copied()) == number
        };
        let edges = |ix: NodeIx, side: Direction| {
            let ports = own(graph, ports, ix).iter().copied();
            let ports =
                ports.filter(move |&ix| graph.port(ix).is_some_and(|port| port.direction == side));
            ports.flat_map(|port| graph.edges_at(port))
        };
        let missing = &mut self.missing;
        for &ix in &nodes {
            let into = edges(ix, Direction::Input);
            let count = into.filter(|edge| inside(edge)).count();
            if let Some(slot) = missing.get_mut(ix.0 as usize) {
                // One more until the node is placed.
                *slot = u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1);
            }
        }
        let left = |missing: &[u32], ix: NodeIx| missing.get(ix.0 as usize).copied().unwrap_or(0);
        let free = nodes.iter().filter(|&&ix| left(missing, ix) == 1);
        let mut ready: VecDeque<NodeIx> = free.copied().collect();
        let mut rest = nodes.iter().copied();
        let mut order = Vec::with_capacity(nodes.len());
        while let Some(ix) = ready
            .pop_front()
            .or_else(|| rest.find(|&ix| left(missing, ix) > 0))
        {
            if left(missing, ix) == 0 {
                continue;
            }
            if let Some(slot) = missing.get_mut(ix.0 as usize) {
                *slot = 0;
            }
            order.push(ix);
            let out = edges(ix, Direction::Output);
            for edge in out.filter(|edge| inside(edge)) {
                if let Some(slot) = missing.get_mut(edge.target.0 as usize)
                    && *slot > 1
                {
                    *slot = slot.saturating_sub(1);
                    if *slot == 1 {
                        ready.push_back(edge.target);
                    }
                }
            }
        }
        order
    }

    /// What a port states. A join that waits for several values gives a list of them.
    fn restart(&mut self, ix: PortIx) {
        let Some(port) = self.graph.port(ix) else {
            return;
        };
        let mut ty = port.ty.clone();
        if ty.kind == Kind::Any && ty.span.is_none() && self.lists(port) {
            ty.kind = Kind::List;
        }
        if let Some(known) = self.typing.known.get_mut(ix) {
            *known = Known::stated(ty);
        }
    }

    fn lists(&self, port: &Port) -> bool {
        port.direction == Direction::Output
            && self.graph.role(port.node) == Some(Role::Join)
            && !self.typing.merging.contains(&port.node)
    }

    fn is_output(&self, ix: PortIx) -> bool {
        let port = self.graph.port(ix);
        port.is_some_and(|port| port.direction == Direction::Output)
    }

    fn ty(&self, port: PortIx) -> Option<&Type> {
        self.typing.of(port)
    }

    fn enqueue(&mut self, positions: &[usize]) {
        for &at in positions {
            if let Some(queued) = self.queued.get_mut(at)
                && !core::mem::replace(queued, true)
            {
                self.queue.push_back(at);
            }
        }
    }

    /// The pairs of input and output of a node that carry the same value.
    fn passed(&self, node: NodeIx) -> Vec<(PortIx, PortIx)> {
        let graph = self.graph;
        let Some((entry, role)) = graph
            .node(node)
            .and_then(|entry| entry.role.map(|role| (entry, role)))
        else {
            return Vec::new();
        };
        let pair = |&output: &PortIx| {
            let name = graph.port(output)?.name.as_str();
            let merging =
                role == Role::Join && name == "out" && self.typing.merging.contains(&node);
            let input = if merging {
                "in"
            } else {
                passes_through(role, name)?
            };
            Some((graph.find_port(node, Direction::Input, input)?, output))
        };
        entry.outputs.iter().filter_map(pair).collect()
    }

    /// Within a node: outputs of the part that have the type of an input.
    fn hand_on(&mut self, node: NodeIx) {
        for (input, output) in self.passed(node) {
            if self.part_of(input) == Some(self.parts) {
                self.meet(input, output, None);
            }
        }
    }

    /// Whether facts pass along an edge: many branches meet at a join that waits for several, and
    /// none of them says what the others are.
    fn is_open(&self, edge: &Edge) -> bool {
        let role = self.graph.role(edge.target);
        role != Some(Role::Join) || self.typing.merging.contains(&edge.target)
    }

    fn flow(&mut self, edge: &Edge) {
        let Some((from, to)) = edge.ports else { return };
        if self.part_of(from) == Some(self.parts) && self.is_open(edge) {
            self.meet(from, to, Some(()));
        }
    }

    /// Two ports that carry the same value tell each other what they know.
    fn meet(&mut self, from: PortIx, to: PortIx, edge: Option<()>) {
        let graph = self.graph;
        let along_edge = edge.is_some();
        let onwards = self.copy(from, to, along_edge, true);
        let back = self.copy(to, from, along_edge, false);
        for (port, changed) in [(to, onwards), (from, back)] {
            if !changed {
                continue;
            }
            self.enqueue(graph.positions_at(port));
            let node = graph.port(port).map(|port| port.node);
            if let Some(node) = node.filter(|_| along_edge) {
                self.hand_on(node);
            }
        }
    }

    /// Fills what `to` leaves open with what `from` knows, bounds left out; whether that was
    /// anything.
    fn copy(&mut self, from: PortIx, to: PortIx, along_edge: bool, forward: bool) -> bool {
        let Some(mut target) = self.take(to) else {
            return false;
        };
        let mut added = Vec::new();
        if let Some(source) = self.ty(from) {
            fill(source, &mut target.ty, forward, 0, &mut added);
        }
        let changed = !added.is_empty();
        for slot in added {
            let home = self.typing.home(from, slot);
            target.sources.push((
                slot,
                Source {
                    from,
                    along_edge,
                    home,
                },
            ));
        }
        self.put(to, target);
        changed
    }

    fn take(&mut self, port: PortIx) -> Option<Known> {
        let blank = Known::stated(Type::of_kind(Kind::Any));
        Some(core::mem::replace(self.typing.known.get_mut(port)?, blank))
    }

    fn put(&mut self, port: PortIx, known: Known) {
        if let Some(slot) = self.typing.known.get_mut(port) {
            *slot = known;
        }
    }

    /// Bounds flow forward only, and where several values may arrive the largest holds: all of
    /// them must be known.
    fn bounds(&mut self, part: &Part) {
        let graph = self.graph;
        for &node in &part.order {
            for &input in own(graph, &part.ports, node) {
                if !self.is_output(input) {
                    let edges = graph.edges_at(input).filter(|edge| self.is_open(edge));
                    let sources = edges.filter_map(|edge| Some(edge.ports?.0));
                    let sources: Vec<PortIx> = sources.collect();
                    self.bound(input, &sources, true);
                }
            }
            for (from, output) in self.passed(node) {
                if self.part_of(from) == Some(self.parts) {
                    self.bound(output, &[from], false);
                }
            }
        }
    }

    fn bound(&mut self, to: PortIx, origins: &[PortIx], along_edge: bool) {
        let Some(mut target) = self.take(to) else {
            return;
        };
        let mut sources: Vec<(&Type, PortIx)> = Vec::with_capacity(origins.len());
        sources.extend(
            origins
                .iter()
                .filter_map(|&from| Some((self.ty(from)?, from))),
        );
        let mut added = Vec::new();
        fill_bounds(&sources, &mut target.ty, 0, &mut added);
        for (slot, from) in added {
            let home = self.typing.home(from, slot);
            target.sources.push((
                slot,
                Source {
                    from,
                    along_edge,
                    home,
                },
            ));
        }
        self.put(to, target);
    }

    /// Solves the symbols, and puts numbers in the place of those that something forces.
    fn solve(&mut self) {
        let graph = self.graph;
        let kept: BTreeMap<PortIx, Type> = graph
            .all_ports()
            .filter_map(|(ix, _)| Some((ix, self.ty(ix).filter(|ty| has_symbols(ty))?.clone())))
            .gather();
        if kept.is_empty() {
            return;
        }
        let mut symbols = Symbols::default();
        for edge in &graph.edges {
            if let Some((from, to)) = edge.ports
                && self.is_open(edge)
                && let (Some(a), Some(b)) = (self.ty(from), self.ty(to))
            {
                symbols.meet((from, a), (to, b), Some(edge.ix));
            }
        }
        for (node, _) in graph.model_nodes() {
            for (from, to) in self.passed(node) {
                if let (Some(a), Some(b)) = (self.ty(from), self.ty(to)) {
                    symbols.meet((from, a), (to, b), None);
                }
            }
        }
        for &port in kept.keys() {
            if let Some(known) = self.typing.known.get_mut(port) {
                symbols.substitute(&mut known.ty);
            }
        }
        self.typing.bindings = symbols.bindings();
        self.typing.symbolic = kept;
    }

    /// What differs at an edge.
    pub(super) fn conflicts(&self, at: usize) -> Vec<Conflict> {
        let graph = self.graph;
        let Some((edge, (from, to))) = graph
            .edges
            .get(at)
            .and_then(|edge| Some((edge, edge.ports?)))
        else {
            return Vec::new();
        };
        let (Some(given), Some(taken)) = (self.ty(from), self.ty(to)) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        differences(given, taken, 0, &mut found);
        let stated = |side: Side, port, slot| {
            let span = self.typing.span(graph, port, slot);
            match side {
                Side::Kind(kind, _) => Side::Kind(kind, span),
                Side::Value(value, known) => Side::Value(value, span.unwrap_or(known)),
            }
        };
        let conflicts = found.into_iter().map(|(slot, given, taken)| Conflict {
            edge: edge.ix,
            from,
            to,
            slot,
            given: stated(given, from, slot),
            taken: stated(taken, to, slot),
        });
        conflicts.collect()
    }
}

/// Those of some ports, in order, that are a node's: a node's ports follow one another.
fn own<'p>(graph: &Graph, ports: &'p [PortIx], node: NodeIx) -> &'p [PortIx] {
    let owner = |ix: &PortIx| graph.port(*ix).map(|port| port.node);
    let start = ports.partition_point(|ix| owner(ix) < Some(node));
    let end = ports.partition_point(|ix| owner(ix) <= Some(node));
    ports.get(start..end).unwrap_or(&[])
}

/// The ports of some nodes.
pub(super) fn ports_of(graph: &Graph, nodes: &BTreeSet<NodeIx>) -> Vec<PortIx> {
    let nodes = nodes.iter().filter_map(|&ix| graph.node(ix));
    nodes
        .flat_map(|node| node.inputs.iter().chain(&node.outputs))
        .copied()
        .collect()
}
