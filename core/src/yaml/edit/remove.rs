//! Entries and items that go.

use super::insert::child;
use super::replace::is_block;
use super::{Editor, Found, children};
use crate::text::{Span, TextEdit};
use crate::yaml::lex;
use crate::yaml::node::{Node, Value};

impl Editor<'_> {
    /// Removes `found` from the collection `outer`.
    pub(super) fn remove(&self, outer: &Found<'_>, found: &Found<'_>) -> Vec<TextEdit> {
        let node = outer.node;
        if !is_block(node) {
            return self.remove_from_brackets(node, found.index);
        }
        if children(node) == 1 {
            return self.empty(outer);
        }
        self.remove_lines(node, found)
    }

    /// Leaves `{}` or `[]`.
    fn empty(&self, outer: &Found<'_>) -> Vec<TextEdit> {
        let node = outer.node;
        let nothing = match &node.value {
            Value::Sequence(_) => "[]",
            _ => "{}",
        };
        let end = self.line_end(node.span.end);
        let Some(colon) = outer.entry().and_then(|entry| self.colon_end(entry)) else {
            let start = self.first_start(node);
            return vec![TextEdit::replace(Span::new(start, end.max(start)), nothing)];
        };
        let at = self.behind_properties(colon, node.span.start);
        let from = if self.begins_line(node.span.start) {
            self.comments_above(node.span.start)
        } else {
            node.span.start
        };
        vec![
            TextEdit::insert(at, format!(" {nothing}")),
            TextEdit::delete(self.lines_of(from.max(at), end)),
        ]
    }

    fn first_start(&self, node: &Node) -> usize {
        node.span.start.min(self.text.len())
    }

    fn remove_lines(&self, node: &Node, found: &Found<'_>) -> Vec<TextEdit> {
        let column = self.column(node.span.start);
        let is_list = matches!(node.value, Value::Sequence(_));
        let Some(gone) = child(node, found.index) else {
            return Vec::new();
        };
        let mut end = self.value_end(gone.value, column);
        // Blank lines behind it must not fall to a `|+` before it.
        let before = found
            .index
            .checked_sub(1)
            .and_then(|before| child(node, before));
        let after_kept = before.is_some_and(|before| self.ends_in_kept_lines(before.value));
        if after_kept {
            end = self.blank_lines_end(end);
        }
        // The dash of an item, or the anchor of a key, stands before what the tree knows.
        let start = match found
            .index
            .checked_sub(1)
            .and_then(|before| child(node, before))
        {
            None => node.span.start,
            Some(before) => {
                let from = self.value_end(before.value, column);
                let start = lex::trivia(self.text, from);
                if start <= gone.start {
                    start
                } else {
                    gone.start
                }
            }
        };
        if self.begins_line(start) {
            let from = self.comments_above(start);
            let mut lines = self.lines_of(from, end);
            if after_kept {
                lines.start = from;
            }
            return vec![TextEdit::delete(lines)];
        }
        // It shares its line with the dash of a list around it.
        let next = lex::trivia(self.text, end);
        let between = Span::new(end, next).of(self.text);
        if between.contains('#') || (is_list && self.byte(next) != Some(b'-')) {
            return vec![TextEdit::delete(Span::new(start, end))];
        }
        vec![TextEdit::delete(Span::new(start, next.max(start)))]
    }

    fn remove_from_brackets(&self, node: &Node, index: usize) -> Vec<TextEdit> {
        let Some(gone) = child(node, index) else {
            return Vec::new();
        };
        let end = gone.value.span.end;
        let before = index.checked_sub(1).and_then(|before| child(node, before));
        let is_last = index.saturating_add(1) == children(node);
        let start = self.start_in_brackets(node, index, gone.start);
        let comma = lex::trivia(self.text, end);
        let has_comma = self.byte(comma) == Some(b',');
        let with_comma = if has_comma {
            comma.saturating_add(1)
        } else {
            end
        };
        let comma_before = before
            .as_ref()
            .map(|before| lex::trivia(self.text, before.value.span.end))
            .filter(|&at| self.byte(at) == Some(b','))
            .filter(|_| is_last && !has_comma)
            .map(|at| Span::new(at, at.saturating_add(1)));
        if self.begins_line(start) && self.ends_line(with_comma) {
            let lines = self.lines_of(self.comments_above(start), with_comma);
            let lines = TextEdit::delete(lines);
            return comma_before
                .map(TextEdit::delete)
                .into_iter()
                .chain([lines])
                .collect();
        }
        let is_pair = matches!(node.value, Value::Mapping(_))
            && !matches!(self.byte(node.span.start), Some(b'{'));
        if is_pair {
            return vec![TextEdit::replace(node.span, "{}")];
        }
        match (before, comma_before) {
            (Some(_), Some(comma)) if Span::new(comma.end, start).of(self.text).contains('\n') => {
                vec![
                    TextEdit::delete(comma),
                    TextEdit::delete(Span::new(start, end)),
                ]
            }
            (Some(before), _) if is_last => {
                vec![TextEdit::delete(Span::new(before.value.span.end, end))]
            }
            _ if is_last => vec![TextEdit::delete(Span::new(start, with_comma))],
            _ => {
                let next = lex::blanks(self.text, with_comma);
                vec![TextEdit::delete(Span::new(start, next))]
            }
        }
    }

    /// Where an entry in brackets begins, an anchor before its key included.
    fn start_in_brackets(&self, node: &Node, index: usize, known: usize) -> usize {
        let from = match index.checked_sub(1).and_then(|before| child(node, before)) {
            None => node.span.start.saturating_add(1),
            Some(before) => {
                let comma = lex::trivia(self.text, before.value.span.end);
                comma.saturating_add(usize::from(self.byte(comma) == Some(b',')))
            }
        };
        lex::trivia(self.text, from).min(known)
    }
}
