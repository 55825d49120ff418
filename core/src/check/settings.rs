//! `checks` of graph, node and edge: the severities that the document itself sets.

use std::collections::BTreeMap;

use super::{Code, Context, Diagnostic, Fix, RULES, Severity};
use crate::order::Gather as _;
use crate::spec::{ByRule, CheckSetting, Map, nearest};
use crate::text::{Spanned, TextEdit};

type Settings = Spanned<Map<ByRule, CheckSetting>>;

/// The settings of a document by what they stand on. O(nodes + edges) to gather.
struct Stated<'a> {
    graph: Option<&'a Settings>,
    nodes: BTreeMap<&'a str, &'a Settings>,
    edges: BTreeMap<String, &'a Settings>,
}

impl<'a> Stated<'a> {
    fn new(cx: &Context<'a>) -> Self {
        let spec = &cx.graph.spec;
        let graph = spec.body().and_then(|spec| spec.checks.as_ref());
        if !cx.has_own_settings() {
            return Self {
                graph,
                nodes: BTreeMap::new(),
                edges: BTreeMap::new(),
            };
        }
        let nodes = spec.nodes().filter_map(|node| {
            let checks = node.value.checks.as_ref()?;
            Some((node.name.value.as_str(), checks))
        });
        let edges = spec.edges().filter_map(|edge| {
            let checks = edge.checks.as_ref()?;
            Some((crate::graph::edge_id(edge)?, checks))
        });
        Self {
            graph,
            nodes: nodes.gather(),
            edges: edges.gather(),
        }
    }

    fn is_empty(&self) -> bool {
        self.graph.is_none() && self.nodes.is_empty() && self.edges.is_empty()
    }

    fn all(&self) -> impl Iterator<Item = &'a Settings> {
        let graph = self.graph.into_iter();
        let nodes = self.nodes.values().copied();
        graph.chain(nodes).chain(self.edges.values().copied())
    }

    /// The severity set for a finding: its edge's word before its node's, that before the graph's.
    fn severity(&self, found: &Diagnostic) -> Option<Severity> {
        let edge = found.edge.as_ref().and_then(|id| self.edges.get(id));
        let node = found.node.as_deref().and_then(|name| self.nodes.get(name));
        [edge.copied(), node.copied(), self.graph]
            .into_iter()
            .flatten()
            .find_map(|settings| settings.get(found.code.0)?.severity)
            .map(|severity| severity.value)
    }
}

/// Applies the severities that the document sets; what is off is dropped.
pub(super) fn apply(cx: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let stated = Stated::new(cx);
    if stated.is_empty() {
        return;
    }
    for diagnostic in found.iter_mut() {
        if let Some(severity) = stated.severity(diagnostic) {
            diagnostic.severity = severity;
        }
    }
    found.retain(|diagnostic| diagnostic.severity != Severity::Off);
}

/// Reports settings of codes that no rule has. Codes of export targets (`TG-…`) and of differences
/// (`DF-…`) are theirs to know.
pub(super) fn unknown_codes(cx: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let known = || RULES.iter().map(|rule| rule.code.0);
    for setting in Stated::new(cx).all().flat_map(|settings| settings.iter()) {
        let name = setting.name.as_str();
        if name.starts_with("TG-") || name.starts_with("DF-") || known().any(|code| code == name) {
            continue;
        }
        let span = setting.name.span;
        let message = format!("there is no rule `{name}`");
        let mut diagnostic = Diagnostic::new(Code::BAD_VALUE, span, message);
        // Codes differ by one sign from many others: the nearest is a guess, never for bulk.
        if let Some(near) = nearest(name, known()) {
            diagnostic = diagnostic
                .with_help(format!("did you mean `{near}`?"))
                .with_fix(Fix::choice(
                    format!("Change to `{near}`"),
                    vec![TextEdit::replace(span, near)],
                ));
        }
        found.push(diagnostic);
    }
}
