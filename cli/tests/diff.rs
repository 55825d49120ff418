//! `modelspec diff`, as a terminal or a CI job runs it.
#![allow(missing_docs)]

mod folder;

use std::process::Output;

use folder::Folder;
use serde_json::Value;

fn guarded() -> String {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../public/examples/rag-guarded.modelspec.yaml"
    );
    std::fs::read_to_string(path).unwrap()
}

fn diff(folder: &Folder, arguments: &[&str]) -> Output {
    folder.run(&[&["diff"], arguments].concat())
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The example, and the same with a larger embedder.
fn swapped(name: &str) -> Folder {
    let folder = Folder::new(name, &[]);
    folder.file("old.yaml", &guarded());
    let base = guarded().replace("1024", "768");
    folder.file(
        "base.yaml",
        &base.replace("bge-large-en-v1.5", "bge-base-en-v1.5"),
    );
    folder
}

#[test]
fn a_swap_of_the_embedder_is_wire_and_reindex() {
    let folder = swapped("diff-swap");
    let output = diff(&folder, &["base.yaml", "old.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    for said in [
        "wire: `dim` of `embedder.vector` changes from `768` to `1024` [DF-DIMENSION]\n  --> old.yaml:",
        "reindex: `model.id` of `embedder` changes from `BAAI/bge-base-en-v1.5` to `BAAI/bge-large-en-v1.5` [DF-EMBEDDER]",
        "wire, ",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
    let nothing = diff(&folder, &["old.yaml", "old.yaml"]);
    assert_eq!(
        (nothing.status.code(), &*stdout(&nothing)),
        (Some(0), "no differences\n")
    );
}

#[test]
fn the_level_decides_the_exit_code() {
    let folder = Folder::new("diff-level", &[]);
    folder.file("old.yaml", &guarded());
    folder.file("revision.yaml", &guarded().replace("d4aa690", "0123456"));
    folder.file("replicas.yaml", &guarded().replace("cpu: 8", "cpu: 4"));
    for (new, level, code) in [
        ("revision.yaml", "wire", 0),
        ("revision.yaml", "reindex", 1),
        ("revision.yaml", "placement", 1),
        ("replicas.yaml", "slo", 0),
        ("replicas.yaml", "placement", 1),
    ] {
        let output = diff(&folder, &["old.yaml", new, "--fail-on", level]);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{new} {level}\n{}",
            stdout(&output)
        );
    }
}

#[test]
fn json_has_the_keys_of_the_contract() {
    let folder = swapped("diff-json");
    let output = diff(&folder, &["base.yaml", "old.yaml", "--format", "json"]);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    let keys = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&value), ["old", "new", "worst", "changes", "ignored"]);
    assert_eq!(
        (&value["worst"], &value["old"]["file"]),
        (&"wire".into(), &"base.yaml".into())
    );
    assert!(
        value["new"]["digest"]
            .as_str()
            .unwrap()
            .starts_with("sha256:")
    );
    let change = &value["changes"][0];
    assert_eq!(
        keys(change),
        [
            "id", "class", "message", "means", "node", "port", "edge", "path", "old", "new",
            "oldPlace", "newPlace"
        ]
    );
    assert_eq!(
        (&change["old"], &change["new"]),
        (&"768".into(), &"1024".into())
    );
    let line = usize::try_from(change["newPlace"]["line"].as_u64().unwrap()).unwrap();
    assert!(guarded().lines().nth(line - 1).unwrap().contains("1024"));
}

#[test]
fn annotations_are_errors_from_the_level_on() {
    let folder = swapped("diff-github");
    let output = diff(
        &folder,
        &[
            "base.yaml",
            "old.yaml",
            "--format",
            "github",
            "--fail-on",
            "wire",
        ],
    );
    let text = stdout(&output);
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("::error file=old.yaml,line="),
        "{text}"
    );
    assert!(
        lines[0].contains("title=DF-DIMENSION::`dim` of `embedder.vector`"),
        "{text}"
    );
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("::warning ") && line.contains("DF-EMBEDDER"))
    );
}

#[test]
fn what_is_meant_is_ignored_with_its_reason() {
    let folder = Folder::new("diff-ignored", &[]);
    folder.file("old.yaml", &guarded());
    let checks = "spec:\n  checks: {DF-EMBEDDER: {severity: off, reason: built anew tonight}}\n";
    let new = guarded().replace("d4aa690, parameters", "0123456, parameters");
    folder.file("new.yaml", &new.replacen("spec:\n", checks, 1));
    let output = diff(&folder, &["old.yaml", "new.yaml"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.contains("ignored: `model.revision` of `embedder`")
            && text.contains("= built anew tonight"),
        "{text}"
    );
}

#[test]
fn what_cannot_be_compared_says_why() {
    let folder = Folder::new("diff-refused", &[]);
    folder.file("old.yaml", &guarded());
    folder.file("broken.yaml", "spec: {nodse: {}}\n");
    folder.file("other.yaml", "{}\n");
    let broken = diff(&folder, &["old.yaml", "broken.yaml"]);
    let said = String::from_utf8_lossy(&broken.stderr).into_owned();
    assert!(
        broken.status.code() == Some(1) && said.contains("MG002"),
        "{said}"
    );
    let both = diff(&folder, &["-", "-"]);
    assert_eq!(both.status.code(), Some(2));
    let missing = diff(&folder, &["old.yaml", "missing.yaml"]);
    let said = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert!(
        missing.status.code() == Some(2) && said.contains("missing.yaml"),
        "{said}"
    );
}

/// A pipeline of services that name each other in their variables, with and without a reranker.
fn composed(reranks: bool) -> String {
    let mut text = String::from(
        "services:
  retriever:
    image: opea/retriever:1.3
    environment: {TEI_EMBEDDING_ENDPOINT: http://embedder:80}
  embedder:
    image: ghcr.io/huggingface/text-embeddings-inference:cpu-1.7
    command: --model-id BAAI/bge-base-en-v1.5
",
    );
    if reranks {
        text.push_str(
            "  reranker:
    image: ghcr.io/huggingface/text-embeddings-inference:cpu-1.7
    command: --model-id BAAI/bge-reranker-base
",
        );
    }
    text
}

#[test]
fn files_of_other_systems_are_compared_as_the_graphs_they_become() {
    let folder = Folder::new("diff-imported", &[]);
    folder.file("with.yaml", &composed(true));
    folder.file("without.yaml", &composed(false));
    let output = diff(
        &folder,
        &["with.yaml", "without.yaml", "--fail-on", "semantic"],
    );
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("wire: `reranker` (reranker, BAAI/bge-reranker-base) is removed"),
        "{text}"
    );
    assert!(text.contains("--> with.yaml\n"), "{text}");
    let output = diff(&folder, &["with.yaml", "without.yaml", "--format", "json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["old"]["imported"], true);
    assert_eq!(json["changes"][0]["oldPlace"], Value::Null);
    folder.file("hostile.gguf", "GGUF");
    let refused = diff(&folder, &["with.yaml", "hostile.gguf"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        refused.status.code() == Some(1) && said.contains("hostile.gguf"),
        "{said}"
    );
}
