//! Cases of the rules of latency, placement and governance beside their pages.

use pretty_assertions::assert_eq;

use super::cases::{NOTHING, codes, found, graph};
use crate::Analysis;

const THROUGH: &str = "inputs.question > writer.prompt\nwriter.text > outputs.answer";

/// The findings on a generator of which so much is stated.
fn writer(more: &str) -> Vec<String> {
    found(&format!("writer: {{role: generator, {more}}}"), THROUGH)
}

fn with(more: &str, nodes: &str, edges: &str) -> Vec<String> {
    codes(&graph(more, nodes, edges))
}

/// The messages of a rule, infos included.
fn messages(rule: &str, text: &str) -> Vec<String> {
    let found = Analysis::new(text).diagnostics.into_iter();
    found
        .filter(|found| found.code.0 == rule)
        .map(|found| found.message)
        .collect()
}

#[test]
fn timeouts_grow_from_the_leaves_where_nodes_call_each_other() {
    let nodes = "
        first: {role: generator, serving: {timeout: 2s}}
        second: {role: generator, serving: {timeout: 5s}}";
    let edges = "
        inputs.question > first.prompt
        first.text > second.prompt
        second.text > outputs.answer";
    assert_eq!(
        with("  execution: chained\n", nodes, edges),
        ["MG403 first"]
    );
    assert_eq!(with("  execution: orchestrated\n", nodes, edges), NOTHING);
    assert_eq!(found(nodes, edges), NOTHING);
    let grown = nodes.replace("2s", "6s");
    assert_eq!(with("  execution: chained\n", &grown, edges), NOTHING);
}

#[test]
fn of_tries_without_a_limit_nothing_is_known() {
    assert_eq!(
        writer("serving: {timeout: 1s, retries: {attempts: 9}}"),
        NOTHING
    );
    assert_eq!(
        writer("serving: {retries: {attempts: 9, perTry: 9s}}"),
        NOTHING
    );
    assert_eq!(
        writer("serving: {timeout: 9s, retries: {attempts: 9, perTry: 1s}}"),
        NOTHING
    );
    assert_eq!(
        writer("serving: {timeout: 8s, retries: {attempts: 9, perTry: 1s}}"),
        ["MG404 writer"]
    );
    assert_eq!(
        writer("serving: {timeout: 1s, retries: {attempts: 1, perTry: 2s}}"),
        ["MG404 writer"]
    );
}

#[test]
fn what_both_branches_pass_makes_neither_wait() {
    let edges = "
        inputs.question > shared.in
        shared.out > quick.prompt
        shared.out > slow.prompt
        quick.text > both.in
        slow.text > both.in
        both.out > sum.in
        sum.out > outputs.answer";
    let waits = |shared: &str, quick: &str, join: &str| {
        let nodes = format!(
            "shared: {{role: transformer, outputs: {{out: {{type: text}}}}, latency: {{p50: 1ms, p99: {shared}}}}}
            quick: {{role: generator, latency: {{p50: 1ms, p99: {quick}}}}}
            slow: {{role: generator, latency: {{p50: 500ms, p99: 9s}}}}
            both: {{role: join, join: {join}}}
            sum: {{role: transformer, outputs: {{out: {{type: text}}}}}}"
        );
        messages("MG405", &graph("", &nodes, edges)).len()
    };
    assert_eq!(waits("9s", "400ms", "all"), 1);
    assert_eq!(waits("9s", "600ms", "all"), 0);
    assert_eq!(waits("9s", "400ms", "any"), 0);
}

#[test]
fn a_branch_of_unknown_time_may_be_the_slow_one() {
    let nodes = "
        quick: {role: transformer}
        slow: {role: generator, latency: {p50: 500ms, p99: 9s}}
        both: {role: join}
        sum: {role: transformer}";
    let edges = "
        inputs.question > quick.in
        inputs.question > slow.prompt
        quick.out > both.in
        slow.text > both.in
        both.out > sum.in
        sum.out > outputs.answer";
    assert_eq!(messages("MG405", &graph("", nodes, edges)), NOTHING);
}

#[test]
fn work_is_held_against_all_that_serves() {
    let busy = |rate: &str, node: &str| {
        let workload = format!("  workload: {{arrivals: {rate}}}\n");
        with(
            &workload,
            &format!("writer: {{role: generator, {node}}}"),
            THROUGH,
        )
    };
    let four = "{poisson: {rate: 4rps}}";
    let told = ["MG406 writer"];
    assert_eq!(busy(four, "service: {fixed: 300ms}"), told);
    assert_eq!(busy(four, "service: {fixed: 200ms}"), NOTHING);
    assert_eq!(
        busy(
            four,
            "service: {fixed: 300ms}, placement: {gpu: L4, replicas: 2}"
        ),
        NOTHING
    );
    // As many as an autoscaler may add.
    let grows = "service: {fixed: 300ms}, placement: {gpu: L4, replicas: {min: 1, max: 2}}";
    assert_eq!(busy(four, grows), NOTHING);
    assert_eq!(
        busy(four, "service: {fixed: 300ms}, placement: {cpu: 4}"),
        NOTHING
    );
    let batch = "service: {batch: {base: 400ms, perItem: 50ms}}, placement: {gpu: L4, batch: {dynamic: {maxSize: 4}}}";
    assert_eq!(busy(four, batch), NOTHING);
    assert_eq!(busy("{poisson: {rate: 6rps}}", batch), told);
    // A latency under load, or somebody else's server, says nothing of it.
    assert_eq!(
        busy(four, "latency: {p50: 300ms, p95: 600ms, at: {rate: 4rps}}"),
        NOTHING
    );
    assert_eq!(busy(four, "latency: {p50: 300ms, p95: 600ms}"), told);
    assert_eq!(
        busy(four, "external: true, service: {fixed: 300ms}"),
        NOTHING
    );
    assert_eq!(
        busy("{closed: {clients: 9}}", "service: {fixed: 300ms}"),
        NOTHING
    );
    let bursts = "{mmpp: {states: [{rate: 1rps, meanHold: 1s}, {rate: 7rps, meanHold: 1s}]}}";
    assert_eq!(busy(bursts, "service: {fixed: 300ms}"), told);
    assert_eq!(busy(bursts, "service: {fixed: 190ms}"), NOTHING);
}

#[test]
fn a_branch_gets_its_share_of_the_rate() {
    let nodes = "
        split: {role: splitter}
        a: {role: generator, service: {fixed: 300ms}}
        b: {role: generator, service: {fixed: 300ms}}";
    let edges = |share: &str| {
        format!(
            "inputs.question > split.in
            split.out > a.prompt | weight: {share}
            split.out > b.prompt
            a.text > outputs.answer
            b.text > outputs.answer"
        )
    };
    let workload = "  workload: {arrivals: {poisson: {rate: 4rps}}}\n";
    assert_eq!(with(workload, nodes, &edges("50%")), NOTHING);
    assert_eq!(with(workload, nodes, &edges("90%")), ["MG406 a"]);
}

#[test]
fn a_latency_says_where_it_comes_from_and_under_which_load() {
    let infos = |latency: &str| {
        let node = format!("writer: {{role: generator, latency: {{p50: 1s, {latency}}}}}");
        messages("MG407", &graph("", &node, THROUGH)).len()
    };
    assert_eq!(infos("p95: 2s"), 1);
    assert_eq!(infos("source: declared"), 0);
    assert_eq!(infos("source: simulated"), 1);
    assert_eq!(infos("source: measured, at: {inputTokens: 9}"), 1);
    assert_eq!(infos("source: measured, at: {batch: 4}"), 0);
}

#[test]
fn heads_are_shared_evenly() {
    let spread = |heads: u32, kv: u32, gpus: u32| {
        writer(&format!(
            "model: {{heads: {heads}, kvHeads: {kv}}}, placement: {{gpu: L4, gpusPerReplica: {gpus}}}"
        ))
    };
    assert_eq!(spread(32, 8, 4), NOTHING);
    // More GPUs than key and value heads hold copies of them.
    assert_eq!(spread(32, 8, 16), NOTHING);
    assert_eq!(spread(48, 6, 4), ["MG502 writer"]);
    assert_eq!(spread(48, 8, 12), ["MG502 writer"]);
    assert_eq!(spread(32, 8, 3), ["MG502 writer"]);
    assert_eq!(writer("placement: {gpu: L4, gpusPerReplica: 3}"), NOTHING);
}

#[test]
fn nodes_that_name_each_other_are_told_once() {
    let beside = |a: &str, b: &str| {
        let nodes = format!(
            "first: {{role: generator, placement: {{{a}}}}}\nsecond: {{role: generator, {b}}}"
        );
        let edges = "
            inputs.question > first.prompt
            first.text > second.prompt
            second.text > outputs.answer";
        found(&nodes, edges)
    };
    let told = ["MG503 first"];
    let second = "placement: {gpu: L40S, coLocate: [first]}";
    assert_eq!(beside("gpu: L4, coLocate: [second]", second), told);
    assert_eq!(beside("gpu: L40S, coLocate: [second]", second), NOTHING);
    assert_eq!(beside("cpu: 4, coLocate: [second]", second), NOTHING);
    assert_eq!(beside("cpu: 4, coLocate: [second]", "external: true"), told);
    assert_eq!(beside("cpu: 4, coLocate: [third]", second), told);
    // One GPU under two names.
    assert_eq!(
        beside(
            "gpu: h100, coLocate: [second]",
            "placement: {gpu: H100-80GB-SXM}"
        ),
        NOTHING
    );
    let shared = "gpu: L4, share: {timeSlice: {with: [second]}}";
    assert_eq!(beside(shared, "placement: {gpu: L40S}"), told);
}

const POOLS: &str =
    "  hardware: {pools: [{name: west, gpu: L4, count: 4}, {name: east, gpu: L40S, count: 2}]}\n";

fn pooled(a: &str, b: &str) -> Vec<String> {
    let nodes = format!(
        "first: {{role: generator, placement: {{{a}}}}}\nsecond: {{role: generator, placement: {{{b}}}}}"
    );
    let edges = "
        inputs.question > first.prompt
        first.text > second.prompt
        second.text > outputs.answer";
    with(POOLS, &nodes, edges)
}

#[test]
fn a_pool_has_room_for_all_of_its_nodes() {
    let told = ["MG504 first"];
    assert_eq!(
        pooled(
            "gpu: L4, pool: west, replicas: 2",
            "gpu: L4, pool: west, replicas: 2"
        ),
        NOTHING
    );
    assert_eq!(
        pooled(
            "gpu: L4, pool: west, replicas: 2",
            "gpu: L4, pool: west, replicas: 3"
        ),
        told
    );
    // Without a pool any that has the GPU will do; of others nothing is known.
    assert_eq!(
        pooled("gpu: nvidia-l4, replicas: 2", "gpu: L4, replicas: 3"),
        told
    );
    assert_eq!(pooled("gpu: T4, replicas: 20", "gpu: L4"), NOTHING);
    assert_eq!(
        pooled("gpu: L4, replicas: {min: 1, max: 9}", "gpu: L4"),
        told
    );
    assert_eq!(pooled("gpu: L40S, pool: west", "gpu: L4"), told);
    assert_eq!(pooled("gpu: L4, pool: north", "gpu: L4"), told);
}

#[test]
fn parts_of_a_gpu_are_counted_as_parts_and_shared_ones_once() {
    let part = "gpu: L40S, replicas: 7, share: {mig: {fraction: 1/7}}";
    assert_eq!(pooled(part, part), NOTHING);
    let more = part.replace("replicas: 7", "replicas: 8");
    assert_eq!(pooled(&more, part), ["MG504 first"]);
    let shared = "gpu: L4, replicas: 4, share: {timeSlice: {with: [second]}}";
    assert_eq!(pooled(shared, "gpu: L4, replicas: 4"), NOTHING);
}

#[test]
fn an_unknown_gpu_is_a_warning() {
    let analysis = Analysis::new(graph(
        "",
        "writer: {role: generator, placement: {gpu: L4S}}",
        THROUGH,
    ));
    let unknown = analysis
        .diagnostics
        .iter()
        .find(|found| found.code.0 == "MG504")
        .unwrap();
    assert_eq!(unknown.severity, crate::check::Severity::Warning);
    assert_eq!(unknown.fixes[0].label, "Change to L4");
}

#[test]
fn servers_that_share_a_gpu_are_in_its_memory_together() {
    let both = |a: &str, b: &str| {
        let model =
            |parameters: &str| format!("model: {{parameters: {parameters}, precision: bf16}}");
        let nodes = format!(
            "first: {{role: generator, {}, placement: {{gpu: L4, share: {{mps: {{with: [second], slowdown: 1.2}}}}}}}}
            second: {{role: generator, {}, placement: {{gpu: L4}}}}",
            model(a),
            model(b)
        );
        let edges = "
            inputs.question > first.prompt
            first.text > second.prompt
            second.text > outputs.answer";
        graph("", &nodes, edges)
    };
    assert_eq!(codes(&both("3B", "3B")), NOTHING);
    assert_eq!(codes(&both("8B", "3B")), ["MG501 first"]);
    let message = messages("MG501", &both("8B", "3B"));
    assert!(
        message[0].contains("`first` 16.00 GB + `second` 6.00 GB = 22.00 GB"),
        "{message:?}"
    );
    // What does not fit alone is told alone.
    assert_eq!(codes(&both("3B", "30B")), ["MG501 second"]);
}

#[test]
fn the_cache_holds_one_request_and_better_the_batch() {
    let cache = |length: &str, batch: &str| {
        let model = "parameters: 8.03B, precision: bf16, layers: 32, kvHeads: 8, headDim: 128";
        let limits = format!("limits: {{maxModelLen: {length}}}");
        let text = format!("model: {{{model}}}, {limits}, placement: {{gpu: L4, {batch}}}");
        graph("", &format!("writer: {{role: generator, {text}}}"), THROUGH)
    };
    let sequences = |most: u32| {
        format!("batch: {{continuous: {{maxSequences: {most}, maxBatchedTokens: 2048}}}}")
    };
    assert_eq!(codes(&cache("8192", "replicas: 1")), NOTHING);
    assert_eq!(codes(&cache("8192", &sequences(3))), NOTHING);
    let full = Analysis::new(cache("8192", &sequences(32)));
    let warning = full
        .diagnostics
        .iter()
        .find(|found| found.code.0 == "MG506")
        .unwrap();
    assert_eq!(warning.severity, crate::check::Severity::Warning);
    assert!(
        warning.message.contains("32 × 8,192 = 262,144 tokens"),
        "{}",
        warning.message
    );
    assert!(
        warning.message.contains("GB of weights) / 131,072 B ="),
        "{}",
        warning.message
    );
    let few = "batch: {continuous: {maxSequences: 1, maxBatchedTokens: 2048, kvTokens: 4096}}";
    assert_eq!(codes(&cache("8192", few)), ["MG506 writer"]);
}

#[test]
fn a_context_is_configured_within_the_models() {
    let within = |limit: &str| writer(&format!("model: {{contextTokens: 8192}}, {limit}"));
    assert_eq!(within("limits: {maxModelLen: 8192}"), NOTHING);
    assert_eq!(within("limits: {maxModelLen: 8193}"), ["MG505 writer"]);
    assert_eq!(
        within("tokenizer: {maxInputTokens: 9000}"),
        ["MG505 writer"]
    );
}

#[test]
fn what_moves_is_not_pinned() {
    let image = |image: &str| writer(&format!("serving: {{image: \"{image}\"}}"));
    let told = ["MG601 writer"];
    assert_eq!(image("team/server"), told);
    assert_eq!(image("team/server:Nightly"), told);
    assert_eq!(image("team/server:v1.2"), NOTHING);
    assert_eq!(image("team/server:latest@sha256:00"), NOTHING);
    assert_eq!(
        writer("serving: {image: team/server, digest: \"sha256:00\"}"),
        NOTHING
    );
    assert_eq!(writer("model: {id: m, revision: refs/heads/main}"), told);
    assert_eq!(writer("model: {id: m, revision: d4aa690}"), NOTHING);
    assert_eq!(writer("model: {id: m}"), NOTHING);
}

#[test]
fn a_licence_is_held_against_the_declared_use() {
    let licensed = |usage: &str, license: &str| {
        let nodes = format!("writer: {{role: generator, model: {{license: {license}}}}}");
        with(usage, &nodes, THROUGH)
    };
    let told = ["MG602 writer"];
    assert_eq!(licensed("  use: commercial\n", "cc-by-nc-4.0"), told);
    assert_eq!(licensed("  use: internal\n", "cc-by-nc-4.0"), NOTHING);
    assert_eq!(licensed("  use: internal\n", "mnpl-0.1"), told);
    assert_eq!(licensed("  use: research\n", "mnpl-0.1"), NOTHING);
    assert_eq!(licensed("", "cc-by-nc-4.0"), NOTHING);
}

#[test]
fn personal_data_stays_in_the_house() {
    let nodes = |cleaned: &str| {
        format!(
            "tidy: {{role: transformer, outputs: {{out: {{type: text{cleaned}}}}}}}
            writer: {{role: generator, external: true}}
            check: {{role: transformer, external: true}}"
        )
    };
    let edges = "
        inputs.question > tidy.in
        tidy.out > writer.prompt
        writer.text > check.in
        check.out > outputs.answer";
    let personal = |class: &str, cleaned: &str| {
        let text = graph("", &nodes(cleaned), edges);
        codes(&text.replace(
            "question: {type: text}",
            &format!("question: {{type: text{class}}}"),
        ))
    };
    let told = ["MG603 writer", "MG603 check"];
    assert_eq!(personal(", dataClass: personal", ""), told);
    assert_eq!(
        personal(", dataClass: personal", ", dataClass: internal"),
        NOTHING
    );
    assert_eq!(personal("", ", dataClass: personal"), told);
    assert_eq!(personal(", dataClass: confidential", ""), NOTHING);
}
