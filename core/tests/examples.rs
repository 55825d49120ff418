//! The shipped examples raise no finding, and their cards do not overlap.
#![allow(missing_docs)]

use modelspec_core::Analysis;
use modelspec_core::check::Severity;
use modelspec_core::layout::{Options, positions, size};

fn examples() -> Vec<(String, Analysis)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../public/examples");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let read = |path: std::path::PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        (path.display().to_string(), Analysis::new(text))
    };
    let examples: Vec<(String, Analysis)> = files.map(read).collect();
    assert!(examples.len() >= 5, "{}", examples.len());
    examples
}

#[test]
fn shipped_examples_raise_no_error() {
    for (path, analysis) in examples() {
        let found: Vec<String> = analysis
            .diagnostics
            .iter()
            .filter(|found| found.severity >= Severity::Warning)
            .map(|found| format!("{} {}", found.code, found.message))
            .collect();
        assert!(analysis.graph.is_some(), "{path}: no graph");
        assert_eq!(found, Vec::<String>::new(), "{path}");
    }
}

#[test]
fn shipped_examples_have_cards_that_do_not_overlap() {
    for (path, analysis) in examples() {
        let graph = analysis.graph.as_ref().unwrap();
        let places: Vec<_> = positions(&analysis, &Options::default())
            .into_iter()
            .collect();
        for (index, (item, at)) in places.iter().enumerate() {
            let (width, height) = size(graph, item);
            for (other, place) in &places[..index] {
                let (other_width, other_height) = size(graph, other);
                let apart = at.x + width <= place.x
                    || place.x + other_width <= at.x
                    || at.y + height <= place.y
                    || place.y + other_height <= at.y;
                assert!(apart, "{path}: {item} lies on {other}");
            }
        }
    }
}
