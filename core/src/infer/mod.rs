//! What follows from what is stated: payload types unified along the edges.
//!
//! A fact travels from a port that states it to each port that an edge joins to it and that leaves
//! it open: along the edge from output to input, and for exact parameters back again. Bounds and
//! kinds travel forward only: an input that takes more promises nothing about its source, and where
//! several values may arrive the largest bound holds. Where two facts meet that differ, that edge is
//! in conflict; the fact that was there first stays.
//!
//! A symbol (`$D`) is one unknown in the whole graph: symbols that meet are one, and the first
//! number that one of them meets is theirs all.

mod again;
mod differ;
mod explain;
mod flow;
mod known;
mod symbols;
#[cfg(test)]
mod tests;
mod unify;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use again::again;
pub use explain::Step;

use crate::graph::{EdgeIx, FactValue, Graph, NodeIx, Param, PortIx, Type};
use crate::spec::Kind;
use crate::text::Span;
use known::{Known, Pieces, Source};

/// The types of all ports after inference.
#[derive(Clone, Debug, Default)]
pub struct Typing {
    known: Pieces,
    /// The types that hold symbols, as they were before the symbols were solved.
    symbolic: BTreeMap<PortIx, Type>,
    bindings: BTreeMap<String, Binding>,
    /// The joins that hand on one value as it came; all others give a list.
    merging: BTreeSet<NodeIx>,
    /// Where two facts meet that cannot both hold, in the order of the document.
    pub conflicts: Vec<Conflict>,
}

/// What of a type: its kind or a parameter, of the value itself or of its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// 0 for the value itself, 1 for its items, and so on.
    pub depth: usize,
    /// The parameter; `None` for the kind.
    pub param: Option<Param>,
}

impl Slot {
    /// A parameter of the value itself.
    pub const fn of(param: Param) -> Self {
        let param = Some(param);
        Self { depth: 0, param }
    }

    /// A parameter of the value's items.
    pub const fn of_items(param: Param) -> Self {
        let param = Some(param);
        Self { depth: 1, param }
    }
}

/// What a symbol stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The number.
    pub value: u64,
    /// What forces it.
    pub because: Because,
}

/// What forces a symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Because {
    /// A number that it meets.
    Number {
        /// The port that has it.
        port: PortIx,
        /// The edge where they meet; `None` within a node that hands its input on.
        edge: Option<EdgeIx>,
        /// Where it is stated.
        span: Span,
    },
    /// Another symbol that it meets.
    Symbol {
        /// The other.
        name: String,
        /// The edge where they meet; `None` within a node that hands its input on.
        edge: Option<EdgeIx>,
    },
}

/// Two facts that meet at an edge and differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// The edge.
    pub edge: EdgeIx,
    /// The output port.
    pub from: PortIx,
    /// The input port.
    pub to: PortIx,
    /// What differs.
    pub slot: Slot,
    /// What the output gives.
    pub given: Side,
    /// What the input takes.
    pub taken: Side,
}

/// One side of a conflict.
#[derive(Clone, Debug, PartialEq)]
pub enum Side {
    /// A kind, and where it is stated.
    Kind(Kind, Option<Span>),
    /// A parameter's value, and where it is stated.
    Value(FactValue, Span),
}

impl core::fmt::Display for Side {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Kind(kind, _) => write!(f, "{kind}"),
            Self::Value(value, _) => write!(f, "{value}"),
        }
    }
}

impl Side {
    /// Where it is stated.
    pub fn span(&self) -> Option<Span> {
        match self {
            Self::Kind(_, span) => *span,
            Self::Value(_, span) => Some(*span),
        }
    }
}

impl Typing {
    /// The type of a port after inference. It says nothing of where a fact is stated, see
    /// [`Typing::span`]: its spans may be those of an earlier text.
    pub fn of(&self, port: PortIx) -> Option<&Type> {
        Some(&self.known.get(port)?.ty)
    }

    /// Where the document states what a port has in a slot, at that port or where it came from;
    /// `None` where a role brings it, and where nothing is known.
    pub fn span(&self, graph: &Graph, port: PortIx, slot: Slot) -> Option<Span> {
        let mut ty = &graph.port(self.home(port, slot))?.ty;
        for _ in 0..slot.depth {
            ty = ty.inner.as_deref()?;
        }
        match slot.param {
            None => ty.span,
            Some(param) => Some(ty.fact(param)?.span),
        }
    }

    /// The port that states what a port has in a slot.
    fn home(&self, port: PortIx, slot: Slot) -> PortIx {
        self.source(port, slot).map_or(port, |source| source.home)
    }

    fn source(&self, port: PortIx, slot: Slot) -> Option<Source> {
        let sources = &self.known.get(port)?.sources;
        let known = sources.iter().find(|(known, _)| *known == slot);
        known.map(|(_, source)| *source)
    }

    /// The joins that hand on one value as it came; all others give a list.
    pub const fn merging(&self) -> &BTreeSet<NodeIx> {
        &self.merging
    }

    /// The port that an inferred fact came from; `None` for what the port states or its role
    /// brings.
    pub fn origin(&self, port: PortIx, slot: Slot) -> Option<PortIx> {
        Some(self.source(port, slot)?.from)
    }
}

/// Infers the types of all ports.
pub fn infer(graph: &Graph) -> Typing {
    unify::run(graph)
}

/// Whether a value of one type may flow into a port of another; the first thing that differs.
///
/// This is what dragging an edge asks before there is one.
pub fn mismatch(given: &Type, taken: &Type) -> Option<(Slot, Side, Side)> {
    differ::first_difference(given, taken)
}
