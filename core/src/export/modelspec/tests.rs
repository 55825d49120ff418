use super::*;
use crate::Analysis;
use crate::export::{self, ExportError, Options};
use crate::spec;

const GUARDED: &str = include_str!("../../../../public/examples/rag-guarded.modelspec.yaml");

fn export(text: &str) -> Result<Artifacts, ExportError> {
    export::run(&ModelSpec, &Analysis::new(text), &Options::default())
}

fn file<'a>(artifacts: &'a Artifacts, path: &str) -> &'a str {
    let found = artifacts.files.iter().find(|file| file.path == path);
    &found.unwrap_or_else(|| panic!("no {path}")).text
}

#[test]
fn each_accelerated_node_becomes_a_model_spec() {
    let artifacts = export(GUARDED).unwrap();
    let paths: Vec<&str> = artifacts.files.iter().map(|file| &*file.path).collect();
    let wanted = ["embedder", "generator", "guard", "reranker"];
    assert_eq!(paths, wanted.map(file_name));
    for file in &artifacts.files {
        let reading = spec::read(&file.text);
        assert_eq!(reading.diagnostics, [], "{}", file.text);
        assert_eq!(reading.model_specs().count(), 1);
    }
    insta::assert_snapshot!("generator", file(&artifacts, "generator.modelspec.yaml"));
    insta::assert_snapshot!("guard", file(&artifacts, "guard.modelspec.yaml"));
}

#[test]
fn whatever_is_not_said_is_told() {
    let artifacts = export(GUARDED).unwrap();
    let codes: std::collections::BTreeSet<&str> =
        artifacts.losses.iter().map(|loss| loss.kind.code).collect();
    let wanted =
        ["ANNOTATION", "CPU-NODE", "EDGE", "GRAPH"].map(|code| format!("TG-MODELSPEC-{code}"));
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), wanted);
    for loss in &artifacts.losses {
        assert!(!loss.span.is_empty(), "{}", loss.message);
    }
    // Only what was not stated is assumed.
    let of_guard = artifacts
        .assumptions
        .iter()
        .filter(|note| note.node.as_deref() == Some("guard"));
    let of_guard: Vec<&str> = of_guard.map(|note| note.kind.code).collect();
    assert_eq!(of_guard, ["TG-MODELSPEC-LENGTH"]);
}

/// The document's own words come back from the annotations.
#[test]
fn the_annotations_hold_the_rest_of_the_document() {
    let artifacts = export(GUARDED).unwrap();
    let reading = spec::read(file(&artifacts, "generator.modelspec.yaml"));
    let model = reading.model_specs().next().unwrap();
    let annotations = model
        .metadata
        .as_ref()
        .unwrap()
        .annotations
        .as_ref()
        .unwrap();
    let rest: Value =
        serde_json::from_str(annotations.get("modelgraph/document").unwrap()).unwrap();
    let again = yaml::document(&rest);
    let graph = Analysis::new(again).graph.unwrap();
    assert!(graph.find("store").is_some() && graph.find("generator").is_none());
    assert_eq!(rest["spec"]["objectives"]["latency"]["p95"], "8s");
    assert_eq!(rest["spec"]["edges"].as_array().unwrap().len(), 8);
    let limits = annotations.get("modelgraph/limits").unwrap();
    assert_eq!(
        &**limits,
        r#"{"maxOutputTokens":512,"promptTemplateTokens":120}"#
    );
}

#[test]
fn a_guardrail_that_no_file_names_stops_the_export() {
    let cpu = GUARDED.replace(
        "placement: {gpu: L4, replicas: {min: 1, max: 4}}",
        "placement: {cpu: 2, memory: 1GiB}",
    );
    // It feeds models that have files: they name it.
    assert!(export(&cpu).is_ok());
    let between = cpu
        .replace("    embedder:\n", "    clean: {role: transformer, inputs: {in: {type: text}}, outputs: {out: {type: text}}, placement: {cpu: 1, memory: 1GiB}}\n    embedder:\n")
        .replace("{from: guard.text, to: embedder.text, role: safety}", "{from: guard.text, to: clean.in}\n    - {from: clean.out, to: embedder.text}")
        .replace("from: guard.text, to: reranker", "from: clean.out, to: reranker")
        .replace("from: guard.text, to: generator", "from: clean.out, to: generator");
    let Err(ExportError::Stopped(artifacts)) = export(&between) else {
        panic!("it must stop")
    };
    let stopping: Vec<&export::Note> = artifacts
        .losses
        .iter()
        .filter(|loss| loss.kind.stops)
        .collect();
    assert_eq!(
        (stopping.len(), stopping[0].node.as_deref()),
        (1, Some("guard"))
    );
    assert!(artifacts.files.is_empty());
    let options = Options {
        accept: vec!["tg-modelspec-guard".to_owned()],
        ..Options::default()
    };
    let accepted = export::run(&ModelSpec, &Analysis::new(between), &options).unwrap();
    for file in &accepted.files {
        assert!(
            file.text
                .contains("# Accepted loss TG-MODELSPEC-GUARD: no chain"),
            "{}",
            file.text
        );
    }
}

#[test]
fn what_an_import_kept_comes_back() {
    let kept = GUARDED.replace(
        "      role: embedder\n",
        "      role: embedder\n      annotations:\n        team: search\n        piqc.ai/spec: {governance: {cost: {targetCostPer1kTokensUsd: 0.01}}, runtime: {resources: {ephemeralStorageGb: 20}, accelerator: {count: 9}}}\n",
    );
    let artifacts = export(&kept).unwrap();
    let text = file(&artifacts, "embedder.modelspec.yaml");
    assert!(
        text.contains("targetCostPer1kTokensUsd: 0.01") && text.contains("ephemeralStorageGb: 20"),
        "{text}"
    );
    // The graph's own words win.
    assert!(
        text.contains("count: 1") && text.contains("team: search"),
        "{text}"
    );
    let wrong = kept.replace("governance:", "goverment:");
    let artifacts = export(&wrong).unwrap();
    assert!(artifacts.losses.iter().any(|loss| loss.kind == &KEPT));
    assert!(!file(&artifacts, "embedder.modelspec.yaml").contains("goverment"));
}

#[test]
fn a_graph_without_accelerators_gives_nothing_and_says_why() {
    let text = "apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\nmetadata: {name: a}\nspec:\n  inputs: {q: {type: text}}\n  outputs: {r: {type: text}}\n  nodes: {n: {role: transformer, inputs: {in: {type: text}}, outputs: {out: {type: text}}, placement: {cpu: 1}}}\n  edges: [{from: inputs.q, to: n.in}, {from: n.out, to: outputs.r}]\n";
    let error = export(text).unwrap_err();
    assert!(matches!(error, ExportError::Empty(_)), "{error}");
    assert!(error.to_string().contains("has no accelerator"), "{error}");
}
