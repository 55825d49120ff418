//! Where an edit leaves what it does not touch.

use crate::order::Arrange as _;
use crate::text::{Span, TextEdit};

/// The edits between two texts, in order: where they leave what they do not touch.
#[derive(Clone, Debug)]
pub struct Hunks {
    /// The range before, and behind.
    list: Vec<(Span, Span)>,
}

impl Hunks {
    /// Of edits in terms of the text before; `None` where they do not lead to the text behind.
    pub fn new(before: &str, behind: &str, edits: &[TextEdit]) -> Option<Self> {
        let mut sorted: Vec<&TextEdit> = edits.iter().collect();
        sorted.arrange_by_key(|edit| (edit.span.start, edit.span.end));
        let mut list = Vec::with_capacity(sorted.len());
        let (mut old, mut new) = (0_usize, 0_usize);
        for edit in sorted {
            let kept = before.get(old..edit.span.start)?;
            let start = new.checked_add(kept.len())?;
            let end = start.checked_add(edit.replacement.len())?;
            let same =
                behind.get(new..start)? == kept && behind.get(start..end)? == edit.replacement;
            before
                .get(edit.span.start..edit.span.end)
                .filter(|_| same)?;
            list.push((edit.span, Span::new(start, end)));
            (old, new) = (edit.span.end, end);
        }
        (before.get(old..)? == behind.get(new..)?).then_some(Self { list })
    }

    /// Where a place is that no edit touches, its borders included.
    pub(super) fn behind(&self, span: Span) -> Option<Span> {
        let mut last = None;
        for (before, behind) in &self.list {
            if before.start <= span.end && before.end >= span.start {
                return None;
            }
            if before.end < span.start {
                last = Some((before.end, behind.end));
            }
        }
        let (old, new) = last.unwrap_or_default();
        let at = |place: usize| place.checked_sub(old)?.checked_add(new);
        Some(Span::new(at(span.start)?, at(span.end)?))
    }

    /// Whether each edit lies in one of some ranges, before in the first of a pair and behind in
    /// the second; white space around a range belongs to it.
    pub(super) fn lie_in(&self, ranges: &[(Span, Span)], before: &str, behind: &str) -> bool {
        let within = |inner: Span, range: Span, text: &str| {
            let before = text.get(..range.start).map_or("", str::trim_end).len();
            let behind = text.get(range.end..).map_or("", str::trim_start).len();
            before <= inner.start && inner.end <= text.len().saturating_sub(behind)
        };
        self.list.iter().all(|&(old, new)| {
            let mut ranges = ranges.iter();
            ranges.any(|&(first, second)| within(old, first, before) && within(new, second, behind))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_touched_moves_with_the_text() {
        let edits = [
            TextEdit::replace(Span::new(2, 3), "xyz"),
            TextEdit::insert(6, "+"),
        ];
        let hunks = Hunks::new("ab_cd efg", "abxyzcd +efg", &edits).unwrap();
        assert_eq!(hunks.behind(Span::new(0, 1)), Some(Span::new(0, 1)));
        assert_eq!(hunks.behind(Span::new(0, 2)), None);
        assert_eq!(hunks.behind(Span::new(4, 5)), Some(Span::new(6, 7)));
        assert_eq!(hunks.behind(Span::new(7, 9)), Some(Span::new(10, 12)));
        assert!(Hunks::new("ab_cd efg", "abxyzcd +efh", &edits).is_none());
    }
}
