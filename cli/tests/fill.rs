//! `modelspec fill` and what it knows, as a terminal or a CI job runs it.
#![allow(missing_docs)]

mod folder;

use std::process::Output;

use folder::Folder;

const GRAPH: &str = "apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: search}
spec:
  inputs: {question: {type: text, maxTokens: 64}}
  outputs: {vector: {type: vector}}
  nodes:
    embedder:
      role: embedder # reads the questions
      model: {id: BAAI/bge-base-en-v1.5}
      placement: {gpu: ACME-96GB}
  edges:
    - {from: inputs.question, to: embedder.text}
    - {from: embedder.vector, to: outputs.vector}
";

const OWN: &str = r#"apiVersion: modelgraph/v1alpha1
kind: Catalogue
models:
  BAAI/bge-base-en-v1.5:
    - {source: our own count, date: "2026-03-01", node: {model: {parameters: 109M}}}
gpus:
  ACME-96GB: {source: a data sheet, date: "2026-03-01", memory: 96GiB, bandwidthGBs: 1800, bf16Tflops: 400}
"#;

/// A graph in a folder of its own.
fn search(name: &str) -> Folder {
    Folder::new(name, &[("search.modelspec.yaml", GRAPH)])
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn what_is_known_is_filled_in_and_told_with_its_source() {
    let folder = search("fill");
    let output = folder.run(&["fill", "search.modelspec.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).contains("layers: 12"), "{}", out(&output));
    assert!(out(&output).contains("# reads the questions"));
    let told = err(&output);
    assert!(
        told.contains("filled: embedder.outputs.vector.dim: 768 (https://"),
        "{told}"
    );
    assert!(told.contains(", 2026-11-26)"), "{told}");
    assert_eq!(folder.read("search.modelspec.yaml"), GRAPH);

    let output = folder.run(&["fill", "--write", "search.modelspec.yaml"]);
    assert_eq!(
        (output.status.code(), out(&output)),
        (Some(0), String::new())
    );
    let written = folder.read("search.modelspec.yaml");
    assert!(written.contains("layers: 12"), "{written}");
    let again = folder.run(&["fill", "--write", "search.modelspec.yaml"]);
    assert!(
        err(&again).contains("nothing to fill in"),
        "{}",
        err(&again)
    );
    assert_eq!(folder.read("search.modelspec.yaml"), written);
}

#[test]
fn what_differs_is_told_with_its_line_and_stays() {
    let folder = search("fill-differs");
    let other = GRAPH.replace("bge-base-en-v1.5}", "bge-base-en-v1.5, layers: 6}");
    folder.file("search.modelspec.yaml", &other);
    let output = folder.run(&["fill", "--write", "search.modelspec.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    let told = err(&output);
    assert!(
        told.contains("differs: search.modelspec.yaml:10: embedder.model.layers is 6, known is 12"),
        "{told}"
    );
    assert!(folder.read("search.modelspec.yaml").contains("layers: 6"));
}

#[test]
fn the_users_own_catalogue_beside_the_document_counts() {
    let folder = search("fill-own");
    let check = |folder: &Folder| out(&folder.run(&["check", "search.modelspec.yaml"]));
    assert!(check(&folder).contains("MG504"), "{}", check(&folder));
    folder.file("modelspec.catalogue.yaml", OWN);
    assert!(!check(&folder).contains("MG504"), "{}", check(&folder));
    let output = folder.run(&["fill", "search.modelspec.yaml"]);
    let told = err(&output);
    assert!(
        told.contains("embedder.model.parameters: 109000000 (our own count, 2026-03-01)"),
        "{told}"
    );

    folder.file("broken.yaml", &OWN.replace("96GiB", "much"));
    for command in ["fill", "check"] {
        let output = folder.run(&[
            command,
            "search.modelspec.yaml",
            "--catalogue",
            "broken.yaml",
        ]);
        assert_eq!(output.status.code(), Some(2));
        let told = err(&output);
        assert!(told.contains("broken.yaml is no catalogue"), "{told}");
        assert!(told.contains("broken.yaml:7:"), "{told}");
    }
}

#[test]
fn a_node_that_is_not_there_is_refused_with_those_that_are() {
    let folder = search("fill-node");
    let output = folder.run(&["fill", "search.modelspec.yaml", "--node", "nobody"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("there is no node `nobody`; there are embedder"));
}
