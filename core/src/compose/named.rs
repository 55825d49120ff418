//! Nodes that name a subgraph: where its node is no more, the nodes in it are meant.

use std::collections::{BTreeMap, BTreeSet};

use super::build;
use crate::yaml::{Entry, Node, Value};

/// Lists of nodes that a node may name, as paths of keys.
const LISTS: &[&[&str]] = &[
    &["placement", "coLocate"],
    &["placement", "share", "mps", "with"],
    &["placement", "share", "timeSlice", "with"],
];

/// Puts the nodes of a subgraph where a node names it: all of them in a list, the first as what
/// takes another's place.
pub(super) fn put(nodes: &mut [Entry], scopes: &BTreeSet<&str>) {
    let mut inside: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in nodes.iter() {
        let name = &entry.key.text;
        let ends = name.match_indices('/').map(|(at, _)| at);
        for scope in ends.filter_map(|at| name.get(..at)) {
            if scopes.contains(scope) {
                inside
                    .entry(scope.to_owned())
                    .or_default()
                    .push(name.clone());
            }
        }
    }
    if inside.is_empty() {
        return;
    }
    for entry in nodes {
        for path in LISTS {
            if let Some(list) = at_mut(&mut entry.value, path) {
                spread(list, &inside, &entry.key.text);
            }
        }
        let fallback = at_mut(&mut entry.value, &["onFailure", "fallback"]);
        if let Some(Value::Scalar(word)) = fallback.map(|node| &mut node.value)
            && let Some(first) = inside.get(&word.text).and_then(|all| all.first())
        {
            word.text.clone_from(first);
        }
    }
}

fn at_mut<'n>(node: &'n mut Node, path: &[&str]) -> Option<&'n mut Node> {
    path.iter()
        .try_fold(node, |node, key| build::get_mut(node, key))
}

fn spread(list: &mut Node, inside: &BTreeMap<String, Vec<String>>, own: &str) {
    let Value::Sequence(list) = &mut list.value else {
        return;
    };
    let items = core::mem::take(&mut list.items);
    for item in items {
        let named = item.as_scalar().and_then(|word| inside.get(&word.text));
        match named {
            Some(all) => {
                let others = all.iter().filter(|name| *name != own);
                let named = others.map(|name| build::text(name, item.span));
                list.items.extend(named);
            }
            None => list.items.push(item),
        }
    }
}
