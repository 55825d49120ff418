use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Draft, File, Kind, Place};
use crate::spec::to_json;
use crate::text::Span;
use crate::yaml::Node;

/// A map of a file with the keys that were asked for: what is left at the end is kept aside.
#[derive(Debug)]
pub(super) struct Page<'f> {
    file: &'f str,
    pub(super) tree: &'f Node,
    used: BTreeSet<&'static str>,
}

/// A value of a wrong type or size.
pub(super) static VALUE: Kind = Kind::refused("IM-VALUE", "Values that cannot be");

impl<'f> Page<'f> {
    /// The first document of a file; `None` where it cannot be read, which is then told.
    pub(super) fn open(file: &'f File<'_>, draft: &mut Draft) -> Option<Self> {
        let trees = draft.trees(file);
        let tree = trees.first()?;
        Some(Self::of(file.path(), tree))
    }

    /// A map within a file.
    pub(super) fn of(file: &'f str, tree: &'f Node) -> Self {
        Self {
            file,
            tree,
            used: BTreeSet::new(),
        }
    }

    /// The file that it stands in.
    pub(super) fn file(&self) -> &'f str {
        self.file
    }

    /// A place in it.
    pub(super) fn at(&self, span: Span) -> Place {
        Place::new(self.file, span)
    }

    /// The place of a key's value, else of the map.
    pub(super) fn place(&self, key: &str) -> Place {
        self.at(self.tree.get(key).map_or(self.tree.span, |node| node.span))
    }

    /// The value of a key, where it says something.
    pub(super) fn get(&mut self, key: &'static str) -> Option<&'f Node> {
        self.used.insert(key);
        self.tree.get(key).filter(|node| !node.is_null())
    }

    /// The map of a key.
    pub(super) fn inner(&mut self, key: &'static str) -> Option<Self> {
        let node = self.get(key)?;
        node.as_mapping()?;
        Some(Self::of(self.file, node))
    }

    /// The text of a key; what is no text says nothing.
    pub(super) fn text(&mut self, key: &'static str) -> Option<&'f str> {
        let scalar = self.get(key)?.as_scalar()?;
        Some(&scalar.text)
    }

    /// The truth of a key; what is neither true nor false says nothing.
    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        self.get(key)?.as_scalar()?.as_bool()
    }

    /// The whole number of a key, at least `least`; one that is larger than a graph can say is the
    /// largest. Anything else is refused.
    pub(super) fn whole(
        &mut self,
        key: &'static str,
        least: u64,
        draft: &mut Draft,
    ) -> Option<u64> {
        let node = self.get(key)?;
        let found = node.as_scalar().and_then(whole);
        if let Some(value) = found.filter(|&value| value >= least) {
            return Some(value);
        }
        let said = node
            .as_scalar()
            .map_or("a list or a map", |found| &found.text);
        let said = super::draft::quote(said);
        let message = format!("`{key}` takes a whole number from {least}, not `{said}`");
        let help = "take the file as its makers publish it";
        draft.refuse(&VALUE, self.at(node.span), message, help);
        None
    }

    /// The whole number under the first of some keys that is stated.
    pub(super) fn first(&mut self, keys: &[&'static str], draft: &mut Draft) -> Option<u64> {
        let mut found = None;
        for &key in keys {
            let value = self.whole(key, 1, draft);
            found = found.or(value);
        }
        found
    }

    /// The keys that nobody asked for and that say something, with their values.
    pub(super) fn rest(&self) -> Map<String, Value> {
        let entries = self.tree.as_mapping().map_or(&[][..], |map| &map.entries);
        let unused = entries
            .iter()
            .filter(|entry| !self.used.contains(entry.key.text.as_str()) && !entry.value.is_null());
        unused
            .map(|entry| (entry.key.text.clone(), to_json(&entry.value)))
            .collect()
    }
}

/// A whole number from 0.
fn whole(scalar: &crate::yaml::Scalar) -> Option<u64> {
    if let Some(value) = scalar.as_integer() {
        return u64::try_from(value).ok();
    }
    // Some write a limit that nothing reaches, 10³⁰ and more.
    let number = scalar.as_number()?;
    (number >= 1e18).then_some(u64::MAX)
}
