//! What a rule asks, and what it looks at to answer.
//!
//! After an edit only those things are asked anew of which the answer may have changed: what the
//! edit touched, as far as the scope reaches, and what there was a finding about. The rest was
//! silent and stays so.

use super::{Context, Diagnostic};
use crate::graph::{Edge, NodeIx, PortIx};
use crate::infer::Conflict;

/// One question of a rule.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// What the answer depends on.
    pub scope: Scope,
    /// The question.
    pub ask: Ask,
}

/// How far from what it is about a question looks. A scope that is too narrow leaves findings as
/// they were before an edit; `tests/tests/scopes.rs` has an edit for each that looks further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The thing itself: what a node states, its ports with their types, the edges at it with what
    /// they state; of an edge also both ends. And all that the document states outside of its nodes
    /// and edges.
    Own,
    /// The same of the nodes that an edge joins to it as well.
    Near,
    /// The same of all nodes that edges lead to from it, either way, through any number of nodes;
    /// and the embedder that an index names, wherever it stands.
    Reach,
    /// The thing itself, and how often requests visit it.
    Visits,
    /// The shape of the whole graph: names, roles, ports and what is required of them, edges, kinds.
    /// Not the other facts of nodes.
    Shape,
    /// The ids of all edges.
    Ids,
    /// Everything. Asked after each edit, so the answer must come fast.
    Always,
}

/// What is asked one by one.
#[derive(Clone, Copy, Debug)]
pub enum Ask {
    /// Each of the document's nodes.
    Node(fn(&Context<'_>, NodeIx, &mut Vec<Diagnostic>)),
    /// Each port.
    Port(fn(&Context<'_>, PortIx, &mut Vec<Diagnostic>)),
    /// Each edge whose ends exist.
    Edge(fn(&Context<'_>, &Edge, &mut Vec<Diagnostic>)),
    /// Each conflict of types. They are few, and always asked.
    Conflict(fn(&Context<'_>, &Conflict, &mut Vec<Diagnostic>)),
    /// The graph as a whole.
    Graph(fn(&Context<'_>, &mut Vec<Diagnostic>)),
}
