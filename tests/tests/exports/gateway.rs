use std::collections::BTreeSet;

use modelspec_tests::graphs;
use proptest::prelude::*;
use serde_json::Value;

use super::schemas::Schemas;
use super::{check_notes, documents, export};

/// Checks all that is written; gives the number of objects. Envoy Gateway's policy has no schema
/// here: its few words are checked by hand.
fn check(text: &str, schemas: &Schemas) -> usize {
    let Some(artifacts) = export("gateway", text) else {
        return 0;
    };
    check_notes(&artifacts, text);
    assert_eq!(
        export("gateway", text).as_ref(),
        Some(&artifacts),
        "equal graphs, equal bytes"
    );
    let services = services(text);
    let mut count = 0;
    for file in &artifacts.files {
        for object in documents(&file.text) {
            count += 1;
            if object["kind"] == "BackendTrafficPolicy" {
                check_policy(&object);
            } else {
                assert_eq!(schemas.errors(&object), [""; 0], "{object:#}");
            }
            check_services(&object, &services);
        }
    }
    count
}

fn check_policy(object: &Value) {
    assert_eq!(object["apiVersion"], "gateway.envoyproxy.io/v1alpha1");
    let spec = object["spec"].as_object().unwrap();
    let keys: Vec<&str> = spec.keys().map(|key| &**key).collect();
    assert_eq!(keys, ["targetRefs", "timeout"]);
    assert_eq!(
        spec["targetRefs"][0]["name"], object["metadata"]["name"],
        "its own route"
    );
    assert!(spec["timeout"]["http"]["requestTimeout"].is_string());
}

/// Services of the Kubernetes export of the same graph, with their ports.
fn services(text: &str) -> BTreeSet<(String, u64)> {
    let manifests = export("kubernetes", text).expect("what is called runs");
    let objects = manifests
        .files
        .iter()
        .flat_map(|file| documents(&file.text));
    let services = objects.filter(|object| object["kind"] == "Service");
    let named = services.map(|object| {
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        (name, object["spec"]["ports"][0]["port"].as_u64().unwrap())
    });
    named.collect()
}

fn check_services(object: &Value, services: &BTreeSet<(String, u64)>) {
    let known = |name: &Value, port: &Value| {
        let key = (name.as_str().unwrap().to_owned(), port.as_u64().unwrap());
        assert!(services.contains(&key), "{key:?}: {services:?}");
    };
    let spec = &object["spec"];
    match object["kind"].as_str().unwrap() {
        "HTTPRoute" | "GRPCRoute" => {
            let backend = &spec["rules"][0]["backendRefs"][0];
            known(&backend["name"], &backend["port"]);
            let parent = &spec["parentRefs"][0];
            if parent["kind"] == "Service" {
                known(&parent["name"], &parent["port"]);
            }
        }
        "VirtualService" => {
            let destination = &spec["http"][0]["route"][0]["destination"];
            known(&destination["host"], &destination["port"]["number"]);
        }
        "DestinationRule" => {
            let mut names = services.iter().map(|(name, _)| name);
            assert!(names.any(|name| spec["host"] == **name), "{object:#}");
        }
        _ => {}
    }
}

#[test]
fn shipped_examples_are_routed() {
    let schemas = Schemas::of_resources();
    for (name, text) in graphs::examples() {
        assert!(check(&text, &schemas) > 2, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn random_graphs_are_routed(text in graphs::random()) {
        thread_local!(static SCHEMAS: Schemas = Schemas::of_resources());
        SCHEMAS.with(|schemas| check(&text, schemas));
    }
}

/// The schemas refuse what the API server would: else they prove nothing.
#[test]
fn the_schemas_of_routes_are_strict() {
    let schemas = Schemas::of_resources();
    if !schemas.are_there() {
        return;
    }
    let (_, text) = graphs::examples().pop().unwrap();
    let artifacts = export("gateway", &text).unwrap();
    let route = artifacts
        .files
        .iter()
        .find(|file| file.path.starts_with("gateway-api/"));
    let mut object = documents(&route.unwrap().text).remove(0);
    object["spec"]["rules"][0]["timeouts"]["request"] = "1.5s".into();
    assert!(!schemas.errors(&object).is_empty(), "no fractions");
}
