//! What every path passes, said three ways: by petgraph, climbing a table, and in one sweep.
#![allow(missing_docs)]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use modelspec_core::Analysis;
use modelspec_core::graph::{
    Branches, Graph, NodeIx, cycles, dominators, on_every_path, topological_order,
};
use proptest::prelude::*;

/// A graph of nodes that all take and give, joined as pairs of numbers say: below the count a node,
/// above it the graph's own input and output. A pair may close a cycle, with or without a bound.
fn document(count: usize, pairs: &[(usize, usize, bool)]) -> String {
    let mut text = String::from(
        "apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\nmetadata: {name: g}\nspec:\n  \
         inputs: {question: {type: text}}\n  outputs: {answer: {type: text}}\n  nodes:\n",
    );
    for node in 0..count {
        let _ = writeln!(text, "    n{node}: {{role: transformer}}");
    }
    text.push_str("  edges:\n");
    for &(from, to, bound) in pairs {
        let name = |at: usize, port: &str, own: &str| {
            if at < count {
                format!("n{at}.{port}")
            } else {
                own.to_owned()
            }
        };
        let from = name(from, "out", "inputs.question");
        let to = name(to, "in", "outputs.answer");
        let bound = if bound {
            ", loop: {maxIterations: 2}"
        } else {
            ""
        };
        let _ = writeln!(text, "    - {{from: {from}, to: {to}{bound}}}");
    }
    text
}

fn graph(text: &str) -> Graph {
    let graph = Analysis::index(text).graph;
    graph.expect("the document holds a graph")
}

proptest! {
    #[test]
    fn all_ways_to_say_what_every_path_passes_are_one(
        (count, pairs) in (1_usize..9).prop_flat_map(|count| {
            let end = 0..count + 2;
            let pair = (end.clone(), end, prop::bool::weighted(0.15));
            (Just(count), prop::collection::vec(pair, 0..20))
        })
    ) {
        let graph = graph(&document(count, &pairs));
        let order = topological_order(&graph);
        let (branches, tree) = (Branches::new(&graph, &order), dominators(&graph));
        for at in 0..u32::try_from(graph.nodes.len()).unwrap() {
            let expected: BTreeSet<NodeIx> =
                tree.dominators(at).into_iter().flatten().map(NodeIx).collect();
            let climbed: BTreeSet<NodeIx> = branches.over(NodeIx(at)).into_iter().collect();
            prop_assert_eq!(&climbed, &expected, "{}", graph.name(NodeIx(at)));
        }
        if cycles(&graph, &order).is_empty() {
            let swept: BTreeSet<NodeIx> = on_every_path(&graph, &order).into_iter().collect();
            let climbed: BTreeSet<NodeIx> = branches.over(NodeIx::OUTPUTS).into_iter().collect();
            prop_assert_eq!(swept, climbed);
        }
    }
}
