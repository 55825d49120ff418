//! Names and places of a document's tree, changed all together: what a graph brings into another
//! must not mix with what is there.

use crate::spec::form::{Form, KeyUse, TextUse};
use crate::spec::{Kind, ModelGraph, Shape as _};
use crate::text::Span;
use crate::yaml::{Node, Value};

/// What a name is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// A node.
    Node,
    /// A payload type.
    Type,
    /// A symbol for a dimension, without its `$`.
    Symbol,
}

/// Moves all places of a tree behind so many bytes.
pub(super) fn shift(node: &mut Node, base: usize) {
    let moved = |span: Span| {
        Span::new(
            span.start.saturating_add(base),
            span.end.saturating_add(base),
        )
    };
    node.span = moved(node.span);
    match &mut node.value {
        Value::Scalar(_) => {}
        Value::Sequence(list) => list.items.iter_mut().for_each(|item| shift(item, base)),
        Value::Mapping(map) => {
            for entry in &mut map.entries {
                entry.key.span = moved(entry.key.span);
                shift(&mut entry.value, base);
            }
        }
    }
}

/// Gives every name of a graph's document another. Kinds of payload, and the graph's own `inputs`
/// and `outputs`, are no names.
pub(super) fn rename(tree: &mut Node, name: &dyn Fn(Named, &str) -> String) {
    walk(tree, ModelGraph::form(), name);
}

fn walk(node: &mut Node, form: Form, name: &dyn Fn(Named, &str) -> String) {
    match (form, &mut node.value) {
        (Form::Text(used), Value::Scalar(scalar)) => {
            if let Some(text) = renamed(used, &scalar.text, name) {
                scalar.text = text;
            }
        }
        (Form::Record(_) | Form::Map { .. } | Form::Choice(_), Value::Mapping(map)) => {
            for entry in &mut map.entries {
                let Some(inner) = form.step(&entry.key.text) else {
                    continue;
                };
                let used = match form {
                    Form::Map { key, .. } => key,
                    _ => KeyUse::Free,
                };
                if !entry.key.text.starts_with("x-") {
                    match used {
                        KeyUse::Node => entry.key.text = name(Named::Node, &entry.key.text),
                        KeyUse::Type => entry.key.text = name(Named::Type, &entry.key.text),
                        KeyUse::Port | KeyUse::Rule | KeyUse::Free => {}
                    }
                }
                walk(&mut entry.value, inner, name);
            }
        }
        (Form::List(item), Value::Sequence(list)) => {
            for node in &mut list.items {
                walk(node, item(), name);
            }
        }
        (Form::Either(..), _) => {
            let scalar = matches!(node.value, Value::Scalar(_));
            walk(node, form.pick(scalar), name);
        }
        _ => {}
    }
}

fn renamed(used: TextUse, text: &str, name: &dyn Fn(Named, &str) -> String) -> Option<String> {
    match used {
        TextUse::Node => Some(name(Named::Node, text)),
        TextUse::Port => {
            let (node, port) = text.split_once('.').unwrap_or((text, ""));
            if matches!(node, "inputs" | "outputs") {
                return None;
            }
            let node = name(Named::Node, node);
            Some(if text.contains('.') {
                format!("{node}.{port}")
            } else {
                node
            })
        }
        TextUse::Type if Kind::from_word(text).is_none() => Some(name(Named::Type, text)),
        TextUse::Dimension => {
            let symbol = text.strip_prefix('$')?;
            Some(format!("${}", name(Named::Symbol, symbol)))
        }
        _ => None,
    }
}
