//! The program that runs the graph: the only one that the nodes' policies admit.

use serde_json::{Map, Value, json};

use super::{Cx, Workload, kinds, network, objects, pod};
use crate::export::plan::Plan;
use crate::export::quantity;
use crate::text::Span;

/// The part of its objects' names.
const PART: &str = "orchestrator";
/// Where it listens.
pub(in crate::export) const PORT: u32 = 8080;
/// The annotation of the graph that names its image.
const IMAGE: &str = "modelgraph/orchestrator-image";
/// What a `ConfigMap` can hold, less what the API server needs beside.
const MOST_BYTES: usize = 1_000_000;

/// Its objects.
pub(super) fn workload<'a>(cx: &mut Cx<'_, 'a>, plans: &[Plan<'_>]) -> Workload<'a> {
    let object = cx.claim(PART);
    let image = image(cx, &object);
    let endpoints: Map<String, Value> = plans
        .iter()
        .map(|plan| (plan.name.to_owned(), json!(pod::url(plan))))
        .collect();
    let endpoints = Value::Object(endpoints).to_string();
    let graph = cx.subject.canonical.clone();
    if graph.len().saturating_add(endpoints.len()) > MOST_BYTES {
        let span = cx.subject.name_span();
        let message = format!(
            "the graph takes {} bytes, and a ConfigMap holds no more than {MOST_BYTES}",
            graph.len()
        );
        cx.artifacts.lose(&kinds::SIZE, None, span, message);
    }
    let objects = vec![
        json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": cx.metadata(&object, PART),
            "data": {"graph.json": graph, "endpoints.json": endpoints},
        }),
        policy(cx, &object, plans),
        objects::service(cx, &object, PART, PORT, "http"),
        deployment(cx, &object, &image),
        objects::disruption(cx, &object, PART),
        {
            let metric = objects::cpu_metric(objects::USUAL_CORES);
            objects::scaler(cx, (&object, PART), (2, 10), &metric, None)
        },
    ];
    Workload {
        node: None,
        name: object,
        objects,
    }
}

fn image(cx: &mut Cx<'_, '_>, object: &str) -> String {
    let metadata = cx.subject.graph.spec.metadata.as_ref();
    let annotations = metadata.and_then(|metadata| metadata.annotations.as_ref());
    let stated = annotations.and_then(|annotations| annotations.get(IMAGE));
    if let Some(Value::String(stated)) = stated.map(|stated| &stated.0) {
        return stated.clone();
    }
    let version = cx.subject.version.map(quantity::label_value);
    let version = version.filter(|version| !version.is_empty());
    let image = format!("{object}:{}", version.as_deref().unwrap_or("0.0.0"));
    let span: Span = cx.subject.name_span();
    let message = format!(
        "a program of yours runs the graph of `/etc/modelgraph/graph.json`, calls the nodes at \
         the addresses of `endpoints.json` beside it, keeps guardrails, conditions and timeouts, \
         and answers `/readyz` and `/livez`; name its image with the annotation `{IMAGE}`"
    );
    cx.artifacts
        .assume(&kinds::ORCHESTRATOR, None, span, message, &*image);
    image
}

fn policy(cx: &Cx<'_, '_>, object: &str, plans: &[Plan<'_>]) -> Value {
    let ingress = json!([{"ports": [{"protocol": "TCP", "port": PORT}]}]);
    let mut egress = vec![network::to_dns()];
    for plan in plans {
        egress.push(json!({
            "to": [{"podSelector": {"matchLabels": cx.selector(&plan.object)}}],
            "ports": [{"protocol": "TCP", "port": plan.port}],
        }));
    }
    if externals(cx).next().is_some() {
        egress.push(network::to_https());
    }
    network::policy(cx, object, PART, ingress, Value::Array(egress))
}

/// The nodes that run elsewhere.
fn externals<'a>(cx: &Cx<'_, 'a>) -> impl Iterator<Item = &'a crate::spec::Node> + use<'a> {
    let graph = cx.subject.graph;
    let nodes = graph.model_nodes().filter_map(|(ix, _)| graph.spec_of(ix));
    nodes.filter(|node| node.external.is_some_and(|external| external.value))
}

/// The keys to the nodes that run elsewhere.
fn secrets(cx: &mut Cx<'_, '_>) -> Vec<Value> {
    let mut seen: Map<String, Value> = Map::new();
    let mut clashes = Vec::new();
    for node in externals(cx) {
        let secrets = node
            .serving
            .as_ref()
            .and_then(|serving| serving.secrets.as_ref());
        for secret in secrets.into_iter().flat_map(|secrets| secrets.iter()) {
            let (Some(name), Some(key)) = (&secret.value.name, &secret.value.key) else {
                continue;
            };
            let variable = &secret.name.value;
            let source = json!({"secretKeyRef": {"name": name.value.0, "key": key.value.0}});
            let other = seen.get(variable).is_some_and(|known| *known != source);
            if other || !quantity::is_variable(variable) {
                clashes.push((variable.clone(), secret.name.span));
            } else {
                seen.insert(variable.clone(), source);
            }
        }
    }
    for (variable, span) in clashes {
        let message = format!(
            "the orchestrator cannot take `{variable}`: it is no name of a variable, or has \
             another source already"
        );
        cx.artifacts.lose(&kinds::VARIABLE, None, span, message);
    }
    let list = seen.into_iter();
    list.map(|(name, source)| json!({"name": name, "valueFrom": source}))
        .collect()
}

fn deployment(cx: &mut Cx<'_, '_>, object: &str, image: &str) -> Value {
    let mut labels = cx.pod_labels(object, PART);
    labels.extend(network::orchestrator_labels(cx));
    let limits = json!({"cpu": "1", "memory": "512Mi"});
    let mut env = vec![
        json!({"name": "MODELGRAPH_GRAPH", "value": "/etc/modelgraph/graph.json"}),
        json!({"name": "MODELGRAPH_ENDPOINTS", "value": "/etc/modelgraph/endpoints.json"}),
        json!({"name": "MODELGRAPH_DIGEST", "value": cx.subject.digest.to_string()}),
        json!({"name": "PORT", "value": PORT.to_string()}),
    ];
    env.extend(secrets(cx));
    let probe = |path: &str, period: u64, failures: u64| {
        json!({
            "httpGet": {"path": path, "port": "http"},
            "periodSeconds": period,
            "timeoutSeconds": 2,
            "failureThreshold": failures,
        })
    };
    let container = json!({
        "name": PART,
        "image": image,
        "ports": [{"name": "http", "containerPort": PORT}],
        "env": env,
        "resources": {"requests": limits, "limits": limits},
        "startupProbe": probe("/livez", 2, 30),
        "readinessProbe": probe("/readyz", 5, 2),
        "livenessProbe": probe("/livez", 10, 6),
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
        "securityContext": pod::container_security(),
        "volumeMounts": [
            {"name": "graph", "mountPath": "/etc/modelgraph", "readOnly": true},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    });
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": cx.metadata(object, PART),
        "spec": {
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": cx.selector(object)},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {
                "metadata": {
                    "labels": labels,
                    // Another graph needs another start.
                    "annotations": {"modelgraph/spec-digest": cx.subject.digest.to_string()},
                },
                "spec": {
                    "automountServiceAccountToken": false,
                    "enableServiceLinks": false,
                    "securityContext": pod::security(),
                    "terminationGracePeriodSeconds": grace(cx),
                    "topologySpreadConstraints": pod::spread(cx, object, false, true),
                    "containers": [container],
                    "volumes": [
                        {"name": "graph", "configMap": {"name": object}},
                        {"name": "tmp", "emptyDir": {}},
                    ],
                },
            },
        },
    })
}

/// Seconds in which requests that are under way can end: the longest that is promised, or a minute.
fn grace(cx: &Cx<'_, '_>) -> u64 {
    let body = cx.subject.graph.spec.body();
    let latency = body
        .and_then(|body| body.objectives.as_ref())
        .and_then(|objectives| objectives.latency.as_ref());
    let longest = latency.and_then(|latency| latency.p99.or(latency.p95));
    let longest = longest.map_or(60, |longest| quantity::seconds(longest.value).0.max(30));
    longest.saturating_add(10)
}
