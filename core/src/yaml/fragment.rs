//! Values to be written.

use super::write::{Place, scalar_in};

/// A value to be written into a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fragment {
    /// A text; in quotes only where it would be misread.
    Scalar(String),
    /// Written as it stands, on one line: numbers, booleans, `null`, or YAML in flow style.
    Raw(String),
    /// Keys and values.
    Map(Vec<(String, Fragment)>),
    /// Items.
    List(Vec<Fragment>),
}

/// How the collections of a [`Fragment`] are written where the place leaves the choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// Collections of scalars that fit into the line as `{…}` and `[…]`, all others as lines.
    #[default]
    Auto,
    /// One line each.
    Block,
    /// `{…}` and `[…]`.
    Flow,
}

/// A written value.
pub(super) enum Form {
    /// To stand behind `key: ` or `- `.
    Inline(String),
    /// To stand on lines of its own, indentation within the value included.
    Lines(Vec<String>),
}

/// The longest line that [`Style::Auto`] writes.
const COLUMNS: usize = 100;

impl Fragment {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Scalar(text.into())
    }

    /// A number, boolean or anything else that is written as it displays.
    pub fn raw(value: &impl ToString) -> Self {
        Self::Raw(value.to_string())
    }

    /// Keys and values.
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(entries.into_iter().map(|(k, v)| (k.into(), v)).collect())
    }

    /// Items.
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::List(items.into_iter().collect())
    }

    /// Whether every raw part is one line with something on it.
    pub(super) fn is_writable(&self) -> bool {
        match self {
            Self::Scalar(_) => true,
            Self::Raw(raw) => !raw.trim().is_empty() && !raw.contains(['\n', '\r']),
            Self::Map(entries) => entries.iter().all(|(_, value)| value.is_writable()),
            Self::List(items) => items.iter().all(Self::is_writable),
        }
    }

    fn is_scalar(&self) -> bool {
        matches!(self, Self::Scalar(_) | Self::Raw(_))
    }

    /// Whether it has no parts.
    fn is_whole(&self) -> bool {
        match self {
            Self::Scalar(_) | Self::Raw(_) => true,
            Self::Map(entries) => entries.is_empty(),
            Self::List(items) => items.is_empty(),
        }
    }

    /// Whether all its parts are scalars.
    fn is_leaf(&self) -> bool {
        match self {
            Self::Scalar(_) | Self::Raw(_) => true,
            Self::Map(entries) => entries.iter().all(|(_, value)| value.is_scalar()),
            Self::List(items) => items.iter().all(Self::is_scalar),
        }
    }

    /// On one line.
    pub(super) fn flow(&self, place: Place) -> String {
        match self {
            Self::Scalar(text) => scalar_in(text, place).into_owned(),
            Self::Raw(raw) => raw.trim().to_owned(),
            Self::Map(entries) => {
                let inside = inner(place);
                let entries = entries.iter().map(|(key, value)| {
                    format!("{}: {}", scalar_in(key, inside), value.flow(inside))
                });
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }
            Self::List(items) => {
                let items = items.iter().map(|item| item.flow(inner(place)));
                format!("[{}]", items.collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// Outside of brackets, to begin at `column`.
    pub(super) fn form(&self, style: Style, column: usize) -> Form {
        let on_one_line = || Form::Inline(self.flow(Place::Block));
        if self.is_whole() || style == Style::Flow {
            return on_one_line();
        }
        if style == Style::Auto && self.is_leaf() {
            let flow = self.flow(Place::Block);
            if flow.chars().count().saturating_add(column) <= COLUMNS {
                return Form::Inline(flow);
            }
        }
        self.lines(style, column)
            .map_or_else(on_one_line, Form::Lines)
    }

    /// Its parts on lines of their own, if it has any.
    pub(super) fn lines(&self, style: Style, column: usize) -> Option<Vec<String>> {
        if self.is_whole() {
            return None;
        }
        let mut lines = Vec::new();
        match self {
            Self::Map(entries) => {
                for (key, value) in entries {
                    lines.extend(entry_lines(key, value, style, column));
                }
            }
            Self::List(items) => {
                for item in items {
                    lines.extend(item_lines(item, style, column));
                }
            }
            Self::Scalar(_) | Self::Raw(_) => {}
        }
        Some(lines)
    }
}

fn inner(place: Place) -> Place {
    match place {
        Place::Json => Place::Json,
        Place::Block | Place::Flow => Place::Flow,
    }
}

/// `key: value` as lines, for an entry at `column`.
pub(super) fn entry_lines(key: &str, value: &Fragment, style: Style, column: usize) -> Vec<String> {
    let key = scalar_in(key, Place::Block);
    let behind = column.saturating_add(key.chars().count()).saturating_add(2);
    match value.form(style, behind) {
        Form::Inline(text) => vec![format!("{key}: {text}")],
        Form::Lines(_) => {
            let Form::Lines(lines) = value.form(style, column.saturating_add(2)) else {
                return vec![format!("{key}: {}", value.flow(Place::Block))];
            };
            let lines = lines.into_iter().map(|line| format!("  {line}"));
            core::iter::once(format!("{key}:")).chain(lines).collect()
        }
    }
}

/// `- value` as lines, for an item at `column`.
pub(super) fn item_lines(item: &Fragment, style: Style, column: usize) -> Vec<String> {
    match item.form(style, column.saturating_add(2)) {
        Form::Inline(text) => vec![format!("- {text}")],
        Form::Lines(lines) => {
            let mut mark = "- ";
            let lines = lines
                .into_iter()
                .map(|line| format!("{}{line}", core::mem::replace(&mut mark, "  ")));
            lines.collect()
        }
    }
}
