//! From text to tree. Structure comes from the events of `saphyr-parser`; places come from walking
//! the text beside them, because the parser's marks count characters and end loosely.

mod json;
mod lower;
mod recover;
#[cfg(test)]
pub(super) mod tests;

use std::borrow::Cow;

use super::lex;
use super::node::{Node, Scalar, ScalarStyle, Value};
use crate::order::Arrange as _;
use crate::text::{LineIndex, Span};

/// What a text says, as far as it can be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The documents of the stream, in order; at least one. A text without content is one document
    /// that says nothing, at the end of the text.
    pub documents: Vec<Node>,
    /// What is wrong with the text, in its order.
    pub errors: Vec<Error>,
}

/// One thing that is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What kind of thing.
    pub kind: ErrorKind,
    /// What is wrong, in one line.
    pub message: String,
    /// Where.
    pub span: Span,
    /// The way out, or the other place that has to do with it.
    pub help: Option<String>,
}

/// The kinds of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Not YAML, or YAML that this format leaves out: tags, merge keys, keys that are no text.
    Syntax,
    /// A key stated twice in one mapping.
    DuplicateKey,
    /// More than [`Limits`] allow.
    Limit,
}

/// What a text may cost; checked before memory is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of text; also of the texts that aliases repeat.
    pub bytes: usize,
    /// Nesting of lists and mappings.
    pub depth: usize,
    /// Scalars, lists and mappings, those that aliases repeat included.
    pub values: usize,
    /// Errors reported; reading stops at this many.
    pub errors: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 16 << 20,
            depth: 64,
            values: 2_000_000,
            errors: 64,
        }
    }
}

/// Bytes read again, in all, to go on behind syntax errors.
const RECOVERY_BYTES: usize = 4 << 20;

/// Reads a text: YAML 1.2, or JSON.
pub fn read(text: &str, limits: &Limits) -> Parsed {
    let mut errors = Vec::new();
    let documents = documents(text, limits, &mut errors);
    for error in &mut errors {
        // A place in a text with blanks may lie inside a character of the real one.
        let start = text.floor_char_boundary(error.span.start);
        let end = text.ceil_char_boundary(error.span.end.max(start));
        error.span = Span::new(start, end);
    }
    errors.arrange_by_key(|error| (error.span.start, error.span.end));
    errors.truncate(limits.errors);
    Parsed { documents, errors }
}

fn documents(text: &str, limits: &Limits, errors: &mut Vec<Error>) -> Vec<Node> {
    let nothing = || vec![null(text.len())];
    if text.len() > limits.bytes {
        errors.push(Error {
            kind: ErrorKind::Limit,
            message: format!(
                "the text has {} bytes; at most {} are read",
                text.len(),
                limits.bytes
            ),
            span: Span::at(0),
            help: Some("split the document into several files".to_owned()),
        });
        return nothing();
    }
    let begin = lex::trivia(text, 0);
    let is_flow = matches!(lex::byte(text, begin), Some(b'{' | b'['));
    if is_flow && let Some(node) = json::read(text, limits, errors) {
        return vec![node];
    }
    let structure = text.bytes().filter(|&b| lex::is_flow(b)).count();
    if structure > limits.values {
        errors.push(values_limit(limits, Span::at(0)));
        return nothing();
    }
    let clean = clean(text, is_flow, limits.errors, errors);
    let mut attempt = recover::Attempt::new(clean);
    let mut budget = RECOVERY_BYTES.max(text.len().saturating_mul(2));
    loop {
        let outcome = lower::lower(attempt.text(), limits);
        budget = budget.saturating_sub(text.len().max(256));
        let gathered = errors.len().saturating_add(outcome.errors.len());
        let mut again = false;
        if let Some(failure) = &outcome.failure {
            let repair = attempt.repair(failure);
            errors.extend(repair.errors);
            again = repair.changed && budget > 0 && gathered < limits.errors;
        }
        if !again {
            errors.extend(outcome.errors);
            let mut documents = outcome.documents;
            if documents.is_empty() {
                documents = nothing();
            }
            return documents;
        }
    }
}

/// Whether a text is JSON throughout.
pub(crate) fn is_json(text: &str) -> bool {
    json::read(text, &Limits::default(), &mut Vec::new()).is_some()
}

/// A value left out, at a place.
fn null(at: usize) -> Node {
    Node {
        span: Span::at(at),
        value: Value::Scalar(Scalar {
            text: String::new(),
            style: ScalarStyle::Plain,
        }),
        alias: false,
    }
}

fn values_limit(limits: &Limits, span: Span) -> Error {
    Error {
        kind: ErrorKind::Limit,
        message: format!(
            "the text has more than {} values, repeated ones included",
            limits.values
        ),
        span,
        help: Some("reading stops here; split the document, or use fewer aliases".to_owned()),
    }
}

fn line_number(text: &str, at: usize) -> usize {
    LineIndex::new(text.get(..at).unwrap_or(text)).line_count()
}

/// The text with what no document may hold replaced, byte for byte, by what it may: control
/// characters by spaces, a lone `\r` by `\n`; and in flow style, tabs that begin a line by spaces.
fn clean<'a>(
    text: &'a str,
    is_flow: bool,
    max_errors: usize,
    errors: &mut Vec<Error>,
) -> Cow<'a, str> {
    let mut replaced: Option<String> = None;
    let mut copied = 0_usize;
    let mut in_indent = true;
    let mut reported_line = None;
    let mut line = 0_usize;
    let mut put = |at: usize, len: usize, with: &str| {
        let out = replaced.get_or_insert_with(|| String::with_capacity(text.len()));
        out.push_str(text.get(copied..at).unwrap_or(""));
        for _ in 0..len {
            out.push_str(with);
        }
        copied = at.saturating_add(len);
    };
    let mut chars = text.char_indices().peekable();
    while let Some((at, found)) = chars.next() {
        let lone_return = found == '\r' && chars.peek().is_none_or(|&(_, next)| next != '\n');
        let bad = match found {
            '\t' if is_flow && in_indent => {
                put(at, 1, " ");
                continue;
            }
            '\r' if lone_return => {
                put(at, 1, "\n");
                true
            }
            '\n' | '\r' | '\t' | '\u{85}' => false,
            _ if found.is_control() || matches!(found, '\u{FFFE}' | '\u{FFFF}') => {
                put(at, found.len_utf8(), " ");
                true
            }
            _ => false,
        };
        if bad && reported_line != Some(line) && errors.len() < max_errors {
            reported_line = Some(line);
            let (message, help) = if lone_return {
                (
                    "a carriage return without a line feed".to_owned(),
                    "end lines with a line feed, or with both",
                )
            } else {
                (
                    format!("the control character U+{:04X}", u32::from(found)),
                    "write it as an escape in double quotes, or remove it",
                )
            };
            errors.push(Error {
                kind: ErrorKind::Syntax,
                message,
                span: Span::new(at, at.saturating_add(found.len_utf8())),
                help: Some(help.to_owned()),
            });
        }
        if found == '\n' {
            line = line.saturating_add(1);
            in_indent = true;
        } else if found != ' ' {
            in_indent = false;
        }
    }
    match replaced {
        None => Cow::Borrowed(text),
        Some(mut out) => {
            out.push_str(text.get(copied..).unwrap_or(""));
            Cow::Owned(out)
        }
    }
}
