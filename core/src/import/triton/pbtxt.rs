//! Protocol buffers' text format as a tree with a place on every value.
//!
//! What the language of the format allows is read, whatever the message: `a: 1`, `a { … }`,
//! `a: < … >`, `a [ … ]`, strings in pieces, all escapes, comments, `,` and `;` between fields.
//! Extensions and `Any` are not: a configuration has none. Which fields there are is a matter of
//! [`super::schema`].

use super::Problem;
use crate::text::{Span, Spanned};

/// The fields between two braces, or of a whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    /// In the order of the text; a field stated twice stands twice.
    pub(super) fields: Vec<Field>,
    /// From brace to brace.
    pub(super) span: Span,
}

/// One field and what it is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Its name.
    pub(super) name: Spanned<String>,
    /// One value, or those of a list.
    pub(super) values: Vec<Value>,
    /// Whether it is written as a list.
    pub(super) listed: bool,
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value {
    /// What it says.
    pub(super) content: Content,
    /// Where.
    pub(super) span: Span,
}

/// What a value says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// A text in quotes, its pieces joined.
    Text(String),
    /// A bare word: of an enumeration, `true`, `inf`.
    Word(String),
    /// A number as it is written, the sign first.
    Number(String),
    /// Fields in braces.
    Message(Message),
}

/// Nesting of messages that is followed.
const DEPTH: usize = 32;
/// Values that are kept; a configuration has some hundreds.
const VALUES: usize = 100_000;

/// Reads a text.
///
/// # Errors
/// The first place that is not the text format, or that goes beyond what a file may cost.
pub(super) fn read(text: &str) -> Result<Message, Problem> {
    let mut parser = Parser {
        text,
        at: 0,
        values: 0,
    };
    let fields = parser.fields(None, 0)?;
    Ok(Message {
        fields,
        span: Span::new(0, text.len()),
    })
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    values: usize,
}

impl Parser<'_> {
    /// The fields up to a closing bracket, or to the end of the text.
    fn fields(&mut self, close: Option<u8>, depth: usize) -> Result<Vec<Field>, Problem> {
        let mut fields = Vec::new();
        loop {
            self.skip();
            match (self.byte(), close) {
                (None, None) => return Ok(fields),
                (None, Some(close)) => {
                    let message = format!("a `{}` is missing at the end", char::from(close));
                    return Err(self.syntax(message));
                }
                (Some(found), Some(close)) if found == close => {
                    self.step();
                    return Ok(fields);
                }
                _ => {}
            }
            fields.push(self.field(depth)?);
            self.skip();
            if matches!(self.byte(), Some(b',' | b';')) {
                self.step();
            }
        }
    }

    fn field(&mut self, depth: usize) -> Result<Field, Problem> {
        let name = self.word().ok_or_else(|| {
            let found = self.found();
            self.syntax(format!("the name of a field is expected, not {found}"))
        })?;
        self.skip();
        let colon = self.byte() == Some(b':');
        if colon {
            self.step();
            self.skip();
        }
        let mut values = Vec::new();
        let listed = self.byte() == Some(b'[');
        if listed {
            self.step();
            self.skip();
            if self.byte() == Some(b']') {
                self.step();
            } else {
                self.list(&mut values, colon, depth)?;
            }
        } else {
            values.push(self.value(colon, depth)?);
        }
        Ok(Field {
            name,
            values,
            listed,
        })
    }

    fn list(&mut self, values: &mut Vec<Value>, colon: bool, depth: usize) -> Result<(), Problem> {
        loop {
            values.push(self.value(colon, depth)?);
            self.skip();
            match self.byte() {
                Some(b',') => self.step(),
                Some(b']') => {
                    self.step();
                    return Ok(());
                }
                _ => {
                    let found = self.found();
                    return Err(self.syntax(format!("`,` or `]` is expected, not {found}")));
                }
            }
        }
    }

    fn value(&mut self, colon: bool, depth: usize) -> Result<Value, Problem> {
        self.skip();
        self.values = self.values.saturating_add(1);
        if self.values > VALUES {
            return Err(self.limit(format!("the file has more than {VALUES} values")));
        }
        let start = self.at;
        let content = match self.byte() {
            Some(open @ (b'{' | b'<')) => {
                if depth >= DEPTH {
                    let message = format!("messages stand in messages more than {DEPTH} deep");
                    return Err(self.limit(message));
                }
                self.step();
                let close = if open == b'{' { b'}' } else { b'>' };
                let fields = self.fields(Some(close), depth.saturating_add(1))?;
                Content::Message(Message {
                    fields,
                    span: Span::new(start, self.at),
                })
            }
            _ if !colon => {
                let found = self.found();
                return Err(self.syntax(format!("`:` or `{{` is expected, not {found}")));
            }
            Some(b'"' | b'\'') => Content::Text(self.texts()?),
            Some(b'-') => {
                self.step();
                self.skip();
                match self.word() {
                    Some(word) => Content::Number(format!("-{}", word.value)),
                    None => Content::Number(format!("-{}", self.number()?)),
                }
            }
            Some(b'0'..=b'9' | b'.') => Content::Number(self.number()?),
            _ => {
                let Some(word) = self.word() else {
                    let found = self.found();
                    return Err(self.syntax(format!("a value is expected, not {found}")));
                };
                Content::Word(word.value)
            }
        };
        Ok(Value {
            content,
            span: Span::new(start, self.at),
        })
    }

    fn word(&mut self) -> Option<Spanned<String>> {
        let rest = self.rest();
        let begins = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
        if !rest.bytes().next().is_some_and(begins) {
            return None;
        }
        let goes_on = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let length = rest.bytes().take_while(|&byte| goes_on(byte)).count();
        Some(self.take(length))
    }

    fn number(&mut self) -> Result<String, Problem> {
        let rest = self.rest();
        let is_hex = rest.starts_with("0x") || rest.starts_with("0X");
        let mut before = 0_u8;
        let length = rest
            .bytes()
            .take_while(|&byte| {
                let in_exponent = !is_hex && matches!(before, b'e' | b'E');
                let goes_on = byte.is_ascii_alphanumeric()
                    || matches!(byte, b'.' | b'_')
                    || (in_exponent && matches!(byte, b'+' | b'-'));
                before = byte;
                goes_on
            })
            .count();
        if length == 0 {
            let found = self.found();
            return Err(self.syntax(format!("a number is expected, not {found}")));
        }
        Ok(self.take(length).value)
    }

    /// Texts that follow each other are one.
    fn texts(&mut self) -> Result<String, Problem> {
        let start = self.at;
        let mut bytes = Vec::new();
        while let Some(quote @ (b'"' | b'\'')) = self.byte() {
            self.step();
            self.piece(quote, &mut bytes)?;
            let end = self.at;
            self.skip();
            if !matches!(self.byte(), Some(b'"' | b'\'')) {
                self.at = end;
                break;
            }
        }
        String::from_utf8(bytes).map_err(|_| {
            Problem::syntax(
                Span::new(start, self.at),
                "the text's escapes do not make UTF-8".to_owned(),
            )
        })
    }

    fn piece(&mut self, quote: u8, bytes: &mut Vec<u8>) -> Result<(), Problem> {
        loop {
            match self.byte() {
                Some(byte) if byte == quote => {
                    self.step();
                    return Ok(());
                }
                Some(b'\\') => {
                    self.step();
                    self.escape(bytes)?;
                }
                Some(byte) if byte != b'\n' => {
                    bytes.push(byte);
                    self.step();
                }
                _ => {
                    let message = "a text is not closed in its line".to_owned();
                    return Err(self.syntax(message));
                }
            }
        }
    }

    fn escape(&mut self, bytes: &mut Vec<u8>) -> Result<(), Problem> {
        let Some(byte) = self.byte() else {
            return Err(self.syntax("a text is not closed".to_owned()));
        };
        if matches!(byte, b'0'..=b'7') {
            let value = self.digits(8, 3);
            let Ok(value) = u8::try_from(value) else {
                return Err(self.syntax("an octal escape goes to `\\377`".to_owned()));
            };
            bytes.push(value);
            return Ok(());
        }
        self.step();
        let plain = match byte {
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'\\' | b'\'' | b'"' | b'?' => byte,
            b'x' | b'X' => {
                let before = self.at;
                let value = self.digits(16, 2);
                if self.at == before {
                    return Err(self.syntax("digits are expected behind `\\x`".to_owned()));
                }
                u8::try_from(value).unwrap_or_default()
            }
            b'u' | b'U' => {
                let wanted = if byte == b'u' { 4 } else { 8 };
                let before = self.at;
                let value = self.digits(16, wanted);
                let read = self.at.saturating_sub(before);
                let Some(found) = char::from_u32(value).filter(|_| read == wanted) else {
                    let message = format!("`\\{}` is no character", char::from(byte));
                    return Err(self.syntax(message));
                };
                bytes.extend_from_slice(found.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => {
                self.at = self.at.saturating_sub(1);
                return Err(self.syntax("an escape that there is not".to_owned()));
            }
        };
        bytes.push(plain);
        Ok(())
    }

    /// Up to so many digits of a base.
    fn digits(&mut self, base: u32, most: usize) -> u32 {
        let mut value = 0_u32;
        for _ in 0..most {
            let digit = self.byte().and_then(|byte| char::from(byte).to_digit(base));
            let Some(digit) = digit else { break };
            value = value.saturating_mul(base).saturating_add(digit);
            self.step();
        }
        value
    }

    /// Goes past white space and comments.
    fn skip(&mut self) {
        loop {
            match self.byte() {
                Some(b' ' | b'\t' | b'\n' | b'\r' | 11 | 12) => self.step(),
                Some(b'#') => {
                    let length = self.rest().find('\n').unwrap_or(self.rest().len());
                    self.at = self.at.saturating_add(length);
                }
                _ => return,
            }
        }
    }

    fn take(&mut self, length: usize) -> Spanned<String> {
        let start = self.at;
        self.at = start.saturating_add(length);
        let span = Span::new(start, self.at);
        Spanned::new(span.of(self.text).to_owned(), span)
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    const fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    /// What stands here, in words.
    fn found(&self) -> String {
        let at = self.text.floor_char_boundary(self.at);
        let rest = self.text.get(at..).unwrap_or("");
        match rest.chars().next() {
            None => "the end of the file".to_owned(),
            Some(found) if found.is_control() => format!("U+{:04X}", u32::from(found)),
            Some(found) => format!("`{found}`"),
        }
    }

    fn here(&self) -> Span {
        let start = self.text.floor_char_boundary(self.at);
        let end = self.text.ceil_char_boundary(start.saturating_add(1));
        Span::new(start, end)
    }

    fn syntax(&self, message: String) -> Problem {
        Problem::syntax(self.here(), message)
    }

    fn limit(&self, message: String) -> Problem {
        Problem::limit(self.here(), message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree in one line, lists and messages alike whatever brackets they are written in.
    fn shown(text: &str) -> String {
        match read(text) {
            Ok(message) => show(&message),
            Err(problem) => format!(
                "{}..{}: {}",
                problem.span.start, problem.span.end, problem.message
            ),
        }
    }

    fn show(message: &Message) -> String {
        let fields = message.fields.iter().map(|field| {
            let values: Vec<String> = field
                .values
                .iter()
                .map(|value| match &value.content {
                    Content::Text(text) => format!("{text:?}"),
                    Content::Word(word) => word.clone(),
                    Content::Number(number) => format!("#{number}"),
                    Content::Message(inner) => format!("{{{}}}", show(inner)),
                })
                .collect();
            let values = values.join(",");
            let name = &field.name.value;
            if field.listed {
                format!("{name}=[{values}]")
            } else {
                format!("{name}={values}")
            }
        });
        fields.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_way_to_write_a_field_is_read() {
        for (text, tree) in [
            ("a: 1", "a=#1"),
            ("a:1 b:2,c:3;d : - 4", "a=#1 b=#2 c=#3 d=#-4"),
            ("a { b: X } c: < d: true >", "a={b=X} c={d=true}"),
            ("a [ {b: 1}, <b: 2> ] c: []", "a=[{b=#1},{b=#2}] c=[]"),
            ("a: [ 1, -1 , 0x1F ]", "a=[#1,#-1,#0x1F]"),
            ("a: 'x' \"y\" # note\n 'z'", "a=\"xyz\""),
            (
                "a: '\\x41\\102\\u00e9\\n\\'' b: 'é'",
                "a=\"ABé\\n'\" b=\"é\"",
            ),
            ("a: 1.5e-3f b: -inf c: .5", "a=#1.5e-3f b=#-inf c=#.5"),
            ("# only a comment", ""),
        ] {
            assert_eq!(shown(text), tree, "{text}");
        }
    }

    #[test]
    fn what_is_not_the_format_is_refused_at_its_place() {
        for (text, problem) in [
            ("a", "1..1: `:` or `{` is expected, not the end of the file"),
            ("a { b: 1", "8..8: a `}` is missing at the end"),
            ("a: [1, ]", "7..8: a value is expected, not `]`"),
            ("a: [1 2]", "6..7: `,` or `]` is expected, not `2`"),
            ("a: 'x\n'", "5..6: a text is not closed in its line"),
            ("a 1", "2..3: `:` or `{` is expected, not `1`"),
            ("é: 1", "0..2: the name of a field is expected, not `é`"),
            ("[x.y]: 1", "0..1: the name of a field is expected, not `[`"),
            ("a: '\\q'", "5..6: an escape that there is not"),
            ("a: '\\xff'", "3..9: the text's escapes do not make UTF-8"),
            ("a: '\\ud800'", "10..11: `\\u` is no character"),
            ("a: }", "3..4: a value is expected, not `}`"),
        ] {
            assert_eq!(shown(text), problem, "{text}");
        }
    }

    #[test]
    fn depth_and_size_are_limited() {
        let deep = "a{".repeat(100_000);
        assert!(shown(&deep).ends_with("deep"), "{}", shown(&deep));
        let long = format!("a: [{}1]", "1,".repeat(200_000));
        assert!(shown(&long).ends_with("values"), "{}", shown(&long));
    }
}
