//! Where times come from, as results say it.

use super::*;

#[test]
fn each_way_to_state_a_time_has_its_word() {
    let calibrated = "service: {fixed: 3ms}\n      annotations: {modelgraph/calibrated: trace.csv}";
    for (stated, word) in [
        ("service: {fixed: 3ms}", "declared"),
        ("service: {gamma: {mean: 3ms, cv: 0.4}}", "declared"),
        (calibrated, "calibrated"),
        ("service: {empirical: [3ms, 4ms, 9ms]}", "measured"),
        (
            "service: {points: [{batch: 1, time: 3ms}, {batch: 8, time: 5ms}]}",
            "measured",
        ),
        ("latency: {p50: 3ms, p95: 5ms}", "declared latency"),
        ("latency: {p50: 3ms, source: measured}", "measured latency"),
        (
            "latency: {p50: 3ms, source: simulated}",
            "simulated latency",
        ),
        (
            "latency: {p95: 9ms, at: {rate: 40rps}}",
            "fitted to latency",
        ),
    ] {
        let compilation = compile(&format!(
            "apiVersion: modelgraph/v1alpha1
kind: ModelGraph
spec:
  inputs: {{question: {{type: text}}}}
  outputs: {{answer: {{type: text}}}}
  nodes:
    one:
      role: transformer
      placement: {{gpu: L4, replicas: 1}}
      {stated}
  edges:
    - {{from: inputs.question, to: one.in}}
    - {{from: one.out, to: outputs.answer}}
  workload: {{arrivals: {{poisson: {{rate: 40rps}}}}}}
"
        ));
        let origin = compilation.expect("it can be simulated").origins["one"];
        assert_eq!(origin.word(), word, "{stated}");
    }
}
