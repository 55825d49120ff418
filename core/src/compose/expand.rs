//! A graph with each subgraph in the place of its node.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::level::{Level, read};
use super::wires::{Joined, Piece, Wiring, join};
use super::{MOST_EDGES, build, named};
use crate::check::Diagnostic;
use crate::graph::{self, Graph, edge_id};
use crate::infer::{self, Typing};
use crate::order::Gather as _;
use crate::text::Span;
use crate::yaml::{Entry, Node, Sequence, Value};

/// The composed graph.
#[derive(Clone, Debug)]
pub(super) struct Expanded {
    /// Its document; the places are those of the texts that were brought in.
    pub(super) tree: Node,
    pub(super) graph: Graph,
    pub(super) typing: Typing,
    /// What is wrong with its types.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// What each edge was made of, by its id.
    pub(super) origins: BTreeMap<String, Origin>,
    /// Inputs, `node.port`, that only a wire feeds to which nothing comes.
    pub(super) hungry: BTreeSet<String>,
}

/// What an edge of a composed graph was made of.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// The id of the edge of the open graph that it is, or is a part of.
    pub(super) own: Option<String>,
    /// Where the edges stand that it was joined from.
    pub(super) parts: Vec<Span>,
}

/// What a subgraph's node says that holds of every node in it.
const HANDED_ON: &[&str] = &["required", "onFailure", "external"];

/// Puts every subgraph in its node's place; `None` where there would be too many edges.
pub(super) fn expand(levels: &[Level], root: usize) -> Option<Expanded> {
    let mut parts = Parts {
        levels,
        types: Vec::new(),
        nodes: Vec::new(),
        pools: Vec::new(),
        pieces: Vec::new(),
    };
    let level = levels.get(root)?;
    parts.gather(level, &build::map(Vec::new(), level.tree.span));
    let roles: BTreeMap<&str, &str> = parts.nodes.iter().filter_map(role).gather();
    let branches = |node: &str| matches!(roles.get(node), Some(&("router" | "splitter")));
    let (control, data): (Vec<Piece>, Vec<Piece>) = core::mem::take(&mut parts.pieces)
        .into_iter()
        .partition(|piece| piece.control);
    let mut wiring = join(&data, &branches, MOST_EDGES);
    let scopes: BTreeSet<&str> = levels.iter().map(|level| &*level.scope).gather();
    named::put(&mut parts.nodes, &scopes);
    let control = controls(&control, &parts.nodes, &wiring, &scopes);
    wiring.edges.extend(control);
    if wiring.too_many || wiring.edges.len() > MOST_EDGES {
        return None;
    }
    Some(parts.finish(level, wiring))
}

fn role(entry: &Entry) -> Option<(&str, &str)> {
    let role = entry.value.get("role")?.as_scalar()?;
    Some((&entry.key.text, &role.text))
}

struct Parts<'l> {
    levels: &'l [Level],
    types: Vec<Entry>,
    nodes: Vec<Entry>,
    pools: Vec<Node>,
    pieces: Vec<Piece>,
}

impl Parts<'_> {
    /// Takes what a level has, and its subgraphs; `node` is the node that brings it in.
    fn gather(&mut self, level: &Level, node: &Node) {
        let body = level.tree.get("spec");
        let part = |key: &str| body.and_then(|body| body.get(key));
        let checks = part("checks").filter(|_| !level.scope.is_empty());
        let of_map = |node: Option<&Node>| {
            let map = node.and_then(Node::as_mapping);
            map.map_or(Vec::new(), |map| map.entries.clone())
        };
        let of_list = |node: Option<&Node>| {
            let list = node.and_then(Node::as_sequence);
            list.map_or(Vec::new(), |list| list.items.clone())
        };
        self.types.extend(of_map(part("types")));
        let pools = part("hardware").and_then(|hardware| hardware.get("pools"));
        self.pools(of_list(pools));
        let ends = Ends::new(level);
        for mut edge in of_list(part("edges")) {
            inherit(&mut edge, checks, node.get("checks"));
            self.pieces.extend(ends.piece(edge));
        }
        for mut entry in of_map(part("nodes")) {
            let name = entry.key.text.as_str();
            if name.starts_with("x-") {
                continue;
            }
            inherit(&mut entry.value, checks, node.get("checks"));
            if !level.scope.is_empty() {
                hand_on(&mut entry.value, node);
            }
            let inner = level.subgraphs.get(name);
            if let Some(inner) = inner.and_then(|&inner| self.levels.get(inner)) {
                self.gather(inner, &entry.value);
                continue;
            }
            if level.merged.contains(name) {
                build::take(&mut entry.value, "specRef");
            }
            self.nodes.push(entry);
        }
    }

    /// A pool of the same name is the same: what the outer graph says of it counts.
    fn pools(&mut self, pools: Vec<Node>) {
        for pool in pools {
            let name = |pool: &Node| Some(pool.get("name")?.as_scalar()?.text.clone());
            let wanted = name(&pool);
            if wanted.is_none() || self.pools.iter().all(|known| name(known) != wanted) {
                self.pools.push(pool);
            }
        }
    }

    fn finish(mut self, root: &Level, wiring: Wiring) -> Expanded {
        self.nodes.extend(wiring.passes);
        let mut tree = root.tree.clone();
        let span = tree.span;
        if let Some(body) = build::get_mut(&mut tree, "spec") {
            let items = wiring.edges.iter().map(|edge| edge.tree.clone()).collect();
            for (key, value) in [
                ("types", build::map(self.types, span)),
                ("nodes", build::map(self.nodes, span)),
                ("edges", list(items, span)),
            ] {
                let before = build::take(body, key);
                let value = Node {
                    span: before.map_or(span, |before| before.span),
                    ..value
                };
                if value.as_mapping().is_none_or(|map| !map.entries.is_empty()) {
                    build::fill(body, &[key], value);
                }
            }
            if !self.pools.is_empty() {
                if let Some(hardware) = build::get_mut(body, "hardware") {
                    build::take(hardware, "pools");
                }
                build::fill(body, &["hardware", "pools"], list(self.pools, span));
            }
        }
        let spec = Rc::new(read(&tree));
        let (graph, diagnostics) = graph::build(&spec);
        let typing = infer::infer(&graph);
        Expanded {
            origins: origins(&graph, wiring.edges),
            hungry: wiring.hungry,
            tree,
            graph,
            typing,
            diagnostics,
        }
    }
}

fn list(items: Vec<Node>, span: Span) -> Node {
    Node {
        span,
        value: Value::Sequence(Sequence { items, flow: true }),
        alias: false,
    }
}

/// What the edges of the composed graph were made of.
fn origins(graph: &Graph, edges: Vec<Joined>) -> BTreeMap<String, Origin> {
    let mut joined = edges.into_iter();
    let mut origins = BTreeMap::new();
    for edge in graph.spec.edges() {
        // What could not be read as an edge is left out of the one list, not of the other.
        let from = edge.from.as_ref().map(|from| from.span);
        let is_it = |joined: &Joined| {
            let begins = joined.tree.get("from").map(|from| from.span);
            joined.tree.span == edge.span && begins == from
        };
        if let (Some(Joined { own, parts, .. }), Some(id)) =
            (joined.by_ref().find(is_it), edge_id(edge))
        {
            origins.entry(id).or_insert(Origin { own, parts });
        }
    }
    origins
}

/// Adds the severities that an enclosing graph and its node set, where none is set.
fn inherit(part: &mut Node, graph: Option<&Node>, node: Option<&Node>) {
    for checks in [graph, node].into_iter().flatten() {
        let map = checks.as_mapping();
        for check in map.map_or(&[][..], |map| &map.entries) {
            build::fill(part, &["checks", &check.key.text], check.value.clone());
        }
    }
}

/// Lets a node be what the node of its subgraph is: optional, left out on failure, run by others.
fn hand_on(part: &mut Node, node: &Node) {
    for key in HANDED_ON {
        let Some(stated) = node.get(key) else {
            continue;
        };
        let weaker = match *key {
            "required" => stated.as_scalar().is_some_and(|word| word.text == "false"),
            "external" => stated.as_scalar().is_some_and(|word| word.text == "true"),
            _ => false,
        };
        if weaker {
            build::take(part, key);
        }
        if weaker || *key == "onFailure" {
            build::fill(part, &[key], stated.clone());
        }
    }
}

/// Where the edges of a level begin and end in the composed graph.
struct Ends<'l> {
    level: &'l Level,
    /// Ends at ports that a node does not have: they stay, and are told of where they stand.
    broken: BTreeSet<&'l str>,
    /// The ids of the open graph's edges by their places.
    ids: BTreeMap<Span, String>,
}

impl<'l> Ends<'l> {
    fn new(level: &'l Level) -> Self {
        let broken = level.graph.broken.iter();
        let ends = broken.flat_map(|edge| [&edge.from, &edge.to]);
        let unknown = ends.filter(|end| end.node.is_some() && end.port.is_none());
        let edges = level.graph.spec.edges().filter(|_| level.scope.is_empty());
        Self {
            level,
            broken: unknown.map(|end| &*end.text).gather(),
            ids: edges
                .filter_map(|edge| Some((edge.span, edge_id(edge)?)))
                .gather(),
        }
    }

    fn is_inner(&self) -> bool {
        !self.level.scope.is_empty()
    }

    /// An end as the composed graph has it: at a subgraph, or at the own ports of a graph that is
    /// one, it is a wire.
    fn end(&self, end: String, side: &str) -> String {
        let Some((node, port)) = end.split_once('.') else {
            return end;
        };
        if self.broken.contains(&*end) {
            return end;
        }
        if self.level.subgraphs.contains_key(node) {
            format!("{node}/{side}.{port}")
        } else if self.is_inner() && matches!(node, "inputs" | "outputs") {
            format!("{}/{node}.{port}", self.level.scope)
        } else {
            end
        }
    }

    fn piece(&self, mut tree: Node) -> Option<Piece> {
        let text = |key: &str| Some(tree.get(key)?.as_scalar()?.text.clone());
        let (mut from, mut to) = (text("from")?, text("to")?);
        let control = text("role").as_deref() == Some("control");
        if !control {
            from = self.end(from, "outputs");
            to = self.end(to, "inputs");
        }
        if self.is_inner()
            && let Some(id) = build::get_mut(&mut tree, "id")
            && let Value::Scalar(scalar) = &mut id.value
        {
            scalar.text = format!("{}/{}", self.level.scope, scalar.text);
        }
        Some(Piece {
            from,
            to,
            own: self.ids.get(&tree.span).cloned(),
            tree,
            control,
        })
    }
}

/// Control edges: one from or to a subgraph is one from its last nodes, or to its first.
fn controls(
    pieces: &[Piece],
    nodes: &[Entry],
    wiring: &Wiring,
    scopes: &BTreeSet<&str>,
) -> Vec<Joined> {
    let mut known: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    let mut meant = |name: &'_ str, key: &'static str| -> Vec<String> {
        if name.is_empty() || !scopes.contains(name) {
            return vec![name.to_owned()];
        }
        let Some(&name) = scopes.get(name) else {
            return Vec::new();
        };
        let outermost = || outermost(name, key, nodes, wiring);
        known.entry((name, key)).or_insert_with(outermost).clone()
    };
    let mut joined = Vec::new();
    for piece in pieces {
        let to = meant(&piece.to, "to");
        for from in meant(&piece.from, "from") {
            for to in &to {
                if joined.len() > MOST_EDGES {
                    return joined;
                }
                let mut tree = piece.tree.clone();
                for (key, text) in [("from", &from), ("to", to)] {
                    let span = build::take(&mut tree, key).map_or(tree.span, |end| end.span);
                    build::fill(&mut tree, &[key], build::text(text, span));
                }
                joined.push(Joined {
                    own: piece.own.clone(),
                    parts: vec![tree.span],
                    tree,
                });
            }
        }
    }
    joined
}

/// The nodes of a subgraph that are no `from`, or no `to`, of an edge within it.
fn outermost(name: &str, key: &str, nodes: &[Entry], wiring: &Wiring) -> Vec<String> {
    let prefix = format!("{name}/");
    let end = |edge: &Joined, key: &str| {
        let end = edge.tree.get(key)?.as_scalar()?;
        let (node, _) = end.text.split_once('.')?;
        node.starts_with(&prefix).then(|| node.to_owned())
    };
    let within = wiring.edges.iter().filter_map(|edge| {
        let (from, to) = (end(edge, "from")?, end(edge, "to")?);
        Some(if key == "from" { from } else { to })
    });
    let within: BTreeSet<String> = within.gather();
    let names = nodes.iter().map(|entry| &entry.key.text);
    let names = names.filter(|name| name.starts_with(&prefix) && !within.contains(*name));
    names.cloned().collect()
}
