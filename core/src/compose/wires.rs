//! The edges of a composed graph. A port of a subgraph is a *wire* there: edges that end at it go
//! on as those that begin at it inside, and the other way round.

use std::collections::{BTreeMap, BTreeSet};

use super::build;
use crate::order::Gather as _;
use crate::text::Span;
use crate::yaml::{Entry, Node, Value};

/// An edge of one document, which may begin or end at a wire.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// Where it begins: a port, a wire, or of a control edge a node.
    pub(super) from: String,
    /// Where it ends.
    pub(super) to: String,
    /// As its document has it, names prefixed.
    pub(super) tree: Node,
    /// The id of the edge in the open graph, for one of its own.
    pub(super) own: Option<String>,
    /// Whether it joins nodes, not ports.
    pub(super) control: bool,
}

/// An edge of the composed graph.
#[derive(Clone, Debug)]
pub(super) struct Joined {
    pub(super) tree: Node,
    /// The id of the edge of the open graph that it is, or is a part of.
    pub(super) own: Option<String>,
    /// Where the edges stand that it was joined from.
    pub(super) parts: Vec<Span>,
}

/// What the edges became.
#[derive(Clone, Debug, Default)]
pub(super) struct Wiring {
    /// The edges: those of the open graph in its order, behind them the others.
    pub(super) edges: Vec<Joined>,
    /// Nodes to be added, that hand a value on to several.
    pub(super) passes: Vec<Entry>,
    /// Inputs that only a wire feeds to which nothing comes.
    pub(super) hungry: BTreeSet<String>,
    /// Whether there are more edges than may be.
    pub(super) too_many: bool,
}

/// What an edge says beside its ends that only one edge can say of a value.
const SAID_ONCE: &[&str] = &[
    "when",
    "probability",
    "weight",
    "maxLatency",
    "timeout",
    "hop",
    "loop",
];

/// Whether a place is a wire: `outer/inputs.port`. No node is called `inputs` or `outputs`.
pub(super) fn is_wire(place: &str) -> bool {
    let (node, _) = place.split_once('.').unwrap_or((place, ""));
    let last = node.rsplit_once('/').map(|(_, last)| last);
    matches!(last, Some("inputs" | "outputs"))
}

/// Joins the pieces of data edges along wires. `branches` says of a node whether it gives each
/// value to one of its edges only.
pub(super) fn join(pieces: &[Piece], branches: &dyn Fn(&str) -> bool, most: usize) -> Wiring {
    let mut pieces: Vec<Piece> = pieces.to_vec();
    let mut wiring = Wiring::default();
    let wires = Wires::new(&pieces);
    let passes = wires.passes(&pieces, branches);
    for piece in &mut pieces {
        for (end, port) in [(&mut piece.from, "out"), (&mut piece.to, "in")] {
            if let Some(name) = passes.get(end.as_str()) {
                *end = format!("{name}.{port}");
            }
        }
    }
    let spans: BTreeMap<&str, &Piece> = pieces.iter().map(|piece| (&*piece.to, piece)).gather();
    for name in passes.values() {
        let end = format!("{name}.in");
        if let Some(piece) = spans.get(end.as_str()) {
            wiring.passes.push(pass(name, piece));
        }
    }
    let wires = Wires::new(&pieces);
    let mut budget = Budget {
        edges: most,
        steps: most.saturating_mul(STEPS),
    };
    let mut counts = BTreeMap::new();
    let mut firsts: BTreeMap<usize, Joined> = BTreeMap::new();
    let mut rest = Vec::new();
    let mut fed: BTreeSet<&str> = BTreeSet::new();
    for (at, piece) in pieces.iter().enumerate() {
        if is_wire(&piece.from) {
            continue;
        }
        let Some(chains) = wires.chains(&pieces, at, &mut budget) else {
            wiring.too_many = true;
            return wiring;
        };
        for chain in &chains {
            let is_own = |&&at: &&usize| pieces.get(at).is_some_and(|piece| piece.own.is_some());
            let owner = chain.iter().find(is_own).or(chain.first()).copied();
            let Some(owner) = owner else { continue };
            let count = counts.entry(owner).or_insert(0_usize);
            let chain: Vec<&Piece> = chain.iter().filter_map(|&at| pieces.get(at)).collect();
            fed.extend(chain.last().map(|last| &*last.to));
            let Some(joined) = one(&chain, *count) else {
                continue;
            };
            *count = count.saturating_add(1);
            if *count == 1 && joined.own.is_some() {
                firsts.insert(owner, joined);
            } else {
                rest.push(joined);
            }
        }
    }
    // The open graph's edges keep their places, as far as there is one for each.
    wiring.edges = firsts.into_values().collect();
    wiring.edges.extend(rest);
    let ends = pieces.iter().filter(|piece| is_wire(&piece.from));
    let ends = ends.map(|piece| &*piece.to).filter(|end| !is_wire(end));
    wiring.hungry = ends
        .filter(|end| !fed.contains(end))
        .map(str::to_owned)
        .gather();
    wiring
}

/// Which pieces begin and end at each wire.
struct Wires {
    leaving: BTreeMap<String, Vec<usize>>,
    entering: BTreeMap<String, Vec<usize>>,
    /// Pieces from which a way leads to an end that is no wire.
    ending: BTreeSet<usize>,
}

impl Wires {
    fn new(pieces: &[Piece]) -> Self {
        let mut wires = Self {
            leaving: BTreeMap::new(),
            entering: BTreeMap::new(),
            ending: BTreeSet::new(),
        };
        for (at, piece) in pieces.iter().enumerate() {
            for (end, of) in [
                (&piece.from, &mut wires.leaving),
                (&piece.to, &mut wires.entering),
            ] {
                if is_wire(end) {
                    of.entry(end.clone()).or_default().push(at);
                }
            }
        }
        let all = pieces.iter().enumerate();
        let ends = all.filter(|(_, piece)| !is_wire(&piece.to));
        let mut open: Vec<usize> = ends.map(|(at, _)| at).collect();
        while let Some(at) = open.pop() {
            if wires.ending.insert(at)
                && let Some(piece) = pieces.get(at)
            {
                open.extend(wires.entering.get(&piece.from).into_iter().flatten());
            }
        }
        wires
    }

    fn of<'w, 'p>(
        map: &'w BTreeMap<String, Vec<usize>>,
        pieces: &'p [Piece],
        wire: &str,
    ) -> impl Iterator<Item = &'p Piece> + use<'w, 'p> {
        let found = map.get(wire).into_iter().flatten();
        found.filter_map(|&at| pieces.get(at))
    }

    /// The wires that have to be nodes, each with its node's name: where both sides say what only
    /// one edge can say, or one branch goes on to several ends.
    fn passes(
        &self,
        pieces: &[Piece],
        branches: &dyn Fn(&str) -> bool,
    ) -> BTreeMap<String, String> {
        let mut passes = BTreeMap::new();
        for (wire, leaving) in &self.leaving {
            let adorned = Self::of(&self.leaving, pieces, wire).any(says);
            if leaving.len() < 2 && !adorned {
                continue;
            }
            let mut open = vec![wire.as_str()];
            let mut seen: BTreeSet<&str> = BTreeSet::from([wire.as_str()]);
            let mut needed = false;
            while let Some(at) = open.pop() {
                for piece in Self::of(&self.entering, pieces, at) {
                    let node = piece.from.split_once('.').map_or("", |(node, _)| node);
                    needed |= says(piece) || (leaving.len() > 1 && branches(node));
                    if is_wire(&piece.from) && seen.insert(&piece.from) {
                        open.push(&piece.from);
                    }
                }
            }
            if needed {
                passes.insert(wire.clone(), wire.replacen('.', "/", 1));
            }
        }
        passes
    }

    /// All ways from a piece on to an end that is no wire; `None` where there are more than may
    /// be, or looking takes too long.
    fn chains(
        &self,
        pieces: &[Piece],
        first: usize,
        budget: &mut Budget,
    ) -> Option<Vec<Vec<usize>>> {
        let mut found = Vec::new();
        let mut chain: Vec<usize> = Vec::new();
        let mut within: BTreeSet<usize> = BTreeSet::new();
        let mut open = vec![(0_usize, first)];
        while let Some((depth, at)) = open.pop() {
            budget.steps = budget.steps.checked_sub(1)?;
            for left in chain.split_off(depth.min(chain.len())) {
                within.remove(&left);
            }
            let Some(piece) = pieces.get(at) else {
                continue;
            };
            chain.push(at);
            within.insert(at);
            if !is_wire(&piece.to) {
                budget.edges = budget.edges.checked_sub(1)?;
                found.push(chain.clone());
                continue;
            }
            let below = depth.saturating_add(1);
            let leaving = self.leaving.get(&piece.to).into_iter().flatten().rev();
            // Wires may lead round in a ring that no node stands in, or nowhere.
            let on = leaving.filter(|next| !within.contains(next) && self.ending.contains(next));
            open.extend(on.map(|&next| (below, next)));
        }
        Some(found)
    }
}

/// How much may be done yet.
struct Budget {
    /// Edges that there may be.
    edges: usize,
    /// Steps along wires.
    steps: usize,
}

/// Steps along wires for each edge that there may be.
const STEPS: usize = 16;

fn says(piece: &Piece) -> bool {
    SAID_ONCE.iter().any(|key| piece.tree.get(key).is_some())
}

/// A node that hands on what it gets, which a join of one edge does.
fn pass(name: &str, piece: &Piece) -> Entry {
    let span = piece.tree.span;
    let entries = [("role", "join"), ("join", "any")];
    let entries = entries.map(|(key, word)| build::entry(key, build::plain(&word, span)));
    build::entry(name, build::map(entries.to_vec(), span))
}

/// A chain of pieces as one edge; `count` are those of the same edge before it.
fn one(chain: &[&Piece], count: usize) -> Option<Joined> {
    let (first, last) = (chain.first()?, chain.last()?);
    let owner = chain
        .iter()
        .find(|piece| piece.own.is_some())
        .unwrap_or(first);
    let mut tree = owner.tree.clone();
    let end = |piece: &Piece, key: &str, text: &str| {
        let span = piece.tree.get(key).map_or(piece.tree.span, |end| end.span);
        build::text(text, span)
    };
    let ends = [
        ("from", end(first, "from", &first.from)),
        ("to", end(last, "to", &last.to)),
    ];
    for (key, value) in ends {
        build::take(&mut tree, key);
        build::fill(&mut tree, &[key], value);
    }
    if let Some(id) = build::get_mut(&mut tree, "id").filter(|_| count > 0)
        && let Value::Scalar(scalar) = &mut id.value
    {
        scalar.text = format!("{}/{count}", scalar.text);
    }
    for piece in chain.iter().filter(|piece| !core::ptr::eq(**piece, *owner)) {
        let map = piece.tree.as_mapping();
        for entry in map.map_or(&[][..], |map| &map.entries) {
            let key = entry.key.text.as_str();
            let stated = entry.value.as_scalar().map(|scalar| &*scalar.text);
            match key {
                "from" | "to" | "id" => continue,
                // One piece whose data may be missing is enough.
                "required" if stated == Some("false") => {
                    build::take(&mut tree, key);
                }
                "role" if is_data(&tree) => {
                    build::take(&mut tree, key);
                }
                _ => {}
            }
            if let ("checks", Value::Mapping(checks)) = (key, &entry.value.value) {
                for check in &checks.entries {
                    let path = [key, &*check.key.text];
                    build::fill(&mut tree, &path, check.value.clone());
                }
            } else {
                build::fill(&mut tree, &[key], entry.value.clone());
            }
        }
    }
    Some(Joined {
        tree,
        own: owner.own.clone(),
        parts: chain.iter().map(|piece| piece.tree.span).collect(),
    })
}

fn is_data(edge: &Node) -> bool {
    let role = edge.get("role").and_then(Node::as_scalar);
    role.is_none_or(|role| role.text == "data")
}
