//! `modelspec import`, as a terminal or a CI job runs it.
#![allow(missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn import(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_modelspec"))
        .arg("import")
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A folder of its own with the files of a small embedder, whose pooling is so wide.
fn model(test: &str, pooling: u32) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("import-{test}"));
    let own = folder.join("maker/small");
    fs::create_dir_all(own.join("1_Pooling")).unwrap();
    let config = r#"{"architectures": ["BertModel"], "model_type": "bert", "hidden_size": 384,
  "max_position_embeddings": 512, "vocab_size": 30522, "hidden_act": "gelu"}"#;
    fs::write(own.join("config.json"), config).unwrap();
    let pooling = format!(
        "{{\n  \"word_embedding_dimension\": {pooling},\n  \"pooling_mode_mean_tokens\": true\n}}"
    );
    fs::write(own.join("1_Pooling/config.json"), pooling).unwrap();
    fs::write(own.join("notes.txt"), "nothing").unwrap();
    own
}

#[test]
fn a_folder_becomes_a_graph_and_notes() {
    let folder = model("folder", 384);
    let output = import(&[folder.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let graph = text(&output.stdout);
    assert!(
        graph.starts_with("apiVersion: modelgraph/v1alpha1\n") && graph.contains("dim: 384"),
        "{graph}"
    );
    let notes = text(&output.stderr);
    for code in [
        "kept[IM-HF-REST]",
        "guessed[IM-HF-ID]",
        "understood[IM-HF-MODEL]",
        "kept[IM-ASIDE]",
    ] {
        assert!(notes.contains(code), "{code}: {notes}");
    }
}

#[test]
fn a_contradiction_names_file_line_and_way_out() {
    let folder = model("contradiction", 768);
    let written = folder.join("graph.yaml");
    let _ = fs::remove_file(&written);
    let output = import(&[folder.to_str().unwrap(), "-o", written.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!written.exists());
    let notes = text(&output.stderr);
    assert!(
        notes.contains("error[IM-HF-DIMENSION]: ") && notes.contains("1_Pooling/config.json:2: "),
        "{notes}"
    );
    assert!(notes.contains("\n  help: "), "{notes}");
}

#[test]
fn a_graph_can_be_written_and_notes_read_by_programs() {
    let folder = model("json", 384);
    let written = folder.with_extension("modelspec.yaml");
    let output = import(&[
        folder.to_str().unwrap(),
        "--format",
        "json",
        "-o",
        written.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(result["imported"], true);
    assert_eq!(result["readings"].as_array().unwrap().len(), 2);
    let notes = result["notes"].as_array().unwrap();
    assert!(
        notes
            .iter()
            .all(|note| note["code"].as_str().unwrap().starts_with("IM-"))
    );
    assert!(
        notes
            .iter()
            .any(|note| note["line"] == 1 && note["class"] == "guessed")
    );
    let graph = fs::read_to_string(written).unwrap();
    assert!(graph.contains("role: embedder"));
    let listed: Value =
        serde_json::from_slice(&import(&["--list", "--format", "json"]).stdout).unwrap();
    let names: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|of| of["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"hugging-face") && names.contains(&"modelspec"),
        "{names:?}"
    );
}

#[test]
fn what_cannot_be_opened_is_bad_use() {
    assert_eq!(import(&["no/such/file.json"]).status.code(), Some(2));
    assert_eq!(import(&[]).status.code(), Some(2));
}
