use std::collections::{BTreeMap, VecDeque};

use super::symbols::{Symbols, has_symbols};
use super::{Conflict, Origin, Side, Slot, Typing};
use crate::graph::{
    Direction, Edge, Fact, FactValue, Graph, NodeIx, Param, PortIx, Type, merging_joins,
    passes_through, topological_order,
};
use crate::order::Gather as _;
use crate::spec::{Dimension, Kind, Role};

struct Unifier<'g> {
    graph: &'g Graph,
    typing: Typing,
    /// Positions of edges whose ends have changed.
    queue: VecDeque<usize>,
    queued: Vec<bool>,
}

pub(super) fn run(graph: &Graph) -> Typing {
    let types = graph.ports.iter().map(|port| port.ty.clone()).collect();
    let typing = Typing {
        types,
        merging: merging_joins(graph),
        ..Typing::default()
    };
    let mut unifier = Unifier {
        graph,
        typing,
        queue: VecDeque::new(),
        queued: vec![false; graph.edges.len()],
    };
    let order = topological_order(graph);
    unifier.lists();
    for &node in &order {
        unifier.hand_on(node);
        unifier.enqueue(graph.positions_out(node));
    }
    // Each turn adds a fact or shortens the queue, and facts are finite.
    while let Some(at) = unifier.queue.pop_front() {
        if let Some(queued) = unifier.queued.get_mut(at) {
            *queued = false;
        }
        if let Some(edge) = graph.edges.get(at) {
            unifier.flow(edge);
        }
    }
    unifier.bounds(&order);
    unifier.solve();
    unifier.collect_conflicts();
    unifier.typing
}

impl<'g> Unifier<'g> {
    fn ty(&self, port: PortIx) -> Option<&Type> {
        self.typing.types.get(port.0 as usize)
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

    /// A join that waits for several values gives a list of them.
    fn lists(&mut self) {
        for (ix, node) in self.graph.model_nodes() {
            if node.role != Some(Role::Join) || self.typing.merging.contains(&ix) {
                continue;
            }
            for &output in &node.outputs {
                if let Some(ty) = self.typing.types.get_mut(output.0 as usize)
                    && ty.kind == Kind::Any
                    && ty.span.is_none()
                {
                    ty.kind = Kind::List;
                }
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

    /// Within a node: outputs that have the type of an input.
    fn hand_on(&mut self, node: NodeIx) {
        for (input, output) in self.passed(node) {
            self.meet(input, output, None);
        }
    }

    /// Whether facts pass along an edge: many branches meet at a join that waits for several, and
    /// none of them says what the others are.
    fn is_open(&self, edge: &Edge) -> bool {
        let role = self.graph.node(edge.target).and_then(|node| node.role);
        role != Some(Role::Join) || self.typing.merging.contains(&edge.target)
    }

    fn flow(&mut self, edge: &Edge) {
        let Some((from, to)) = edge.ports else { return };
        if self.is_open(edge) {
            self.meet(from, to, Some(edge.ix));
        }
    }

    /// Two ports that carry the same value tell each other what they know.
    fn meet(&mut self, from: PortIx, to: PortIx, edge: Option<crate::graph::EdgeIx>) {
        let graph = self.graph;
        let onwards = self.copy(from, to, Origin { from, edge }, true);
        let back = self.copy(to, from, Origin { from: to, edge }, false);
        for (port, changed) in [(to, onwards), (from, back)] {
            if !changed {
                continue;
            }
            self.enqueue(graph.positions_at(port));
            let node = graph.port(port).map(|port| port.node);
            if let Some(node) = node.filter(|_| edge.is_some()) {
                self.hand_on(node);
            }
        }
    }

    /// Fills what `to` leaves open with what `from` knows, bounds left out; whether that was
    /// anything.
    fn copy(&mut self, from: PortIx, to: PortIx, origin: Origin, forward: bool) -> bool {
        let blank = Type::of_kind(Kind::Any);
        let Some(slot) = self.typing.types.get_mut(to.0 as usize) else {
            return false;
        };
        let mut target = core::mem::replace(slot, blank);
        let mut added = Vec::new();
        if let Some(source) = self.ty(from) {
            fill(source, &mut target, forward, 0, &mut added);
        }
        if let Some(slot) = self.typing.types.get_mut(to.0 as usize) {
            *slot = target;
        }
        let changed = !added.is_empty();
        for slot in added {
            self.typing.origins.insert((to, slot), origin);
        }
        changed
    }

    /// Bounds flow forward only, and where several values may arrive the largest holds: all of
    /// them must be known.
    fn bounds(&mut self, order: &[NodeIx]) {
        let graph = self.graph;
        for &node in order {
            let inputs = graph.node(node).map_or(&[][..], |node| &node.inputs);
            for &input in inputs {
                let edges: Vec<&'g Edge> = graph.edges_at(input).collect();
                if edges.iter().all(|edge| self.is_open(edge)) {
                    let sources = edges.iter().filter_map(|edge| {
                        let (from, _) = edge.ports?;
                        let edge = Some(edge.ix);
                        Some(Origin { from, edge })
                    });
                    self.bound(input, &sources.collect::<Vec<_>>());
                }
            }
            for (from, output) in self.passed(node) {
                self.bound(output, &[Origin { from, edge: None }]);
            }
        }
    }

    fn bound(&mut self, to: PortIx, origins: &[Origin]) {
        let blank = Type::of_kind(Kind::Any);
        let Some(slot) = self.typing.types.get_mut(to.0 as usize) else {
            return;
        };
        let mut target = core::mem::replace(slot, blank);
        let mut sources: Vec<(&Type, Origin)> = Vec::new();
        for &origin in origins {
            if let Some(ty) = self.typing.types.get(origin.from.0 as usize) {
                sources.push((ty, origin));
            }
        }
        let mut added = Vec::new();
        fill_bounds(&sources, &mut target, 0, &mut added);
        if let Some(slot) = self.typing.types.get_mut(to.0 as usize) {
            *slot = target;
        }
        for (slot, origin) in added {
            self.typing.origins.insert((to, slot), origin);
        }
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
        for port in kept.keys() {
            if let Some(ty) = self.typing.types.get_mut(port.0 as usize) {
                symbols.substitute(ty);
            }
        }
        self.typing.bindings = symbols.bindings();
        self.typing.symbolic = kept;
    }

    fn collect_conflicts(&mut self) {
        for edge in &self.graph.edges {
            let Some((from, to)) = edge.ports else {
                continue;
            };
            let (Some(given), Some(taken)) = (self.ty(from), self.ty(to)) else {
                continue;
            };
            let mut found = Vec::new();
            differences(given, taken, 0, &mut found);
            self.typing
                .conflicts
                .extend(found.into_iter().map(|(slot, given, taken)| Conflict {
                    edge: edge.ix,
                    from,
                    to,
                    slot,
                    given,
                    taken,
                }));
        }
    }
}

fn fill(source: &Type, target: &mut Type, forward: bool, depth: usize, added: &mut Vec<Slot>) {
    if target.kind == Kind::Any && source.kind != Kind::Any && forward {
        target.kind = source.kind;
        target.span = source.span;
        added.push(Slot { depth, param: None });
    }
    if target.kind != source.kind || target.kind == Kind::Any {
        return;
    }
    for (&param, fact) in &source.facts {
        if !param.is_bound() && !target.facts.contains_key(&param) {
            target.facts.insert(param, fact.clone());
            added.push(Slot {
                depth,
                param: Some(param),
            });
        }
    }
    let depth = depth.saturating_add(1);
    match (&source.inner, &mut target.inner) {
        (Some(source), Some(target)) => fill(source, target, forward, depth, added),
        (Some(source), empty) if forward => {
            let mut inner = source.clone();
            drop_bounds(&mut inner);
            record(&inner, depth, added);
            *empty = Some(inner);
        }
        _ => {}
    }
}

fn drop_bounds(ty: &mut Type) {
    ty.facts.retain(|param, _| !param.is_bound());
    if let Some(inner) = &mut ty.inner {
        drop_bounds(inner);
    }
}

/// Every slot of a type that was copied whole.
fn record(ty: &Type, depth: usize, added: &mut Vec<Slot>) {
    added.push(Slot { depth, param: None });
    added.extend(ty.facts.keys().map(|&param| Slot {
        depth,
        param: Some(param),
    }));
    if let Some(inner) = &ty.inner {
        record(inner, depth.saturating_add(1), added);
    }
}

fn fill_bounds(
    sources: &[(&Type, Origin)],
    target: &mut Type,
    depth: usize,
    added: &mut Vec<(Slot, Origin)>,
) {
    let same = |&(ty, _): &(&Type, Origin)| ty.kind == target.kind;
    if sources.is_empty() || target.kind == Kind::Any || !sources.iter().all(same) {
        return;
    }
    for param in [Param::MaxTokens, Param::MaxItems] {
        if target.facts.contains_key(&param) {
            continue;
        }
        let known: Vec<(&Fact, Origin)> = sources
            .iter()
            .filter_map(|&(ty, origin)| Some((ty.fact(param)?, origin)))
            .collect();
        let number = |fact: &Fact| match fact.value {
            FactValue::Number(value) => value,
            _ => 0,
        };
        let largest = known.iter().max_by_key(|(fact, _)| number(fact));
        if let Some(&(fact, origin)) = largest.filter(|_| known.len() == sources.len()) {
            target.facts.insert(param, fact.clone());
            let param = Some(param);
            added.push((Slot { depth, param }, origin));
        }
    }
    if let Some(target) = &mut target.inner {
        let inner: Vec<(&Type, Origin)> = sources
            .iter()
            .filter_map(|&(ty, origin)| Some((ty.inner.as_deref()?, origin)))
            .collect();
        if inner.len() == sources.len() {
            fill_bounds(&inner, target, depth.saturating_add(1), added);
        }
    }
}

pub(super) fn first_difference(given: &Type, taken: &Type) -> Option<(Slot, Side, Side)> {
    let mut found = Vec::new();
    differences(given, taken, 0, &mut found);
    found.into_iter().next()
}

fn differences(given: &Type, taken: &Type, depth: usize, found: &mut Vec<(Slot, Side, Side)>) {
    if given.kind == Kind::Any || taken.kind == Kind::Any {
        return;
    }
    if given.kind != taken.kind {
        found.push((
            Slot { depth, param: None },
            Side::Kind(given.kind, given.span),
            Side::Kind(taken.kind, taken.span),
        ));
        return;
    }
    for (&param, b) in &taken.facts {
        let Some(a) = given.fact(param) else {
            continue;
        };
        if !holds(param, a, b) {
            found.push((
                Slot {
                    depth,
                    param: Some(param),
                },
                Side::Value(a.value.clone(), a.span),
                Side::Value(b.value.clone(), b.span),
            ));
        }
    }
    if let (Some(given), Some(taken)) = (&given.inner, &taken.inner) {
        differences(given, taken, depth.saturating_add(1), found);
    }
}

/// Whether what an output gives satisfies what an input states.
fn holds(param: Param, given: &Fact, taken: &Fact) -> bool {
    match (&given.value, &taken.value) {
        (FactValue::Number(given), FactValue::Number(taken)) if param.is_bound() => given <= taken,
        (FactValue::Dimension(given), FactValue::Dimension(taken)) => same(given, taken),
        (FactValue::Shape(given), FactValue::Shape(taken)) => {
            given.len() == taken.len() && given.iter().zip(taken).all(|(a, b)| same(a, b))
        }
        (FactValue::Words(given), FactValue::Words(taken)) if param == Param::Classes => {
            given.iter().all(|class| taken.contains(class))
        }
        // Whether one schema implies another is not decidable here: it is unknown.
        (FactValue::Json(_), FactValue::Json(_)) => true,
        (given, taken) => given == taken,
    }
}

fn same(a: &Dimension, b: &Dimension) -> bool {
    match (a, b) {
        (Dimension::Fixed(a), Dimension::Fixed(b)) => a == b,
        // A symbol that nothing forces may still be anything.
        _ => true,
    }
}
