//! One ModelSpec as a node.

use serde_json::{Map, Value, json};

use super::{Document, Draft, KEPT, KEPT_METADATA, KEPT_SPEC, NODE, OURS, ROLE, take};
use crate::spec::{Bytes, Duration, Precision, Role, list_words};

const MODEL: [&str; 3] = ["spec", "identity", "model"];

/// Writes the node of a document. One that an export wrote says most of itself in annotations.
pub(super) fn write(document: &mut Document<'_>, restored: bool, draft: &mut Draft) {
    let place = document.place(&["metadata", "name"]);
    document.node = if restored && draft.has_node(&document.name) {
        document.name.clone()
    } else {
        draft.node(&document.name, &place)
    };
    let node = document.node.clone();
    annotations(document, &node, draft);
    let mut writer = Writer {
        document,
        node: &node,
        draft,
    };
    writer.identity();
    writer.runtime();
    writer.operations();
    if restored {
        writer.role();
    }
    keep(document, &node, restored, draft);
    let message = format!(
        "`{}` is the node `{node}`",
        super::super::quote(&document.name)
    );
    draft.understand(&NODE, place, Some(&node), message);
}

/// The words of a document that are those of the graph where it is the only one.
pub(super) fn write_graph(document: &Document<'_>, draft: &mut Draft) {
    if let Some(version) = document.text(&["metadata", "version"]) {
        draft.metadata("version", json!(version));
    }
    draft.name(&document.name);
}

/// What an export wrote into annotations, back under its keys.
fn annotations(document: &Document<'_>, node: &str, draft: &mut Draft) {
    for (key, text) in document.ours() {
        if matches!(key, "graph" | "digest" | "document") {
            continue;
        }
        let value = match text.as_bytes().first() {
            Some(b'{' | b'[') => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
            _ if matches!(text, "true" | "false") => json!(text == "true"),
            _ => json!(text),
        };
        draft.merge(node, &[key], value);
    }
}

struct Writer<'w, 'f> {
    document: &'w Document<'f>,
    node: &'w str,
    draft: &'w mut Draft,
}

impl Writer<'_, '_> {
    fn put(&mut self, path: &[&str], value: impl Into<Value>) {
        self.draft.put(self.node, path, value);
    }

    fn text(&mut self, from: &[&str], to: &[&str]) {
        if let Some(text) = self.document.text(from) {
            self.put(to, text);
        }
    }

    /// A whole number, as it stands.
    fn whole(&mut self, from: &[&str], to: &[&str]) {
        if let Some(value) = self.document.get(from).and_then(Value::as_u64) {
            self.put(to, value);
        }
    }

    /// A number of so many base units, in base units, where a graph may say it.
    fn number(&self, from: &[&str], unit: f64) -> Option<u64> {
        let value = self.document.get(from)?.as_f64()?;
        base(value, unit)
    }

    fn time(&mut self, from: &[&str], unit: f64, to: &[&str]) {
        if let Some(time) = self.number(from, unit) {
            self.put(to, Duration(time).to_string());
        }
    }

    fn identity(&mut self) {
        for key in ["id", "family", "task", "framework"] {
            let [spec, identity, model] = MODEL;
            self.text(&[spec, identity, model, key], &["model", key]);
        }
        let precision = self
            .document
            .text(&["spec", "identity", "model", "precision"]);
        if let Some(precision) = precision.and_then(Precision::from_word) {
            self.put(&["model", "precision"], precision.word());
        }
        let uri = ["spec", "identity", "model", "artifacts", "modelUri"];
        self.text(&uri, &["model", "uri"]);
        self.text(&["metadata", "description"], &["description"]);
    }

    fn runtime(&mut self) {
        self.text(
            &["spec", "runtime", "accelerator", "type"],
            &["placement", "gpu"],
        );
        let count = ["spec", "runtime", "accelerator", "count"];
        self.whole(&count, &["placement", "gpusPerReplica"]);
        let length = ["spec", "runtime", "batch", "maxSequenceLengthTokens"];
        self.whole(&length, &["limits", "maxModelLen"]);
        let size = self
            .document
            .get(&["spec", "runtime", "batch", "maxBatchSize"]);
        if let Some(size) = size.and_then(Value::as_u64) {
            let framework = self
                .document
                .text(&["spec", "identity", "model", "framework"]);
            let continuous = matches!(framework, Some("vllm" | "sglang" | "tgi"));
            let batch = if continuous {
                json!({"continuous": {"maxSequences": size}})
            } else {
                json!({"dynamic": {"maxSize": size}})
            };
            self.put(&["placement", "batch"], batch);
        }
        let cores = ["spec", "runtime", "resources", "cpuCores"];
        self.whole(&cores, &["placement", "cpu"]);
        let memory = self.number(&["spec", "runtime", "resources", "memoryGb"], 1e9);
        if let Some(memory) = memory {
            self.put(&["placement", "memory"], Bytes(memory).to_string());
        }
        let variables = self
            .document
            .tree
            .at(["spec", "runtime", "environment", "variables"]);
        let variables = variables.and_then(crate::yaml::Node::as_mapping);
        for entry in variables.map_or(&[][..], |map| &map.entries) {
            if let Some(value) = entry.value.as_scalar() {
                self.put(&["serving", "env", &entry.key.text], &*value.text);
            }
        }
    }

    fn operations(&mut self) {
        let serving = ["spec", "operations", "serving"];
        let [spec, operations, own] = serving;
        self.text(
            &[spec, operations, own, "protocol"],
            &["serving", "protocol"],
        );
        self.whole(&[spec, operations, own, "port"], &["serving", "port"]);
        for (probe, to) in [("readinessProbe", "ready"), ("livenessProbe", "live")] {
            let path = [spec, operations, own, probe, "path"];
            self.text(&path, &["serving", "probes", to, "path"]);
            let timeout = [spec, operations, own, probe, "timeoutSeconds"];
            self.time(&timeout, 1e9, &["serving", "probes", to, "timeout"]);
        }
        let concurrency = [spec, operations, own, "maxConcurrency"];
        self.whole(&concurrency, &["placement", "concurrency"]);
        let timeout = [spec, operations, own, "timeoutSeconds"];
        self.time(&timeout, 1e9, &["serving", "timeout"]);
        let scaling = |key: &str| {
            let value = self.document.get(&[spec, operations, "scaling", key]);
            value.and_then(Value::as_u64)
        };
        if let (Some(min), Some(max)) = (scaling("minReplicas"), scaling("maxReplicas"))
            && 0 < min
            && min <= max
        {
            self.put(&["placement", "replicas"], json!({"min": min, "max": max}));
        }
    }

    fn role(&mut self) {
        role(self.document, self.draft);
    }
}

/// A number of so many base units, in base units; `None` for what no quantity can be.
pub(super) fn base(value: f64, unit: f64) -> Option<u64> {
    let base = libm::round(value * unit);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is within the range of quantities"
    )]
    (0.0..1e18)
        .contains(&base)
        .then_some(base as u64)
        .filter(|&base| base > 0)
}

/// States the role of a document's node, from its task, unless it has one.
pub(super) fn role(document: &Document<'_>, draft: &mut Draft) {
    let node = &*document.node;
    if draft.get(node, &["role"]).is_some() {
        return;
    }
    let path = ["spec", "identity", "model", "task"];
    let task = document.text(&path).unwrap_or_default().to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| task.contains(word));
    let name = document.name.to_lowercase();
    let (role, certain) = if has(&["rerank", "ranking"]) {
        (Role::Reranker, true)
    } else if has(&["embed", "feature-extraction", "sentence-similarity"]) {
        (Role::Embedder, true)
    } else if has(&["guard", "moderation", "safety"]) {
        (Role::Guardrail, true)
    } else if has(&["classif"]) {
        if name.contains("guard") {
            (Role::Guardrail, false)
        } else {
            (Role::Classifier, true)
        }
    } else if has(&[
        "generation",
        "chat",
        "completion",
        "llm",
        "summari",
        "translat",
        "instruct",
    ]) {
        (Role::Generator, true)
    } else {
        (Role::Transformer, false)
    };
    draft.put(node, &["role"], role.word());
    if !certain {
        let message = format!(
            "the role of `{node}` is not certain from its task, `{}`",
            super::super::quote(&task)
        );
        draft.guess(
            &ROLE,
            document.place(&path),
            Some(node),
            message,
            role.word(),
        );
    }
}

/// What the graph says in the same words, and need not be kept.
const SAID: &[&[&str]] = &[
    &["identity", "model", "id"],
    &["identity", "model", "family"],
    &["identity", "model", "task"],
    &["identity", "model", "framework"],
    &["identity", "model", "artifacts", "modelUri"],
    &["runtime", "accelerator", "count"],
    &["runtime", "batch", "maxBatchSize"],
    &["runtime", "batch", "maxSequenceLengthTokens"],
    &["runtime", "resources", "cpuCores"],
    &["operations", "serving", "protocol"],
    &["operations", "serving", "port"],
    &["operations", "serving", "maxConcurrency"],
];

/// Keeps what the graph does not say in the same words.
fn keep(document: &Document<'_>, node: &str, restored: bool, draft: &mut Draft) {
    let mut kept = match document.get(&["spec"]) {
        Some(Value::Object(spec)) => spec.clone(),
        _ => Map::new(),
    };
    for path in SAID {
        let text = document.get(&[&["spec"], *path].concat());
        // What looks like a number was written as one, and a graph would say it as a text.
        let as_said = text.is_some_and(|value| match value {
            Value::String(_) => true,
            value => value.as_u64().is_some() && !path.contains(&"model"),
        });
        if as_said {
            take(&mut kept, path);
        }
    }
    let precision = document.text(&["spec", "identity", "model", "precision"]);
    if precision.and_then(Precision::from_word).is_some() {
        take(&mut kept, &["identity", "model", "precision"]);
    }
    if restored {
        // The edges are those of the graph.
        take(&mut kept, &["pipeline", "dependencies"]);
        let exact = [
            &["runtime", "accelerator"][..],
            &["runtime", "resources", "memoryGb"],
            &["runtime", "environment"],
            &["operations", "serving"],
            &["operations", "scaling", "minReplicas"],
            &["operations", "scaling", "maxReplicas"],
        ];
        for path in exact {
            take(&mut kept, path);
        }
    } else {
        let metadata = document.get(&["metadata"]).cloned();
        draft.keep(node, KEPT_METADATA, metadata.unwrap_or_default());
    }
    if !kept.is_empty() {
        let keys = leaves(&kept);
        let keys = list_words(keys.iter().map(String::as_str)).replace(" or ", " and ");
        let message = format!("of `{node}`, the annotation `{KEPT_SPEC}` keeps {keys}");
        draft.keep_aside(&KEPT, document.place(&["spec"]), Some(node), message);
    }
    if !kept.is_empty() || !restored {
        draft.keep(node, KEPT_SPEC, Value::Object(kept));
    }
    if restored {
        for (key, value) in own_annotations(document) {
            draft.keep(node, key, value);
        }
    }
}

/// The annotations that no export wrote.
fn own_annotations<'d>(document: &'d Document<'_>) -> impl Iterator<Item = (&'d str, Value)> {
    let annotations = document.get(&["metadata", "annotations"]);
    let annotations = annotations.and_then(Value::as_object);
    let own = annotations.into_iter().flatten();
    own.filter(|(key, _)| !key.starts_with(OURS))
        .map(|(key, value)| (key.as_str(), value.clone()))
}

/// The paths of the second level, as people read them.
fn leaves(map: &Map<String, Value>) -> Vec<String> {
    let inner = |(key, value): (&String, &Value)| -> Vec<String> {
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                inner.keys().map(|own| format!("{key}.{own}")).collect()
            }
            _ => vec![key.clone()],
        }
    };
    let quoted = map.iter().flat_map(inner);
    quoted.map(|path| super::super::quote(&path)).collect()
}
