use modelspec_core::export::Language;
use modelspec_core::import::{self, File};
use modelspec_tests::graphs;
use proptest::prelude::*;

use super::{check_notes, export};

/// Our importer refuses what the server does: tensors of two types or shapes, batches that do not
/// fit, what is not mapped or not used. Gives whether there is an ensemble.
fn check(text: &str) -> bool {
    let Some(artifacts) = export("triton", text) else {
        return false;
    };
    check_notes(&artifacts, text);
    assert_eq!(
        export("triton", text).as_ref(),
        Some(&artifacts),
        "equal graphs, equal bytes"
    );
    let files = artifacts
        .files
        .iter()
        .filter(|file| file.language == Language::TextProto);
    let files: Vec<File<'_>> = files
        .map(|file| File::new(&*file.path, &file.text))
        .collect();
    let imported = import::run(&files);
    assert!(imported.is_ok(), "{}\n{text}", imported.unwrap_err());
    artifacts
        .files
        .iter()
        .any(|file| file.text.contains("platform: \"ensemble\""))
}

#[test]
fn shipped_examples_are_repositories() {
    let ensembles = graphs::examples()
        .into_iter()
        .filter(|(_, text)| check(text));
    assert!(ensembles.count() > 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn random_graphs_are_repositories(text in graphs::random()) {
        check(&text);
    }
}
