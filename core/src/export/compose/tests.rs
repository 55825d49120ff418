use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Compose;
use crate::Analysis;
use crate::export::{self, Artifacts, ExportError, Options};
use crate::spec::to_json;
use crate::yaml::{Limits, read};

const GUARDED: &str = include_str!("../../../../public/examples/rag-guarded.modelspec.yaml");

fn export(text: &str, accept: &[&str]) -> Result<Artifacts, ExportError> {
    let accept = accept.iter().map(|code| format!("TG-COMPOSE-{code}"));
    let options = Options {
        accept: accept.collect(),
        ..Options::default()
    };
    export::run(&Compose, &Analysis::new(text), &options)
}

fn file(artifacts: &Artifacts) -> Value {
    let parsed = read(&artifacts.files[0].text, &Limits::default());
    assert_eq!(parsed.errors, []);
    to_json(&parsed.documents[0])
}

/// The services that share a network with one.
fn reached(file: &Value, service: &str) -> BTreeSet<String> {
    let services = file["services"].as_object().unwrap();
    let networks = |service: &Value| -> BTreeSet<String> {
        let networks = service["networks"].as_array().unwrap().iter();
        networks
            .map(|network| network.as_str().unwrap().to_owned())
            .collect()
    };
    let own = networks(&services[service]);
    let others = services.iter().filter(|(name, _)| *name != service);
    let others = others.filter(|(_, other)| !own.is_disjoint(&networks(other)));
    others.map(|(name, _)| name.clone()).collect()
}

#[test]
fn a_guarded_graph_for_compose() {
    insta::assert_snapshot!(export(GUARDED, &[]).unwrap().files[0].text);
}

#[test]
fn the_orchestrator_alone_reaches_a_node() {
    let file = file(&export(GUARDED, &[]).unwrap());
    for node in ["guard", "embedder", "store", "reranker", "generator"] {
        let name = format!("support-rag-{node}");
        let only = BTreeSet::from(["support-rag-orchestrator".to_owned()]);
        assert_eq!(reached(&file, &name), only, "{node}");
        assert_eq!(file["services"][&name]["ports"], Value::Null);
    }
}

#[test]
fn a_chain_has_a_network_for_each_edge_and_stops_at_its_guardrail() {
    let chained = GUARDED
        .replace("spec:\n  types:", "spec:\n  execution: chained\n  types:")
        .replace("timeout: 200ms", "timeout: 11s");
    let Err(ExportError::Stopped(told)) = export(&chained, &[]) else {
        panic!("a guardrail in a chain stops the export")
    };
    assert!(
        told.losses
            .iter()
            .any(|loss| loss.kind.code == "TG-COMPOSE-CHAINED-GUARD")
    );
    let file = file(&export(&chained, &["CHAINED-GUARD"]).unwrap());
    let names = |list: &[&str]| -> BTreeSet<String> {
        list.iter()
            .map(|name| format!("support-rag-{name}"))
            .collect()
    };
    assert_eq!(
        reached(&file, "support-rag-store"),
        names(&["embedder", "reranker"])
    );
    let successors = &file["services"]["support-rag-store"]["environment"]["MODELGRAPH_SUCCESSORS"];
    assert_eq!(
        successors,
        r#"{"reranker":"http://support-rag-reranker:8080"}"#
    );
}

#[test]
fn secrets_come_from_the_shell_and_dollars_stay_dollars() {
    let text = GUARDED.replace(
        "api: openai-chat, timeout: 10s}",
        "api: openai-chat, timeout: 10s, env: {PRICE: \"5$ ${HOME}\", '9=': x}, secrets: {HF_TOKEN: {name: hub, key: token}}}",
    );
    let artifacts = export(&text, &[]).unwrap();
    let environment = &file(&artifacts)["services"]["support-rag-generator"]["environment"];
    assert_eq!(environment["PRICE"], "5$$ $${HOME}");
    assert_eq!(environment["HF_TOKEN"], "${HF_TOKEN:?set HF_TOKEN}");
    assert_eq!(environment["9="], Value::Null);
    let told = artifacts
        .losses
        .iter()
        .any(|loss| loss.kind.code == "TG-COMPOSE-VARIABLE");
    assert!(told);
}

#[test]
fn gpus_are_reserved_and_health_waits_for_the_model() {
    let file = file(&export(GUARDED, &[]).unwrap());
    let generator = &file["services"]["support-rag-generator"];
    assert_eq!(
        generator["deploy"]["resources"]["reservations"]["devices"],
        json!([{"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}])
    );
    assert_eq!(generator["healthcheck"]["start_period"], "461s");
    let waits = &file["services"]["support-rag-orchestrator"]["depends_on"];
    assert_eq!(
        waits["support-rag-generator"]["condition"],
        "service_healthy"
    );
    assert_eq!(waits.as_object().unwrap().len(), 5);
}
