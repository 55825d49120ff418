//! Loops within loops: what is run again together.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::kosaraju_scc;
use petgraph::graphmap::DiGraphMap;

use crate::graph::{Edge, Graph, NodeIx, cycles, topological_order};
use crate::order::Arrange as _;

/// A step of a graph.
#[derive(Debug)]
pub(super) enum Step<'g> {
    /// A node.
    Node(NodeIx),
    /// Steps that are run again when one of some edges leads back.
    Loop {
        name: String,
        steps: Vec<Step<'g>>,
        back: Vec<&'g Edge>,
    },
}

/// A graph as steps, each behind all that feed it.
#[derive(Debug)]
pub(super) struct Steps<'g> {
    pub(super) all: Vec<Step<'g>>,
    /// The loops that each node is in, the outermost first.
    pub(super) within: BTreeMap<NodeIx, Vec<String>>,
    /// The edges that lead back.
    pub(super) back: BTreeSet<u32>,
    /// Cycles without a bound.
    pub(super) endless: Vec<Vec<NodeIx>>,
}

impl<'g> Steps<'g> {
    /// O(nodes + edges) for each loop within a loop.
    pub(super) fn of(graph: &'g Graph) -> Self {
        let order = topological_order(graph);
        let mut steps = Self {
            all: Vec::new(),
            within: BTreeMap::new(),
            back: BTreeSet::new(),
            endless: cycles(graph, &order),
        };
        let nodes: Vec<NodeIx> = order.into_iter().filter(|ix| ix.is_model()).collect();
        let mut finder = Finder {
            graph,
            places: nodes.iter().copied().zip(0..).collect(),
            found: &mut steps,
        };
        let found = finder.steps(&nodes, &mut Vec::new());
        steps.all = found;
        steps
    }
}

struct Finder<'f, 'g> {
    graph: &'g Graph,
    places: BTreeMap<NodeIx, usize>,
    found: &'f mut Steps<'g>,
}

impl<'g> Finder<'_, 'g> {
    fn place(&self, ix: NodeIx) -> usize {
        self.places.get(&ix).copied().unwrap_or(usize::MAX)
    }

    /// The edges between some nodes that do not lead back in a loop around them.
    fn edges(&self, nodes: &[NodeIx]) -> Vec<&'g Edge> {
        let within: BTreeSet<NodeIx> = nodes.iter().copied().collect();
        let graph = self.graph;
        let edges = nodes.iter().flat_map(|&ix| graph.outgoing(ix));
        edges
            .filter(|edge| within.contains(&edge.target) && !self.found.back.contains(&edge.ix.0))
            .collect()
    }

    fn steps(&mut self, nodes: &[NodeIx], within: &mut Vec<String>) -> Vec<Step<'g>> {
        let edges = self.edges(nodes);
        let leads_onwards = |edge: &&&Edge| self.place(edge.source) < self.place(edge.target);
        if edges.iter().all(|edge| leads_onwards(&edge)) {
            for &ix in nodes {
                self.found.within.insert(ix, within.clone());
            }
            return nodes.iter().copied().map(Step::Node).collect();
        }
        let mut map: DiGraphMap<u32, ()> = DiGraphMap::new();
        for ix in nodes {
            map.add_node(ix.0);
        }
        for edge in &edges {
            map.add_edge(edge.source.0, edge.target.0, ());
        }
        let mut sets: Vec<Vec<NodeIx>> = kosaraju_scc(&map)
            .into_iter()
            .map(|set| {
                let mut set: Vec<NodeIx> = set.into_iter().map(NodeIx).collect();
                set.arrange_by_key(|&ix| self.place(ix));
                set
            })
            .collect();
        sets.arrange_by_key(|set| set.first().map(|&ix| self.place(ix)));
        let mut steps = Vec::new();
        for set in sets {
            steps.push(self.step(&set, within));
        }
        steps
    }

    fn step(&mut self, set: &[NodeIx], within: &mut Vec<String>) -> Step<'g> {
        let inside = self.edges(set);
        let back = inside
            .into_iter()
            .filter(|edge| self.place(edge.target) <= self.place(edge.source));
        let back: Vec<&Edge> = back.collect();
        let head = back.iter().map(|edge| self.place(edge.target)).min();
        let Some(head) = head else {
            let ix = set.first().copied().unwrap_or(NodeIx::INPUTS);
            self.found.within.insert(ix, within.clone());
            return Step::Node(ix);
        };
        let back: Vec<&Edge> = back
            .into_iter()
            .filter(|edge| self.place(edge.target) == head)
            .collect();
        self.found.back.extend(back.iter().map(|edge| edge.ix.0));
        let name = format!("loop-{}", self.found.back.len());
        within.push(name.clone());
        let steps = self.steps(set, within);
        within.pop();
        Step::Loop { name, steps, back }
    }
}

#[cfg(test)]
mod tests {
    use core::fmt::Write as _;

    use super::*;
    use crate::Analysis;

    fn drawn(graph: &Graph, steps: &[Step<'_>]) -> String {
        let one = |step: &Step<'_>| match step {
            Step::Node(ix) => graph.name(*ix).to_owned(),
            Step::Loop { steps, back, .. } => {
                let back: Vec<&str> = back.iter().map(|edge| graph.name(edge.source)).collect();
                format!("({} < {})", drawn(graph, steps), back.join(" "))
            }
        };
        steps.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn loops_are_found_within_each_other() {
        let node = "{role: custom, inputs: {in: {type: any}}, outputs: {out: {type: any}}}";
        let mut text = "apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\nmetadata: {name: g}\n\
                        spec:\n  inputs: {q: {type: any}}\n  outputs: {o: {type: any}}\n  nodes:\n"
            .to_owned();
        for name in ["a", "b", "c", "d", "e"] {
            let _ = writeln!(text, "    {name}: {node}");
        }
        text.push_str(
            "  edges:\n    - {from: inputs.q, to: a.in}\n    - {from: a.out, to: b.in}\n    \
             - {from: b.out, to: c.in}\n    - {from: c.out, to: d.in}\n    \
             - {from: d.out, to: e.in}\n    - {from: e.out, to: outputs.o}\n    \
             - {from: d.out, to: a.in, loop: {maxIterations: 2}}\n    \
             - {from: c.out, to: b.in, loop: {maxIterations: 3}}\n    \
             - {from: e.out, to: e.in, loop: {maxIterations: 3}}\n",
        );
        let analysis = Analysis::new(text);
        let graph = analysis.graph.as_ref().unwrap();
        let steps = Steps::of(graph);
        assert_eq!(drawn(graph, &steps.all), "(a (b c < c) d < d) (e < e)");
        let c = graph.find("c").unwrap();
        assert_eq!(steps.within[&c], ["loop-1", "loop-2"]);
        assert!(steps.endless.is_empty());
    }
}
