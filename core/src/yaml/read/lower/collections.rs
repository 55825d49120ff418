//! Lists and mappings, their keys, and what stands in them.

use std::collections::BTreeMap;

use saphyr_parser::{Span as Marks, Tag};

use super::{EXTRA_DEPTH, ErrorKind, Frame, Kind, Lowering, Pending, Size, duplicate, null};
use crate::text::Span;
use crate::yaml::lex;
use crate::yaml::node::{Entry, Key, Mapping, Node, ScalarStyle, Sequence, Value};

impl Lowering<'_> {
    pub(super) fn open(
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

    pub(super) fn close(&mut self) -> Option<()> {
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
    pub(super) fn finish(&mut self, frame: Frame) -> Option<()> {
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
    pub(super) fn place(&mut self, node: Node, node_height: usize) {
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

    pub(super) fn key(
        &mut self,
        value: &str,
        style: ScalarStyle,
        span: Span,
        explicit: Option<usize>,
    ) {
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
    pub(super) fn not_a_key(&mut self, span: Span) {
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
    pub(super) fn close_all(&mut self) {
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
