//! The pages, hooks and actions in the repository are those of this program.
#![allow(missing_docs)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use modelspec_core::{spec, yaml};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn modelspec(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_modelspec"));
    command.args(arguments).output().unwrap()
}

fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let files = entries.map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(&path).unwrap())
    });
    files.collect()
}

fn read(name: &str) -> serde_json::Value {
    let text = std::fs::read_to_string(repository().join(name)).unwrap();
    let parsed = yaml::read(&text, &yaml::Limits::default());
    assert_eq!(parsed.errors, [], "{name}");
    spec::to_json(&parsed.documents[0])
}

#[test]
fn the_reference_is_the_one_that_the_rules_make() {
    let folder = std::env::temp_dir().join(format!("modelspec-reference-{}", std::process::id()));
    let output = modelspec(&["explain", "--all", "--output", &folder.to_string_lossy()]);
    assert_eq!(output.status.code(), Some(0));
    let (made, kept) = (files(&folder), files(&repository().join("docs/rules")));
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(
        made == kept,
        "the rules have changed; renew their pages: rm -r docs/rules && cargo run -p \
         modelspec-cli -- explain --all --output docs/rules"
    );
    assert!(made["README.md"].contains("| [MG301](MG301.md) |"));
    assert!(made["README.md"].contains("| DF-DIMENSION |"));
    assert!(made["MG301.md"].contains("## Fails"));
}

#[test]
fn the_pages_of_targets_are_those_that_the_targets_make() {
    let folder = std::env::temp_dir().join(format!("modelspec-targets-{}", std::process::id()));
    let path = folder.to_string_lossy().into_owned();
    let output = modelspec(&["explain", "--all", "--targets", "--output", &path]);
    assert_eq!(output.status.code(), Some(0));
    let (made, kept) = (files(&folder), files(&repository().join("docs/targets")));
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(
        made == kept,
        "the targets have changed; renew their pages: rm -r docs/targets && cargo run -p \
         modelspec-cli -- explain --all --targets --output docs/targets"
    );
    assert!(made["kserve.md"].contains("- `spec.nodes.*.serving.timeout`"));
    assert!(made["kserve.md"].contains("- `spec.nodes.*.latency`"));
}

#[test]
fn the_page_of_the_catalogue_is_the_one_that_it_makes() {
    let output = modelspec(&["catalogue"]);
    assert_eq!(output.status.code(), Some(0));
    let kept = std::fs::read_to_string(repository().join("docs/catalogue.md")).unwrap();
    assert!(
        output.stdout == kept.as_bytes(),
        "the catalogue has changed; renew its page: cargo run -p modelspec-cli -- catalogue \
         > docs/catalogue.md"
    );
}

#[test]
fn the_hooks_run_this_program() {
    let hooks = read(".pre-commit-hooks.yaml");
    let example = repository().join("public/examples/rag-guarded.modelspec.yaml");
    let mut ids = Vec::new();
    for hook in hooks.as_array().unwrap() {
        ids.push(hook["id"].as_str().unwrap());
        let entry: Vec<&str> = hook["entry"].as_str().unwrap().split(' ').collect();
        assert_eq!(entry[0], "modelspec");
        let copy = std::env::temp_dir().join(format!("{}-{}.yaml", ids.len(), std::process::id()));
        std::fs::copy(&example, &copy).unwrap();
        let path = copy.to_string_lossy().into_owned();
        let output = modelspec(&[&entry[1..], &[&*path]].concat());
        std::fs::remove_file(&copy).unwrap();
        assert_eq!(output.status.code(), Some(0), "{entry:?}");
    }
    assert_eq!(ids, ["modelspec-check", "modelspec-fmt"]);
}

#[test]
fn the_action_names_options_that_there_are() {
    let action = read("action.yml");
    assert_eq!(action["runs"]["using"], "composite");
    let inputs = action["inputs"].as_object().unwrap();
    let mut commands = 0;
    for step in action["runs"]["steps"].as_array().unwrap() {
        let script = step["run"].as_str().unwrap();
        // Words of a user never stand in a script: they come by the environment.
        assert!(!script.contains("${{"), "{script}");
        let values = step["env"].as_object().unwrap().values();
        for value in values.filter_map(|value| value.as_str()?.strip_prefix("${{ inputs.")) {
            assert!(
                inputs.contains_key(value.trim_end_matches(" }}")),
                "{value}"
            );
        }
        for command in script.split("modelspec ").skip(1) {
            let line = command.lines().next().unwrap();
            let mut words = line.split_whitespace();
            let name = words.next().unwrap();
            if !matches!(name, "check" | "diff") {
                continue;
            }
            commands += 1;
            let help = modelspec(&[name, "--help"]);
            let help = String::from_utf8(help.stdout).unwrap();
            for option in words.filter(|word| word.starts_with("--")) {
                assert!(help.contains(option), "{name} {option}");
            }
        }
    }
    assert_eq!(commands, 3);
}
