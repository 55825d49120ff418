//! A graph as petgraph sees it, read where it stands.

use petgraph::Direction;
use petgraph::visit::{
    GraphBase, GraphRef, IntoNeighbors, IntoNeighborsDirected, IntoNodeIdentifiers, VisitMap,
    Visitable,
};

use super::{Graph, NodeIx};

/// The edges that lead onwards, those with a `loop` left out.
#[derive(Clone, Copy)]
pub(super) struct Forward<'g>(pub(super) &'g Graph);

/// The same, with an edge from the graph's inputs to each node that nothing feeds: what such a node
/// gives comes from nowhere else.
#[derive(Clone, Copy)]
pub(super) struct Rooted<'g>(pub(super) &'g Graph);

/// Which nodes a search has seen, by their numbers.
#[derive(Clone)]
pub(super) struct Seen(Vec<bool>);

impl Seen {
    fn nothing(graph: &Graph) -> Self {
        Self(vec![false; graph.nodes.len()])
    }
}

impl VisitMap<u32> for Seen {
    fn visit(&mut self, node: u32) -> bool {
        let seen = self.0.get_mut(node as usize);
        seen.is_some_and(|seen| !core::mem::replace(seen, true))
    }

    fn is_visited(&self, node: &u32) -> bool {
        self.0.get(*node as usize) == Some(&true)
    }

    fn unvisit(&mut self, node: u32) -> bool {
        let seen = self.0.get_mut(node as usize);
        seen.is_some_and(core::mem::take)
    }
}

macro_rules! graph {
    ($name:ident) => {
        impl GraphBase for $name<'_> {
            type NodeId = u32;
            type EdgeId = ();
        }

        impl GraphRef for $name<'_> {}

        impl Visitable for $name<'_> {
            type Map = Seen;

            fn visit_map(&self) -> Seen {
                Seen::nothing(self.0)
            }

            fn reset_map(&self, map: &mut Seen) {
                *map = Seen::nothing(self.0);
            }
        }
    };
}

graph!(Forward);
graph!(Rooted);

impl IntoNodeIdentifiers for Forward<'_> {
    type NodeIdentifiers = core::ops::Range<u32>;

    fn node_identifiers(self) -> Self::NodeIdentifiers {
        0..u32::try_from(self.0.nodes.len()).unwrap_or(u32::MAX)
    }
}

impl<'g> IntoNeighborsDirected for Forward<'g> {
    type NeighborsDirected = Box<dyn Iterator<Item = u32> + 'g>;

    fn neighbors_directed(self, node: u32, way: Direction) -> Self::NeighborsDirected {
        let Self(graph) = self;
        match way {
            Direction::Outgoing => Box::new(graph.targets(NodeIx(node)).map(|ix| ix.0)),
            Direction::Incoming => Box::new(graph.sources(NodeIx(node)).map(|ix| ix.0)),
        }
    }
}

impl<'g> IntoNeighbors for Forward<'g> {
    type Neighbors = Box<dyn Iterator<Item = u32> + 'g>;

    fn neighbors(self, node: u32) -> Self::Neighbors {
        self.neighbors_directed(node, Direction::Outgoing)
    }
}

impl<'g> IntoNeighbors for Rooted<'g> {
    type Neighbors = Box<dyn Iterator<Item = u32> + 'g>;

    fn neighbors(self, node: u32) -> Self::Neighbors {
        let Self(graph) = self;
        let targets = Forward(graph).neighbors(node);
        if NodeIx(node) != NodeIx::INPUTS {
            return targets;
        }
        let unfed = graph.model_nodes().map(|(ix, _)| ix);
        let unfed = unfed.filter(|&ix| graph.sources(ix).next().is_none());
        Box::new(targets.chain(unfed.map(|ix| ix.0)))
    }
}
