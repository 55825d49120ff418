//! What differs is what the digest says differs.
#![allow(missing_docs)]

use modelspec_core::diff::{Class, Differences, differences};
use modelspec_core::{Analysis, lock};
use modelspec_tests::graphs;
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
