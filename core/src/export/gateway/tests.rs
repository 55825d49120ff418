use serde_json::{Value, json};

use super::Gateway;
use crate::Analysis;
use crate::export::{self, Artifacts, Options};
use crate::spec::to_json;
use crate::yaml::{Limits, read};

const GUARDED: &str = include_str!("../../../../public/examples/rag-guarded.modelspec.yaml");

fn export(text: &str) -> Artifacts {
    export::run(&Gateway, &Analysis::new(text), &Options::default()).unwrap()
}

/// One node whose calls are served and placed so.
fn one(serving: &str, placement: &str) -> Artifacts {
    export(&format!(
        "apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {{name: g}}
spec:
  checks: {{MG404: {{severity: warning, reason: tried}}}}
  inputs: {{q: {{type: text}}}}
  outputs: {{a: {{type: text}}}}
  nodes:
    n: {{role: transformer, serving: {{{serving}}}, placement: {{{placement}}}}}
  edges:
    - {{from: inputs.q, to: n.in}}
    - {{from: n.out, to: outputs.a}}
"
    ))
}

fn objects(artifacts: &Artifacts, path: &str) -> Vec<Value> {
    let file = artifacts.files.iter().find(|file| file.path == path);
    let Some(file) = file else { return Vec::new() };
    let documents = read(&file.text, &Limits::default()).documents;
    documents.iter().map(to_json).collect()
}

fn of_node<'a>(artifacts: &'a Artifacts, code: &str) -> Option<&'a str> {
    let mut losses = artifacts.losses.iter().chain(&artifacts.assumptions);
    let found = losses.find(|note| note.kind.code == format!("TG-GATEWAY-{code}"));
    found.map(|note| &*note.message)
}

#[test]
fn a_guarded_graph_for_gateways() {
    let artifacts = export(GUARDED);
    for (name, path) in [
        ("standard", "gateway-api/support-rag-guard.yaml"),
        ("entry", "gateway-api/support-rag.yaml"),
        ("envoy", "envoy-gateway/support-rag.yaml"),
        ("istio", "istio/support-rag-generator.yaml"),
        ("linkerd", "linkerd/support-rag-generator.yaml"),
    ] {
        let file = artifacts.files.iter().find(|file| file.path == path);
        insta::assert_snapshot!(name, file.unwrap().text);
    }
}

#[test]
fn tries_stay_within_the_timeout() {
    let artifacts = one(
        "port: 80, timeout: 10s, retries: {attempts: 3, perTry: 2.5s}",
        "cpu: 1",
    );
    let istio = &objects(&artifacts, "istio/g-n.yaml")[0]["spec"]["http"][0];
    assert_eq!(istio["timeout"], "10s");
    assert_eq!(
        istio["retries"],
        json!({"attempts": 2, "perTryTimeout": "2.5s", "retryOn": "5xx,reset,connect-failure"})
    );
    let standard = &objects(&artifacts, "gateway-api/g-n.yaml")[0]["spec"]["rules"][0];
    assert_eq!(
        standard["timeouts"],
        json!({"request": "10s", "backendRequest": "2s500ms"})
    );
    let linkerd = &objects(&artifacts, "linkerd/g-n.yaml")[0]["metadata"]["annotations"];
    assert_eq!(linkerd["retry.linkerd.io/limit"], "2");
    assert_eq!(linkerd["retry.linkerd.io/timeout"], "2500ms");
    assert_eq!(of_node(&artifacts, "RETRIES"), None);
    // Five tries of 2.5 s are not done in 10 s.
    let artifacts = one(
        "port: 80, timeout: 10s, retries: {attempts: 5, perTry: 2.5s}",
        "cpu: 1",
    );
    let istio = &objects(&artifacts, "istio/g-n.yaml")[0]["spec"]["http"][0];
    assert_eq!(istio["retries"]["attempts"], 3);
    assert_eq!(
        of_node(&artifacts, "RETRIES"),
        Some("`n` has time for 4 of its 5 tries: each may take 2500ms, and all together 10000ms")
    );
}

#[test]
fn a_share_of_the_timeout_is_taken_for_a_try_that_states_none() {
    let artifacts = one("port: 80, timeout: 1s, retries: {attempts: 3}", "cpu: 1");
    let istio = &objects(&artifacts, "istio/g-n.yaml")[0]["spec"]["http"][0];
    assert_eq!(istio["retries"]["perTryTimeout"], "0.333s");
    assert!(of_node(&artifacts, "PER-TRY").is_some());
}

#[test]
fn a_call_that_is_tried_once_is_not_tried_again_by_istio() {
    let artifacts = one(
        "port: 80, timeout: 1.5ms",
        "cpu: 1, routing: roundRobin, queueLimit: 7",
    );
    let istio = objects(&artifacts, "istio/g-n.yaml");
    assert_eq!(
        istio[0]["spec"]["http"][0]["retries"],
        json!({"attempts": 0})
    );
    assert_eq!(istio[0]["spec"]["http"][0]["timeout"], "0.002s");
    assert_eq!(
        istio[1]["spec"]["trafficPolicy"],
        json!({
            "loadBalancer": {"simple": "ROUND_ROBIN"},
            "connectionPool": {"http": {"http1MaxPendingRequests": 7}},
        })
    );
    assert_eq!(
        of_node(&artifacts, "ROUNDED"),
        Some("the timeout of `n` is 2ms, 500us above its 1.5ms")
    );
}

#[test]
fn a_call_by_grpc_has_timeouts_only_where_its_route_takes_them() {
    let artifacts = one(
        "port: 80, protocol: grpc, timeout: 1s, retries: {attempts: 2}",
        "cpu: 1",
    );
    assert!(objects(&artifacts, "gateway-api/g-n.yaml").is_empty());
    assert!(of_node(&artifacts, "GRPC").is_some());
    let linkerd = &objects(&artifacts, "linkerd/g-n.yaml")[0];
    assert_eq!(linkerd["kind"], "GRPCRoute");
    let annotations = &linkerd["metadata"]["annotations"];
    assert_eq!(annotations["retry.linkerd.io/grpc"], "internal,unavailable");
}
