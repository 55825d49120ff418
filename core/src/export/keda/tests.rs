use serde_json::Value;

use super::Keda;
use crate::Analysis;
use crate::export::{self, Artifacts, ExportError, Options};
use crate::spec::to_json;
use crate::yaml::{Limits, read};

const GUARDED: &str = include_str!("../../../../public/examples/rag-guarded.modelspec.yaml");

fn export(text: &str) -> Result<Artifacts, ExportError> {
    export::run(&Keda, &Analysis::new(text), &Options::default())
}

fn object(artifacts: &Artifacts, path: &str) -> Value {
    let file = artifacts.files.iter().find(|file| file.path == path);
    to_json(&read(&file.unwrap().text, &Limits::default()).documents[0])
}

fn of<'a>(artifacts: &'a Artifacts, node: &str) -> Vec<&'a str> {
    let notes = artifacts.losses.iter().chain(&artifacts.assumptions);
    let notes = notes.filter(|note| note.node.as_deref() == Some(node));
    notes
        .map(|note| &note.kind.code["TG-KEDA-".len()..])
        .collect()
}

#[test]
fn nodes_that_vary_are_scaled_by_their_own_queue() {
    let artifacts = export(GUARDED).unwrap();
    let paths: Vec<&str> = artifacts.files.iter().map(|file| &*file.path).collect();
    assert_eq!(
        paths,
        ["support-rag-generator.yaml", "support-rag-guard.yaml"]
    );
    insta::assert_snapshot!("generator", artifacts.files[0].text);
    assert_eq!(of(&artifacts, "embedder"), ["FIXED"]);
    // One that is added would be empty, whatever is stated.
    assert_eq!(of(&artifacts, "store"), ["SCALE"]);
    assert!(
        artifacts
            .losses
            .iter()
            .any(|loss| loss.kind.code == "TG-KEDA-HPA")
    );
}

#[test]
fn what_is_stated_is_not_assumed() {
    let scaled = |autoscale: &str| {
        let replicas = format!("replicas: {{min: 3, max: 6, autoscale: {{{autoscale}}}}}");
        let text = GUARDED.replace("replicas: {min: 3, max: 6}", &replicas);
        let artifacts = export(&text).unwrap();
        let told = of(&artifacts, "generator").join(" ");
        let spec = object(&artifacts, "support-rag-generator.yaml")["spec"].clone();
        (spec, told)
    };
    let (spec, told) = scaled("target: {waiting: 7}, coldStart: 90s, scaleDownAfter: 5min");
    assert_eq!(spec["triggers"][0]["metadata"]["threshold"], "7");
    let behavior = &spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"];
    assert_eq!(behavior["scaleDown"]["stabilizationWindowSeconds"], 300);
    assert_eq!(behavior["scaleUp"]["policies"][0]["value"], 6);
    assert_eq!(told, "METRIC");
    let (spec, _) = scaled("target: {utilisation: 55%}, coldStart: 90s");
    let trigger = &spec["triggers"][0];
    assert_eq!(
        (&trigger["type"], &trigger["metadata"]["value"]),
        (&"cpu".into(), &"55".into())
    );
}

#[test]
fn what_is_not_stated_is_assumed() {
    let open = GUARDED.replace("replicas: {min: 3, max: 6}, ", "");
    let artifacts = export(&open).unwrap();
    let spec = &object(&artifacts, "support-rag-generator.yaml")["spec"];
    assert_eq!(
        (&spec["minReplicaCount"], &spec["maxReplicaCount"]),
        (&1.into(), &4.into())
    );
    assert_eq!(
        of(&artifacts, "generator"),
        ["METRIC", "REPLICAS", "THRESHOLD"]
    );
}

#[test]
fn a_program_that_counts_no_queue_is_scaled_by_its_cores() {
    let text = "
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: g, annotations: {keda/prometheus: \"http://thanos:10902\"}}
spec:
  inputs: {q: {type: text}}
  outputs: {a: {type: text}}
  nodes:
    clean: {role: transformer, placement: {cpu: 2, replicas: {min: 1, max: 3}}}
  edges:
    - {from: inputs.q, to: clean.in}
    - {from: clean.out, to: outputs.a}
";
    let artifacts = export(text).unwrap();
    let spec = &object(&artifacts, "g-clean.yaml")["spec"];
    assert_eq!(spec["triggers"][0]["type"], "cpu");
    // Nothing is asked of Prometheus that could fail.
    assert!(spec["fallback"].is_null());
    let kinds: Vec<_> = artifacts
        .assumptions
        .iter()
        .map(|note| note.kind.code)
        .collect();
    assert!(!kinds.contains(&"TG-KEDA-SERVER"), "{kinds:?}");
}
