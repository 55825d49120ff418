//! In-edges as dependencies, and what gets lost between.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{EDGE, GUARD, file_name};
use crate::export::{Artifacts, Subject};
use crate::graph::{NodeIx, PortIx, dominators};
use crate::spec::{EdgeRole, Kind, Role};

/// The dependencies of a node: one for each node that it is fed by, in the order of the edges.
pub(super) fn of(subject: &Subject<'_>, ix: NodeIx, written: &BTreeSet<NodeIx>) -> Vec<Value> {
    let graph = subject.graph;
    let mut seen = BTreeSet::new();
    let mut list = Vec::new();
    for edge in graph.incoming(ix).filter(|edge| edge.source.is_model()) {
        if edge.source == ix || !seen.insert(edge.source) {
            continue;
        }
        let Some(source) = graph.spec_of(edge.source) else {
            continue;
        };
        let name = graph.name(edge.source);
        let role = source.role.map(|role| role.value);
        let mut dependency = Map::new();
        dependency.insert("id".to_owned(), json!(name));
        let word = match role {
            Some(Role::Guardrail) => "guardrail",
            Some(Role::Reranker) => "reranker",
            _ if edge.role == EdgeRole::Control => "custom",
            _ => "input",
        };
        dependency.insert("role".to_owned(), json!(word));
        if written.contains(&edge.source) {
            let path = format!("./{}", file_name(name));
            dependency.insert("specRef".to_owned(), json!(path));
        }
        let required = source.is_required() && edge.required;
        dependency.insert("required".to_owned(), json!(required));
        let mut interface = Map::new();
        if let Some(word) = input_type(subject, edge.source) {
            interface.insert("inputType".to_owned(), json!(word));
        }
        if let Some((port, _)) = edge.ports {
            let word = output_type(subject, port, role);
            interface.insert("outputType".to_owned(), json!(word));
        }
        if let Some(budget) = source.budget {
            let ms = super::document::fraction(budget.value.0, 1_000_000);
            interface.insert("maxLatencyMs".to_owned(), ms);
        }
        if !interface.is_empty() {
            dependency.insert("interface".to_owned(), Value::Object(interface));
        }
        list.push(Value::Object(dependency));
    }
    list
}

/// The word for what a port gives.
fn output_type(subject: &Subject<'_>, port: PortIx, role: Option<Role>) -> &'static str {
    let kind = subject.typing.of(port).map_or(Kind::Any, |ty| ty.kind);
    match (kind, role) {
        (Kind::Text, Some(Role::Guardrail)) => "filtered_text",
        (Kind::Vector, Some(Role::Embedder)) => "embedding",
        (Kind::Candidates, Some(Role::Reranker)) => "ranked_documents",
        (Kind::Candidates, _) => "documents",
        (kind, _) => kind.word(),
    }
}

/// The word for what a node takes.
fn input_type(subject: &Subject<'_>, ix: NodeIx) -> Option<&'static str> {
    let inputs = &subject.graph.node(ix)?.inputs;
    let kinds = inputs
        .iter()
        .filter(|&&port| subject.graph.port(port).is_some_and(|port| port.required))
        .filter_map(|&port| Some(subject.typing.of(port)?.kind));
    match kinds.collect::<Vec<_>>().as_slice() {
        [Kind::Text, Kind::Candidates] => Some("text+documents"),
        [Kind::Candidates, ..] => Some("documents"),
        [kind, ..] => Some(kind.word()),
        [] => None,
    }
}

/// Tells of edges that no dependency says, and of guardrails that get lost with them.
pub(super) fn tell(subject: &Subject<'_>, written: &BTreeSet<NodeIx>, artifacts: &mut Artifacts) {
    let graph = subject.graph;
    for edge in &graph.edges {
        let said = written.contains(&edge.target) && edge.source.is_model();
        let message = if said {
            format!(
                "the dependency for edge `{}` says neither ports nor conditions: only the \
                 annotation `modelgraph/document` keeps them",
                edge.id
            )
        } else {
            format!(
                "edge `{}` is no dependency of a ModelSpec: only the annotation \
                 `modelgraph/document` keeps it",
                edge.id
            )
        };
        artifacts.lose(&EDGE, None, edge.span, message);
    }
    let tree = dominators(graph);
    let is_guard = |ix: NodeIx| {
        let node = graph.spec_of(ix);
        node.is_some_and(|node| {
            node.role.map(|role| role.value) == Some(Role::Guardrail) && node.is_required()
        })
    };
    let mut lost: BTreeSet<NodeIx> = BTreeSet::new();
    for &ix in written {
        let above = tree.strict_dominators(ix.0).into_iter().flatten();
        let guards: Vec<NodeIx> = above.map(NodeIx).filter(|&over| is_guard(over)).collect();
        if !guards.is_empty() {
            let named = named_before(subject, ix, written);
            lost.extend(guards.into_iter().filter(|guard| !named.contains(guard)));
        }
    }
    // One behind all models is named by no file unless it has its own.
    let behind = graph.model_nodes().map(|(ix, _)| ix).filter(|&ix| {
        is_guard(ix)
            && !written.contains(&ix)
            && !graph
                .outgoing(ix)
                .any(|edge| written.contains(&edge.target))
    });
    lost.extend(behind);
    for ix in lost {
        let Some(node) = graph.node(ix) else { continue };
        let message = format!(
            "no chain of dependencies leads to `{}` from what it guards, so whoever follows the \
             ModelSpecs runs past it",
            node.name
        );
        artifacts.lose(&GUARD, Some(&node.name), node.span, message);
    }
}

/// The nodes that a chain of dependencies names, from one file on.
fn named_before(
    subject: &Subject<'_>,
    from: NodeIx,
    written: &BTreeSet<NodeIx>,
) -> BTreeSet<NodeIx> {
    let mut named = BTreeSet::new();
    let mut open = vec![from];
    while let Some(ix) = open.pop() {
        if !written.contains(&ix) {
            continue;
        }
        for edge in subject.graph.incoming(ix) {
            // What may be missing does not hold anybody up.
            if edge.source.is_model() && edge.required && named.insert(edge.source) {
                open.push(edge.source);
            }
        }
    }
    named
}
