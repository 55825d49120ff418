use std::collections::BTreeSet;

use super::Item;
use super::draft::Path;
use crate::Analysis;
use crate::yaml::{Fragment, Node, Value};

/// The document as commands look at it.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) analysis: &'a Analysis,
    pub(super) tree: Option<&'a Node>,
}

/// An edge as the document writes it.
#[derive(Clone, Copy)]
pub(super) struct WrittenEdge<'a> {
    /// Its place in `spec.edges`.
    pub(super) index: usize,
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    pub(super) id: Option<&'a str>,
    pub(super) node: &'a Node,
}

impl WrittenEdge<'_> {
    /// Its identity.
    pub(super) fn id(&self) -> String {
        self.id
            .map_or_else(|| edge_id(self.from, self.to), str::to_owned)
    }

    pub(super) fn path(&self) -> Path {
        vec![
            "spec".to_owned(),
            "edges".to_owned(),
            self.index.to_string(),
        ]
    }
}

/// The identity of an edge that states none.
pub(super) fn edge_id(from: &str, to: &str) -> String {
    format!("{from}→{to}")
}

/// The node of an edge's end, and its port where it names one.
pub(super) fn split_end(end: &str) -> (&str, Option<&str>) {
    match end.split_once('.') {
        Some((node, port)) => (node, Some(port)),
        None => (end, None),
    }
}

impl<'a> View<'a> {
    pub(super) fn new(analysis: &'a Analysis) -> Self {
        Self {
            analysis,
            tree: analysis.tree(),
        }
    }

    fn at(&self, path: [&str; 2]) -> Option<&'a Node> {
        self.tree?.at(path)
    }

    /// The names of a section of `spec`: `nodes`, `inputs`, `outputs` or `types`.
    pub(super) fn names(&self, section: &str) -> BTreeSet<String> {
        let entries = self.at(["spec", section]).and_then(Node::as_mapping);
        let entries = entries.into_iter().flat_map(|mapping| &mapping.entries);
        entries.map(|entry| entry.key.text.clone()).collect()
    }

    /// What the document says of a name of a section of `spec`.
    pub(super) fn entry(&self, section: &str, name: &str) -> Option<&'a Node> {
        self.at(["spec", section])?.get(name)
    }

    pub(super) fn edges(&self) -> impl Iterator<Item = WrittenEdge<'a>> + use<'a> {
        let list = self.at(["spec", "edges"]).and_then(Node::as_sequence);
        let items = list
            .into_iter()
            .flat_map(|list| list.items.iter().enumerate());
        items.map(|(index, node)| {
            let text = |key: &str| Some(node.get(key)?.as_scalar()?.text.as_str());
            WrittenEdge {
                index,
                from: text("from").unwrap_or(""),
                to: text("to").unwrap_or(""),
                id: text("id"),
                node,
            }
        })
    }

    /// Whether there is such a thing.
    pub(super) fn has(&self, item: &Item) -> bool {
        match section(item) {
            Some(section) => self.entry(section, item.name()).is_some(),
            None => self.edges().any(|edge| edge.id() == item.name()),
        }
    }
}

/// Where in `spec` and in `layout` a thing with a name stands; `None` for edges.
pub(super) const fn section(item: &Item) -> Option<&'static str> {
    match item {
        Item::Node(_) => Some("nodes"),
        Item::Input(_) => Some("inputs"),
        Item::Output(_) => Some("outputs"),
        Item::Edge(_) => None,
    }
}

/// A value of the document as a value to be written; `renamed` may give a scalar another text.
pub(super) fn fragment(
    node: &Node,
    at: &mut Path,
    renamed: &impl Fn(&[String]) -> Option<String>,
) -> Fragment {
    match &node.value {
        Value::Scalar(scalar) => {
            if let Some(text) = renamed(at) {
                return Fragment::Scalar(text);
            }
            if scalar.is_null() {
                return Fragment::Raw("null".to_owned());
            }
            let is_bare = scalar.as_bool().is_some()
                || scalar.as_integer().is_some()
                || scalar.as_number().is_some();
            if is_bare {
                Fragment::Raw(scalar.text.clone())
            } else {
                Fragment::Scalar(scalar.text.clone())
            }
        }
        Value::Sequence(list) => {
            let items = list.items.iter().enumerate();
            Fragment::list(items.map(|(index, item)| {
                at.push(index.to_string());
                let item = fragment(item, at, renamed);
                at.pop();
                item
            }))
        }
        Value::Mapping(mapping) => Fragment::map(mapping.entries.iter().map(|entry| {
            at.push(entry.key.text.clone());
            let value = fragment(&entry.value, at, renamed);
            at.pop();
            (entry.key.text.clone(), value)
        })),
    }
}

/// A value of the document as it is.
pub(super) fn same(node: &Node) -> Fragment {
    fragment(node, &mut Vec::new(), &|_| None)
}
