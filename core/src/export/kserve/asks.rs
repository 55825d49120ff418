//! What is asked of an answer before a step: the conditions of edges, and verdicts.

use serde_json::Value;

use super::condition::{self, Clause};
use super::kinds;
use super::routing::{Builder, Held, Unheld};
use crate::graph::{Edge, NodeIx};
use crate::spec::{self, Role};

/// The annotation of an edge that states the condition itself.
const STATED: &str = "kserve/condition";
/// The port of a guardrail that says whether it lets pass, and what it says then.
const VERDICT: (&str, &str) = ("verdict", "safe");

impl Builder<'_, '_> {
    /// What the edges to a node ask of the value that it is given.
    pub(super) fn asks(&mut self, ix: NodeIx, held: &Held) -> Result<Vec<Clause>, Unheld> {
        let graph = self.subject.graph;
        let mut clauses = Vec::new();
        for edge in graph.incoming(ix) {
            let Some(keys) = held.get(&edge.source) else {
                continue;
            };
            let Some(asked) = self.asked_of(edge)? else {
                continue;
            };
            for clause in asked {
                let moved = clause.within(keys);
                let Some(moved) = moved else {
                    return Err(self.unheld(
                        &kinds::CONDITION,
                        Some(ix),
                        format!(
                            "the way to `{}` states a GJSON path, which cannot be asked of a merged \
                             answer",
                            graph.name(ix)
                        ),
                    ));
                };
                if !clauses.contains(&moved) {
                    clauses.push(moved);
                }
            }
        }
        Ok(clauses)
    }

    /// What an edge asks of its source's answer; `None` where it asks nothing.
    pub(super) fn asked_of(&mut self, edge: &Edge) -> Result<Option<Vec<Clause>>, Unheld> {
        let graph = self.subject.graph;
        let Some(spec) = graph.edge_spec(edge.ix) else {
            return Ok(None);
        };
        let annotations = spec.annotations.as_ref();
        if let Some(Value::String(stated)) = annotations
            .and_then(|map| map.get(STATED))
            .map(|stated| &stated.0)
        {
            return Ok(Some(vec![Clause::Stated(stated.clone())]));
        }
        let Some(when) = &spec.when else {
            return Ok(None);
        };
        let text = when.value.0.trim();
        if text == "default" {
            return Ok(None);
        }
        let Some(clauses) = condition::clauses(text) else {
            return Err(Unheld {
                kind: &kinds::CONDITION,
                node: None,
                span: when.span,
                message: format!(
                    "KServe's router cannot ask `{text}`: it takes comparisons of `output.field` \
                     with a literal, joined by `&&`; the annotation `{STATED}` of the edge states \
                     a GJSON path instead"
                ),
            });
        };
        if clauses
            .iter()
            .any(|clause| matches!(clause, Clause::Query { numeric: true, .. }))
        {
            let message = format!(
                "GJSON compares texts with numbers too, letter by letter: `{text}` may hold of \
                 what is no number"
            );
            self.artifacts
                .lose(&kinds::COMPARISON, None, when.span, message);
        }
        // A guardrail answers with its ports as keys; all others with the value itself.
        let source = graph.node(edge.source).and_then(|node| node.role);
        let port = edge.ports.and_then(|(port, _)| graph.port(port));
        let Some(port) = port.filter(|_| source == Some(Role::Guardrail)) else {
            return Ok(Some(clauses));
        };
        let outer = [port.name.clone()];
        let moved = clauses.iter().filter_map(|clause| clause.within(&outer));
        Ok(Some(moved.collect()))
    }

    /// What a guardrail answers where it lets pass.
    pub(super) fn verdict(&mut self, ix: NodeIx) -> Vec<Clause> {
        let graph = self.subject.graph;
        let outputs = graph.node(ix).map_or(&[][..], |node| &node.outputs);
        let label = outputs
            .iter()
            .filter_map(|&port| graph.port(port))
            .find(|port| port.ty.kind == spec::Kind::Label && condition::is_key(&port.name));
        let key = label.map_or(VERDICT.0, |port| &port.name);
        let clauses: Vec<Clause> = Clause::text(vec![key.to_owned()], VERDICT.1)
            .into_iter()
            .collect();
        if let (Some(node), Some(value)) = (graph.node(ix), condition::gjson(&clauses)) {
            let message = format!(
                "the service of `{}` answers an object with its ports as keys, and this GJSON path \
                 finds something in it only where the request may pass",
                node.name
            );
            self.artifacts
                .assume(&kinds::VERDICT, Some(&node.name), node.span, message, value);
        }
        clauses
    }
}
