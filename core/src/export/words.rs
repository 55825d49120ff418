//! Which words of the format a target says, and which it cannot.

use std::collections::BTreeMap;

use super::{Artifacts, Kind, Subject};
use crate::spec::form::Form;
use crate::spec::{ModelGraph, Shape as _};
use crate::text::Span;
use crate::yaml::{Node, Value};

/// What never changes how a graph runs.
const SILENT: &[&str] = &[
    "apiVersion",
    "kind",
    "layout",
    "metadata.description",
    "metadata.annotations",
    "spec.use",
    "spec.types",
    "spec.checks",
    "spec.nodes.*.checks",
    "spec.nodes.*.description",
    "spec.nodes.*.externalName",
    "spec.nodes.*.annotations",
    "spec.edges.*.checks",
    "spec.edges.*.annotations",
];

/// What every target says that starts the servers of a graph's nodes.
pub(super) const SERVED: &[&str] = &[
    "metadata.name",
    "metadata.version",
    "spec.execution",
    "spec.inputs",
    "spec.outputs",
    "spec.nodes.*.role",
    "spec.nodes.*.onFailure",
    "spec.nodes.*.specRef",
    "spec.nodes.*.model.id",
    "spec.nodes.*.model.uri",
    "spec.nodes.*.model.revision",
    "spec.nodes.*.model.framework",
    "spec.nodes.*.model.precision",
    "spec.nodes.*.model.kvPrecision",
    "spec.nodes.*.model.chatTemplate",
    "spec.nodes.*.tokenizer.id",
    "spec.nodes.*.tokenizer.overflow",
    "spec.nodes.*.limits.maxModelLen",
    "spec.nodes.*.index",
    "spec.nodes.*.inputs",
    "spec.nodes.*.outputs",
    "spec.nodes.*.serving.engine",
    "spec.nodes.*.serving.image",
    "spec.nodes.*.serving.digest",
    "spec.nodes.*.serving.port",
    "spec.nodes.*.serving.protocol",
    "spec.nodes.*.serving.api",
    "spec.nodes.*.serving.path",
    "spec.nodes.*.serving.env",
    "spec.nodes.*.serving.secrets",
    "spec.nodes.*.placement.gpu",
    "spec.nodes.*.placement.gpusPerReplica",
    "spec.nodes.*.placement.cpu",
    "spec.nodes.*.placement.memory",
    "spec.nodes.*.placement.replicas.min",
    "spec.nodes.*.placement.replicas.max",
    "spec.nodes.*.placement.routing",
    "spec.nodes.*.placement.queueLimit",
    "spec.nodes.*.placement.batch",
    "spec.nodes.*.placement.share",
    "spec.nodes.*.external",
    "spec.edges.*.from",
    "spec.edges.*.to",
    "spec.edges.*.id",
    "spec.edges.*.role",
];

/// How a place stands to the words that a target says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Said,
    Within,
    Unsaid,
}

fn standing(said: &[&str], path: &str) -> Standing {
    let mut standing = Standing::Unsaid;
    for word in said.iter().chain(SILENT) {
        if *word == path {
            return Standing::Said;
        }
        let rest = word.strip_prefix(path);
        if rest.is_some_and(|rest| rest.starts_with('.')) {
            standing = Standing::Within;
        }
    }
    standing
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// Every word of the format that a target with these words does not say, such as
/// `spec.nodes.*.latency`; `*` is any name or place of a list.
pub fn unsaid(said: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    walk_form(ModelGraph::form(), "", said, &mut found);
    found
}

fn walk_form(form: Form, path: &str, said: &[&str], found: &mut Vec<String>) {
    if !path.is_empty() {
        match standing(said, path) {
            Standing::Said => return,
            Standing::Unsaid => {
                found.push(path.to_owned());
                return;
            }
            Standing::Within => {}
        }
    }
    match form {
        Form::Record(record) => {
            for field in record.all_fields() {
                walk_form((field.form)(), &join(path, field.key), said, found);
            }
        }
        Form::Map { value, .. } => walk_form(value(), &join(path, "*"), said, found),
        Form::List(item) => walk_form(item(), &join(path, "*"), said, found),
        Form::Choice(choice) => {
            for variant in choice.variants {
                let form = variant.form.map_or(Form::Boolean, |form| form());
                walk_form(form, &join(path, variant.word), said, found);
            }
        }
        Form::Either(..) => walk_form(form.pick(false), path, said, found),
        _ => {}
    }
}

/// Tells of each word that the document states and the target does not say: once a word, at the
/// first place where it stands.
pub(super) fn lose_unsaid(
    subject: &Subject<'_>,
    said: &[&str],
    kind: &'static Kind,
    target: &str,
    artifacts: &mut Artifacts,
) {
    let mut found: BTreeMap<String, (Span, usize)> = BTreeMap::new();
    walk_tree(subject.tree, ModelGraph::form(), "", said, &mut found);
    for (path, (span, count)) in found {
        let more = match count {
            1 => String::new(),
            _ => format!(" ({count} times)"),
        };
        let message = format!("{target} has no word for `{path}`{more}: it is left out");
        artifacts.lose(kind, None, span, message);
    }
}

fn walk_tree(
    node: &Node,
    form: Form,
    path: &str,
    said: &[&str],
    found: &mut BTreeMap<String, (Span, usize)>,
) {
    if !path.is_empty() {
        match standing(said, path) {
            Standing::Said => return,
            Standing::Unsaid => {
                let entry = found.entry(path.to_owned()).or_insert((node.span, 0));
                entry.1 = entry.1.saturating_add(1);
                return;
            }
            Standing::Within => {}
        }
    }
    let form = form.pick(matches!(node.value, Value::Scalar(_)));
    match (&node.value, form) {
        (Value::Mapping(map), _) => {
            for entry in &map.entries {
                let key = entry.key.text.as_str();
                let Some(inner) = form.step(key) else {
                    continue;
                };
                let word = if matches!(form, Form::Map { .. }) {
                    "*"
                } else {
                    key
                };
                walk_tree(&entry.value, inner, &join(path, word), said, found);
            }
        }
        (Value::Sequence(list), Form::List(item)) => {
            for entry in &list.items {
                walk_tree(entry, item(), &join(path, "*"), said, found);
            }
        }
        (Value::Scalar(scalar), Form::Choice(_)) => {
            // A word of a choice of which other words are said.
            let path = join(path, &scalar.text);
            if standing(said, &path) == Standing::Unsaid {
                let entry = found.entry(path).or_insert((node.span, 0));
                entry.1 = entry.1.saturating_add(1);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::TARGETS;

    /// Whether the format has a word of such a path.
    fn exists(path: &str) -> bool {
        let mut form = Some(ModelGraph::form());
        for key in path.split('.') {
            form = form.and_then(|form| match (form, key) {
                (Form::Map { value, .. }, "*") => Some(value()),
                (Form::List(item), "*") => Some(item()),
                (Form::Choice(choice), key) => {
                    let mut variants = choice.variants.iter();
                    let variant = variants.find(|variant| variant.word == key)?;
                    Some(variant.form.map_or(Form::Boolean, |form| form()))
                }
                (form, key) => form.pick(false).step(key),
            });
        }
        form.is_some()
    }

    #[test]
    fn targets_say_words_that_there_are() {
        for target in TARGETS {
            let said = target.words();
            for word in said.iter().chain(SILENT) {
                assert!(exists(word), "{}: {word}", target.name());
            }
            let unsaid = unsaid(&said);
            assert!(!unsaid.is_empty(), "{}", target.name());
            assert!(unsaid.iter().all(|word| exists(word)), "{unsaid:?}");
        }
    }

    /// A word that is said is not told as lost, and the other way round.
    #[test]
    fn what_is_not_said_is_told_once_a_word() {
        let text = "{apiVersion: modelgraph/v1alpha1, kind: ModelGraph, metadata: {name: g}, spec: \
                    {nodes: {a: {role: custom, budget: 1s, onFailure: skip}, b: {role: custom, budget: 2s}}}}";
        let analysis = crate::Analysis::new(text);
        let subject = Subject::new(&analysis).unwrap();
        let kind: &'static Kind = TARGETS[0].kinds()[0];
        let said = [
            "metadata.name",
            "spec.nodes.*.role",
            "spec.nodes.*.onFailure.stop",
        ];
        let mut artifacts = Artifacts::default();
        lose_unsaid(&subject, &said, kind, "It", &mut artifacts);
        let told: Vec<&str> = artifacts.losses.iter().map(|loss| &*loss.message).collect();
        assert_eq!(
            told,
            [
                "It has no word for `spec.nodes.*.budget` (2 times): it is left out",
                "It has no word for `spec.nodes.*.onFailure.skip`: it is left out",
            ]
        );
    }
}
