//! A value in the place of another.

use super::{Editor, Found};
use crate::text::{Span, TextEdit};
use crate::yaml::fragment::{Form, Fragment, Style};
use crate::yaml::lex;
use crate::yaml::node::{Node, ScalarStyle, Value};
use crate::yaml::write;

impl Editor<'_> {
    pub(super) fn replace(&self, found: &Found<'_>, value: &Fragment) -> Vec<TextEdit> {
        let node = found.node;
        if let (Fragment::Scalar(text), Value::Scalar(old)) = (value, &node.value)
            && !node.span.is_empty()
            && !node.alias
        {
            return vec![TextEdit::replace(
                node.span,
                self.scalar_like(found, text, old.style),
            )];
        }
        if found.in_flow || self.json {
            return self.inline(found, &value.flow(self.place(true)));
        }
        let style = self.options.style;
        if found.parent.is_none()
            && style != Style::Flow
            && let Some(lines) = value.lines(style, 0)
        {
            return self.at_root(node, &lines);
        }
        let form = value.form(style, self.value_column(found));
        match (found.parent, form) {
            (None, Form::Inline(line)) => self.at_root(node, &[line]),
            (None, Form::Lines(lines)) => self.at_root(node, &lines),
            (Some(_), Form::Inline(text)) => self.inline(found, &text),
            (Some(_), Form::Lines(lines)) => {
                let is_list = matches!(value, Fragment::List(_));
                self.lines(found, &lines, is_list)
            }
        }
    }

    /// Whether a value would be written as lines in this place.
    pub(super) fn takes_lines(&self, found: &Found<'_>, value: &Fragment) -> bool {
        !found.in_flow
            && !self.json
            && self.options.style != Style::Flow
            && matches!(
                value.form(self.options.style, self.value_column(found)),
                Form::Lines(_)
            )
    }

    /// The column where the value of a key or an item begins, if it begins on its line.
    fn value_column(&self, found: &Found<'_>) -> usize {
        match (found.entry(), found.parent) {
            (Some(entry), _) => self.column(entry.key.span.end).saturating_add(2),
            (None, Some(list)) => self.column(list.span.start).saturating_add(2),
            (None, None) => 0,
        }
    }

    fn scalar_like(&self, found: &Found<'_>, text: &str, style: ScalarStyle) -> String {
        let place = self.place(found.in_flow);
        if style == ScalarStyle::Literal
            && text.contains('\n')
            && let Some((header, lines)) = write::literal(text)
        {
            let body = lex::next_line(self.text, found.node.span.start);
            let own = lex::indent(self.text, body);
            let under = match (found.entry(), found.parent) {
                (Some(entry), _) => self.column(entry.key.span.start).saturating_add(1),
                (None, Some(list)) => self.column(list.span.start).saturating_add(1),
                (None, None) => 0,
            };
            let column = if own >= under && body < found.node.span.end {
                own
            } else {
                under.saturating_add(1)
            };
            let indent = " ".repeat(column);
            let mut out = header.to_owned();
            for line in lines {
                out.push_str(self.newline);
                if !line.is_empty() {
                    out.push_str(&indent);
                    out.push_str(line);
                }
            }
            return out;
        }
        write::scalar_like(text, style, place).into_owned()
    }

    /// On the line of its key or dash.
    pub(super) fn inline(&self, found: &Found<'_>, text: &str) -> Vec<TextEdit> {
        let node = found.node;
        let colon = found.entry().map(|entry| self.colon_end(entry));
        if node.span.is_empty() {
            let mark = if colon == Some(None) { ":" } else { "" };
            return vec![TextEdit::insert(node.span.start, format!("{mark} {text}"))];
        }
        if let Some(Some(colon)) = colon
            && is_block(node)
        {
            let at = self.behind_properties(colon, node.span.start);
            return vec![
                TextEdit::insert(at, format!(" {text}")),
                TextEdit::delete(self.whole_lines(node.span)),
            ];
        }
        vec![TextEdit::replace(node.span, text)]
    }

    /// On lines under its key or behind its dash.
    fn lines(&self, found: &Found<'_>, lines: &[String], is_list: bool) -> Vec<TextEdit> {
        let node = found.node;
        let Some(entry) = found.entry() else {
            let dash = found.parent.map_or(0, |list| self.column(list.span.start));
            if node.span.is_empty() {
                let text = self.joined(lines, dash.saturating_add(2));
                return vec![TextEdit::insert(node.span.start, format!(" {text}"))];
            }
            let text = self.joined(lines, self.column(node.span.start));
            return vec![TextEdit::replace(node.span, text)];
        };
        let key = self.column(entry.key.span.start);
        let is_below = lex::line_start(self.text, node.span.start)
            > lex::line_start(self.text, entry.key.span.end)
            && self.begins_line(node.span.start);
        if is_below {
            let column = self.column(node.span.start);
            let wanted = if column > key || (column == key && is_list) {
                column
            } else {
                key.saturating_add(2)
            };
            let pad = " ".repeat(wanted.saturating_sub(column));
            let text = format!("{pad}{}", self.joined(lines, wanted));
            return vec![TextEdit::replace(node.span, text)];
        }
        let colon = self.colon_end(entry).unwrap_or(entry.key.span.end);
        let from = self.behind_properties(colon, node.span.start);
        let text = self.on_new_lines(lines, key.saturating_add(2));
        vec![
            TextEdit::delete(Span::new(from, node.span.end.max(from))),
            TextEdit::insert(self.line_end(node.span.end.max(from)), text),
        ]
    }

    /// As the whole document.
    fn at_root(&self, node: &Node, lines: &[String]) -> Vec<TextEdit> {
        let at = node.span.start;
        let text = self.joined(lines, 0);
        let is_marked = Span::new(lex::line_start(self.text, at), at)
            .of(self.text)
            .starts_with("---");
        if is_marked {
            let from = at.saturating_sub(usize::from(
                !node.span.is_empty() && self.byte(at.saturating_sub(1)) == Some(b' '),
            ));
            return vec![
                TextEdit::delete(Span::new(from, node.span.end)),
                TextEdit::insert(
                    self.line_end(node.span.end),
                    format!("{}{text}", self.newline),
                ),
            ];
        }
        if !node.span.is_empty() {
            return vec![TextEdit::replace(node.span, text)];
        }
        let newline = self.newline;
        let before = self
            .text
            .get(..at)
            .unwrap_or("")
            .trim_start_matches('\u{FEFF}');
        let whole = if before.is_empty() || before.ends_with('\n') {
            format!("{text}{newline}")
        } else {
            format!("{newline}{text}")
        };
        vec![TextEdit::insert(at, whole)]
    }

    /// A value with the lines it fills; with the comment behind it, only the value.
    fn whole_lines(&self, span: Span) -> Span {
        if !self.begins_line(span.start) {
            return span;
        }
        let next = lex::blanks(self.text, span.end);
        if self.byte(next) == Some(b'#') {
            return span;
        }
        self.lines_of(span.start, self.line_end(span.end))
    }

    /// From the line of `start` to the line of `end`, line break included; the last line of a text
    /// takes the break before it.
    pub(super) fn lines_of(&self, start: usize, end: usize) -> Span {
        let start = lex::line_start(self.text, start);
        let next = lex::next_line(self.text, end);
        if self.text.ends_with('\n') || next < self.text.len() {
            return Span::new(start, next);
        }
        let before = self.text.get(..start).unwrap_or("");
        let kept = before.strip_suffix('\n').unwrap_or(before);
        let kept = kept.strip_suffix('\r').unwrap_or(kept);
        Span::new(kept.len(), next)
    }
}

/// Whether a value is a collection without brackets.
pub(super) fn is_block(node: &Node) -> bool {
    !node.alias
        && match &node.value {
            Value::Scalar(_) => false,
            Value::Sequence(sequence) => !sequence.flow,
            Value::Mapping(mapping) => !mapping.flow,
        }
}
