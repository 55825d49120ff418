//! A worker holds every node, edge and loop of its graph, and calls each node by its interface.

use std::collections::BTreeSet;

use modelspec_core::Analysis;
use modelspec_core::export::Artifacts;
use modelspec_core::graph::Graph;
use modelspec_tests::graphs;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{check_notes, export};

/// The literal of `graph.py`: a call is an object of its arguments, those without a name under their
/// places, and its name under `()`.
pub(crate) fn graph(artifacts: &Artifacts) -> Value {
    let file = artifacts.files.iter().find(|file| file.path == "graph.py");
    let text = &file.unwrap().text;
    let (_, literal) = text.split_once("\nGRAPH = ").unwrap();
    let mut reader = Reader(literal);
    let value = reader.value();
    assert_eq!(reader.0.trim(), "", "{text}");
    value
}

struct Reader<'t>(&'t str);

impl Reader<'_> {
    fn takes(&mut self, sign: &str) -> bool {
        let rest = self.0.trim_start();
        let found = rest.strip_prefix(sign);
        self.0 = found.unwrap_or(rest);
        found.is_some()
    }

    fn items(&mut self, close: &str, mut item: impl FnMut(&mut Self)) {
        while !self.takes(close) {
            item(self);
            if !self.takes(",") {
                assert!(self.takes(close), "{}", self.0);
                return;
            }
        }
    }

    fn value(&mut self) -> Value {
        for (open, close) in [("[", "]"), ("(", ")")] {
            if self.takes(open) {
                let mut list = Vec::new();
                self.items(close, |reader| list.push(reader.value()));
                return Value::Array(list);
            }
        }
        if self.takes("{") {
            let mut map = Map::new();
            self.items("}", |reader| {
                let key = reader.text();
                assert!(reader.takes(":"), "{}", reader.0);
                let value = reader.value();
                assert!(map.insert(key, value).is_none(), "a key twice");
            });
            return Value::Object(map);
        }
        for (word, value) in [
            ("None", Value::Null),
            ("True", json!(true)),
            ("False", json!(false)),
        ] {
            if self.takes(word) {
                return value;
            }
        }
        if self.0.starts_with('"') {
            return Value::String(self.text());
        }
        let word = self.word();
        if !self.takes("(") {
            let number: serde_json::Number = word.parse().unwrap_or_else(|_| panic!("{word}"));
            return Value::Number(number);
        }
        let mut map = Map::from_iter([("()".to_owned(), json!(word))]);
        self.items(")", |reader| {
            let before = reader.0;
            let name = reader.word();
            let is_name = !name.is_empty() && reader.0.starts_with('=');
            let key = if is_name {
                reader.0 = &reader.0[1..];
                name
            } else {
                reader.0 = before;
                (map.len() - 1).to_string()
            };
            let value = reader.value();
            assert!(map.insert(key, value).is_none(), "an argument twice");
        });
        Value::Object(map)
    }

    fn word(&mut self) -> String {
        let rest = self.0.trim_start();
        let inside = |c: char| c.is_ascii_alphanumeric() || "_.-+".contains(c);
        let end = rest.find(|c: char| !inside(c)).unwrap_or(rest.len());
        let (word, rest) = rest.split_at(end);
        self.0 = rest;
        word.to_owned()
    }

    fn text(&mut self) -> String {
        let mut values =
            serde_json::Deserializer::from_str(self.0.trim_start()).into_iter::<String>();
        let text = values.next().unwrap().unwrap();
        let end = values.byte_offset();
        self.0 = &self.0.trim_start()[end..];
        text
    }
}

fn names(steps: &Value, found: &mut Vec<String>, loops: &mut Vec<Value>) {
    for step in steps.as_array().unwrap() {
        if let Some(name) = step.as_str() {
            found.push(name.to_owned());
        } else {
            assert_eq!(step["()"], "Loop");
            loops.extend(step["back"].as_array().unwrap().iter().cloned());
            names(&step["steps"], found, loops);
        }
    }
}

/// The two ends of an edge, as `Edge(…)` has them.
fn ends(edge: &Value) -> Vec<String> {
    let parts = ["0", "1", "2", "3"].map(|at| edge[at].as_str().unwrap_or("").to_owned());
    parts.to_vec()
}

fn drawn(graph: &Graph) -> Vec<Vec<String>> {
    let mut found: Vec<Vec<String>> = graph
        .edges
        .iter()
        .map(|edge| {
            let port = |port| graph.port(port).map_or("", |port| &port.name).to_owned();
            let (from, to) = edge
                .ports
                .map_or_else(Default::default, |(from, to)| (port(from), port(to)));
            vec![
                graph.name(edge.source).to_owned(),
                graph.name(edge.target).to_owned(),
                from,
                to,
            ]
        })
        .collect();
    found.sort();
    found
}

fn check(text: &str) -> Option<Value> {
    let artifacts = export("temporal", text)?;
    check_notes(&artifacts, text);
    assert_eq!(export("temporal", text).as_ref(), Some(&artifacts));
    let analysis = Analysis::new(text);
    let (flat, ..) = analysis.flat().unwrap();
    let written = graph(&artifacts);
    let nodes = written["nodes"].as_object().unwrap();
    let known: BTreeSet<&str> = flat.model_nodes().map(|(_, node)| &*node.name).collect();
    assert_eq!(
        nodes.keys().map(|name| &**name).collect::<BTreeSet<_>>(),
        known
    );
    let (mut steps, mut backs) = (Vec::new(), Vec::new());
    names(&written["steps"], &mut steps, &mut backs);
    assert_eq!(steps.len(), known.len());
    assert_eq!(
        steps.iter().map(|name| &**name).collect::<BTreeSet<_>>(),
        known
    );
    let onward = written["edges"].as_array().unwrap().iter();
    let back = backs.iter().map(|back| &back["0"]);
    let mut edges: Vec<Vec<String>> = onward.chain(back).map(ends).collect();
    edges.sort();
    assert_eq!(edges, drawn(flat));
    for (name, node) in nodes {
        let ix = flat.find(name).unwrap();
        let spec = flat.spec_of(ix).unwrap();
        let stated = spec.serving.as_ref().and_then(|serving| serving.api);
        if let Some(stated) = stated {
            assert_eq!(node["call"]["api"], stated.value.word(), "{name}");
        }
        if !node["call"].is_null() {
            let attempts = node["limits"]
                .get("attempts")
                .map_or(1, |it| it.as_u64().unwrap());
            let retries = spec
                .serving
                .as_ref()
                .and_then(|serving| serving.retries.as_ref());
            let wanted = retries
                .and_then(|retries| retries.attempts)
                .map_or(1, |it| it.value.0);
            assert_eq!(attempts, u64::from(wanted), "{name}");
        }
        // No guardrail is left out by a signal.
        assert!(
            node["role"] != "guardrail" || node.get("optional").is_none(),
            "{name}"
        );
    }
    for file in &artifacts.files {
        let digest = written["digest"].as_str().unwrap();
        let head: Vec<&str> = file.text.lines().take(4).collect();
        assert!(head.join("\n").contains(digest), "{}", file.path);
    }
    Some(written)
}

#[test]
fn every_example_is_a_worker() {
    for (name, text) in graphs::examples() {
        let written = check(&text).unwrap_or_else(|| panic!("{name}"));
        let outputs = written["outputs"].as_object().unwrap();
        assert!(!outputs.is_empty(), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn random_graphs_are_workers(text in graphs::random()) {
        prop_assert!(check(&text).is_some());
    }
}
