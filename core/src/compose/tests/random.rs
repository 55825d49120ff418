//! Laws over random graphs: a part of a graph in a document of its own changes nothing, and no
//! document whatsoever stops the composing.

use core::fmt::Write as _;
use std::collections::BTreeSet;

use pretty_assertions::assert_eq;
use proptest::prelude::*;

use super::{HEAD, Open, lines};
use crate::Analysis;
use crate::compose::Bundle;
use crate::lock;
use crate::text::apply;

/// What a node may be: its role, its inputs and its outputs.
const ROLES: &[(&str, &[&str], &[&str])] = &[
    ("transformer", &["in"], &["out"]),
    ("generator", &["prompt", "context"], &["text"]),
    ("guardrail", &["text"], &["text", "verdict"]),
    ("embedder", &["text"], &["vector"]),
    ("retriever", &["query"], &["hits"]),
    ("reranker", &["query", "candidates"], &["ranked"]),
    ("join", &["in"], &["out"]),
];

/// What may stand on a node beside its role.
const FACTS: &[&str] = &[
    "",
    "required: false",
    "onFailure: skip",
    "latency: {p95: 400ms, source: declared}",
    "latency: {p95: 30ms, p50: 9ms}",
    "budget: 700ms",
    "model: {id: a/one, revision: r1, parameters: 70B, precision: bf16}, placement: {gpu: L4}",
    "tokenizer: {id: t, maxInputTokens: 64}",
    "serving: {timeout: 10ms}, budget: 20ms",
    "external: true",
];

/// Types that outputs and inputs of vectors may state.
const VECTORS: &[&str] = &[
    "vector",
    "{kind: vector, dim: 768}",
    "{kind: vector, dim: 1024, space: s}",
    "{kind: vector, dim: $D}",
];

#[derive(Clone, Debug)]
struct Drawn {
    /// Of each node: its role, its facts, its vector type, whether it is in the part.
    nodes: Vec<(usize, usize, usize, bool)>,
    /// Joined ports, by number; the last node is the graph itself.
    edges: Vec<(usize, usize, usize, usize)>,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let node = (
        0..ROLES.len(),
        0..FACTS.len(),
        0..VECTORS.len(),
        any::<bool>(),
    );
    prop::collection::vec(node, 2..8).prop_flat_map(|nodes| {
        let count = nodes.len();
        let edge = (0..=count, 0..2_usize, 0..=count, 0..2_usize);
        let edges = prop::collection::vec(edge, 1..16);
        edges.prop_map(move |edges| Drawn {
            nodes: nodes.clone(),
            edges,
        })
    })
}

impl Drawn {
    fn is_inside(&self, node: usize) -> bool {
        self.nodes.get(node).is_some_and(|node| node.3)
    }

    /// The edges as ends, without circles and without doubles.
    fn joined(&self) -> Vec<(usize, &'static str, usize, &'static str)> {
        let count = self.nodes.len();
        let mut seen = BTreeSet::new();
        let mut joined = Vec::new();
        for &(from, output, to, input) in &self.edges {
            let (from, to) = if from == count || to == count {
                (from, to)
            } else {
                (from.min(to), from.max(to))
            };
            if from == to {
                continue;
            }
            let output = match self.nodes.get(from) {
                Some(node) => ROLES[node.0].2[output % ROLES[node.0].2.len()],
                None => "question",
            };
            let input = match self.nodes.get(to) {
                Some(node) => ROLES[node.0].1[input % ROLES[node.0].1.len()],
                None => "answer",
            };
            if seen.insert((from, output, to, input)) {
                joined.push((from, output, to, input));
            }
        }
        joined
    }

    fn node(&self, at: usize, name: &str) -> String {
        let (role, facts, vector, _) = self.nodes[at];
        let (role, vector) = (ROLES[role].0, VECTORS[vector]);
        let ports = match role {
            "embedder" => format!(", outputs: {{vector: {{type: {vector}}}}}"),
            "retriever" => format!(", inputs: {{query: {{type: {vector}}}}}"),
            _ => String::new(),
        };
        let facts = FACTS[facts];
        let comma = if facts.is_empty() { "" } else { ", " };
        format!("{name}: {{role: {role}{ports}{comma}{facts}}}\n")
    }

    fn names(&self, inside: &str) -> Vec<String> {
        let all = 0..self.nodes.len();
        all.map(|at| {
            if self.is_inside(at) {
                format!("{inside}n{at}")
            } else {
                format!("n{at}")
            }
        })
        .collect()
    }

    /// As one document, the part's nodes last, edges in the order in which they are composed.
    fn flat(&self) -> String {
        let names = self.names("sub-");
        let (inside, outside): (Vec<usize>, Vec<usize>) =
            (0..self.nodes.len()).partition(|&at| self.is_inside(at));
        let nodes: String = outside
            .iter()
            .chain(&inside)
            .map(|&at| {
                let node = self.node(at, &names[at]);
                // A symbol of another document is another one.
                let symbol = if self.is_inside(at) { "$sub__D" } else { "$D" };
                node.replace("$D", symbol)
            })
            .collect();
        let end = |node: usize, own: &str, port: &str| match names.get(node) {
            Some(name) => format!("{name}.{port}"),
            None => format!("{own}.{port}"),
        };
        let (mut own, mut fanned, mut within) = (String::new(), String::new(), String::new());
        let mut entered = BTreeSet::new();
        for (from, output, to, input) in self.joined() {
            let line = format!(
                "{} > {}\n",
                end(from, "inputs", output),
                end(to, "outputs", input)
            );
            match (self.is_inside(from), self.is_inside(to)) {
                (true, true) => within.push_str(&line),
                (false, true) if !entered.insert((from, output)) => fanned.push_str(&line),
                _ => own.push_str(&line),
            }
        }
        // Those of one source stand together.
        let mut sources: Vec<&str> = Vec::new();
        for line in own.lines().map(|line| line.split(' ').next().unwrap()) {
            if !sources.contains(&line) {
                sources.push(line);
            }
        }
        let of = |source: &str| -> String {
            let lines = fanned
                .lines()
                .filter(|line| line.split(' ').next() == Some(source));
            lines.flat_map(|line| [line, "\n"]).collect()
        };
        let entering: Vec<String> = own
            .lines()
            .filter(|line| line.contains("> sub-"))
            .map(|line| of(line.split(' ').next().unwrap()))
            .collect();
        Open::new(&nodes, &format!("{own}{}{within}", entering.concat()))
            .more(GOAL)
            .text()
    }

    /// With the part in a document of its own: the open document, and that.
    fn cut(&self) -> (Open, String) {
        let names = self.names("");
        let name = |node: usize, own: &str, port: &str| match names.get(node) {
            Some(name) => format!("{name}.{port}"),
            None => format!("{own}.{port}"),
        };
        let (mut outer, mut inner) = (String::new(), String::new());
        let (mut inputs, mut outputs) = (BTreeSet::new(), BTreeSet::new());
        for (from, output, to, input) in self.joined() {
            let (from_end, to_end) = (name(from, "inputs", output), name(to, "outputs", input));
            let port = from_end.replace('.', "_");
            match (self.is_inside(from), self.is_inside(to)) {
                (false, false) => writeln!(outer, "{from_end} > {to_end}").unwrap(),
                (true, true) => writeln!(inner, "{from_end} > {to_end}").unwrap(),
                (false, true) => {
                    writeln!(inner, "inputs.{port} > {to_end}").unwrap();
                    if inputs.insert(port.clone()) {
                        writeln!(outer, "{from_end} > sub.{port}").unwrap();
                    }
                }
                (true, false) => {
                    writeln!(outer, "sub.{port} > {to_end}").unwrap();
                    if outputs.insert(port.clone()) {
                        writeln!(inner, "{from_end} > outputs.{port}").unwrap();
                    }
                }
            }
        }
        let of = |inside: bool| -> String {
            let all = (0..self.nodes.len()).filter(|&at| self.is_inside(at) == inside);
            all.map(|at| self.node(at, &names[at])).collect()
        };
        let ports = |names: &BTreeSet<String>| -> String {
            let ports: Vec<String> = names
                .iter()
                .map(|name| format!("{name}: {{type: any}}"))
                .collect();
            ports.join(", ")
        };
        let nodes = format!("{}sub: {{specRef: {{path: sub.yaml}}}}\n", of(false));
        let part = format!(
            "{HEAD}sub}}\nspec:\n  inputs: {{{}}}\n  outputs: {{{}}}\n  nodes:\n{}  edges:\n{}",
            ports(&inputs),
            ports(&outputs),
            lines(&of(true), "    "),
            super::edges(&inner)
        );
        (Open::new(&nodes, &outer).more(GOAL), part)
    }
}

const GOAL: &str = "objectives: {latency: {p95: 500ms}}";

/// Every finding as a line, whose names are those of one document.
fn findings(analysis: &Analysis) -> Vec<String> {
    let all = analysis.diagnostics.iter();
    let all = all.filter(|found| found.code.0 != "MG111");
    let lines = all.map(|found| {
        let message = found.message.split(" (at `").next().unwrap();
        let message = message.replace("sub__D", "sub-D").replace("sub/", "sub-");
        format!("{} {} {message}", found.code, found.severity)
    });
    // What the part promises at its ports, one document promises nowhere.
    let promise = |line: &String| {
        ["`outputs.n", "`sub."]
            .iter()
            .any(|port| line.starts_with(&format!("MG205 error {port}")))
    };
    let mut lines: Vec<String> = lines.filter(|line| !promise(line)).collect();
    lines.sort();
    lines
}

fn is_sound(analysis: &Analysis) {
    for found in &analysis.diagnostics {
        let related = found.related.iter().map(|related| related.span);
        for span in related.chain([found.span]) {
            assert!(
                analysis.text.get(span.start..span.end).is_some(),
                "{found:?}"
            );
        }
        for fix in &found.fixes {
            let after = apply(&analysis.text, &fix.edits).unwrap().text;
            assert!(!after.contains("sub/"), "{}", fix.label);
        }
        for name in found.node.iter().chain(&found.edge) {
            assert!(!name.contains("sub/"), "{found:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_part_in_a_document_of_its_own_has_the_findings_that_it_had(drawn in drawn()) {
        prop_assume!(drawn.nodes.iter().any(|node| node.3));
        let flat = Analysis::new(drawn.flat());
        let (open, part) = drawn.cut();
        let cut = open.with(&[("sub.yaml", &part)]);
        is_sound(&cut);
        assert_eq!(findings(&cut), findings(&flat), "{}\n---\n{part}", cut.text);
        let digest = |analysis: &Analysis| lock::digest(analysis.flat().unwrap().0);
        assert_eq!(digest(&cut), digest(&flat), "{}\n---\n{part}", cut.text);
        let found = crate::diff::differences(&flat, &Analysis::new(flat.text.clone())).unwrap();
        prop_assert!(found.changes.is_empty());
    }

    #[test]
    fn no_document_whatsoever_stops_the_composing(
        drawn in drawn(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..12_usize, "[a-z0-9:{}\\[\\]., \n\"$/&*-]{0,4}"), 0..6),
    ) {
        let (open, mut part) = drawn.cut();
        for (at, gone, new) in edits {
            let at = at.index(part.len().max(1)).min(part.len());
            let end = (at + gone).min(part.len());
            if part.is_char_boundary(at) && part.is_char_boundary(end) {
                part.replace_range(at..end, &new);
            }
        }
        let cut = open.with(&[("sub.yaml", &part)]);
        is_sound(&cut);
        if let Some((graph, ..)) = cut.flat() {
            let _ = lock::digest(graph);
        }
        let mut bundle = Bundle::new();
        bundle.add("sub.yaml", &open.text());
        is_sound(&Analysis::with(part, &bundle));
    }
}
