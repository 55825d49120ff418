//! What the engine says of exports.

use serde_json::Value;

/// A system that graphs are exported to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Target {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) about: String,
}

/// An exported file.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
    pub(super) language: String,
}

/// A loss or an assumption.
#[derive(Clone, Debug)]
pub(super) struct Note {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) value: Option<String>,
    pub(super) node: Option<String>,
    /// Whether it stops the export until it is accepted.
    pub(super) stops: bool,
    /// The first byte of the text that it is about, and the one behind the last.
    pub(super) span: (usize, usize),
}

/// An export, or why there is none.
#[derive(Clone, Debug, Default)]
pub(super) struct Artifacts {
    pub(super) files: Vec<File>,
    pub(super) losses: Vec<Note>,
    pub(super) assumptions: Vec<Note>,
    /// Why there are no files.
    pub(super) reason: String,
}

pub(super) fn targets(list: &Value) -> Vec<Target> {
    let target = |value: &Value| Target {
        name: word(value, "name"),
        title: word(value, "title"),
        about: word(value, "about"),
    };
    each(Some(list), target)
}

pub(super) fn artifacts(value: &Value) -> Artifacts {
    let file = |value: &Value| File {
        path: word(value, "path"),
        text: word(value, "text"),
        language: word(value, "language"),
    };
    Artifacts {
        files: each(value.get("files"), file),
        losses: each(value.get("losses"), note),
        assumptions: each(value.get("assumptions"), note),
        reason: sentence(&word(value, "reason")),
    }
}

fn note(value: &Value) -> Note {
    let optional = |key: &str| {
        value
            .get(key)
            .and_then(Value::as_str)
            .map(ToOwned::to_owned)
    };
    let end = |at: usize| {
        let end = value.get("span").and_then(|span| span.get(at)?.as_u64());
        end.and_then(|end| usize::try_from(end).ok()).unwrap_or(0)
    };
    Note {
        code: word(value, "code"),
        message: word(value, "message"),
        value: optional("value"),
        node: optional("node"),
        stops: value.get("stops").and_then(Value::as_bool).unwrap_or(false),
        span: (end(0), end(1)),
    }
}

fn each<T>(list: Option<&Value>, read: fn(&Value) -> T) -> Vec<T> {
    list.and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(read)
        .collect()
}

fn word(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// An error's words as a sentence.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters
        .next()
        .map(|first| first.to_uppercase().to_string())
        .unwrap_or_default();
    let rest = letters.as_str();
    if words.is_empty() {
        String::new()
    } else {
        format!("{first}{rest}.")
    }
}
