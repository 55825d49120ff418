//! The action of the repository, its steps run as a GitHub runner runs them.
#![allow(missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use modelspec_core::{spec, yaml};
use serde_json::Value;

const EXAMPLE: &str = include_str!("../../public/examples/rag-guarded.modelspec.yaml");
const NAME: &str = "graphs/rag.modelspec.yaml";

fn action() -> Value {
    let text = include_str!("../../action.yml");
    let parsed = yaml::read(text, &yaml::Limits::default());
    spec::to_json(&parsed.documents[0])
}

/// A repository with one commit.
struct Repository(PathBuf);

impl Repository {
    fn new(name: &str) -> Self {
        let folder = format!("modelspec-action-{name}-{}", std::process::id());
        let repository = Self(std::env::temp_dir().join(folder));
        std::fs::create_dir_all(repository.0.join("graphs")).unwrap();
        repository.git(&["init", "--quiet"]);
        repository.commit(EXAMPLE);
        repository
    }

    fn git(&self, arguments: &[&str]) {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=test", "-c", "user.email=test@example.org"]);
        let status = git.args(arguments).current_dir(&self.0).status().unwrap();
        assert!(status.success(), "git {arguments:?}");
    }

    fn commit(&self, text: &str) {
        std::fs::write(self.0.join(NAME), text).unwrap();
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "Change the graph"]);
    }

    /// Runs the steps behind the installation with the inputs that are stated, up to the first
    /// that fails: what they wrote, and whether all went well.
    fn run(&self, stated: &[(&str, &str)]) -> (String, bool) {
        let action = action();
        let input = |name: &str| {
            let mut stated = stated.iter();
            let stated = stated.find_map(|(key, value)| (*key == name).then_some(*value));
            let default = action["inputs"][name]["default"].as_str();
            stated.or(default).expect("an input").to_owned()
        };
        let mut text = String::new();
        for step in &action["runs"]["steps"].as_array().unwrap()[1..] {
            if let Some(condition) = step["if"].as_str() {
                let name = condition.strip_prefix("inputs.").unwrap();
                if input(name.strip_suffix(" != ''").unwrap()).is_empty() {
                    continue;
                }
            }
            let mut variables = Vec::new();
            for (key, value) in step["env"].as_object().unwrap() {
                let name = value.as_str().unwrap().strip_prefix("${{ inputs.").unwrap();
                variables.push((key.as_str(), input(name.strip_suffix(" }}").unwrap())));
            }
            let output = self.step(step["run"].as_str().unwrap(), variables);
            text.push_str(&String::from_utf8(output.stdout).unwrap());
            if !output.status.success() {
                return (text, false);
            }
        }
        (text, true)
    }

    fn step(&self, script: &str, variables: Vec<(&str, String)>) -> Output {
        let program = Path::new(env!("CARGO_BIN_EXE_modelspec")).parent().unwrap();
        let path = std::env::var("PATH").unwrap();
        let mut bash = Command::new("bash");
        bash.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
            .envs(variables)
            .env("PATH", format!("{}:{path}", program.display()))
            .current_dir(&self.0);
        bash.output().unwrap()
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_graph_without_errors_passes() {
    let repository = Repository::new("passes");
    let (text, passes) = repository.run(&[("base", "HEAD")]);
    assert!(passes && !text.contains("::error"), "{text}");
}

#[test]
fn an_error_fails_and_is_annotated() {
    let repository = Repository::new("fails");
    repository.commit(&EXAMPLE.replacen("dim: 1024", "dim: 768", 1));
    let (text, passes) = repository.run(&[("sarif", "found.sarif")]);
    assert!(!passes);
    let annotation = format!("::error file={NAME},line=");
    assert!(
        text.contains(&annotation) && text.contains("MG301"),
        "{text}"
    );
    let sarif = std::fs::read_to_string(repository.0.join("found.sarif")).unwrap();
    assert!(sarif.contains("\"MG301\""), "{sarif}");
}

#[test]
fn another_embedder_is_told_against_the_base() {
    let repository = Repository::new("differs");
    let small = EXAMPLE.replace("1024", "768");
    repository.commit(&small.replace("bge-large-en-v1.5", "bge-base-en-v1.5"));
    let (text, passes) = repository.run(&[("base", "HEAD~1")]);
    assert!(!passes && text.contains("DF-DIMENSION"), "{text}");
    let placement = [("base", "HEAD~1"), ("diff-fail-on", "wire")];
    assert!(!repository.run(&placement).1);
    // Nothing is compared without a base.
    assert!(repository.run(&[]).1);
}
