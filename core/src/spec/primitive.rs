//! The forms that every type is built from: texts, numbers, maps, lists, choices.

use core::marker::PhantomData;

use serde_json::json;

use super::form::{Choice, Form, KeyUse, TextUse, Variant};
use super::reader::{Reader, Shape, list_words, nearest};
use crate::check::Fix;
use crate::text::{Span, Spanned, TextEdit};
use crate::yaml::{Node, Value};

/// A text, and what it is for.
macro_rules! texts {
    ($( $(#[doc = $doc:literal])* $name:ident = $use:expr; )*) => { $(
        $(#[doc = $doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub String);

        impl core::ops::Deref for $name {
            type Target = str;
            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Shape for $name {
            fn form() -> Form {
                Form::Text($use)
            }

            fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
                let Some(scalar) = node.as_scalar() else {
                    reader.wrong_type(node, "a text");
                    return None;
                };
                Some(Self(scalar.text.clone()))
            }

            fn canonical(&self) -> serde_json::Value {
                json!(self.0)
            }
        }
    )* };
}

texts! {
    /// Free text.
    Text = TextUse::Free;
    /// A node's name.
    NodeName = TextUse::Node;
    /// Where an edge begins or ends: `node.port`, `inputs.name`, or a node alone for control.
    Endpoint = TextUse::Port;
    /// A model's id, as its hub writes it.
    ModelName = TextUse::Model;
    /// A GPU's name or alias.
    GpuName = TextUse::Gpu;
    /// A pool's name.
    PoolName = TextUse::Pool;
    /// A container image.
    Image = TextUse::Image;
    /// A program that serves models.
    EngineName = TextUse::Engine;
    /// A condition in CEL over `output`, or `default`.
    Condition = TextUse::Condition;
    /// A semantic version.
    Version = TextUse::Version;
}

/// An RFC 1035 label: `[a-z]([-a-z0-9]*[a-z0-9])?`, at most 63.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label(pub String);

impl Shape for Label {
    fn form() -> Form {
        Form::Text(TextUse::Label)
    }

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let text = Text::read(node, reader)?;
        if !super::is_node_name(&text) {
            reader.bad_value(
                node,
                "small letters, digits and `-`, from a letter, at most 63",
            );
            return None;
        }
        Some(Self(text.0))
    }

    fn canonical(&self) -> serde_json::Value {
        json!(self.0)
    }
}

impl Shape for bool {
    fn form() -> Form {
        Form::Boolean
    }

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let value = node.as_scalar().and_then(crate::yaml::Scalar::as_bool);
        if value.is_none() {
            reader.wrong_type(node, "`true` or `false`");
        }
        value
    }

    fn canonical(&self) -> serde_json::Value {
        json!(self)
    }
}

fn whole(node: &Node, reader: &mut Reader, min: i64, max: i64) -> Option<i64> {
    let Some(value) = node.as_scalar().and_then(crate::yaml::Scalar::as_integer) else {
        reader.wrong_type(node, "a whole number");
        return None;
    };
    if (min..=max).contains(&value) {
        return Some(value);
    }
    reader.bad_value(node, &format!("a whole number from {min} to {max}"));
    None
}

impl Shape for u32 {
    fn form() -> Form {
        Form::Integer { min: 0 }
    }

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        whole(node, reader, 0, i64::from(u32::MAX)).and_then(|value| Self::try_from(value).ok())
    }

    fn canonical(&self) -> serde_json::Value {
        json!(self)
    }
}

/// A whole number of at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Positive(pub u32);

impl Shape for Positive {
    fn form() -> Form {
        Form::Integer { min: 1 }
    }

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let value = whole(node, reader, 1, i64::from(u32::MAX))?;
        u32::try_from(value).ok().map(Self)
    }

    fn canonical(&self) -> serde_json::Value {
        json!(self.0)
    }
}

impl Shape for f64 {
    fn form() -> Form {
        Form::Number { min: None }
    }

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let value = node.as_scalar().and_then(crate::yaml::Scalar::as_number);
        let value = value.filter(|value| value.is_finite());
        if value.is_none() {
            reader.wrong_type(node, "a number");
        }
        value
    }

    fn canonical(&self) -> serde_json::Value {
        json!(self)
    }
}

/// How many times as long something takes: one or more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slowdown(pub f64);

impl Shape for Slowdown {
    fn form() -> Form {
        Form::Number { min: Some(1) }
    }

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let value = f64::read(node, reader)?;
        if value < 1.0 {
            reader.bad_value(node, "how many times as long it takes, a number from 1");
            return None;
        }
        Some(Self(value))
    }

    fn canonical(&self) -> serde_json::Value {
        json!(self.0)
    }
}

/// Any YAML value, kept as JSON.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Any(pub serde_json::Value);

impl Shape for Any {
    fn form() -> Form {
        Form::Any
    }

    fn read(node: &Node, _: &mut Reader) -> Option<Self> {
        Some(Self(to_json(node)))
    }

    fn canonical(&self) -> serde_json::Value {
        self.0.clone()
    }
}

/// A node of the document as JSON, scalars by the core schema.
pub fn to_json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Mapping(mapping) => mapping
            .entries
            .iter()
            .map(|entry| (entry.key.text.clone(), to_json(&entry.value)))
            .collect(),
        Value::Sequence(sequence) => sequence.items.iter().map(to_json).collect(),
        Value::Scalar(scalar) => {
            if scalar.is_null() {
                serde_json::Value::Null
            } else if let Some(value) = scalar.as_bool() {
                json!(value)
            } else if let Some(value) = scalar.as_integer() {
                json!(value)
            } else if let Some(value) = scalar.as_number() {
                json!(value)
            } else {
                json!(scalar.text)
            }
        }
    }
}

impl<T: Shape> Shape for Box<T> {
    fn form() -> Form {
        T::form()
    }

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        T::read(node, reader).map(Self::new)
    }

    fn canonical(&self) -> serde_json::Value {
        T::canonical(self)
    }
}

impl<T: Shape> Shape for Vec<Spanned<T>> {
    fn form() -> Form {
        Form::List(T::form)
    }

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Some(sequence) = node.as_sequence() else {
            reader.wrong_type(node, "a list");
            return None;
        };
        let items = sequence
            .items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| {
                let value = reader.within(&index.to_string(), |reader| T::read(item, reader))?;
                Some(Spanned::new(value, item.span))
            });
        Some(items.collect())
    }

    fn canonical(&self) -> serde_json::Value {
        self.iter().map(|item| item.value.canonical()).collect()
    }
}

/// What the keys of a [`Map`] are, as a type.
pub trait MapKey {
    /// What the keys are.
    const USE: KeyUse;
}

macro_rules! keys {
    ($( $(#[doc = $doc:literal])* $name:ident = $use:ident; )*) => { $(
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name;
        impl MapKey for $name {
            const USE: KeyUse = KeyUse::$use;
        }
    )* };
}

keys! {
    /// Keys are names of nodes.
    ByNode = Node;
    /// Keys are names of ports.
    ByPort = Port;
    /// Keys are names of payload types.
    ByType = Type;
    /// Keys are codes of rules.
    ByRule = Rule;
    /// Keys are free.
    ByText = Free;
}

/// Keys that the author names, in the order of the document.
#[derive(Clone, Debug, PartialEq)]
pub struct Map<K, T> {
    /// The entries.
    pub entries: Vec<Named<T>>,
    key: PhantomData<K>,
}

/// A value with the name that the author gave it.
#[derive(Clone, Debug, PartialEq)]
pub struct Named<T> {
    /// The name and where it stands.
    pub name: Spanned<String>,
    /// The value.
    pub value: T,
    /// Where the value stands.
    pub span: Span,
}

impl<K, T> Default for Map<K, T> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            key: PhantomData,
        }
    }
}

impl<K, T> Map<K, T> {
    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.named(name).map(|named| &named.value)
    }

    /// The entry of a name.
    pub fn named(&self, name: &str) -> Option<&Named<T>> {
        self.entries.iter().find(|entry| entry.name.value == name)
    }

    /// The entries in the order of the document.
    pub fn iter(&self) -> core::slice::Iter<'_, Named<T>> {
        self.entries.iter()
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<'m, K, T> IntoIterator for &'m Map<K, T> {
    type Item = &'m Named<T>;
    type IntoIter = core::slice::Iter<'m, Named<T>>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K: MapKey, T: Shape> Shape for Map<K, T> {
    fn form() -> Form {
        Form::Map {
            key: K::USE,
            value: T::form,
        }
    }

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let mut entries = Vec::new();
        for entry in reader.entries(node)? {
            let name = entry.key.text.as_str();
            if name.starts_with("x-") && K::USE != KeyUse::Free {
                continue;
            }
            reader.key_name(entry, K::USE);
            if let Some(value) = reader.within(name, |reader| T::read(&entry.value, reader)) {
                entries.push(Named {
                    name: Spanned::new(name.to_owned(), entry.key.span),
                    value,
                    span: entry.value.span,
                });
            }
        }
        Some(Self {
            entries,
            key: PhantomData,
        })
    }

    fn canonical(&self) -> serde_json::Value {
        self.iter()
            .map(|entry| (entry.name.value.clone(), entry.value.canonical()))
            .collect()
    }
}

/// Which of a choice a node states, and the value behind its key (the node itself for a word).
pub(crate) fn chosen<'n>(
    node: &'n Node,
    reader: &mut Reader,
    choice: &'static Choice,
) -> Option<(&'static str, &'n Node)> {
    let find = |word: &str| choice.variants.iter().find(|variant| variant.word == word);
    match &node.value {
        Value::Scalar(scalar) => match find(&scalar.text) {
            Some(variant) if variant.form.is_none() => Some((variant.word, node)),
            Some(variant) => {
                let wanted = format!("`{}: …` with its value", variant.word);
                reader.wrong_type(node, &wanted);
                None
            }
            None => {
                unknown_word(node, &scalar.text, reader, choice);
                None
            }
        },
        Value::Mapping(mapping) => {
            let [entry] = mapping.entries.as_slice() else {
                reader.wrong_type(node, &describe(choice));
                return None;
            };
            match find(&entry.key.text) {
                Some(variant) if variant.form.is_some() => Some((variant.word, &entry.value)),
                Some(variant) => {
                    reader.wrong_type(node, &format!("the word `{}` alone", variant.word));
                    None
                }
                None => {
                    reader.unknown_key(entry, with_value(choice).map(|variant| variant.word));
                    None
                }
            }
        }
        Value::Sequence(_) => {
            reader.wrong_type(node, &describe(choice));
            None
        }
    }
}

fn with_value(choice: &'static Choice) -> impl Iterator<Item = &'static Variant> {
    choice
        .variants
        .iter()
        .filter(|variant| variant.form.is_some())
}

fn plain(choice: &'static Choice) -> impl Iterator<Item = &'static Variant> {
    choice
        .variants
        .iter()
        .filter(|variant| variant.form.is_none())
}

fn describe(choice: &'static Choice) -> String {
    let maps: Vec<&str> = with_value(choice).map(|variant| variant.word).collect();
    let words: Vec<&str> = plain(choice).map(|variant| variant.word).collect();
    match (words.is_empty(), maps.is_empty()) {
        (false, true) => list_words(words),
        (true, _) => format!("a map with exactly one of {}", list_words(maps)),
        (false, false) => {
            format!(
                "{}, or a map with exactly one of {}",
                list_words(words),
                list_words(maps)
            )
        }
    }
}

fn unknown_word(node: &Node, word: &str, reader: &mut Reader, choice: &'static Choice) {
    let mut diagnostic = reader.bad_value_diagnostic(node, &describe(choice));
    if let Some(near) = nearest(word, plain(choice).map(|variant| variant.word)) {
        diagnostic.help = Some(format!("did you mean `{near}`?"));
        let edit = TextEdit::replace(node.span, near);
        diagnostic
            .fixes
            .push(Fix::safe(format!("Change to `{near}`"), vec![edit]));
    }
    reader.report(diagnostic);
}
