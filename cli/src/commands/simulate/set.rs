//! `--set`: a field of the document, changed for one run.

use core::fmt::Display;

use modelspec_core::text;
use modelspec_core::yaml::{self, Fragment, Limits, Node};

use crate::Failure;

/// The text with one field changed, as `PATH=VALUE` says. A path starts at a node's name, at a key
/// of `spec`, or at the top of the document.
pub(super) fn apply(source: &str, assignment: &str) -> Result<String, Failure> {
    let (path, value) = assignment
        .split_once('=')
        .filter(|(path, value)| !path.is_empty() && !value.is_empty())
        .ok_or_else(|| {
            let way_out = "write a path and a value, as in `reranker.placement.replicas=3`";
            failed(assignment, way_out)
        })?;
    let parsed = yaml::read(source, &Limits::default());
    if !parsed.errors.is_empty() {
        // The check of the document names them better.
        return Ok(source.to_owned());
    }
    let is_graph = |document: &&Node| {
        let kind = document.at(["kind"]).and_then(Node::as_scalar);
        kind.is_some_and(|kind| kind.text == "ModelGraph")
    };
    let root = parsed.documents.iter().find(is_graph);
    let root = root.ok_or_else(|| failed(path, "the document holds no graph"))?;
    let keys: Vec<&str> = path.split('.').collect();
    let first = keys.first().copied().unwrap_or_default();
    let base: &[&str] = if root.at(["spec", "nodes", first]).is_some() {
        &["spec", "nodes"]
    } else if root.at([first]).is_some() {
        &[]
    } else {
        &["spec"]
    };
    let full: Vec<&str> = base.iter().chain(&keys).copied().collect();
    let value = Fragment::Raw(value.to_owned());
    let edits = yaml::set(source, root, &full, &value, &yaml::Options::default())
        .map_err(|error| failed(path, error))?;
    let edited = text::apply(source, &edits).map_err(|error| failed(path, error))?;
    Ok(edited.text)
}

fn failed(what: &str, why: impl Display) -> Failure {
    Failure(format!("`--set {what}`: {why}"))
}
