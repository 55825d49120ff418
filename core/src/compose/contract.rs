//! What a ModelSpec says of a node, in the words of a graph.

use serde_json::Value as Json;

use super::build;
use crate::hardware::Catalogue;
use crate::spec::{self, Precision, Reader, Shape as _};
use crate::text::Span;
use crate::yaml::Node;

/// A fact that both say, and not alike.
#[derive(Clone, Debug)]
pub(crate) struct Conflict {
    /// The path of keys below the node.
    pub(crate) path: Vec<String>,
    /// What the node states.
    pub(crate) own: String,
    /// Where.
    pub(crate) span: Span,
    /// What the document states.
    pub(crate) theirs: String,
    /// Where.
    pub(crate) theirs_span: Span,
    /// Whether it is a text: a number may not be quoted.
    pub(crate) is_text: bool,
}

/// How a value of a ModelSpec becomes one of a graph.
#[derive(Clone, Copy)]
enum How {
    Text,
    /// As it stands.
    Same,
    Precision,
    /// A number of this unit.
    Unit(&'static str),
}

/// Where a ModelSpec says what, below `spec`, and where a node does.
const FACTS: &[(&str, &str, How)] = &[
    ("identity.model.id", "model.id", How::Text),
    ("identity.model.family", "model.family", How::Text),
    ("identity.model.task", "model.task", How::Text),
    ("identity.model.framework", "model.framework", How::Text),
    (
        "identity.model.precision",
        "model.precision",
        How::Precision,
    ),
    ("identity.model.artifacts.modelUri", "model.uri", How::Text),
    ("runtime.accelerator.type", "placement.gpu", How::Text),
    (
        "runtime.accelerator.count",
        "placement.gpusPerReplica",
        How::Same,
    ),
    (
        "runtime.batch.maxSequenceLengthTokens",
        "limits.maxModelLen",
        How::Same,
    ),
    ("runtime.resources.cpuCores", "placement.cpu", How::Same),
    (
        "runtime.resources.memoryGb",
        "placement.memory",
        How::Unit("GB"),
    ),
    ("operations.serving.protocol", "serving.protocol", How::Text),
    ("operations.serving.port", "serving.port", How::Same),
    (
        "operations.serving.readinessProbe.path",
        "serving.probes.ready.path",
        How::Text,
    ),
    (
        "operations.serving.readinessProbe.timeoutSeconds",
        "serving.probes.ready.timeout",
        How::Unit("s"),
    ),
    (
        "operations.serving.livenessProbe.path",
        "serving.probes.live.path",
        How::Text,
    ),
    (
        "operations.serving.livenessProbe.timeoutSeconds",
        "serving.probes.live.timeout",
        How::Unit("s"),
    ),
    (
        "operations.serving.maxConcurrency",
        "placement.concurrency",
        How::Same,
    ),
    (
        "operations.serving.timeoutSeconds",
        "serving.timeout",
        How::Unit("s"),
    ),
];

/// Frameworks whose batches are joined and left at each step.
const CONTINUOUS: &[&str] = &["vllm", "sglang", "tgi"];

/// What our own export keeps in the annotations of a ModelSpec.
const OURS: &str = "modelgraph/";

/// Maps of a node of which each key is a fact of its own.
const OPEN: &[&str] = &[
    "model",
    "tokenizer",
    "limits",
    "tokens",
    "index",
    "latency",
    "serving",
    "placement",
];

/// One fact: its path below the node, and its value at its place in the ModelSpec.
type Fact = (Vec<String>, Node);

/// Adds to a node what a ModelSpec says and the node does not; the node's own words stay. Gives
/// the facts that both state and that differ.
pub(super) fn merge(node: &mut Node, document: &Node) -> Vec<Conflict> {
    let facts = facts(document);
    let mut contract = build::map(Vec::new(), document.span);
    for (path, value) in &facts {
        build::fill(&mut contract, &keys(path), value.clone());
    }
    let conflicts = conflicts(node, &contract, &facts);
    for (path, value) in facts {
        build::fill(node, &keys(&path), value);
    }
    conflicts
}

fn keys(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

fn facts(document: &Node) -> Vec<Fact> {
    let path = |dotted: &str| dotted.split('.').map(str::to_owned).collect();
    let Some(body) = document.get("spec") else {
        return Vec::new();
    };
    let mut facts: Vec<Fact> = Vec::new();
    for &(from, to, how) in FACTS {
        let stated = body.at(from.split('.')).filter(|node| !node.is_null());
        if let Some(value) = stated.and_then(|node| converted(node, how)) {
            facts.push((path(to), value));
        }
    }
    facts.extend(batch(body).map(|value| (path("placement.batch"), value)));
    facts.extend(replicas(body).map(|value| (path("placement.replicas"), value)));
    let variables = body.at(["runtime", "environment", "variables"]);
    for entry in entries(variables) {
        if let Some(value) = converted(&entry.value, How::Text) {
            let path = ["serving", "env", &entry.key.text].map(str::to_owned);
            facts.push((path.to_vec(), value));
        }
    }
    let description = document.at(["metadata", "description"]);
    if let Some(value) = description.and_then(|node| converted(node, How::Text)) {
        facts.push((path("description"), value));
    }
    facts.extend(annotated(document));
    facts
}

fn entries(node: Option<&Node>) -> &[crate::yaml::Entry] {
    let map = node.and_then(Node::as_mapping);
    map.map_or(&[], |map| &map.entries)
}

fn converted(node: &Node, how: How) -> Option<Node> {
    let scalar = node.as_scalar()?;
    Some(match how {
        How::Text => build::text(&*scalar.text, node.span),
        How::Same => node.clone(),
        How::Precision => {
            Precision::from_word(&scalar.text)?;
            node.clone()
        }
        How::Unit(unit) => {
            scalar.as_number().filter(|number| *number > 0.0)?;
            build::plain(&format!("{}{unit}", scalar.text), node.span)
        }
    })
}

fn batch(body: &Node) -> Option<Node> {
    let size = body.at(["runtime", "batch", "maxBatchSize"])?;
    size.as_scalar()?.as_integer()?;
    let framework = body.at(["identity", "model", "framework"]);
    let framework = framework.and_then(Node::as_scalar);
    let continuous = framework.is_some_and(|word| CONTINUOUS.contains(&&*word.text));
    let (how, key) = if continuous {
        ("continuous", "maxSequences")
    } else {
        ("dynamic", "maxSize")
    };
    let inner = build::map(vec![build::entry(key, size.clone())], size.span);
    Some(build::map(vec![build::entry(how, inner)], size.span))
}

fn replicas(body: &Node) -> Option<Node> {
    let scaling = body.at(["operations", "scaling"])?;
    let (min, max) = (scaling.get("minReplicas")?, scaling.get("maxReplicas")?);
    let number = |node: &Node| node.as_scalar()?.as_integer();
    let fits = (1..=number(max)?).contains(&number(min)?);
    let bounds = [("min", min), ("max", max)];
    let bounds = bounds.map(|(key, node)| build::entry(key, node.clone()));
    fits.then(|| build::map(bounds.to_vec(), scaling.span))
}

/// What an export of ours has kept in annotations, back under its keys.
fn annotated(document: &Node) -> Vec<Fact> {
    let mut facts = Vec::new();
    for entry in entries(document.at(["metadata", "annotations"])) {
        let key = entry.key.text.strip_prefix(OURS);
        let (Some(key), Some(scalar)) = (key, entry.value.as_scalar()) else {
            continue;
        };
        if matches!(key, "graph" | "digest" | "document") {
            continue;
        }
        let text = scalar.text.as_str();
        let value = match text.as_bytes().first() {
            Some(b'{' | b'[') => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
            _ if matches!(text, "true" | "false") => Json::Bool(text == "true"),
            _ => text.into(),
        };
        let span = entry.value.span;
        match value {
            Json::Object(map) if OPEN.contains(&key) => {
                let inner = map.iter();
                facts.extend(inner.map(|(inner, value)| {
                    let path = vec![key.to_owned(), inner.clone()];
                    (path, build::json(value, span))
                }));
            }
            value => facts.push((vec![key.to_owned()], build::json(&value, span))),
        }
    }
    facts
}

/// The facts that both state in another meaning: units and forms make no difference.
fn conflicts(node: &Node, contract: &Node, facts: &[Fact]) -> Vec<Conflict> {
    let (own, theirs) = (meaning(node), meaning(contract));
    let mut found = Vec::new();
    for (path, value) in facts {
        let Some(stated) = node.at(path.iter().map(String::as_str)) else {
            continue;
        };
        let (Some(ours), Some(said)) = (at(&own, path), at(&theirs, path)) else {
            continue;
        };
        // What it is for is said by each in its own words.
        if path.first().is_some_and(|key| key == "description") || same(path, ours, said) {
            continue;
        }
        found.push(Conflict {
            path: path.clone(),
            own: shown(stated, ours),
            span: stated.span,
            theirs: shown(value, said),
            theirs_span: value.span,
            is_text: said.is_string(),
        });
    }
    found
}

fn at<'j>(meaning: &'j Json, path: &[String]) -> Option<&'j Json> {
    path.iter().try_fold(meaning, |value, key| value.get(key))
}

fn meaning(node: &Node) -> Json {
    let read = spec::Node::read(node, &mut Reader::default());
    read.unwrap_or_default().canonical()
}

/// A value as its document writes it.
fn shown(node: &Node, meaning: &Json) -> String {
    match node.as_scalar() {
        Some(scalar) => scalar.text.replace(['\n', '`'], " "),
        None => meaning.to_string().replace('`', "'"),
    }
}

/// Whether two values of a fact mean the same: a model's words in any case, and GPUs have several
/// names.
fn same(path: &[String], own: &Json, theirs: &Json) -> bool {
    let (Some(own), Some(theirs)) = (own.as_str(), theirs.as_str()) else {
        return own == theirs;
    };
    if keys(path) == ["placement", "gpu"] {
        let catalogue = Catalogue::builtin();
        if let (Ok(own), Ok(theirs)) = (catalogue.find(own), catalogue.find(theirs)) {
            return own.name == theirs.name;
        }
    }
    let is_word = path.first().is_some_and(|key| key != "serving");
    own == theirs || is_word && own.eq_ignore_ascii_case(theirs)
}
