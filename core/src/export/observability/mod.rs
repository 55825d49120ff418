//! What watches a graph that runs: spans that say which node did what, a Collector that makes
//! figures of them, alerts on budgets, objectives and drift, monitors of the serving programs'
//! own figures, and a dashboard laid out as the graph.
//!
//! The alerts are about what the graph states. A node that takes longer than its budget, a request
//! that misses its objective, an embedder whose vectors have another dimension than the contract,
//! and a graph that runs with another digest are each an alert of its own.

mod collector;
mod dashboard;
mod kinds;
mod metrics;
mod monitors;
mod rules;
mod spans;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::names::Names;
use super::plan::{self, is_bare_control};
use super::{Artifacts, Kind, Language, Subject, Target, kubernetes};
use crate::catalogue::Engine;
use crate::graph::NodeIx;
use crate::spec::{self, Duration, Kind as PayloadKind, Quantiles, Role};
use crate::text::Span;
use crate::yaml;

/// The target.
#[derive(Clone, Copy, Debug)]
pub(super) struct Observability;

impl Target for Observability {
    fn name(&self) -> &'static str {
        "observability"
    }

    fn title(&self) -> &'static str {
        "Observability"
    }

    fn about(&self) -> &'static str {
        "Prometheus alerts on budgets, objectives and drift, ServiceMonitors, a Grafana dashboard \
         laid out as the graph, an OpenTelemetry Collector, and the attributes of each node's spans"
    }

    fn kinds(&self) -> &'static [&'static Kind] {
        kinds::ALL
    }

    /// It watches what runs and starts nothing: words that it does not say are not lost.
    fn words(&self) -> Vec<&'static str> {
        vec![
            "metadata.name",
            "metadata.version",
            "spec.execution",
            "spec.nodes.*.role",
            "spec.nodes.*.required",
            "spec.nodes.*.model.id",
            "spec.nodes.*.model.framework",
            "spec.nodes.*.outputs",
            "spec.nodes.*.budget",
            "spec.nodes.*.serving.engine",
            "spec.nodes.*.serving.api",
            "spec.nodes.*.serving.protocol",
            "spec.nodes.*.placement.queueLimit",
            "spec.nodes.*.external",
            "spec.edges.*.from",
            "spec.edges.*.to",
            "spec.objectives.latency",
            "spec.objectives.timeToFirstToken",
            "spec.objectives.timePerOutputToken",
            "spec.objectives.availability",
        ]
    }

    fn export(&self, subject: &Subject<'_>) -> Artifacts {
        let mut artifacts = Artifacts::default();
        let watched = watched(subject);
        if watched.is_empty() {
            return artifacts;
        }
        let mut cx = Cx {
            subject,
            artifacts: &mut artifacts,
            watched: &watched,
        };
        cx.tell();
        let rules = rules::write(&mut cx);
        let monitors = monitors::write(&mut cx);
        let files = [
            ("collector.yaml", collector::write(&mut cx)),
            ("prometheus-rules.yaml", rules),
            ("spans.yaml", spans::write(&cx)),
        ];
        let dashboard = dashboard::write(&cx);
        for (path, value) in files {
            artifacts.file(path, Language::Yaml, yaml::document(&value));
        }
        if !monitors.is_empty() {
            let documents: Vec<String> = monitors.iter().map(yaml::document).collect();
            artifacts.file("monitors.yaml", Language::Yaml, documents.join("---\n"));
        }
        let text = format!("{dashboard:#}\n");
        artifacts.file("dashboard.json", Language::Json, text);
        artifacts
    }
}

/// A node as it is seen from outside.
struct Watched<'a> {
    ix: NodeIx,
    name: &'a str,
    span: Span,
    node: &'a spec::Node,
    role: Option<Role>,
    /// The name of its objects in the kubernetes target; `None` where it has none.
    object: Option<String>,
    engine: Option<&'static Engine>,
    /// The dimension of the vectors that it gives.
    dimension: Option<u64>,
}

impl Watched<'_> {
    fn is_external(&self) -> bool {
        self.node.external.is_some_and(|external| external.value)
    }

    fn role_word(&self) -> &'static str {
        self.role.map_or("custom", Role::word)
    }
}

/// All nodes, with the names that the kubernetes target gives their objects.
fn watched<'a>(subject: &Subject<'a>) -> Vec<Watched<'a>> {
    let graph = subject.graph;
    let mut names = Names::new(kubernetes::LONGEST_NAME);
    let mut objects: BTreeMap<NodeIx, String> =
        plan::objects(subject, &mut names).into_iter().collect();
    let nodes = graph.model_nodes().filter_map(|(ix, indexed)| {
        let node = graph.spec_of(ix)?;
        let is_bare = subject.is_orchestrated() && is_bare_control(node);
        Some(Watched {
            ix,
            name: &indexed.name,
            span: indexed.span,
            node,
            role: indexed.role,
            object: objects.remove(&ix),
            engine: Engine::choose(node).engine.filter(|_| !is_bare),
            dimension: dimension(subject, ix),
        })
    });
    nodes.collect()
}

fn dimension(subject: &Subject<'_>, ix: NodeIx) -> Option<u64> {
    let node = subject.graph.node(ix)?;
    if node.role != Some(Role::Embedder) {
        return None;
    }
    node.outputs.iter().find_map(|&port| {
        subject
            .typing
            .of(port)
            .filter(|ty| ty.kind == PayloadKind::Vector)?
            .dim()
    })
}

/// What every part of the export needs.
struct Cx<'c, 'a> {
    subject: &'c Subject<'a>,
    artifacts: &'c mut Artifacts,
    watched: &'c [Watched<'a>],
}

impl Cx<'_, '_> {
    /// What chooses the series of this graph.
    fn graph(&self) -> String {
        metrics::is("modelgraph_graph_name", self.subject.name)
    }

    /// What chooses the series of one of its nodes.
    fn node(&self, name: &str) -> String {
        format!(
            "{},{}",
            self.graph(),
            metrics::is("modelgraph_node_id", name)
        )
    }

    /// What chooses the series of whole requests.
    fn requests(&self) -> String {
        format!(
            "{},{}",
            self.graph(),
            metrics::is("modelgraph_node_role", metrics::REQUEST)
        )
    }

    fn objectives(&self) -> Option<&spec::Objectives> {
        let body = self.subject.graph.spec.body()?;
        body.objectives.as_ref().map(|objectives| &objectives.value)
    }

    fn metadata(&self, part: &str) -> Value {
        let label = super::dns_label(&format!("{}-{part}", self.subject.name));
        json!({
            "name": label,
            "labels": {
                "app.kubernetes.io/part-of": self.subject.name,
                "app.kubernetes.io/managed-by": "modelspec",
            },
            "annotations": {"modelgraph/spec-digest": self.subject.digest.to_string()},
        })
    }

    /// The percentile that budgets are held to: the highest that the objectives name.
    fn percentile(&self) -> u64 {
        let latency = self.objectives().and_then(|stated| stated.latency.as_ref());
        let stated = latency.map(|latency| percentiles(&latency.value));
        let highest = stated.and_then(|stated| stated.last().map(|(percent, _)| *percent));
        highest.unwrap_or(95)
    }

    /// What is told once a graph, and of nodes that nobody can look into.
    fn tell(&mut self) {
        let span = self.subject.name_span();
        let spans = "whoever runs the graph writes a span for each request and each call of a node, \
                     with the attributes of `spans.yaml`, and sends them to the Collector";
        self.artifacts
            .assume(&kinds::SPANS, None, span, spans, "OTLP, port 4317 or 4318");
        let percent = self.percentile();
        if self.watched.iter().any(|node| node.node.budget.is_some()) {
            let message = format!(
                "a node keeps its budget where {percent} of 100 calls do, as the highest percentile \
                 of the objectives has it, else 95"
            );
            let value = format!("p{percent}");
            self.artifacts
                .assume(&kinds::BUDGET, None, span, message, value);
        }
        let message = "a node is in order where at most one call of 100 fails";
        self.artifacts
            .assume(&kinds::ERRORS, None, span, message, "1 %");
        for node in self.watched.iter().filter(|node| node.is_external()) {
            let message = format!(
                "`{}` runs elsewhere: how long its calls take is seen, not what it does meanwhile",
                node.name
            );
            self.artifacts
                .lose(&kinds::EXTERNAL, Some(node.name), node.span, message);
        }
    }
}

/// The percentiles that are stated, the lowest first, each with its time.
fn percentiles(stated: &Quantiles) -> Vec<(u64, Duration)> {
    let all = [
        (50, stated.p50),
        (90, stated.p90),
        (95, stated.p95),
        (99, stated.p99),
    ];
    let known = all.into_iter();
    known
        .filter_map(|(percent, time)| Some((percent, time?.value)))
        .collect()
}
