//! What a place in the document may hold, as data.
//!
//! Each type of the document describes itself once ([`Shape::form`](super::Shape::form)). Reading,
//! the JSON Schema, the canonical order of keys, completion and the inspector all follow that one
//! description.

/// What one place may hold.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// Free text of a certain use.
    Text(TextUse),
    /// `true` or `false`.
    Boolean,
    /// A whole number, at least `min`.
    Integer {
        /// The least that is accepted.
        min: i64,
    },
    /// A number.
    Number {
        /// The least that is accepted, if there is one.
        min: Option<u32>,
    },
    /// A number with a unit, `40ms`.
    Unit(&'static Unit),
    /// Keys and values of a fixed set.
    Record(&'static Record),
    /// Keys that the author names.
    Map {
        /// What the keys are.
        key: KeyUse,
        /// What stands behind each.
        value: fn() -> Form,
    },
    /// A list.
    List(fn() -> Form),
    /// One of some: a word, or a map of one key.
    Choice(&'static Choice),
    /// Either of two forms, told apart by scalar and collection.
    Either(fn() -> Form, fn() -> Form),
    /// Any value.
    Any,
}

impl Form {
    /// Of two forms the one for a scalar, or the one for a collection.
    pub fn pick(self, scalar: bool) -> Self {
        let Self::Either(a, b) = self else {
            return self;
        };
        let a = a();
        let is_collection = matches!(
            a,
            Self::Record(_) | Self::Map { .. } | Self::List(_) | Self::Choice(_) | Self::Either(..)
        );
        if is_collection == scalar { b() } else { a }
    }

    /// The form behind a key or index.
    pub fn step(self, segment: &str) -> Option<Self> {
        match self {
            Self::Record(record) => record.field(segment).map(|field| (field.form)()),
            Self::Map { value, .. } => Some(value()),
            Self::List(item) => Some(item()),
            Self::Choice(choice) => {
                let mut variants = choice.variants.iter();
                let variant = variants.find(|variant| variant.word == segment)?;
                variant.form.map(|form| form())
            }
            Self::Either(..) => self.pick(false).step(segment),
            _ => None,
        }
    }
}

/// What a text is for: completion and checks look here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextUse {
    /// Anything.
    Free,
    /// A node's name.
    Node,
    /// `node.port`.
    Port,
    /// A payload type: a kind, or the name of one of `spec.types`.
    Type,
    /// A model of a catalogue.
    Model,
    /// A GPU of the catalogue.
    Gpu,
    /// A pool of `spec.hardware.pools`.
    Pool,
    /// A container image.
    Image,
    /// A program that serves models.
    Engine,
    /// A condition in CEL.
    Condition,
    /// A dimension: a whole number, `-1`, or `$Symbol`.
    Dimension,
    /// A ratio, `3/7`.
    Ratio,
    /// CPU cores, `8`, `0.5` or `500m`.
    Cores,
    /// A version by semver.
    Version,
    /// An RFC 1035 label.
    Label,
}

/// What the keys of a map are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUse {
    /// Names of nodes.
    Node,
    /// Names of ports.
    Port,
    /// Names of payload types.
    Type,
    /// Codes of rules.
    Rule,
    /// Anything.
    Free,
}

/// A quantity and the units it may be written in.
#[derive(Debug)]
pub struct Unit {
    /// `time`, `rate`, `bytes`, …
    pub name: &'static str,
    /// The accepted suffixes.
    pub suffixes: &'static [&'static str],
    /// A value as it is written.
    pub example: &'static str,
    /// Whether a bare number is a value too.
    pub bare: bool,
    /// A value in its canonical writing; `None` for what is no value.
    pub normal: fn(&str) -> Option<String>,
}

/// A fixed set of keys.
#[derive(Debug)]
pub struct Record {
    /// The name of the type.
    pub name: &'static str,
    /// What it is, from the type's own doc comment.
    pub doc: &'static str,
    /// Its keys in canonical order.
    pub fields: &'static [Field],
    /// A second record whose keys may stand beside its own.
    pub beside: Option<&'static Record>,
}

impl Record {
    /// All fields: its own, then those that stand beside them.
    pub fn all_fields(&self) -> impl Iterator<Item = &'static Field> + use<> {
        let beside = self.beside.map_or(&[][..], |record| record.fields);
        self.fields.iter().chain(beside)
    }

    /// The field of a key.
    pub fn field(&self, key: &str) -> Option<&'static Field> {
        self.all_fields().find(|field| field.key == key)
    }
}

/// One key of a [`Record`].
#[derive(Debug)]
pub struct Field {
    /// The key as it is written.
    pub key: &'static str,
    /// What it says.
    pub doc: &'static str,
    /// What stands behind it.
    pub form: fn() -> Form,
    /// Whether it must be there.
    pub required: bool,
}

/// A closed choice.
#[derive(Debug)]
pub struct Choice {
    /// The name of the type.
    pub name: &'static str,
    /// What is chosen.
    pub doc: &'static str,
    /// What there is to choose.
    pub variants: &'static [Variant],
}

/// One of a [`Choice`].
#[derive(Debug)]
pub struct Variant {
    /// The word, or the one key.
    pub word: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// What stands behind the key; `None` for a plain word.
    pub form: Option<fn() -> Form>,
}
