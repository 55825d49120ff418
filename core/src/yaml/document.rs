//! Whole documents for other programs to read.

use serde_json::Value;

use super::node::ScalarStyle;
use super::write::{Place, double_quoted, literal, scalar_in, scalar_like};

/// Texts longer than this are written as lines of their own rather than with escapes.
const LONG: usize = 80;

/// A value as a YAML document in block style, that readers of YAML 1.1 and 1.2 understand alike:
/// `yes`, `1:30` and `0o7` stand in quotes. Texts of several lines are written as `|`.
pub fn document(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => entries(map, 0, "", &mut out),
        Value::Array(list) if !list.is_empty() => items(list, 0, "", &mut out),
        _ => {
            out.push_str(&scalar(value));
            out.push('\n');
        }
    }
    out
}

/// The lines of a map; the first stands behind `lead` instead of the indentation.
fn entries(map: &serde_json::Map<String, Value>, column: usize, lead: &str, out: &mut String) {
    let mut lead = Some(lead).filter(|lead| !lead.is_empty());
    for (key, value) in map {
        begin(column, &mut lead, out);
        out.push_str(&text(key));
        out.push(':');
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                out.push('\n');
                entries(inner, column.saturating_add(2), "", out);
            }
            Value::Array(inner) if !inner.is_empty() => {
                out.push('\n');
                items(inner, column.saturating_add(2), "", out);
            }
            _ => leaf(value, column, out),
        }
    }
}

fn items(list: &[Value], column: usize, lead: &str, out: &mut String) {
    let mut lead = Some(lead).filter(|lead| !lead.is_empty());
    for value in list {
        begin(column, &mut lead, out);
        let inside = column.saturating_add(2);
        match value {
            Value::Object(inner) if !inner.is_empty() => entries(inner, inside, "- ", out),
            Value::Array(inner) if !inner.is_empty() => items(inner, inside, "- ", out),
            _ => {
                out.push('-');
                leaf(value, column, out);
            }
        }
    }
}

fn begin(column: usize, lead: &mut Option<&str>, out: &mut String) {
    match lead.take() {
        Some(lead) => out.push_str(lead),
        None => out.extend(core::iter::repeat_n(' ', column)),
    }
}

/// What has no parts, behind `key:` or `-`.
fn leaf(value: &Value, column: usize, out: &mut String) {
    if let Value::String(long) = value
        && (long.contains('\n') || (long.len() > LONG && long.contains('"')))
        && let Some((header, lines)) = literal(long)
    {
        out.push(' ');
        out.push_str(header);
        out.push('\n');
        for line in lines {
            if !line.is_empty() {
                out.extend(core::iter::repeat_n(' ', column.saturating_add(2)));
            }
            out.push_str(line);
            out.push('\n');
        }
        return;
    }
    out.push(' ');
    out.push_str(&scalar(value));
    out.push('\n');
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(plain) => text(plain),
        Value::Object(_) => "{}".to_owned(),
        Value::Array(_) => "[]".to_owned(),
        _ => value.to_string(),
    }
}

fn text(plain: &str) -> String {
    if means_more_in_1_1(plain) {
        return double_quoted(plain);
    }
    let scalar = scalar_in(plain, Place::Block);
    // JSON within a text stays legible.
    if scalar.starts_with('"') && plain.contains('"') && !plain.contains(['\'', '\\']) {
        let style = ScalarStyle::SingleQuoted;
        return scalar_like(plain, style, Place::Block).into_owned();
    }
    scalar.into_owned()
}

/// Whether a bare text is a boolean, a number or a date to a reader of YAML 1.1.
fn means_more_in_1_1(text: &str) -> bool {
    const WORDS: &[&str] = &["y", "n", "yes", "no", "on", "off", "=", "<<"];
    let is_word = WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    let begins = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
    let numeric = |c: char| {
        c.is_ascii_hexdigit()
            || matches!(c, '_' | ':' | '.' | '+' | '-' | 'x' | 'o' | 'T' | 'Z' | ' ')
    };
    is_word || (begins && text.chars().all(numeric))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::spec::to_json;
    use crate::yaml::{Limits, read};

    #[test]
    fn a_document_is_written_in_blocks() {
        let value = json!({
            "kind": "ConfigMap",
            "data": {"a.json": "{\"key\": \"a text that is longer than eighty bytes and would be all escapes in quotes\"}", "b": "one\ntwo\n", "on": "yes"},
            "list": [{"name": "x", "more": [1, [2, "3"]]}, [], {}],
            "version": "1.10", "empty": null, "true": true,
        });
        let text = r#"kind: ConfigMap
data:
  a.json: |-
    {"key": "a text that is longer than eighty bytes and would be all escapes in quotes"}
  b: |
    one
    two
  "on": "yes"
list:
  - name: x
    more:
      - 1
      - - 2
        - "3"
  - []
  - {}
version: "1.10"
empty: null
"true": true
"#;
        assert_eq!(document(&value), text);
    }

    fn value() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            "[ -~]{0,12}",
            "[a-z0-9:. #-]{0,90}",
            "([a-z \"]{0,50}\n){0,3}[a-z]{0,4}",
            Just("0x1F".to_owned()),
            Just("2026-11-24".to_owned()),
            Just("1_000".to_owned()),
            Just("Off".to_owned()),
        ];
        let leaf = prop_oneof![
            text.clone().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
        ];
        leaf.prop_recursive(4, 24, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(text.clone(), inner, 0..5)
                    .prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    proptest! {
        /// Our own reader and one of YAML 1.1's words read what was written.
        #[test]
        fn what_is_written_reads_back(value in value()) {
            let text = document(&value);
            let parsed = read(&text, &Limits::default());
            prop_assert!(parsed.errors.is_empty(), "{text}\n{:?}", parsed.errors);
            prop_assert_eq!(to_json(&parsed.documents[0]), value.clone(), "{}", text);
            let other: Value = serde_yaml::from_str(&text).unwrap();
            prop_assert_eq!(other, value, "{}", text);
        }
    }
}
