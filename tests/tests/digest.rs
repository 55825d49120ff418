//! How a document is written does not show in its digest.
#![allow(missing_docs)]

use modelspec_core::{Analysis, lock, spec, yaml};
use modelspec_tests::graphs;
use proptest::prelude::*;
use serde_json::Value;

fn digest(text: &str) -> String {
    let analysis = Analysis::new(text);
    let graph = analysis.graph.as_ref().expect("a graph");
    lock::digest(graph).to_string()
}

/// The document as data.
fn data(text: &str) -> Value {
    let parsed = yaml::read(text, &yaml::Limits::default());
    spec::to_json(parsed.documents.first().expect("a document"))
}

/// Every map the other way round.
fn reversed(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let entries = map.into_iter().rev();
            entries.map(|(key, value)| (key, reversed(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(reversed).collect(),
        leaf => leaf,
    }
}

fn check(text: &str) {
    let plain = digest(text);
    let data = data(text);
    assert_eq!(
        digest(&yaml::document(&data)),
        plain,
        "in block style\n{text}"
    );
    assert_eq!(digest(&data.to_string()), plain, "as JSON\n{text}");
    let other = reversed(data);
    assert_eq!(
        digest(&yaml::document(&other)),
        plain,
        "keys reversed\n{text}"
    );
}

#[test]
fn shipped_examples_keep_their_digest_however_they_are_written() {
    for (_, text) in graphs::examples() {
        check(&text);
    }
}

proptest! {
    #[test]
    fn random_graphs_keep_their_digest_however_they_are_written(text in graphs::random()) {
        check(&text);
    }

    #[test]
    fn graphs_of_one_digest_mean_the_same(one in graphs::random(), two in graphs::random()) {
        let canonical = |text: &str| lock::canonical(Analysis::new(text).graph.as_ref().unwrap());
        prop_assert_eq!(canonical(&one) == canonical(&two), digest(&one) == digest(&two));
        let resolved: Value = serde_json::from_str(&canonical(&one)).unwrap();
        prop_assert_eq!(lock::canonical_json(&resolved), canonical(&one));
    }
}
