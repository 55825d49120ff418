//! The scripts of an exported workflow, run as a GitHub runner runs them.
#![allow(missing_docs)]

use std::path::{Path, PathBuf};
use std::process::Command;

use modelspec_core::export::{self, Options};
use modelspec_core::{Analysis, spec, yaml};
use serde_json::Value;

const EXAMPLE: &str = include_str!("../../public/examples/rag-guarded.modelspec.yaml");

/// A folder of its own that goes when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("modelspec-workflow-{}-{name}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        std::fs::create_dir_all(folder.0.join("bin")).unwrap();
        folder
    }

    /// A program that only tells what it was called with, where those files are there.
    fn stand_in(&self, name: &str) {
        let path = self.0.join("bin").join(name);
        let script = "#!/bin/sh\nfor word; do case $word in */*) test -f \"$word\" || exit 9;; esac; done\necho \"$0 $*\"\n";
        std::fs::write(&path, script).unwrap();
        let made = Command::new("chmod").arg("+x").arg(&path).status();
        assert!(made.unwrap().success());
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn workflow() -> Value {
    let target = export::find("github-actions").unwrap();
    let stated = "annotations: {github/targets: \"kubernetes, compose\"}";
    let text = EXAMPLE.replacen("annotations: {}", stated, 1);
    let artifacts = export::run(target, &Analysis::new(text), &Options::default()).unwrap();
    let parsed = yaml::read(&artifacts.files[0].text, &yaml::Limits::default());
    spec::to_json(&parsed.documents[0])
}

/// Runs the scripts of the workflow's job with what is accepted of each target; what they wrote,
/// and whether all went well.
fn run(folder: &Folder, accept: &[(&str, &str)]) -> (String, bool) {
    let workflow = workflow();
    let job = &workflow["jobs"]["graph"];
    let program = Path::new(env!("CARGO_BIN_EXE_modelspec")).parent().unwrap();
    let path = format!(
        "{}:{}:{}",
        folder.0.join("bin").display(),
        program.display(),
        std::env::var("PATH").unwrap()
    );
    let mut told = String::new();
    for step in job["steps"].as_array().unwrap() {
        let Some(script) = step["run"].as_str() else {
            continue;
        };
        let mut bash = Command::new("bash");
        bash.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
        for (name, value) in job["env"].as_object().unwrap() {
            bash.env(name, value.as_str().unwrap());
        }
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            let mut stated = accept.iter();
            let stated = stated.find(|(target, _)| step["name"] == format!("Export for {target}"));
            bash.env(
                name,
                stated.map_or(value.as_str().unwrap(), |(_, codes)| codes),
            );
        }
        bash.env("PATH", &path)
            .env("RUNNER_TEMP", &folder.0)
            .current_dir(&folder.0);
        let output = bash.output().unwrap();
        told.push_str(&String::from_utf8_lossy(&output.stdout));
        if !output.status.success() {
            told.push_str(&String::from_utf8_lossy(&output.stderr));
            return (told, false);
        }
    }
    (told, true)
}

#[test]
fn the_scripts_of_a_workflow_export_and_check() {
    let folder = Folder::new("runs");
    std::fs::write(folder.0.join("support-rag.modelspec.yaml"), EXAMPLE).unwrap();
    for program in ["pipx", "docker"] {
        folder.stand_in(program);
    }
    let (told, well) = run(&folder, &[]);
    assert!(well, "{told}");
    for words in [
        "pipx run check-jsonschema==",
        "/modelgraph.schema.json support-rag.modelspec.yaml",
        "-k 1.34 --strict exported/kubernetes/support-rag-embedder.yaml",
        "compose --file exported/compose/compose.yaml config",
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }
    let schema = std::fs::read(folder.0.join("modelgraph.schema.json")).unwrap();
    assert!(
        serde_json::from_slice::<Value>(&schema)
            .unwrap()
            .is_object()
    );
}

/// A loss that stops an export fails the run until its code is accepted.
#[test]
fn a_stopping_loss_fails_the_workflow_until_it_is_accepted() {
    let folder = Folder::new("stops");
    let chained = EXAMPLE
        .replace("spec:\n  types:", "spec:\n  execution: chained\n  types:")
        .replace("timeout: 200ms", "timeout: 11s");
    std::fs::write(folder.0.join("support-rag.modelspec.yaml"), chained).unwrap();
    for program in ["pipx", "docker"] {
        folder.stand_in(program);
    }
    let (told, well) = run(&folder, &[]);
    assert!(
        !well && told.contains("TG-KUBERNETES-CHAINED-GUARD"),
        "{told}"
    );
}
