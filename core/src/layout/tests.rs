use core::fmt::Write as _;

use super::*;

const EXAMPLE: &str = include_str!("../../../public/examples/rag-guarded.modelspec.yaml");

fn overlaps(graph: &Graph, places: &[(Item, Point2)]) -> Vec<(Item, Item)> {
    let mut found = Vec::new();
    for (nth, (a, p)) in places.iter().enumerate() {
        for (b, q) in &places[nth + 1..] {
            let ((aw, ah), (bw, bh)) = (size(graph, a), size(graph, b));
            if p.x < q.x + bw && q.x < p.x + aw && p.y < q.y + bh && q.y < p.y + ah {
                found.push((a.clone(), b.clone()));
            }
        }
    }
    found
}

/// A graph of many nodes, each fed by some of those before it.
fn large(nodes: usize) -> String {
    let mut text =
        "apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\nspec:\n  nodes:\n".to_owned();
    for at in 0..nodes {
        writeln!(text, "    n{at}: {{role: transformer}}").unwrap();
    }
    text.push_str("  edges:\n");
    for at in 1..nodes {
        for back in [1 + at * 7 % 13, 1 + at * 5 % 31] {
            let from = at.saturating_sub(back);
            writeln!(text, "    - {{from: n{from}.out, to: n{at}.in}}").unwrap();
        }
    }
    text
}

#[test]
fn edges_lead_forward_and_nothing_overlaps() {
    for text in [EXAMPLE.to_owned(), large(60)] {
        let graph = Analysis::new(text).graph.unwrap();
        for flow in [Flow::Right, Flow::Down] {
            let options = Options {
                flow,
                ..Options::default()
            };
            let places = arrange(&graph, &options);
            assert_eq!(overlaps(&graph, &places), []);
            assert_eq!(places, arrange(&graph, &options));
            let at: BTreeMap<&Item, Point2> = places.iter().map(|(item, at)| (item, *at)).collect();
            for edge in graph
                .edges
                .iter()
                .filter(|edge| edge.source.is_model() && edge.target.is_model())
            {
                let of = |ix| at[&Item::Node(graph.name(ix).to_owned())];
                let (from, to) = (of(edge.source), of(edge.target));
                match flow {
                    Flow::Right => assert!(from.x < to.x, "{}", edge.id),
                    Flow::Down => assert!(from.y < to.y, "{}", edge.id),
                }
            }
        }
    }
}

#[test]
fn a_cycle_and_a_lone_node_are_placed_too() {
    let text = "kind: ModelGraph\nspec:\n  nodes: {a: {role: tool}, b: {role: tool}, c: {}}\n  \
                edges:\n    - {from: a.result, to: b.call}\n    - {from: b.result, to: a.call}\n";
    let graph = Analysis::new(text).graph.unwrap();
    let places = arrange(&graph, &Options::default());
    assert_eq!((places.len(), overlaps(&graph, &places)), (3, Vec::new()));
}

#[test]
fn stated_places_are_kept_and_the_rest_stands_clear_of_them() {
    let analysis = Analysis::new(EXAMPLE);
    let places = positions(&analysis, &Options::default());
    assert_eq!(
        places[&Item::Node("guard".to_owned())],
        Point2::new(240.0, 120.0)
    );
    let all: Vec<(Item, Point2)> = places.into_iter().collect();
    assert_eq!(all.len(), 7);
    assert_eq!(overlaps(analysis.graph.as_ref().unwrap(), &all), []);
    assert!(positions(&Analysis::new(""), &Options::default()).is_empty());
}
