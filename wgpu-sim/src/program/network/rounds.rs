//! Loops: which nodes run in rounds.

use std::collections::{BTreeMap, BTreeSet};

use super::flow::{Edge, Node, Rounds, Step};
use super::{Link, Share};
use crate::error::SimulationError;

/// Why a node in two loops is not simulated, and the way out.
pub(super) const NESTED: &str = "it lies in two loops, and loops within one another are not \
                                 simulated; make one of them a node with its own `service`";

/// Finds the loops by their edges back. Edges back to one node make one loop.
pub(super) fn find(
    nodes: &[Node],
    edges: &[Edge],
    links: &[Link],
) -> Result<Vec<Rounds>, SimulationError> {
    let fail = |node: usize, reason: String| {
        let name = nodes.get(node).map_or("", |node| &node.name);
        Err(SimulationError::station(name, reason))
    };
    let mut heads: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, edge) in edges.iter().enumerate() {
        if edge.rounds > 0 {
            heads.entry(edge.to).or_default().push(index);
        }
    }
    let mut loops: Vec<Rounds> = Vec::new();
    for (head, back) in heads {
        let onward = reach(edges, head, |edge| Some((edge.from?, edge.to)));
        let mut body = BTreeSet::new();
        for &edge in &back {
            let Some(from) = edges.get(edge).and_then(|edge| edge.from) else {
                return fail(head, "an edge leads back to it from the inputs".to_owned());
            };
            let backward = reach(edges, from, |edge| Some((edge.to, edge.from?)));
            let own: BTreeSet<usize> = onward.intersection(&backward).copied().collect();
            if own.is_empty() {
                let reason = "its edge with `loop` closes no cycle; leave `loop` out";
                return fail(from, reason.to_owned());
            }
            body.extend(own);
        }
        let body: Vec<usize> = body.into_iter().collect();
        let is_twice = |node: &&usize| loops.iter().any(|other| other.body.contains(node));
        if let Some(&node) = body.iter().find(is_twice) {
            return fail(node, NESTED.to_owned());
        }
        let is_in = |node: usize| body.binary_search(&node).is_ok();
        let leaves = |edge: &Edge| edge.from.is_some_and(is_in) && !is_in(edge.to);
        let exits = edges.iter().enumerate().filter(|(_, edge)| leaves(edge));
        let tokens = back
            .iter()
            .filter_map(|&edge| match links.get(edge)?.chance {
                Share::Back(back) => Some(back.tokens),
                _ => None,
            });
        loops.push(Rounds {
            head,
            exits: exits.map(|(index, _)| index).collect(),
            tokens: tokens.max().unwrap_or(0),
            back: back
                .iter()
                .filter_map(|&edge| Some((edge, edges.get(edge)?.rounds)))
                .collect(),
            body,
        });
    }
    Ok(loops)
}

/// All nodes that edges onward lead to from one, itself included; `ends` tells from where to where
/// an edge is followed.
fn reach(
    edges: &[Edge],
    from: usize,
    ends: impl Fn(&Edge) -> Option<(usize, usize)>,
) -> BTreeSet<usize> {
    let (mut found, mut open) = (BTreeSet::from([from]), vec![from]);
    while let Some(node) = open.pop() {
        let onward = edges.iter().filter(|edge| edge.rounds == 0);
        for (start, end) in onward.filter_map(&ends) {
            if start == node && found.insert(end) {
                open.push(end);
            }
        }
    }
    found
}

/// How far the numbers of a request's visits are apart; see [`super::Flow::span`].
pub(super) fn span(loops: &[Rounds], tries: u32, counted: u32) -> Result<u32, SimulationError> {
    let back = loops.iter().flat_map(|rounds| &rounds.back);
    let most = back.map(|&(_, rounds)| rounds).max().unwrap_or(1);
    if most > MAX_ROUNDS {
        let reason = format!(
            "a loop of up to {most} rounds; at most {MAX_ROUNDS} are simulated: lower \
             `maxIterations`"
        );
        return Err(SimulationError::station("edge", reason));
    }
    let span = u32::MAX.checked_div(most.saturating_mul(tries));
    let span = span.unwrap_or(u32::MAX);
    // Others are on their way when the last that counts has come.
    if counted > span / 4 {
        return Err(SimulationError::setting(
            "requests",
            "too many for a replication of a graph with so many rounds and tries; give fewer \
             requests, or more replications",
        ));
    }
    Ok(span)
}

/// The most rounds of a loop.
const MAX_ROUNDS: u32 = 1 << 10;

/// Tells generators how visits are numbered, and how their prompts grow from round to round.
pub(super) fn number(loops: &[Rounds], (span, tries): (u32, u32), nodes: &mut [Node]) {
    for (index, node) in nodes.iter_mut().enumerate() {
        if let Step::Continuous { batcher, .. } = &mut node.step {
            (batcher.span, batcher.tries) = (span, tries);
            let mut own = loops.iter().filter(|rounds| rounds.body.contains(&index));
            batcher.growth = own.next().map_or(0, |rounds| rounds.tokens);
        }
    }
}
