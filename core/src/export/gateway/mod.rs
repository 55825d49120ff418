//! Timeouts and tries of the calls between nodes, in the words of Gateway API, Istio, Linkerd and
//! Envoy Gateway: a folder each, beside the manifests of the Kubernetes target.

mod calls;
mod entry;
mod istio;
mod kinds;
mod routes;
#[cfg(test)]
mod tests;
mod times;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::names::Names;
use super::{Artifacts, Kind, Language, Subject, Target, kubernetes, plan};
use crate::graph::NodeIx;
use crate::yaml;
use calls::Call;

/// The target.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gateway;

impl Target for Gateway {
    fn name(&self) -> &'static str {
        "gateway"
    }

    fn title(&self) -> &'static str {
        "Gateways and meshes"
    }

    fn about(&self) -> &'static str {
        "Timeouts and tries of each node's calls for Gateway API, Istio, Linkerd and Envoy Gateway, \
         a folder each; beside the manifests of `kubernetes`"
    }

    fn kinds(&self) -> &'static [&'static Kind] {
        kinds::ALL
    }

    fn words(&self) -> Vec<&'static str> {
        vec![
            "metadata.name",
            "metadata.version",
            "spec.execution",
            "spec.nodes.*.role",
            "spec.nodes.*.budget",
            "spec.nodes.*.model.framework",
            "spec.nodes.*.serving.engine",
            "spec.nodes.*.serving.port",
            "spec.nodes.*.serving.protocol",
            "spec.nodes.*.serving.timeout",
            "spec.nodes.*.serving.retries",
            "spec.nodes.*.placement.routing",
            "spec.nodes.*.placement.queueLimit",
            "spec.nodes.*.external",
            "spec.edges.*.from",
            "spec.edges.*.to",
            "spec.edges.*.id",
            "spec.objectives.latency.p95",
            "spec.objectives.latency.p99",
        ]
    }

    fn export(&self, subject: &Subject<'_>) -> Artifacts {
        let mut artifacts = Artifacts::default();
        let mut names = Names::new(kubernetes::LONGEST_NAME);
        let objects = plan::objects(subject, &mut names);
        if objects.is_empty() {
            return artifacts;
        }
        let orchestrator = subject.is_orchestrated().then(|| {
            let name = names.claim(&format!("{}-orchestrator", subject.name));
            (name, kubernetes::orchestrator::PORT)
        });
        let object = names.claim(subject.name);
        let mut cx = Cx {
            subject,
            artifacts: &mut artifacts,
        };
        let mut calls = BTreeMap::new();
        for (ix, object) in objects {
            if let Some((node, spec)) = subject.graph.node(ix).zip(subject.graph.spec_of(ix)) {
                calls.insert(ix, cx.call(&node.name, node.span, spec, object));
            }
        }
        for call in calls.values() {
            cx.write_node(call);
        }
        cx.write_entry(&object, orchestrator, &calls);
        if !cx.artifacts.files.is_empty() {
            cx.about_folders();
            let (said, kind) = (self.words(), &kinds::WORD);
            super::words::lose_unsaid(subject, &said, kind, "A route", &mut artifacts);
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
    fn write(&mut self, folder: &str, object: &str, objects: &[Value]) {
        if objects.is_empty() {
            return;
        }
        let documents: Vec<String> = objects.iter().map(yaml::document).collect();
        let path = format!("{folder}/{object}.yaml");
        self.artifacts
            .file(path, Language::Yaml, documents.join("---\n"));
    }

    fn write_node(&mut self, call: &Call<'_>) {
        let istio = self.istio(call);
        self.write("istio", &call.object, &istio);
        if call.is_limited() {
            let standard = self.standard(call);
            self.write("gateway-api", &call.object, standard.as_slice());
            let linkerd = self.linkerd(call);
            self.write("linkerd", &call.object, &[linkerd]);
        }
    }

    fn write_entry(
        &mut self,
        object: &str,
        orchestrator: Option<(String, u32)>,
        calls: &BTreeMap<NodeIx, Call<'_>>,
    ) {
        let Some((service, port)) = self.entry(orchestrator, calls) else {
            return;
        };
        let whole = self.whole(calls);
        let (plain, envoy) = self.entrance(object, (&service, port), whole);
        self.write("gateway-api", object, &[plain]);
        self.write("envoy-gateway", object, &envoy);
    }

    fn metadata(&self, object: &str, annotations: &[(String, String)]) -> Value {
        let mut map = Map::new();
        let digest = self.subject.digest.to_string();
        map.insert("modelgraph/spec-digest".to_owned(), json!(digest));
        for (key, value) in annotations {
            map.insert(key.clone(), json!(value));
        }
        json!({
            "name": object,
            "labels": {
                "app.kubernetes.io/name": object,
                "app.kubernetes.io/part-of": self.subject.name,
                "app.kubernetes.io/managed-by": "modelspec",
            },
            "annotations": map,
        })
    }

    fn about_folders(&mut self) {
        let span = self.subject.name_span();
        let message = "the folders say the same to different programs: one is applied, by what the \
                       cluster has; Envoy Gateway stands before the graph and never between nodes";
        let value = "gateway-api, istio, linkerd or envoy-gateway";
        self.artifacts
            .assume(&kinds::ONE, None, span, message, value);
    }
}
