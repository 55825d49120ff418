//! What differs is what the digest says differs.
#![allow(missing_docs)]

use std::path::Path;

use modelspec_core::diff::{Change, Class, Differences, differences};
use modelspec_core::{Analysis, import, lock};
use modelspec_tests::{graphs, shared};
use proptest::prelude::*;

fn between(old: &Analysis, new: &Analysis) -> Differences {
    differences(old, new).expect("two graphs")
}

#[test]
fn an_example_differs_from_every_other_and_not_from_itself() {
    let examples = graphs::examples();
    for (name, text) in &examples {
        for (other, new) in &examples {
            let found = between(&Analysis::new(&**text), &Analysis::new(&**new));
            assert_eq!(found.changes.is_empty(), name == other, "{name}, {other}");
        }
    }
}

/// The graph of a Compose file of OPEA.
fn composed(file: &Path) -> Analysis {
    let text = std::fs::read_to_string(file).unwrap();
    let path = file.display().to_string();
    let imported = import::run(&[import::File::new(path, &text)]);
    Analysis::new(imported.expect("a Compose file").text)
}

#[test]
fn a_reranker_that_leaves_a_compose_file_is_named_with_its_class() {
    let Some(folder) = shared::folder("examples/opea-compose") else {
        return;
    };
    let with = composed(&folder.join("chatqna-xeon-compose.yaml"));
    let without = composed(&folder.join("chatqna-xeon-compose_without_rerank.yaml"));
    let found = between(&with, &without);
    let removed: Vec<_> = (found.changes.iter())
        .filter(|change| change.kind.id == "DF-NODE-REMOVED")
        .map(|change| (change.node.as_deref(), change.kind.class))
        .collect();
    assert_eq!(removed, [(Some("tei-reranking-service"), Class::Wire)]);
    let back = between(&without, &with);
    let added = |change: &&Change| change.kind.id == "DF-NODE-ADDED";
    let added: Vec<_> = back.changes.iter().filter(added).collect();
    assert_eq!(added.len(), 1, "{back:#?}");
    assert_eq!(added[0].node.as_deref(), Some("tei-reranking-service"));
}

proptest! {
    #[test]
    fn graphs_of_one_digest_differ_in_words_only(one in graphs::random(), two in graphs::random()) {
        let (old, new) = (Analysis::new(&*one), Analysis::new(&*two));
        prop_assert_eq!(between(&old, &old), Differences::default());
        let digest = |side: &Analysis| lock::digest(side.graph.as_ref().unwrap());
        let found = between(&old, &new);
        if digest(&old) == digest(&new) {
            prop_assert!(found.worst().is_none_or(|worst| worst == Class::Cosmetic), "{:?}", found);
        } else {
            prop_assert!(!found.changes.is_empty(), "{}\n{}", one, two);
        }
        // As many things go one way as come the other, and each sentence names what it is about.
        let back = between(&new, &old);
        prop_assert_eq!(found.changes.len(), back.changes.len());
        for change in &found.changes {
            prop_assert!(!change.message.contains('\n'), "{}", change.message);
            for (span, text) in [(change.old_span, &one), (change.new_span, &two)] {
                let fits = span.is_none_or(|span| text.get(span.start..span.end).is_some());
                prop_assert!(fits, "{:?}", change);
            }
        }
    }
}
