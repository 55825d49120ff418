//! Colours for the few languages of exported files, as elements: text only becomes text.

use crate::ui::prelude::*;

/// What a piece of a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Plain,
    Comment,
    Key,
    Text,
    Word,
}

impl Class {
    const fn name(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Comment => "hl-comment",
            Self::Key => "hl-key",
            Self::Text => "hl-text",
            Self::Word => "hl-word",
        }
    }
}

/// The lines of a file, each an element.
pub(super) fn lines(text: &str, language: &str) -> Vec<AnyView> {
    let line = |line: &str| {
        let pieces = pieces(line, language)
            .into_iter()
            .filter(|(_, piece)| !piece.is_empty())
            .map(|(class, piece)| {
                if class == Class::Plain {
                    piece.to_owned().into_any()
                } else {
                    view! { <span class=class.name()>{piece.to_owned()}</span> }.into_any()
                }
            });
        view! { <span class="line">{pieces.collect_view()}"\n"</span> }.into_any()
    };
    text.lines().map(line).collect()
}

/// The pieces of a line, in order and without a gap.
fn pieces<'l>(line: &'l str, language: &str) -> Vec<(Class, &'l str)> {
    match language {
        "yaml" => yaml(line),
        "json" => json(line),
        "textproto" => code(line, |word| word.ends_with(|c: char| c.is_alphanumeric())),
        "shell" => code(line, |word| matches!(word, "set" | "export" | "exec")),
        "python" => code(line, |word| PYTHON.contains(&word)),
        "markdown" if line.starts_with('#') => vec![(Class::Key, line)],
        "markdown" if line.starts_with("<!--") => vec![(Class::Comment, line)],
        _ => vec![(Class::Plain, line)],
    }
}

/// Words that begin a line of Python.
const PYTHON: &[&str] = &[
    "async", "await", "class", "def", "elif", "else", "except", "for", "from", "if", "import",
    "raise", "return", "try", "while", "with",
];

/// A line whose first word may be a key word, with texts in quotes, or a comment.
fn code(line: &str, is_key: impl Fn(&str) -> bool) -> Vec<(Class, &str)> {
    let body = line.trim_start();
    let (indent, _) = line.split_at(line.len() - body.len());
    if body.starts_with('#') {
        return vec![(Class::Plain, indent), (Class::Comment, body)];
    }
    let end = body
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(body.len());
    let (word, rest) = body.split_at(end);
    let class = if is_key(word) {
        Class::Key
    } else {
        Class::Plain
    };
    let mut found = vec![(Class::Plain, indent), (class, word)];
    quotes(rest, &mut found);
    found
}

/// What stands in quotes, and what between.
fn quotes<'l>(mut rest: &'l str, found: &mut Vec<(Class, &'l str)>) {
    while let Some(start) = rest.find(['"', '\'']) {
        let (before, behind) = rest.split_at(start);
        let (quote, inner) = behind.split_at(1);
        // One that is not closed here goes on in the next line.
        let Some(end) = inner.find(quote) else { break };
        let (text, behind) = behind.split_at(end + 2);
        found.extend([(Class::Plain, before), (Class::Text, text)]);
        rest = behind;
    }
    found.push((Class::Plain, rest));
}

/// A line of JSON: a key and its value, or either alone.
fn json(line: &str) -> Vec<(Class, &str)> {
    let body = line.trim_start();
    let (indent, _) = line.split_at(line.len() - body.len());
    let (key, value) = match body.find("\": ") {
        Some(at) if body.starts_with('"') => body.split_at(at + 1),
        _ => body.split_at(0),
    };
    let (colon, value) = value.split_at(if key.is_empty() { 0 } else { 2 });
    let (value, comma) = value.split_at(value.trim_end_matches(',').len());
    vec![
        (Class::Plain, indent),
        (Class::Key, key),
        (Class::Plain, colon),
        (class_of(value), value),
        (Class::Plain, comma),
    ]
}

/// The pieces of a line of YAML.
fn yaml(line: &str) -> Vec<(Class, &str)> {
    let body = line.trim_start_matches([' ', '-']);
    let indent = line.get(..line.len() - body.len()).unwrap_or("");
    if body.starts_with('#') {
        return vec![(Class::Plain, indent), (Class::Comment, body)];
    }
    let key_end = body
        .find(": ")
        .or_else(|| body.strip_suffix(':').map(str::len));
    let quoted = body.starts_with(['"', '\'']);
    match key_end.filter(|_| !quoted || body.ends_with(':')) {
        Some(at) => {
            let (key, rest) = body.split_at(at);
            let (colon, value) = rest.split_at(1);
            vec![
                (Class::Plain, indent),
                (Class::Key, key),
                (Class::Plain, colon),
                (class_of(value), value),
            ]
        }
        None => vec![(Class::Plain, indent), (class_of(body), body)],
    }
}

fn class_of(value: &str) -> Class {
    let value = value.trim();
    let number = value.starts_with(|first: char| first.is_ascii_digit() || first == '-')
        && value
            .chars()
            .all(|letter| letter.is_ascii_digit() || matches!(letter, '.' | '-' | 'e'));
    if number || matches!(value, "true" | "false" | "null") {
        Class::Word
    } else if value.starts_with(['"', '\'']) {
        Class::Text
    } else {
        Class::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::{Class, pieces};

    #[test]
    fn the_pieces_make_up_the_line() {
        for line in [
            "",
            "  - name: x",
            "# note",
            "a:",
            "  \"b: c\"",
            "  - - 1",
            "url: http://x:1",
            "é: \"ö\"",
            "  \"é\": [\"ö\", 2],",
            "exec vllm serve --config \"$(dirname -- \"$0\")/é.yaml\" \\",
            "export A='it'\\''s é",
            "def é(x): return 'y'",
            "<!-- note -->",
        ] {
            for language in [
                "yaml",
                "json",
                "shell",
                "python",
                "textproto",
                "markdown",
                "other",
            ] {
                let joined: String = pieces(line, language)
                    .into_iter()
                    .map(|(_, piece)| piece)
                    .collect();
                assert_eq!(joined, line, "{language}");
            }
        }
    }

    fn classes(line: &str, language: &str) -> Vec<(Class, String)> {
        let pieces = pieces(line, language).into_iter();
        let shown = pieces.filter(|(class, piece)| *class != Class::Plain && !piece.is_empty());
        shown
            .map(|(class, piece)| (class, piece.trim().to_owned()))
            .collect()
    }

    #[test]
    fn keys_numbers_and_texts_are_told_apart() {
        for (line, language, wanted) in [
            (
                "  replicas: 2",
                "yaml",
                vec![(Class::Key, "replicas"), (Class::Word, "2")],
            ),
            (
                "  \"port\": 80,",
                "json",
                vec![(Class::Key, "\"port\""), (Class::Word, "80")],
            ),
            (
                "  \"a\": \"b\",",
                "json",
                vec![(Class::Key, "\"a\""), (Class::Text, "\"b\"")],
            ),
            (
                "export A='b c'",
                "shell",
                vec![(Class::Key, "export"), (Class::Text, "'b c'")],
            ),
            ("# why", "shell", vec![(Class::Comment, "# why")]),
            (
                "  key: \"TEXT\"",
                "textproto",
                vec![(Class::Key, "key"), (Class::Text, "\"TEXT\"")],
            ),
            ("import asyncio", "python", vec![(Class::Key, "import")]),
            ("## Notes", "markdown", vec![(Class::Key, "## Notes")]),
        ] {
            let wanted: Vec<_> = wanted
                .into_iter()
                .map(|(class, piece)| (class, piece.trim().to_owned()))
                .collect();
            assert_eq!(classes(line, language), wanted, "{line}");
        }
    }
}
