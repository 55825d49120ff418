use std::collections::{BTreeMap, BTreeSet};

use crate::check::{Context, Diagnostic, Fix};
use crate::fix::edge_path;
use crate::graph::Edge;
use crate::text::TextEdit;
use crate::yaml::{self, Options};

rule! {
    /// Two edges have the same id, or join the same ports and state none. (Of nodes and ports, which are keys
    /// of a map, MG006 says so.)
    ///
    /// ## Why
    /// Edges are named by their id in checks, exports and differences: with two of one name, nobody can say
    /// which was meant.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: echo}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     writer: {role: generator}
    ///   edges:
    ///     - {from: inputs.question, to: writer.prompt}
    ///     - {from: inputs.question, to: writer.prompt}
    ///     - {from: writer.text, to: outputs.answer}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: echo}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     writer: {role: generator}
    ///   edges:
    ///     - {from: inputs.question, to: writer.prompt}
    ///     - {from: writer.text, to: outputs.answer}
    /// ```
    "MG102", Error, "two edges have one identity", [Ids: Graph(check)]
}

fn check(cx: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let mut first: BTreeMap<&str, &Edge> = BTreeMap::new();
    let mut again: Vec<(&Edge, &Edge)> = Vec::new();
    for edge in &cx.graph.edges {
        if let Some(&before) = first.get(edge.id.as_str()) {
            again.push((before, edge));
        } else {
            first.insert(&edge.id, edge);
        }
    }
    let mut taken: BTreeSet<String> = BTreeSet::new();
    if !again.is_empty() {
        taken.extend(cx.graph.edges.iter().map(|edge| edge.id.clone()));
    }
    for (before, edge) in again {
        let message = format!("there is an edge `{}` already", edge.id);
        let mut diagnostic = RULE
            .at(edge.span, message)
            .on_edge(&edge.id)
            .relate(before.span, "the first of this identity");
        let twice = before.source == edge.source
            && before.target == edge.target
            && before.ports == edge.ports;
        let help = if twice { "remove one of them" } else { "give one of them another `id`" };
        diagnostic = diagnostic.with_help(help);
        let fix = if twice { remove(cx, before, edge) } else { rename(cx, edge, &mut taken) };
        diagnostic.fixes.extend(fix);
        found.push(diagnostic);
    }
}

fn remove(cx: &Context<'_>, before: &Edge, edge: &Edge) -> Option<Fix> {
    let path = edge_path(cx, edge.ix, edge.span).filter(|_| cx.editable)?;
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let edits = yaml::remove(cx.text, cx.tree, &path, &Options::default()).ok()?;
    let label = "Remove the second edge";
    // What says the same word for word may go without a look.
    let same = before.span.of(cx.text) == edge.span.of(cx.text);
    Some(if same { Fix::safe(label, edits) } else { Fix::choice(label, edits) })
}

fn rename(cx: &Context<'_>, edge: &Edge, taken: &mut BTreeSet<String>) -> Option<Fix> {
    let stated = cx.graph.edge_spec(edge.ix)?.id.as_ref().filter(|_| cx.editable)?;
    let free = |number: &usize| !taken.contains(&format!("{}-{number}", edge.id));
    let number = (2..=taken.len().saturating_add(2)).find(free)?;
    let id = format!("{}-{number}", edge.id);
    taken.insert(id.clone());
    let path = edge_path(cx, edge.ix, edge.span)?;
    let path: Vec<&str> = path.iter().map(String::as_str).chain(["id"]).collect();
    let edits = yaml::replace_scalar(cx.text, cx.tree, &path, &id)
        .unwrap_or_else(|_| vec![TextEdit::replace(stated.span, id.as_str())]);
    Some(Fix::choice(format!("Give it the id `{id}`"), edits))
}
