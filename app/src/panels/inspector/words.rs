//! Names and explanations of fields, for people.

use modelspec_core::spec::form::{Form, TextUse, Unit};

/// Keys whose own words say too little.
const NAMES: &[(&str, &str)] = &[
    ("dim", "dimension"),
    ("dtype", "data type"),
    ("id", "id"),
    ("uri", "URI"),
    ("cpu", "CPU cores"),
    ("gpu", "GPU"),
    ("gpusPerReplica", "GPUs per replica"),
    ("onFailure", "if it fails"),
    ("api", "API"),
    ("maxModelLen", "max context"),
    ("kvHeads", "KV heads"),
    ("kvPrecision", "KV precision"),
    ("kvTokens", "KV tokens"),
    ("when", "only when"),
    ("maxIterations", "max rounds"),
    ("cv", "variation"),
    ("cv2", "squared variation"),
    ("at", "measured at"),
    ("hop", "time on the wire"),
    ("dataClass", "sensitivity"),
];

/// A key in words: `maxBatchedTokens` is `max batched tokens`.
pub(super) fn label(key: &str) -> String {
    if let Some((_, name)) = NAMES.iter().find(|(known, _)| *known == key) {
        return (*name).to_owned();
    }
    // What the author named keeps its own letters.
    if key.starts_with(|first: char| first.is_uppercase()) {
        return key.to_owned();
    }
    let mut words = String::with_capacity(key.len() + 4);
    for letter in key.chars() {
        if letter.is_uppercase() {
            words.push(' ');
            words.extend(letter.to_lowercase());
        } else {
            words.push(letter);
        }
    }
    words
}

/// What a field says and how it is written.
pub(super) fn explain(doc: &str, form: Form) -> String {
    let doc: Vec<&str> = doc.lines().map(str::trim).collect();
    let doc = doc.join(" ");
    let doc = doc.trim();
    match written(form) {
        Some(written) => format!("{doc} Written {written}."),
        None => doc.to_owned(),
    }
}

fn written(form: Form) -> Option<String> {
    Some(match form {
        Form::Unit(unit) => format!("as in `{}`{}", unit.example, suffixes(unit)),
        Form::Integer { min } => format!("as a whole number from {min}"),
        Form::Number { min: None } => "as a number".to_owned(),
        Form::Number { min: Some(min) } => format!("as a number from {min}"),
        Form::Text(TextUse::Dimension) => "as a number, `-1` for any, or `$Name`".to_owned(),
        Form::Text(TextUse::Ratio) => "as in `3/7`".to_owned(),
        Form::Text(TextUse::Cores) => "as in `8`, `0.5` or `500m`".to_owned(),
        Form::Text(TextUse::Version) => "as in `1.4.0`".to_owned(),
        Form::Text(TextUse::Port) => "as in `node.port`".to_owned(),
        Form::Text(TextUse::Condition) => "in CEL over `output`, or `default`".to_owned(),
        Form::Text(TextUse::Image) => "as in `registry/name:tag`".to_owned(),
        Form::Any => "as YAML on one line".to_owned(),
        Form::Either(..) => return written(form.pick(true)),
        _ => return None,
    })
}

fn suffixes(unit: &Unit) -> String {
    let known: Vec<&str> = unit
        .suffixes
        .iter()
        .copied()
        .filter(|suffix| !suffix.is_empty())
        .collect();
    if known.len() < 2 {
        return String::new();
    }
    format!(", with {}", known.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_words() {
        assert_eq!(label("promptTemplateTokens"), "prompt template tokens");
        assert_eq!(label("dim"), "dimension");
        assert_eq!(label("p95"), "p95");
        assert_eq!(label("MG305"), "MG305");
    }
}
