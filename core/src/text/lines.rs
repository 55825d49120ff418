use super::Span;

/// A place as people read it: both count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// Where each line of a text begins.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<usize>,
}

impl LineIndex {
    /// Indexes `text` in one pass.
    pub fn new(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        Self {
            starts: core::iter::once(0)
                .chain(breaks.map(|(at, _)| at.saturating_add(1)))
                .collect(),
        }
    }

    /// Number of lines; an empty text has one.
    pub fn line_count(&self) -> usize {
        self.starts.len()
    }

    /// The line of a byte offset, from 0.
    pub fn line_of(&self, offset: usize) -> usize {
        self.starts
            .partition_point(|&start| start <= offset)
            .saturating_sub(1)
    }

    /// The byte where line `line` (from 0) begins.
    pub fn line_start(&self, line: usize) -> Option<usize> {
        self.starts.get(line).copied()
    }

    /// The place of a byte offset in `text`, the text that was indexed.
    pub fn position(&self, text: &str, offset: usize) -> Position {
        let line = self.line_of(offset);
        let start = self.starts.get(line).copied().unwrap_or(0);
        let column = Span::new(start, offset.min(text.len()))
            .of(text)
            .chars()
            .count();
        Position {
            line: line.saturating_add(1),
            column: column.saturating_add(1),
        }
    }

    /// The byte offset of a place in `text`; past the end of a line it is the line's end.
    pub fn offset(&self, text: &str, position: Position) -> usize {
        let line = position.line.saturating_sub(1);
        let Some(start) = self.line_start(line) else {
            return text.len();
        };
        let end = self
            .line_start(line.saturating_add(1))
            .unwrap_or(text.len());
        let content = Span::new(start, end)
            .of(text)
            .trim_end_matches(['\n', '\r']);
        let within = content
            .char_indices()
            .nth(position.column.saturating_sub(1))
            .map_or(content.len(), |(at, _)| at);
        start.saturating_add(within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let text = "a: é\nb: 2\n";
        let index = LineIndex::new(text);
        assert_eq!(index.position(text, 5), Position { line: 1, column: 5 });
        assert_eq!(index.position(text, 6), Position { line: 2, column: 1 });
        assert_eq!(index.offset(text, Position { line: 1, column: 5 }), 5);
        assert_eq!(
            index.offset(
                text,
                Position {
                    line: 1,
                    column: 99
                }
            ),
            5
        );
        assert_eq!(
            index.offset(
                text,
                Position {
                    line: 99,
                    column: 1
                }
            ),
            text.len()
        );
    }
}
