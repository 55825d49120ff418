//! Symbols of dimensions: one unknown each in the whole graph, solved by unification.

use std::collections::{BTreeMap, VecDeque};

use super::{Because, Binding, Slot, Step, Typing};
use crate::graph::{EdgeIx, Fact, FactValue, Graph, PortIx, Type};
use crate::spec::Dimension;
use crate::text::Span;

/// The classes of equal symbols, and what each stands for once something forces it.
#[derive(Default)]
pub(super) struct Symbols {
    names: BTreeMap<String, usize>,
    parent: Vec<usize>,
    /// How many symbols a class has, at its root.
    size: Vec<usize>,
    /// The number of a class, at its root; and the symbol that was forced to it.
    number: Vec<Option<(u64, usize)>>,
    forced: Vec<Option<Because>>,
    /// Why two symbols are one.
    links: Vec<(usize, usize, Option<EdgeIx>)>,
}

impl Symbols {
    fn id(&mut self, name: &str) -> usize {
        if let Some(&id) = self.names.get(name) {
            return id;
        }
        let id = self.parent.len();
        self.names.insert(name.to_owned(), id);
        self.parent.push(id);
        self.size.push(1);
        self.number.push(None);
        self.forced.push(None);
        id
    }

    fn root(&self, id: usize) -> usize {
        let mut at = id;
        while let Some(&next) = self.parent.get(at) {
            if next == at {
                break;
            }
            at = next;
        }
        at
    }

    fn number(&self, id: usize) -> Option<(u64, usize)> {
        self.number.get(self.root(id)).copied().flatten()
    }

    /// Two ports carry the same value: their dimensions are equal, pair by pair. What two numbers
    /// say of each other is not asked here.
    pub(super) fn meet(
        &mut self,
        (from, given): (PortIx, &Type),
        (to, taken): (PortIx, &Type),
        edge: Option<EdgeIx>,
    ) {
        for (param, fact) in given.facts.iter() {
            let Some(other) = taken.facts.get(param) else {
                continue;
            };
            for (a, b) in pairs(&fact.value, &other.value) {
                self.equal((from, a, fact.span), (to, b, other.span), edge);
            }
        }
        if given.kind == taken.kind
            && let (Some(given), Some(taken)) = (&given.inner, &taken.inner)
        {
            self.meet((from, given), (to, taken), edge);
        }
    }

    fn equal(
        &mut self,
        (from, a, a_span): (PortIx, &Dimension, Span),
        (to, b, b_span): (PortIx, &Dimension, Span),
        edge: Option<EdgeIx>,
    ) {
        match (a, b) {
            (Dimension::Symbol(a), Dimension::Symbol(b)) => self.unite(a, b, edge),
            (Dimension::Symbol(name), Dimension::Fixed(value)) => {
                let (port, span) = (to, b_span);
                self.force(name, *value, Because::Number { port, edge, span });
            }
            (Dimension::Fixed(value), Dimension::Symbol(name)) => {
                let (port, span) = (from, a_span);
                self.force(name, *value, Because::Number { port, edge, span });
            }
            _ => {}
        }
    }

    /// The first number stays; the edge that brings another is in conflict.
    fn force(&mut self, name: &str, value: u64, because: Because) {
        let id = self.id(name);
        let root = self.root(id);
        if let Some(number) = self.number.get_mut(root)
            && number.is_none()
        {
            *number = Some((value, id));
            if let Some(forced) = self.forced.get_mut(id) {
                *forced = Some(because);
            }
        }
    }

    fn unite(&mut self, a: &str, b: &str, edge: Option<EdgeIx>) {
        let (a, b) = (self.id(a), self.id(b));
        let (x, y) = (self.root(a), self.root(b));
        if x == y {
            return;
        }
        let kept = match (self.number(a), self.number(b)) {
            // Each keeps its own, so that the edge shows both.
            (Some((one, _)), Some((other, _))) if one != other => return,
            (one, other) => one.or(other),
        };
        let size = |root: usize| self.size.get(root).copied().unwrap_or(1);
        let sum = size(x).saturating_add(size(y));
        let (x, y) = if size(x) < size(y) { (y, x) } else { (x, y) };
        if let Some(parent) = self.parent.get_mut(y) {
            *parent = x;
        }
        if let Some(size) = self.size.get_mut(x) {
            *size = sum;
        }
        if let Some(number) = self.number.get_mut(x) {
            *number = kept;
        }
        self.links.push((a, b, edge));
    }

    /// What each forced symbol stands for, and why.
    pub(super) fn bindings(&self) -> BTreeMap<String, Binding> {
        let mut name_of: Vec<&str> = vec![""; self.parent.len()];
        for (name, &id) in &self.names {
            if let Some(slot) = name_of.get_mut(id) {
                *slot = name;
            }
        }
        let mut near: Vec<Vec<(usize, Option<EdgeIx>)>> = vec![Vec::new(); self.parent.len()];
        for &(a, b, edge) in &self.links {
            for (one, other) in [(a, b), (b, a)] {
                if let Some(list) = near.get_mut(one) {
                    list.push((other, edge));
                }
            }
        }
        let mut found = BTreeMap::new();
        let mut queue = VecDeque::new();
        for root in 0..self.parent.len() {
            let Some(&Some((value, id))) = self.number.get(root) else {
                continue;
            };
            if self.root(root) != root {
                continue;
            }
            if let Some(Some(because)) = self.forced.get(id) {
                let because = because.clone();
                queue.push_back((id, Binding { value, because }));
            }
            while let Some((id, binding)) = queue.pop_front() {
                let name = name_of.get(id).copied().unwrap_or_default();
                if found.contains_key(name) {
                    continue;
                }
                found.insert(name.to_owned(), binding);
                for &(other, edge) in near.get(id).map_or(&[][..], |list| list) {
                    let because = Because::Symbol {
                        name: name.to_owned(),
                        edge,
                    };
                    queue.push_back((other, Binding { value, because }));
                }
            }
        }
        found
    }

    /// Puts numbers in the place of symbols that are forced.
    pub(super) fn substitute(&self, ty: &mut Type) {
        let replace = |dimension: &mut Dimension| {
            if let Dimension::Symbol(name) = dimension
                && let Some(&id) = self.names.get(name.as_str())
                && let Some((value, _)) = self.number(id)
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
            self.substitute(inner);
        }
    }
}

fn pairs<'f>(a: &'f FactValue, b: &'f FactValue) -> Vec<(&'f Dimension, &'f Dimension)> {
    match (a, b) {
        (FactValue::Dimension(a), FactValue::Dimension(b)) => vec![(a, b)],
        // Of different ranks nothing follows; the difference itself is told.
        (FactValue::Shape(a), FactValue::Shape(b)) if a.len() == b.len() => {
            a.iter().zip(b).collect()
        }
        _ => Vec::new(),
    }
}

fn names(fact: &Fact) -> Vec<&str> {
    let dimensions: &[Dimension] = match &fact.value {
        FactValue::Dimension(dimension) => core::slice::from_ref(dimension),
        FactValue::Shape(shape) => shape,
        _ => &[],
    };
    dimensions
        .iter()
        .filter_map(|dimension| match dimension {
            Dimension::Symbol(name) => Some(name.as_str()),
            _ => None,
        })
        .collect()
}

pub(super) fn has_symbols(ty: &Type) -> bool {
    ty.facts.values().any(|fact| !names(fact).is_empty())
        || ty.inner.as_deref().is_some_and(has_symbols)
}

impl Typing {
    /// The symbols that a port has in a slot, whether solved or not.
    pub fn symbols(&self, port: PortIx, slot: Slot) -> Vec<&str> {
        let Some(mut ty) = self.symbolic.get(&port) else {
            return Vec::new();
        };
        for _ in 0..slot.depth {
            match ty.inner.as_deref() {
                Some(inner) => ty = inner,
                None => return Vec::new(),
            }
        }
        let fact = slot.param.and_then(|param| ty.fact(param));
        fact.map_or_else(Vec::new, names)
    }

    /// What a symbol stands for, where something forces it.
    pub fn binding(&self, symbol: &str) -> Option<&Binding> {
        self.bindings.get(symbol)
    }

    /// Why a symbol stands for its number: from the symbol back to the port that states the number.
    /// Empty where nothing forces it.
    pub fn chain(&self, graph: &Graph, symbol: &str) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut at = symbol;
        while let Some(binding) = self
            .binding(at)
            .filter(|_| steps.len() <= self.bindings.len())
        {
            let edge_of = |edge: Option<EdgeIx>| edge.and_then(|edge| graph.edge(edge));
            let by = |edge: Option<EdgeIx>| {
                edge_of(edge).map_or_else(String::new, |edge| format!(" by the edge `{}`", edge.id))
            };
            match &binding.because {
                Because::Number { port, edge, span } => {
                    let path = graph.port_path(*port);
                    let value = binding.value;
                    steps.push(Step {
                        port: *port,
                        edge: *edge,
                        text: format!("`${at}` is {value}{}: `{path}` has {value}", by(*edge)),
                        span: *span,
                    });
                    return steps;
                }
                Because::Symbol { name, edge } => {
                    let joined = edge_of(*edge);
                    let port = joined.and_then(|edge| Some(edge.ports?.1));
                    steps.push(Step {
                        port: port.unwrap_or(PortIx(0)),
                        edge: *edge,
                        text: format!("`${at}` is `${name}`{}", by(*edge)),
                        span: joined.map(|edge| edge.span).unwrap_or_default(),
                    });
                    at = name;
                }
            }
        }
        steps
    }
}
