//! Edges and ports in a few bytes each: what passes over the whole graph reads these tables, and
//! leaves names and types where they are.

use super::{Direction, Edge, NodeIx, Port, PortIx};
use crate::spec::{Duration, EdgeRole, Role};

/// Of each node the other ends of its edges on one side, in the order of the document.
#[derive(Clone, Debug, Default)]
pub(super) struct Links {
    /// Where each node's begin, and where the last one's end.
    starts: Vec<usize>,
    ends: Vec<Link>,
}

/// The other end of an edge.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) node: NodeIx,
    /// Whether the edge closes a cycle with a bound.
    pub(super) is_loop: bool,
    /// Whether values pass along it.
    pub(super) carries_data: bool,
    /// How long passing along it takes.
    pub(super) hop: Duration,
}

impl Links {
    /// Of edges that begin or end at nodes; `own` and `other` are an edge's two ends.
    /// O(nodes + edges).
    pub(super) fn new(
        nodes: usize,
        edges: &[Edge],
        own: fn(&Edge) -> NodeIx,
        other: fn(&Edge) -> NodeIx,
    ) -> Self {
        // Counted one place further on: after the sums each node's own place says where its links
        // begin, and counts on while they are laid down.
        let mut starts = vec![0_usize; nodes.saturating_add(2)];
        for edge in edges {
            if let Some(count) = starts.get_mut((own(edge).0 as usize).saturating_add(2)) {
                *count = count.saturating_add(1);
            }
        }
        let mut sum = 0_usize;
        for start in &mut starts {
            sum = sum.saturating_add(*start);
            *start = sum;
        }
        let nothing = Link {
            node: NodeIx::INPUTS,
            is_loop: false,
            carries_data: false,
            hop: Duration(0),
        };
        let mut ends = vec![nothing; edges.len()];
        for edge in edges {
            let next = starts.get_mut((own(edge).0 as usize).saturating_add(1));
            let Some(next) = next else { continue };
            if let Some(slot) = ends.get_mut(*next) {
                *slot = Link {
                    node: other(edge),
                    is_loop: edge.is_loop,
                    carries_data: edge.role != EdgeRole::Control,
                    hop: edge.hop,
                };
            }
            *next = next.saturating_add(1);
        }
        Self { starts, ends }
    }

    pub(super) fn of(&self, ix: NodeIx) -> &[Link] {
        let at = ix.0 as usize;
        let range = self.starts.get(at).zip(self.starts.get(at.wrapping_add(1)));
        let own = range.and_then(|(&start, &end)| self.ends.get(start..end));
        own.unwrap_or_default()
    }
}

/// What most questions about a port ask first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Brief {
    /// Whose it is.
    pub(crate) node: NodeIx,
    /// Whether it takes or gives.
    pub(crate) direction: Direction,
    /// Whether it needs a value.
    pub(crate) required: bool,
    /// Whether its values are personal.
    pub(crate) personal: bool,
    /// How many edges end or begin there, 2 for all that is more.
    pub(crate) edges: u8,
}

impl Brief {
    pub(super) fn of(port: &Port) -> Self {
        Self {
            node: port.node,
            direction: port.direction,
            required: port.required,
            personal: port.data_class == Some(crate::spec::DataClass::Personal),
            edges: u8::try_from(port.edges.len().min(2)).unwrap_or(2),
        }
    }
}

impl super::Graph {
    /// The nodes at the ends of a node's edges, those that close a cycle with a bound left out; a
    /// node for each edge.
    pub(crate) fn targets(&self, ix: NodeIx) -> impl Iterator<Item = NodeIx> {
        let links = self.onward.of(ix).iter();
        links.filter(|link| !link.is_loop).map(|link| link.node)
    }

    /// The same with how long passing there takes.
    pub(super) fn hops(&self, ix: NodeIx) -> impl Iterator<Item = (NodeIx, Duration)> {
        let links = self.onward.of(ix).iter();
        let onward = links.filter(|link| !link.is_loop);
        onward.map(|link| (link.node, link.hop))
    }

    /// The nodes where the edges to a node begin, likewise.
    pub(crate) fn sources(&self, ix: NodeIx) -> impl Iterator<Item = NodeIx> {
        let links = self.back.of(ix).iter();
        links.filter(|link| !link.is_loop).map(|link| link.node)
    }

    /// The nodes that the edges from a node lead to, whichever edges they are.
    pub(crate) fn followers(&self, ix: NodeIx) -> impl Iterator<Item = NodeIx> {
        self.onward.of(ix).iter().map(|link| link.node)
    }

    /// The nodes where the edges to a node begin, whichever edges they are.
    pub(crate) fn feeders(&self, ix: NodeIx) -> impl Iterator<Item = NodeIx> {
        self.back.of(ix).iter().map(|link| link.node)
    }

    /// The nodes that a node's values pass to.
    pub(crate) fn takers(&self, ix: NodeIx) -> impl Iterator<Item = NodeIx> {
        let links = self.onward.of(ix).iter();
        links.filter(|link| link.carries_data).map(|link| link.node)
    }

    /// The nodes whose values a node gets.
    pub(crate) fn givers(&self, ix: NodeIx) -> impl Iterator<Item = NodeIx> {
        let links = self.back.of(ix).iter();
        links.filter(|link| link.carries_data).map(|link| link.node)
    }

    /// Whether a node gets a value along an edge that closes no cycle.
    pub(crate) fn is_given(&self, ix: NodeIx) -> bool {
        let mut links = self.back.of(ix).iter();
        links.any(|link| link.carries_data && !link.is_loop)
    }

    /// The nodes that do one thing, in the order of the document. O(nodes), and quick.
    pub(crate) fn of_role(&self, role: Role) -> impl Iterator<Item = NodeIx> + Clone {
        let nodes = (0_u32..).map(NodeIx).zip(&self.roles);
        nodes.filter_map(move |(ix, own)| (*own == Some(role)).then_some(ix))
    }

    /// All ports in brief, with their numbers.
    pub(crate) fn briefs(&self) -> impl Iterator<Item = (PortIx, Brief)> {
        (0_u32..).map(PortIx).zip(self.briefs.iter().copied())
    }

    /// A port in brief.
    pub(crate) fn brief(&self, ix: PortIx) -> Option<Brief> {
        self.briefs.get(ix.0 as usize).copied()
    }
}
