//! The texts behind a composed graph. Each document that is brought in has its own stretch of
//! places behind the open text, so that of every place it is known which text has it.

use core::cell::OnceCell;
use std::rc::Rc;

use crate::text::{LineIndex, Span};

/// A text that documents are brought in from.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// Its path in the bundle.
    pub(super) path: String,
    pub(super) text: Rc<str>,
    lines: Rc<OnceCell<LineIndex>>,
}

impl Source {
    pub(super) fn new(path: impl Into<String>, text: Rc<str>) -> Self {
        Self {
            path: path.into(),
            text,
            lines: Rc::default(),
        }
    }

    /// `` `path:line:column` ``
    fn place(&self, offset: usize) -> String {
        let lines = self.lines.get_or_init(|| LineIndex::new(&self.text));
        let at = lines.position(&self.text, offset);
        format!("`{}:{}:{}`", self.path, at.line, at.column)
    }
}

/// One stretch: a source as one node brings it in.
#[derive(Clone, Debug)]
struct Stretch {
    base: usize,
    source: Source,
    /// Where the open text refers to it.
    at: Span,
}

/// Where a place is in truth.
pub(super) struct Place<'s> {
    /// The source's path.
    pub(super) path: &'s str,
    /// The place in the source.
    pub(super) span: Span,
    /// The same in words.
    pub(super) words: String,
    /// Where the open text refers to it.
    pub(super) at: Span,
    /// The number of the stretch: one reference, one number.
    pub(super) stretch: usize,
}

/// All texts that were brought in.
#[derive(Clone, Debug, Default)]
pub(super) struct Sources {
    stretches: Vec<Stretch>,
    next: usize,
}

impl Sources {
    /// Behind an open text of so many bytes.
    pub(super) const fn behind(length: usize) -> Self {
        Self {
            stretches: Vec::new(),
            next: length.saturating_add(1),
        }
    }

    /// Where the places of a source begin; `None` where there are no places left.
    pub(super) fn add(&mut self, source: &Source, at: Span) -> Option<usize> {
        let base = self.next;
        self.next = base.checked_add(source.text.len())?.checked_add(1)?;
        self.stretches.push(Stretch {
            base,
            source: source.clone(),
            at,
        });
        Some(base)
    }

    /// Where a place is; `None` where it is in the open text.
    pub(super) fn place(&self, span: Span) -> Option<Place<'_>> {
        let behind = self
            .stretches
            .partition_point(|stretch| stretch.base <= span.start);
        let stretch = behind.checked_sub(1)?;
        let found = self.stretches.get(stretch)?;
        let local = |at: usize| at.saturating_sub(found.base);
        Some(Place {
            path: &found.source.path,
            span: Span::new(local(span.start), local(span.end)),
            words: found.source.place(local(span.start)),
            at: found.at,
            stretch,
        })
    }

    /// The place in the open text: of what was brought in, where the text refers to it.
    pub(super) fn home(&self, span: Span) -> Span {
        self.place(span).map_or(span, |place| place.at)
    }
}
