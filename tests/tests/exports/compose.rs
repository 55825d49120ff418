use std::collections::BTreeSet;

use jsonschema::Validator;
use modelspec_tests::{graphs, shared};
use proptest::prelude::*;
use serde_json::Value;

use super::{check_notes, documents, export};

fn schema() -> Option<Validator> {
    let folder = shared::folder("schemas/compose")?;
    let text = std::fs::read(folder.join("compose-spec.json")).unwrap();
    let schema: Value = serde_json::from_slice(&text).unwrap();
    Some(jsonschema::validator_for(&schema).unwrap())
}

fn check(text: &str, schema: Option<&Validator>) -> Option<Value> {
    let artifacts = export("compose", text)?;
    check_notes(&artifacts, text);
    assert_eq!(
        export("compose", text).as_ref(),
        Some(&artifacts),
        "equal graphs, equal bytes"
    );
    assert_eq!(artifacts.files.len(), 1);
    let file = documents(&artifacts.files[0].text).remove(0);
    if let Some(schema) = schema {
        let errors: Vec<String> = schema
            .iter_errors(&file)
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect();
        assert_eq!(errors, [""; 0], "{file:#}");
    }
    check_names(&file);
    Some(file)
}

/// Whatever a service names exists: what no schema can say.
fn check_names(file: &Value) {
    let keys = |key: &str| -> BTreeSet<&str> {
        let map = file[key].as_object().into_iter().flatten();
        map.map(|(name, _)| name.as_str()).collect()
    };
    let (networks, volumes, configs) = (keys("networks"), keys("volumes"), keys("configs"));
    let services = file["services"].as_object().unwrap();
    let (mut used, mut mounted) = (BTreeSet::new(), BTreeSet::new());
    for (name, service) in services {
        assert!(name.len() <= 52, "{name}");
        for network in service["networks"].as_array().unwrap() {
            used.insert(network.as_str().unwrap());
        }
        for volume in service["volumes"].as_array().into_iter().flatten() {
            mounted.insert(volume.as_str().unwrap().split(':').next().unwrap());
        }
        for config in service["configs"].as_array().into_iter().flatten() {
            assert!(
                configs.contains(config["source"].as_str().unwrap()),
                "{config}"
            );
        }
        for (other, _) in service["depends_on"].as_object().into_iter().flatten() {
            assert!(
                !services[other]["healthcheck"].is_null(),
                "{other} is waited for"
            );
        }
    }
    assert_eq!((used, mounted), (networks, volumes));
}

#[test]
fn shipped_examples_are_valid_for_compose() {
    let schema = schema();
    for (name, text) in graphs::examples() {
        let file = check(&text, schema.as_ref());
        assert!(
            file.unwrap()["services"].as_object().unwrap().len() > 2,
            "{name}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn random_graphs_are_valid_for_compose(text in graphs::random()) {
        thread_local!(static SCHEMA: Option<Validator> = schema());
        SCHEMA.with(|schema| check(&text, schema.as_ref()));
    }
}

/// The schema refuses what Compose would: else it proves nothing.
#[test]
fn the_schema_of_compose_is_strict() {
    let Some(schema) = schema() else { return };
    let (_, text) = graphs::examples().remove(0);
    let mut file = check(&text, Some(&schema)).unwrap();
    let services = file["services"].as_object_mut().unwrap();
    services.values_mut().next().unwrap()["imagee"] = "x".into();
    assert!(!schema.is_valid(&file));
}
