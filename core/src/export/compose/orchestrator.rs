//! The program that runs the graph: the only one that shares a network with the nodes.

use serde_json::{Map, Value, json};

use super::{Cx, kinds, literal, services};
use crate::export::plan::Plan;
use crate::export::quantity;

/// Where it listens.
const PORT: u32 = 8080;
/// The annotation of the graph that names its image.
const IMAGE: &str = "modelgraph/orchestrator-image";

/// Its service; what it reads is put among the configs.
pub(super) fn service(
    cx: &mut Cx<'_, '_>,
    object: &str,
    plans: &[Plan<'_>],
    configs: &mut Map<String, Value>,
) -> Value {
    let image = image(cx, object);
    let endpoints: Map<String, Value> = plans
        .iter()
        .map(|plan| (plan.name.to_owned(), json!(services::url(plan))))
        .collect();
    let endpoints = Value::Object(endpoints).to_string();
    let mut mounted = Vec::new();
    for (file, text) in [
        ("graph", cx.subject.canonical.as_str()),
        ("endpoints", endpoints.as_str()),
    ] {
        let content = json!({"content": literal(text)});
        configs.insert(file.to_owned(), content);
        let target = format!("/etc/modelgraph/{file}.json");
        mounted.push(json!({"source": file, "target": target}));
    }
    let waits: Map<String, Value> = plans
        .iter()
        .map(|plan| (plan.object.clone(), json!({"condition": "service_healthy"})))
        .collect();
    json!({
        "image": literal(&image),
        "environment": {
            "MODELGRAPH_GRAPH": "/etc/modelgraph/graph.json",
            "MODELGRAPH_ENDPOINTS": "/etc/modelgraph/endpoints.json",
            "MODELGRAPH_DIGEST": cx.subject.digest.to_string(),
            "PORT": PORT.to_string(),
        },
        "configs": mounted,
        // Others on this machine reach it, and nobody else.
        "ports": [format!("127.0.0.1:{PORT}:{PORT}")],
        "networks": cx.networks_of(object),
        "depends_on": waits,
        "restart": "unless-stopped",
        "read_only": true,
        "security_opt": ["no-new-privileges:true"],
    })
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
    let span = cx.subject.name_span();
    let message = format!(
        "a program of yours runs the graph of `/etc/modelgraph/graph.json`, calls the nodes at the \
         addresses of `endpoints.json` beside it, and keeps guardrails, conditions and timeouts; \
         name its image with the annotation `{IMAGE}`"
    );
    cx.artifacts
        .assume(&kinds::ORCHESTRATOR, None, span, message, &*image);
    image
}
