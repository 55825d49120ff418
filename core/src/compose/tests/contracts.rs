//! What a ModelSpec says of a node.

use pretty_assertions::assert_eq;

use super::{Open, told};
use crate::Analysis;
use crate::compose::Bundle;
use crate::spec::{Batch, Replicas};
use crate::text::apply;

const SPEC: &str = "apiVersion: piqc.ai/v1alpha1
kind: ModelSpec
metadata: {name: writer-7b, annotations: {modelgraph/tokenizer: '{\"id\": \"qwen\", \"vocabSize\": 151643}'}}
spec:
  identity: {model: {id: Qwen/Qwen2.5-7B-Instruct, family: qwen, task: text-generation, framework: vllm, precision: bf16, artifacts: {modelUri: 's3://m/qwen'}}}
  runtime:
    accelerator: {vendor: nvidia, type: nvidia-l40s, count: 2}
    batch: {maxBatchSize: 64, maxSequenceLengthTokens: 8192}
    resources: {cpuCores: 8, memoryGb: 32.5}
    environment: {variables: {LEVEL: info}}
  operations:
    serving: {protocol: http, port: 8000, timeoutSeconds: 2.5, maxConcurrency: 16, readinessProbe: {path: /ready, timeoutSeconds: 1}}
    scaling: {minReplicas: 2, maxReplicas: 4}
";

fn writer(own: &str) -> Analysis {
    let open = Open::new(
        &format!("writer: {{role: generator, specRef: {{name: writer-7b}}{own}}}"),
        "inputs.question > writer.prompt\nwriter.text > outputs.answer",
    );
    Analysis::new(format!("{}---\n{SPEC}", open.text()))
}

#[test]
fn a_model_spec_says_what_the_node_leaves_out() {
    let analysis = writer("");
    assert_eq!(told(&analysis), [""; 0]);
    let (graph, ..) = analysis.whole().unwrap();
    let node = graph.spec_of(graph.find("writer").unwrap()).unwrap();
    let model = node.model.as_ref().unwrap();
    assert_eq!(
        &*model.id.as_ref().unwrap().value,
        "Qwen/Qwen2.5-7B-Instruct"
    );
    assert_eq!(model.precision.unwrap().value.word(), "bf16");
    assert_eq!(&*model.uri.as_ref().unwrap().value, "s3://m/qwen");
    let limits = node.limits.as_ref().unwrap();
    assert_eq!(limits.max_model_len.unwrap().value.0, 8192);
    let placement = node.placement.as_ref().unwrap();
    assert_eq!(&*placement.gpu.as_ref().unwrap().value, "nvidia-l40s");
    assert_eq!(placement.gpus_per_replica.unwrap().value.0, 2);
    assert_eq!(placement.memory.unwrap().value.0, 32_500_000_000);
    let Some(Batch::Continuous(batch)) = node.batch() else {
        panic!("{:?}", node.batch())
    };
    assert_eq!(batch.max_sequences.unwrap().value.0, 64);
    assert_eq!(
        placement.replicas.unwrap().value,
        Replicas {
            max: 4,
            ..Replicas::fixed(2)
        }
    );
    let serving = node.serving.as_ref().unwrap();
    assert_eq!(serving.timeout.unwrap().value.to_string(), "2.5s");
    assert_eq!(
        &*serving.env.as_ref().unwrap().get("LEVEL").unwrap().0,
        "info"
    );
    let probes = serving.probes.as_ref().unwrap();
    assert_eq!(
        &*probes.ready.as_ref().unwrap().path.as_ref().unwrap().value,
        "/ready"
    );
    let tokenizer = node.tokenizer.as_ref().unwrap();
    assert_eq!(tokenizer.vocab_size.unwrap().value.0, 151_643);
    // The graph that is drawn says what its text says.
    let drawn = analysis.graph.as_ref().unwrap();
    let drawn = drawn.spec_of(drawn.find("writer").unwrap()).unwrap();
    assert_eq!(drawn.model, None);
}

#[test]
fn the_nodes_own_word_wins_and_is_told_where_it_differs() {
    let own = ", model: {precision: fp8}, limits: {maxModelLen: 8.192k}, placement: {gpu: L40S, replicas: 3}, serving: {timeout: 9s, env: {LEVEL: INFO}}";
    let analysis = writer(own);
    let found = analysis
        .diagnostics
        .iter()
        .filter(|found| found.code.0 == "MG111");
    let messages: Vec<&str> = found.clone().map(|found| found.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "`writer` states `model.precision: fp8`, the document that it refers to `bf16`",
            "`writer` states `placement.replicas: 3`, the document that it refers to `{\"min\":2,\"max\":4}`",
            "`writer` states `serving.timeout: 9s`, the document that it refers to `2.5s`",
            "`writer` states `serving.env.LEVEL: INFO`, the document that it refers to `info`",
        ]
    );
    let spans: Vec<&str> = found
        .clone()
        .map(|found| found.span.of(&analysis.text))
        .collect();
    assert_eq!(spans, ["fp8", "3", "9s", "INFO"]);
    let (graph, ..) = analysis.whole().unwrap();
    let node = graph.spec_of(graph.find("writer").unwrap()).unwrap();
    assert_eq!(
        node.model.as_ref().unwrap().precision.unwrap().value.word(),
        "fp8"
    );
    let count = found.clone().count();
    for found in found {
        let mended = apply(&analysis.text, &found.fixes[0].edits).unwrap().text;
        let left = Analysis::new(&*mended).diagnostics.into_iter();
        let left = left.filter(|found| found.code.0 == "MG111").count();
        assert_eq!(left, count - 1, "{mended}");
    }
}

#[test]
fn rules_see_what_a_model_spec_says() {
    // 2 × 8 GB of GPU cannot hold what the node states; the GPU is the ModelSpec's.
    let open = Open::new(
        "writer: {role: generator, specRef: {path: m.yaml}, model: {parameters: 70B, precision: bf16}}",
        "inputs.question > writer.prompt\nwriter.text > outputs.answer",
    );
    assert_eq!(told(&open.with(&[])), [""; 0]);
    let analysis = open.with(&[("m.yaml", SPEC)]);
    assert_eq!(told(&analysis), ["MG501 writer"]);
    let found = analysis
        .diagnostics
        .iter()
        .find(|found| found.code.0 == "MG501")
        .unwrap();
    assert!(found.span.end <= analysis.text.len());
}

#[test]
fn a_conflict_with_a_file_names_the_place_in_it() {
    let open = Open::new(
        "writer: {role: generator, specRef: {path: specs/m.yaml}, model: {precision: fp8}}",
        "inputs.question > writer.prompt\nwriter.text > outputs.answer",
    );
    let mut bundle = Bundle::new();
    bundle.add("specs/m.yaml", SPEC);
    let analysis = Analysis::with(open.text(), &bundle);
    let conflict = analysis
        .diagnostics
        .iter()
        .find(|found| found.message.contains("precision"));
    let conflict = conflict.unwrap();
    assert_eq!(
        conflict.related[0].message,
        "the document states `bf16` (at `specs/m.yaml:5:117`)"
    );
    assert_eq!(
        conflict.related[0].span.of(&analysis.text),
        "{path: specs/m.yaml}"
    );
}
