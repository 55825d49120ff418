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

mod explain;
mod symbols;
#[cfg(test)]
mod tests;
mod unify;

use std::collections::{BTreeMap, BTreeSet};

pub use explain::Step;

use crate::graph::{EdgeIx, FactValue, Graph, NodeIx, Param, PortIx, Type};
use crate::spec::Kind;
use crate::text::Span;

/// The types of all ports after inference.
#[derive(Clone, Debug, Default)]
pub struct Typing {
    types: Vec<Type>,
    origins: BTreeMap<(PortIx, Slot), Origin>,
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

/// Where an inferred fact came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The port that had it before.
    pub from: PortIx,
    /// The edge that it came along; `None` within a node that hands its input on.
    pub edge: Option<EdgeIx>,
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
    /// The type of a port after inference.
    pub fn of(&self, port: PortIx) -> Option<&Type> {
        self.types.get(port.0 as usize)
    }

    /// The joins that hand on one value as it came; all others give a list.
    pub const fn merging(&self) -> &BTreeSet<NodeIx> {
        &self.merging
    }

    /// Where an inferred fact came from; `None` for what the port states or its role brings.
    pub fn origin(&self, port: PortIx, slot: Slot) -> Option<Origin> {
        self.origins.get(&(port, slot)).copied()
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
    unify::first_difference(given, taken)
}
