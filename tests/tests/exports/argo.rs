//! Workflows fit Argo's schema without unknown fields, and their DAGs what its controller asks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jsonschema::Validator;
use modelspec_core::Analysis;
use modelspec_tests::{graphs, shared};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{check_notes, documents, export};

/// Argo's schema, which no object may go beyond.
fn schema() -> Option<&'static Validator> {
    static SCHEMA: LazyLock<Option<Validator>> = LazyLock::new(|| {
        let folder = shared::folder("schemas/argo")?;
        let text = std::fs::read(folder.join("argo-workflows.schema.json")).unwrap();
        let mut schema: Value = serde_json::from_slice(&text).unwrap();
        for kind in schema["definitions"].as_object_mut().unwrap().values_mut() {
            if kind.get("properties").is_some() && kind.get("additionalProperties").is_none() {
                kind["additionalProperties"] = json!(false);
            }
        }
        let kinds = ["Workflow", "WorkflowTemplate"].map(|kind| {
            let place = format!("#/definitions/io.argoproj.workflow.v1alpha1.{kind}");
            json!({
                "properties": {"kind": {"const": kind}},
                "required": ["kind"],
                "allOf": [{"$ref": place}],
            })
        });
        schema["oneOf"] = json!(kinds);
        Some(jsonschema::validator_for(&schema).unwrap())
    });
    SCHEMA.as_ref()
}

/// Checks an export; gives its `WorkflowTemplate`.
fn check(text: &str) -> Option<Value> {
    let artifacts = export("argo", text)?;
    check_notes(&artifacts, text);
    assert_eq!(export("argo", text).as_ref(), Some(&artifacts));
    let objects: Vec<Value> = artifacts
        .files
        .iter()
        .flat_map(|file| documents(&file.text))
        .collect();
    let of = |kind: &str| {
        let kind = kind.to_owned();
        objects.iter().filter(move |object| object["kind"] == kind)
    };
    let template = of("WorkflowTemplate").next().unwrap();
    if let Some(schema) = schema() {
        for object in of("Workflow").chain([template]) {
            let errors: Vec<_> = schema.iter_errors(object).map(|e| e.to_string()).collect();
            assert!(errors.is_empty(), "{errors:?}\n{object:#}");
        }
    }
    let templates = templates(template);
    for workflow in of("Workflow") {
        let spec = &workflow["spec"];
        assert_eq!(
            spec["workflowTemplateRef"]["name"],
            template["metadata"]["name"]
        );
        let entry = templates[spec["entrypoint"].as_str().unwrap()];
        assert_eq!(
            names(&spec["arguments"]["artifacts"]),
            names(&entry["inputs"]["artifacts"])
        );
    }
    for entry in ["run", "sweep"] {
        dag(templates[entry], &templates);
    }
    // The simulator reads the graph as a document of the same meaning.
    let data = &of("ConfigMap").next().unwrap()["data"];
    let again = Analysis::new(data["document.json"].as_str().unwrap());
    let digest = template["metadata"]["annotations"]["modelgraph/spec-digest"].clone();
    let graph = again.graph.as_ref().unwrap();
    assert_eq!(digest, modelspec_core::lock::digest(graph).to_string());
    timeouts(text, &templates);
    Some(template.clone())
}

fn templates(template: &Value) -> BTreeMap<&str, &Value> {
    let list = template["spec"]["templates"].as_array().unwrap();
    let found: BTreeMap<&str, &Value> = list
        .iter()
        .map(|template| (template["name"].as_str().unwrap(), template))
        .collect();
    assert_eq!(found.len(), list.len(), "names are apart");
    found
}

fn names(list: &Value) -> BTreeSet<&str> {
    let list = list.as_array().into_iter().flatten();
    list.map(|item| item["name"].as_str().unwrap()).collect()
}

/// Tasks wait for tasks that there are, never for themselves in the end; what they are given there
/// is, and what they need they are given.
fn dag(entry: &Value, templates: &BTreeMap<&str, &Value>) {
    let tasks = entry["dag"]["tasks"].as_array().unwrap();
    let by_name: BTreeMap<&str, &Value> = tasks
        .iter()
        .map(|task| (task["name"].as_str().unwrap(), task))
        .collect();
    assert_eq!(by_name.len(), tasks.len());
    let mut before: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, task) in &by_name {
        let depends = task["depends"].as_str().unwrap_or("");
        let words = depends
            .split([' ', '(', ')', '|', '&'])
            .filter(|word| !word.is_empty());
        for word in words {
            let (other, state) = word.rsplit_once('.').unwrap();
            assert!(["Succeeded", "Failed", "Errored"].contains(&state));
            assert!(by_name.contains_key(other), "{depends}");
            before.entry(name).or_default().insert(other);
        }
    }
    let mut done = BTreeSet::new();
    while done.len() < by_name.len() {
        let ready = by_name.keys().filter(|name| {
            !done.contains(*name) && before.get(*name).is_none_or(|all| all.is_subset(&done))
        });
        let ready: Vec<&str> = ready.copied().collect();
        assert!(!ready.is_empty(), "tasks wait in a circle: {entry:#}");
        done.extend(ready);
    }
    let given = |from: &str, waits: Option<&BTreeSet<&str>>| {
        let path = from.strip_prefix("{{").unwrap().strip_suffix("}}").unwrap();
        if let Some(name) = path.strip_prefix("inputs.artifacts.") {
            return names(&entry["inputs"]["artifacts"]).contains(name);
        }
        let rest = path.strip_prefix("tasks.").unwrap();
        let (task, name) = rest.split_once(".outputs.artifacts.").unwrap();
        // Without waiting for its giver an artifact is not there.
        assert!(waits.is_none_or(|waits| waits.contains(task)), "{from}");
        let template = templates[by_name[task]["template"].as_str().unwrap()];
        names(&template["outputs"]["artifacts"]).contains(name)
    };
    let nobody = BTreeSet::new();
    for (name, task) in &by_name {
        let template = templates[task["template"].as_str().unwrap()];
        let taken = task["arguments"]["artifacts"]
            .as_array()
            .into_iter()
            .flatten();
        for artifact in taken {
            let waits = before.get(name).unwrap_or(&nobody);
            assert!(
                given(artifact["from"].as_str().unwrap(), Some(waits)),
                "{artifact}"
            );
        }
        let needed = template["inputs"]["artifacts"]
            .as_array()
            .into_iter()
            .flatten();
        let needed: BTreeSet<&str> = needed
            .filter(|artifact| artifact["s3"].is_null())
            .map(|artifact| artifact["name"].as_str().unwrap())
            .collect();
        assert_eq!(needed, names(&task["arguments"]["artifacts"]));
    }
    for artifact in entry["outputs"]["artifacts"]
        .as_array()
        .into_iter()
        .flatten()
    {
        assert!(
            given(artifact["from"].as_str().unwrap(), None),
            "{artifact}"
        );
    }
}

/// The timeout of each step's calls, converted back, is never below what the node states.
fn timeouts(text: &str, templates: &BTreeMap<&str, &Value>) {
    let analysis = Analysis::new(text);
    let graph = analysis.graph.as_ref().unwrap();
    for (ix, node) in graph.model_nodes() {
        let spec = graph.spec_of(ix).unwrap();
        let stated = [
            spec.budget.map(|it| it.value),
            spec.serving
                .as_ref()
                .and_then(|it| it.timeout)
                .map(|it| it.value),
        ];
        let longest = stated.into_iter().flatten().max_by_key(|it| it.0);
        let flag = format!("--node={}", node.name);
        let of_node = templates.values().find(|template| {
            let arguments = template["container"]["args"]
                .as_array()
                .into_iter()
                .flatten();
            arguments.into_iter().any(|argument| *argument == flag)
        });
        let arguments = of_node.unwrap()["container"]["args"].as_array().unwrap();
        let mut arguments = arguments.iter().map(|argument| argument.as_str().unwrap());
        let timeout = arguments.find_map(|argument| argument.strip_prefix("--timeout="));
        // Routers and joins call nothing.
        if let (Some(longest), Some(timeout)) = (longest, timeout) {
            let form = format!(
                "apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\nmetadata: {{name: g}}\nspec: {{nodes: {{a: {{role: custom, budget: {timeout}}}}}}}\n"
            );
            let again = Analysis::new(&form);
            let graph = again.graph.as_ref().unwrap();
            let budget = graph
                .spec_of(graph.find("a").unwrap())
                .unwrap()
                .budget
                .unwrap();
            assert_eq!(budget.value, longest, "{timeout}");
        }
    }
}

#[test]
fn shipped_examples_are_workflows() {
    for (name, text) in graphs::examples() {
        let template = check(&text).unwrap();
        let tasks = &templates(&template)["run"]["dag"]["tasks"];
        assert!(tasks.as_array().unwrap().len() > 2, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn random_graphs_are_workflows(text in graphs::random()) {
        check(&text);
    }
}

/// The schema refuses what the controller would: else it proves nothing.
#[test]
fn the_schema_of_argo_is_strict() {
    let Some(schema) = schema() else { return };
    let (_, text) = graphs::examples().remove(0);
    let mut template = check(&text).unwrap();
    assert!(schema.is_valid(&template));
    template["spec"]["templates"][0]["dag"]["tasks"][0]["dependss"] = json!("x");
    assert!(!schema.is_valid(&template));
}
