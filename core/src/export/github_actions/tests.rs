use serde_json::Value;

use super::GitHubActions;
use crate::Analysis;
use crate::export::{self, Artifacts, Options};
use crate::spec::to_json;
use crate::yaml::{Limits, read};

const GUARDED: &str = include_str!("../../../../public/examples/rag-guarded.modelspec.yaml");
const ACTION: &str = include_str!("../../../../action.yml");

fn export(annotations: &str) -> Artifacts {
    let text = GUARDED.replacen("annotations: {}", &format!("annotations: {annotations}"), 1);
    export::run(&GitHubActions, &Analysis::new(text), &Options::default()).unwrap()
}

fn yaml(text: &str) -> Value {
    to_json(&read(text, &Limits::default()).documents[0])
}

fn codes(artifacts: &Artifacts) -> Vec<&str> {
    let notes = artifacts.losses.iter().chain(&artifacts.assumptions);
    let codes = notes.map(|note| note.kind.code.strip_prefix("TG-GITHUB-ACTIONS-").unwrap());
    codes.collect()
}

#[test]
fn a_workflow_for_a_graph() {
    let artifacts = export("{}");
    assert_eq!(artifacts.files[0].path, ".github/workflows/support-rag.yml");
    insta::assert_snapshot!("workflow", artifacts.files[0].text);
    assert_eq!(codes(&artifacts), ["ACTION", "BRANCH", "FILE", "TARGETS"]);
}

/// It gives the action inputs that the action has.
#[test]
fn the_action_takes_what_it_is_given() {
    let workflow = yaml(&export("{}").files[0].text);
    let inputs = &yaml(ACTION)["inputs"];
    let given = workflow["jobs"]["graph"]["steps"][1]["with"]
        .as_object()
        .unwrap();
    assert!(!given.is_empty());
    for input in given.keys() {
        assert!(!inputs[input].is_null(), "{input}");
    }
}

#[test]
fn annotations_say_where_and_what() {
    let artifacts = export(
        "{github/file: graphs/rag.modelspec.yaml, github/branch: trunk, github/targets: [compose, triton, no-such]}",
    );
    assert_eq!(codes(&artifacts), ["SCHEMA", "TARGET", "ACTION"]);
    let workflow = yaml(&artifacts.files[0].text);
    assert_eq!(workflow["on"]["push"]["branches"][0], "trunk");
    let job = &workflow["jobs"]["graph"];
    assert_eq!(job["env"]["GRAPH"], "graphs/rag.modelspec.yaml");
    let names: Vec<&str> = job["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|step| step["name"].as_str())
        .collect();
    assert_eq!(
        names[2..],
        [
            "Export for compose",
            "Hold the export for compose to its schema",
            "Export for triton",
            "Keep what was exported"
        ]
    );
}

/// What a document states is data to the runner, never an expression.
#[test]
fn no_expression_comes_from_the_document() {
    let artifacts = export("{github/file: '${{ secrets.X }}', github/branch: \"a\\nb\"}");
    let text = &artifacts.files[0].text;
    assert!(!text.contains("secrets.X"), "{text}");
    assert!(codes(&artifacts).contains(&"STATED"));
}
