use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use modelspec_core::check::{self, Applicability, Diagnostic, Fix, Severity};
use modelspec_core::edit::Item;
use modelspec_core::order::Arrange as _;
use modelspec_core::text::{LineIndex, Position};

use crate::ui::{Glyph, role_glyph};
use crate::workspace::Document;

/// What the list is sorted into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sorting {
    ByNode,
    ByRule,
}

/// What is to be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filter {
    pub(super) sorting: Sorting,
    pub(super) severities: [bool; 3],
    pub(super) text: String,
}

/// A finding as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Tells it from all others of the same text.
    pub(crate) key: String,
    /// The finding.
    pub(crate) diagnostic: Arc<Diagnostic>,
    /// Where it begins.
    pub(crate) position: Position,
}

/// Findings under one heading.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    pub(super) title: String,
    pub(super) detail: String,
    pub(super) glyph: Glyph,
    pub(super) problems: Vec<Problem>,
}

/// The grave severities first.
pub(super) const SEVERITIES: [Severity; 3] = [Severity::Error, Severity::Warning, Severity::Info];

/// The thing that a finding is about, if it is there.
pub(crate) fn subject(document: &Document, found: &Diagnostic) -> Option<Item> {
    let node = found.node.as_deref().and_then(|node| match node {
        "inputs" => found.port.clone().map(Item::Input),
        "outputs" => found.port.clone().map(Item::Output),
        node => Some(Item::Node(node.to_owned())),
    });
    let edge = found.edge.clone().map(Item::Edge);
    [node, edge]
        .into_iter()
        .flatten()
        .find(|item| document.has(item))
}

/// Tells whether a finding is about a thing: of a node, about its edges too.
pub(crate) fn concerns(document: &Document, item: &Item) -> impl Fn(&Diagnostic) -> bool + use<> {
    let graph = document.drawn.graph.as_ref();
    let node = graph.and_then(|graph| match item {
        Item::Node(name) => Some((graph, graph.find(name)?)),
        _ => None,
    });
    let edges: BTreeSet<String> = match (item, node) {
        (Item::Edge(id), _) => BTreeSet::from([id.clone()]),
        (_, Some((graph, ix))) => {
            let edges = graph.incoming(ix).chain(graph.outgoing(ix));
            edges.map(|edge| edge.id.clone()).collect()
        }
        _ => BTreeSet::new(),
    };
    let (node, port) = match item {
        Item::Node(name) => (Some(name.clone()), None),
        Item::Input(name) => (Some("inputs".to_owned()), Some(name.clone())),
        Item::Output(name) => (Some("outputs".to_owned()), Some(name.clone())),
        Item::Edge(_) => (None, None),
    };
    move |found| {
        let at_node =
            node.is_some() && found.node == node && (port.is_none() || found.port == port);
        let at_edge = found.edge.as_ref().is_some_and(|edge| edges.contains(edge));
        at_node || at_edge
    }
}

/// The fix that may be applied without a look.
pub(super) fn safe_fix(found: &Diagnostic) -> Option<&Fix> {
    let mut fixes = found.fixes.iter();
    fixes.find(|fix| fix.preferred && fix.applicability == Applicability::Safe)
}

/// The findings of a text, as lists show them.
pub(crate) fn problems<'a>(
    document: &'a Document,
    wanted: impl Fn(&Diagnostic) -> bool + 'a,
) -> impl Iterator<Item = Problem> + 'a {
    let text = &document.analysis.text;
    let lines = LineIndex::new(text);
    let found = document.analysis.diagnostics.iter();
    found
        .enumerate()
        .filter(move |(_, found)| wanted(found))
        .map(move |(at, found)| Problem {
            // The place in the list keeps equal findings apart, the revision their edits fresh.
            key: format!("{}:{at}", document.revision),
            position: lines.position(text, found.span.start),
            diagnostic: Arc::new(found.clone()),
        })
}

fn fits(found: &Diagnostic, filter: &Filter, text: &str) -> bool {
    let shown = SEVERITIES
        .iter()
        .zip(filter.severities)
        .any(|(severity, shown)| shown && *severity == found.severity);
    let words = [
        Some(found.code.0),
        Some(found.message.as_str()),
        found.node.as_deref(),
        found.edge.as_deref(),
        check::rule(found.code.0).map(|rule| rule.title),
    ];
    let within = |words: &str| words.to_lowercase().contains(text);
    shown && (text.is_empty() || words.into_iter().flatten().any(within))
}

/// The findings under their headings: the gravest first, else in the order of the text.
pub(super) fn groups(document: &Document, filter: &Filter) -> Vec<Group> {
    let text = filter.text.trim().to_lowercase();
    let mut order: Vec<Group> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for problem in problems(document, |found| fits(found, filter, &text)) {
        let (key, group) = match filter.sorting {
            Sorting::ByNode => by_node(document, &problem.diagnostic),
            Sorting::ByRule => by_rule(&problem.diagnostic),
        };
        let at = *places.entry(key).or_insert_with(|| {
            order.push(group);
            order.len() - 1
        });
        order[at].problems.push(problem);
    }
    let grave = |problem: &Problem| core::cmp::Reverse(problem.diagnostic.severity);
    for group in &mut order {
        group.problems.arrange_by_key(grave);
    }
    order.arrange_by_key(|group| group.problems.first().map(grave));
    order
}

fn by_node(document: &Document, found: &Diagnostic) -> (String, Group) {
    let item = subject(document, found);
    let role = |name: &str| {
        let graph = document.drawn.graph.as_ref()?;
        graph.node(graph.find(name)?)?.role
    };
    let (detail, glyph) = match &item {
        None => ("", Glyph::Text),
        Some(Item::Node(name)) => {
            let role = role(name);
            (role.map_or("node", |role| role.word()), role_glyph(role))
        }
        Some(Item::Input(_)) => ("input", Glyph::Input),
        Some(Item::Output(_)) => ("output", Glyph::Output),
        Some(Item::Edge(_)) => ("edge", Glyph::Edge),
    };
    let title = item
        .as_ref()
        .map_or_else(|| "Document".to_owned(), |item| item.name().to_owned());
    let key = item.map_or_else(String::new, |item| item.to_string());
    let detail = if detail == title { "" } else { detail };
    let group = Group {
        title,
        detail: detail.to_owned(),
        glyph,
        problems: Vec::new(),
    };
    (key, group)
}

fn by_rule(found: &Diagnostic) -> (String, Group) {
    let title = check::rule(found.code.0).map_or("", |rule| rule.title);
    let group = Group {
        title: found.code.0.to_owned(),
        detail: title.to_owned(),
        glyph: glyph(found.severity),
        problems: Vec::new(),
    };
    (found.code.0.to_owned(), group)
}

/// The drawing of a severity.
pub(crate) const fn glyph(severity: Severity) -> Glyph {
    match severity {
        Severity::Error => Glyph::Error,
        Severity::Warning => Glyph::Warning,
        Severity::Info | Severity::Off => Glyph::Info,
    }
}
