//! `modelspec export`, as a terminal or a CI job runs it.
#![allow(missing_docs)]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn guarded() -> String {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../public/examples/rag-guarded.modelspec.yaml"
    );
    std::fs::read_to_string(path).unwrap()
}

fn chained() -> String {
    guarded()
        .replace("spec:\n  types:", "spec:\n  execution: chained\n  types:")
        .replace("timeout: 200ms", "timeout: 11s")
}

fn export(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_modelspec"))
        .arg("export")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that is used wrongly does not wait for its input.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A folder of its own that goes when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("modelspec-export-{}-{name}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn path(&self) -> String {
        self.0.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn targets_are_listed() {
    let output = export(&["--list"], "");
    assert_eq!(output.status.code(), Some(0));
    for target in ["kubernetes", "modelspec"] {
        assert!(stdout(&output).lines().any(|line| line.starts_with(target)));
    }
    let output = export(&["--list", "--format", "json"], "");
    let listed: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let kubernetes = listed
        .iter()
        .find(|target| target["name"] == "kubernetes")
        .unwrap();
    assert!(kubernetes["about"].is_string() && kubernetes["codes"][0]["code"].is_string());
}

#[test]
fn files_are_written_into_a_folder() {
    let folder = Folder::new("written");
    let deep = format!("{}/deep/er", folder.path());
    let output = export(&["kubernetes", "-", "-o", &deep], &guarded());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = stdout(&output);
    assert_eq!(said.lines().count(), 6, "{said}");
    for path in said.lines() {
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.starts_with("# support-rag 1.4.0\n# sha256:"), "{path}");
    }
    // Losses and assumptions are told beside, with their line.
    let told = stderr(&output);
    assert!(
        told.contains("loss[TG-KUBERNETES-OBJECTIVES]: <stdin>:"),
        "{told}"
    );
    assert!(told.contains("assumed[TG-KUBERNETES-IMAGE]: "), "{told}");
}

#[test]
fn without_a_folder_the_files_are_one_stream() {
    let output = export(&["modelspec", "-"], &guarded());
    assert_eq!(output.status.code(), Some(0));
    let stream = stdout(&output);
    assert_eq!(stream.matches("---\n# ").count(), 4, "{stream}");
    assert!(stream.starts_with("---\n# embedder.modelspec.yaml\n# support-rag 1.4.0\n"));
    assert_eq!(stream.matches("kind: ModelSpec\n").count(), 4);
    assert_eq!(
        output.stdout,
        export(&["modelspec", "-"], &guarded()).stdout
    );
}

#[test]
fn a_loss_that_changes_safety_stops_until_it_is_accepted() {
    let folder = Folder::new("stopped");
    let stopped = export(&["kubernetes", "-", "-o", &folder.path()], &chained());
    assert_eq!(stopped.status.code(), Some(1));
    assert!(
        stderr(&stopped).contains("error[TG-KUBERNETES-CHAINED-GUARD]: "),
        "{}",
        stderr(&stopped)
    );
    assert!(stderr(&stopped).contains("or accept TG-KUBERNETES-CHAINED-GUARD"));
    assert!(!folder.0.exists(), "nothing is written");
    let code = "tg-kubernetes-chained-guard";
    let arguments = ["kubernetes", "-", "-o", &folder.path(), "--accept", code];
    let accepted = export(&arguments, &chained());
    assert_eq!(accepted.status.code(), Some(0), "{}", stderr(&accepted));
    let text = std::fs::read_to_string(folder.0.join("support-rag-store.yaml")).unwrap();
    assert!(
        text.contains("\n# Accepted loss TG-KUBERNETES-CHAINED-GUARD: with "),
        "{text}"
    );
}

#[test]
fn json_holds_everything() {
    let output = export(&["kubernetes", "-", "--format", "json"], &guarded());
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&result["target"], &result["graph"]),
        (&"kubernetes".into(), &"support-rag".into())
    );
    assert!(result["digest"].as_str().unwrap().starts_with("sha256:") && result["error"].is_null());
    assert_eq!(result["files"].as_array().unwrap().len(), 6);
    assert!(
        result["files"][0]["text"]
            .as_str()
            .unwrap()
            .contains("kind: Deployment")
    );
    for note in result["losses"].as_array().unwrap() {
        assert!(
            note["value"].is_null() && note["line"].as_u64().unwrap() > 0,
            "{note}"
        );
    }
    for note in result["assumptions"].as_array().unwrap() {
        assert!(
            note["value"].is_string() && note["code"].is_string(),
            "{note}"
        );
    }
    let output = export(&["kubernetes", "-", "--format", "json"], &chained());
    assert_eq!(output.status.code(), Some(1));
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    let stopping = result["losses"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|note| note["stops"] == true);
    assert_eq!(stopping.count(), 1);
    assert!(result["files"].as_array().unwrap().is_empty() && result["error"].is_string());
}

#[test]
fn bad_use_gives_two_and_a_way_out() {
    for (arguments, way_out) in [
        (&["kubernets", "-"][..], "did you mean `kubernetes`?"),
        (&["seldon", "-"], "a target is `kubernetes`"),
        (&["kubernetes", "no-such-file.yaml"], "no-such-file.yaml"),
        (
            &["kubernetes", "-", "--accept", "TG-KUBERNETES-SIZES"],
            "did you mean `TG-KUBERNETES-SIZE`?",
        ),
        (&["kubernetes"], "--help"),
        (&["--list", "kubernetes"], "--help"),
    ] {
        let output = export(arguments, &guarded());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            stderr(&output).contains(way_out),
            "{arguments:?}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn a_graph_with_errors_is_a_finding() {
    let broken = guarded().replace("role: embedder\n", "role: embeder\n");
    let output = export(&["kubernetes", "-"], &broken);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).is_empty());
    assert!(
        stderr(&output).contains("`modelspec check <stdin>` shows"),
        "{}",
        stderr(&output)
    );
    let output = export(&["kubernetes", "-"], "");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn codes_of_exports_are_explained() {
    let explain = |code: &str| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_modelspec"));
        stdout(&program.args(["explain", code]).output().unwrap())
    };
    assert!(explain("tg-kubernetes-size").contains("--accept TG-KUBERNETES-SIZE"));
    assert!(explain("TG-MODELSPEC-TASK").starts_with("# TG-MODELSPEC-TASK: The task of a model\n"));
}

/// What a simulation found stands in the files of an export, with where it is from.
#[test]
fn a_simulated_placement_is_taken() {
    let folder = Folder::new("placement");
    std::fs::create_dir_all(&folder.0).unwrap();
    let document = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../public/examples/rag.modelspec.yaml"
    );
    let simulated = Command::new(env!("CARGO_BIN_EXE_modelspec"))
        .args([
            "simulate",
            document,
            "--requests",
            "4000",
            "--format",
            "json",
        ])
        .args(["--set", "generator.placement.replicas=5"])
        .output()
        .unwrap();
    assert!(simulated.status.success(), "{}", stderr(&simulated));
    let result: Value = serde_json::from_slice(&simulated.stdout).unwrap();
    let generator = &result["placement"]["nodes"]["generator"];
    assert_eq!(generator["replicas"], 5);
    let waits = result["nodes"]["generator"]["wait"]["p99Ms"].as_f64();
    assert!(generator["queue"].as_u64() >= Some(1) && waits.is_some());

    let run = folder.0.join("run.json");
    std::fs::write(&run, &simulated.stdout).unwrap();
    let run = run.display().to_string();
    let output = export(&["keda", document, "--placement", &run], "");
    assert!(output.status.success(), "{}", stderr(&output));
    let files = stdout(&output);
    assert!(files.contains("minReplicaCount: 5"), "{files}");
    assert!(
        files.contains("# Chosen, not stated: simulated at "),
        "{files}"
    );
    assert!(
        files.contains(&format!("threshold: \"{}\"", generator["queue"])),
        "{files}"
    );
}

#[test]
fn a_placement_that_is_none_is_refused_by_its_place() {
    let folder = Folder::new("no-placement");
    std::fs::create_dir_all(&folder.0).unwrap();
    for (text, said) in [
        ("not: json", "is no result of a simulation"),
        (
            r#"{"mode": "stations", "nodes": {}}"#,
            "simulated one by one",
        ),
        (r#"{"placement": null}"#, "does not keep up"),
        (
            r#"{"origin": "by hand", "nodes": {"guard": {"replicas": -1}}}"#,
            "`nodes.guard.replicas`",
        ),
    ] {
        let file = folder.0.join("run.json");
        std::fs::write(&file, text).unwrap();
        let file = file.display().to_string();
        let output = export(&["keda", "-", "--placement", &file], &guarded());
        assert!(!output.status.success());
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
    }
    // One of another graph names a node that this one has not.
    let file = folder.0.join("run.json");
    let other = r#"{"origin": "by hand", "nodes": {"guards": {"replicas": 2}}}"#;
    std::fs::write(&file, other).unwrap();
    let file = file.display().to_string();
    let output = export(&["keda", "-", "--placement", &file], &guarded());
    assert_eq!(output.status.code(), Some(1));
    let said = "names `guards`; did you mean `guard`?";
    assert!(stderr(&output).contains(said), "{}", stderr(&output));
}
