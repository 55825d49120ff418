use jsonschema::Validator;
use modelspec_tests::{graphs, shared};
use proptest::prelude::*;
use serde_json::Value;

use super::{check_notes, documents, export};

fn schema() -> Option<Validator> {
    let folder = shared::folder("schemas/schemastore")?;
    let text = std::fs::read(folder.join("github-workflow.json")).unwrap();
    let schema: Value = serde_json::from_slice(&text).unwrap();
    Some(jsonschema::validator_for(&schema).unwrap())
}

fn check(text: &str, schema: Option<&Validator>) -> Value {
    let artifacts = export("github-actions", text).expect("a workflow for every graph");
    check_notes(&artifacts, text);
    assert_eq!(
        export("github-actions", text).as_ref(),
        Some(&artifacts),
        "equal graphs, equal bytes"
    );
    let [file] = &artifacts.files[..] else {
        panic!("one file")
    };
    assert!(file.path.starts_with(".github/workflows/"), "{}", file.path);
    // A runner reads YAML 1.2: `on` is a word there, quoted or not.
    let workflow = documents(&file.text).remove(0);
    if let Some(schema) = schema {
        let errors: Vec<String> = schema
            .iter_errors(&workflow)
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect();
        assert_eq!(errors, [""; 0], "{workflow:#}");
    }
    workflow
}

#[test]
fn shipped_examples_have_workflows() {
    let schema = schema();
    for (_, text) in graphs::examples() {
        check(&text, schema.as_ref());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn random_graphs_have_workflows(text in graphs::random()) {
        thread_local!(static SCHEMA: Option<Validator> = schema());
        SCHEMA.with(|schema| check(&text, schema.as_ref()));
    }
}

/// The schema refuses what GitHub would: else it proves nothing.
#[test]
fn the_schema_of_workflows_is_strict() {
    let Some(schema) = schema() else { return };
    let (_, text) = graphs::examples().remove(0);
    let mut workflow = check(&text, Some(&schema));
    workflow["jobs"]["graph"]["steps"][0]["usess"] = "x".into();
    assert!(!schema.is_valid(&workflow));
}
