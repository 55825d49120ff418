//! Where the document names a node, a port or a type; found by the description of its types, so
//! that a new key of the format is found too.

use super::draft::Path;
use crate::spec::form::{Form, KeyUse, TextUse};
use crate::spec::{ModelGraph, Shape};
use crate::yaml::{Node, Value};

/// What a place names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// A key that is the name of a node: under `spec.nodes` and `layout.nodes`.
    NodeKey,
    /// A text that is the name of a node.
    Node,
    /// An end of an edge.
    Endpoint,
    /// The name of a payload type, or a kind.
    Type,
}

/// A place that names something.
#[derive(Clone, Debug)]
pub(super) struct Ref<'t> {
    pub(super) path: Path,
    pub(super) used: Use,
    /// The name, or for an end of an edge `node.port`.
    pub(super) text: &'t str,
    /// The text's node; of a key, the value.
    pub(super) node: &'t Node,
}

/// All places that name something, in the order of the document. O(values).
pub(super) fn refs(tree: &Node) -> Vec<Ref<'_>> {
    refs_from(tree, ModelGraph::form(), Vec::new())
}

/// As [`refs`], of a part of the document.
pub(super) fn refs_from(node: &Node, form: Form, path: Path) -> Vec<Ref<'_>> {
    let mut found = Vec::new();
    let mut at = path;
    walk(node, form, &mut at, &mut found);
    found
}

fn walk<'t>(node: &'t Node, form: Form, at: &mut Path, found: &mut Vec<Ref<'t>>) {
    match (form, &node.value) {
        (Form::Text(used), Value::Scalar(scalar)) => {
            let used = match used {
                TextUse::Node => Use::Node,
                TextUse::Port => Use::Endpoint,
                TextUse::Type => Use::Type,
                _ => return,
            };
            found.push(Ref {
                path: at.clone(),
                used,
                text: &scalar.text,
                node,
            });
        }
        (Form::Record(_) | Form::Map { .. } | Form::Choice(_), Value::Mapping(mapping)) => {
            for entry in &mapping.entries {
                let key = entry.key.text.as_str();
                let Some(inner) = form.step(key) else {
                    continue;
                };
                at.push(key.to_owned());
                if let Form::Map {
                    key: KeyUse::Node, ..
                } = form
                {
                    found.push(Ref {
                        path: at.clone(),
                        used: Use::NodeKey,
                        text: key,
                        node: &entry.value,
                    });
                }
                walk(&entry.value, inner, at, found);
                at.pop();
            }
        }
        (Form::List(item), Value::Sequence(list)) => {
            for (index, node) in list.items.iter().enumerate() {
                at.push(index.to_string());
                walk(node, item(), at, found);
                at.pop();
            }
        }
        (Form::Either(..), _) => {
            let scalar = matches!(node.value, Value::Scalar(_));
            walk(node, form.pick(scalar), at, found);
        }
        _ => {}
    }
}

/// The canonical order of the keys where a value set at a path would make a new one.
pub(super) fn order_at(tree: &Node, path: &[String]) -> Vec<&'static str> {
    let mut form = ModelGraph::form();
    let mut node = Some(tree);
    for segment in path {
        let inner = node.and_then(|node| node.at([segment.as_str()]));
        if inner.is_none() {
            let form = form.pick(false);
            return match form {
                Form::Record(record) => record.all_fields().map(|field| field.key).collect(),
                _ => Vec::new(),
            };
        }
        let Some(next) = form.step(segment) else {
            return Vec::new();
        };
        form = next;
        node = inner;
    }
    Vec::new()
}
