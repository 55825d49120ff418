//! The attributes of each node's spans. OpenTelemetry's conventions for generative models have no
//! operation for reranking or guarding: what a node is stands in words of our own.

use serde_json::{Map, Value, json};

use super::{Cx, Watched, metrics};
use crate::spec::{Api, Role};

pub(super) fn write(cx: &Cx<'_, '_>) -> Value {
    let nodes = cx.watched.iter().map(|node| {
        let mut attributes = common(cx);
        attributes.insert("modelgraph.node.id".to_owned(), json!(node.name));
        attributes.insert("modelgraph.node.role".to_owned(), json!(node.role_word()));
        attributes.extend(generative(node));
        let name = attributes
            .get("gen_ai.operation.name")
            .and_then(Value::as_str);
        let model = attributes
            .get("gen_ai.request.model")
            .and_then(Value::as_str);
        // The conventions name a span by operation and model; ours by the node, which is fewer.
        let name = match (name, model) {
            (Some(name), Some(model)) => format!("{name} {model}"),
            _ => format!("{} {}", node.role_word(), node.name),
        };
        let span = json!({"name": name, "kind": "CLIENT", "attributes": attributes});
        (node.name.to_owned(), span)
    });
    let nodes: Map<String, Value> = nodes.collect();
    let mut request = common(cx);
    request.insert("modelgraph.node.role".to_owned(), json!(metrics::REQUEST));
    json!({
        "request": {"name": cx.subject.name, "kind": "SERVER", "attributes": request},
        "nodes": nodes,
    })
}

fn common(cx: &Cx<'_, '_>) -> Map<String, Value> {
    let mut attributes = Map::new();
    attributes.insert("modelgraph.graph.name".to_owned(), json!(cx.subject.name));
    if let Some(version) = cx.subject.version {
        attributes.insert("modelgraph.graph.version".to_owned(), json!(version));
    }
    let digest = cx.subject.digest.to_string();
    attributes.insert("modelgraph.spec.digest".to_owned(), json!(digest));
    attributes
}

/// What the conventions for generative models have for a node.
fn generative(node: &Watched<'_>) -> Map<String, Value> {
    let mut attributes = Map::new();
    let api = node.node.serving.as_ref().and_then(|serving| serving.api);
    let operation = match (node.role, api.map(|api| api.value)) {
        (Some(Role::Generator), Some(Api::OpenaiCompletions)) => Some("text_completion"),
        (Some(Role::Generator), _) => Some("chat"),
        (Some(Role::Embedder), _) => Some("embeddings"),
        (Some(Role::Retriever), _) => Some("retrieval"),
        (Some(Role::Tool), _) => Some("execute_tool"),
        _ => None,
    };
    let Some(operation) = operation else {
        return attributes;
    };
    attributes.insert("gen_ai.operation.name".to_owned(), json!(operation));
    let model = node.node.model.as_ref().and_then(|model| model.id.as_ref());
    if let Some(model) = model {
        attributes.insert("gen_ai.request.model".to_owned(), json!(model.value.0));
    }
    if let Some(dimension) = node.dimension {
        let key = "gen_ai.embeddings.dimension.count".to_owned();
        attributes.insert(key, json!(dimension));
    }
    attributes
}
