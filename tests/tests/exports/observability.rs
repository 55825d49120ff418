use std::collections::BTreeSet;

use modelspec_core::export::Artifacts;
use modelspec_tests::{graphs, shared};
use proptest::prelude::*;
use serde_json::Value;

use super::schemas::Schemas;
use super::{check_notes, documents, export};

fn file<'a>(artifacts: &'a Artifacts, path: &str) -> Option<&'a str> {
    let file = artifacts.files.iter().find(|file| file.path == path)?;
    Some(&file.text)
}

/// The names of OpenTelemetry's attributes for generative models.
fn attributes() -> Option<BTreeSet<String>> {
    let folder = shared::folder("schemas/otel")?;
    let text = std::fs::read_to_string(folder.join("gen-ai-registry.v1.41.0.yaml")).unwrap();
    let ids = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- id: "));
    let ids = ids.map(|id| id.trim_matches('"').to_owned());
    Some(ids.filter(|id| id.starts_with("gen_ai.")).collect())
}

struct Known {
    schemas: Schemas,
    attributes: Option<BTreeSet<String>>,
}

impl Known {
    fn read() -> Self {
        Self {
            schemas: Schemas::of_resources(),
            attributes: attributes(),
        }
    }

    fn check(&self, text: &str) {
        let Some(artifacts) = export("observability", text) else {
            return;
        };
        check_notes(&artifacts, text);
        let again = export("observability", text);
        assert_eq!(
            again.as_ref(),
            Some(&artifacts),
            "equal graphs, equal bytes"
        );
        self.objects(&artifacts, text);
        self.spans(file(&artifacts, "spans.yaml").unwrap());
        collector(file(&artifacts, "collector.yaml").unwrap());
        let dashboard = file(&artifacts, "dashboard.json").unwrap();
        let dashboard: Value = serde_json::from_str(dashboard).unwrap();
        let panels = dashboard["panels"].as_array().unwrap();
        let numbers: BTreeSet<u64> = panels
            .iter()
            .map(|panel| panel["id"].as_u64().unwrap())
            .collect();
        assert_eq!(
            numbers.len(),
            panels.len(),
            "each panel has a number of its own"
        );
    }

    fn objects(&self, artifacts: &Artifacts, text: &str) {
        let rules = documents(file(artifacts, "prometheus-rules.yaml").unwrap());
        let monitors = file(artifacts, "monitors.yaml")
            .map(documents)
            .unwrap_or_default();
        let services = services(text);
        for object in rules.iter().chain(&monitors) {
            if object["apiVersion"]
                .as_str()
                .unwrap()
                .starts_with("monitoring.")
            {
                assert_eq!(self.schemas.errors(object), [""; 0], "{object:#}");
            }
            if object["kind"] == "ServiceMonitor" {
                let labels = &object["spec"]["selector"]["matchLabels"];
                let port = &object["spec"]["endpoints"][0]["port"];
                let selected = services.iter().filter(|service| {
                    let own = service["metadata"]["labels"].as_object().unwrap();
                    let mut wanted = labels.as_object().unwrap().iter();
                    wanted.all(|(key, value)| own.get(key) == Some(value))
                });
                let ports: Vec<&Value> = selected
                    .map(|service| &service["spec"]["ports"][0]["name"])
                    .collect();
                assert_eq!(
                    ports,
                    [port],
                    "a monitor reads one Service of the kubernetes target: {object:#}"
                );
            }
        }
    }

    fn spans(&self, text: &str) {
        let spans = documents(text).remove(0);
        let nodes = spans["nodes"].as_object().unwrap();
        for span in nodes.values().chain([&spans["request"]]) {
            let attributes = span["attributes"].as_object().unwrap();
            assert!(
                attributes.contains_key("modelgraph.spec.digest"),
                "{span:#}"
            );
            assert!(attributes.contains_key("modelgraph.node.role"), "{span:#}");
            for name in attributes.keys().filter(|name| name.starts_with("gen_ai.")) {
                let is_known = self
                    .attributes
                    .as_ref()
                    .is_none_or(|known| known.contains(name));
                assert!(is_known, "OpenTelemetry has no attribute `{name}`");
            }
        }
    }
}

/// The Services that the kubernetes target makes of a graph.
fn services(text: &str) -> Vec<Value> {
    let files = export("kubernetes", text).map(|artifacts| artifacts.files);
    let objects = files
        .into_iter()
        .flatten()
        .flat_map(|file| documents(&file.text));
    objects
        .filter(|object| object["kind"] == "Service")
        .collect()
}

/// What the Collector refuses to start with: parts of a pipeline that are not configured, and bounds
/// that do not rise.
fn collector(text: &str) {
    let config = documents(text).remove(0);
    for pipeline in config["service"]["pipelines"].as_object().unwrap().values() {
        for (key, sections) in [
            ("receivers", ["receivers", "connectors"]),
            ("processors", ["processors", "processors"]),
            ("exporters", ["exporters", "connectors"]),
        ] {
            for part in pipeline[key].as_array().into_iter().flatten() {
                let name = part.as_str().unwrap();
                let is_there = sections
                    .iter()
                    .any(|section| !config[section][name].is_null());
                assert!(is_there, "{key} has no `{name}`");
            }
        }
    }
    let bounds = &config["connectors"]["spanmetrics"]["histogram"]["explicit"]["buckets"];
    let bounds: Vec<f64> = bounds
        .as_array()
        .unwrap()
        .iter()
        .map(|bound| nanoseconds(bound.as_str().unwrap()))
        .collect();
    assert!(bounds.is_sorted_by(|a, b| a < b), "{bounds:?}");
}

/// A time as Go reads it.
fn nanoseconds(text: &str) -> f64 {
    let at = text.find(|sign: char| !sign.is_ascii_digit()).unwrap();
    let unit = match &text[at..] {
        "ns" => 1.0,
        "us" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        other => panic!("`{other}` is no unit of Go's"),
    };
    text[..at].parse::<f64>().unwrap() * unit
}

#[test]
fn shipped_examples_are_watched() {
    let known = Known::read();
    for (name, text) in graphs::examples() {
        known.check(&text);
        assert!(export("observability", &text).is_some(), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn random_graphs_are_watched(text in graphs::random()) {
        thread_local!(static KNOWN: Known = Known::read());
        KNOWN.with(|known| known.check(&text));
    }
}

/// An embedder whose contract says 768 has an alert on other vectors.
#[test]
fn a_dimension_that_drifts_is_told() {
    let examples = graphs::examples();
    let (_, text) = examples
        .iter()
        .find(|(name, _)| name.contains("rag-guarded"))
        .unwrap();
    let artifacts = export("observability", text).unwrap();
    let rules = documents(file(&artifacts, "prometheus-rules.yaml").unwrap()).remove(0);
    let groups = rules["spec"]["groups"].as_array().unwrap();
    let mut rules = groups
        .iter()
        .flat_map(|group| group["rules"].as_array().unwrap());
    let drift = rules
        .find(|rule| rule["alert"] == "ModelGraphDimensionDrift")
        .unwrap();
    assert_eq!(drift["labels"]["modelgraph_node_id"], "embedder");
    assert!(
        drift["expr"]
            .as_str()
            .unwrap()
            .contains("dimension_count!=\"1024\""),
        "{drift:#}"
    );
}
