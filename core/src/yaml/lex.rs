//! Small steps over the bytes of a YAML text, shared by reading and editing.

/// The byte at an offset.
pub(crate) fn byte(text: &str, at: usize) -> Option<u8> {
    text.as_bytes().get(at).copied()
}

/// Whether the text continues with `prefix` at an offset.
pub(crate) fn starts_with(text: &str, at: usize, prefix: &str) -> bool {
    text.as_bytes()
        .get(at..)
        .is_some_and(|rest| rest.starts_with(prefix.as_bytes()))
}

/// The bytes from `at` on, as long as `keep` holds; returns the offset behind them.
pub(crate) fn skip_while(text: &str, at: usize, keep: impl Fn(u8) -> bool) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or(&[]);
    let run = rest.iter().take_while(|&&byte| keep(byte)).count();
    at.saturating_add(run)
}

/// Where the line of `at` begins, behind a byte order mark.
pub(crate) fn line_start(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at.min(text.len())).unwrap_or(&[]);
    let found = before.iter().rposition(|&byte| byte == b'\n');
    match found {
        Some(found) => found.saturating_add(1),
        None if text.starts_with('\u{FEFF}') => at.min(3),
        None => 0,
    }
}

/// Where the content of the line of `at` ends, its line break not included.
pub(crate) fn line_end(text: &str, at: usize) -> usize {
    let end = skip_while(text, at, |byte| byte != b'\n');
    if end > at && byte(text, end.saturating_sub(1)) == Some(b'\r') {
        end.saturating_sub(1)
    } else {
        end
    }
}

/// Where the next line begins, or the end of the text.
pub(crate) fn next_line(text: &str, at: usize) -> usize {
    skip_while(text, at, |byte| byte != b'\n')
        .saturating_add(1)
        .min(text.len())
}

/// The content of the line that begins at `start`.
pub(crate) fn line(text: &str, start: usize) -> &str {
    text.get(start..line_end(text, start)).unwrap_or("")
}

/// Number of spaces a line begins with.
pub(crate) fn indent(text: &str, line_start: usize) -> usize {
    skip_while(text, line_start, |byte| byte == b' ').saturating_sub(line_start)
}

/// Whether a byte is a space, a tab or part of a line break.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Whether a byte is a space or a tab.
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Whether a byte is `,`, `[`, `]`, `{` or `}`.
pub(crate) fn is_flow(byte: u8) -> bool {
    matches!(byte, b',' | b'[' | b']' | b'{' | b'}')
}

/// Past white space and comments, from a place between two tokens.
pub(crate) fn trivia(text: &str, mut at: usize) -> usize {
    loop {
        at = skip_while(text, at, is_space);
        if byte(text, at) == Some(b'#') {
            at = skip_while(text, at, |byte| byte != b'\n');
        } else if starts_with(text, at, "\u{FEFF}") {
            at = at.saturating_add(3);
        } else {
            return at;
        }
    }
}

/// Past spaces and tabs.
pub(crate) fn blanks(text: &str, at: usize) -> usize {
    skip_while(text, at, is_blank)
}

/// Behind the closing quote of the quoted text that opens at `at`.
pub(crate) fn quoted_end(text: &str, at: usize) -> Option<usize> {
    let quote = byte(text, at)?;
    let mut here = at.saturating_add(1);
    loop {
        let found = byte(text, here)?;
        here = here.saturating_add(1);
        if found == quote {
            if quote == b'\'' && byte(text, here) == Some(b'\'') {
                here = here.saturating_add(1);
                continue;
            }
            return Some(here);
        }
        if found == b'\\' && quote == b'"' {
            here = here.saturating_add(1);
        }
    }
}

/// Behind `&anchor`, `!tag` or `*alias` at `at`.
pub(crate) fn property_end(text: &str, at: usize) -> usize {
    if starts_with(text, at, "!<") {
        let close = skip_while(text, at, |byte| byte != b'>' && !is_space(byte));
        return close.saturating_add(1).min(text.len());
    }
    skip_while(text, at, |byte| !is_space(byte) && !is_flow(byte))
}

/// Whether `at` begins a line with the document marker `marker` (`---` or `...`).
pub(crate) fn is_marker(text: &str, at: usize, marker: &str) -> bool {
    starts_with(text, at, marker)
        && (at == 0 || matches!(byte(text, at.saturating_sub(1)), Some(b'\n' | 0xBF)))
        && byte(text, at.saturating_add(3)).is_none_or(is_space)
}
