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
    let is_yaml = language == "yaml";
    let line = |line: &str| {
        let pieces = if is_yaml {
            yaml(line)
        } else {
            vec![(Class::Plain, line)]
        };
        let pieces = pieces
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

/// The pieces of a line of YAML, in order and without a gap.
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
    use super::{Class, yaml};

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
        ] {
            let joined: String = yaml(line).into_iter().map(|(_, piece)| piece).collect();
            assert_eq!(joined, line);
        }
    }

    #[test]
    fn keys_numbers_and_texts_are_told_apart() {
        let classes: Vec<Class> = yaml("  replicas: 2")
            .into_iter()
            .map(|(class, _)| class)
            .collect();
        assert_eq!(
            classes,
            [Class::Plain, Class::Key, Class::Plain, Class::Word]
        );
    }
}
