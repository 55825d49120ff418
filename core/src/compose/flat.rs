//! A composed graph with names that any document may have: what exports, digests and simulations
//! take.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::level::read;
use super::rename::{Named, rename};
use crate::export::dns_label;
use crate::graph::{self, Graph};
use crate::infer::{self, Typing};
use crate::lock::Digest;
use crate::yaml::Node;

/// A graph in one document, without references to others.
#[derive(Clone, Debug)]
pub struct Flat {
    /// The graph, indexed.
    pub graph: Graph,
    /// The types of its ports.
    pub typing: Typing,
    /// The tree of its document.
    pub tree: Node,
}

/// The longest name of a node.
const LONGEST: usize = 63;
/// Digits of the digest that tell two names apart.
const MARK: usize = 8;

/// Gives every name `outer/inner` of a composed graph one without `/`, which nothing else has.
pub(super) fn flatten(composed: &Node) -> Flat {
    let names = Names::of(composed);
    let mut tree = composed.clone();
    rename(&mut tree, &|named, name| names.get(named, name));
    let graph = graph::build(&Rc::new(read(&tree))).0;
    let typing = infer::infer(&graph);
    Flat {
        graph,
        typing,
        tree,
    }
}

struct Names {
    nodes: BTreeMap<String, String>,
    types: BTreeMap<String, String>,
}

impl Names {
    fn of(tree: &Node) -> Self {
        let keys = |key: &str| {
            let map = tree.at(["spec", key]).and_then(Node::as_mapping);
            let entries = map.map_or(&[][..], |map| &map.entries).iter();
            entries.map(|entry| entry.key.text.as_str())
        };
        Self {
            nodes: claim(keys("nodes"), &dns_label, LONGEST),
            types: claim(keys("types"), &dashed, usize::MAX),
        }
    }

    fn get(&self, named: Named, name: &str) -> String {
        let known = match named {
            Named::Node => self.nodes.get(name),
            Named::Type => self.types.get(name),
            // Symbols are declared nowhere, so that nobody says which there are.
            Named::Symbol => return name.replace('/', "__"),
        };
        known.cloned().unwrap_or_else(|| name.to_owned())
    }
}

/// A type's name without `/`.
fn dashed(name: &str) -> String {
    name.replace('/', "-")
}

/// A name of its own for each; those without `/` keep theirs.
fn claim<'n>(
    names: impl Iterator<Item = &'n str> + Clone,
    plain: &dyn Fn(&str) -> String,
    longest: usize,
) -> BTreeMap<String, String> {
    let own = names.clone().filter(|name| !name.contains('/'));
    let mut taken: BTreeSet<String> = own.map(str::to_owned).collect();
    let mut claimed = BTreeMap::new();
    for name in names.filter(|name| name.contains('/')) {
        let mut wanted = plain(name);
        let mut round = 0_u32;
        while wanted.len() > longest || !taken.insert(wanted.clone()) {
            let seed = format!("{name}\0{round}");
            let mark: String = Digest::of(seed.as_bytes()).hex();
            let mark: String = mark.chars().take(MARK).collect();
            let room = longest.saturating_sub(MARK).saturating_sub(1);
            let head: String = plain(name).chars().take(room).collect();
            wanted = format!("{}-{mark}", head.trim_end_matches('-'));
            round = round.saturating_add(1);
        }
        claimed.insert(name.to_owned(), wanted);
    }
    claimed
}
