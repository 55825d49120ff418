//! The graph as an index: names to dense numbers, ports resolved, and what petgraph can say.
//!
//! Node 0 is the graph's own `inputs`, node 1 its `outputs`: a graph input is an output port of
//! node 0, a graph output an input port of node 1. So every edge joins two ports, and the graph has
//! one source and one sink.

mod branches;
mod build;
mod facts;
mod forward;
mod links;
mod paths;
mod roles;
mod types;
mod visits;

use std::collections::BTreeMap;
use std::rc::Rc;

pub use branches::{Branches, merging_joins};
pub(crate) use build::{Brought, BroughtPort, BroughtPorts, build_with};
pub use build::{build, edge_id};
pub use facts::Facts;
pub(crate) use links::Brief;
use links::Links;
pub use paths::{cycles, dominators, find_path, heaviest_path, on_every_path, topological_order};
pub use roles::{RolePort, default_ports, passes_through};
pub use types::{Fact, FactValue, Param, Type, resolve};
pub(crate) use visits::revised_visits;
pub use visits::{always_visited, expected_visits, expected_visits_in};

use crate::spec::{Duration, EdgeRole, ModelGraph, Role};
use crate::text::Span;

/// A node by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIx(pub u32);

/// A port by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortIx(pub u32);

/// An edge by its number, which is its place in `spec.edges`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EdgeIx(pub u32);

impl NodeIx {
    /// The graph's own inputs.
    pub const INPUTS: Self = Self(0);
    /// The graph's own outputs.
    pub const OUTPUTS: Self = Self(1);

    /// Whether it is one of the document's nodes.
    pub const fn is_model(self) -> bool {
        self.0 > 1
    }
}

/// A graph, indexed.
#[derive(Clone, Debug)]
pub struct Graph {
    /// What it was built from.
    pub spec: Rc<ModelGraph>,
    /// The nodes; 0 and 1 are the graph's own inputs and outputs.
    pub nodes: Vec<Node>,
    /// The ports of all nodes.
    pub ports: Vec<Port>,
    /// The edges whose two ends exist, in the order of the document.
    pub edges: Vec<Edge>,
    /// The edges that name a node or port that does not exist.
    pub broken: Vec<BrokenEdge>,
    names: BTreeMap<String, NodeIx>,
    /// Where edges lead to, and where they come from.
    onward: Links,
    back: Links,
    briefs: Vec<Brief>,
    roles: Vec<Option<Role>>,
    /// Where the document states each node, as in [`Node::extent`].
    extents: Vec<Span>,
}

/// A node of the index.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name; `inputs` and `outputs` for the graph's own.
    pub name: String,
    /// Where its name stands in the document; empty for the graph's own.
    pub span: Span,
    /// Where the document states it, its name included; empty for the graph's own.
    pub extent: Span,
    /// What it does; `None` for the graph's own, and where the document does not say.
    pub role: Option<Role>,
    /// Its place among `spec.nodes`; `None` for the graph's own.
    pub index: Option<usize>,
    /// The graph that it refers to, in words, where its ports come from there.
    pub refers: Option<String>,
    /// The ports that take values.
    pub inputs: Vec<PortIx>,
    /// The ports that give values.
    pub outputs: Vec<PortIx>,
    /// Positions in [`Graph::edges`] of those that end here.
    incoming: Vec<usize>,
    /// Positions in [`Graph::edges`] of those that begin here.
    outgoing: Vec<usize>,
}

/// Whether a port takes or gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// It takes values.
    Input,
    /// It gives values.
    Output,
}

/// A port of the index.
#[derive(Clone, Debug)]
pub struct Port {
    /// Whose it is.
    pub node: NodeIx,
    /// Its name.
    pub name: String,
    /// Whether it takes or gives.
    pub direction: Direction,
    /// What it carries, as far as role and document say.
    pub ty: Type,
    /// Whether it needs a value.
    pub required: bool,
    /// Where the document states it; the node's name where only the role brings it.
    pub span: Span,
    /// Whether the document states it.
    pub stated: bool,
    /// How sensitive the value is, where stated.
    pub data_class: Option<crate::spec::DataClass>,
    /// Positions in [`Graph::edges`] of those that end or begin here.
    edges: Vec<usize>,
}

/// An edge of the index.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Its place in `spec.edges`.
    pub ix: EdgeIx,
    /// Its identity.
    pub id: String,
    /// The node where it begins.
    pub source: NodeIx,
    /// The node where it ends.
    pub target: NodeIx,
    /// The ports that it joins; `None` for a control edge.
    pub ports: Option<(PortIx, PortIx)>,
    /// What it is there for.
    pub role: EdgeRole,
    /// Whether its data may not be missing.
    pub required: bool,
    /// Whether it closes a cycle with a bound.
    pub is_loop: bool,
    /// How long passing along it takes; 0 where that is not stated.
    pub hop: Duration,
    /// The share of its source's requests that take it, where stated.
    pub share: Option<f64>,
    /// Whether it says itself that not every request takes it.
    pub conditional: bool,
    /// Whether its end waits only so long.
    pub has_timeout: bool,
    /// Where it stands.
    pub span: Span,
}

/// An edge of which an end does not exist.
#[derive(Clone, Debug)]
pub struct BrokenEdge {
    /// Its place in `spec.edges`.
    pub ix: EdgeIx,
    /// Its identity.
    pub id: String,
    /// Where it stands.
    pub span: Span,
    /// What was found at `from`.
    pub from: End,
    /// What was found at `to`.
    pub to: End,
}

/// One end of a broken edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// As it is written.
    pub text: String,
    /// Where.
    pub span: Span,
    /// The node, where it exists.
    pub node: Option<NodeIx>,
    /// The port, where it exists.
    pub port: Option<PortIx>,
}

impl Graph {
    /// The node of a number.
    pub fn node(&self, ix: NodeIx) -> Option<&Node> {
        self.nodes.get(ix.0 as usize)
    }

    /// The port of a number.
    pub fn port(&self, ix: PortIx) -> Option<&Port> {
        self.ports.get(ix.0 as usize)
    }

    /// The edge of a place in `spec.edges`, where its ends exist.
    pub fn edge(&self, ix: EdgeIx) -> Option<&Edge> {
        let at = self.edges.binary_search_by_key(&ix, |edge| edge.ix).ok()?;
        self.edges.get(at)
    }

    /// The number of a name.
    pub fn find(&self, name: &str) -> Option<NodeIx> {
        self.names.get(name).copied()
    }

    /// The name of a node.
    pub fn name(&self, ix: NodeIx) -> &str {
        self.node(ix).map_or("", |node| &node.name)
    }

    /// What a node does.
    pub fn role(&self, ix: NodeIx) -> Option<Role> {
        *self.roles.get(ix.0 as usize)?
    }

    /// What the document says of a node.
    pub fn spec_of(&self, ix: NodeIx) -> Option<&crate::spec::Node> {
        let index = self.node(ix)?.index?;
        let nodes = self.spec.spec.as_ref()?.nodes.as_ref()?;
        nodes.entries.get(index).map(|named| &named.value)
    }

    /// What the document says of an edge.
    pub fn edge_spec(&self, ix: EdgeIx) -> Option<&crate::spec::Edge> {
        let edges = self.spec.spec.as_ref()?.edges.as_ref()?;
        edges.get(ix.0 as usize).map(|edge| &edge.value)
    }

    /// `node.port`, as an edge writes it.
    pub fn port_path(&self, ix: PortIx) -> String {
        self.port(ix).map_or_else(String::new, |port| {
            format!("{}.{}", self.name(port.node), port.name)
        })
    }

    /// A port of a node by its name.
    pub fn find_port(&self, node: NodeIx, direction: Direction, name: &str) -> Option<PortIx> {
        let node = self.node(node)?;
        let ports = match direction {
            Direction::Input => &node.inputs,
            Direction::Output => &node.outputs,
        };
        ports
            .iter()
            .copied()
            .find(|&ix| self.port(ix).is_some_and(|port| port.name == name))
    }

    /// Where the document states each node, by its number; see [`Node::extent`].
    pub(crate) fn extents(&self) -> &[Span] {
        &self.extents
    }

    /// All nodes of the document, the graph's own inputs and outputs left out.
    pub fn model_nodes(&self) -> impl Iterator<Item = (NodeIx, &Node)> {
        self.nodes
            .iter()
            .enumerate()
            .skip(2)
            .filter_map(|(at, node)| u32::try_from(at).ok().map(|at| (NodeIx(at), node)))
    }

    /// All ports with their numbers.
    pub fn all_ports(&self) -> impl Iterator<Item = (PortIx, &Port)> {
        self.ports
            .iter()
            .enumerate()
            .filter_map(|(at, port)| u32::try_from(at).ok().map(|at| (PortIx(at), port)))
    }

    /// The edges that end at an input port, or begin at an output port.
    pub fn edges_at(&self, port: PortIx) -> impl Iterator<Item = &Edge> {
        let positions = self.port(port).map_or(&[][..], |port| &port.edges);
        positions.iter().filter_map(|&at| self.edges.get(at))
    }

    /// Positions in [`Graph::edges`] of those that end or begin at a port.
    pub(crate) fn positions_at(&self, port: PortIx) -> &[usize] {
        self.port(port).map_or(&[], |port| &port.edges)
    }

    /// Positions in [`Graph::edges`] of those that end at a node.
    pub(crate) fn positions_in(&self, node: NodeIx) -> &[usize] {
        self.node(node).map_or(&[], |node| &node.incoming)
    }

    /// Positions in [`Graph::edges`] of those that begin at a node.
    pub(crate) fn positions_out(&self, node: NodeIx) -> &[usize] {
        self.node(node).map_or(&[], |node| &node.outgoing)
    }

    /// The edges that end at a node.
    pub fn incoming(&self, node: NodeIx) -> impl Iterator<Item = &Edge> {
        let positions = self.node(node).map_or(&[][..], |node| &node.incoming);
        positions.iter().filter_map(|&at| self.edges.get(at))
    }

    /// The edges that begin at a node.
    pub fn outgoing(&self, node: NodeIx) -> impl Iterator<Item = &Edge> {
        let positions = self.node(node).map_or(&[][..], |node| &node.outgoing);
        positions.iter().filter_map(|&at| self.edges.get(at))
    }
}
