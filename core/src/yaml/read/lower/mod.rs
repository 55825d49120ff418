//! The parser's events, and the text beside them, to the tree.

mod aliases;
mod collections;
mod scalars;

use std::collections::BTreeMap;

use saphyr_parser::{Event, Marker, Parser, Span as Marks, Tag};

use super::{Error, ErrorKind, Limits, line_number, null, values_limit};
use crate::text::{LineIndex, Span};
use crate::yaml::lex;
use crate::yaml::node::{Entry, Key, Node};

/// Levels past the limit that are still walked, to go on behind them.
const EXTRA_DEPTH: usize = 256;

/// What one pass over the text gave.
pub(super) struct Outcome {
    pub(super) documents: Vec<Node>,
    pub(super) errors: Vec<Error>,
    /// Where the parser stopped, if it did not reach the end.
    pub(super) failure: Option<Failure>,
}

/// Where and why the parser stopped.
pub(super) struct Failure {
    /// The parser's own words.
    pub(super) info: String,
    /// The place it names.
    pub(super) at: usize,
    /// Behind the last thing read.
    pub(super) read_to: usize,
    /// The `[` and `{` that are open there, outermost first.
    pub(super) open: Vec<usize>,
}

/// An error for a key that is stated again.
pub(super) fn duplicate(text: &str, key: &str, span: Span, first: usize) -> Error {
    Error {
        kind: ErrorKind::DuplicateKey,
        message: format!("the key `{key}` is stated twice"),
        span,
        help: Some(format!(
            "first stated on line {}; that one counts",
            line_number(text, first)
        )),
    }
}

/// Reads the events of `text` up to the first syntax error.
pub(super) fn lower(text: &str, limits: &Limits) -> Outcome {
    let mut lowering = Lowering {
        text,
        lines: LineIndex::new(text),
        limits,
        cursor: 0,
        frames: Vec::new(),
        documents: Vec::new(),
        errors: Vec::new(),
        values: 0,
        repeated_bytes: 0,
        kept_values: 0,
        kept_bytes: 0,
        too_deep: false,
        anchors: BTreeMap::new(),
    };
    let mut failure = None;
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, marks)) => {
                if lowering.event(event, marks).is_none() {
                    break;
                }
            }
            Err(error) => {
                failure = Some(Failure {
                    info: error.info().to_owned(),
                    at: lowering.offset(*error.marker()),
                    read_to: lowering.cursor,
                    open: lowering.open_brackets(),
                });
                break;
            }
        }
    }
    lowering.close_all();
    Outcome {
        documents: lowering.documents,
        errors: lowering.errors,
        failure,
    }
}

struct Lowering<'a> {
    text: &'a str,
    lines: LineIndex,
    limits: &'a Limits,
    /// Behind the last token read.
    cursor: usize,
    frames: Vec<Frame>,
    documents: Vec<Node>,
    errors: Vec<Error>,
    /// Values so far, and bytes of text that aliases repeated.
    values: usize,
    repeated_bytes: usize,
    /// The same, of the values kept for aliases.
    kept_values: usize,
    kept_bytes: usize,
    too_deep: bool,
    anchors: BTreeMap<usize, Anchor>,
}

/// A list or mapping whose end is not read yet.
struct Frame {
    start: usize,
    anchor: usize,
    kind: Kind,
    /// Values, and bytes repeated, before it, to know its size.
    values_before: usize,
    repeated_before: usize,
    /// The deepest nesting inside it.
    height: usize,
}

enum Kind {
    Sequence {
        flow: bool,
        items: Vec<Node>,
    },
    Mapping {
        flow: bool,
        /// Whether braces stand around it; a pair in `[a: b]` has none.
        braces: bool,
        entries: Vec<Entry>,
        seen: BTreeMap<String, usize>,
        /// Keys read, dropped ones included.
        keys: usize,
        pending: Pending,
    },
}

enum Pending {
    /// A key comes next.
    Nothing,
    /// A value comes next, for this key.
    Key(Key),
    /// A value comes next, and is dropped: its key is none.
    Dropped,
}

struct Anchor {
    node: Node,
    values: usize,
    bytes: usize,
    height: usize,
}

/// The size of a value.
#[derive(Clone, Copy)]
struct Size {
    values: usize,
    bytes: usize,
    height: usize,
}

impl Lowering<'_> {
    /// Takes an event; `None` when a limit ends the reading.
    fn event(&mut self, event: Event<'_>, marks: Marks) -> Option<()> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd => {}
            Event::DocumentStart(explicit) => {
                self.anchors.clear();
                self.document_start(explicit);
            }
            Event::DocumentEnd => {}
            Event::Alias(id) => self.alias(id)?,
            Event::Scalar(value, style, anchor, tag) => {
                self.scalar(&value, style, anchor, tag.as_deref(), marks)?;
            }
            Event::SequenceStart(anchor, tag) => self.open(false, anchor, tag.as_deref(), marks)?,
            Event::MappingStart(anchor, tag) => self.open(true, anchor, tag.as_deref(), marks)?,
            Event::SequenceEnd | Event::MappingEnd => self.close()?,
        }
        Some(())
    }

    fn error(&mut self, kind: ErrorKind, message: String, span: Span, help: Option<&str>) {
        if self.errors.len() < self.limits.errors {
            self.errors.push(Error {
                kind,
                message,
                span,
                help: help.map(str::to_owned),
            });
        }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        lex::byte(self.text, at)
    }

    /// The offset of one of the parser's marks.
    fn offset(&self, mark: Marker) -> usize {
        let line = mark.line().saturating_sub(1);
        let Some(start) = self.lines.line_start(line) else {
            return self.text.len();
        };
        let rest = self.text.get(start..).unwrap_or("");
        rest.char_indices()
            .nth(mark.col())
            .map_or(self.text.len(), |(at, _)| start.saturating_add(at))
    }

    fn open_brackets(&self) -> Vec<usize> {
        let starts = self.frames.iter().map(|frame| frame.start);
        starts
            .filter(|&at| matches!(self.byte(at), Some(b'[' | b'{')))
            .collect()
    }

    fn document_start(&mut self, explicit: bool) {
        loop {
            let at = lex::trivia(self.text, self.cursor);
            if lex::is_marker(self.text, at, "...") {
                self.cursor = at.saturating_add(3);
            } else if explicit && self.byte(at) == Some(b'%') {
                self.cursor = lex::line_end(self.text, at);
            } else {
                if explicit && lex::is_marker(self.text, at, "---") {
                    self.cursor = at.saturating_add(3);
                }
                return;
            }
        }
    }

    /// Past what separates the next value from the last: `-`, `,`, `?` or `:`. Says whether the
    /// value is a key, and whether `?` stands before it.
    fn separators(&mut self) -> (bool, Option<usize>) {
        let mut at = lex::trivia(self.text, self.cursor);
        let found = self.byte(at);
        let next = at.saturating_add(1);
        let (is_key, pass) = match self.frames.last().map(|frame| &frame.kind) {
            None => return (false, None),
            Some(Kind::Sequence { flow: false, .. }) => (false, found == Some(b'-')),
            Some(Kind::Sequence { items, .. }) => (false, !items.is_empty() && found == Some(b',')),
            Some(Kind::Mapping {
                pending: Pending::Nothing,
                flow,
                keys,
                ..
            }) => (true, *flow && *keys > 0 && found == Some(b',')),
            Some(Kind::Mapping { .. }) => (false, found == Some(b':')),
        };
        if pass {
            self.cursor = next;
            at = lex::trivia(self.text, next);
        }
        let explicit = is_key
            && self.byte(at) == Some(b'?')
            && self
                .byte(at.saturating_add(1))
                .is_none_or(|byte| lex::is_space(byte) || lex::is_flow(byte));
        if explicit {
            self.cursor = at.saturating_add(1);
        }
        (is_key, explicit.then_some(at))
    }

    /// Past the anchor and the tag before a value.
    fn properties(&mut self, anchor: usize, tag: Option<&Tag>) {
        let count = usize::from(anchor > 0).saturating_add(usize::from(tag.is_some()));
        for _ in 0..count {
            let at = lex::trivia(self.text, self.cursor);
            match self.byte(at) {
                Some(b'&') => self.cursor = lex::property_end(self.text, at),
                Some(b'!') => {
                    let span = Span::new(at, lex::property_end(self.text, at));
                    self.cursor = span.end;
                    let message = format!(
                        "the tag `{}` is not part of this format",
                        span.of(self.text)
                    );
                    let help = "remove it; put a text that looks like a number in quotes";
                    self.error(ErrorKind::Syntax, message, span, Some(help));
                }
                _ => {}
            }
        }
    }

    /// Counts values and texts; `None`, once, when there are too many.
    fn count(&mut self, values: usize, bytes: usize) -> Option<()> {
        self.values = self.values.saturating_add(values);
        self.repeated_bytes = self.repeated_bytes.saturating_add(bytes);
        self.check()
    }

    fn check(&mut self) -> Option<()> {
        let values = self.values.saturating_add(self.kept_values);
        let bytes = self.repeated_bytes.saturating_add(self.kept_bytes);
        if values > self.limits.values || bytes > self.limits.bytes {
            let at = lex::trivia(self.text, self.cursor).min(self.text.len());
            let error = values_limit(self.limits, Span::at(at));
            self.error(error.kind, error.message, error.span, error.help.as_deref());
            return None;
        }
        Some(())
    }
}
