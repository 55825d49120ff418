//! What rules find in a composed graph, in terms of the open text.

use std::collections::{BTreeMap, BTreeSet};

use super::Composition;
use super::level::Level;
use crate::check::derived::Derived;
use crate::check::{self, Code, Context, Diagnostic};
use crate::graph::NodeIx;
use crate::order::{Arrange as _, Gather as _};
use crate::text::Span;

/// Rules of what passes along an edge. They hold at the ports of a subgraph too, where its own
/// document promises something.
const BORDERS: &[&str] = &[
    "MG104", "MG201", "MG202", "MG203", "MG204", "MG205", "MG208", "MG301", "MG302", "MG303",
    "MG304", "MG308", "MG309", "MG310",
];
/// The rule of ends that name nothing, which each graph knows best of its own.
const MISSPELT: &str = "MG101";
/// Rules of what a node promises: that of a subgraph promises for all in it.
const PROMISES: &[&str] = &["MG401", "MG402", "MG403", "MG404"];
/// The rule that holds what the policies of a document say.
const POLICIES: &str = "MG311";

/// All that the rules find, in the order of the text.
pub(crate) fn findings(cx: &Context<'_>, composition: &Composition) -> Vec<Diagnostic> {
    let Some((graph, typing, _)) = composition.whole() else {
        return check::check(cx);
    };
    let teller = Teller::new(composition);
    let derived = Derived::default();
    let composed = check::check(&Context {
        graph,
        typing,
        derived: &derived,
        ..*cx
    });
    let composed: Vec<Diagnostic> = composed
        .into_iter()
        .filter(|found| teller.holds(found))
        .collect();
    let mut borders = Vec::new();
    for level in &composition.levels {
        borders.extend(of_level(cx, level, &composed, &teller));
    }
    // What is misspelt at a subgraph is known best where the subgraph is a node.
    let known: BTreeSet<(Code, Span)> = borders
        .iter()
        .map(|(_, found)| (found.code, found.span))
        .gather();
    let mut told = Vec::new();
    let mut seen = BTreeMap::new();
    let composed = composed.into_iter().map(|found| (false, found));
    for (is_border, found) in borders.into_iter().chain(composed) {
        if !is_border && found.code.0 == MISSPELT && known.contains(&(found.code, found.span)) {
            continue;
        }
        told.extend(teller.tell(found, &mut seen));
    }
    told.arrange_by(|a, b| {
        let order = |found: &Diagnostic| (found.span, found.code);
        let texts = a.message.cmp(&b.message);
        order(a).cmp(&order(b)).then(texts)
    });
    told.dedup();
    told
}

/// Findings of reading what is brought in, and of its types.
pub(super) fn of_reading(composition: &Composition, known: &[Diagnostic]) -> Vec<Diagnostic> {
    let teller = Teller::new(composition);
    let known: BTreeSet<(Code, Span)> = known.iter().map(|found| (found.code, found.span)).gather();
    let types = composition.expanded.iter();
    let types = types.flat_map(|whole| &whole.diagnostics);
    let all = composition.unread.iter().chain(types);
    let new = all.filter(|found| !known.contains(&(found.code, found.span)));
    let mut seen = BTreeMap::new();
    new.filter_map(|found| teller.tell(found.clone(), &mut seen))
        .collect()
}

/// What a level's own graph shows that the composed one cannot: faults at the ports of subgraphs
/// and of the level itself, and against its policies. With whether it is at a border.
fn of_level(
    cx: &Context<'_>,
    level: &Level,
    composed: &[Diagnostic],
    teller: &Teller<'_>,
) -> Vec<(bool, Diagnostic)> {
    let is_open = level.scope.is_empty();
    let graph = &level.graph;
    let derived = Derived::default();
    let found = check::check(&Context {
        graph,
        typing: &level.typing,
        derived: &derived,
        editable: cx.editable && is_open,
        ..*cx
    });
    let policies = level.tree.at(["spec", "policies"]).map(|list| list.span);
    let at_border =
        |ix: NodeIx| level.subgraphs.contains_key(graph.name(ix)) || !is_open && !ix.is_model();
    let mut edges: BTreeMap<&str, Span> = BTreeMap::new();
    for edge in &graph.edges {
        if at_border(edge.source) || at_border(edge.target) {
            edges.insert(&edge.id, edge.span);
        }
    }
    for edge in &graph.broken {
        if [&edge.from, &edge.to]
            .iter()
            .any(|end| end.node.is_some_and(at_border))
        {
            edges.insert(&edge.id, edge.span);
        }
    }
    let nodes: BTreeSet<&str> = level.subgraphs.keys().map(String::as_str).gather();
    let counts = |found: &Diagnostic| {
        let code = found.code.0;
        let node = found.node.as_deref();
        let own = node.is_some_and(|name| {
            nodes.contains(name) || !is_open && matches!(name, "inputs" | "outputs")
        });
        let edge = found.edge.as_deref().and_then(|id| edges.get(id));
        // What follows when all of a subgraph is left out, the composed graph shows.
        if code == "MG205" && teller.is_left_out(found) {
            return false;
        }
        if code == MISSPELT {
            return edge.is_some();
        }
        if BORDERS.contains(&code) {
            return match (&found.edge, edge) {
                (Some(_), Some(&span)) => !teller.is_told(composed, found.code, span),
                (Some(_), None) => false,
                (None, _) => own,
            };
        }
        if PROMISES.contains(&code) {
            let rows = || {
                found
                    .table
                    .iter()
                    .any(|row| nodes.contains(row.what.trim_matches('`')))
            };
            let told = || {
                composed
                    .iter()
                    .any(|other| other.code == found.code && other.span == found.span)
            };
            return (own || edge.is_some() || rows()) && !told();
        }
        let inside =
            policies.is_some_and(|all| all.start <= found.span.start && found.span.end <= all.end);
        code == POLICIES && !is_open && inside
    };
    let kept = found.into_iter().filter(counts);
    kept.map(|mut found| {
        if !is_open {
            found.edge = None;
            // What the graph calls its own is a port of the node that brings it in.
            let is_own = matches!(found.node.as_deref(), Some("inputs" | "outputs"));
            found.port = found.port.filter(|_| is_own);
            found.node = Some(level.scope.clone());
        }
        (true, found)
    })
    .collect()
}

/// Puts findings into terms of the open text.
struct Teller<'c> {
    composition: &'c Composition,
    /// Where nodes of subgraphs say that they may be left out.
    optional: BTreeSet<Span>,
}

/// The reference that a finding was told of, by its rule and where it stands in its own document.
type Seen = BTreeMap<(Code, String, Span), usize>;

impl<'c> Teller<'c> {
    fn new(composition: &'c Composition) -> Self {
        let mut optional = BTreeSet::new();
        for level in &composition.levels {
            let spec = &level.graph.spec;
            for node in level.subgraphs.keys().filter_map(|name| spec.node(name)) {
                optional.extend(node.required.map(|stated| stated.span));
                optional.extend(node.on_failure.as_ref().map(|stated| stated.span));
            }
        }
        Self {
            composition,
            optional,
        }
    }

    /// Whether a finding of the composed graph is one: a subgraph that lacks a value is told of at
    /// its own port, and within one that may be left out nothing is missing.
    fn holds(&self, found: &Diagnostic) -> bool {
        let Some(whole) = &self.composition.expanded else {
            return true;
        };
        match found.code.0 {
            "MG104" => {
                let at = (found.node.as_deref(), found.port.as_deref());
                let (Some(node), Some(port)) = at else {
                    return true;
                };
                !whole.hungry.contains(&format!("{node}.{port}"))
            }
            "MG205" => !(self.is_left_out(found) && self.is_inside(found)),
            _ => true,
        }
    }

    /// Whether a finding is because a subgraph may be left out.
    fn is_left_out(&self, found: &Diagnostic) -> bool {
        let mut because = found.related.iter();
        because.any(|related| self.optional.contains(&related.span))
    }

    /// Whether a finding is of an edge of which no part is outside of its subgraph.
    fn is_inside(&self, found: &Diagnostic) -> bool {
        let whole = self.composition.expanded.as_ref();
        let origin = whole.zip(found.edge.as_ref());
        let origin = origin.and_then(|(whole, id)| whole.origins.get(id));
        origin.is_some_and(|origin| origin.own.is_none())
    }

    /// Whether a rule has told of an edge that this one is a part of.
    fn is_told(&self, composed: &[Diagnostic], code: Code, part: Span) -> bool {
        let Some(whole) = &self.composition.expanded else {
            return false;
        };
        composed
            .iter()
            .filter(|found| found.code == code)
            .any(|found| {
                let origin = found.edge.as_ref().and_then(|id| whole.origins.get(id));
                origin.is_some_and(|origin| origin.parts.contains(&part))
            })
    }

    /// The finding in terms of the open text; `None` where another reference to the same document
    /// has told it.
    fn tell(&self, mut found: Diagnostic, seen: &mut Seen) -> Option<Diagnostic> {
        let sources = &self.composition.sources;
        let spans = found.related.iter().map(|related| related.span);
        let is_inner = spans
            .chain([found.span])
            .all(|span| sources.place(span).is_some());
        if let Some(place) = sources.place(found.span).filter(|_| is_inner) {
            let key = (found.code, place.path.to_owned(), place.span);
            if *seen.entry(key).or_insert(place.stretch) != place.stretch {
                return None;
            }
        }
        if let Some(place) = sources.place(found.span) {
            found.message = format!("{} (at {})", found.message, place.words);
            found.span = place.at;
        }
        for related in &mut found.related {
            if let Some(place) = sources.place(related.span) {
                related.message = format!("{} (at {})", related.message, place.words);
                related.span = place.at;
            }
        }
        found.edge = found.edge.and_then(|id| self.own_edge(id));
        if let Some((outer, _)) = found.node.as_deref().and_then(|name| name.split_once('/')) {
            found.node = Some(outer.to_owned());
            found.port = None;
        }
        found.fixes.retain(|fix| {
            let mut edits = fix.edits.iter();
            edits.all(|edit| {
                self.composition.is_home(edit.span) && !self.names_inner(&edit.replacement)
            })
        });
        Some(found)
    }

    /// The edge of the open graph that an edge is a part of.
    fn own_edge(&self, id: String) -> Option<String> {
        let whole = self.composition.expanded.as_ref()?;
        match whole.origins.get(&id) {
            Some(origin) => origin.own.clone(),
            None => Some(id),
        }
    }

    /// Whether a text names a node of a subgraph, which the open text cannot.
    fn names_inner(&self, text: &str) -> bool {
        let root = self.composition.root();
        let mut names = root.into_iter().flat_map(|level| level.subgraphs.keys());
        text.contains('/') && names.any(|name| text.contains(&format!("{name}/")))
    }
}
