//! Python literals.

use core::fmt::Write as _;

use serde_json::Value;

/// A value as Python writes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Python {
    None,
    Bool(bool),
    Whole(i64),
    Number(f64),
    Text(String),
    List(Vec<Python>),
    Tuple(Vec<Python>),
    Dict(Vec<(String, Python)>),
    /// A call: its arguments, those without a name first.
    Call(&'static str, Vec<(&'static str, Python)>),
}

/// The widest line that is not broken where it could be.
const WIDEST: usize = 110;

impl Python {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A number that is never negative.
    pub(super) fn count(count: u64) -> Self {
        Self::Whole(i64::try_from(count).unwrap_or(i64::MAX))
    }

    pub(super) fn texts(texts: impl IntoIterator<Item = (String, String)>) -> Self {
        let pairs = texts.into_iter();
        Self::Dict(pairs.map(|(key, text)| (key, Self::Text(text))).collect())
    }

    /// Its text, from a column on; what is too wide is broken, a part a line.
    pub(super) fn write(&self, indent: usize, before: usize, out: &mut String) {
        let line = self.line();
        let is_short = indent.saturating_add(before).saturating_add(line.len()) < WIDEST;
        let (open, close, parts) = match self {
            _ if is_short => return out.push_str(&line),
            Self::List(items) => ("[".to_owned(), "]", plain(items)),
            Self::Tuple(items) => ("(".to_owned(), ")", plain(items)),
            Self::Dict(pairs) => {
                let parts = pairs.iter().map(|(key, value)| {
                    let key = format!("{}: ", quoted(key));
                    (key, value)
                });
                ("{".to_owned(), "}", parts.collect())
            }
            Self::Call(name, arguments) => {
                let named = arguments.iter().map(|(name, value)| {
                    let name = if name.is_empty() {
                        String::new()
                    } else {
                        format!("{name}=")
                    };
                    (name, value)
                });
                (format!("{name}("), ")", named.collect())
            }
            _ => return out.push_str(&line),
        };
        let inner = indent.saturating_add(4);
        let _ = writeln!(out, "{open}");
        for (name, value) in parts {
            let _ = write!(out, "{:inner$}{name}", "");
            value.write(inner, name.len(), out);
            out.push_str(",\n");
        }
        let _ = write!(out, "{:indent$}{close}", "");
    }

    /// Its text in one line.
    fn line(&self) -> String {
        let joined = |items: &[Self]| items.iter().map(Self::line).collect::<Vec<_>>().join(", ");
        match self {
            Self::None => "None".to_owned(),
            Self::Bool(true) => "True".to_owned(),
            Self::Bool(false) => "False".to_owned(),
            Self::Whole(number) => number.to_string(),
            Self::Number(number) => format!("{number:?}"),
            Self::Text(text) => quoted(text),
            Self::List(items) => format!("[{}]", joined(items)),
            Self::Tuple(items) if items.len() == 1 => format!("({},)", joined(items)),
            Self::Tuple(items) => format!("({})", joined(items)),
            Self::Dict(pairs) => {
                let pairs = pairs.iter();
                let pairs = pairs.map(|(key, value)| format!("{}: {}", quoted(key), value.line()));
                format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
            }
            Self::Call(name, arguments) => {
                let arguments = arguments.iter().map(|(name, value)| {
                    let value = value.line();
                    if name.is_empty() {
                        value
                    } else {
                        format!("{name}={value}")
                    }
                });
                format!("{name}({})", arguments.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

fn plain(items: &[Python]) -> Vec<(String, &Python)> {
    items.iter().map(|item| (String::new(), item)).collect()
}

/// A text as a literal: JSON's escapes are Python's too.
fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_broken_where_they_are_too_wide() {
        let short = Python::Call(
            "Edge",
            vec![
                ("", Python::text("a\n\"b\"")),
                ("share", Python::Number(1.0)),
            ],
        );
        let mut text = String::new();
        short.write(0, 0, &mut text);
        assert_eq!(text, r#"Edge("a\n\"b\"", share=1.0)"#);
        let one = Python::Tuple(vec![Python::Whole(1)]);
        assert_eq!(one.line(), "(1,)");
        let wide = Python::Dict(vec![("k".to_owned(), Python::text("x".repeat(120)))]);
        let mut text = String::new();
        wide.write(0, 0, &mut text);
        assert_eq!(text, format!("{{\n    \"k\": \"{}\",\n}}", "x".repeat(120)));
    }
}
