//! A graph as sequences and forks, for targets that know nothing else.
//!
//! Edges that only jump ahead of a longer way (side inputs) do not count: a target that hands each
//! step the answer before it cannot keep them anyway, and says so.

use std::collections::BTreeSet;

use crate::graph::{Graph, NodeIx, topological_order};

/// One part of a sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::export) enum Part {
    /// A node.
    Node(NodeIx),
    /// Sequences beside each other, from the part before to the part behind.
    Fork(Vec<Vec<Part>>),
}

/// The shape of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::export) struct Shape {
    /// From the graph's inputs to its outputs.
    pub(in crate::export) parts: Vec<Part>,
    /// Pairs of nodes with an edge that jumps ahead of a longer way.
    pub(in crate::export) jumps: BTreeSet<(NodeIx, NodeIx)>,
    /// Nodes whose answers reach no output.
    pub(in crate::export) unused: Vec<NodeIx>,
}

/// Why a graph has no such shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::export) enum Tangle {
    /// An edge leads back from the first to the second.
    Loop(NodeIx, NodeIx),
    /// The ways between these nodes cross.
    Crossing(Vec<NodeIx>),
    /// Forks within forks, or nodes, of which there are too many.
    Large,
}

/// The most nodes whose ways are compared: it takes nodes × edges steps.
const MOST: usize = 2_000;
/// Forks within forks that are followed.
const DEEPEST: usize = 32;

/// The shape of a graph, or what keeps it from having one. O(nodes · edges).
pub(in crate::export) fn of(graph: &Graph) -> Result<Shape, Tangle> {
    if let Some(edge) = graph.edges.iter().find(|edge| edge.is_loop) {
        return Err(Tangle::Loop(edge.source, edge.target));
    }
    if graph.nodes.len() > MOST {
        return Err(Tangle::Large);
    }
    let used = used(graph);
    let order = topological_order(graph);
    let unused = order.iter().filter(|ix| !used.contains(ix)).copied();
    let unused = unused.collect();
    let order: Vec<NodeIx> = order.into_iter().filter(|ix| used.contains(ix)).collect();
    let mut ways = Ways::new(graph, order);
    let jumps = ways.reduce();
    // The graph's own inputs come first and its outputs last; all else lies between.
    let between: Vec<usize> = (1..ways.order.len().saturating_sub(1)).collect();
    let parts = ways.parse(&between, 0)?;
    Ok(Shape {
        parts,
        jumps,
        unused,
    })
}

/// The nodes whose answers reach an output.
pub(in crate::export) fn used(graph: &Graph) -> BTreeSet<NodeIx> {
    let mut used = BTreeSet::from([NodeIx::INPUTS, NodeIx::OUTPUTS]);
    let mut open = vec![NodeIx::OUTPUTS];
    while let Some(ix) = open.pop() {
        for edge in graph.incoming(ix) {
            if used.insert(edge.source) {
                open.push(edge.source);
            }
        }
    }
    used
}

/// Who follows whom, by places in the order.
struct Ways {
    order: Vec<NodeIx>,
    after: Vec<BTreeSet<usize>>,
}

impl Ways {
    fn new(graph: &Graph, order: Vec<NodeIx>) -> Self {
        let mut places = vec![None; graph.nodes.len()];
        for (place, ix) in order.iter().enumerate() {
            if let Some(slot) = places.get_mut(ix.0 as usize) {
                *slot = Some(place);
            }
        }
        let place = |ix: NodeIx| places.get(ix.0 as usize).copied().flatten();
        let mut after: Vec<BTreeSet<usize>> = order
            .iter()
            .map(|&ix| {
                let targets = graph.outgoing(ix).filter_map(|edge| place(edge.target));
                targets.collect()
            })
            .collect();
        // What needs nothing begins with the request.
        let fed: BTreeSet<usize> = after.iter().flatten().copied().collect();
        let free = (1..order.len()).filter(|place| !fed.contains(place));
        if let Some(first) = after.first_mut() {
            first.extend(free);
        }
        Self { order, after }
    }

    fn after(&self, place: usize) -> impl Iterator<Item = usize> + '_ {
        self.after.get(place).into_iter().flatten().copied()
    }

    /// Takes away the edges that jump ahead.
    fn reduce(&mut self) -> BTreeSet<(NodeIx, NodeIx)> {
        let mut jumps = BTreeSet::new();
        let mut seen = vec![usize::MAX; self.order.len()];
        for place in (0..self.order.len()).rev() {
            let mut kept = BTreeSet::new();
            // The nearest first: who is reached already has a longer way.
            for next in self.after(place).collect::<Vec<_>>() {
                if seen.get(next) == Some(&place) {
                    let ends = self.order.get(place).zip(self.order.get(next));
                    jumps.extend(ends.map(|(from, to)| (*from, *to)));
                    continue;
                }
                kept.insert(next);
                let mut open = vec![next];
                while let Some(at) = open.pop() {
                    let Some(slot) = seen.get_mut(at) else {
                        continue;
                    };
                    if core::mem::replace(slot, place) != place {
                        open.extend(self.after(at));
                    }
                }
            }
            if let Some(slot) = self.after.get_mut(place) {
                *slot = kept;
            }
        }
        jumps
    }

    /// The parts of a region that is entered and left at one place each; its places in order.
    fn parse(&self, region: &[usize], depth: usize) -> Result<Vec<Part>, Tangle> {
        if depth > DEEPEST {
            return Err(Tangle::Large);
        }
        let mut parts = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        let cuts = self.cuts(region);
        for &place in region {
            if !cuts.contains(&place) {
                open.push(place);
                continue;
            }
            if !open.is_empty() {
                parts.push(self.fork(&core::mem::take(&mut open), depth)?);
            }
            parts.extend(self.order.get(place).map(|&ix| Part::Node(ix)));
        }
        if !open.is_empty() {
            parts.push(self.fork(&open, depth)?);
        }
        Ok(parts)
    }

    /// The places that every way through a region passes: those that no edge jumps over.
    fn cuts(&self, region: &[usize]) -> BTreeSet<usize> {
        let within = |place: usize| region.binary_search(&place).is_ok();
        let fed: BTreeSet<usize> = region.iter().flat_map(|&place| self.after(place)).collect();
        let last_head = region.iter().rfind(|place| !fed.contains(place));
        let mut cuts = BTreeSet::new();
        let mut farthest = 0;
        for &place in region {
            if farthest <= place && last_head.is_none_or(|&head| head <= place) {
                cuts.insert(place);
            }
            for next in self.after(place) {
                let next = if within(next) { next } else { usize::MAX };
                farthest = farthest.max(next);
            }
        }
        cuts
    }

    /// The sequences of a region that nothing joins on the way.
    fn fork(&self, region: &[usize], depth: usize) -> Result<Part, Tangle> {
        let branches = self.components(region);
        if branches.len() < 2 {
            let nodes = region.iter().filter_map(|&place| self.order.get(place));
            return Err(Tangle::Crossing(nodes.copied().collect()));
        }
        let branches = branches.iter();
        let parsed = branches.map(|branch| self.parse(branch, depth.saturating_add(1)));
        Ok(Part::Fork(parsed.collect::<Result<_, _>>()?))
    }

    /// Sets of places that edges within the region join, each in order.
    fn components(&self, region: &[usize]) -> Vec<Vec<usize>> {
        let within = |place: &usize| region.binary_search(place).ok();
        // Each place's component by the index of its first member.
        let mut heads: Vec<usize> = (0..region.len()).collect();
        let find = |heads: &[usize], mut at: usize| {
            while let Some(&above) = heads.get(at) {
                if above == at {
                    break;
                }
                at = above;
            }
            at
        };
        for (index, &place) in region.iter().enumerate() {
            for next in self.after(place).filter_map(|next| within(&next)) {
                let (a, b) = (find(&heads, index), find(&heads, next));
                if let Some(slot) = heads.get_mut(a.max(b)) {
                    *slot = a.min(b);
                }
            }
        }
        let mut found: Vec<(usize, Vec<usize>)> = Vec::new();
        for (index, &place) in region.iter().enumerate() {
            let head = find(&heads, index);
            match found.iter_mut().find(|(known, _)| *known == head) {
                Some((_, members)) => members.push(place),
                None => found.push((head, vec![place])),
            }
        }
        found.into_iter().map(|(_, members)| members).collect()
    }
}

#[cfg(test)]
mod tests {
    use core::fmt::Write as _;

    use super::*;
    use crate::Analysis;

    fn drawn(graph: &Graph, parts: &[Part]) -> String {
        let one = |part: &Part| match part {
            Part::Node(ix) => graph.name(*ix).to_owned(),
            Part::Fork(branches) => {
                let branches = branches.iter().map(|branch| drawn(graph, branch));
                format!("({})", branches.collect::<Vec<_>>().join(" | "))
            }
        };
        parts.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    fn shape(nodes: &[&str], edges: &[(&str, &str)]) -> Result<String, Tangle> {
        let mut text = "apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\nmetadata: {name: g}\n\
                        spec:\n  inputs: {q: {type: any}}\n  outputs: {o: {type: any}}\n  nodes:\n"
            .to_owned();
        for node in nodes {
            let _ = writeln!(
                text,
                "    {node}: {{role: custom, inputs: {{in: {{type: any}}}}, outputs: {{out: {{type: any}}}}}}"
            );
        }
        text.push_str("  edges:\n");
        for (from, to) in edges {
            let from = if *from == "q" {
                "inputs.q".to_owned()
            } else {
                format!("{from}.out")
            };
            let to = if *to == "o" {
                "outputs.o".to_owned()
            } else {
                format!("{to}.in")
            };
            let _ = writeln!(text, "    - {{from: {from}, to: {to}}}");
        }
        let analysis = Analysis::new(text);
        let graph = analysis.graph.as_ref().unwrap();
        let shape = of(graph)?;
        let mut text = drawn(graph, &shape.parts);
        for (from, to) in &shape.jumps {
            let _ = write!(text, ", {}>{}", graph.name(*from), graph.name(*to));
        }
        Ok(text)
    }

    #[test]
    fn sequences_and_forks_are_found_within_each_other() {
        let chain = [("q", "a"), ("a", "b"), ("b", "c"), ("c", "o")];
        assert_eq!(shape(&["a", "b", "c"], &chain).unwrap(), "a b c");
        let side = [("q", "a"), ("a", "b"), ("b", "c"), ("a", "c"), ("c", "o")];
        assert_eq!(shape(&["a", "b", "c"], &side).unwrap(), "a b c, a>c");
        let nested = [
            ("q", "a"),
            ("a", "b"),
            ("b", "c"),
            ("b", "d"),
            ("c", "e"),
            ("d", "e"),
            ("e", "o"),
            ("a", "f"),
            ("f", "o"),
        ];
        assert_eq!(
            shape(&["a", "b", "c", "d", "e", "f"], &nested).unwrap(),
            "a (b (c | d) e | f)"
        );
        let open = [("q", "a"), ("q", "b"), ("a", "o"), ("b", "o")];
        assert_eq!(shape(&["a", "b"], &open).unwrap(), "(a | b)");
    }

    #[test]
    fn ways_that_cross_have_no_shape() {
        let edges = [
            ("q", "a"),
            ("q", "b"),
            ("a", "c"),
            ("b", "c"),
            ("b", "d"),
            ("c", "o"),
            ("d", "o"),
        ];
        let tangle = shape(&["a", "b", "c", "d"], &edges).unwrap_err();
        assert!(matches!(tangle, Tangle::Crossing(nodes) if nodes.len() == 4));
    }
}
