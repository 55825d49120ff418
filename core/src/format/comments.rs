//! Which comment belongs to which entry.
//!
//! A comment behind something on its line belongs to that. One on a line of its own belongs to what
//! follows; but one that is indented deeper than what follows belongs to the end of what stands
//! above it. So comments move with the keys that they are about.

use crate::order::Arrange as _;
use crate::text::Span;
use crate::yaml::{Key, Node, ScalarStyle, Value, lex};

/// One comment, `#` included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comment {
    pub(super) text: String,
    /// Whether a blank line stands above it.
    pub(super) blank: bool,
    at: usize,
}

/// An entry of a mapping or an item of a list, with its comments.
#[derive(Debug)]
pub(super) struct Unit<'t> {
    /// Its key; `None` for an item.
    pub(super) key: Option<&'t Key>,
    pub(super) value: &'t Node,
    /// What its value holds: numbers of units.
    pub(super) parts: Vec<usize>,
    /// The comments on the lines above.
    pub(super) before: Vec<Comment>,
    /// The comment behind it on its first line.
    pub(super) beside: Option<String>,
    /// The comments below it, indented deeper.
    pub(super) foot: Vec<Comment>,
    /// Whether a blank line stands directly above it.
    pub(super) blank: bool,
    parent: Option<usize>,
    start: usize,
    end: usize,
    column: usize,
}

/// A document and its comments.
#[derive(Debug, Default)]
pub(super) struct Page<'t> {
    text: &'t str,
    pub(super) root: Option<&'t Node>,
    pub(super) units: Vec<Unit<'t>>,
    /// The units of the root.
    pub(super) parts: Vec<usize>,
    /// What stands above the first key.
    pub(super) head: Vec<Comment>,
    /// Whether a blank line parts the head from the first key.
    pub(super) blank: bool,
    /// What stands below the last line.
    pub(super) foot: Vec<Comment>,
    /// Keys and scalars: where no comment begins.
    tokens: Vec<Span>,
    /// Where units begin and end, in order; of those that end together the innermost last.
    events: Vec<(usize, usize, usize)>,
    /// Where units begin, in order.
    starts: Vec<(usize, usize)>,
}

impl<'t> Page<'t> {
    /// The document that a stretch of a text holds.
    pub(super) fn new(text: &'t str, start: usize, end: usize, root: Option<&'t Node>) -> Self {
        let mut page = Self {
            text,
            root,
            ..Self::default()
        };
        if let Some(root) = root {
            page.parts = page.add(root, None, false);
        }
        page.tokens.arrange();
        page.order();
        for comment in page.comments(start, end) {
            page.assign(comment);
        }
        // What parts the head from the first key stays with the head.
        if let Some(first) = page
            .parts
            .first()
            .and_then(|&first| page.units.get_mut(first))
        {
            page.blank = core::mem::take(&mut first.blank);
        }
        page
    }

    /// The text that it is of.
    pub(super) const fn text(&self) -> &'t str {
        self.text
    }

    /// Adds the parts of a value as units; those that an alias repeats have no place of their own.
    fn add(&mut self, node: &'t Node, parent: Option<usize>, repeated: bool) -> Vec<usize> {
        let repeated = repeated || node.alias;
        if !repeated && matches!(&node.value, Value::Scalar(_)) || node.alias {
            self.tokens.push(node.span);
        }
        let mut parts = Vec::new();
        match &node.value {
            Value::Scalar(scalar) => {
                let is_block = matches!(scalar.style, ScalarStyle::Literal | ScalarStyle::Folded);
                if is_block && !repeated {
                    self.leave_header(node.span);
                }
            }
            Value::Mapping(mapping) => {
                for entry in &mapping.entries {
                    if !repeated {
                        self.tokens.push(entry.key.span);
                    }
                    let start = entry.key.span.start;
                    let key = Some(&entry.key);
                    parts.push(self.unit(key, &entry.value, parent, start, repeated));
                }
            }
            Value::Sequence(list) => {
                let mut behind = node.span.start;
                for item in &list.items {
                    let start = if list.flow {
                        item.span.start
                    } else {
                        lex::trivia(self.text, behind)
                    };
                    behind = item.span.end;
                    parts.push(self.unit(None, item, parent, start, repeated));
                }
            }
        }
        parts
    }

    fn unit(
        &mut self,
        key: Option<&'t Key>,
        value: &'t Node,
        parent: Option<usize>,
        start: usize,
        repeated: bool,
    ) -> usize {
        let number = self.units.len();
        // Far behind every comment, where none belongs to it.
        let (start, end) = if repeated {
            (usize::MAX, usize::MAX)
        } else {
            (start, value.span.end.max(start))
        };
        let line = lex::line_start(self.text, start.min(self.text.len()));
        let blank = !repeated && self.has_blank_above(start);
        self.units.push(Unit {
            key,
            value,
            parts: Vec::new(),
            before: Vec::new(),
            beside: None,
            foot: Vec::new(),
            blank,
            parent,
            start,
            end,
            column: start.saturating_sub(line),
        });
        let parts = self.add(value, Some(number), repeated);
        if let Some(unit) = self.units.get_mut(number) {
            unit.parts = parts;
        }
        number
    }

    /// The header line of a block scalar may carry a comment: only its lines are no place for one.
    fn leave_header(&mut self, span: Span) {
        let line = lex::line_end(self.text, span.start).min(span.end);
        let header = Span::new(span.start, line).of(self.text);
        if let Some(comment) = header.find('#') {
            self.tokens.pop();
            let comment = span.start.saturating_add(comment);
            self.tokens.push(Span::new(span.start, comment));
            self.tokens.push(Span::new(line, span.end));
        }
    }

    /// Whether what begins here begins its line, and the line above is blank.
    fn has_blank_above(&self, at: usize) -> bool {
        let line = lex::line_start(self.text, at);
        let begins = lex::blanks(self.text, line) >= at;
        let above = line.checked_sub(1);
        let is_blank = above.is_some_and(|above| {
            let start = lex::line_start(self.text, above);
            lex::line(self.text, start).trim().is_empty()
        });
        begins && is_blank
    }

    /// The comments of a stretch, in order: what begins with `#` between keys and scalars.
    fn comments(&self, start: usize, end: usize) -> Vec<Comment> {
        let mut found = Vec::new();
        let mut at = start;
        let mut tokens = self.tokens.iter().peekable();
        while at < end {
            while tokens.next_if(|token| token.end <= at).is_some() {}
            if let Some(token) = tokens.peek()
                && token.start <= at
            {
                at = token.end;
                continue;
            }
            match lex::byte(self.text, at) {
                Some(b'#') => {
                    let stop = lex::line_end(self.text, at);
                    found.push(Comment {
                        text: Span::new(at, stop).of(self.text).trim_end().to_owned(),
                        blank: self.has_blank_above(at),
                        at,
                    });
                    at = stop;
                }
                Some(b'&' | b'!') => {
                    at = lex::property_end(self.text, at).max(at.saturating_add(1));
                }
                _ => at = at.saturating_add(1),
            }
        }
        found
    }

    /// Puts the units in the order of the text, for look-ups.
    fn order(&mut self) {
        let placed = self.units.iter().enumerate();
        let placed = placed.filter(|(_, unit)| unit.start < usize::MAX);
        for (number, unit) in placed {
            self.starts.push((unit.start, number));
            self.events.push((unit.start, unit.start, number));
            self.events.push((unit.end, unit.start, number));
        }
        self.starts.arrange();
        self.events.arrange();
    }

    fn assign(&mut self, comment: Comment) {
        let line = lex::line_start(self.text, comment.at);
        let is_alone = lex::blanks(self.text, line) >= comment.at;
        let last = self.last_before(comment.at);
        if !is_alone {
            return self.beside(last, comment);
        }
        let Some(last) = last else {
            self.head.push(comment);
            return;
        };
        if self.awaits_value(last, comment.at) {
            return self.before(last, comment);
        }
        let next = self.next_after(comment.at);
        if let Some((owner, end)) = self.brackets_around(last, comment.at) {
            return match next.filter(|&next| self.start(next) < end) {
                Some(next) => self.before(next, comment),
                None => self.below(owner, comment),
            };
        }
        let column = comment.at.saturating_sub(line);
        let is_outer = |unit: &usize| self.units.get(*unit).is_some_and(|at| at.column < column);
        let owner = self.ended(last, next).into_iter().find(is_outer);
        match (owner, next) {
            (None, Some(next)) => self.before(next, comment),
            _ => self.below(owner, comment),
        }
    }

    /// Whether a place lies between a key or dash and its value, which has no parts.
    fn awaits_value(&self, unit: usize, at: usize) -> bool {
        let unit = self.units.get(unit);
        unit.is_some_and(|unit| unit.parts.is_empty() && unit.value.span.start > at)
    }

    /// The innermost brackets around a place: the unit that they are the value of, none for the
    /// root's, and where they end.
    fn brackets_around(&self, last: usize, at: usize) -> Option<(Option<usize>, usize)> {
        let holds = |node: &Node| {
            let flow = match &node.value {
                Value::Scalar(_) => false,
                Value::Sequence(sequence) => sequence.flow,
                Value::Mapping(mapping) => mapping.flow,
            };
            flow && node.span.start < at && at < node.span.end
        };
        for number in self.around(Some(last)) {
            let unit = self.units.get(number)?;
            if holds(unit.value) {
                return Some((Some(number), unit.value.span.end));
            }
        }
        let root = self.root.filter(|root| holds(root))?;
        Some((None, root.span.end))
    }

    fn start(&self, unit: usize) -> usize {
        self.units.get(unit).map_or(usize::MAX, |unit| unit.start)
    }

    fn below(&mut self, unit: Option<usize>, comment: Comment) {
        match unit.and_then(|unit| self.units.get_mut(unit)) {
            Some(unit) => unit.foot.push(comment),
            None => self.foot.push(comment),
        }
    }

    fn before(&mut self, unit: usize, comment: Comment) {
        if let Some(unit) = self.units.get_mut(unit) {
            unit.before.push(comment);
        }
    }

    fn beside(&mut self, unit: Option<usize>, comment: Comment) {
        match unit.and_then(|unit| self.units.get_mut(unit)) {
            Some(unit) if unit.beside.is_none() => unit.beside = Some(comment.text),
            Some(unit) => unit.before.push(Comment {
                blank: false,
                ..comment
            }),
            None => self.head.push(comment),
        }
    }

    /// The unit that began or ended last before a place.
    fn last_before(&self, at: usize) -> Option<usize> {
        let behind = self.events.partition_point(|&(place, _, _)| place <= at);
        let event = self.events.get(behind.checked_sub(1)?)?;
        Some(event.2)
    }

    /// The unit that begins next: of those that begin together the outermost.
    fn next_after(&self, at: usize) -> Option<usize> {
        let next = self.starts.partition_point(|&(start, _)| start < at);
        self.starts.get(next).map(|&(_, number)| number)
    }

    /// A unit and those around it that have ended before another begins, the innermost first.
    fn ended(&self, last: usize, next: Option<usize>) -> Vec<usize> {
        let open = self.around(next);
        let mut ended = self.around(Some(last));
        ended.retain(|unit| !open.contains(unit));
        ended
    }

    /// A unit and those around it, the innermost first.
    fn around(&self, unit: Option<usize>) -> Vec<usize> {
        let parent = |unit: &usize| self.units.get(*unit)?.parent;
        core::iter::successors(unit, parent).collect()
    }
}
