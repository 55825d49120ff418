//! `modelspec calibrate`, as a terminal runs it.
#![allow(missing_docs)]

mod folder;

use core::fmt::Write as _;

use folder::Folder;

const GRAPH: &str = "apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: search}
spec:
  inputs: {question: {type: text, maxTokens: 64}}
  outputs: {vector: {type: vector}, answer: {type: text}}
  nodes:
    embedder:
      role: embedder # reads the questions
      service: {fixed: 9ms}
      placement: {gpu: L4, batch: {dynamic: {maxSize: 8}}}
    generator:
      role: generator
      model: {parameters: 8.03B, precision: bf16, layers: 32, heads: 32, kvHeads: 8, headDim: 128}
      limits: {maxModelLen: 8192, maxOutputTokens: 64}
      placement: {gpu: H100-80GB-SXM, batch: {continuous: {maxSequences: 32, maxBatchedTokens: 2048}}}
  edges:
    - {from: inputs.question, to: embedder.text}
    - {from: embedder.vector, to: outputs.vector}
    - {from: inputs.question, to: generator.prompt}
    - {from: generator.text, to: outputs.answer}
  workload: {arrivals: {poisson: {rate: 2rps}}}
";

const BATCHES: &str = "batch,time\n1,2.04ms\n4,2.46ms\n8,3.02ms\n";

fn search(name: &str) -> Folder {
    let files = [("search.modelspec.yaml", GRAPH), ("batches.csv", BATCHES)];
    Folder::new(name, &files)
}

#[test]
fn batches_give_a_line_that_goes_into_the_document() {
    let folder = search("calibrate");
    let calibrate = [
        "calibrate",
        "search.modelspec.yaml",
        "--node",
        "embedder",
        "--measurements",
        "batches.csv",
    ];
    let (code, said) = folder.said(&calibrate);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("service: {batch: {base: 1.9ms, perItem: 140us}}"),
        "{said}"
    );
    assert!(
        said.contains("fitted to 3 batches of batches.csv; half of them lie within 0.0 %"),
        "{said}"
    );
    assert_eq!(folder.read("search.modelspec.yaml"), GRAPH);

    let (code, said) = folder.said(&[&calibrate[..], &["--write"]].concat());
    assert_eq!(code, Some(0), "{said}");
    let written = folder.read("search.modelspec.yaml");
    assert!(written.contains("# reads the questions"), "{written}");
    assert!(
        written.contains("service:\n        batch: {base: 1.9ms, perItem: 140us}"),
        "{written}"
    );
    let simulate = ["simulate", "search.modelspec.yaml", "--requests", "2000"];
    let (code, said) = folder.said(&simulate);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("calibrated"), "{said}");
}

/// A request that never met another: its times are those of its own steps.
#[test]
fn requests_one_by_one_are_replayed() {
    let mut table = "arrival,contextTokens,generatedTokens,ttft_ms,tpot_ms\n".to_owned();
    for number in 0..12_u32 {
        let (prompt, answer) = (100 + 150 * (number % 5), 20 + 5 * (number % 3));
        // A step of 12 ms, and 50 µs for each token of the prompt.
        let first = 12.0 + 0.05 * f64::from(prompt);
        let _ = writeln!(table, "{},{prompt},{answer},{first},12.05", 10 * number);
    }
    let folder = search("calibrate-requests");
    folder.file("requests.csv", &table);
    let calibrate = [
        "calibrate",
        "search.modelspec.yaml",
        "--node",
        "generator",
        "--measurements",
        "requests.csv",
        "--format",
        "json",
    ];
    let output = folder.run(&calibrate);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["residuals"].as_array().unwrap().len(), 12);
    assert!(told["medianError"].as_f64().unwrap() < 0.01, "{told}");
    assert!(told["service"]["continuous"]["step"].is_string(), "{told}");
}

#[test]
fn what_cannot_be_calibrated_says_why() {
    let folder = search("calibrate-refused");
    folder.file("odd.csv", "size,seconds\n1,2\n");
    let refused = |node: &str, table: &str| {
        let (code, said) = folder.said(&[
            "calibrate",
            "search.modelspec.yaml",
            "--node",
            node,
            "--measurements",
            table,
        ]);
        assert_eq!(code, Some(2), "{said}");
        said
    };
    let said = refused("nobody", "batches.csv");
    assert!(
        said.contains("there is no node `nobody`; there are embedder, generator"),
        "{said}"
    );
    let said = refused("embedder", "odd.csv");
    assert!(
        said.contains("odd.csv: line 1: the headings tell no"),
        "{said}"
    );
}
