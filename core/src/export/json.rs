//! Objects of large parts, which are moved into them: `json!` copies what it is given.

use serde_json::Value;

/// An object of these entries.
pub(super) fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    let entries = entries.into_iter();
    Value::Object(
        entries
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    )
}
