//! Inference as a specification: what follows, why, and where facts cannot both hold.

use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::graph::{Direction, NodeIx};
use crate::spec;

/// A graph of custom nodes: each line is `name: in-type -> out-type`, or an edge `a > b`.
fn typed(lines: &str) -> (Graph, Typing) {
    let mut nodes = String::new();
    let mut edges = String::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some((from, to)) = line.split_once(" > ") {
            writeln!(edges, "    - {{from: {from}, to: {to}}}").unwrap();
        } else {
            writeln!(nodes, "    {line}").unwrap();
        }
    }
    let text = format!(
        "apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\nmetadata: {{name: t}}\nspec:\n  nodes:\n{nodes}  edges:\n{edges}"
    );
    let reading = spec::read(&text);
    assert_eq!(reading.diagnostics, [], "{text}");
    let (graph, found) = crate::graph::build(reading.graph().unwrap().0);
    assert_eq!(found, [], "{text}");
    assert!(graph.broken.is_empty(), "{:?}", graph.broken);
    let typing = infer(&graph);
    (graph, typing)
}

fn port(graph: &Graph, path: &str, direction: Direction) -> PortIx {
    let (node, name) = path.split_once('.').unwrap();
    graph
        .find_port(graph.find(node).unwrap(), direction, name)
        .unwrap()
}

fn conflicts(graph: &Graph, typing: &Typing) -> Vec<String> {
    typing
        .conflicts
        .iter()
        .map(|c| {
            let edge = &graph.edge(c.edge).unwrap().id;
            format!("{edge} {} / {}", c.given, c.taken)
        })
        .collect()
}

const DIM: Slot = Slot {
    depth: 0,
    param: Some(Param::Dim),
};

fn words(steps: &[Step]) -> Vec<&str> {
    steps.iter().map(|step| step.text.as_str()).collect()
}

#[test]
fn a_fact_flows_forward_and_an_exact_one_back() {
    let (graph, typing) = typed(
        "a: {role: custom, outputs: {x: {type: vector}}}
         b: {role: custom, inputs: {x: {type: vector, dim: 8}}, outputs: {y: {type: text, maxTokens: 9}}}
         c: {role: custom, inputs: {y: {type: text}}}
         a.x > b.x
         b.y > c.y",
    );
    let a = port(&graph, "a.x", Direction::Output);
    let c = port(&graph, "c.y", Direction::Input);
    assert_eq!(typing.of(a).unwrap().dim(), Some(8));
    assert_eq!(typing.of(c).unwrap().number(Param::MaxTokens), Some(9));
    assert_eq!(
        words(&typing.why(&graph, a, DIM)),
        [
            "`a.x` has dim 8 by its edge with `b.x`",
            "`b.x` states dim 8"
        ]
    );
}

#[test]
fn a_bound_never_flows_back_and_of_several_the_largest_holds() {
    for (one, other) in [(5, 9), (9, 5)] {
        let (graph, typing) = typed(&format!(
            "a: {{role: custom, outputs: {{x: {{type: text, maxTokens: {one}}}}}}}
             b: {{role: custom, outputs: {{x: {{type: text, maxTokens: {other}}}}}}}
             j: {{role: join, join: any}}
             c: {{role: custom, inputs: {{x: {{type: text, maxTokens: 12}}}}}}
             d: {{role: custom, outputs: {{x: {{type: text}}}}}}
             a.x > j.in
             b.x > j.in
             j.out > c.x
             d.x > c.x"
        ));
        let out = port(&graph, "j.out", Direction::Output);
        let open = port(&graph, "d.x", Direction::Output);
        assert_eq!(typing.of(out).unwrap().number(Param::MaxTokens), Some(9));
        assert_eq!(typing.of(open).unwrap().number(Param::MaxTokens), None);
        assert_eq!(conflicts(&graph, &typing), Vec::<String>::new());
    }
}

#[test]
fn a_bound_is_unknown_while_one_source_has_none() {
    let (graph, typing) = typed(
        "a: {role: custom, outputs: {x: {type: text, maxTokens: 5}}}
         b: {role: custom, outputs: {x: {type: text}}}
         j: {role: join, join: any}
         a.x > j.in
         b.x > j.in",
    );
    let out = port(&graph, "j.out", Direction::Output);
    assert_eq!(typing.of(out).unwrap().kind, Kind::Text);
    assert_eq!(typing.of(out).unwrap().number(Param::MaxTokens), None);
}

#[test]
fn one_symbol_forced_to_two_numbers_is_a_conflict_that_names_its_chain() {
    let (graph, typing) = typed(
        "a: {role: custom, outputs: {x: {type: vector, dim: 768}}}
         b: {role: custom, inputs: {x: {type: vector, dim: $D}}, outputs: {x: {type: vector, dim: $E}}}
         c: {role: custom, inputs: {x: {type: vector, dim: $D}}, outputs: {x: {type: vector, dim: $E}}}
         d: {role: custom, inputs: {x: {type: vector, dim: 1024}}}
         a.x > b.x
         b.x > c.x
         c.x > d.x",
    );
    assert_eq!(conflicts(&graph, &typing), ["c.x→d.x 768 / 1024"]);
    let given = typing.conflicts[0].from;
    assert_eq!(typing.symbols(given, DIM), ["E"]);
    assert_eq!(
        words(&typing.chain(&graph, "E")),
        [
            "`$E` is `$D` by the edge `b.x→c.x`",
            "`$D` is 768 by the edge `a.x→b.x`: `a.x` has 768"
        ]
    );
    assert_eq!(
        words(&typing.why(&graph, given, DIM)).len(),
        3,
        "what the port states, then the chain"
    );
}

#[test]
fn two_symbols_with_numbers_of_their_own_differ_where_they_meet() {
    let (graph, typing) = typed(
        "a: {role: custom, outputs: {x: {type: vector, dim: 768}}}
         b: {role: custom, inputs: {x: {type: vector, dim: $D}}, outputs: {y: {type: vector, dim: $D}}}
         c: {role: custom, inputs: {y: {type: vector, dim: $E}}, outputs: {z: {type: vector, dim: $E}}}
         d: {role: custom, inputs: {z: {type: vector, dim: 1024}}}
         a.x > b.x
         c.z > d.z
         b.y > c.y",
    );
    assert_eq!(conflicts(&graph, &typing), ["b.y→c.y 768 / 1024"]);
}

#[test]
fn a_symbol_is_one_unknown_within_a_shape_too() {
    let (graph, typing) = typed(
        "a: {role: custom, outputs: {x: {type: tensor, shape: [3, 4]}}}
         b: {role: custom, inputs: {x: {type: tensor, shape: [$N, $N]}}}
         a.x > b.x",
    );
    assert_eq!(conflicts(&graph, &typing), ["a.x→b.x [3, 4] / [3, 3]"]);
}

#[test]
fn a_symbol_that_nothing_forces_stays_one() {
    let (graph, typing) = typed(
        "a: {role: custom, outputs: {x: {type: vector, dim: $D}}}
         b: {role: custom, inputs: {x: {type: vector}}}
         a.x > b.x",
    );
    let b = port(&graph, "b.x", Direction::Input);
    assert_eq!(
        typing
            .of(b)
            .unwrap()
            .fact(Param::Dim)
            .unwrap()
            .value
            .to_string(),
        "$D"
    );
    assert!(typing.chain(&graph, "D").is_empty());
}

#[test]
fn what_a_router_states_of_its_output_holds_of_its_input() {
    let (graph, typing) = typed(
        "a: {role: custom, outputs: {x: {type: vector, dim: 768}}}
         r: {role: router, inputs: {in: {type: vector}}, outputs: {out: {type: vector, dim: 1024}}}
         a.x > r.in",
    );
    assert_eq!(conflicts(&graph, &typing), ["a.x→r.in 768 / 1024"]);
}

#[test]
fn a_join_gives_a_list_unless_its_branches_exclude_each_other() {
    let kind = |lines: &str| {
        let (graph, typing) = typed(lines);
        let out = port(&graph, "j.out", Direction::Output);
        typing.of(out).unwrap().kind
    };
    let source = "s: {role: custom, outputs: {x: {type: text}}}\n";
    let two = "a: {role: transformer}\nb: {role: transformer, outputs: {out: {type: text}}}\nj: {role: join}
        a.out > j.in\nb.out > j.in\n";
    let fan = format!("{source}{two}s.x > a.in\ns.x > b.in");
    assert_eq!(kind(&fan), Kind::List);
    let routed =
        format!("{source}r: {{role: router}}\n{two}s.x > r.in\nr.out > a.in\nr.out > b.in");
    assert_eq!(kind(&routed), Kind::Text);
    let merged = format!("{routed}\na.out > b.in");
    assert_eq!(kind(&merged), Kind::List, "one branch runs into the other");
    let cached = "s: {role: custom, outputs: {x: {type: text}}}
        k: {role: cache}\ng: {role: generator}\nj: {role: join}
        s.x > k.key\nk.miss > g.prompt\nk.hit > j.in\ng.text > j.in";
    assert_eq!(kind(cached), Kind::Text);
}

const TYPES: [&str; 9] = [
    "{type: any}",
    "{type: vector}",
    "{type: vector, dim: 8}",
    "{type: vector, dim: 9}",
    "{type: vector, dim: $D}",
    "{type: vector, dim: $E, metric: dot}",
    "{type: text, maxTokens: 5}",
    "{type: text, maxTokens: 7}",
    "{type: {kind: list, of: {kind: vector, dim: $D}}}",
];

fn lines(nodes: &[(usize, usize, bool)], edges: &[(usize, usize)]) -> Vec<String> {
    let mut lines = Vec::new();
    for (at, &(input, output, router)) in nodes.iter().enumerate() {
        lines.push(if router {
            format!("n{at}: {{role: router, inputs: {{in: {}}}}}", TYPES[input])
        } else {
            let (input, output) = (TYPES[input], TYPES[output]);
            format!("n{at}: {{role: custom, inputs: {{in: {input}}}, outputs: {{out: {output}}}}}")
        });
    }
    for &(from, to) in edges {
        let (from, to) = (from % nodes.len(), to % nodes.len());
        lines.push(format!("n{from}.out > n{to}.in"));
    }
    lines
}

proptest! {
    #[test]
    fn inference_ends_and_each_fact_leads_back_to_one_that_is_stated(
        nodes in prop::collection::vec((0..9_usize, 0..9_usize, any::<bool>()), 1..7),
        edges in prop::collection::vec((0..7_usize, 0..7_usize), 0..12),
    ) {
        let (graph, typing) = typed(&lines(&nodes, &edges).join("\n"));
        for (ix, _) in graph.all_ports() {
            let ty = typing.of(ix).unwrap();
            for &param in ty.facts.keys() {
                let slot = Slot { depth: 0, param: Some(param) };
                let steps = typing.why(&graph, ix, slot);
                let mut at = ix;
                while let Some(origin) = typing.origin(at, slot) {
                    at = origin;
                    prop_assert!(typing.of(at).unwrap().facts.contains_key(&param));
                }
                prop_assert!(graph.port(at).unwrap().ty.facts.contains_key(&param));
                prop_assert!(!steps.is_empty());
            }
        }
    }

    #[test]
    fn whether_there_is_a_conflict_does_not_depend_on_the_order_of_edges(
        nodes in prop::collection::vec((0..9_usize, 0..9_usize, Just(false)), 1..7),
        edges in prop::collection::vec((0..7_usize, 0..7_usize), 0..12),
        turn in 0..12_usize,
    ) {
        let (_, one) = typed(&lines(&nodes, &edges).join("\n"));
        let mut turned = edges.clone();
        turned.rotate_left(turn % edges.len().max(1));
        turned.reverse();
        let (_, other) = typed(&lines(&nodes, &turned).join("\n"));
        prop_assert_eq!(one.conflicts.is_empty(), other.conflicts.is_empty());
    }
}

#[test]
fn the_index_knows_the_graphs_own_ends() {
    let (graph, _) = typed("a: {role: embedder}");
    assert_eq!(graph.name(NodeIx::INPUTS), "inputs");
    assert_eq!(graph.name(NodeIx::OUTPUTS), "outputs");
    assert!(graph.find("a").unwrap().is_model());
}
