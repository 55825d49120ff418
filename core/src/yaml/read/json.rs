//! JSON by its own rules: tabs are white space, `\/` and surrogate pairs are escapes. A text that
//! is not wholly JSON is left to the YAML reader, which says what is wrong.

use std::collections::BTreeMap;

use super::{Error, Limits, lower};
use crate::text::Span;
use crate::yaml::lex;
use crate::yaml::node::{Entry, Key, Mapping, Node, Scalar, ScalarStyle, Sequence, Value};

/// The tree of a JSON text, and its duplicate keys; `None` for everything else.
pub(super) fn read(text: &str, limits: &Limits, errors: &mut Vec<Error>) -> Option<Node> {
    let at = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
    let mut reader = Reader {
        text,
        at,
        values: limits.values,
        errors: Vec::new(),
        max_errors: limits.errors,
    };
    let node = reader.value(limits.depth.min(256))?;
    reader.space();
    if reader.at != text.len() {
        return None;
    }
    errors.append(&mut reader.errors);
    Some(node)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    values: usize,
    errors: Vec<Error>,
    max_errors: usize,
}

impl Reader<'_> {
    fn space(&mut self) {
        self.at = lex::skip_while(self.text, self.at, lex::is_space);
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn peek(&self) -> Option<u8> {
        lex::byte(self.text, self.at)
    }

    /// Past white space, then past `byte` if it is there.
    fn eat(&mut self, byte: u8) -> bool {
        self.space();
        let found = self.peek() == Some(byte);
        if found {
            self.step();
        }
        found
    }

    fn value(&mut self, depth: usize) -> Option<Node> {
        self.values = self.values.checked_sub(1)?;
        self.space();
        let start = self.at;
        let value = match self.peek()? {
            b'{' => self.object(depth.checked_sub(1)?)?,
            b'[' => self.array(depth.checked_sub(1)?)?,
            b'"' => Value::Scalar(Scalar {
                text: self.string()?,
                style: ScalarStyle::DoubleQuoted,
            }),
            _ => Value::Scalar(Scalar {
                text: self.word()?,
                style: ScalarStyle::Plain,
            }),
        };
        Some(Node {
            span: Span::new(start, self.at),
            value,
            alias: false,
        })
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.step();
        let mut entries = Vec::new();
        let mut seen = BTreeMap::new();
        if !self.eat(b'}') {
            loop {
                self.space();
                let start = self.at;
                let text = self.string()?;
                let span = Span::new(start, self.at);
                if !self.eat(b':') {
                    return None;
                }
                let value = self.value(depth)?;
                if let Some(&first) = seen.get(&text) {
                    if self.errors.len() < self.max_errors {
                        self.errors
                            .push(lower::duplicate(self.text, &text, span, first));
                    }
                } else {
                    seen.insert(text.clone(), start);
                    entries.push(Entry {
                        key: Key { text, span },
                        value,
                    });
                }
                if self.eat(b'}') {
                    break;
                }
                if !self.eat(b',') {
                    return None;
                }
            }
        }
        Some(Value::Mapping(Mapping {
            entries,
            flow: true,
        }))
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        self.step();
        let mut items = Vec::new();
        if !self.eat(b']') {
            loop {
                items.push(self.value(depth)?);
                if self.eat(b']') {
                    break;
                }
                if !self.eat(b',') {
                    return None;
                }
            }
        }
        Some(Value::Sequence(Sequence { items, flow: true }))
    }

    fn word(&mut self) -> Option<String> {
        let end = lex::skip_while(self.text, self.at, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
        });
        let word = self.text.get(self.at..end)?;
        self.at = end;
        (matches!(word, "true" | "false" | "null") || is_number(word)).then(|| word.to_owned())
    }

    fn string(&mut self) -> Option<String> {
        if self.peek() != Some(b'"') {
            return None;
        }
        self.step();
        let mut out = String::new();
        loop {
            let run = lex::skip_while(self.text, self.at, |byte| {
                byte >= 0x20 && byte != b'"' && byte != b'\\'
            });
            out.push_str(self.text.get(self.at..run)?);
            self.at = run;
            let found = self.peek()?;
            self.step();
            match found {
                b'"' => return Some(out),
                b'\\' => out.push(self.escape()?),
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let kind = self.peek()?;
        self.step();
        Some(match kind {
            b'"' | b'\\' | b'/' => char::from(kind),
            b'b' => '\u{8}',
            b'f' => '\u{C}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex()?;
                if !(0xD800..0xDC00).contains(&first) {
                    return char::from_u32(first);
                }
                if !lex::starts_with(self.text, self.at, "\\u") {
                    return None;
                }
                self.at = self.at.saturating_add(2);
                let second = self.hex()?;
                if !(0xDC00..0xE000).contains(&second) {
                    return None;
                }
                let high = (first & 0x3FF) << 10;
                char::from_u32((high | (second & 0x3FF)).saturating_add(0x1_0000))?
            }
            _ => return None,
        })
    }

    fn hex(&mut self) -> Option<u32> {
        let end = self.at.saturating_add(4);
        let digits = self.text.get(self.at..end)?;
        self.at = end;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        u32::from_str_radix(digits, 16).ok()
    }
}

/// Whether a word is a number by the grammar of RFC 8259.
pub(crate) fn is_number(word: &str) -> bool {
    let digits = |text: &str, at: usize| lex::skip_while(text, at, |b| b.is_ascii_digit());
    let start = usize::from(word.starts_with('-'));
    let mut at = digits(word, start);
    if at == start || (lex::byte(word, start) == Some(b'0') && at.saturating_sub(start) > 1) {
        return false;
    }
    if lex::byte(word, at) == Some(b'.') {
        let from = at.saturating_add(1);
        at = digits(word, from);
        if at == from {
            return false;
        }
    }
    if matches!(lex::byte(word, at), Some(b'e' | b'E')) {
        at = at.saturating_add(1);
        if matches!(lex::byte(word, at), Some(b'+' | b'-')) {
            at = at.saturating_add(1);
        }
        let from = at;
        at = digits(word, from);
        if at == from {
            return false;
        }
    }
    at == word.len()
}
