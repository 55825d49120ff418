//! Small builders of trees: what composing writes stands at a place that the document has.

use crate::text::Span;
use crate::yaml::{Entry, Key, Mapping, Node, Scalar, ScalarStyle, Value};

/// A text, quoted so that it is read as one.
pub(super) fn text(text: impl Into<String>, span: Span) -> Node {
    scalar(text.into(), ScalarStyle::DoubleQuoted, span)
}

/// A number, a quantity or a word, as it is written.
pub(super) fn plain(value: &impl ToString, span: Span) -> Node {
    scalar(value.to_string(), ScalarStyle::Plain, span)
}

fn scalar(text: String, style: ScalarStyle, span: Span) -> Node {
    Node {
        span,
        value: Value::Scalar(Scalar { text, style }),
        alias: false,
    }
}

/// Keys and values.
pub(super) fn map(entries: Vec<Entry>, span: Span) -> Node {
    Node {
        span,
        value: Value::Mapping(Mapping {
            entries,
            flow: true,
        }),
        alias: false,
    }
}

/// A key and its value.
pub(super) fn entry(key: impl Into<String>, value: Node) -> Entry {
    Entry {
        key: Key {
            text: key.into(),
            span: value.span,
        },
        value,
    }
}

/// A JSON value as a tree.
pub(super) fn json(value: &serde_json::Value, span: Span) -> Node {
    use serde_json::Value as Json;
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) => plain(value, span),
        Json::String(words) => text(words, span),
        Json::Array(items) => Node {
            span,
            value: Value::Sequence(crate::yaml::Sequence {
                items: items.iter().map(|item| json(item, span)).collect(),
                flow: true,
            }),
            alias: false,
        },
        Json::Object(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| entry(key, json(value, span)));
            map(entries.collect(), span)
        }
    }
}

/// Sets what is not stated at a path; maps on the way are made. Says whether it was set.
pub(super) fn fill(node: &mut Node, path: &[&str], value: Node) -> bool {
    let Some((key, deeper)) = path.split_first() else {
        return false;
    };
    if node.is_null() {
        node.value = Value::Mapping(Mapping {
            entries: Vec::new(),
            flow: true,
        });
    }
    let Value::Mapping(map) = &mut node.value else {
        return false;
    };
    let at = map.entries.iter_mut().find(|entry| entry.key.text == *key);
    match (at, deeper) {
        (Some(found), []) if found.value.is_null() => {
            found.value = value;
            true
        }
        (Some(_), []) => false,
        (Some(found), deeper) => fill(&mut found.value, deeper, value),
        (None, []) => {
            map.entries.push(entry(*key, value));
            true
        }
        (None, deeper) => {
            let mut inner = self::map(Vec::new(), value.span);
            let set = fill(&mut inner, deeper, value);
            map.entries.push(entry(*key, inner));
            set
        }
    }
}

/// Takes a key out of a map.
pub(super) fn take(node: &mut Node, key: &str) -> Option<Node> {
    let Value::Mapping(map) = &mut node.value else {
        return None;
    };
    let at = map.entries.iter().position(|entry| entry.key.text == key)?;
    Some(map.entries.remove(at).value)
}

/// The value of a key, to be changed.
pub(super) fn get_mut<'n>(node: &'n mut Node, key: &str) -> Option<&'n mut Node> {
    let Value::Mapping(map) = &mut node.value else {
        return None;
    };
    let found = map.entries.iter_mut().find(|entry| entry.key.text == key)?;
    Some(&mut found.value)
}
