//! New entries and items.

use super::{Editor, Found, children};
use crate::text::{Span, TextEdit};
use crate::yaml::fragment::{Fragment, entry_lines, item_lines};
use crate::yaml::lex;
use crate::yaml::node::{Node, Value};
use crate::yaml::write;

impl Editor<'_> {
    /// A new key of a mapping.
    pub(super) fn insert_entry(
        &self,
        found: &Found<'_>,
        key: &str,
        value: &Fragment,
    ) -> Vec<TextEdit> {
        let Some(mapping) = found.node.as_mapping() else {
            return Vec::new();
        };
        let whole = Fragment::map([(key, value.clone())]);
        if mapping.entries.is_empty() && (self.takes_lines(found, &whole) || !mapping.flow) {
            return self.replace(found, &whole);
        }
        let index = self.index_of(
            key,
            mapping.entries.iter().map(|entry| entry.key.text.as_str()),
        );
        if mapping.flow || self.json {
            let place = self.place(true);
            let text = format!("{}: {}", write::scalar_in(key, place), value.flow(place));
            return self.insert_in_brackets(found.node, index, &text);
        }
        let column = self.column(found.node.span.start);
        let lines = entry_lines(key, value, self.options.style, column);
        self.insert_lines(found.node, index, &lines)
    }

    /// A new item of a list.
    pub(super) fn insert_item(
        &self,
        found: &Found<'_>,
        index: usize,
        item: &Fragment,
    ) -> Vec<TextEdit> {
        let Some(list) = found.node.as_sequence() else {
            return Vec::new();
        };
        let whole = Fragment::list([item.clone()]);
        if list.items.is_empty() && (self.takes_lines(found, &whole) || !list.flow) {
            return self.replace(found, &whole);
        }
        if list.flow || self.json {
            let text = item.flow(self.place(true));
            return self.insert_in_brackets(found.node, index, &text);
        }
        let column = self.column(found.node.span.start);
        let lines = item_lines(item, self.options.style, column);
        self.insert_lines(found.node, index, &lines)
    }

    /// Where a new key goes among those there are.
    fn index_of<'k>(&self, key: &str, keys: impl Iterator<Item = &'k str> + Clone) -> usize {
        let rank = |key: &str| self.options.order.iter().position(|&known| known == key);
        let last = keys.clone().count();
        let Some(own) = rank(key) else {
            return last;
        };
        let ranked = keys
            .enumerate()
            .filter_map(|(index, key)| Some((rank(key)?, index)));
        let before = ranked.clone().filter(|&(rank, _)| rank < own).max();
        match before {
            Some((_, index)) => index.saturating_add(1),
            None if ranked.count() > 0 => 0,
            None => last,
        }
    }

    /// Lines before the child `index` of a block collection, or behind its last.
    fn insert_lines(&self, node: &Node, index: usize, lines: &[String]) -> Vec<TextEdit> {
        let column = self.column(node.span.start);
        if let Some(before) = index.checked_sub(1).and_then(|before| child(node, before)) {
            let at = self.value_end(before.value, column);
            return vec![TextEdit::insert(at, self.on_new_lines(lines, column))];
        }
        let start = node.span.start;
        let above = self.comments_above(start);
        // Comments at the head of a text are about the text.
        let is_head = self
            .text
            .get(..above)
            .unwrap_or("")
            .trim_start_matches('\u{FEFF}')
            .is_empty();
        let indent = " ".repeat(column);
        if self.begins_line(start) && above < lex::line_start(self.text, start) && !is_head {
            let text = self.joined(lines, column);
            return vec![TextEdit::insert(
                above,
                format!("{indent}{text}{}", self.newline),
            )];
        }
        let text = format!("{}{}{indent}", self.joined(lines, column), self.newline);
        vec![TextEdit::insert(start, text)]
    }

    /// Something before the child `index` of a collection in brackets, or behind its last.
    fn insert_in_brackets(&self, node: &Node, index: usize, text: &str) -> Vec<TextEdit> {
        let has_brackets = matches!(self.byte(node.span.start), Some(b'{' | b'['))
            && matches!(
                self.byte(node.span.end.saturating_sub(1)),
                Some(b'}' | b']')
            )
            && child(node, 0).is_none_or(|first| first.start > node.span.start);
        if !has_brackets {
            // The one pair of `[a: b]`.
            return if index == 0 {
                vec![
                    TextEdit::insert(node.span.start, format!("{{{text}, ")),
                    TextEdit::insert(node.span.end, "}"),
                ]
            } else {
                vec![
                    TextEdit::insert(node.span.start, "{"),
                    TextEdit::insert(node.span.end, format!(", {text}}}")),
                ]
            };
        }
        let inside = node.span.start.saturating_add(1);
        if children(node) == 0 {
            return vec![TextEdit::insert(inside, text)];
        }
        let Some(before) = index.checked_sub(1).and_then(|before| child(node, before)) else {
            let first = lex::trivia(self.text, inside);
            let gap = self.gap_before(first);
            return vec![TextEdit::insert(first, format!("{text},{gap}"))];
        };
        let end = before.value.span.end;
        let gap = self.gap_before(before.start);
        let comma = lex::trivia(self.text, end);
        let comma_end = comma.saturating_add(1);
        if self.byte(comma) != Some(b',') {
            if gap != " " && self.ends_line(end) && self.line_end(end) > end {
                return vec![
                    TextEdit::insert(end, ","),
                    TextEdit::insert(self.line_end(end), format!("{gap}{text}")),
                ];
            }
            return vec![TextEdit::insert(end, format!(",{gap}{text}"))];
        }
        if gap != " " && self.ends_line(comma_end) {
            let at = self.line_end(comma_end);
            return vec![TextEdit::insert(at, format!("{gap}{text},"))];
        }
        let is_last = index == children(node);
        let text = if is_last {
            return vec![TextEdit::insert(end, format!(", {text}"))];
        } else {
            format!(" {text},")
        };
        vec![TextEdit::insert(comma_end, text)]
    }

    /// What parts an entry in brackets from the one before it: a space, or a new line and the
    /// indentation of the line that it begins.
    fn gap_before(&self, start: usize) -> String {
        if !self.begins_line(start) {
            return " ".to_owned();
        }
        let line = lex::line_start(self.text, start);
        let indent = Span::new(line, start).of(self.text);
        format!("{}{indent}", self.newline)
    }
}

/// A child of a collection: where it begins, its key or dash included, and its value.
pub(super) struct Child<'a> {
    pub(super) start: usize,
    pub(super) value: &'a Node,
}

/// The child `index` of a collection; an item begins with its value.
pub(super) fn child(node: &Node, index: usize) -> Option<Child<'_>> {
    match &node.value {
        Value::Scalar(_) => None,
        Value::Sequence(sequence) => sequence.items.get(index).map(|item| Child {
            start: item.span.start,
            value: item,
        }),
        Value::Mapping(mapping) => mapping.entries.get(index).map(|entry| Child {
            start: entry.key.span.start,
            value: &entry.value,
        }),
    }
}
