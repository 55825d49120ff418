//! What is known of a node's model, put where the node says nothing.

use serde_json::Value;

use super::draft::{Draft, Step};
use super::view::View;
use super::{Change, EditError, Item};
use crate::Analysis;
use crate::catalogue::{Catalogue, Fact};
use crate::spec::Shape as _;
use crate::text::Span;
use crate::yaml::{Fragment, Style};

/// What a catalogue knows of a node's model, held against what the node says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Knowledge {
    /// The model, as the catalogue calls it.
    pub model: String,
    /// What the node does not say.
    pub missing: Vec<Fact>,
    /// What the node says otherwise: it stays.
    pub conflicts: Vec<Conflict>,
    /// How many facts the node says as they are.
    pub same: usize,
}

/// A fact that a node states otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// What is known.
    pub fact: Fact,
    /// What the node says, as its text has it.
    pub stated: String,
    /// Where it says so.
    pub span: Span,
}

/// What a catalogue knows of a node's model; `None` where the node names no model, or one that is
/// not in the catalogue.
pub fn knowledge(analysis: &Analysis, node: &str, catalogue: &Catalogue) -> Option<Knowledge> {
    let (graph, tree) = analysis.reading.graph()?;
    let spec = graph.node(node)?;
    let id = &spec.model.as_ref()?.id.as_ref()?.value.0;
    let model = catalogue.model(id)?;
    let stated = spec.canonical();
    let mut found = Knowledge {
        model: model.id.clone(),
        ..Knowledge::default()
    };
    for fact in &model.facts {
        match find(&stated, fact) {
            Place::Free => found.missing.push(fact.clone()),
            Place::Taken(value) if *value == fact.value => {
                found.same = found.same.saturating_add(1);
            }
            // What a model is used for is the author's to say.
            Place::Taken(_) if fact.path == ["role"] => {}
            Place::Taken(_) => {
                let at = ["spec", "nodes", node].into_iter();
                let keys = fact.path.iter().map(String::as_str);
                let Some(place) = tree.at(at.chain(keys)) else {
                    continue;
                };
                found.conflicts.push(Conflict {
                    fact: fact.clone(),
                    stated: place.span.of(&analysis.text).to_owned(),
                    span: place.span,
                });
            }
            Place::Closed => {}
        }
    }
    Some(found)
}

enum Place<'v> {
    /// Nothing is said there.
    Free,
    /// This is.
    Taken(&'v Value),
    /// Something is said around it that leaves no room: ports of other names, a type as one word.
    Closed,
}

/// The place of a fact in what a node says.
fn find<'v>(stated: &'v Value, fact: &Fact) -> Place<'v> {
    let mut value = stated;
    for (depth, key) in fact.path.iter().enumerate() {
        let Some(map) = value.as_object() else {
            return Place::Closed;
        };
        let Some(inner) = map.get(key) else {
            // Ports that are stated replace all those of the role: none is added to them.
            let is_port = depth == 1
                && matches!(
                    fact.path.first().map(String::as_str),
                    Some("inputs" | "outputs")
                );
            return if is_port { Place::Closed } else { Place::Free };
        };
        value = inner;
    }
    Place::Taken(value)
}

pub(super) fn fill(view: View<'_>, node: &str, facts: &[Fact]) -> Result<Change, EditError> {
    let steps: Vec<Step> = facts
        .iter()
        .map(|fact| {
            let base = ["spec", "nodes", node].map(str::to_owned);
            let path = base.into_iter().chain(fact.path.iter().cloned()).collect();
            Step::Set(path, fragment(&fact.value), Style::Auto)
        })
        .collect();
    Ok(Change {
        edits: Draft::new(view.analysis)?.steps(&steps)?,
        select: vec![Item::Node(node.to_owned())],
        label: format!("Fill in {node}"),
    })
}

fn fragment(value: &Value) -> Fragment {
    match value {
        Value::String(text) => Fragment::text(text.clone()),
        Value::Array(items) => Fragment::list(items.iter().map(fragment)),
        Value::Object(map) => Fragment::map(
            map.iter()
                .map(|(key, value)| (key.clone(), fragment(value))),
        ),
        value => Fragment::raw(value),
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;
    use crate::edit::{Command, plan};
    use crate::text::apply;

    const TEXT: &str = "apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: search}
spec:
  nodes:
    embedder: # reads the questions
      role: embedder
      model: {id: BAAI/bge-base-en-v1.5, hidden: 512}
      outputs: {vector: {dim: 768}}
    guard:
      role: classifier
      model: {id: meta-llama/Llama-Guard-3-1B}
    other:
      role: embedder
      model: {id: BAAI/bge-base-en-v1.5}
      outputs: {dense: {type: vector}}
  edges: []
";

    fn known(node: &str) -> Knowledge {
        let analysis = Analysis::new(TEXT);
        knowledge(&analysis, node, &Catalogue::builtin()).unwrap()
    }

    fn filled(node: &str) -> String {
        let analysis = Analysis::new(TEXT);
        let facts = known(node).missing;
        let node = node.to_owned();
        let change = plan(&analysis, &Command::Fill { node, facts }).unwrap();
        apply(TEXT, &change.edits).unwrap().text
    }

    #[test]
    fn what_is_missing_is_added_and_nothing_else_is_touched() {
        let text = filled("embedder");
        assert_eq!(
            text,
            TEXT.replace(
                "model: {id: BAAI/bge-base-en-v1.5, hidden: 512}\n      outputs: {vector: {dim: 768}}",
                "model: {id: BAAI/bge-base-en-v1.5, precision: fp32, layers: 12, heads: 12, hidden: 512}\n      tokenizer: {vocabSize: 30522, maxInputTokens: 512}\n      outputs: {vector: {dim: 768}}",
            )
        );
        let analysis = Analysis::new(text);
        let again = knowledge(&analysis, "embedder", &Catalogue::builtin()).unwrap();
        assert_eq!(again.missing, []);
    }

    #[test]
    fn what_the_node_says_otherwise_is_shown_and_stays() {
        let known = known("embedder");
        let told: Vec<(String, &str, String)> = known
            .conflicts
            .iter()
            .map(|it| (it.fact.key(), &*it.stated, it.fact.written()))
            .collect();
        assert_eq!(told, [("model.hidden".to_owned(), "512", "768".to_owned())]);
        assert_eq!(known.conflicts[0].span.of(TEXT), "512");
    }

    #[test]
    fn a_use_of_a_model_is_no_conflict_and_ports_of_other_names_get_no_company() {
        assert_eq!(known("guard").conflicts, []);
        let keys: Vec<String> = known("other").missing.iter().map(Fact::key).collect();
        assert!(!keys.contains(&"outputs.vector.dim".to_owned()), "{keys:?}");
        assert!(keys.contains(&"model.layers".to_owned()), "{keys:?}");
    }

    #[test]
    fn an_unknown_model_or_node_is_not_known() {
        let analysis = Analysis::new(TEXT.replace("BAAI/", "acme/"));
        assert_eq!(
            knowledge(&analysis, "embedder", &Catalogue::builtin()),
            None
        );
        assert_eq!(knowledge(&analysis, "nobody", &Catalogue::builtin()), None);
    }
}
