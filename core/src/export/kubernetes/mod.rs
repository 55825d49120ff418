//! Kubernetes: an orchestrator as the only permitted client of the nodes, and for each node a
//! workload, a Service, a `ConfigMap`, a budget for disruptions, an autoscaler where its replicas
//! may vary, and a `NetworkPolicy`.
//!
//! With `execution: orchestrated` (the default) the orchestrator enforces the graph, guardrails
//! included, and the policies admit it alone. With `execution: chained` the policies follow the
//! edges, and whether a guardrail holds is up to the program that serves it.

pub(in crate::export) mod kinds;
mod network;
mod objects;
pub(super) mod orchestrator;
pub(in crate::export) mod pod;
#[cfg(test)]
mod tests;
pub(in crate::export) mod words;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::names::Names;
use super::plan::Planning;
use super::{Artifacts, Kind, Language, Subject, Target, quantity};
use crate::spec::{Execution, Role};
use crate::text::Span;
use crate::yaml;

/// The target.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kubernetes;

/// The longest name: a `StatefulSet`'s pods carry it with a digest of ten behind as a label.
pub(super) const LONGEST_NAME: usize = 52;

impl Target for Kubernetes {
    fn name(&self) -> &'static str {
        "kubernetes"
    }

    fn title(&self) -> &'static str {
        "Kubernetes"
    }

    fn about(&self) -> &'static str {
        "Manifests for Kubernetes 1.34: workloads with GPUs, probes, autoscaling, and network \
         policies that admit the orchestrator alone"
    }

    fn kinds(&self) -> &'static [&'static Kind] {
        kinds::ALL
    }

    fn words(&self) -> Vec<&'static str> {
        [super::words::SERVED, words::SAID].concat()
    }

    fn export(&self, subject: &Subject<'_>) -> Artifacts {
        let mut artifacts = Artifacts::default();
        for workload in workloads(subject, &mut artifacts) {
            let documents: Vec<String> = workload.objects.iter().map(yaml::document).collect();
            let path = format!("{}.yaml", workload.name);
            artifacts.file(path, Language::Yaml, documents.join("---\n"));
        }
        artifacts
    }
}

/// The objects of a node, or of the orchestrator.
pub(in crate::export) struct Workload<'a> {
    /// The node; `None` for the orchestrator.
    pub(in crate::export) node: Option<&'a str>,
    /// The name of its objects.
    pub(in crate::export) name: String,
    /// In the order in which they are to be made.
    pub(in crate::export) objects: Vec<Value>,
}

/// All that a cluster is given, with what there is to tell.
pub(in crate::export) fn workloads<'a>(
    subject: &Subject<'a>,
    artifacts: &mut Artifacts,
) -> Vec<Workload<'a>> {
    let mut cx = Cx::new(subject, artifacts);
    let control = match cx.execution {
        Execution::Orchestrated => Some("orchestrator"),
        Execution::Chained => None,
    };
    let plans = Planning {
        subject: cx.subject,
        artifacts: &mut *cx.artifacts,
        names: &mut cx.names,
        kinds: &kinds::PLAN,
        selects: true,
        control,
    }
    .all();
    if plans.is_empty() {
        return Vec::new();
    }
    cx.about_graph();
    let mut workloads = Vec::new();
    for plan in &plans {
        workloads.push(Workload {
            node: Some(plan.name),
            name: plan.object.clone(),
            objects: objects::of_node(&mut cx, plan, &plans),
        });
    }
    match cx.execution {
        Execution::Orchestrated => workloads.push(orchestrator::workload(&mut cx, &plans)),
        Execution::Chained => cx.about_chain(),
    }
    workloads
}

/// What every part of the export needs.
struct Cx<'c, 'a> {
    subject: &'c Subject<'a>,
    artifacts: &'c mut Artifacts,
    names: Names,
    execution: Execution,
    /// The graph's own labels, as far as they are labels here too.
    labels: Map<String, Value>,
    /// Beside whom each node stands, whichever of the two says so.
    beside: BTreeMap<String, BTreeSet<String>>,
}

impl<'c, 'a> Cx<'c, 'a> {
    fn new(subject: &'c Subject<'a>, artifacts: &'c mut Artifacts) -> Self {
        let mut cx = Self {
            subject,
            artifacts,
            names: Names::new(LONGEST_NAME),
            execution: subject.execution(),
            labels: Map::new(),
            beside: beside(subject),
        };
        cx.labels = cx.graph_labels();
        cx
    }

    /// The name of an object: the graph's name before the part's.
    fn claim(&mut self, part: &str) -> String {
        let wanted = format!("{}-{part}", self.subject.name);
        self.names.claim(&wanted)
    }

    fn lose(&mut self, kind: &'static Kind, node: &str, span: Span, message: String) {
        self.artifacts.lose(kind, Some(node), span, message);
    }

    fn assume(&mut self, kind: &'static Kind, node: &str, span: Span, message: &str, value: &str) {
        self.artifacts
            .assume(kind, Some(node), span, message, value);
    }

    fn graph_labels(&mut self) -> Map<String, Value> {
        let metadata = self.subject.graph.spec.metadata.as_ref();
        let labels = metadata.and_then(|metadata| metadata.labels.as_ref());
        let mut kept = Map::new();
        for label in labels.into_iter().flat_map(|labels| labels.iter()) {
            let (key, value) = (&label.name.value, &label.value.0);
            let ours = key.starts_with("app.kubernetes.io/") || key.starts_with("modelgraph/");
            if !ours && quantity::is_label_key(key) && quantity::is_label_value(value) {
                kept.insert(key.clone(), json!(value));
            } else {
                let message =
                    format!("`{key}: {value}` is no label that Kubernetes takes from here");
                self.artifacts
                    .lose(&kinds::LABEL, None, label.name.span, message);
            }
        }
        kept
    }

    /// What selects the pods of an object; never changes, for a selector cannot.
    fn selector(&self, object: &str) -> Map<String, Value> {
        let mut map = Map::new();
        map.insert("app.kubernetes.io/name".to_owned(), json!(object));
        map.insert(
            "app.kubernetes.io/part-of".to_owned(),
            json!(self.subject.name),
        );
        map
    }

    /// The labels of pods: without the version, a change of which alone restarts nothing.
    fn pod_labels(&self, object: &str, component: &str) -> Map<String, Value> {
        let mut map = self.selector(object);
        map.insert("app.kubernetes.io/component".to_owned(), json!(component));
        map.insert(
            "app.kubernetes.io/managed-by".to_owned(),
            json!("modelspec"),
        );
        map.extend(self.labels.clone());
        map
    }

    fn object_labels(&self, object: &str, component: &str) -> Map<String, Value> {
        let mut map = self.pod_labels(object, component);
        let version = self.subject.version.map(quantity::label_value);
        if let Some(version) = version.filter(|version| !version.is_empty()) {
            map.insert("app.kubernetes.io/version".to_owned(), json!(version));
        }
        map
    }

    fn metadata(&self, object: &str, component: &str) -> Value {
        let labels = Value::Object(self.object_labels(object, component));
        let annotations = json!({"modelgraph/spec-digest": self.subject.digest.to_string()});
        super::json::object([
            ("name", json!(object)),
            ("labels", labels),
            ("annotations", annotations),
        ])
    }

    /// What is told once a graph.
    fn about_graph(&mut self) {
        let span = self.subject.name_span();
        let enforced = "the cluster's network plugin enforces NetworkPolicy; without one, anyone \
                        in the cluster can call a model past its guardrail";
        self.artifacts
            .assume(&kinds::NETWORK, None, span, enforced, "enforced");
        let user = "every container runs without root on a root file system that it cannot write, \
                    with `/tmp` and `/cache` to write to";
        self.artifacts
            .assume(&kinds::USER, None, span, user, "user 1000");
        let body = self.subject.graph.spec.body();
        if let Some(objectives) = body.and_then(|body| body.objectives.as_ref()) {
            let message = "nothing in Kubernetes holds the graph's `objectives`: watch them, or \
                           export alerts";
            self.artifacts
                .lose(&kinds::OBJECTIVES, None, objectives.span, message);
        }
    }

    /// What is told of nodes that call their successors.
    fn about_chain(&mut self) {
        let span = self.subject.name_span();
        let message = "each node calls its successors, whose addresses its ConfigMap holds as \
                       `MODELGRAPH_SUCCESSORS`, and keeps conditions, timeouts and fallbacks itself";
        self.artifacts
            .assume(&kinds::CHAINED, None, span, message, "chained");
        let nodes = self.subject.graph.model_nodes();
        for (_, node) in nodes.filter(|(_, node)| node.role == Some(Role::Guardrail)) {
            let message = format!(
                "with `execution: chained` no manifest keeps `{}` from letting everything pass: \
                 the program that serves it must refuse to call its successors",
                node.name
            );
            self.lose(&kinds::CHAINED_GUARD, &node.name, node.span, message);
        }
    }
}

fn beside(subject: &Subject<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let mut beside: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for named in subject.graph.spec.nodes() {
        let placement = named.value.placement.as_ref();
        let stated = placement.and_then(|placement| placement.co_locate.as_ref());
        for other in stated.into_iter().flat_map(|others| others.iter()) {
            let (one, two) = (&named.name.value, &other.value.0);
            for (from, to) in [(one, two), (two, one)] {
                beside.entry(from.clone()).or_default().insert(to.clone());
            }
        }
    }
    beside
}
