//! Nodes that have another name and are the same.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::side::Side;
use crate::order::{Arrange as _, Gather as _};
use crate::spec::form::{Form, KeyUse, TextUse};
use crate::spec::{ModelGraph, Shape as _};

/// Beyond so many pairs of a removed and an added node, names are taken as they are.
const MOST_PAIRS: usize = 250_000;

/// From so much evidence on, two nodes are one.
const ENOUGH: u32 = 4;

/// What tells that two nodes are one.
struct Evidence<'v> {
    node: &'v Value,
    neighbours: BTreeSet<(String, &'v str)>,
}

/// Which nodes of the old graph have another name in the new one: new name to old. Pairs are
/// taken by the weight of what speaks for them: the role must agree, and beside it model, foreign
/// name, or everything together with the neighbours.
pub(super) fn pairs(old: &Side<'_>, new: &Side<'_>) -> BTreeMap<String, String> {
    let gone = alone(old, new);
    let come = alone(new, old);
    let mut found = BTreeMap::new();
    if gone.len().saturating_mul(come.len()) > MOST_PAIRS {
        return found;
    }
    let mut weighed: Vec<(u32, &str, &str)> = Vec::new();
    for (&before, was) in &gone {
        for (&after, is) in &come {
            let weight = weight(was, is);
            if weight >= ENOUGH {
                weighed.push((weight, before, after));
            }
        }
    }
    weighed.arrange_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)).then(a.2.cmp(b.2)));
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    for (_, before, after) in weighed {
        if !found.contains_key(after) && taken.insert(before) {
            found.insert(after.to_owned(), before.to_owned());
        }
    }
    found
}

/// The nodes of one side that the other does not name.
fn alone<'v>(side: &'v Side<'_>, other: &Side<'_>) -> BTreeMap<&'v str, Evidence<'v>> {
    let names = side.nodes().filter(|(name, _)| other.node(name).is_none());
    let mut alone: BTreeMap<&str, Evidence<'_>> = names
        .map(|(name, node)| {
            let evidence = Evidence {
                node,
                neighbours: BTreeSet::new(),
            };
            (name.as_str(), evidence)
        })
        .gather();
    for edge in side.edges() {
        let end = |key: &str| edge.get(key).and_then(Value::as_str).unwrap_or("");
        let (from, to) = (end("from"), end("to"));
        for (here, way, there) in [(from, "out", to), (to, "in", from)] {
            let (name, port) = here.split_once('.').unwrap_or((here, ""));
            if let Some(evidence) = alone.get_mut(name) {
                let port = format!("{way} {port}");
                evidence.neighbours.insert((port, there));
            }
        }
    }
    alone
}

fn weight(was: &Evidence<'_>, is: &Evidence<'_>) -> u32 {
    let same = |pointer: &str| {
        let stated = was.node.pointer(pointer);
        stated.is_some() && stated == is.node.pointer(pointer)
    };
    if was.node.get("role") != is.node.get("role") {
        return 0;
    }
    let between = !was.neighbours.is_empty() && was.neighbours == is.neighbours;
    let points = [
        (same("/model/id"), 4),
        (same("/externalName"), 4),
        (was.node == is.node, 2),
        (between, 2),
        (same("/serving/image"), 1),
    ];
    points
        .into_iter()
        .filter(|&(holds, _)| holds)
        .map(|(_, weight)| weight)
        .sum()
}

/// What each old name is called in the new graph. A new name that the old graph has for nothing, and
/// may mention all the same, takes the place of the name that it came for: nothing old is then
/// taken for what is new.
pub(super) fn both_ways(was: &BTreeMap<String, String>) -> BTreeMap<&str, &str> {
    let pairs = was.iter().map(|(is, was)| (was.as_str(), is.as_str()));
    let mut names: BTreeMap<&str, &str> = pairs.gather();
    for is in was.keys() {
        if names.contains_key(is.as_str()) {
            continue;
        }
        // Back along the names to where they began.
        let mut first = is.as_str();
        while let Some(before) = was.get(first) {
            first = before;
        }
        names.insert(is, first);
    }
    names
}

/// Gives nodes of a resolved graph other names, wherever the format names a node.
pub(super) fn rename(resolved: &mut Value, names: &BTreeMap<&str, &str>) {
    rename_in(resolved, ModelGraph::form(), names);
    let edges = resolved.pointer_mut("/spec/edges");
    for edge in edges.and_then(Value::as_array_mut).into_iter().flatten() {
        rename_id(edge, names);
    }
}

/// The id that an edge has from its ends follows them.
fn rename_id(edge: &mut Value, names: &BTreeMap<&str, &str>) {
    let Some(id) = edge.get("id").and_then(Value::as_str) else {
        return;
    };
    let Some((from, to)) = id.split_once('→') else {
        return;
    };
    let renamed = format!("{}→{}", endpoint(from, names), endpoint(to, names));
    let end = |key: &str| edge.get(key).and_then(Value::as_str).unwrap_or("");
    if renamed == format!("{}→{}", end("from"), end("to"))
        && let Some(edge) = edge.as_object_mut()
    {
        edge.insert("id".to_owned(), Value::String(renamed));
    }
}

fn rename_in(value: &mut Value, form: Form, names: &BTreeMap<&str, &str>) {
    match value {
        Value::String(text) => match form.pick(true) {
            Form::Text(TextUse::Node) => {
                if let Some(name) = names.get(text.as_str()) {
                    (*name).clone_into(text);
                }
            }
            Form::Text(TextUse::Port) => *text = endpoint(text, names),
            _ => {}
        },
        Value::Array(items) => {
            if let Form::List(item) = form {
                for value in items.iter_mut() {
                    rename_in(value, item(), names);
                }
            }
        }
        Value::Object(map) => {
            let form = form.pick(false);
            if let Form::Map {
                key: KeyUse::Node, ..
            } = form
            {
                let entries = core::mem::take(map).into_iter();
                *map = entries
                    .map(|(key, value)| {
                        let renamed = names.get(key.as_str());
                        (renamed.map_or(key.clone(), |&name| name.to_owned()), value)
                    })
                    .collect();
            }
            for (key, value) in map.iter_mut() {
                if let Some(form) = form.step(key) {
                    rename_in(value, form, names);
                }
            }
        }
        _ => {}
    }
}

fn endpoint(text: &str, names: &BTreeMap<&str, &str>) -> String {
    let (node, port) = text.split_once('.').unwrap_or((text, ""));
    match names.get(node) {
        Some(name) if port.is_empty() => (*name).to_owned(),
        Some(name) => format!("{name}.{port}"),
        None => text.to_owned(),
    }
}
