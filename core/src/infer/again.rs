//! Inference after an edit: only the parts of the graph that the edit touched.

use std::collections::BTreeSet;

use super::known::Known;
use super::symbols::has_symbols;
use super::unify::{Unifier, ports_of};
use super::{Conflict, Typing};
use crate::graph::{Graph, NodeIx, PortIx, merging_joins};
use crate::incremental::Changes;
use crate::order::Arrange as _;

/// The types after an edit, and what of them differs.
pub(crate) struct Again {
    pub(crate) typing: Typing,
    /// The ports whose type says something else.
    pub(crate) typed: Vec<PortIx>,
    /// Whether the kind of one does.
    pub(crate) kinds: bool,
}

/// Infers the types of a graph, given those of the graph before; `None` where symbols join
/// everything with everything. Equal to [`super::infer`] in what it says.
pub(crate) fn again(
    (old_graph, old): (&Graph, &Typing),
    graph: &Graph,
    changes: &Changes,
) -> Option<Again> {
    if !old.symbolic.is_empty() {
        return None;
    }
    let mut typing = Typing {
        known: old.known.clone(),
        merging: if changes.shape {
            merging_joins(graph)
        } else {
            old.merging.clone()
        },
        ..Typing::default()
    };
    typing.known.truncate(graph.ports.len());
    let kept = typing.known.len();
    for port in graph.ports.iter().skip(kept) {
        typing.known.push(Known::stated(port.ty.clone()));
    }
    let seeds = seeds(old_graph, (graph, &typing), old, changes);
    let mut unifier = Unifier::new(graph, typing);
    let mut touched = Vec::new();
    for seed in seeds {
        touched.extend(unifier.infer(seed));
    }
    let symbols = |ix: &PortIx| unifier.typing.of(*ix).is_some_and(has_symbols);
    if touched.iter().any(symbols) {
        return None;
    }
    let conflicts = conflicts(&unifier, (graph, &touched), (old_graph, old), changes);
    let mut typing = unifier.typing;
    typing.conflicts = conflicts;
    let mut kinds = false;
    touched.retain(|&ix| match (old.of(ix), typing.of(ix)) {
        (Some(before), Some(now)) => {
            kinds |= before.kind != now.kind;
            !before.says_the_same(now)
        }
        _ => true,
    });
    let typed = touched;
    Some(Again {
        typing,
        typed,
        kinds,
    })
}

/// The ports where an edit may have changed what is known: those of nodes that state something
/// else, and the ends of edges that came or went.
fn seeds(
    old_graph: &Graph,
    (graph, typing): (&Graph, &Typing),
    old: &Typing,
    changes: &Changes,
) -> Vec<PortIx> {
    let mut nodes: BTreeSet<NodeIx> = BTreeSet::new();
    nodes.extend(&changes.nodes);
    nodes.extend(old.merging.symmetric_difference(&typing.merging));
    let mut ports = ports_of(graph, &nodes);
    let gone = changes
        .gone
        .iter()
        .filter_map(|&at| old_graph.edges.get(at));
    let added = changes.added.iter().filter_map(|&at| graph.edges.get(at));
    let ends = gone.chain(added).filter_map(|edge| edge.ports);
    ports.extend(ends.flat_map(|(from, to)| [from, to]));
    ports.retain(|&ix| graph.port(ix).is_some());
    ports
}

/// The conflicts at edges that were touched or had one before; all others have none.
fn conflicts(
    unifier: &Unifier<'_>,
    (graph, touched): (&Graph, &[PortIx]),
    (old_graph, old): (&Graph, &Typing),
    changes: &Changes,
) -> Vec<Conflict> {
    let mut edges: Vec<usize> = changes.added.clone();
    for &ix in touched {
        edges.extend(graph.positions_at(ix));
    }
    for conflict in &old.conflicts {
        let at = old_graph
            .edges
            .binary_search_by_key(&conflict.edge, |edge| edge.ix);
        let moved = at
            .ok()
            .and_then(|at| changes.moved.get(at).copied().flatten());
        edges.extend(moved);
    }
    edges.arrange();
    edges.dedup();
    edges
        .into_iter()
        .flat_map(|at| unifier.conflicts(at))
        .collect()
}
