//! Who may call whom.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::Cx;
use crate::export::json;
use crate::export::plan::Plan;
use crate::graph::NodeIx;
use crate::order::Gather as _;
use crate::spec::{Execution, OnFailure, Role};

/// Names are looked up by whoever calls.
pub(super) fn to_dns() -> Value {
    json!({"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]})
}

/// Model hubs and other services outside.
pub(super) fn to_https() -> Value {
    json!({"ports": [{"protocol": "TCP", "port": 443}]})
}

/// The policy of a node's pods.
pub(super) fn of_node(cx: &mut Cx<'_, '_>, plan: &Plan<'_>, plans: &[Plan<'_>]) -> Value {
    let component = plan.role.map_or("custom", |role| role.word());
    let peers = match cx.execution {
        Execution::Orchestrated => vec![orchestrator(cx)],
        Execution::Chained => callers(cx, plan, plans),
    };
    let ports = json!([{"protocol": "TCP", "port": plan.port}]);
    // No peer would mean everyone: whom nobody calls nobody may call.
    let ingress = if peers.is_empty() {
        json!([])
    } else {
        json!([{"from": peers, "ports": ports}])
    };
    let mut egress = vec![to_dns()];
    if plan.node.model.is_some() || plan.role == Some(Role::Tool) {
        egress.push(to_https());
    }
    if cx.execution == Execution::Chained {
        egress.extend(called(cx, plan, plans));
    }
    policy(cx, &plan.object, component, ingress, Value::Array(egress))
}

/// A policy of the pods of an object.
pub(super) fn policy(
    cx: &Cx<'_, '_>,
    object: &str,
    component: &str,
    ingress: Value,
    egress: Value,
) -> Value {
    let spec = json::object([
        ("podSelector", json!({"matchLabels": cx.selector(object)})),
        ("policyTypes", json!(["Ingress", "Egress"])),
        ("ingress", ingress),
        ("egress", egress),
    ]);
    json::object([
        ("apiVersion", json!("networking.k8s.io/v1")),
        ("kind", json!("NetworkPolicy")),
        ("metadata", cx.metadata(object, component)),
        ("spec", spec),
    ])
}

/// The pods of the orchestrator, by a label that no node has.
fn orchestrator(cx: &Cx<'_, '_>) -> Value {
    json!({"podSelector": {"matchLabels": orchestrator_labels(cx)}})
}

/// What tells the orchestrator's pods from all others of the namespace.
pub(super) fn orchestrator_labels(cx: &Cx<'_, '_>) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert(
        "app.kubernetes.io/part-of".to_owned(),
        json!(cx.subject.name),
    );
    map.insert("modelgraph/orchestrator".to_owned(), json!("true"));
    map
}

fn pods(cx: &Cx<'_, '_>, plan: &Plan<'_>) -> Value {
    json!({"podSelector": {"matchLabels": cx.selector(&plan.object)}})
}

/// Who calls a node in a chain: those whose edges lead to it or to what it stands in for, and any
/// pod of the namespace where the graph begins.
fn callers(cx: &Cx<'_, '_>, plan: &Plan<'_>, plans: &[Plan<'_>]) -> Vec<Value> {
    let graph = cx.subject.graph;
    let stands_in_for = |other: &Plan<'_>| {
        let fallback = other.node.on_failure.as_ref().map(|choice| &choice.value);
        matches!(fallback, Some(OnFailure::Fallback(name)) if name.0 == plan.name)
    };
    let replaced = plans
        .iter()
        .filter(|other| stands_in_for(other))
        .map(|other| other.ix);
    let targets: BTreeSet<NodeIx> = replaced.chain([plan.ix]).gather();
    let sources: BTreeSet<NodeIx> = targets
        .iter()
        .flat_map(|&target| graph.incoming(target))
        .map(|edge| edge.source)
        .gather();
    if sources.contains(&NodeIx::INPUTS) {
        return vec![json!({"podSelector": {}})];
    }
    let known = plans.iter().filter(|other| sources.contains(&other.ix));
    known.map(|other| pods(cx, other)).collect()
}

/// Whom a node calls in a chain.
fn called(cx: &Cx<'_, '_>, plan: &Plan<'_>, plans: &[Plan<'_>]) -> Vec<Value> {
    let graph = cx.subject.graph;
    let mut targets: BTreeSet<NodeIx> = graph.outgoing(plan.ix).map(|edge| edge.target).gather();
    let direct = targets.clone();
    for other in plans.iter().filter(|other| direct.contains(&other.ix)) {
        let choice = other.node.on_failure.as_ref().map(|choice| &choice.value);
        if let Some(OnFailure::Fallback(name)) = choice {
            targets.extend(graph.find(&name.0));
        }
    }
    let to = |other: &Plan<'_>| {
        let ports = json!([{"protocol": "TCP", "port": other.port}]);
        json!({"to": [pods(cx, other)], "ports": ports})
    };
    let known = plans.iter().filter(|other| targets.contains(&other.ix));
    let mut rules: Vec<Value> = known.map(to).collect();
    let leaves = targets.iter().any(|&ix| {
        let node = graph.spec_of(ix).and_then(|node| node.external);
        node.is_some_and(|external| external.value)
    });
    if leaves {
        rules.push(to_https());
    }
    rules
}
