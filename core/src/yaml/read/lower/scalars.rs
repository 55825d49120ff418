//! Scalars, and where they end.

use saphyr_parser::{ScalarStyle as Style, Span as Marks, Tag};

use super::{Lowering, Size};
use crate::text::Span;
use crate::yaml::lex;
use crate::yaml::node::{Node, Scalar, ScalarStyle, Value};

impl Lowering<'_> {
    pub(super) fn scalar(
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
}
