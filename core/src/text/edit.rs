use core::fmt;

use super::Span;
use crate::order::Arrange as _;

/// Replaces the bytes of `span` by `replacement`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextEdit {
    /// What goes.
    pub span: Span,
    /// What comes in its place.
    pub replacement: String,
}

impl TextEdit {
    /// Replaces `span`.
    pub fn replace(span: Span, replacement: impl Into<String>) -> Self {
        Self {
            span,
            replacement: replacement.into(),
        }
    }

    /// Inserts at `at`.
    pub fn insert(at: usize, text: impl Into<String>) -> Self {
        Self::replace(Span::at(at), text)
    }

    /// Removes `span`.
    pub fn delete(span: Span) -> Self {
        Self::replace(span, "")
    }
}

/// A text after its edits, and the edits that lead back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// The new text.
    pub text: String,
    /// Applied to [`Edited::text`], these restore the old bytes exactly.
    pub inverse: Vec<TextEdit>,
}

/// Edits that overlap, leave the text, or cut a character in two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConflictError {
    /// The edit that cannot be applied.
    pub span: Span,
}

impl fmt::Display for ConflictError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Span { start, end } = self.span;
        write!(
            f,
            "an edit of bytes {start}..{end} overlaps another or leaves the text"
        )
    }
}

impl core::error::Error for ConflictError {}

/// Applies edits, all in terms of the old text; their order matters only between insertions at
/// one place, which stay in the order given.
///
/// # Errors
/// [`ConflictError`] when two edits overlap, one leaves the text, or one cuts a character.
pub fn apply(text: &str, edits: &[TextEdit]) -> Result<Edited, ConflictError> {
    let mut sorted: Vec<&TextEdit> = edits.iter().collect();
    sorted.arrange_by_key(|edit| (edit.span.start, edit.span.end));
    let mut result = String::with_capacity(text.len());
    let mut inverse = Vec::with_capacity(edits.len());
    let mut done = 0_usize;
    for edit in sorted {
        let conflict = ConflictError { span: edit.span };
        let kept = text
            .get(done..edit.span.start)
            .ok_or_else(|| conflict.clone())?;
        let gone = text.get(edit.span.start..edit.span.end).ok_or(conflict)?;
        result.push_str(kept);
        let start = result.len();
        result.push_str(&edit.replacement);
        inverse.push(TextEdit::replace(Span::new(start, result.len()), gone));
        done = edit.span.end;
    }
    result.push_str(text.get(done..).unwrap_or(""));
    Ok(Edited {
        text: result,
        inverse,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn refuses_overlap_and_cut_characters() {
        let overlap = [
            TextEdit::delete(Span::new(0, 2)),
            TextEdit::replace(Span::new(1, 3), "x"),
        ];
        assert!(apply("abcd", &overlap).is_err());
        assert!(apply("é", &[TextEdit::insert(1, "x")]).is_err());
        assert!(apply("a", &[TextEdit::insert(2, "x")]).is_err());
    }

    proptest! {
        #[test]
        fn the_inverse_restores_the_bytes(
            text in "\\PC{0,40}",
            cuts in prop::collection::vec((0_usize..40, 0_usize..6, "\\PC{0,4}"), 0..6),
        ) {
            let mut from = 0;
            let mut edits = Vec::new();
            let boundary = |at: usize| (at..=text.len()).find(|&i| text.is_char_boundary(i));
            for (skip, len, replacement) in cuts {
                let Some(start) = boundary(from + skip) else { break };
                let Some(end) = boundary(start + len) else { break };
                edits.push(TextEdit::replace(Span::new(start, end), replacement));
                from = end;
            }
            let edited = apply(&text, &edits).unwrap();
            prop_assert_eq!(apply(&edited.text, &edited.inverse).unwrap().text, text);
        }
    }
}
