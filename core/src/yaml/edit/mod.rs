//! The smallest changes of a text that say a change of its tree: comments, order, quoting and
//! layout elsewhere stay, byte for byte.
//!
//! A path is relative to the root given: keys, and in lists indexes in decimal. The root must have
//! been read from the text, without errors.

mod insert;
mod remove;
mod replace;
#[cfg(test)]
mod tests;

use core::fmt;

use super::fragment::{Fragment, Style};
use super::lex;
use super::node::{Entry, Node, ScalarStyle, Value};
use super::read::is_json;
#[cfg(test)]
use super::scalar;
use super::write::{self, Place};
use crate::text::{Span, TextEdit};

/// What an edit may choose.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// How new collections are written.
    pub style: Style,
    /// The canonical order of the keys where a new one lands: it is put behind the last one before
    /// it in this order. Without it, new keys come last.
    pub order: &'a [&'a str],
    /// Whether a mapping or list that a removal leaves empty goes too, with its key.
    pub prune: bool,
}

/// Why an edit cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditError {
    /// The path leads through an alias: the value stands elsewhere.
    Alias {
        /// The path to the alias.
        path: String,
    },
    /// There is nothing at the path.
    Missing {
        /// The path.
        path: String,
    },
    /// A key is asked of what is no mapping.
    NotAMapping {
        /// The path to what it is asked of.
        path: String,
    },
    /// An item is asked of what is no list.
    NotAList {
        /// The path to what it is asked of.
        path: String,
    },
    /// A list has no such item.
    NoItem {
        /// The path to the item.
        path: String,
        /// How many items there are.
        length: usize,
    },
    /// The value is no scalar.
    NotAScalar {
        /// The path to it.
        path: String,
    },
    /// The mapping has that key already.
    KeyExists {
        /// The key.
        key: String,
    },
    /// The path is empty: the whole document cannot be removed or renamed.
    WholeDocument,
    /// [`Fragment::Raw`] is empty or has more than one line.
    RawLines,
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alias { path } => write!(
                f,
                "`{path}` is an alias; edit the value it repeats, or write the value out here first"
            ),
            Self::Missing { path } => write!(f, "there is nothing at `{path}`"),
            Self::NotAMapping { path } => {
                write!(f, "`{path}` is no mapping; it cannot take a key")
            }
            Self::NotAList { path } => write!(f, "`{path}` is no list; it cannot take an item"),
            Self::NoItem { path, length } => {
                write!(f, "there is no item `{path}`; the list has {length}")
            }
            Self::NotAScalar { path } => write!(f, "`{path}` is a list or a mapping"),
            Self::KeyExists { key } => write!(f, "the key `{key}` is taken"),
            Self::WholeDocument => write!(f, "the whole document cannot be removed or renamed"),
            Self::RawLines => write!(f, "a raw value must be one line"),
        }
    }
}

impl core::error::Error for EditError {}

/// Sets the value at a path; missing keys on the way are made.
///
/// # Errors
/// [`EditError`] when the path leads through an alias, a scalar, or past the end of a list.
pub fn set(
    text: &str,
    root: &Node,
    path: &[&str],
    value: &Fragment,
    options: &Options<'_>,
) -> Result<Vec<TextEdit>, EditError> {
    let editor = Editor::new(text, root, options, value)?;
    let (found, rest) = editor.walk(path)?;
    let Some((segment, deeper)) = rest.split_first() else {
        return Ok(editor.replace(&found, value));
    };
    if found.node.alias {
        return Err(EditError::Alias {
            path: found.path(path),
        });
    }
    let wrapped = deeper
        .iter()
        .rev()
        .fold(value.clone(), |inner, key| Fragment::map([(*key, inner)]));
    match &found.node.value {
        Value::Mapping(_) => Ok(editor.insert_entry(&found, segment, &wrapped)),
        Value::Sequence(sequence) if segment.parse() == Ok(sequence.items.len()) => {
            Ok(editor.insert_item(&found, sequence.items.len(), &wrapped))
        }
        Value::Sequence(sequence) => Err(EditError::NoItem {
            path: join(path.get(..=found.depth).unwrap_or(path)),
            length: sequence.items.len(),
        }),
        Value::Scalar(scalar) if scalar.is_null() => {
            Ok(editor.replace(&found, &Fragment::map([(*segment, wrapped)])))
        }
        Value::Scalar(_) => Err(EditError::NotAMapping {
            path: found.path(path),
        }),
    }
}

/// Removes the entry or item at a path, with its comments: the one behind it, and those on the
/// lines directly above.
///
/// # Errors
/// [`EditError`] when there is nothing at the path, or it leads through an alias.
pub fn remove(
    text: &str,
    root: &Node,
    path: &[&str],
    options: &Options<'_>,
) -> Result<Vec<TextEdit>, EditError> {
    let editor = Editor::new(text, root, options, &Fragment::List(Vec::new()))?;
    let mut path = path;
    loop {
        let found = editor.find(path)?;
        let (Some(parent), Some((_, above))) = (found.parent, path.split_last()) else {
            return Err(EditError::WholeDocument);
        };
        if options.prune && children(parent) == 1 && !above.is_empty() {
            path = above;
            continue;
        }
        let outer = editor.find(above)?;
        return Ok(editor.remove(&outer, &found));
    }
}

/// Renames the last key of a path.
///
/// # Errors
/// [`EditError`] when there is no such key, the new one is taken, or the path leads through an
/// alias.
pub fn rename_key(
    text: &str,
    root: &Node,
    path: &[&str],
    new: &str,
) -> Result<Vec<TextEdit>, EditError> {
    let options = Options::default();
    let editor = Editor::new(text, root, &options, &Fragment::List(Vec::new()))?;
    let found = editor.find(path)?;
    let Some(entry) = found.entry() else {
        return Err(if path.is_empty() {
            EditError::WholeDocument
        } else {
            EditError::NotAMapping {
                path: join(path.get(..path.len().saturating_sub(1)).unwrap_or(path)),
            }
        });
    };
    if entry.key.text == new {
        return Ok(Vec::new());
    }
    if found.parent.is_some_and(|parent| parent.get(new).is_some()) {
        return Err(EditError::KeyExists {
            key: new.to_owned(),
        });
    }
    let style = match lex::byte(text, entry.key.span.start) {
        Some(b'"') => ScalarStyle::DoubleQuoted,
        Some(b'\'') => ScalarStyle::SingleQuoted,
        _ => ScalarStyle::Plain,
    };
    let key = write::scalar_like(new, style, editor.place(found.in_flow));
    Ok(vec![TextEdit::replace(entry.key.span, key)])
}

/// Adds an item at the end of the list at a path; a list that is missing is made.
///
/// # Errors
/// [`EditError`] when the value at the path is no list, or the path leads through an alias.
pub fn push(
    text: &str,
    root: &Node,
    path: &[&str],
    item: &Fragment,
    options: &Options<'_>,
) -> Result<Vec<TextEdit>, EditError> {
    let length = root
        .at(path.iter().copied())
        .and_then(Node::as_sequence)
        .map_or(0, |list| list.items.len());
    insert_at(text, root, path, length, item, options)
}

/// Adds an item before the item `index` of the list at a path, or at its end.
///
/// # Errors
/// [`EditError`] when the value at the path is no list, the index lies behind its end, or the path
/// leads through an alias.
pub fn insert_at(
    text: &str,
    root: &Node,
    path: &[&str],
    index: usize,
    item: &Fragment,
    options: &Options<'_>,
) -> Result<Vec<TextEdit>, EditError> {
    let editor = Editor::new(text, root, options, item)?;
    let (found, rest) = editor.walk(path)?;
    let list = Fragment::list([item.clone()]);
    if !rest.is_empty() {
        return set(text, root, path, &list, options);
    }
    if found.node.alias {
        return Err(EditError::Alias { path: join(path) });
    }
    match &found.node.value {
        Value::Sequence(sequence) if index <= sequence.items.len() => {
            Ok(editor.insert_item(&found, index, item))
        }
        Value::Sequence(sequence) => Err(EditError::NoItem {
            path: format!("{}.{index}", join(path)),
            length: sequence.items.len(),
        }),
        Value::Scalar(scalar) if scalar.is_null() => Ok(editor.replace(&found, &list)),
        Value::Scalar(_) | Value::Mapping(_) => Err(EditError::NotAList { path: join(path) }),
    }
}

/// Gives the scalar at a path another text, in its own style where that can hold it.
///
/// # Errors
/// [`EditError`] when there is no scalar at the path, or it leads through an alias.
pub fn replace_scalar(
    text: &str,
    root: &Node,
    path: &[&str],
    new: &str,
) -> Result<Vec<TextEdit>, EditError> {
    let value = Fragment::text(new);
    let options = Options::default();
    let editor = Editor::new(text, root, &options, &value)?;
    let found = editor.find(path)?;
    match &found.node.value {
        Value::Scalar(_) => Ok(editor.replace(&found, &value)),
        _ => Err(EditError::NotAScalar { path: join(path) }),
    }
}

fn join(path: &[&str]) -> String {
    path.join(".")
}

fn children(node: &Node) -> usize {
    match &node.value {
        Value::Scalar(_) => 0,
        Value::Sequence(sequence) => sequence.items.len(),
        Value::Mapping(mapping) => mapping.entries.len(),
    }
}

/// A text, and what does not change while it is edited.
struct Editor<'a> {
    text: &'a str,
    root: &'a Node,
    options: &'a Options<'a>,
    json: bool,
    newline: &'static str,
}

/// A value and where it hangs.
#[derive(Clone, Copy)]
struct Found<'a> {
    node: &'a Node,
    /// The collection it is in, and its place there.
    parent: Option<&'a Node>,
    index: usize,
    /// Whether that collection, or one around it, is written in brackets.
    in_flow: bool,
    /// Segments of the path that led here.
    depth: usize,
}

impl<'a> Found<'a> {
    fn path(&self, path: &[&str]) -> String {
        join(path.get(..self.depth).unwrap_or(path))
    }

    /// The entry that it is the value of.
    fn entry(&self) -> Option<&'a Entry> {
        self.parent?.as_mapping()?.entries.get(self.index)
    }
}

impl<'a> Editor<'a> {
    fn new(
        text: &'a str,
        root: &'a Node,
        options: &'a Options<'a>,
        value: &Fragment,
    ) -> Result<Self, EditError> {
        if !value.is_writable() {
            return Err(EditError::RawLines);
        }
        let is_flow = match &root.value {
            Value::Scalar(_) => false,
            Value::Sequence(sequence) => sequence.flow,
            Value::Mapping(mapping) => mapping.flow,
        };
        Ok(Self {
            text,
            root,
            options,
            json: is_flow && is_json(text),
            newline: if text.contains("\r\n") { "\r\n" } else { "\n" },
        })
    }

    /// Follows a path as far as there are values; the rest of it comes back.
    fn walk<'p>(&self, path: &'p [&'p str]) -> Result<(Found<'a>, &'p [&'p str]), EditError> {
        let mut found = Found {
            node: self.root,
            parent: None,
            index: 0,
            in_flow: false,
            depth: 0,
        };
        let mut rest = path;
        while let Some((segment, deeper)) = rest.split_first() {
            let node = found.node;
            let (child, index, flow) = match &node.value {
                Value::Scalar(_) => break,
                Value::Sequence(sequence) => {
                    let Ok(index) = segment.parse::<usize>() else {
                        return Err(EditError::NotAMapping {
                            path: found.path(path),
                        });
                    };
                    (sequence.items.get(index), index, sequence.flow)
                }
                Value::Mapping(mapping) => {
                    let mut entries = mapping.entries.iter();
                    let index = entries.position(|entry| entry.key.text == **segment);
                    let index = index.unwrap_or(usize::MAX);
                    let entry = mapping.entries.get(index);
                    (entry.map(|entry| &entry.value), index, mapping.flow)
                }
            };
            let Some(child) = child else { break };
            if node.alias {
                return Err(EditError::Alias {
                    path: found.path(path),
                });
            }
            found = Found {
                node: child,
                parent: Some(node),
                index,
                in_flow: found.in_flow || flow,
                depth: found.depth.saturating_add(1),
            };
            rest = deeper;
        }
        Ok((found, rest))
    }

    fn find(&self, path: &[&str]) -> Result<Found<'a>, EditError> {
        let (found, rest) = self.walk(path)?;
        if rest.is_empty() {
            Ok(found)
        } else {
            Err(EditError::Missing { path: join(path) })
        }
    }

    fn place(&self, in_flow: bool) -> Place {
        match (self.json, in_flow) {
            (true, _) => Place::Json,
            (false, true) => Place::Flow,
            (false, false) => Place::Block,
        }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        lex::byte(self.text, at)
    }

    /// The column of a place, in characters, from 0.
    fn column(&self, at: usize) -> usize {
        let start = lex::line_start(self.text, at);
        Span::new(start, at).of(self.text).chars().count()
    }

    /// Whether nothing but white space stands before `at` on its line.
    fn begins_line(&self, at: usize) -> bool {
        let start = lex::line_start(self.text, at);
        lex::blanks(self.text, start) >= at
    }

    /// Whether nothing but white space and a comment stands behind `at` on its line.
    fn ends_line(&self, at: usize) -> bool {
        let next = lex::blanks(self.text, at);
        match self.byte(next) {
            None | Some(b'\n' | b'\r') => true,
            Some(b'#') => next > at,
            Some(_) => false,
        }
    }

    fn line_end(&self, at: usize) -> usize {
        lex::line_end(self.text, at)
    }

    /// Lines, each on a new line at a column.
    fn on_new_lines(&self, lines: &[String], column: usize) -> String {
        let indent = " ".repeat(column);
        let lines = lines
            .iter()
            .map(|line| format!("{}{indent}{line}", self.newline));
        lines.collect()
    }

    /// Lines, the first one here, the others at a column.
    fn joined(&self, lines: &[String], column: usize) -> String {
        lines.join(&format!("{}{}", self.newline, " ".repeat(column)))
    }

    /// Behind the `:` of an entry; `None` where it has none, as in `{a, b}`.
    fn colon_end(&self, entry: &Entry) -> Option<usize> {
        let at = lex::trivia(self.text, entry.key.span.end);
        (self.byte(at) == Some(b':') && at < entry.value.span.start.max(at.saturating_add(1)))
            .then(|| at.saturating_add(1))
            .filter(|&end| end <= entry.value.span.start)
    }

    /// Behind the anchor and the tag that follow `at` on its line.
    fn behind_properties(&self, at: usize, limit: usize) -> usize {
        let mut end = at;
        loop {
            let next = lex::blanks(self.text, end);
            if next >= limit || !matches!(self.byte(next), Some(b'&' | b'!')) {
                return end;
            }
            end = lex::property_end(self.text, next);
        }
    }

    /// Where the last line of a block value ends: behind the comment on it, comments under it that
    /// are indented deeper than `column`, and the blank lines that a `|+` keeps.
    fn value_end(&self, node: &Node, column: usize) -> usize {
        let mut end = self.line_end(node.span.end);
        if self.ends_in_kept_lines(node) {
            end = self.blank_lines_end(end);
        }
        loop {
            let next = lex::next_line(self.text, end);
            let is_own = next > end
                && lex::line(self.text, next).trim_start().starts_with('#')
                && lex::indent(self.text, next) > column;
            if !is_own {
                return end;
            }
            end = self.line_end(next);
        }
    }

    /// Past the blank lines under the line that ends at `end`.
    fn blank_lines_end(&self, mut end: usize) -> usize {
        loop {
            let next = lex::next_line(self.text, end);
            if next <= end || next >= self.text.len() || !is_blank(lex::line(self.text, next)) {
                return end;
            }
            end = self.line_end(next);
        }
    }

    /// Whether the last thing in a value is a `|+` or `>+`, to which blank lines belong.
    fn ends_in_kept_lines(&self, node: &Node) -> bool {
        last_scalar(node).is_some_and(|scalar| {
            let is_block = scalar.as_scalar().is_some_and(|scalar| {
                matches!(scalar.style, ScalarStyle::Literal | ScalarStyle::Folded)
            });
            let header = Span::new(scalar.span.start, self.line_end(scalar.span.start));
            let indicators = header.of(self.text).bytes().take(3);
            is_block && indicators.into_iter().any(|byte| byte == b'+')
        })
    }

    /// Where the comment lines begin that stand directly above the line of `at`, as deep as it.
    fn comments_above(&self, at: usize) -> usize {
        let mut start = lex::line_start(self.text, at);
        let column = self.column(at);
        while start > 0 {
            let above = lex::line_start(self.text, start.saturating_sub(1));
            let line = lex::line(self.text, above);
            if above >= start
                || lex::indent(self.text, above) != column
                || !line.trim_start().starts_with('#')
            {
                break;
            }
            start = above;
        }
        start
    }
}

/// The last scalar inside a value, which is at its end.
fn last_scalar(node: &Node) -> Option<&Node> {
    if node.alias {
        return None;
    }
    match &node.value {
        Value::Scalar(_) => Some(node),
        Value::Sequence(sequence) if !sequence.flow => last_scalar(sequence.items.last()?),
        Value::Mapping(mapping) if !mapping.flow => last_scalar(&mapping.entries.last()?.value),
        _ => None,
    }
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}
