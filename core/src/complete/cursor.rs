//! What stands around a caret, told from the text alone: a line that is being typed has no place
//! in the tree yet, but its indentation and the brackets before it say where it will be.

use crate::text::Span;
use crate::yaml::lex;

/// A caret and what stands around it.
#[derive(Clone, Debug, Default)]
pub(super) struct Cursor {
    /// Keys, and in lists indexes in decimal, from the root of the document: of [`Slot::Key`] to
    /// the mapping around it, else to the value.
    pub(super) path: Vec<String>,
    pub(super) slot: Slot,
    /// The word that the caret touches; empty where it touches none.
    pub(super) span: Span,
    /// Whether brackets are open.
    pub(super) in_flow: bool,
    /// The column where a key stands, or would.
    pub(super) column: usize,
    /// What the mapping around it states, or the one that would begin here.
    pub(super) siblings: Vec<Entry>,
    /// What the root of its document states.
    pub(super) root: Vec<Entry>,
}

/// What may stand at a caret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Slot {
    /// A key.
    Key {
        /// Whether its `:` is there.
        colon: bool,
    },
    /// A value behind its key, or in brackets.
    #[default]
    Value,
    /// A value that begins a line: a scalar, or the first key of a mapping.
    Fresh,
}

/// One key of a mapping, and its value where that is a word on the same line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) span: Span,
    pub(super) value: Option<String>,
}

impl Cursor {
    /// What stands around a caret; `None` in comments, block scalars and between tokens.
    pub(super) fn find(text: &str, caret: usize) -> Option<Self> {
        let mut scan = Scan {
            text,
            caret,
            stack: Vec::new(),
            maps: Vec::new(),
            root: None,
            literal: None,
            found: None,
        };
        let mut next = Some(lex::line_start(text, 0));
        while let Some(start) = next {
            scan.line(start, lex::line_end(text, start));
            if scan.is_done() {
                break;
            }
            let behind = lex::next_line(text, start);
            let breaks = lex::byte(text, behind.saturating_sub(1)) == Some(b'\n');
            next = (behind > start && breaks).then_some(behind);
        }
        let Found {
            mut cursor,
            map,
            root,
        } = scan.found?;
        let entries = |map: Option<usize>| {
            let map = map.and_then(|map| scan.maps.get(map));
            map.cloned().unwrap_or_default()
        };
        cursor.siblings = entries(map);
        cursor.root = entries(root);
        Some(cursor)
    }

    /// The value that the mapping around the caret states for a key.
    pub(super) fn sibling(&self, key: &str) -> Option<&str> {
        stated(&self.siblings, key)
    }
}

/// The word that some entries state for a key.
pub(super) fn stated<'e>(entries: &'e [Entry], key: &str) -> Option<&'e str> {
    let entry = entries.iter().find(|entry| entry.key == key)?;
    entry.value.as_deref()
}

struct Scan<'t> {
    text: &'t str,
    caret: usize,
    stack: Vec<Level>,
    /// The entries of all mappings so far.
    maps: Vec<Vec<Entry>>,
    root: Option<usize>,
    /// Inside a block scalar: the column that its lines stay behind.
    literal: Option<usize>,
    found: Option<Found>,
}

struct Found {
    cursor: Cursor,
    map: Option<usize>,
    root: Option<usize>,
}

/// A mapping or list that is open.
struct Level {
    indent: usize,
    flow: bool,
    what: What,
    /// Whether the value of its current key or item is there.
    filled: bool,
}

enum What {
    Map {
        id: usize,
        key: Option<String>,
        colon: bool,
    },
    List {
        index: usize,
    },
}

impl Level {
    const fn map(&self) -> Option<usize> {
        match self.what {
            What::Map { id, .. } => Some(id),
            What::List { .. } => None,
        }
    }

    fn segment(&self) -> Option<String> {
        match &self.what {
            What::Map { key, .. } => key.clone(),
            What::List { index } => Some(index.to_string()),
        }
    }

    const fn is_list(&self) -> bool {
        matches!(self.what, What::List { .. })
    }
}

struct Key {
    text: String,
    span: Span,
    /// Behind its colon.
    end: usize,
}

impl Scan<'_> {
    fn byte(&self, at: usize) -> Option<u8> {
        lex::byte(self.text, at)
    }

    fn touches(&self, start: usize, end: usize) -> bool {
        Span::new(start, end).touches(self.caret)
    }

    fn is_done(&self) -> bool {
        let Some(found) = &self.found else {
            return false;
        };
        let is_open = |map| self.stack.iter().any(|level| level.map() == Some(map));
        !found.map.is_some_and(is_open)
    }

    fn in_flow(&self) -> bool {
        self.stack.last().is_some_and(|level| level.flow)
    }

    fn path(&self, levels: usize) -> Vec<String> {
        let levels = self.stack.iter().take(levels);
        levels.filter_map(Level::segment).collect()
    }

    fn find(&mut self, slot: Slot, span: Span, column: usize) {
        if self.found.is_some() {
            return;
        }
        let levels = self.stack.len();
        let path = match slot {
            Slot::Value => self.path(levels),
            Slot::Key { .. } | Slot::Fresh => self.path(levels.saturating_sub(1)),
        };
        self.found = Some(Found {
            cursor: Cursor {
                path,
                slot,
                span,
                in_flow: self.in_flow(),
                column,
                ..Cursor::default()
            },
            map: self.stack.last().and_then(Level::map),
            root: self.root,
        });
    }

    fn open_map(&mut self, indent: usize, flow: bool) {
        let id = self.maps.len();
        self.maps.push(Vec::new());
        if self.stack.is_empty() {
            self.root = Some(id);
        }
        let (key, colon) = (None, false);
        self.open(indent, flow, What::Map { id, key, colon });
    }

    fn open(&mut self, indent: usize, flow: bool, what: What) {
        self.fill();
        self.stack.push(Level {
            indent,
            flow,
            what,
            filled: false,
        });
    }

    fn fill(&mut self) {
        if let Some(top) = self.stack.last_mut() {
            top.filled = true;
        }
    }

    /// Notes a key of the mapping on top.
    fn enter(&mut self, name: &str, span: Span) {
        let Some(top) = self.stack.last_mut() else {
            return;
        };
        top.filled = false;
        if let What::Map { id, key, colon } = &mut top.what {
            *key = Some(name.to_owned());
            *colon = false;
            if let Some(entries) = self.maps.get_mut(*id) {
                entries.push(Entry {
                    key: name.to_owned(),
                    span,
                    value: None,
                });
            }
        }
    }

    /// Notes the value of the key or item on top.
    fn state(&mut self, span: Span) {
        self.fill();
        let id = self.stack.last().and_then(Level::map);
        let entry = id.and_then(|id| self.maps.get_mut(id)?.last_mut());
        if let Some(entry) = entry {
            entry.value = Some(unquoted(span.of(self.text)));
        }
    }

    fn line(&mut self, start: usize, end: usize) {
        let content = lex::blanks(self.text, start).min(end);
        let is_blank = content >= end;
        let has_caret = self.touches(start, end);
        let indent = match (is_blank, has_caret) {
            (true, true) => self.caret.saturating_sub(start),
            (true, false) => return,
            (false, _) => content.saturating_sub(start),
        };
        if let Some(least) = self.literal {
            if indent > least {
                return;
            }
            if !is_blank {
                self.literal = None;
            }
        }
        if self.in_flow() {
            let outer = self.stack.iter().rfind(|level| !level.flow);
            let closes = matches!(self.byte(content), Some(b'}' | b']'));
            if closes || outer.is_none_or(|level| indent > level.indent) {
                self.flow(start, end);
                return;
            }
            // A bracket that is never closed: the text is being typed.
            self.stack.retain(|level| !level.flow);
        }
        if is_blank {
            self.fresh(Span::at(self.caret), indent);
        } else if lex::is_marker(self.text, start, "---") || lex::is_marker(self.text, start, "...")
        {
            self.stack.clear();
            self.root = None;
        } else if self.byte(content) != Some(b'#') {
            self.block(content, end, indent);
        }
    }

    /// Closes what a line at a column ends.
    fn close(&mut self, column: usize) {
        while self.stack.last().is_some_and(|top| top.indent > column) {
            self.stack.pop();
        }
    }

    /// Whether the mapping on top begins at a column.
    fn has_map_at(&self, column: usize) -> bool {
        let top = self.stack.last();
        top.is_some_and(|top| top.indent == column && !top.is_list())
    }

    /// A line, from its first character that is no space.
    fn block(&mut self, mut at: usize, end: usize, mut column: usize) {
        loop {
            self.close(column);
            let deeper = |top: &Level| top.indent < column && top.filled;
            if self.stack.last().is_some_and(deeper) {
                // The next line of a text, or one that is indented too far.
                return;
            }
            let behind = at.saturating_add(1);
            let is_dash = self.byte(at) == Some(b'-')
                && (behind >= end || self.byte(behind).is_some_and(lex::is_blank));
            if !is_dash {
                break;
            }
            self.dash(column);
            let next = lex::blanks(self.text, behind).min(end);
            if next >= end || self.byte(next) == Some(b'#') {
                if self.caret > behind && self.caret <= next {
                    let inner = column.saturating_add(self.caret.saturating_sub(at));
                    self.fresh(Span::at(self.caret), inner);
                }
                return;
            }
            column = column.saturating_add(next.saturating_sub(at));
            at = next;
        }
        if let Some(key) = self.key(at, end) {
            self.block_key(&key, end, column);
            return;
        }
        match self.byte(at) {
            Some(b'{' | b'[') => self.flow(at, end),
            Some(b'|' | b'>') => self.literal(column),
            _ => {
                let span = self.word(at, end);
                if self.touches(span.start, span.end) {
                    self.fresh(span, column);
                } else if !self.has_map_at(column) {
                    self.fill();
                }
            }
        }
    }

    fn dash(&mut self, column: usize) {
        match self.stack.last_mut() {
            Some(top) if top.indent == column => match &mut top.what {
                What::List { index } => {
                    *index = index.saturating_add(1);
                    top.filled = false;
                    return;
                }
                // The caret stood here before, and a mapping might have come.
                What::Map { key: None, .. } => {
                    self.stack.pop();
                }
                What::Map { .. } => {}
            },
            _ => {}
        }
        self.open(column, false, What::List { index: 0 });
    }

    fn block_key(&mut self, key: &Key, end: usize, column: usize) {
        while self
            .stack
            .last()
            .is_some_and(|top| top.indent == column && top.is_list())
        {
            self.stack.pop();
        }
        if !self.has_map_at(column) {
            self.open_map(column, false);
        }
        self.enter(&key.text, key.span);
        if self.touches(key.span.start, key.span.end) {
            self.find(Slot::Key { colon: true }, key.span, column);
        }
        self.value(key.end, end, column);
    }

    /// What stands behind `key:`.
    fn value(&mut self, at: usize, end: usize, column: usize) {
        let mut begin = lex::blanks(self.text, at).min(end);
        let is_comment = self.byte(begin) == Some(b'#') && begin > at;
        if begin >= end || is_comment {
            if self.touches(at, begin) {
                self.find(Slot::Value, Span::at(self.caret), column);
            }
            return;
        }
        if matches!(self.byte(begin), Some(b'&' | b'!')) {
            let behind = lex::property_end(self.text, begin);
            begin = lex::blanks(self.text, behind).min(end);
            if begin >= end {
                return;
            }
        }
        match self.byte(begin) {
            Some(b'{' | b'[') => self.flow(begin, end),
            Some(b'|' | b'>') => self.literal(column),
            _ => {
                let span = self.word(begin, end);
                self.state(span);
                if self.touches(span.start, span.end) {
                    self.find(Slot::Value, span, column);
                }
            }
        }
    }

    fn literal(&mut self, column: usize) {
        self.fill();
        let top = self.stack.last();
        self.literal = Some(top.map_or(column, |top| top.indent));
    }

    /// A line that begins with nothing but the word at the caret.
    fn fresh(&mut self, span: Span, column: usize) {
        self.close(column);
        let lists = |top: &Level| top.indent == column && top.is_list();
        if self.stack.last().is_some_and(lists) {
            // A key may follow only where the dashes stand right under the key of their list.
            self.stack.pop();
            if !self.has_map_at(column) {
                return;
            }
        }
        if self.has_map_at(column) {
            self.find(Slot::Key { colon: false }, span, column);
        } else if self.stack.last().is_none_or(|top| !top.filled) {
            self.open_map(column, false);
            self.find(Slot::Fresh, span, column);
        }
    }

    /// A key and its colon at a place outside of brackets.
    fn key(&self, at: usize, end: usize) -> Option<Key> {
        if let Some(b'"' | b'\'') = self.byte(at) {
            let close = lex::quoted_end(self.text, at).filter(|&close| close <= end)?;
            let colon = lex::blanks(self.text, close);
            let span = Span::new(at, close);
            return (self.byte(colon) == Some(b':')).then(|| Key {
                text: unquoted(span.of(self.text)),
                span,
                end: colon.saturating_add(1),
            });
        }
        if matches!(self.byte(at), Some(b'{' | b'[' | b'|' | b'>' | b'#')) {
            return None;
        }
        let line = self.text.get(at..end)?;
        let comment = line.find(" #").unwrap_or(line.len());
        let line = line.get(..comment)?;
        let colon = line.find(": ").or_else(|| line.find(":\t"));
        let colon = colon.or_else(|| line.trim_end().strip_suffix(':').map(str::len))?;
        let name = line.get(..colon)?.trim_end();
        let colon = at.saturating_add(colon);
        Some(Key {
            text: name.to_owned(),
            span: Span::new(at, at.saturating_add(name.len())),
            end: colon.saturating_add(1),
        })
    }

    /// The scalar at a place outside of brackets.
    fn word(&self, at: usize, end: usize) -> Span {
        if let Some(b'"' | b'\'') = self.byte(at) {
            let close = lex::quoted_end(self.text, at).unwrap_or(end);
            return Span::new(at, close.min(end));
        }
        let line = Span::new(at, end).of(self.text);
        let line = line.split(" #").next().unwrap_or(line).trim_end();
        Span::new(at, at.saturating_add(line.len()))
    }

    /// The scalar at a place in brackets.
    fn flow_word(&self, at: usize, end: usize) -> Span {
        if let Some(b'"' | b'\'') = self.byte(at) {
            return self.word(at, end);
        }
        let whole = self.word(at, end);
        let mut here = at;
        while here < whole.end {
            let Some(byte) = self.byte(here) else { break };
            if lex::is_flow(byte) || (byte == b':' && self.ends_key(here, end)) {
                break;
            }
            here = here.saturating_add(1);
        }
        let word = Span::new(at, here).of(self.text).trim_end();
        Span::new(at, at.saturating_add(word.len()))
    }

    /// Whether the `:` at a place in brackets ends a key.
    fn ends_key(&self, at: usize, end: usize) -> bool {
        let next = at.saturating_add(1);
        next >= end
            || self
                .byte(next)
                .is_none_or(|byte| lex::is_blank(byte) || lex::is_flow(byte))
    }

    /// A part of a line that lies in brackets, or opens them.
    fn flow(&mut self, mut at: usize, end: usize) {
        let begin_of_line = at;
        loop {
            let begin = lex::blanks(self.text, at).min(end);
            let byte = if begin < end { self.byte(begin) } else { None };
            let is_comment = byte == Some(b'#') && (begin > at || begin == begin_of_line);
            let awaits_colon = matches!(
                self.stack.last(),
                Some(Level {
                    flow: true,
                    what: What::Map {
                        key: Some(_),
                        colon: false,
                        ..
                    },
                    ..
                })
            );
            let is_colon = byte == Some(b':') && awaits_colon;
            let stop = byte.is_none() || is_comment;
            let ends = stop || matches!(byte, Some(b'}' | b']' | b','));
            if self.touches(at, begin) && (ends || self.caret < begin) {
                self.gap();
            }
            if stop {
                return;
            }
            at = begin.saturating_add(1);
            match byte {
                Some(b'{') => self.open_map(begin, true),
                Some(b'[') => self.open(begin, true, What::List { index: 0 }),
                Some(b'}' | b']') => {
                    if self.in_flow() {
                        self.stack.pop();
                    }
                    if !self.in_flow() {
                        return;
                    }
                }
                Some(b',') => self.comma(),
                _ if is_colon => {
                    if let Some(Level {
                        what: What::Map { colon, .. },
                        ..
                    }) = self.stack.last_mut()
                    {
                        *colon = true;
                    }
                }
                _ => {
                    let span = self.flow_word(begin, end);
                    at = span.end.max(at);
                    self.in_brackets(span, end);
                }
            }
        }
    }

    fn comma(&mut self) {
        let Some(top) = self.stack.last_mut() else {
            return;
        };
        top.filled = false;
        match &mut top.what {
            What::Map { key, colon, .. } => {
                *key = None;
                *colon = false;
            }
            What::List { index } => *index = index.saturating_add(1),
        }
    }

    /// A word in brackets.
    fn in_brackets(&mut self, span: Span, end: usize) {
        let has_caret = self.touches(span.start, span.end);
        let column = self.stack.last().map_or(0, |top| top.indent);
        let is_key = matches!(
            self.stack.last(),
            Some(Level {
                what: What::Map { colon: false, .. },
                ..
            })
        );
        if !is_key {
            self.state(span);
            if has_caret {
                self.find(Slot::Value, span, column);
            }
            return;
        }
        self.enter(&unquoted(span.of(self.text)), span);
        if has_caret {
            let next = lex::blanks(self.text, span.end).min(end);
            let colon = self.byte(next) == Some(b':') && next < end;
            self.find(Slot::Key { colon }, span, column);
        }
    }

    /// The caret between two tokens in brackets.
    fn gap(&mut self) {
        let Some(top) = self.stack.last().filter(|top| top.flow && !top.filled) else {
            return;
        };
        let slot = match &top.what {
            What::Map { key: None, .. } => Slot::Key { colon: false },
            What::Map { colon: false, .. } => return,
            What::Map { .. } | What::List { .. } => Slot::Value,
        };
        let column = top.indent;
        self.find(slot, Span::at(self.caret), column);
    }
}

/// A scalar without its quotes; escapes stay, for names have none.
fn unquoted(text: &str) -> String {
    let inner = |quote: char| {
        let rest = text.strip_prefix(quote)?;
        Some(rest.strip_suffix(quote).unwrap_or(rest))
    };
    let inner = inner('"').or_else(|| inner('\''));
    inner.unwrap_or(text).to_owned()
}
