use core::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::connect::edge_fragment;
use super::draft::{Draft, Path, Step, path};
use super::refs::{Use, refs};
use super::view::{View, WrittenEdge, edge_id, section, split_end};
use super::{Change, EditError, Item};
use crate::graph::{Graph, NodeIx, PortIx};
use crate::infer::mismatch;
use crate::spec::{Kind, Role};

pub(super) fn remove(view: View<'_>, items: &[Item], bridge: bool) -> Result<Change, EditError> {
    let draft = Draft::new(view.analysis)?;
    if let Some(missing) = items.iter().find(|item| !view.has(item)) {
        return Err(EditError::NoSuch(missing.clone()));
    }
    let gone = Gone::new(items);
    let mut paths = BTreeSet::new();
    let mut steps = Vec::new();
    for item in items {
        let Some(section) = section(item) else {
            continue;
        };
        paths.insert(Ordered(path(["spec", section, item.name()]), false));
        let mut places = vec![path(["layout", section, item.name()])];
        if let Item::Input(name) = item {
            places.push(path(["spec", "workload", "tokens", name]));
        }
        for place in places {
            if at(view, &place).is_some() {
                paths.insert(Ordered(place, true));
            }
        }
    }
    let joins = if bridge {
        bridges(view, &gone)
    } else {
        Vec::new()
    };
    let mut pushed = Vec::new();
    let mut select = Vec::new();
    let mut reused = BTreeSet::new();
    for join in &joins {
        select.push(Item::Edge(edge_id(&join.from, &join.to)));
        if join.keeps && reused.insert(join.edge) {
            let from = path(["spec", "edges", &join.edge.to_string(), "from"]);
            steps.push(Step::Scalar(from, join.from.clone()));
        } else {
            pushed.push(edge_fragment(&join.from, &join.to));
        }
    }
    for edge in view.edges() {
        if gone.takes(edge) && !reused.contains(&edge.index) {
            paths.insert(Ordered(edge.path(), false));
        }
    }
    mentions(view, &gone, &mut paths);
    let kept: Vec<&Ordered> = paths
        .iter()
        .filter(|Ordered(path, _)| {
            (1..path.len()).all(|len| {
                let above = path.get(..len).unwrap_or(path).to_vec();
                !paths.contains(&Ordered(above.clone(), false))
                    && !paths.contains(&Ordered(above, true))
            })
        })
        .collect();
    let kept = kept.into_iter().rev();
    steps.extend(kept.map(|Ordered(path, prune)| Step::Remove(path.clone(), *prune)));
    steps.push(Step::Items(path(["spec", "edges"]), pushed));
    let label = match items {
        [only] => format!("Remove {}", only.name()),
        _ => format!("Remove {} items", items.len()),
    };
    Ok(Change {
        edits: draft.steps(&steps)?,
        select,
        label,
    })
}

fn at<'a>(view: View<'a>, path: &[String]) -> Option<&'a crate::yaml::Node> {
    view.tree?.at(path.iter().map(String::as_str))
}

/// A path in the order of the document, as far as lists go; with whether what it leaves empty
/// goes too.
#[derive(PartialEq, Eq)]
struct Ordered(Path, bool);

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        let segments = self.0.iter().zip(&other.0);
        for (a, b) in segments {
            let numbers = a.parse::<usize>().ok().zip(b.parse::<usize>().ok());
            let order = numbers.map_or_else(|| a.cmp(b), |(a, b)| a.cmp(&b));
            if order != Ordering::Equal {
                return order;
            }
        }
        let lengths = self.0.len().cmp(&other.0.len());
        lengths.then(self.1.cmp(&other.1))
    }
}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What goes.
struct Gone<'a> {
    nodes: BTreeSet<&'a str>,
    inputs: BTreeSet<&'a str>,
    outputs: BTreeSet<&'a str>,
    edges: BTreeSet<&'a str>,
}

impl<'a> Gone<'a> {
    fn new(items: &'a [Item]) -> Self {
        let mut gone = Self {
            nodes: BTreeSet::new(),
            inputs: BTreeSet::new(),
            outputs: BTreeSet::new(),
            edges: BTreeSet::new(),
        };
        for item in items {
            match item {
                Item::Node(name) => gone.nodes.insert(name),
                Item::Input(name) => gone.inputs.insert(name),
                Item::Output(name) => gone.outputs.insert(name),
                Item::Edge(id) => gone.edges.insert(id),
            };
        }
        gone
    }

    fn takes_end(&self, end: &str) -> bool {
        match split_end(end) {
            ("inputs", Some(port)) => self.inputs.contains(port),
            ("outputs", Some(port)) => self.outputs.contains(port),
            (node, _) => self.nodes.contains(node),
        }
    }

    fn takes(&self, edge: WrittenEdge<'_>) -> bool {
        self.takes_end(edge.from)
            || self.takes_end(edge.to)
            || self.edges.contains(edge.id().as_str())
    }
}

/// What names a node that goes: policies, fallbacks, neighbours.
fn mentions(view: View<'_>, gone: &Gone<'_>, paths: &mut BTreeSet<Ordered>) {
    // How many of a list's items go.
    let mut items: BTreeMap<Path, Vec<Path>> = BTreeMap::new();
    for found in view.tree.map(refs).unwrap_or_default() {
        if found.used != Use::Node || !gone.nodes.contains(found.text) {
            continue;
        }
        let words: Vec<&str> = found.path.iter().map(String::as_str).collect();
        let above = |len: usize| found.path.get(..len).unwrap_or(&found.path).to_vec();
        match words.as_slice() {
            ["spec", "policies", _, "dominates", ..] => {
                paths.insert(Ordered(above(3), true));
            }
            ["spec", "nodes", _, "onFailure", "fallback"] => {
                paths.insert(Ordered(above(4), false));
            }
            [list @ .., _]
                if list.ends_with(&["order"])
                    || list.ends_with(&["coLocate"])
                    || list.ends_with(&["with"]) =>
            {
                items.entry(above(list.len())).or_default().push(found.path);
            }
            _ => {}
        }
    }
    for (list, going) in items {
        let all = at(view, &list).and_then(crate::yaml::Node::as_sequence);
        let left = all
            .map_or(0, |all| all.items.len())
            .saturating_sub(going.len());
        let words: Vec<&str> = list.iter().map(String::as_str).collect();
        let whole = match words.as_slice() {
            // An order of one says nothing.
            [.., "order"] if left < 2 => Some(1),
            [.., "coLocate"] if left == 0 => Some(0),
            // `share: {mps: {with: […]}}`: with nobody it is not shared.
            [.., "with"] if left == 0 => Some(2),
            _ => None,
        };
        if let Some(up) = whole {
            let len = list.len().saturating_sub(up);
            let policy = up == 1;
            paths.insert(Ordered(list.get(..len).unwrap_or(&list).to_vec(), policy));
        } else {
            paths.extend(going.into_iter().map(|item| Ordered(item, false)));
        }
    }
}

/// An edge that takes the place of nodes that go.
struct Join {
    from: String,
    to: String,
    /// The edge, by its place in `spec.edges`, that led to the same port before.
    edge: usize,
    /// Whether what that edge says beside its ends holds for the new one too.
    keeps: bool,
}

fn bridges(view: View<'_>, gone: &Gone<'_>) -> Vec<Join> {
    let Some(graph) = view.analysis.graph.as_ref() else {
        return Vec::new();
    };
    let is_gone = |ix: NodeIx| ix.is_model() && gone.nodes.contains(graph.name(ix));
    let written: Vec<WrittenEdge<'_>> = view.edges().collect();
    let mut fed: BTreeSet<PortIx> = BTreeSet::new();
    for edge in &graph.edges {
        if let Some((_, to)) = edge.ports
            && !is_gone(edge.source)
            && !gone.edges.contains(edge.id.as_str())
        {
            fed.insert(to);
        }
    }
    let mut joins = Vec::new();
    for edge in graph.edges.iter().filter(|edge| !edge.is_loop) {
        let Some((_, to)) = edge.ports else { continue };
        if !is_gone(edge.source) || is_gone(edge.target) {
            continue;
        }
        let is_join = graph
            .node(edge.target)
            .is_some_and(|node| node.role == Some(Role::Join));
        if !is_join && fed.contains(&to) {
            continue;
        }
        let Some(from) = source(view, graph, edge.source, to, &is_gone) else {
            continue;
        };
        let (from, to_text) = (graph.port_path(from), graph.port_path(to));
        if gone.takes_end(&from) || gone.takes_end(&to_text) {
            continue;
        }
        fed.insert(to);
        let index = written
            .iter()
            .position(|written| written.node.span == edge.span);
        let Some(written) = index.and_then(|index| written.get(index)) else {
            continue;
        };
        joins.push(Join {
            from,
            to: to_text,
            edge: written.index,
            keeps: keeps(written),
        });
    }
    joins
}

/// Whether an edge says nothing that belongs to the node where it begins.
fn keeps(edge: &WrittenEdge<'_>) -> bool {
    let mapping = edge.node.as_mapping();
    mapping.is_some_and(|mapping| {
        mapping.entries.iter().all(|entry| {
            matches!(
                &*entry.key.text,
                "from" | "to" | "role" | "required" | "maxLatency" | "timeout" | "hop"
            )
        })
    })
}

/// The output, before the nodes that go, that fits a port best: of its kind, else of any; the
/// first in the order of the inputs that it fed.
fn source(
    view: View<'_>,
    graph: &Graph,
    last: NodeIx,
    to: PortIx,
    is_gone: &impl Fn(NodeIx) -> bool,
) -> Option<PortIx> {
    let typing = &view.analysis.typing;
    // What it takes by itself: what was inferred came from the nodes that go.
    let taken = &graph.port(to)?.ty;
    let mut seen = BTreeSet::from([last]);
    let mut open = vec![last];
    let mut any = None;
    while let Some(node) = open.pop() {
        for &input in &graph.node(node)?.inputs {
            for edge in graph.edges_at(input).filter(|edge| !edge.is_loop) {
                if is_gone(edge.source) {
                    if seen.insert(edge.source) {
                        open.push(edge.source);
                    }
                    continue;
                }
                let Some((from, _)) = edge.ports else {
                    continue;
                };
                let Some(given) = typing.of(from) else {
                    continue;
                };
                if mismatch(given, taken).is_some() {
                    continue;
                }
                if given.kind == taken.kind && given.kind != Kind::Any {
                    return Some(from);
                }
                any = any.or(Some(from));
            }
        }
    }
    any
}
