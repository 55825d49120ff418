//! Files that were imported and whose graph nobody changed go out as they came in.

use serde_json::{Map, Value, json};

use super::{document, file_name, has_accelerator};
use crate::Analysis;
use crate::export::{Artifacts, Language, Subject};
use crate::graph::NodeIx;
use crate::import::modelspec::{KEPT_FILE, KEPT_METADATA, KEPT_SPEC};
use crate::import::{self, File};
use crate::lock;
use crate::spec::to_json;
use crate::yaml;

/// The files that the graph was imported from; `None` where there were none, or where they would
/// not give this graph again.
pub(super) fn files(subject: &Subject<'_>) -> Option<Artifacts> {
    let mut files: Vec<(String, String)> = Vec::new();
    for (ix, node) in subject.graph.model_nodes() {
        let Some((path, document)) = original(subject, ix, &node.name) else {
            if has_accelerator(subject, ix) {
                return None;
            }
            continue;
        };
        let text = yaml::document(&document);
        match files.iter_mut().find(|(taken, _)| *taken == path) {
            Some((_, stream)) => {
                stream.push_str("---\n");
                stream.push_str(&text);
            }
            None => files.push((path, text)),
        }
    }
    if files.is_empty() || !give(&files, subject) {
        return None;
    }
    let mut artifacts = Artifacts::default();
    for (path, text) in files {
        artifacts.file(path, Language::Yaml, text);
    }
    Some(artifacts)
}

/// The file and document that a node came from.
fn original(subject: &Subject<'_>, ix: NodeIx, name: &str) -> Option<(String, Value)> {
    let annotations = subject.graph.spec_of(ix)?.annotations.as_ref()?;
    let metadata = annotations.get(KEPT_METADATA)?.0.clone();
    let path = match annotations.get(KEPT_FILE).map(|path| &path.0) {
        Some(Value::String(path)) => path.clone(),
        _ => file_name(name),
    };
    let mut body = document::body(subject, ix);
    if let Some(Value::Object(kept)) = annotations.get(KEPT_SPEC).map(|kept| &kept.0) {
        overlay(&mut body, kept);
    }
    let document = json!({
        "apiVersion": "piqc.ai/v1alpha1",
        "kind": "ModelSpec",
        "metadata": metadata,
        "spec": body,
    });
    Some((path, document))
}

/// Puts the entries of a map over those that are there, maps within maps likewise.
fn overlay(map: &mut Map<String, Value>, with: &Map<String, Value>) {
    for (key, value) in with {
        match (map.get_mut(key), value) {
            (Some(Value::Object(inner)), Value::Object(value)) => overlay(inner, value),
            _ => {
                map.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Whether the files give this graph: what it means, and what is kept on it.
fn give(files: &[(String, String)], subject: &Subject<'_>) -> bool {
    let files: Vec<File<'_>> = files
        .iter()
        .map(|(path, text)| File::new(&**path, text))
        .collect();
    let Ok(imported) = import::run_with(&[&import::modelspec::ModelSpec], &files) else {
        return false;
    };
    let again = Analysis::new(imported.text);
    let (Some(graph), Some(tree)) = (again.graph.as_ref(), again.tree()) else {
        return false;
    };
    lock::digest(graph) == subject.digest && beside(tree) == beside(subject.tree)
}

/// What a document says beside its meaning.
fn beside(tree: &yaml::Node) -> Vec<Value> {
    let at = |node: &yaml::Node, path: &[&str]| -> Value {
        node.at(path.iter().copied()).map_or(Value::Null, to_json)
    };
    let mut said = vec![at(tree, &["metadata"])];
    let nodes = tree.at(["spec", "nodes"]).and_then(yaml::Node::as_mapping);
    for entry in nodes.map_or(&[][..], |nodes| &nodes.entries) {
        said.push(json!(entry.key.text));
        said.push(at(&entry.value, &["annotations"]));
        said.push(at(&entry.value, &["description"]));
    }
    said
}
