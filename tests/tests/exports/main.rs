//! What the exports write is what their targets read.
#![allow(missing_docs)]

mod argo;
mod budgets;
mod compose;
mod consistency;
mod gateway;
mod github_actions;
mod held;
mod helm;
mod keda;
mod kserve;
mod kubernetes;
mod modelspec;
mod observability;
mod router;
mod schemas;
mod serve;
mod temporal;
mod triton;

use modelspec_core::export::{self, Artifacts, ExportError, Options};
use modelspec_core::{Analysis, yaml};
use serde_json::Value;

/// An export with every loss accepted; `None` where there is nothing to write.
fn export(target: &str, text: &str) -> Option<Artifacts> {
    let target = export::find(target).unwrap();
    let accept = target.kinds().iter().map(|kind| kind.code.to_owned());
    let options = Options {
        accept: accept.collect(),
        ..Options::default()
    };
    match export::run(target, &Analysis::new(text), &options) {
        Ok(artifacts) => Some(artifacts),
        Err(ExportError::Empty(_)) => None,
        Err(error) => panic!("{error}\n{text}"),
    }
}

/// The documents of a YAML file, as another library reads them and as ours does.
fn documents(text: &str) -> Vec<Value> {
    let others = serde_yaml::Deserializer::from_str(text);
    let others: Vec<Value> = others
        .map(|document| <Value as serde::Deserialize>::deserialize(document).unwrap())
        .collect();
    let ours = yaml::read(text, &yaml::Limits::default());
    assert!(ours.errors.is_empty(), "{:?}\n{text}", ours.errors);
    let ours: Vec<Value> = ours
        .documents
        .iter()
        .map(modelspec_core::spec::to_json)
        .collect();
    assert_eq!(ours, others, "two readers differ\n{text}");
    others
}

/// Notes name what they are about.
fn check_notes(artifacts: &Artifacts, text: &str) {
    for note in artifacts.losses.iter().chain(&artifacts.assumptions) {
        let (code, message) = (note.kind.code, &note.message);
        assert!(
            text.get(note.span.start..note.span.end)
                .is_some_and(|at| !at.is_empty()),
            "{code} {message}"
        );
        assert!(
            !message.ends_with('.') && message.contains(' '),
            "{code} {message}"
        );
        if let Some(node) = &note.node {
            assert!(message.contains(&format!("`{node}")), "{code} {message}");
        }
    }
    assert!(artifacts.losses.iter().all(|note| note.value.is_none()));
    assert!(
        artifacts
            .assumptions
            .iter()
            .all(|note| note.value.is_some())
    );
}
