//! One node as a ModelSpec.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{
    ANNOTATION, FAMILY, FRAMEWORK, KEPT, LENGTH, MODEL, SECRET, TASK, VENDOR, dependencies, fill,
};
use crate::export::{Artifacts, Subject};
use crate::graph::NodeIx;
use crate::import::modelspec::{KEPT_FILE, KEPT_METADATA, KEPT_SPEC};
use crate::spec::{self, Batch, Probe, Role, Shape, to_json};
use crate::text::{Span, Spanned};
use crate::yaml;

/// What a framework needs that serves sequences and is not told how long they get.
const ASSUMED_LENGTH: u64 = 4096;

/// The document of a node.
pub(super) fn build(
    subject: &Subject<'_>,
    ix: NodeIx,
    written: &BTreeSet<NodeIx>,
    rest: Option<Value>,
    artifacts: &mut Artifacts,
) -> Value {
    let name = subject.graph.name(ix);
    let span = subject
        .graph
        .node(ix)
        .map_or_else(Span::default, |node| node.span);
    let unstated = spec::Node::default();
    let node = subject.graph.spec_of(ix).unwrap_or(&unstated);
    let mut writer = Writer {
        subject,
        node,
        name,
        span,
        artifacts,
    };
    let mut body = Map::new();
    let (identity, framework) = writer.identity();
    body.insert("identity".to_owned(), identity);
    body.insert("runtime".to_owned(), writer.runtime(&framework));
    put(&mut body, "operations", writer.operations());
    let dependencies = dependencies::of(subject, ix, written);
    if !dependencies.is_empty() {
        body.insert("pipeline".to_owned(), json!({"dependencies": dependencies}));
    }
    let metadata = writer.metadata(rest);
    let document = |body| {
        json!({
            "apiVersion": "piqc.ai/v1alpha1",
            "kind": "ModelSpec",
            "metadata": metadata,
            "spec": body,
        })
    };
    let Some((kept, at)) = writer.kept() else {
        return document(body);
    };
    let mut filled = body.clone();
    fill(&mut filled, kept);
    let whole = document(filled);
    if spec::read(&yaml::document(&whole)).diagnostics.is_empty() {
        return whole;
    }
    let message =
        format!("`{KEPT_SPEC}` of `{name}` does not fit into a ModelSpec: it is left out");
    writer.artifacts.lose(&KEPT, Some(name), at, message);
    document(body)
}

/// What the graph says of a node in the words of a ModelSpec, dependencies left out.
pub(super) fn body(subject: &Subject<'_>, ix: NodeIx) -> Map<String, Value> {
    let unstated = spec::Node::default();
    let mut artifacts = Artifacts::default();
    let mut writer = Writer {
        subject,
        node: subject.graph.spec_of(ix).unwrap_or(&unstated),
        name: subject.graph.name(ix),
        span: Span::default(),
        artifacts: &mut artifacts,
    };
    let mut body = Map::new();
    let (identity, framework) = writer.identity();
    body.insert("identity".to_owned(), identity);
    body.insert("runtime".to_owned(), writer.runtime(&framework));
    put(&mut body, "operations", writer.operations());
    body
}

struct Writer<'w, 'a> {
    subject: &'w Subject<'a>,
    node: &'w spec::Node,
    name: &'w str,
    span: Span,
    artifacts: &'w mut Artifacts,
}

impl Writer<'_, '_> {
    fn assume(&mut self, kind: &'static crate::export::Kind, what: &str, value: &str) {
        let message = format!(
            "{what} of `{}` is not stated: `{value}` is taken",
            self.name
        );
        self.artifacts
            .assume(kind, Some(self.name), self.span, message, value);
    }

    /// `identity`, and the framework that it names.
    fn identity(&mut self) -> (Value, String) {
        let unstated = spec::Model::default();
        let node = self.node;
        let model = node.model.as_ref().map_or(&unstated, |model| &model.value);
        let role = node.role.map(|role| role.value);
        let id = if let Some(id) = &model.id {
            id.value.0.clone()
        } else {
            self.assume(&MODEL, "the model", self.name);
            self.name.to_owned()
        };
        let family = stated(model.family.as_ref()).unwrap_or_else(|| {
            let family = family_of(&id);
            self.assume(&FAMILY, "the model's family", &family);
            family
        });
        let task = stated(model.task.as_ref()).unwrap_or_else(|| {
            let task = task_of(role);
            self.assume(&TASK, "the model's task", task);
            task.to_owned()
        });
        let serving = node.serving.as_ref();
        let engine = serving.and_then(|serving| stated(serving.engine.as_ref()));
        let framework = stated(model.framework.as_ref())
            .or(engine)
            .unwrap_or_else(|| {
                let framework = match role {
                    Some(Role::Embedder | Role::Reranker) => "tei",
                    _ => "vllm",
                };
                self.assume(&FRAMEWORK, "what runs the model", framework);
                framework.to_owned()
            });
        let mut map = Map::new();
        map.insert("id".to_owned(), json!(id));
        map.insert("family".to_owned(), json!(family));
        map.insert("task".to_owned(), json!(task));
        map.insert("framework".to_owned(), json!(framework));
        put(
            &mut map,
            "precision",
            model.precision.map(|precision| json!(precision.word())),
        );
        let uri = model
            .uri
            .as_ref()
            .map(|uri| json!({"modelUri": uri.value.0}));
        put(&mut map, "artifacts", uri);
        (json!({"model": map}), framework)
    }

    fn runtime(&mut self, framework: &str) -> Value {
        let mut map = Map::new();
        let unstated = spec::Placement::default();
        let node = self.node;
        let placement = node
            .placement
            .as_ref()
            .map_or(&unstated, |placement| &placement.value);
        let gpu = placement.gpu.as_ref().map_or("", |gpu| &*gpu.value.0);
        let (vendor, gpu) = if let Ok(known) = self.subject.catalogue.find(gpu) {
            (known.vendor.word(), known.name.to_string())
        } else {
            let gpu = gpu.to_owned();
            self.assume(&VENDOR, "the maker of the accelerator", "nvidia");
            ("nvidia", gpu)
        };
        let count = placement.gpus_per_replica.map_or(1, |count| count.value.0);
        let accelerator = json!({"vendor": vendor, "type": gpu, "count": count});
        map.insert("accelerator".to_owned(), accelerator);
        let mut batch = Map::new();
        let size = placement
            .batch
            .as_ref()
            .and_then(|batch| match &batch.value {
                Batch::None => None,
                Batch::Dynamic(batch) => batch.max_size,
                Batch::Continuous(batch) => batch.max_sequences,
            });
        put(
            &mut batch,
            "maxBatchSize",
            size.map(|size| json!(size.value.0)),
        );
        put(
            &mut batch,
            "maxSequenceLengthTokens",
            self.longest(framework),
        );
        put(&mut map, "batch", some(batch));
        let mut resources = Map::new();
        let cores = placement
            .cpu
            .map(|cpu| json!(cpu.value.0.div_ceil(1000).max(1)));
        put(&mut resources, "cpuCores", cores);
        let memory = placement
            .memory
            .map(|memory| fraction(memory.value.0, 1_000_000_000));
        put(&mut resources, "memoryGb", memory);
        put(&mut map, "resources", some(resources));
        let serving = node.serving.as_ref();
        let env = serving.and_then(|serving| serving.env.as_ref());
        if let Some(env) = env.filter(|env| !env.is_empty()) {
            let variables = env.canonical();
            map.insert("environment".to_owned(), json!({"variables": variables}));
        }
        if let Some(secrets) = serving.and_then(|serving| serving.secrets.as_ref()) {
            for secret in secrets.iter() {
                let message = format!(
                    "`{}` takes `{}` from a secret, which a ModelSpec cannot name",
                    self.name, secret.name.value
                );
                self.artifacts
                    .lose(&SECRET, Some(self.name), secret.name.span, message);
            }
        }
        Value::Object(map)
    }

    /// The longest sequence; a ModelSpec for vLLM must state one.
    fn longest(&mut self, framework: &str) -> Option<Value> {
        let node = self.node;
        let limits = node.limits.as_ref().and_then(|limits| limits.max_model_len);
        let context = node.model.as_ref().and_then(|model| model.context_tokens);
        let input = node
            .tokenizer
            .as_ref()
            .and_then(|tokenizer| tokenizer.max_input_tokens);
        let known = limits.or(context).or(input).map(|tokens| tokens.value.0);
        let tokens = match known {
            Some(tokens) => tokens.clamp(1, u64::from(u32::MAX)),
            None if framework == "vllm" => {
                let value = ASSUMED_LENGTH.to_string();
                self.assume(&LENGTH, "the longest sequence", &value);
                ASSUMED_LENGTH
            }
            None => return None,
        };
        Some(json!(tokens))
    }

    fn operations(&self) -> Option<Value> {
        let mut map = Map::new();
        let mut serving = Map::new();
        let placement = self.node.placement.as_ref();
        if let Some(stated) = &self.node.serving {
            let protocol = stated.protocol.map(|protocol| json!(protocol.word()));
            put(&mut serving, "protocol", protocol);
            put(
                &mut serving,
                "port",
                stated.port.map(|port| json!(port.value.0)),
            );
            let probes = stated.probes.as_ref();
            let ready = probes.and_then(|probes| probe(probes.ready.as_ref()));
            put(&mut serving, "readinessProbe", ready);
            let live = probes.and_then(|probes| probe(probes.live.as_ref()));
            put(&mut serving, "livenessProbe", live);
        }
        let concurrency = placement.and_then(|placement| placement.concurrency);
        put(
            &mut serving,
            "maxConcurrency",
            concurrency.map(|count| json!(count.value.0)),
        );
        let timeout = self
            .node
            .serving
            .as_ref()
            .and_then(|serving| serving.timeout);
        put(
            &mut serving,
            "timeoutSeconds",
            timeout.map(|timeout| seconds(timeout.value)),
        );
        put(&mut map, "serving", some(serving));
        if let Some(replicas) = placement.and_then(|placement| placement.replicas) {
            let scaling = json!({"minReplicas": replicas.min, "maxReplicas": replicas.max});
            map.insert("scaling".to_owned(), scaling);
        }
        some(map)
    }

    fn metadata(&mut self, rest: Option<Value>) -> Value {
        let mut map = Map::new();
        map.insert("name".to_owned(), json!(self.name));
        put(
            &mut map,
            "version",
            self.subject.version.map(|version| json!(version)),
        );
        let node = self.node;
        let description = node.description.as_ref().map(|text| json!(text.value.0));
        put(&mut map, "description", description);
        let metadata = self.subject.graph.spec.metadata.as_ref();
        let labels = metadata.and_then(|metadata| metadata.labels.as_ref());
        let labels = labels.filter(|labels| !labels.is_empty());
        put(&mut map, "labels", labels.map(|labels| labels.canonical()));
        let mut annotations = Map::new();
        let mut annotate = |key: &str, value: String| {
            annotations.insert(format!("modelgraph/{key}"), Value::String(value));
        };
        annotate("graph", self.subject.name.to_owned());
        annotate("digest", self.subject.digest.to_string());
        if let Some(role) = node.role {
            annotate("role", role.value.word().to_owned());
        }
        for (key, value, span) in self.unsaid() {
            let message = format!(
                "`{}.{key}` has no place in a ModelSpec: the annotation `modelgraph/{key}` keeps it",
                self.name
            );
            self.artifacts
                .lose(&ANNOTATION, Some(self.name), span, message);
            annotate(
                &key,
                match value {
                    Value::String(text) => text,
                    value => value.to_string(),
                },
            );
        }
        if let Some(rest) = rest {
            annotate("document", rest.to_string());
        }
        for own in node.annotations.iter().flat_map(|map| map.iter()) {
            if let Value::String(text) = &own.value.0
                && own.name.value != KEPT_FILE
            {
                annotations
                    .entry(own.name.value.clone())
                    .or_insert_with(|| json!(text));
            }
        }
        map.insert("annotations".to_owned(), Value::Object(annotations));
        // What an imported one was called beside.
        let kept = node
            .annotations
            .as_ref()
            .and_then(|own| own.get(KEPT_METADATA));
        if let Some(Value::Object(kept)) = kept.map(|kept| &kept.0) {
            fill(&mut map, kept.clone());
        }
        Value::Object(map)
    }

    /// What the document says of the node and the ModelSpec has no key for, in its own words.
    fn unsaid(&self) -> Vec<(String, Value, Span)> {
        let tree = self.subject.tree.at(["spec", "nodes", self.name]);
        let entries = tree.and_then(yaml::Node::as_mapping);
        let mut unsaid = Vec::new();
        for entry in entries.map_or(&[][..], |map| &map.entries) {
            let key = &*entry.key.text;
            if key.starts_with("x-") || matches!(key, "role" | "description") {
                continue;
            }
            let mut value = to_json(&entry.value);
            if let Value::Object(map) = &mut value {
                for said in said(key) {
                    map.shift_remove(*said);
                }
                match key {
                    "placement" if self.has_part_of_a_core() => {}
                    "placement" => {
                        map.shift_remove("cpu");
                    }
                    // Texts stand as annotations of their own.
                    "annotations" => {
                        let kept = [KEPT_SPEC, KEPT_METADATA, KEPT_FILE];
                        map.retain(|key, value| !value.is_string() && !kept.contains(&&**key));
                    }
                    _ => {}
                }
                if map.is_empty() {
                    continue;
                }
            }
            if !value.is_null() {
                unsaid.push((key.to_owned(), value, entry.value.span));
            }
        }
        unsaid
    }

    fn has_part_of_a_core(&self) -> bool {
        let placement = self.node.placement.as_ref();
        let cpu = placement.and_then(|placement| placement.cpu);
        cpu.is_some_and(|cpu| cpu.value.0 % 1000 != 0)
    }

    /// What an imported ModelSpec said beside.
    fn kept(&self) -> Option<(Map<String, Value>, Span)> {
        let annotations = self.node.annotations.as_ref()?;
        let kept = annotations.named(KEPT_SPEC)?;
        let map = kept.value.0.as_object()?.clone();
        Some((map, kept.span))
    }
}

/// The keys of a part of a node that a ModelSpec holds.
fn said(key: &str) -> &'static [&'static str] {
    match key {
        "model" => &["id", "family", "task", "framework", "precision", "uri"],
        "limits" => &["maxModelLen"],
        "serving" => &["protocol", "port", "timeout", "env"],
        "placement" => &["gpu", "gpusPerReplica", "memory", "replicas", "concurrency"],
        _ => &[],
    }
}

fn stated<T: ToString>(text: Option<&Spanned<T>>) -> Option<String> {
    text.map(|text| text.value.to_string())
}

fn probe(probe: Option<&Spanned<Probe>>) -> Option<Value> {
    let probe = probe?;
    let mut map = Map::new();
    put(
        &mut map,
        "path",
        probe.path.as_ref().map(|path| json!(path.value.0)),
    );
    let timeout = probe.timeout.map(|timeout| seconds(timeout.value));
    put(&mut map, "timeoutSeconds", timeout);
    some(map)
}

fn put(map: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        map.insert(key.to_owned(), value);
    }
}

fn some(map: Map<String, Value>) -> Option<Value> {
    (!map.is_empty()).then_some(Value::Object(map))
}

fn seconds(time: spec::Duration) -> Value {
    fraction(time.0, 1_000_000_000)
}

/// `value` in units of `unit`: whole where it is.
pub(super) fn fraction(value: u64, unit: u64) -> Value {
    match (value.checked_rem(unit), value.checked_div(unit)) {
        (Some(0), Some(whole)) => json!(whole),
        _ => json!(value as f64 / unit as f64),
    }
}

/// The letters that a model's own name begins with: `llama` of `meta-llama/Llama-3.1-8B`.
fn family_of(id: &str) -> String {
    let own = id.rsplit('/').next().unwrap_or(id);
    let letters: String = own.chars().take_while(char::is_ascii_alphabetic).collect();
    if letters.is_empty() {
        "unknown".to_owned()
    } else {
        letters.to_lowercase()
    }
}

/// The task of a role, in the words of model hubs.
const fn task_of(role: Option<Role>) -> &'static str {
    match role {
        Some(Role::Generator) => "text-generation",
        Some(Role::Embedder) => "feature-extraction",
        Some(Role::Reranker) => "text-ranking",
        Some(Role::Guardrail | Role::Classifier) => "text-classification",
        _ => "other",
    }
}
