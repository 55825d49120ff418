//! Edits after edits, as one set of edits of the first text.

use crate::order::Arrange as _;
use crate::text::{Span, TextEdit};

/// A text as pieces of the first text and what came since.
#[derive(Clone, Debug)]
pub(crate) struct Pieces(Vec<Piece>);

#[derive(Clone, Debug)]
enum Piece {
    /// Bytes of the first text.
    Old(Span),
    /// What came since.
    New(String),
}

impl Piece {
    fn len(&self) -> usize {
        match self {
            Self::Old(span) => span.len(),
            Self::New(text) => text.len(),
        }
    }

    /// The first `len` bytes, and the rest.
    fn split(self, len: usize) -> (Self, Self) {
        match self {
            Self::Old(Span { start, end }) => {
                let middle = start.saturating_add(len).min(end);
                (
                    Self::Old(Span::new(start, middle)),
                    Self::Old(Span::new(middle, end)),
                )
            }
            Self::New(text) => {
                let (left, right) = text.split_at_checked(len).unwrap_or((&text, ""));
                (Self::New(left.to_owned()), Self::New(right.to_owned()))
            }
        }
    }
}

impl Default for Pieces {
    fn default() -> Self {
        // The first text ends where it ends; nobody edits behind that.
        Self(vec![Piece::Old(Span::new(0, usize::MAX))])
    }
}

impl Pieces {
    /// Edits the text that the pieces make up. The edits do not overlap.
    /// O(pieces + edits · log edits).
    pub(crate) fn apply(&mut self, edits: &[TextEdit]) {
        let mut sorted: Vec<&TextEdit> = edits.iter().collect();
        sorted.arrange_by_key(|edit| (edit.span.start, edit.span.end));
        let mut rest = core::mem::take(&mut self.0).into_iter();
        let mut open = rest.next();
        let mut done = 0_usize;
        for edit in sorted {
            take(
                &mut open,
                &mut rest,
                edit.span.start.saturating_sub(done),
                |piece| {
                    self.push(piece);
                },
            );
            self.push(Piece::New(edit.replacement.clone()));
            take(&mut open, &mut rest, edit.span.len(), |_| ());
            done = edit.span.end;
        }
        for piece in open.into_iter().chain(rest) {
            self.push(piece);
        }
    }

    fn push(&mut self, piece: Piece) {
        if piece.len() == 0 {
            return;
        }
        match (self.0.last_mut(), piece) {
            (Some(Piece::Old(last)), Piece::Old(span)) if last.end == span.start => {
                last.end = span.end;
            }
            (Some(Piece::New(last)), Piece::New(text)) => last.push_str(&text),
            (_, piece) => self.0.push(piece),
        }
    }

    /// The edits of the first text that lead to the pieces.
    pub(crate) fn edits(&self) -> Vec<TextEdit> {
        let mut edits = Vec::new();
        let mut at = 0_usize;
        let mut new = "";
        for piece in &self.0 {
            match piece {
                Piece::New(text) => new = text,
                Piece::Old(span) => {
                    if span.start > at || !new.is_empty() {
                        edits.push(TextEdit::replace(Span::new(at, span.start), new));
                    }
                    new = "";
                    at = span.end;
                }
            }
        }
        edits
    }
}

/// Hands on the next `len` bytes of the pieces.
fn take(
    open: &mut Option<Piece>,
    rest: &mut impl Iterator<Item = Piece>,
    len: usize,
    mut to: impl FnMut(Piece),
) {
    let mut missing = len;
    while missing > 0 {
        let Some(piece) = open.take() else { return };
        if piece.len() <= missing {
            missing = missing.saturating_sub(piece.len());
            to(piece);
            *open = rest.next();
        } else {
            let (left, right) = piece.split(missing);
            to(left);
            *open = Some(right);
            return;
        }
    }
}

/// `first`, then `second` in terms of the text that `first` leaves, as edits of the first text.
pub(crate) fn compose(first: &[TextEdit], second: &[TextEdit]) -> Vec<TextEdit> {
    let mut pieces = Pieces::default();
    pieces.apply(first);
    pieces.apply(second);
    pieces.edits()
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::apply;

    /// Edits of a text from random cuts.
    pub(crate) fn edits(text: &str, cuts: &[(usize, usize, String)]) -> Vec<TextEdit> {
        let boundary = |at: usize| (at..=text.len()).find(|&i| text.is_char_boundary(i));
        let mut from = 0;
        let mut edits = Vec::new();
        for (skip, len, replacement) in cuts {
            let Some(start) = boundary(from + skip) else {
                break;
            };
            let Some(end) = boundary(start + len) else {
                break;
            };
            edits.push(TextEdit::replace(
                Span::new(start, end),
                replacement.clone(),
            ));
            from = end;
        }
        edits
    }

    pub(crate) fn cuts() -> impl Strategy<Value = Vec<(usize, usize, String)>> {
        prop::collection::vec((0_usize..9, 0_usize..5, "[a-cé]{0,3}"), 0..5)
    }

    proptest! {
        #[test]
        fn one_set_of_edits_does_what_two_do(text in "[a-cé]{0,30}", a in cuts(), b in cuts()) {
            let first = edits(&text, &a);
            let between = apply(&text, &first).unwrap().text;
            let second = edits(&between, &b);
            let last = apply(&between, &second).unwrap().text;
            prop_assert_eq!(apply(&text, &compose(&first, &second)).unwrap().text, last);
        }
    }
}
