//! Going on behind a syntax error: says what is wrong in plain words, and blanks the smallest part
//! of the text that holds it, so that the rest can be read at the same places.

use std::borrow::Cow;

use super::lower::Failure;
use super::{Error, ErrorKind, line_number};
use crate::text::Span;
use crate::yaml::lex;

/// The text that is read, with blanks where it was broken.
pub(super) struct Attempt<'a> {
    text: Cow<'a, str>,
    /// Brackets whose inside was mended once.
    mended: Vec<usize>,
}

/// What came of a repair.
pub(super) struct Repair {
    pub(super) errors: Vec<Error>,
    /// Whether reading again can tell more.
    pub(super) changed: bool,
}

/// An error and what to blank to get past it.
struct Diagnosis {
    error: Error,
    blank: Span,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(text: Cow<'a, str>) -> Self {
        Self {
            text,
            mended: Vec::new(),
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Blanks what made the parser stop.
    pub(super) fn repair(&mut self, failure: &Failure) -> Repair {
        if let Some(errors) = self.tabs(failure) {
            return Repair {
                errors,
                changed: true,
            };
        }
        let Diagnosis { error, mut blank } = self.diagnose(failure);
        if is_blank(blank.of(&self.text)) {
            blank = self.nearest_line(failure.at);
        }
        let changed = !is_blank(blank.of(&self.text));
        self.blank(blank);
        Repair {
            errors: vec![error],
            changed,
        }
    }

    /// Tabs that begin lines: all at once, for they seldom come alone.
    fn tabs(&mut self, failure: &Failure) -> Option<Vec<Error>> {
        let line = lex::line_start(&self.text, failure.at);
        let from = match tab_in_indent(&self.text, line) {
            Some(_) => line,
            None if failure.info.contains("tab") => lex::line_start(&self.text, failure.read_to),
            None => return None,
        };
        let mut errors = Vec::new();
        let mut mended = String::with_capacity(self.text.len());
        mended.push_str(self.text.get(..from).unwrap_or(""));
        let mut at = from;
        while at < self.text.len() {
            let next = lex::next_line(&self.text, at);
            let line = self.text.get(at..next).unwrap_or("");
            if let Some(tab) = tab_in_indent(&self.text, at) {
                let end = lex::blanks(&self.text, at);
                errors.push(Error {
                    kind: ErrorKind::Syntax,
                    message: "a tab is used as indentation".to_owned(),
                    span: Span::new(tab, end),
                    help: Some("indent with spaces".to_owned()),
                });
                let indent = end.saturating_sub(at);
                mended.extend(core::iter::repeat_n(' ', indent));
                mended.push_str(line.get(indent..).unwrap_or(""));
            } else {
                mended.push_str(line);
            }
            at = next;
        }
        self.text = Cow::Owned(mended);
        (!errors.is_empty()).then_some(errors)
    }

    fn diagnose(&mut self, failure: &Failure) -> Diagnosis {
        let info = failure.info.as_str();
        if info.contains("anchor") && info.contains("unknown") {
            return self.unknown_alias(failure);
        }
        if info.contains("recursion limit") {
            return Diagnosis {
                error: Error {
                    kind: ErrorKind::Limit,
                    message: "brackets are nested too deep".to_owned(),
                    span: Span::at(failure.at),
                    help: Some("what is inside is left out".to_owned()),
                },
                blank: self.line_span(failure.at),
            };
        }
        if info.contains("quoted scalar")
            && (info.contains("end of stream")
                || info.contains("document indicator")
                || info.contains("invalid indentation"))
        {
            return self.unclosed_quote(failure);
        }
        if let Some(diagnosis) = self.bracket(failure) {
            return diagnosis;
        }
        self.block(failure)
    }

    fn unknown_alias(&self, failure: &Failure) -> Diagnosis {
        let span = Span::new(failure.at, lex::property_end(&self.text, failure.at));
        let name = span.of(&self.text).trim_start_matches('*').to_owned();
        Diagnosis {
            error: syntax(
                format!("the alias `*{name}` has no anchor `&{name}` before it"),
                span,
                "write the value itself; a text that begins with `*` needs quotes",
            ),
            blank: span,
        }
    }

    fn unclosed_quote(&self, failure: &Failure) -> Diagnosis {
        let quote = self
            .text
            .get(failure.at..)
            .and_then(|rest| rest.chars().next());
        let end = lex::line_end(&self.text, failure.at);
        Diagnosis {
            error: syntax(
                format!("the quote `{}` is never closed", quote.unwrap_or('"')),
                Span::new(failure.at, failure.at.saturating_add(1).min(end)),
                "close it on the same line",
            ),
            blank: Span::new(failure.at, end),
        }
    }

    /// Something wrong inside `[…]` or `{…}`.
    fn bracket(&mut self, failure: &Failure) -> Option<Diagnosis> {
        let text = &self.text;
        let mut open = failure.open.clone();
        let (last_comma, open) = {
            brackets(text, failure.read_to, failure.at, &mut open);
            let inner = open.last().copied()?;
            (last_separator(text, inner, failure.at), open)
        };
        let outer = open.first().copied()?;
        let inner = open.last().copied()?;
        let opener = char::from(lex::byte(text, inner)?);
        let closer = if opener == '[' { ']' } else { '}' };
        let outer_line = lex::line_start(text, outer);
        let outer_indent = lex::indent(text, outer_line);
        let mut dedent = lex::next_line(text, outer);
        while dedent < text.len() {
            let content = lex::line(text, dedent).trim();
            let is_content = !content.is_empty() && !content.starts_with('#');
            if is_content
                && lex::indent(text, dedent) <= outer_indent
                && !content.starts_with([']', '}'])
            {
                break;
            }
            dedent = lex::next_line(text, dedent);
        }
        let region_end = if dedent < text.len() {
            lex::line_end(text, dedent.saturating_sub(1).max(outer))
        } else {
            text.len()
        };
        let region = Span::new(outer, region_end.max(outer));
        let ends = failure.at >= text.len() || lex::trivia(text, failure.at) >= text.len();
        if ends || failure.at >= dedent {
            return Some(Diagnosis {
                error: syntax(
                    format!("`{opener}` is never closed"),
                    Span::new(inner, inner.saturating_add(1)),
                    if closer == ']' {
                        "close it with `]`"
                    } else {
                        "close it with `}`"
                    },
                ),
                blank: region,
            });
        }
        let help = format!(
            "`{opener}` was opened on line {}; entries are parted by `,` and it ends with `{closer}`",
            line_number(text, inner)
        );
        let error = syntax(
            words(&failure.info, text, failure.at).map_or_else(
                || format!("expected `,` or `{closer}`"),
                |(message, _)| message,
            ),
            Span::new(failure.at, char_end(text, failure.at)),
            &help,
        );
        let several_lines = lex::line_start(text, failure.at) != outer_line;
        let blank = if !self.mended.contains(&outer) || several_lines {
            self.mended.push(outer);
            let end = next_separator(text, failure.at, true);
            let line = lex::line_start(text, failure.at);
            let entry = Span::new(last_comma.max(line), end.max(last_comma).max(line));
            // Between two commas one of them goes too.
            if line > last_comma {
                entry
            } else if lex::byte(text, end) == Some(b',') {
                Span::new(entry.start, end.saturating_add(1))
            } else if last_comma > inner.saturating_add(1) {
                Span::new(last_comma.saturating_sub(1), end)
            } else {
                entry
            }
        } else {
            region
        };
        Some(Diagnosis { error, blank })
    }

    /// Something wrong with a line outside of brackets.
    fn block(&self, failure: &Failure) -> Diagnosis {
        let text = &self.text;
        let is_no_key = failure.info.contains("simple key");
        let no_value_here = failure.info.contains("mapping values");
        let unread = self.unread(failure);
        // What is required to be a key and is none shows only behind it.
        let at = if is_no_key { unread } else { failure.at };
        let at = if at >= text.len() {
            self.nearest_line(text.len()).start
        } else {
            at
        };
        let start = content_start(text, lex::line_start(text, at));
        let end = lex::line_end(text, at).max(start);
        let value = value_start(text, start, end).filter(|&value| value < at);
        if no_value_here && value.is_none() {
            // The line continues the text of the line before, which may have meant to be a key.
            let before = self.nearest_line(lex::line_start(text, at).saturating_sub(1));
            let first = content_start(text, before.start);
            let content = text.get(first..before.end).unwrap_or("");
            if first < start && !content.contains(": ") && !content.ends_with(':') {
                return self.no_entry(first);
            }
            return Diagnosis {
                error: syntax(
                    "this line is indented deeper than the entry before it".to_owned(),
                    Span::new(start, char_end(text, start)),
                    "align it with the entry it belongs to, or leave that entry without a value",
                ),
                blank: Span::new(start, self.block_end(start, true)),
            };
        }
        if is_no_key && value.is_none() {
            return self.no_entry(start);
        }
        let (message, help) = words(&failure.info, text, at).unwrap_or_else(|| {
            (
                format!("this cannot be read: {}", failure.info),
                "put the text in quotes, or check the indentation",
            )
        });
        Diagnosis {
            error: syntax(
                message,
                Span::new(at, char_end(text, at).min(end.max(at))),
                help,
            ),
            blank: match value {
                Some(value) => Span::new(value.min(end), end),
                None => Span::new(start, self.block_end(start, false)),
            },
        }
    }

    /// The first thing that the parser saw and did not hand out.
    fn unread(&self, failure: &Failure) -> usize {
        let mut at = lex::trivia(&self.text, failure.read_to);
        while matches!(lex::byte(&self.text, at), Some(b'-' | b':' | b'?'))
            && lex::byte(&self.text, at.saturating_add(1)).is_none_or(lex::is_space)
        {
            at = lex::trivia(&self.text, at.saturating_add(1));
        }
        at
    }

    /// A line, from `start`, that lacks its `:`.
    fn no_entry(&self, start: usize) -> Diagnosis {
        Diagnosis {
            error: syntax(
                "this line is not `key: value`".to_owned(),
                Span::new(start, lex::line_end(&self.text, start)),
                "write a `:` and a space behind the key",
            ),
            blank: Span::new(start, self.block_end(start, false)),
        }
    }

    /// The content of the line of `at`.
    fn line_span(&self, at: usize) -> Span {
        let start = lex::line_start(&self.text, at);
        Span::new(start, lex::line_end(&self.text, at).max(start))
    }

    /// The line at `at`, or the one with content next to it: before, else behind.
    fn nearest_line(&self, at: usize) -> Span {
        let mut span = self.line_span(at.min(self.text.len()));
        while is_blank(span.of(&self.text)) && span.start > 0 {
            span = self.line_span(span.start.saturating_sub(1));
        }
        if is_blank(span.of(&self.text)) {
            span = self.line_span(at.min(self.text.len()));
            while is_blank(span.of(&self.text)) && span.end < self.text.len() {
                span = self.line_span(lex::next_line(&self.text, span.end));
                if span.is_empty() && span.start >= self.text.len() {
                    break;
                }
            }
        }
        span
    }

    /// The end of the lines indented deeper than the line of `start`, or with `siblings` at least
    /// as deep.
    fn block_end(&self, start: usize, siblings: bool) -> usize {
        let indent = lex::indent(&self.text, lex::line_start(&self.text, start));
        let least = if siblings {
            indent
        } else {
            indent.saturating_add(1)
        };
        let mut end = lex::line_end(&self.text, start);
        let mut at = lex::next_line(&self.text, start);
        while at < self.text.len() {
            let is_blank = lex::line(&self.text, at).trim().is_empty();
            if !is_blank && lex::indent(&self.text, at) < least {
                break;
            }
            if !is_blank {
                end = lex::line_end(&self.text, at);
            }
            at = lex::next_line(&self.text, at);
        }
        end
    }

    fn blank(&mut self, span: Span) {
        let blanked: String = span
            .of(&self.text)
            .bytes()
            .map(|byte| match byte {
                b'\n' | b'\r' => char::from(byte),
                _ => ' ',
            })
            .collect();
        if blanked.len() == span.len() {
            self.text
                .to_mut()
                .replace_range(span.start..span.end, &blanked);
        }
    }
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(lex::is_space)
}

fn syntax(message: String, span: Span, help: &str) -> Error {
    Error {
        kind: ErrorKind::Syntax,
        message,
        span,
        help: (!help.is_empty()).then(|| help.to_owned()),
    }
}

/// The first tab in the indentation of a line that has content.
fn tab_in_indent(text: &str, line: usize) -> Option<usize> {
    let end = lex::blanks(text, line);
    let is_content = lex::byte(text, end).is_some_and(|byte| !matches!(byte, b'\n' | b'\r' | b'#'));
    let tab = lex::skip_while(text, line, |byte| byte == b' ');
    (is_content && tab < end).then_some(tab)
}

/// Behind the character at `at`, or behind the word that begins there.
fn char_end(text: &str, at: usize) -> usize {
    let word = lex::skip_while(text, at, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || byte >= 0x80
    });
    if word > at {
        return word;
    }
    let rest = text.get(at..).unwrap_or("");
    let len = rest.chars().next().map_or(0, char::len_utf8);
    if rest.starts_with(['\n', '\r']) {
        at
    } else {
        at.saturating_add(len)
    }
}

/// Behind the indentation and the dashes of a line.
fn content_start(text: &str, line: usize) -> usize {
    let mut at = lex::blanks(text, line);
    while lex::byte(text, at) == Some(b'-')
        && lex::byte(text, at.saturating_add(1)).is_some_and(lex::is_blank)
    {
        at = lex::blanks(text, at.saturating_add(1));
    }
    at
}

/// Behind the first `: ` of a line.
fn value_start(text: &str, start: usize, end: usize) -> Option<usize> {
    let at = if matches!(lex::byte(text, start), Some(b'"' | b'\'')) {
        lex::quoted_end(text, start)?
    } else {
        let line = text.get(start..end)?;
        start.saturating_add(line.find(": ")?)
    };
    (at < end && lex::byte(text, at) == Some(b':')).then(|| at.saturating_add(1))
}

/// Follows brackets from one place between tokens to another; `open` holds those that are open.
fn brackets(text: &str, from: usize, to: usize, open: &mut Vec<usize>) {
    let mut at = from;
    let mut token_start = true;
    while at < to {
        let Some(found) = lex::byte(text, at) else {
            return;
        };
        let after_space = at == 0
            || at == from
            || lex::byte(text, at.saturating_sub(1)).is_none_or(lex::is_space);
        let mut next = at.saturating_add(1);
        match found {
            b'#' if after_space => next = lex::skip_while(text, at, |byte| byte != b'\n'),
            b'"' | b'\'' if token_start => next = lex::quoted_end(text, at).unwrap_or(next),
            b'[' | b'{' if token_start || !open.is_empty() => open.push(at),
            b']' | b'}' => {
                open.pop();
            }
            _ => {}
        }
        if !lex::is_space(found) {
            token_start = matches!(found, b',' | b'[' | b'{' | b':' | b'?' | b'-');
        } else if found == b'\n' && open.is_empty() {
            token_start = true;
        }
        at = next;
    }
}

/// Behind the last `,` of the collection that opens at `open`, before `to`; else behind its bracket.
fn last_separator(text: &str, open: usize, to: usize) -> usize {
    let mut at = open.saturating_add(1);
    let mut found = at;
    while at < to {
        let next = next_separator(text, at, false);
        if next >= to || lex::byte(text, next) != Some(b',') {
            break;
        }
        at = next.saturating_add(1);
        found = at;
    }
    found
}

/// The next `,` or closing bracket at this level, or with `in_line` the end of the line.
fn next_separator(text: &str, from: usize, in_line: bool) -> usize {
    let mut depth = 0_usize;
    let mut at = from;
    while let Some(found) = lex::byte(text, at) {
        match found {
            b',' if depth == 0 => return at,
            b']' | b'}' if depth == 0 => return at,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'[' | b'{' => depth = depth.saturating_add(1),
            b'\n' if in_line && at > from && depth == 0 => {
                return lex::line_end(text, lex::line_start(text, at));
            }
            b'"' => {
                if let Some(end) = lex::quoted_end(text, at) {
                    at = end;
                    continue;
                }
            }
            _ => {}
        }
        at = at.saturating_add(1);
    }
    text.len()
}

/// Our words for the parser's.
fn words(info: &str, text: &str, at: usize) -> Option<(String, &'static str)> {
    let found = text.get(at..).and_then(|rest| rest.chars().next());
    let has = |part: &str| info.contains(part);
    Some(if has("mapping values are not allowed") {
        (
            "a second `: ` in one entry".to_owned(),
            "put the text in quotes if `: ` belongs to it",
        )
    } else if has("simple key") {
        (
            "a value stands where a key must be".to_owned(),
            "write a `:` and a space behind the key",
        )
    } else if has("unexpected character") {
        (
            format!("a text cannot begin with `{}`", found.unwrap_or(' ')),
            "put it in quotes",
        )
    } else if has("unknown escape") || has("hexadecimal") || has("escape code") {
        (
            "an escape in this quoted text does not exist".to_owned(),
            "write `\\\\` for a backslash, or use single quotes",
        )
    } else if has("trailing content") {
        (
            "there is text behind the closing quote".to_owned(),
            "write `\\\"` for a quote inside the text",
        )
    } else if has("misplaced bracket") {
        (
            format!("`{}` closes nothing", found.unwrap_or(']')),
            "remove it, or open it before",
        )
    } else if has("did not find expected key")
        || has("'-' indicator")
        || has("invalid indentation")
        || has("wrongly indented")
        || has("not allowed in this context")
    {
        (
            "this line does not fit the indentation around it".to_owned(),
            "align it with the entries it belongs to",
        )
    } else if has("handle wasn't declared") || has("tag") {
        (
            "tags are not part of this format".to_owned(),
            "remove it; a text that begins with `!` needs quotes",
        )
    } else if has("block scalar") {
        (
            "the text behind `|` or `>` does not begin as it must".to_owned(),
            "begin the text on the next line, indented with spaces",
        )
    } else if has("comment intercepting") {
        (
            "a comment stands inside a text of several lines".to_owned(),
            "put the text in quotes, or move the comment above it",
        )
    } else if has("byte order mark") {
        (
            "a byte order mark inside the document".to_owned(),
            "remove it",
        )
    } else if has("directive") || has("document start") || has("document end") {
        (
            "this does not belong between two documents".to_owned(),
            "begin a document with a line `---`",
        )
    } else {
        return None;
    })
}
