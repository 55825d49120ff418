use std::collections::{BTreeMap, BTreeSet};

use super::{Conflict, Origin, Side, Slot, Typing};
use crate::graph::{
    Edge, Fact, FactValue, Graph, Param, PortIx, Type, passes_through, topological_order,
};
use crate::spec::{Dimension, Join, Kind, Role};

/// What a symbol stands for, once something forces it.
type Symbols = BTreeMap<String, (u64, crate::text::Span)>;

struct Unifier<'g> {
    graph: &'g Graph,
    typing: Typing,
    symbols: Symbols,
    changed: bool,
}

pub(super) fn run(graph: &Graph) -> Typing {
    let types = graph.ports.iter().map(|port| port.ty.clone()).collect();
    let typing = Typing {
        types,
        ..Typing::default()
    };
    let mut unifier = Unifier {
        graph,
        typing,
        symbols: Symbols::new(),
        changed: true,
    };
    let order = topological_order(graph);
    // Each pass either adds a fact or is the last; facts are finite, and most graphs need two.
    while core::mem::take(&mut unifier.changed) {
        for &node in &order {
            unifier.hand_on(node);
            for edge in graph.outgoing(node) {
                unifier.flow(edge);
            }
        }
    }
    unifier.substitute();
    unifier.collect_conflicts();
    unifier.typing
}

impl Unifier<'_> {
    fn ty(&self, port: PortIx) -> Option<&Type> {
        self.typing.types.get(port.0 as usize)
    }

    /// Within a node: outputs that have the type of an input.
    fn hand_on(&mut self, node: crate::graph::NodeIx) {
        let graph = self.graph;
        let Some((entry, role)) = graph
            .node(node)
            .and_then(|entry| entry.role.map(|role| (entry, role)))
        else {
            return;
        };
        for &output in &entry.outputs {
            let Some(port) = graph.port(output) else {
                continue;
            };
            let join = role == Role::Join && port.name == "out" && self.is_any_join(node);
            let input = if join {
                Some("in")
            } else {
                passes_through(role, &port.name)
            };
            let source = input
                .and_then(|input| graph.find_port(node, crate::graph::Direction::Input, input));
            if let Some(from) = source {
                self.copy(from, output, Origin { from, edge: None }, true);
            }
        }
    }

    fn is_any_join(&self, node: crate::graph::NodeIx) -> bool {
        let join = self.graph.spec_of(node).and_then(|spec| spec.join.as_ref());
        matches!(join.map(|join| &join.value), Some(Join::Any))
    }

    fn flow(&mut self, edge: &Edge) {
        let Some((from, to)) = edge.ports else { return };
        // Many branches meet at a join: none of them says what the others are.
        let target = self.graph.node(edge.target);
        if target.and_then(|node| node.role) == Some(Role::Join) && !self.is_any_join(edge.target) {
            return;
        }
        let edge = Some(edge.ix);
        self.copy(from, to, Origin { from, edge }, true);
        self.copy(to, from, Origin { from: to, edge }, false);
        self.bind(from, to);
    }

    /// Fills what `to` leaves open with what `from` knows.
    fn copy(&mut self, from: PortIx, to: PortIx, origin: Origin, forward: bool) {
        let Some(source) = self.ty(from).cloned() else {
            return;
        };
        let Some(target) = self.typing.types.get_mut(to.0 as usize) else {
            return;
        };
        let mut added = Vec::new();
        fill(&source, target, forward, 0, &mut added);
        self.changed |= !added.is_empty();
        for slot in added {
            self.typing.origins.insert((to, slot), origin);
        }
    }

    /// Binds symbols that meet numbers.
    fn bind(&mut self, from: PortIx, to: PortIx) {
        let (Some(a), Some(b)) = (self.ty(from).cloned(), self.ty(to).cloned()) else {
            return;
        };
        let mut pairs = Vec::new();
        dimension_pairs(&a, &b, &mut pairs);
        for (one, other, span) in pairs {
            if let (Dimension::Symbol(name), Dimension::Fixed(value)) = (one, other)
                && !self.symbols.contains_key(&name)
            {
                self.symbols.insert(name, (value, span));
                self.changed = true;
            }
        }
    }

    /// Puts numbers in the place of symbols that are bound.
    fn substitute(&mut self) {
        let symbols = &self.symbols;
        for ty in &mut self.typing.types {
            substitute(ty, symbols);
        }
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
        if (forward || !param.is_bound()) && !target.facts.contains_key(&param) {
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
            record(source, depth, added);
            *empty = Some(source.clone());
        }
        _ => {}
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

fn dimension_pairs(a: &Type, b: &Type, pairs: &mut Vec<(Dimension, Dimension, crate::text::Span)>) {
    for (param, fact) in &a.facts {
        let Some(other) = b.facts.get(param) else {
            continue;
        };
        let lists = match (&fact.value, &other.value) {
            (FactValue::Dimension(a), FactValue::Dimension(b)) => {
                vec![(a.clone(), b.clone())]
            }
            (FactValue::Shape(a), FactValue::Shape(b)) => {
                a.iter().cloned().zip(b.iter().cloned()).collect()
            }
            _ => Vec::new(),
        };
        for (x, y) in lists {
            pairs.push((x.clone(), y.clone(), other.span));
            pairs.push((y, x, fact.span));
        }
    }
    if let (Some(a), Some(b)) = (&a.inner, &b.inner) {
        dimension_pairs(a, b, pairs);
    }
}

fn substitute(ty: &mut Type, symbols: &Symbols) {
    let replace = |dimension: &mut Dimension| {
        if let Dimension::Symbol(name) = dimension
            && let Some(&(value, _)) = symbols.get(name)
        {
            *dimension = Dimension::Fixed(value);
        }
    };
    for fact in ty.facts.values_mut() {
        match &mut fact.value {
            FactValue::Dimension(dimension) => replace(dimension),
            FactValue::Shape(shape) => shape.iter_mut().for_each(replace),
            _ => {}
        }
    }
    if let Some(inner) = &mut ty.inner {
        substitute(inner, symbols);
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
    let params: BTreeSet<Param> = taken.facts.keys().copied().collect();
    for param in params {
        let (Some(a), Some(b)) = (given.fact(param), taken.fact(param)) else {
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
