//! The parser's events, and the text beside them, to the tree.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle as Style, Span as Marks, Tag};

use super::{Error, ErrorKind, Limits, line_number, null, values_limit};
use crate::text::{LineIndex, Span};
use crate::yaml::lex;
use crate::yaml::node::{Entry, Key, Mapping, Node, Scalar, ScalarStyle, Sequence, Value};

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

    fn scalar(
        &mut self,
        value: &str,
        style: Style,
        anchor: usize,
        tag: Option<&Tag>,
        marks: Marks,
    ) -> Option<()> {
        self.count(1, 0)?;
        let (is_key, explicit) = self.separators();
        self.properties(anchor, tag);
        let start = lex::trivia(self.text, self.cursor);
        let (span, style) = match style {
            Style::Plain if value.is_empty() => (Span::at(self.cursor), ScalarStyle::Plain),
            Style::Plain => (
                Span::new(start, self.plain_end(start, value)),
                ScalarStyle::Plain,
            ),
            Style::SingleQuoted | Style::DoubleQuoted => {
                let end = lex::quoted_end(self.text, start).unwrap_or(self.text.len());
                let style = if style == Style::SingleQuoted {
                    ScalarStyle::SingleQuoted
                } else {
                    ScalarStyle::DoubleQuoted
                };
                (Span::new(start, end), style)
            }
            Style::Literal => (
                Span::new(start, self.block_end(start, marks)),
                ScalarStyle::Literal,
            ),
            Style::Folded => (
                Span::new(start, self.block_end(start, marks)),
                ScalarStyle::Folded,
            ),
        };
        self.cursor = self.cursor.max(span.end);
        if is_key {
            self.key(value, style, span, explicit);
            return Some(());
        }
        let node = Node {
            span,
            value: Value::Scalar(Scalar {
                text: value.to_owned(),
                style,
            }),
            alias: false,
        };
        let size = Size {
            values: 1,
            bytes: value.len(),
            height: 0,
        };
        self.anchored(anchor, &node, size)?;
        self.place(node, 0);
        Some(())
    }

    /// Behind the last character of a plain text, which stands in the source as it is but for white
    /// space.
    fn plain_end(&self, start: usize, value: &str) -> usize {
        let mut at = start;
        let mut end = start;
        for word in value.split([' ', '\t', '\n']) {
            if word.is_empty() {
                continue;
            }
            at = lex::skip_while(self.text, at, lex::is_space);
            if !lex::starts_with(self.text, at, word) {
                break;
            }
            at = at.saturating_add(word.len());
            end = at;
        }
        end
    }

    /// Behind the last line with content of the block scalar whose `|` or `>` is at `start`.
    fn block_end(&self, start: usize, marks: Marks) -> usize {
        let header_end = lex::line_end(self.text, start);
        let mut end = self.offset(marks.end).max(header_end);
        while end > header_end {
            let last = lex::line_start(self.text, end);
            let is_blank = self
                .text
                .get(last..end)
                .is_none_or(|line| line.bytes().all(lex::is_space));
            if !is_blank || last <= start {
                break;
            }
            end = last.saturating_sub(1);
            if self.byte(end.saturating_sub(1)) == Some(b'\r') {
                end = end.saturating_sub(1);
            }
        }
        end.max(header_end)
    }

    fn alias(&mut self, id: usize) -> Option<()> {
        let (is_key, _) = self.separators();
        let start = lex::trivia(self.text, self.cursor);
        let span = Span::new(start, lex::property_end(self.text, start));
        self.cursor = self.cursor.max(span.end);
        let name = span.of(self.text).trim_start_matches('*').to_owned();
        if is_key {
            self.not_a_key(span);
            return Some(());
        }
        let Some(anchor) = self.anchors.get(&id) else {
            let (message, help) = if self.frames.iter().any(|frame| frame.anchor == id) {
                (
                    format!("the alias `*{name}` stands inside its own anchor"),
                    "a value cannot hold itself",
                )
            } else {
                (
                    format!("the alias `*{name}` has no anchor `&{name}` before it"),
                    "write the value itself",
                )
            };
            self.error(ErrorKind::Syntax, message, span, Some(help));
            self.count(1, 0)?;
            self.place(
                Node {
                    span,
                    ..null(start)
                },
                0,
            );
            return Some(());
        };
        let (values, bytes, height) = (anchor.values, anchor.bytes, anchor.height);
        if self.frames.len().saturating_add(height) > self.limits.depth {
            let message = format!(
                "the alias `*{name}` nests deeper than {} levels",
                self.limits.depth
            );
            self.error(ErrorKind::Limit, message, span, Some("use fewer levels"));
            self.count(1, 0)?;
            self.place(
                Node {
                    span,
                    ..null(start)
                },
                0,
            );
            return Some(());
        }
        self.count(values, bytes)?;
        let value = self.anchors.get(&id)?.node.value.clone();
        let node = Node {
            span,
            value,
            alias: true,
        };
        self.place(node, height);
        Some(())
    }

    /// Keeps a value that aliases may repeat.
    fn anchored(&mut self, anchor: usize, node: &Node, size: Size) -> Option<()> {
        if anchor == 0 {
            return Some(());
        }
        self.kept_values = self.kept_values.saturating_add(size.values);
        self.kept_bytes = self.kept_bytes.saturating_add(size.bytes);
        self.check()?;
        self.anchors.insert(
            anchor,
            Anchor {
                node: node.clone(),
                values: size.values,
                bytes: size.bytes,
                height: size.height,
            },
        );
        Some(())
    }

    fn open(
        &mut self,
        mapping: bool,
        anchor: usize,
        tag: Option<&Tag>,
        marks: Marks,
    ) -> Option<()> {
        let values_before = self.values;
        self.count(1, 0)?;
        let (is_key, _) = self.separators();
        self.properties(anchor, tag);
        let start = lex::trivia(self.text, self.cursor);
        let bare = anchor == 0 && tag.is_none();
        let opener = if mapping { b'{' } else { b'[' };
        let braces = self.byte(start) == Some(opener)
            && !(mapping && bare && marks.start.index() == marks.end.index());
        if braces {
            self.cursor = start.saturating_add(1);
        }
        let inside_flow = self.frames.last().is_some_and(|frame| match &frame.kind {
            Kind::Sequence { flow, .. } | Kind::Mapping { flow, .. } => *flow,
        });
        let flow = braces || inside_flow;
        if self.frames.len() >= self.limits.depth && !self.too_deep {
            self.too_deep = true;
            let message = format!("nested deeper than {} levels", self.limits.depth);
            let help = "what is inside is left out";
            self.error(ErrorKind::Limit, message, Span::at(start), Some(help));
        }
        if self.frames.len() > self.limits.depth.saturating_add(EXTRA_DEPTH) {
            return None;
        }
        if is_key {
            self.not_a_key(Span::at(start));
            if let Some(Frame {
                kind: Kind::Mapping { pending, .. },
                ..
            }) = self.frames.last_mut()
            {
                // The collection that is the key is read and dropped like a value; then comes its
                // own value.
                *pending = Pending::Nothing;
            }
        }
        let kind = if mapping {
            Kind::Mapping {
                flow,
                braces,
                entries: Vec::new(),
                seen: BTreeMap::new(),
                keys: 0,
                pending: Pending::Nothing,
            }
        } else {
            Kind::Sequence {
                flow,
                items: Vec::new(),
            }
        };
        self.frames.push(Frame {
            start,
            anchor,
            kind,
            values_before,
            repeated_before: self.repeated_bytes,
            height: 0,
        });
        Some(())
    }

    fn close(&mut self) -> Option<()> {
        let frame = self.frames.pop()?;
        let closer = match &frame.kind {
            Kind::Sequence { flow: true, .. } => Some(b']'),
            Kind::Mapping { braces: true, .. } => Some(b'}'),
            _ => None,
        };
        if let Some(closer) = closer {
            let mut at = lex::trivia(self.text, self.cursor);
            if self.byte(at) == Some(b',') {
                at = lex::trivia(self.text, at.saturating_add(1));
            }
            if self.byte(at) == Some(closer) {
                self.cursor = at.saturating_add(1);
            }
        }
        self.finish(frame)
    }

    /// Makes a value of a collection that ends at the cursor.
    fn finish(&mut self, frame: Frame) -> Option<()> {
        let height = frame.height.saturating_add(1);
        let values = self.values.saturating_sub(frame.values_before);
        let span = Span::new(frame.start, self.cursor.max(frame.start));
        let repeated = self.repeated_bytes.saturating_sub(frame.repeated_before);
        let bytes = span.len().saturating_add(repeated);
        let value = if self.frames.len() >= self.limits.depth {
            null(0).value
        } else {
            match frame.kind {
                Kind::Sequence { flow, items } => Value::Sequence(Sequence { items, flow }),
                Kind::Mapping { flow, entries, .. } => Value::Mapping(Mapping { entries, flow }),
            }
        };
        let node = Node {
            span,
            value,
            alias: false,
        };
        let size = Size {
            values,
            bytes,
            height,
        };
        let kept = self.anchored(frame.anchor, &node, size);
        self.place(node, height);
        kept
    }

    /// Puts a value where it belongs.
    fn place(&mut self, node: Node, node_height: usize) {
        let Some(frame) = self.frames.last_mut() else {
            self.documents.push(node);
            return;
        };
        frame.height = frame.height.max(node_height);
        match &mut frame.kind {
            Kind::Sequence { items, .. } => items.push(node),
            Kind::Mapping {
                entries,
                pending,
                keys,
                ..
            } => match core::mem::replace(pending, Pending::Nothing) {
                Pending::Key(key) => entries.push(Entry { key, value: node }),
                Pending::Dropped => {}
                Pending::Nothing => {
                    *pending = Pending::Dropped;
                    *keys = keys.saturating_add(1);
                }
            },
        }
    }

    fn key(&mut self, value: &str, style: ScalarStyle, span: Span, explicit: Option<usize>) {
        let text = self.text;
        let (message, help) = if let Some(at) = explicit {
            let help = "write `key: value` on one line";
            let message = "a key with `?` before it is not part of this format".to_owned();
            self.error(
                ErrorKind::Syntax,
                message,
                Span::new(at, at.saturating_add(1)),
                Some(help),
            );
            (String::new(), "")
        } else if style == ScalarStyle::Plain && value.is_empty() {
            (
                "a key is missing before `:`".to_owned(),
                "name what the value is for",
            )
        } else if style == ScalarStyle::Plain && value == "<<" {
            (
                "merge keys are not part of YAML 1.2".to_owned(),
                "write the keys out, or use an alias for the whole value",
            )
        } else {
            (String::new(), "")
        };
        let drop = !message.is_empty() || (explicit.is_some() && value.is_empty());
        if !message.is_empty() {
            self.error(ErrorKind::Syntax, message, span, Some(help));
        }
        let mut repeated = None;
        if let Some(Frame {
            kind:
                Kind::Mapping {
                    seen,
                    pending,
                    keys,
                    ..
                },
            ..
        }) = self.frames.last_mut()
        {
            *keys = keys.saturating_add(1);
            repeated = if drop { None } else { seen.get(value).copied() };
            if drop || repeated.is_some() {
                *pending = Pending::Dropped;
            } else {
                seen.insert(value.to_owned(), span.start);
                *pending = Pending::Key(Key {
                    text: value.to_owned(),
                    span,
                });
            }
        }
        if let Some(first) = repeated {
            let error = duplicate(text, value, span, first);
            self.error(error.kind, error.message, error.span, error.help.as_deref());
        }
    }

    /// Reports a key that is no text, and drops what follows.
    fn not_a_key(&mut self, span: Span) {
        self.error(
            ErrorKind::Syntax,
            "a key must be a text, not a list, a mapping or an alias".to_owned(),
            span,
            Some("put the key in quotes"),
        );
        if let Some(Frame {
            kind: Kind::Mapping { pending, keys, .. },
            ..
        }) = self.frames.last_mut()
        {
            *keys = keys.saturating_add(1);
            *pending = Pending::Dropped;
        }
    }

    /// Closes what is open where the reading stopped.
    fn close_all(&mut self) {
        while let Some(mut frame) = self.frames.pop() {
            if let Kind::Mapping {
                entries, pending, ..
            } = &mut frame.kind
                && let Pending::Key(key) = core::mem::replace(pending, Pending::Nothing)
            {
                entries.push(Entry {
                    key,
                    value: null(self.cursor),
                });
            }
            // Nothing is read any more that could repeat it.
            frame.anchor = 0;
            self.finish(frame);
        }
    }
}
