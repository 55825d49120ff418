//! Names: which are free, and which are names at all.

use std::collections::BTreeSet;

use super::{EditError, Item};
use crate::spec::{is_node_name, is_port_name};

/// `wanted`, or with the first number behind it that is free: `embedder-2`.
pub(super) fn unique(wanted: &str, taken: &BTreeSet<String>) -> String {
    if !taken.contains(wanted) {
        return wanted.to_owned();
    }
    let (stem, first) = match wanted.rsplit_once('-') {
        Some((stem, number)) if !stem.is_empty() && !number.starts_with('0') => {
            match number.parse::<usize>() {
                Ok(number) => (stem, number.saturating_add(1)),
                Err(_) => (wanted, 2),
            }
        }
        _ => (wanted, 2),
    };
    let mut number = first;
    loop {
        let suffix = format!("-{number}");
        let room = 63_usize.saturating_sub(suffix.len());
        let stem = stem.get(..room.min(stem.len())).unwrap_or(stem);
        let name = format!("{}{suffix}", stem.trim_end_matches('-'));
        if !taken.contains(&name) {
            return name;
        }
        number = number.saturating_add(1);
    }
}

/// Whether something may have a name; [`EditError::BadName`] says why not.
pub(super) fn check(item: &Item) -> Result<(), EditError> {
    let good = match item {
        Item::Node(name) => is_node_name(name) && !matches!(&**name, "inputs" | "outputs"),
        Item::Input(name) | Item::Output(name) => is_port_name(name),
        Item::Edge(id) => !id.is_empty() && !id.contains(['\n', '\r']),
    };
    if good {
        Ok(())
    } else {
        Err(EditError::BadName(item.clone()))
    }
}
