//! What a join cancels once it has what it needs: the work that serves it alone.

use std::collections::BTreeSet;

use super::flow::{Edge, Gather, Node, Rounds};
use super::{Flow, Network};

/// A join that cancels what is no longer needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancel {
    /// The number of the join.
    pub join: usize,
    /// The nodes from which every way leads to the join, in ascending order.
    pub nodes: Vec<usize>,
    /// Whether they and the join run in the rounds of one loop: then each round is decided alone.
    pub in_rounds: bool,
}

/// The joins that have something to cancel.
pub(super) fn find(
    network: &Network,
    nodes: &[Node],
    edges: &[Edge],
    loops: &[Rounds],
) -> Vec<Cancel> {
    let stages = network.stages.iter().zip(nodes).enumerate();
    let joins = stages
        .filter(|(_, (stage, node))| stage.cancel && matches!(node.gather, Gather::Values(_)));
    let loop_of = |node: usize| {
        let mut loops = loops.iter();
        loops.position(|rounds| rounds.body.binary_search(&node).is_ok())
    };
    let cancels = joins.map(|(join, _)| {
        let own = loop_of(join);
        // A value from outside of a loop counts in later rounds too.
        let is_of_it = |&node: &usize| own.is_none() || loop_of(node) == own;
        Cancel {
            join,
            nodes: serving(join, nodes, edges).filter(is_of_it).collect(),
            in_rounds: own.is_some(),
        }
    });
    cancels.filter(|cancel| !cancel.nodes.is_empty()).collect()
}

/// The nodes before one from which no way leads past it.
fn serving(join: usize, nodes: &[Node], edges: &[Edge]) -> impl Iterator<Item = usize> {
    let mut serving = before(join, nodes, edges);
    loop {
        let leads_past = |&node: &usize| {
            let outputs = nodes.get(node).map_or(&[][..], |node| &node.outputs);
            let mut ends = outputs.iter().filter_map(|&edge| Some(edges.get(edge)?.to));
            ends.any(|to| to != join && !serving.contains(&to))
        };
        let past: Vec<usize> = serving.iter().copied().filter(leads_past).collect();
        if past.is_empty() {
            return serving.into_iter();
        }
        for node in past {
            serving.remove(&node);
        }
    }
}

/// The nodes from which a way leads to one, without itself.
fn before(join: usize, nodes: &[Node], edges: &[Edge]) -> BTreeSet<usize> {
    let (mut found, mut open) = (BTreeSet::new(), vec![join]);
    while let Some(node) = open.pop() {
        let inputs = nodes.get(node).map_or(&[][..], |node| &node.inputs);
        for from in inputs.iter().filter_map(|&edge| edges.get(edge)?.from) {
            if from != join && found.insert(from) {
                open.push(from);
            }
        }
    }
    found
}

impl Flow {
    /// Whether work of a node may be cancelled: then its arrivals ask for less than is known before
    /// they come.
    pub fn is_relieved(&self, node: usize) -> bool {
        let mut cancels = self.cancels.iter();
        cancels.any(|cancel| cancel.nodes.binary_search(&node).is_ok())
    }
}
