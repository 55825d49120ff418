//! What flows from where to where.

use std::collections::BTreeMap;

use serde_json::Value;

use super::class;
use super::compare::{About, Compared};
use super::side::{Shown, Side, flow};
use crate::order::Gather as _;
use crate::spec::{self, Shape as _};
use crate::yaml;

impl<'a> Compared<'_, 'a> {
    pub(super) fn edges(&mut self) {
        let (old, new) = (self.old, self.new);
        let (mut before, after) = (by_id(old), by_id(new));
        let mut known: BTreeMap<(&str, &str), &str> = BTreeMap::new();
        for (id, edge) in &before {
            if !after.contains_key(id) {
                known.insert(ends(edge), id);
            }
        }
        for (id, edge) in &after {
            let found = before.remove(id).map(|edge| (*id, edge));
            let found = found.or_else(|| {
                let id = known.get(&ends(edge)).copied()?;
                Some((id, before.remove(id)?))
            });
            match found {
                Some((old_id, was)) => self.edge(id, old_id, was, edge),
                None => self.one_sided_edge(id, edge, false),
            }
        }
        for (id, edge) in before {
            self.one_sided_edge(id, edge, true);
        }
    }

    /// The id that an edge has in the old document, where nodes may have had other names.
    fn written_id(&self, id: &str) -> String {
        let Some((from, to)) = id.split_once('→') else {
            return id.to_owned();
        };
        let end = |text: &str| {
            let (node, port) = text
                .split_once('.')
                .map_or((text, None), |(node, port)| (node, Some(port)));
            let node = self.old_name(node);
            port.map_or_else(|| node.to_owned(), |port| format!("{node}.{port}"))
        };
        format!("{}→{}", end(from), end(to))
    }

    fn written_edges(&self, old_id: &str, id: &str) -> [Option<&'a yaml::Node>; 2] {
        let old = self.old.written_edge(old_id);
        let old = old.or_else(|| self.old.written_edge(&self.written_id(old_id)));
        [old, self.new.written_edge(id)]
    }

    fn edge(&mut self, id: &str, old_id: &str, old: &Value, new: &Value) {
        let about = About {
            edge: Some(id),
            ..About::default()
        };
        let parts = self.written_edges(old_id, id);
        let kind = |path: &str| match path {
            "id" => &class::RENAMED,
            path => class::of_edge(path),
        };
        self.part(
            about,
            spec::Edge::form(),
            [Some(old), Some(new)],
            parts,
            &kind,
        );
        self.words(about, parts, "");
    }

    fn one_sided_edge(&mut self, id: &str, edge: &Value, removed: bool) {
        let other = if removed { self.new } else { self.old };
        // It went or came with its node.
        let has = |end: &str| {
            let name = end.split_once('.').map_or(end, |(node, _)| node);
            matches!(name, "inputs" | "outputs") || other.node(name).is_some()
        };
        let (from, to) = ends(edge);
        if !has(from) || !has(to) {
            return;
        }
        let (kind, verb) = if removed {
            (&class::EDGE_REMOVED, "removed")
        } else {
            (&class::EDGE_ADDED, "new")
        };
        let parts = if removed {
            [
                self.written_edges(id, id)[0],
                self.new.tree.at(["spec", "edges"]),
            ]
        } else {
            [
                self.old.tree.at(["spec", "edges"]),
                self.new.written_edge(id),
            ]
        };
        let [was, is] = parts.map(|part| part.map(|part| part.span));
        let text = flow(edge);
        let shown = Shown::both(
            [removed.then(|| text.clone()), (!removed).then_some(text)],
            [was, is],
        );
        let about = About {
            edge: Some(id),
            ..About::default()
        };
        let message = format!("the edge from `{from}` to `{to}` is {verb}");
        self.push(kind, about, "", shown, message);
    }
}

fn by_id<'v>(side: &'v Side<'_>) -> BTreeMap<&'v str, &'v Value> {
    let edges = side.edges().filter_map(|edge| {
        let id = edge.get("id").and_then(Value::as_str)?;
        Some((id, edge))
    });
    edges.gather()
}

fn ends(edge: &Value) -> (&str, &str) {
    let end = |key: &str| edge.get(key).and_then(Value::as_str).unwrap_or("");
    (end("from"), end("to"))
}

pub(super) fn touches(edge: &Value, name: &str) -> bool {
    let (from, to) = ends(edge);
    let is = |end: &str| end.split_once('.').map_or(end, |(node, _)| node) == name;
    is(from) || is(to)
}
