//! Where Prometheus reads the serving programs' own figures, and the policy that lets it.

use serde_json::{Value, json};

use super::{Cx, Watched, kinds};
use crate::spec::Protocol;

/// The namespace of Prometheus, as its operator's charts have it.
const NAMESPACE: &str = "monitoring";

/// The programs that serve their figures beside their interface, at `/metrics`.
const AT_THE_PORT: &[&str] = &["vllm", "tei", "tgi", "qdrant"];

pub(super) fn write(cx: &mut Cx<'_, '_>) -> Vec<Value> {
    let mut objects = Vec::new();
    for node in cx.watched {
        let Some(object) = &node.object else { continue };
        match unread(node) {
            Some(why) => {
                let message = format!(
                    "the figures of `{}`'s own program are not read: {why}",
                    node.name
                );
                cx.artifacts
                    .lose(&kinds::UNSCRAPED, Some(node.name), node.span, message);
            }
            None => objects.push(monitor(cx, node, object)),
        }
    }
    if !objects.is_empty() {
        objects.push(policy(cx));
    }
    objects
}

fn unread(node: &Watched<'_>) -> Option<&'static str> {
    let serving = node.node.serving.as_ref();
    let grpc = serving.and_then(|serving| serving.protocol);
    match node.engine {
        None => Some("which program serves it is not known here"),
        Some(engine) if !AT_THE_PORT.contains(&engine.name) => {
            Some("it has them at a port of its own, which its Service does not")
        }
        Some(_) if grpc.is_some_and(|protocol| protocol.value == Protocol::Grpc) => {
            Some("its port speaks gRPC")
        }
        Some(_) => None,
    }
}

fn monitor(cx: &Cx<'_, '_>, node: &Watched<'_>, object: &str) -> Value {
    let label = |name: &str, value: &str| json!({"targetLabel": name, "replacement": value});
    json!({
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": {
            "name": object,
            "labels": {
                "app.kubernetes.io/name": object,
                "app.kubernetes.io/part-of": cx.subject.name,
                "app.kubernetes.io/managed-by": "modelspec",
            },
            "annotations": {"modelgraph/spec-digest": cx.subject.digest.to_string()},
        },
        "spec": {
            "selector": {"matchLabels": {
                "app.kubernetes.io/name": object,
                "app.kubernetes.io/part-of": cx.subject.name,
            }},
            "endpoints": [{
                "port": "http",
                "path": "/metrics",
                "interval": "15s",
                "relabelings": [
                    label("modelgraph_graph_name", cx.subject.name),
                    label("modelgraph_node_id", node.name),
                    label("modelgraph_node_role", node.role_word()),
                ],
            }],
        },
    })
}

/// The nodes admit their orchestrator alone; policies add up, and this one admits Prometheus.
fn policy(cx: &mut Cx<'_, '_>) -> Value {
    let span = cx.subject.name_span();
    let message = "Prometheus runs in this namespace, which may call the nodes from now on: whoever \
                   else runs there can call a model past its guardrail";
    cx.artifacts
        .assume(&kinds::MONITORING, None, span, message, NAMESPACE);
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": cx.metadata("monitoring"),
        "spec": {
            "podSelector": {"matchLabels": {"app.kubernetes.io/part-of": cx.subject.name}},
            "policyTypes": ["Ingress"],
            "ingress": [{
                "from": [{
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": NAMESPACE}},
                    "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}},
                }],
                "ports": [{"port": "http", "protocol": "TCP"}],
            }],
        },
    })
}
