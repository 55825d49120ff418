use crate::text::Span;

/// One value of the document and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// From the first byte of the value to behind its last: quotes and brackets included, tags,
    /// anchors, comments and trailing white space not. A block collection ends behind its last
    /// item; a value left out is an empty span behind the `:` or `-`.
    pub span: Span,
    /// What it says.
    pub value: Value,
    /// Whether the value stands elsewhere, and is repeated here by `*alias`: its inner spans are
    /// those of the anchor, and it cannot be edited here. `span` is that of the alias.
    pub alias: bool,
}

/// What a [`Node`] says.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A word, number, text or nothing.
    Scalar(Scalar),
    /// A list.
    Sequence(Sequence),
    /// Keys and values, in the order of the document, duplicate keys already dropped.
    Mapping(Mapping),
}

/// A scalar before it is given a meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// The text, quotes and escapes resolved.
    pub text: String,
    /// How it is written.
    pub style: ScalarStyle,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScalarStyle {
    /// Bare.
    Plain,
    /// `'…'`.
    SingleQuoted,
    /// `"…"`.
    DoubleQuoted,
    /// `|`.
    Literal,
    /// `>`.
    Folded,
}

/// A list.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequence {
    /// The items in order.
    pub items: Vec<Node>,
    /// Whether it is written `[…]`.
    pub flow: bool,
}

/// Keys and values.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// The entries in order.
    pub entries: Vec<Entry>,
    /// Whether it is written `{…}`.
    pub flow: bool,
}

/// One key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// The value.
    pub value: Node,
}

/// A key: always a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its text, quotes resolved.
    pub text: String,
    /// Where it stands, quotes included.
    pub span: Span,
}

impl Entry {
    /// From the key to the end of the value.
    pub fn span(&self) -> Span {
        self.key.span.join(self.value.span)
    }
}

impl Mapping {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of a key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key.text == key)
    }
}

impl Node {
    /// The keys and values, if this is a mapping.
    pub fn as_mapping(&self) -> Option<&Mapping> {
        match &self.value {
            Value::Mapping(mapping) => Some(mapping),
            _ => None,
        }
    }

    /// The items, if this is a list.
    pub fn as_sequence(&self) -> Option<&Sequence> {
        match &self.value {
            Value::Sequence(sequence) => Some(sequence),
            _ => None,
        }
    }

    /// The scalar, if this is one.
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// Whether nothing is stated: empty, `~` or `null`.
    pub fn is_null(&self) -> bool {
        self.as_scalar().is_some_and(Scalar::is_null)
    }

    /// The value of a key, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_mapping()?.get(key)
    }

    /// Follows a path; a segment is a key, or in a list an index in decimal.
    pub fn at<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Option<&Node> {
        path.into_iter()
            .try_fold(self, |node, segment| match &node.value {
                Value::Mapping(mapping) => mapping.get(segment),
                Value::Sequence(sequence) => sequence.items.get(segment.parse::<usize>().ok()?),
                Value::Scalar(_) => None,
            })
    }
}

impl Scalar {
    fn plain(&self) -> Option<&str> {
        (self.style == ScalarStyle::Plain).then_some(self.text.as_str())
    }

    /// Null of the core schema: plain and empty, `~`, `null`, `Null` or `NULL`.
    pub fn is_null(&self) -> bool {
        matches!(self.plain(), Some("" | "~" | "null" | "Null" | "NULL"))
    }

    /// A boolean of the core schema.
    pub fn as_bool(&self) -> Option<bool> {
        match self.plain()? {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        }
    }

    /// An integer of the core schema: decimal, `0o17` or `0x1F`.
    pub fn as_integer(&self) -> Option<i64> {
        let text = self.plain()?;
        if let Some(octal) = text.strip_prefix("0o") {
            return i64::from_str_radix(octal, 8).ok();
        }
        if let Some(hex) = text.strip_prefix("0x") {
            return i64::from_str_radix(hex, 16).ok();
        }
        text.parse().ok()
    }

    /// A number of the core schema.
    pub fn as_number(&self) -> Option<f64> {
        let text = self.plain()?;
        let digits = text.trim_start_matches(['-', '+']);
        match digits {
            ".inf" | ".Inf" | ".INF" => {
                return Some(if text.starts_with('-') {
                    f64::NEG_INFINITY
                } else {
                    f64::INFINITY
                });
            }
            ".nan" | ".NaN" | ".NAN" => return Some(f64::NAN),
            _ => {}
        }
        digits
            .starts_with(|c: char| c.is_ascii_digit() || c == '.')
            .then(|| text.parse().ok())?
    }
}
