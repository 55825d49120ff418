use std::collections::BTreeSet;

use modelspec_tests::graphs;
use proptest::prelude::*;
use serde_json::Value;

use super::schemas::Schemas;
use super::{check_notes, documents, export};

/// Checks all that is written; gives the number of objects.
fn check(text: &str, schemas: &Schemas) -> usize {
    let Some(artifacts) = export("keda", text) else {
        return 0;
    };
    check_notes(&artifacts, text);
    assert_eq!(
        export("keda", text).as_ref(),
        Some(&artifacts),
        "equal graphs, equal bytes"
    );
    let deployments = deployments(text);
    for file in &artifacts.files {
        for object in documents(&file.text) {
            assert_eq!(schemas.errors(&object), [""; 0], "{object:#}");
            check_object(&object, &deployments);
        }
    }
    artifacts.files.len()
}

/// The Deployments of the Kubernetes export of the same graph.
fn deployments(text: &str) -> BTreeSet<String> {
    let manifests = export("kubernetes", text).expect("what is scaled runs");
    let objects = manifests
        .files
        .iter()
        .flat_map(|file| documents(&file.text));
    let deployments = objects.filter(|object| object["kind"] == "Deployment");
    deployments
        .map(|object| object["metadata"]["name"].as_str().unwrap().to_owned())
        .collect()
}

/// What KEDA's admission webhook and scalers ask beyond the schema.
fn check_object(object: &Value, deployments: &BTreeSet<String>) {
    let spec = &object["spec"];
    let target = spec["scaleTargetRef"]["name"].as_str().unwrap();
    assert!(deployments.contains(target), "{target}: {deployments:?}");
    assert!(spec["minReplicaCount"].as_u64() < spec["maxReplicaCount"].as_u64());
    // An autoscaler that is there is taken over only under its own name.
    assert_eq!(
        object["metadata"]["annotations"]["scaledobject.keda.sh/transfer-hpa-ownership"],
        "true"
    );
    assert_eq!(
        spec["advanced"]["horizontalPodAutoscalerConfig"]["name"],
        target
    );
    let [trigger] = &spec["triggers"].as_array().unwrap()[..] else {
        panic!("one trigger: {object:#}")
    };
    let metadata = trigger["metadata"].as_object().unwrap();
    assert!(metadata.values().all(Value::is_string), "{object:#}");
    let by_value = trigger["metricType"] == "AverageValue";
    match trigger["type"].as_str().unwrap() {
        "prometheus" => {
            let query = metadata["query"].as_str().unwrap();
            assert!(
                query.contains(&format!("service=\"{target}\"")),
                "its own queue: {query}"
            );
            assert!(
                metadata["threshold"]
                    .as_str()
                    .unwrap()
                    .parse::<f64>()
                    .unwrap()
                    > 0.0
            );
        }
        "cpu" => assert_eq!(trigger["metricType"], "Utilization"),
        other => panic!("no such trigger {other}"),
    }
    // A fallback needs a trigger by average value.
    assert!(spec["fallback"].is_null() || by_value, "{object:#}");
}

#[test]
fn shipped_examples_are_scaled() {
    let schemas = Schemas::of_resources();
    let counts = graphs::examples()
        .into_iter()
        .map(|(_, text)| check(&text, &schemas));
    assert!(counts.sum::<usize>() > 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn random_graphs_are_scaled(text in graphs::random()) {
        thread_local!(static SCHEMAS: Schemas = Schemas::of_resources());
        SCHEMAS.with(|schemas| check(&text, schemas));
    }
}

/// The schema refuses what the API server would: else it proves nothing.
#[test]
fn the_schema_of_keda_is_strict() {
    let schemas = Schemas::of_resources();
    if !schemas.are_there() {
        return;
    }
    let mut examples = graphs::examples().into_iter();
    let artifacts = examples
        .find_map(|(_, text)| export("keda", &text))
        .unwrap();
    let mut object = documents(&artifacts.files[0].text).remove(0);
    object["spec"]["minReplicas"] = 1.into();
    assert!(!schemas.errors(&object).is_empty());
}
