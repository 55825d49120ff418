//! The published JSON Schema says what the reader says.
#![allow(missing_docs)]

use modelspec_core::check::Code;
use modelspec_core::{schema, spec};
use serde_json::{Value, json};

const PUBLISHED: &str = include_str!("../../public/schema/modelgraph.v1alpha1.json");

fn examples() -> Vec<(String, Value)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../public/examples");
    let mut examples: Vec<(String, Value)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let reading = spec::read(&text);
            let (_, tree) = reading.graph().unwrap();
            (path.display().to_string(), spec::to_json(tree))
        })
        .collect();
    examples.sort_by(|(one, _), (other, _)| one.cmp(other));
    assert!(!examples.is_empty());
    examples
}

fn validator() -> jsonschema::Validator {
    jsonschema::draft202012::new(&schema::schema()).unwrap()
}

/// What the reader finds wrong with the form of a document.
fn refusals(document: &Value) -> Vec<String> {
    let reading = spec::read(&document.to_string());
    assert!(reading.graph().is_some(), "not read as a graph: {document}");
    let found = reading.diagnostics.into_iter();
    found
        .map(|found| format!("{} {}", found.code, found.message))
        .collect()
}

#[test]
fn the_published_schema_is_the_one_that_is_generated() {
    assert!(
        PUBLISHED == schema::text(),
        "the format has changed; renew its schema: cargo run -p modelspec-cli -- schema > \
         public/schema/modelgraph.v1alpha1.json"
    );
}

#[test]
fn the_schema_is_one() {
    assert!(jsonschema::meta::is_valid(&schema::schema()));
}

#[test]
fn every_example_is_valid() {
    let validator = validator();
    for (name, document) in examples() {
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, Vec::<String>::new(), "{name}");
    }
}

/// Every place of a document: its pointer.
fn places(value: &Value, here: &str, found: &mut Vec<String>) {
    found.push(here.to_owned());
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                let key = key.replace('~', "~0").replace('/', "~1");
                places(value, &format!("{here}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                places(item, &format!("{here}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// A document with one place changed, and what was done there.
fn mutations(document: &Value) -> Vec<(String, Value)> {
    let mut pointers = Vec::new();
    places(document, "", &mut pointers);
    let values = [
        json!(null),
        json!(true),
        json!(7),
        json!(-7),
        json!(0.5),
        json!(""),
        json!("two words"),
        json!("word"),
        json!("40ms"),
        json!("40 parsecs"),
        json!("16GiB"),
        json!("3/7"),
        json!("8.03B"),
        json!("$D"),
        json!([]),
        json!({}),
        json!({"unheardOf": 1}),
        json!({"x-note": 1}),
    ];
    let mut mutated = Vec::new();
    for pointer in &pointers {
        // Whether it is a graph at all is another question.
        let is_head = matches!(pointer.as_str(), "" | "/apiVersion" | "/kind" | "/spec");
        if !is_head {
            for value in &values {
                let mut copy = document.clone();
                *copy.pointer_mut(pointer).unwrap() = value.clone();
                mutated.push((format!("{pointer} = {value}"), copy));
            }
        }
        if let Some(Value::Object(entries)) = document.pointer(pointer) {
            for key in ["unheardOf", "x-note", "Not A Name", "9", "MG301"] {
                let mut copy = document.clone();
                copy.pointer_mut(pointer).unwrap()[key] = json!({});
                mutated.push((format!("{pointer} with {key}"), copy));
            }
            for key in entries.keys().filter(|_| !is_head) {
                let mut copy = document.clone();
                let entries = copy.pointer_mut(pointer).unwrap();
                entries.as_object_mut().unwrap().shift_remove(key);
                mutated.push((format!("{pointer} without {key}"), copy));
            }
        }
    }
    mutated
}

/// Where a schema cannot say what the reader says: it sees values, not how they are written, and
/// each value alone.
fn is_beyond_schemas(what: &str, reader: &[String]) -> bool {
    // To the reader a name may be `true`, bare.
    let is_bare_word = what.ends_with("= true") || what.ends_with("= null");
    let compares = |refusal: &String| refusal.contains("has at least 7 and at most");
    (is_bare_word && reader.is_empty()) || (!reader.is_empty() && reader.iter().all(compares))
}

#[test]
fn what_the_reader_refuses_the_schema_refuses_and_the_reverse() {
    let validator = validator();
    let mut refused = 0;
    let mut apart = Vec::new();
    for (name, document) in examples() {
        for (what, mutated) in mutations(&document) {
            let reader = refusals(&mutated);
            let valid = validator.is_valid(&mutated);
            refused += usize::from(!valid);
            if valid != reader.is_empty() && !is_beyond_schemas(&what, &reader) {
                apart.push(format!("{name}: {what}: schema {valid}, reader {reader:?}"));
            }
        }
    }
    assert!(refused > 1000, "only {refused} were refused");
    assert_eq!(apart, Vec::<String>::new());
}

#[test]
fn structural_mistakes_are_refused_by_both() {
    let validator = validator();
    let (_, document) = examples().remove(0);
    let nodes = "/spec/nodes";
    for (node, code) in [
        (json!({"rôle": "embedder"}), Code::UNKNOWN_KEY),
        (json!("embedder"), Code::WRONG_TYPE),
        (json!({"budget": 40}), Code::BAD_VALUE),
        (json!({"budget": "40 parsecs"}), Code::BAD_VALUE),
        (json!({"role": "embeder"}), Code::BAD_VALUE),
        (
            json!({"onFailure": {"fallback": "a", "skip": {}}}),
            Code::WRONG_TYPE,
        ),
        (json!({"placement": {"replicas": 0}}), Code::BAD_VALUE),
        (
            json!({"service": {"gamma": {"mean": "5ms"}}}),
            Code::MISSING_KEY,
        ),
        (json!({"inputs": {"not a name": {}}}), Code::BAD_NAME),
    ] {
        let mut copy = document.clone();
        copy.pointer_mut(nodes).unwrap()["changed"] = node.clone();
        assert!(!validator.is_valid(&copy), "{node}");
        let found = spec::read(&copy.to_string()).diagnostics;
        let is_found = found.iter().any(|found| found.code == code);
        assert!(is_found, "{node}: {found:?}");
    }
}
