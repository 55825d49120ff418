//! Scalars as text: bare where they read back the same, else in quotes.

use std::borrow::Cow;

use super::lex;
use super::node::{Scalar, ScalarStyle};

/// Where a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Outside of brackets.
    Block,
    /// Inside `[…]` or `{…}`.
    Flow,
    /// In a JSON document.
    Json,
}

/// A text as a YAML scalar that reads back as this text, in block and in flow style: bare where
/// that is safe, else in double quotes.
pub fn scalar(text: &str) -> Cow<'_, str> {
    scalar_in(text, Place::Flow)
}

/// A text as a scalar at a place.
pub(crate) fn scalar_in(text: &str, place: Place) -> Cow<'_, str> {
    if is_plain(text, place) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(double_quoted(text))
    }
}

/// A text as a scalar at a place, in the style of the scalar it replaces where it can be.
pub(super) fn scalar_like(text: &str, style: ScalarStyle, place: Place) -> Cow<'_, str> {
    match style {
        ScalarStyle::DoubleQuoted => Cow::Owned(double_quoted(text)),
        ScalarStyle::SingleQuoted if place != Place::Json && text.chars().all(is_printable) => {
            Cow::Owned(format!("'{}'", text.replace('\'', "''")))
        }
        _ => scalar_in(text, place),
    }
}

/// Whether a text reads back as itself without quotes.
fn is_plain(text: &str, place: Place) -> bool {
    if place == Place::Json || text.len() > 1000 || !text.chars().all(is_printable) {
        return false;
    }
    let scalar = Scalar {
        text: text.to_owned(),
        style: ScalarStyle::Plain,
    };
    let means_something_else = scalar.is_null()
        || scalar.as_bool().is_some()
        || scalar.as_integer().is_some()
        || scalar.as_number().is_some()
        || text == "<<";
    let bytes = text.as_bytes();
    let second = bytes.get(1).copied();
    let begins_well = match bytes.first() {
        Some(
            b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\''
            | b'"' | b'%' | b'@' | b'`' | b'?' | b':' | b'=',
        ) => false,
        Some(b'-') => second.is_some_and(|byte| byte.is_ascii_alphanumeric()),
        Some(_) => !text.starts_with("..."),
        None => false,
    };
    let is_clean = !text.starts_with(' ')
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #");
    // In brackets a lone `-` before the next bracket or comma is refused by some readers.
    let fits = place == Place::Block || !(text.bytes().any(lex::is_flow) || text.ends_with(" -"));
    !means_something_else && begins_well && is_clean && fits
}

/// Whether a character may stand for itself in one line.
fn is_printable(found: char) -> bool {
    !found.is_control()
        && !matches!(
            found,
            '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}'
        )
}

/// A text in double quotes, with the escapes that YAML and JSON share.
pub(crate) fn double_quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(2));
    out.push('"');
    for found in text.chars() {
        match found {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if is_printable(found) => out.push(found),
            // All of them lie below U+10000.
            _ => {
                out.push_str("\\u");
                let digits = [12_u32, 8, 4, 0]
                    .into_iter()
                    .filter_map(|shift| char::from_digit((u32::from(found) >> shift) & 0xF, 16));
                out.extend(digits);
            }
        }
    }
    out.push('"');
    out
}

/// The lines of a text as the content of a `|` scalar, and its header; `None` where only quotes
/// can hold it.
pub(crate) fn literal(text: &str) -> Option<(&'static str, Vec<&str>)> {
    let (header, body) = match text.strip_suffix('\n') {
        Some(body) => ("|", body),
        None => ("|-", text),
    };
    let lines: Vec<&str> = body.split('\n').collect();
    let is_content = |line: &&str| {
        line.is_empty() || (line.chars().all(is_printable) && !line.trim().is_empty())
    };
    let begins_well = !body.starts_with([' ', '\n']);
    let ends_well = !body.is_empty() && !body.ends_with('\n');
    (begins_well && ends_well && lines.iter().all(is_content)).then_some((header, lines))
}
