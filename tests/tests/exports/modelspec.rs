use modelspec_core::spec;
use modelspec_tests::graphs;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::{check_notes, documents, export};

/// Our own reader of the closed format finds nothing wrong, and each document tells where it
/// comes from; gives the number of documents.
fn check(text: &str) -> usize {
    let Some(artifacts) = export("modelspec", text) else {
        return 0;
    };
    check_notes(&artifacts, text);
    let names: Vec<&str> = artifacts.files.iter().map(|file| &*file.path).collect();
    for file in &artifacts.files {
        let reading = spec::read(&file.text);
        assert_eq!(reading.diagnostics, [], "{}\n{}", file.path, file.text);
        assert_eq!(reading.model_specs().count(), 1, "{}", file.path);
        let document = documents(&file.text).remove(0);
        let metadata = &document["metadata"];
        assert_eq!(
            format!("{}.modelspec.yaml", metadata["name"].as_str().unwrap()),
            file.path
        );
        let digest = metadata["annotations"]["modelgraph/digest"]
            .as_str()
            .unwrap();
        assert!(file.text.lines().nth(1).unwrap().ends_with(digest));
        let dependencies = document["spec"]["pipeline"]["dependencies"].as_array();
        for dependency in dependencies.into_iter().flatten() {
            if let Some(path) = dependency["specRef"].as_str() {
                assert!(names.contains(&path.trim_start_matches("./")), "{path}");
            }
        }
    }
    // One of them holds what is said of the whole.
    let whole = artifacts
        .files
        .iter()
        .filter(|file| file.text.contains("modelgraph/document"));
    assert_eq!(whole.count(), 1);
    names.len()
}

#[test]
fn shipped_examples_are_valid_model_specs() {
    for (name, text) in graphs::examples() {
        assert!(check(&text) > 0, "{name}");
    }
}

proptest! {
    #[test]
    fn random_graphs_are_valid_model_specs(text in graphs::random()) {
        check(&text);
    }
}

/// Else the law above would hold of nothing.
#[test]
fn random_graphs_have_accelerators() {
    let mut runner = TestRunner::deterministic();
    let mut text = || graphs::random().new_tree(&mut runner).unwrap().current();
    let written: usize = (0..32).map(|_| check(&text())).sum();
    assert!(written > 16, "{written}");
}
