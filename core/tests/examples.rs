//! The shipped examples raise no error.
#![allow(missing_docs)]

use modelspec_core::Analysis;
use modelspec_core::check::Severity;

#[test]
fn shipped_examples_raise_no_error() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../public/examples");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let analysis = Analysis::new(text);
        let found: Vec<String> = analysis
            .diagnostics
            .iter()
            .filter(|found| found.severity >= Severity::Warning)
            .map(|found| format!("{} {}", found.code, found.message))
            .collect();
        assert!(analysis.graph.is_some(), "{}: no graph", path.display());
        assert_eq!(found, Vec::<String>::new(), "{}", path.display());
    }
}
