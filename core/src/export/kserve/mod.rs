//! KServe: an `InferenceService` or `LLMInferenceService` for each node, and an `InferenceGraph`
//! that calls them, where the graph has the shape of one.

mod asks;
mod condition;
mod forks;
mod kinds;
mod routing;
mod services;
#[cfg(test)]
mod tests;
mod timeouts;
mod weights;
mod words;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::names::Names;
use super::plan::{Plan, Planning, is_routing};
use super::shape::{self, Shape, Tangle};
use super::{Artifacts, Kind, Language, Subject, Target, quantity};
use crate::graph::NodeIx;
use crate::spec::{Execution, OnFailure, Role};
use crate::yaml;
use routing::{Builder, Unheld};

/// The target.
#[derive(Clone, Copy, Debug)]
pub(super) struct KServe;

/// The longest name: Knative and KServe put their own words behind it, in labels of 63.
const LONGEST_NAME: usize = 40;
/// The annotation of a node elsewhere that states its address.
const ADDRESS: &str = "kserve/serviceUrl";

impl Target for KServe {
    fn name(&self) -> &'static str {
        "kserve"
    }

    fn title(&self) -> &'static str {
        "KServe"
    }

    fn about(&self) -> &'static str {
        "InferenceServices, LLMInferenceServices for generators, and an InferenceGraph whose \
         guardrails stop what they refuse"
    }

    fn kinds(&self) -> &'static [&'static Kind] {
        kinds::ALL
    }

    fn words(&self) -> Vec<&'static str> {
        [super::words::SERVED, words::SAID].concat()
    }

    fn export(&self, subject: &Subject<'_>) -> Artifacts {
        let mut artifacts = Artifacts::default();
        let mut names = Names::new(LONGEST_NAME);
        let graph_name = names.claim(subject.name);
        let plans = Planning {
            subject,
            artifacts: &mut artifacts,
            names: &mut names,
            kinds: &kinds::PLAN,
            selects: true,
            control: Some("InferenceGraph"),
        }
        .all();
        let plans: Vec<Plan<'_>> = plans
            .into_iter()
            .filter(|plan| !is_routing(plan.node))
            .collect();
        if plans.is_empty() {
            return artifacts;
        }
        super::words::lose_unsaid(
            subject,
            &self.words(),
            &kinds::WORD,
            "KServe",
            &mut artifacts,
        );
        let mut cx = Cx {
            subject,
            artifacts: &mut artifacts,
        };
        cx.about_failures();
        for plan in &plans {
            let object = services::object(&mut cx, plan);
            cx.write(&plan.object, &object);
        }
        match cx.inference_graph(&graph_name, &plans, &mut names) {
            Ok(object) => cx.write(&graph_name, &object),
            Err(why) => {
                let node = why.node.as_deref();
                cx.artifacts.lose(why.kind, node, why.span, why.message);
            }
        }
        artifacts
    }
}

/// What every part of the export needs.
struct Cx<'c, 'a> {
    subject: &'c Subject<'a>,
    artifacts: &'c mut Artifacts,
}

impl Cx<'_, '_> {
    fn write(&mut self, object: &str, value: &Value) {
        let path = format!("{object}.yaml");
        self.artifacts
            .file(path, Language::Yaml, yaml::document(value));
    }

    /// The graph itself, or why KServe holds none such.
    fn inference_graph(
        &mut self,
        name: &str,
        plans: &[Plan<'_>],
        names: &mut Names,
    ) -> Result<Value, Unheld> {
        let graph = self.subject.graph;
        let shape = shape::of(graph).map_err(|tangle| tangled(self.subject, &tangle))?;
        if let Some(why) = self.empty_branch(&shape) {
            return Err(why);
        }
        self.about_unused(&shape);
        let limits = timeouts::Limits::new(self.subject, self.artifacts);
        let calls = self.calls(plans);
        let mut objects: BTreeMap<NodeIx, String> = plans
            .iter()
            .map(|plan| (plan.ix, plan.object.clone()))
            .collect();
        // What runs elsewhere has no object, and its step a name all the same.
        for &ix in calls.keys() {
            let wanted = format!("{}-{}", self.subject.name, graph.name(ix));
            objects.entry(ix).or_insert_with(|| names.claim(&wanted));
        }
        let mut builder = Builder {
            subject: self.subject,
            artifacts: self.artifacts,
            calls: &calls,
            objects: &objects,
            names: Names::new(63),
            limits: &limits,
            routers: Map::new(),
        };
        let taken = builder.root(&shape.parts)?;
        let routers = builder.routers;
        self.about_bodies();
        let total = taken.max(self.promised());
        Ok(json!({
            "apiVersion": "serving.kserve.io/v1alpha1",
            "kind": "InferenceGraph",
            "metadata": {
                "name": name,
                "labels": {
                    "app.kubernetes.io/name": name,
                    "app.kubernetes.io/part-of": self.subject.name,
                    "app.kubernetes.io/managed-by": "modelspec",
                },
                "annotations": {"modelgraph/spec-digest": self.subject.digest.to_string()},
            },
            "spec": {
                "nodes": routers,
                "timeout": total,
                "routerTimeouts": {
                    "serverRead": total,
                    "serverWrite": total,
                    "serviceClient": limits.call,
                },
            },
        }))
    }

    /// A way of a router that leads to where its branches meet, past all steps: left out, every
    /// request would take another branch.
    fn empty_branch(&self, shape: &Shape) -> Option<Unheld> {
        let graph = self.subject.graph;
        let branches = |ix: NodeIx| {
            let role = graph.node(ix).and_then(|node| node.role);
            matches!(role, Some(Role::Router | Role::Splitter | Role::Cache))
        };
        let (from, to) = shape.jumps.iter().find(|(from, _)| branches(*from))?;
        let (node, target) = (graph.node(*from)?, graph.name(*to));
        Some(Unheld {
            kind: &kinds::SHAPE,
            node: Some(node.name.clone()),
            span: node.span,
            message: format!(
                "a branch leads from `{}` to `{target}` without a step, and KServe has none that \
                 does nothing: accepted, the services are written without an InferenceGraph",
                node.name
            ),
        })
    }

    /// How each node is called.
    fn calls(&mut self, plans: &[Plan<'_>]) -> BTreeMap<NodeIx, (&'static str, String)> {
        let graph = self.subject.graph;
        let mut calls = BTreeMap::new();
        for plan in plans {
            let Some(call) = services::call(plan) else {
                continue;
            };
            if call.0 == "serviceUrl" {
                let message = format!("the service of `{}` is called at this address", plan.name);
                let value = call.1.clone();
                self.artifacts
                    .assume(&kinds::ADDRESS, Some(plan.name), plan.span, message, value);
            }
            calls.insert(plan.ix, call);
        }
        for (ix, indexed) in graph.model_nodes() {
            let Some(node) = graph.spec_of(ix) else {
                continue;
            };
            if !node.external.is_some_and(|external| external.value) {
                continue;
            }
            let annotations = node.annotations.as_ref();
            let stated = annotations.and_then(|map| map.get(ADDRESS));
            let url = if let Some(Value::String(stated)) = stated.map(|stated| &stated.0) {
                stated.clone()
            } else {
                let path = services::path(node, None).unwrap_or_default();
                let url = format!("http://{}{path}", super::dns_label(&indexed.name));
                let message = format!(
                    "`{}` runs elsewhere, and a Service of yours leads there; state its address \
                     with the annotation `{ADDRESS}`",
                    indexed.name
                );
                self.artifacts.assume(
                    &kinds::ADDRESS,
                    Some(&indexed.name),
                    indexed.span,
                    message,
                    &*url,
                );
                url
            };
            calls.insert(ix, ("serviceUrl", url));
        }
        calls
    }

    /// Seconds that the graph promises at most.
    fn promised(&self) -> u64 {
        let body = self.subject.graph.spec.body();
        let objectives = body.and_then(|body| body.objectives.as_ref());
        let latency = objectives.and_then(|objectives| objectives.latency.as_ref());
        let longest = latency.and_then(|latency| latency.p99.or(latency.p95));
        longest.map_or(0, |longest| quantity::seconds(longest.value).0)
    }

    fn about_bodies(&mut self) {
        let span = self.subject.name_span();
        let message = "each service takes as its request what the step before it answers, and a \
                       guardrail answers an object with its ports as keys: put an adapter before a \
                       program that does not";
        self.artifacts
            .assume(&kinds::BODY, None, span, message, "$response");
    }

    /// What the graph would survive and the exported one does not.
    fn about_failures(&mut self) {
        let graph = self.subject.graph;
        for (ix, indexed) in graph.model_nodes() {
            let Some(node) = graph.spec_of(ix) else {
                continue;
            };
            let Some(choice) = &node.on_failure else {
                continue;
            };
            let instead = match &choice.value {
                OnFailure::Stop => continue,
                OnFailure::Skip => "goes on without it".to_owned(),
                OnFailure::Fallback(other) => format!("takes `{}` instead", other.0),
            };
            let message = format!(
                "when `{}` fails the graph {instead}; KServe would hand the body of the failure to \
                 the next step, so that the request fails",
                indexed.name
            );
            let node = Some(&*indexed.name);
            self.artifacts
                .lose(&kinds::FAILURE, node, choice.span, message);
        }
        let body = graph.spec.body();
        let execution = body.and_then(|body| body.execution);
        if let Some(execution) = execution.filter(|it| it.value == Execution::Chained) {
            let message = "the InferenceGraph calls the nodes, and no node its successors";
            self.artifacts
                .lose(&kinds::WORD, None, execution.span, message);
        }
    }

    fn about_unused(&mut self, shape: &Shape) {
        let graph = self.subject.graph;
        for &ix in &shape.unused {
            let Some(node) = graph.node(ix).filter(|_| ix.is_model()) else {
                continue;
            };
            let guards = if node.role == Some(Role::Guardrail) {
                ", so that it guards nothing"
            } else {
                ""
            };
            let message = format!(
                "the answer of `{}` reaches no output: the InferenceGraph does not call it{guards}",
                node.name
            );
            self.artifacts
                .lose(&kinds::UNUSED, Some(&node.name), node.span, message);
        }
    }
}

/// What keeps a graph from being an `InferenceGraph`.
fn tangled(subject: &Subject<'_>, tangle: &Tangle) -> Unheld {
    let graph = subject.graph;
    let (first, what) = match tangle {
        Tangle::Loop(from, to) => (
            Some(*from),
            format!(
                "`{}` leads back to `{}`, and an InferenceGraph has no loops",
                graph.name(*from),
                graph.name(*to)
            ),
        ),
        Tangle::Crossing(nodes) => (
            nodes.first().copied(),
            format!(
                "the ways between {} cross, and an InferenceGraph knows only sequences and forks \
                 that meet again",
                subject.listed(nodes)
            ),
        ),
        Tangle::Large => (
            None,
            "the graph has more nodes, or forks within forks, than an InferenceGraph is made of"
                .to_owned(),
        ),
    };
    let node = first.and_then(|ix| graph.node(ix));
    Unheld {
        kind: &kinds::SHAPE,
        node: node.map(|node| node.name.clone()),
        span: node.map_or_else(|| subject.name_span(), |node| node.span),
        message: format!("{what}: accepted, the services are written without it"),
    }
}
