//! Places of a text as the core counts them, in bytes, and as the editor does, in UTF-16 units.

/// Bytes between two places that are remembered.
const STEP: usize = 512;

/// Leads between bytes and UTF-16 units of one text: a binary search and a few hundred bytes.
#[derive(Clone, Debug)]
pub(super) struct Units {
    /// Byte and unit of a character about every [`STEP`] bytes; empty where both count the same.
    marks: Vec<(usize, usize)>,
    /// The units of the whole text.
    len: usize,
}

impl Units {
    /// Counts a text in one pass.
    pub(super) fn new(text: &str) -> Self {
        if text.is_ascii() {
            return Self {
                marks: Vec::new(),
                len: text.len(),
            };
        }
        let mut marks = vec![(0, 0)];
        let (mut next, mut units) = (STEP, 0);
        for (byte, letter) in text.char_indices() {
            if byte >= next {
                marks.push((byte, units));
                next = byte + STEP;
            }
            units += letter.len_utf16();
        }
        Self { marks, len: units }
    }

    /// The units of the whole text.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The unit of a byte of the text that was counted; within a character, that character's.
    pub(super) fn unit(&self, text: &str, byte: usize) -> usize {
        let byte = byte.min(text.len());
        let at = self.marks.partition_point(|mark| mark.0 <= byte);
        let Some(&(start, units)) = at.checked_sub(1).and_then(|at| self.marks.get(at)) else {
            return byte;
        };
        let mut unit = units;
        for (at, letter) in text[start..].char_indices() {
            if start + at + letter.len_utf8() > byte {
                break;
            }
            unit += letter.len_utf16();
        }
        unit
    }

    /// The byte of a unit of the text that was counted; within a character, that character's.
    pub(super) fn byte(&self, text: &str, unit: usize) -> usize {
        let unit = unit.min(self.len);
        let at = self.marks.partition_point(|mark| mark.1 <= unit);
        let Some(&(start, units)) = at.checked_sub(1).and_then(|at| self.marks.get(at)) else {
            return unit;
        };
        let mut passed = units;
        for (at, letter) in text[start..].char_indices() {
            passed += letter.len_utf16();
            if passed > unit {
                return start + at;
            }
        }
        text.len()
    }
}

#[cfg(test)]
mod tests {
    use super::Units;

    #[test]
    fn every_character_is_found_both_ways() {
        let text = "a: é 図 😀\r\n".repeat(200);
        let units = Units::new(&text);
        let mut unit = 0;
        for (byte, letter) in text.char_indices() {
            assert_eq!(units.unit(&text, byte), unit);
            assert_eq!(units.byte(&text, unit), byte);
            unit += letter.len_utf16();
        }
        assert_eq!(units.len(), unit);
        assert_eq!(units.unit(&text, text.len()), unit);
        assert_eq!(units.byte(&text, unit), text.len());
    }

    #[test]
    fn a_place_within_a_character_is_its_beginning() {
        let units = Units::new("😀b");
        assert_eq!(units.unit("😀b", 2), 0);
        assert_eq!(units.byte("😀b", 1), 0);
        assert_eq!(units.byte("😀b", 99), 5);
    }
}
