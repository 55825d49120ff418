//! Argo Workflows: a template whose DAG runs the graph over many records, for evaluation and
//! ingestion, and which simulates it in shares; and a workflow that starts each of the two.
//!
//! A step is a pod, which takes seconds to minutes to start: a graph that promises to answer a
//! request in time is refused until that loss is accepted.

mod kinds;
mod nodes;
mod sweep;
#[cfg(test)]
mod tests;
mod words;

use serde_json::{Map, Value, json};

use super::names::Names;
use super::{Artifacts, Kind, Language, Subject, Target};
use crate::graph::NodeIx;
use crate::yaml;

/// The target.
#[derive(Clone, Copy, Debug)]
pub(super) struct Argo;

/// The longest name of a workflow's template: its pods' names begin with it.
const LONGEST_NAME: usize = 40;
/// What a `ConfigMap` can hold, less what the API server needs beside.
const MOST_BYTES: usize = 1_000_000;
/// Where the graph lies in each pod.
const FOLDER: &str = "/etc/modelgraph";

impl Target for Argo {
    fn name(&self) -> &'static str {
        "argo"
    }

    fn title(&self) -> &'static str {
        "Argo Workflows"
    }

    fn about(&self) -> &'static str {
        "A WorkflowTemplate that runs the graph over many records as a DAG, and simulates it in \
         shares, with a Workflow to start each"
    }

    fn kinds(&self) -> &'static [&'static Kind] {
        kinds::ALL
    }

    fn words(&self) -> Vec<&'static str> {
        words::SAID.to_vec()
    }

    fn export(&self, subject: &Subject<'_>) -> Artifacts {
        let mut artifacts = Artifacts::default();
        if subject.graph.model_nodes().next().is_none() {
            return artifacts;
        }
        let mut names = Names::new(LONGEST_NAME);
        let name = names.claim(subject.name);
        let mut cx = Cx {
            subject,
            artifacts: &mut artifacts,
            data: names.claim(&format!("{}-workflow", subject.name)),
            parameters: Vec::new(),
        };
        cx.about_graph();
        cx.about_time();
        let mut templates = nodes::templates(&mut cx);
        templates.extend(sweep::templates(&mut cx));
        let graph = cx.graph();
        let mut parameters = sweep::parameters();
        parameters.append(&mut cx.parameters);
        let template = json!({
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "WorkflowTemplate",
            "metadata": cx.metadata("name", &name),
            "spec": {
                "arguments": {"parameters": parameters},
                "automountServiceAccountToken": true,
                "securityContext": {
                    "runAsNonRoot": true,
                    "runAsUser": 1000,
                    "runAsGroup": 1000,
                    "fsGroup": 1000,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "volumes": [{"name": "graph", "configMap": {"name": cx.data}}],
                "templates": templates,
            },
        });
        let start = |entrypoint: &str, arguments: Value| {
            let part = format!("{name}-{entrypoint}-");
            let mut spec = json!({
                "workflowTemplateRef": {"name": name},
                "entrypoint": entrypoint,
            });
            if let (Value::Object(spec), true) = (&mut spec, !arguments.is_null()) {
                spec.insert("arguments".to_owned(), arguments);
            }
            yaml::document(&json!({
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Workflow",
                "metadata": cx.metadata("generateName", &part),
                "spec": spec,
            }))
        };
        let files = [
            ("run", start("run", nodes::arguments(&cx))),
            ("sweep", start("sweep", Value::Null)),
            (
                "template",
                [yaml::document(&graph), yaml::document(&template)].join("---\n"),
            ),
        ];
        for (end, text) in files {
            artifacts.file(format!("{name}-{end}.yaml"), Language::Yaml, text);
        }
        artifacts
    }
}

/// What every part of the export needs.
struct Cx<'a> {
    subject: &'a Subject<'a>,
    artifacts: &'a mut Artifacts,
    /// The name of the `ConfigMap` of the graph.
    data: String,
    /// Parameters that whoever starts a workflow gives.
    parameters: Vec<Value>,
}

impl Cx<'_> {
    fn metadata(&self, key: &str, name: &str) -> Value {
        json!({
            key: name,
            "labels": {
                "app.kubernetes.io/part-of": self.subject.name,
                "app.kubernetes.io/managed-by": "modelspec",
            },
            "annotations": {"modelgraph/spec-digest": self.subject.digest.to_string()},
        })
    }

    /// The graph as steps and simulator read it.
    fn graph(&mut self) -> Value {
        let graph = self.subject.canonical.clone();
        let document = crate::spec::to_json(self.subject.tree).to_string();
        if graph.len().saturating_add(document.len()) > MOST_BYTES {
            let span = self.subject.name_span();
            let message = format!(
                "the graph takes {} bytes, and a ConfigMap holds no more than {MOST_BYTES}",
                graph.len().saturating_add(document.len())
            );
            self.artifacts.lose(&kinds::SIZE, None, span, message);
        }
        json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": self.metadata("name", &self.data),
            "data": {"graph.json": graph, "document.json": document},
        })
    }

    /// An image: that of an annotation of the graph, else one that is assumed.
    fn image(&mut self, annotation: &str, kind: &'static Kind, usual: &str, what: &str) -> String {
        let metadata = self.subject.graph.spec.metadata.as_ref();
        let annotations = metadata.and_then(|metadata| metadata.annotations.as_ref());
        let stated = annotations.and_then(|annotations| annotations.get(annotation));
        if let Some(Value::String(stated)) = stated.map(|stated| &stated.0) {
            return stated.clone();
        }
        let message = format!("{what}; name its image with the annotation `{annotation}`");
        let span = self.subject.name_span();
        self.artifacts.assume(kind, None, span, message, usual);
        usual.to_owned()
    }

    fn about_graph(&mut self) {
        let span = self.subject.name_span();
        let message = "steps call the nodes that the Kubernetes export makes, whose policies admit \
                       them by the orchestrator's labels";
        let value = "one namespace";
        self.artifacts
            .assume(&kinds::NODES, None, span, message, value);
        let message = "data passes from step to step through Argo's default artifact repository, \
                       which speaks S3";
        self.artifacts
            .assume(&kinds::ARTIFACTS, None, span, message, "S3");
    }

    /// Tells where the graph promises an answer in time.
    fn about_time(&mut self) {
        let graph = self.subject.graph;
        let objectives = graph.spec.body().and_then(|body| body.objectives.as_ref());
        let of_graph = objectives.and_then(|it| {
            let latency = it
                .latency
                .as_ref()
                .map(|it| ("objectives.latency", it.span));
            let first = it.time_to_first_token.as_ref();
            latency.or(first.map(|it| ("objectives.timeToFirstToken", it.span)))
        });
        if let Some((word, span)) = of_graph {
            let nodes: Vec<NodeIx> = graph.model_nodes().map(|(ix, _)| ix).collect();
            let message = format!(
                "the graph has `{word}`, and here each of {} starts a pod: no request is answered \
                 in time; accepted, the workflow runs it over many records at once",
                self.subject.listed(&nodes)
            );
            self.artifacts.lose(&kinds::ONLINE, None, span, message);
        }
        for (ix, node) in graph.model_nodes() {
            let budget = graph.spec_of(ix).and_then(|node| node.budget);
            let Some(budget) = budget.filter(|_| of_graph.is_none()) else {
                continue;
            };
            let message = format!(
                "`{}` has a budget of {}, and here it begins with the start of a pod; accepted, \
                 the budget is that of each call within its step",
                node.name, budget.value
            );
            self.artifacts
                .lose(&kinds::ONLINE, Some(&node.name), budget.span, message);
        }
    }
}

/// A container that reads the graph.
fn container(image: &str, command: &Value, arguments: &Value, env: &[Value]) -> Value {
    let limits = json!({"cpu": "1", "memory": "1Gi"});
    let mut container = Map::new();
    container.insert("image".to_owned(), json!(image));
    container.insert("command".to_owned(), command.clone());
    container.insert("args".to_owned(), arguments.clone());
    if !env.is_empty() {
        container.insert("env".to_owned(), json!(env));
    }
    container.insert(
        "resources".to_owned(),
        json!({"requests": limits, "limits": limits}),
    );
    container.insert(
        "securityContext".to_owned(),
        json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}),
    );
    container.insert(
        "volumeMounts".to_owned(),
        json!([{"name": "graph", "mountPath": FOLDER, "readOnly": true}]),
    );
    Value::Object(container)
}

/// What a step does when its pod is lost: another is started. A program that fails is not tried
/// again, for it would fail again.
fn retries() -> Value {
    json!({"limit": "2", "retryPolicy": "OnError"})
}
