use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use jsonschema::{Registry, Validator};
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{ConfigMap, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use modelspec_tests::{graphs, shared};
use proptest::prelude::*;
use serde_json::Value;

use super::{check_notes, consistency, documents, export};

/// The strict schemas of every kind that is written: no key that Kubernetes does not know.
struct Schemas(BTreeMap<&'static str, Validator>);

const KINDS: &[(&str, &str)] = &[
    ("v1/ConfigMap", "configmap-v1"),
    ("v1/Service", "service-v1"),
    ("apps/v1/Deployment", "deployment-apps-v1"),
    ("apps/v1/StatefulSet", "statefulset-apps-v1"),
    (
        "policy/v1/PodDisruptionBudget",
        "poddisruptionbudget-policy-v1",
    ),
    (
        "autoscaling/v2/HorizontalPodAutoscaler",
        "horizontalpodautoscaler-autoscaling-v2",
    ),
    (
        "networking.k8s.io/v1/NetworkPolicy",
        "networkpolicy-networking-v1",
    ),
];

impl Schemas {
    fn read(folder: &Path) -> Self {
        let json = |name: &str| -> Value {
            let path = folder.join(format!("{name}.json"));
            serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
        };
        let definitions = json("_definitions");
        let id = definitions["$id"].as_str().unwrap().to_owned();
        let registry = Registry::new()
            .add(id, definitions)
            .unwrap()
            .prepare()
            .unwrap();
        let validators = KINDS.iter().map(|&(kind, file)| {
            let options = jsonschema::options().with_registry(&registry);
            (kind, options.build(&json(file)).unwrap())
        });
        Self(validators.collect())
    }

    fn check(&self, object: &Value) {
        let kind = kind(object);
        let validator = self
            .0
            .get(&*kind)
            .unwrap_or_else(|| panic!("no schema of {kind}"));
        let errors: Vec<String> = validator
            .iter_errors(object)
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}\n{object:#}", errors.join("\n"));
    }
}

fn kind(object: &Value) -> String {
    let word = |key: &str| object[key].as_str().unwrap();
    format!("{}/{}", word("apiVersion"), word("kind"))
}

/// The types of a client library read an object, and write the same: they know every key of it.
fn check_types(object: &Value) {
    fn same<T: serde::de::DeserializeOwned + serde::Serialize>(object: &Value) {
        let typed: T = serde_json::from_value(object.clone())
            .unwrap_or_else(|error| panic!("{error}\n{object:#}"));
        assert_eq!(&serde_json::to_value(typed).unwrap(), object);
    }
    match object["kind"].as_str().unwrap() {
        "ConfigMap" => same::<ConfigMap>(object),
        "Service" => same::<Service>(object),
        "Deployment" => same::<Deployment>(object),
        "StatefulSet" => same::<StatefulSet>(object),
        "PodDisruptionBudget" => same::<PodDisruptionBudget>(object),
        "HorizontalPodAutoscaler" => same::<HorizontalPodAutoscaler>(object),
        "NetworkPolicy" => same::<NetworkPolicy>(object),
        kind => panic!("no type of {kind}"),
    }
}

/// Checks all that an export writes; gives the number of objects.
fn check(text: &str, schemas: Option<&Schemas>) -> usize {
    let Some(artifacts) = export("kubernetes", text) else {
        return 0;
    };
    check_notes(&artifacts, text);
    assert_eq!(
        export("kubernetes", text).as_ref(),
        Some(&artifacts),
        "equal graphs, equal bytes"
    );
    let objects: Vec<Value> = artifacts
        .files
        .iter()
        .flat_map(|file| documents(&file.text))
        .collect();
    for object in &objects {
        if let Some(schemas) = schemas {
            schemas.check(object);
        }
        check_types(object);
    }
    consistency::check(&objects);
    objects.len()
}

fn schemas() -> Option<&'static Schemas> {
    static SCHEMAS: LazyLock<Option<Schemas>> = LazyLock::new(|| {
        shared::folder("schemas/kubernetes-1.34").map(|folder| Schemas::read(&folder))
    });
    SCHEMAS.as_ref()
}

#[test]
fn shipped_examples_are_valid_manifests() {
    for (name, text) in graphs::examples() {
        assert!(check(&text, schemas()) > 6, "{name}");
    }
}

proptest! {
    #[test]
    fn random_graphs_are_valid_manifests(text in graphs::random()) {
        check(&text, schemas());
    }
}

/// The schemas refuse what Kubernetes would: else they prove nothing.
#[test]
fn the_schemas_are_strict() {
    let Some(schemas) = schemas() else { return };
    let (_, text) = graphs::examples().remove(0);
    let artifacts = export("kubernetes", &text).unwrap();
    let mut object = documents(&artifacts.files[0].text)
        .into_iter()
        .find(|object| object["kind"] == "Deployment")
        .unwrap();
    schemas.check(&object);
    object["spec"]["template"]["spec"]["containers"][0]["imagee"] = "x".into();
    let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| schemas.check(&object)));
    assert!(refused.is_err());
}
