//! Cases of the rules of meaning, latency and placement beside their pages: what counts as a path,
//! what is unknown and so no fault, and what is told once.

use pretty_assertions::assert_eq;

use super::cases::{NOTHING, codes, found, graph};

const GUARDED: &str = "
    inputs.question > guard.text
    guard.text > writer.prompt
    writer.text > outputs.answer";

#[test]
fn a_graph_without_guardrails_promises_none() {
    let edges = "inputs.question > writer.prompt\nwriter.text > outputs.answer";
    assert_eq!(found("writer: {role: generator}", edges), NOTHING);
}

#[test]
fn a_guardrail_that_is_skipped_when_it_fails_still_stands_on_the_path() {
    let nodes =
        |facts: &str| format!("guard: {{role: guardrail{facts}}}\nwriter: {{role: generator}}");
    assert_eq!(found(&nodes(""), GUARDED), NOTHING);
    assert_eq!(found(&nodes(", onFailure: skip"), GUARDED), ["MG312 guard"]);
    let optional = found(&nodes(", required: false, onFailure: skip"), GUARDED);
    assert_eq!(optional, ["MG311 writer"]);
}

#[test]
fn guardrails_dominate_together() {
    let nodes = "
        topic: {role: router}
        one: {role: guardrail}
        two: {role: guardrail}
        merge: {role: join, join: any}
        writer: {role: generator}";
    let edges = |second: &str| {
        format!(
            "inputs.question > topic.in
            topic.out > one.text
            topic.out > {second}
            one.text > merge.in
            two.text > merge.in
            merge.out > writer.prompt
            writer.text > outputs.answer"
        )
    };
    assert_eq!(found(nodes, &edges("two.text")), NOTHING);
    let past = edges("two.text").replace(
        "one.text > merge.in",
        "one.text > merge.in\ntopic.out > merge.in",
    );
    assert_eq!(found(nodes, &past), ["MG311 writer"]);
}

#[test]
fn what_comes_from_a_node_without_inputs_must_be_guarded_too() {
    let nodes = "
        guard: {role: guardrail}
        news: {role: custom, outputs: {text: {type: candidates}}}
        writer: {role: generator}";
    let edges = format!("{GUARDED}\nnews.text > writer.context");
    assert_eq!(found(nodes, &edges), ["MG311 writer"]);
}

#[test]
fn a_control_edge_carries_nothing_past_a_guardrail() {
    let nodes = "
        guard: {role: guardrail}
        clock: {role: custom}
        writer: {role: generator}";
    let edges = format!("{GUARDED}\nclock > writer | role: control");
    let past: Vec<String> = found(nodes, &edges)
        .into_iter()
        .filter(|code| code.starts_with("MG311"))
        .collect();
    assert_eq!(past, NOTHING);
}

#[test]
fn a_guardrail_behind_the_last_generator_guards_what_comes_out() {
    let nodes = "
        writer: {role: generator}
        review: {role: guardrail}
        merge: {role: join, join: any}";
    let edges = "
        inputs.question > writer.prompt
        writer.text > review.text
        review.text > merge.in
        merge.out > outputs.answer";
    assert_eq!(found(nodes, edges), NOTHING);
    let past = format!("{edges}\nwriter.text > merge.in");
    assert_eq!(found(nodes, &past), ["MG311 writer"]);
}

fn timed(objective: &str, nodes: &str, edges: &str) -> Vec<String> {
    codes(&graph(
        &format!("  objectives: {{latency: {objective}}}\n"),
        nodes,
        edges,
    ))
}

const TWO: &str = "
    inputs.question > tidy.in
    tidy.out > writer.prompt
    writer.text > outputs.answer";

#[test]
fn percentiles_of_a_path_that_add_up_to_more_are_a_warning() {
    let nodes = "
        tidy: {role: transformer, latency: {p95: 3s}}
        writer: {role: generator, latency: {p95: 4s}}";
    assert_eq!(timed("{p95: 7s}", nodes, TWO), NOTHING);
    assert_eq!(timed("{p95: 6s}", nodes, TWO), ["MG401 -"]);
    // Where one node alone refutes the objective the sum says no more.
    assert_eq!(timed("{p95: 3.5s}", nodes, TWO), ["MG401 writer"]);
    // Of the 99th percentile the 95th is a lower bound.
    assert_eq!(timed("{p99: 3.5s}", nodes, TWO), ["MG401 writer"]);
    assert_eq!(timed("{p50: 1s}", nodes, TWO), NOTHING);
}

#[test]
fn hops_count_along_the_path() {
    let nodes = "
        tidy: {role: transformer, latency: {p95: 3s}}
        writer: {role: generator, latency: {p95: 4s}}";
    let edges = TWO.replace("writer.prompt", "writer.prompt | hop: 1s");
    assert_eq!(timed("{p95: 7s}", nodes, &edges), ["MG401 -"]);
}

#[test]
fn a_node_that_some_requests_pass_may_be_slow() {
    let nodes = "
        pick: {role: router}
        small: {role: generator, latency: {p50: 1s}}
        large: {role: generator, latency: {p50: 9s}}
        merge: {role: join, join: any}";
    let edges = "
        inputs.question > pick.in
        pick.out > small.prompt
        pick.out > large.prompt
        small.text > merge.in
        large.text > merge.in
        merge.out > outputs.answer";
    // The slow branch is on the critical path all the same: a warning, of no single node.
    assert_eq!(timed("{p50: 8s}", nodes, edges), ["MG401 -"]);
    // Those that race are not waited for; those that are gathered are.
    let race = "
        inputs.question > small.prompt
        inputs.question > large.prompt
        small.text > merge.in
        large.text > merge.in
        merge.out > outputs.answer";
    let nodes = nodes
        .trim_start()
        .trim_start_matches("pick: {role: router}");
    assert_eq!(timed("{p50: 8s}", nodes, race), ["MG401 -"]);
    let nodes = nodes.replace("join: any}", "join: all, outputs: {out: {type: any}}}");
    assert_eq!(timed("{p50: 8s}", &nodes, race), ["MG401 large"]);
}

#[test]
fn budgets_are_held_against_the_highest_percentile() {
    let nodes = "
        tidy: {role: transformer, budget: 3s}
        writer: {role: generator, budget: 4s}";
    assert_eq!(timed("{p50: 1s, p99: 7s}", nodes, TWO), NOTHING);
    assert_eq!(timed("{p50: 1s, p99: 6s}", nodes, TWO), ["MG401 -"]);
}

#[test]
fn a_passage_that_its_embedder_cannot_take_is_told_there_alone() {
    let nodes = "
        embedder: {role: embedder, model: {id: e}, tokenizer: {maxInputTokens: 512}}
        store: {role: retriever, index: {embedder: e, chunkTokens: 900}}
        reranker: {role: reranker, tokenizer: {maxInputTokens: 512}}
        writer: {role: generator, limits: {maxModelLen: 1000, maxOutputTokens: 400}}";
    let edges = "
        inputs.question > embedder.text
        embedder.vector > store.query
        store.hits > reranker.candidates
        inputs.question > reranker.query
        reranker.ranked > writer.context
        inputs.question > writer.prompt
        writer.text > outputs.answer";
    assert_eq!(found(nodes, edges), ["MG306 store"]);
    let fits = nodes.replace(
        "maxInputTokens: 512}}\n        store",
        "maxInputTokens: 1024}}\n        store",
    );
    assert_eq!(found(&fits, edges), ["MG305 reranker"]);
}

#[test]
fn what_is_known_of_a_prompt_may_be_too_much_alone() {
    let edges = "inputs.question > writer.prompt\nwriter.text > outputs.answer";
    let writer = |limits: &str| format!("writer: {{role: generator, limits: {{{limits}}}}}");
    assert_eq!(
        found(&writer("maxModelLen: 512, maxOutputTokens: 400"), edges),
        NOTHING
    );
    let told = found(&writer("maxModelLen: 512, maxOutputTokens: 600"), edges);
    assert_eq!(told, ["MG307 writer"]);
}

#[test]
fn another_dimension_says_that_it_is_another_model() {
    let nodes = "
        embedder: {role: embedder, outputs: {vector: {dim: 768, space: a}}}
        store: {role: retriever, inputs: {query: {dim: 1024, space: b}}}
        writer: {role: generator}";
    let edges = "
        inputs.question > embedder.text
        embedder.vector > store.query
        store.hits > writer.context
        inputs.question > writer.prompt
        writer.text > outputs.answer";
    assert_eq!(found(nodes, edges), ["MG301 store.query"]);
    assert_eq!(
        found(&nodes.replace("1024", "768"), edges),
        ["MG302 store.query"]
    );
}

#[test]
fn weights_are_held_against_what_a_slice_or_several_gpus_have() {
    let edges = "inputs.question > writer.prompt\nwriter.text > outputs.answer";
    let writer = |model: &str, placement: &str| {
        let node =
            format!("writer: {{role: generator, model: {{{model}}}, placement: {{{placement}}}}}");
        found(&node, edges)
    };
    let bf16 = "parameters: 8.03B, precision: bf16";
    let int4 = "parameters: 8.03B, precision: int4";
    assert_eq!(writer(bf16, "gpu: T4"), ["MG501 writer"]);
    assert_eq!(writer(bf16, "gpu: T4, gpusPerReplica: 2"), NOTHING);
    assert_eq!(writer(int4, "gpu: T4"), NOTHING);
    assert_eq!(
        writer(bf16, "gpu: H100, share: {mig: {fraction: 1/7}}"),
        ["MG501 writer"]
    );
    assert_eq!(
        writer(bf16, "gpu: H100, share: {mig: {fraction: 3/7}}"),
        NOTHING
    );
    // Of what is not known nothing follows.
    assert_eq!(writer("parameters: 70B", "gpu: T4"), NOTHING);
    assert_eq!(
        writer("parameters: 70B, precision: bf16", "cpu: 8"),
        NOTHING
    );
}

#[test]
fn policies_are_held_whatever_the_roles() {
    let nodes = "
        filter: {role: transformer}
        writer: {role: generator}";
    let edges = "
        inputs.question > filter.in
        filter.out > writer.prompt
        writer.text > outputs.answer";
    let held = |policy: &str, nodes: &str, edges: &str| {
        codes(&graph(&format!("  policies: [{policy}]\n"), nodes, edges))
    };
    let before = "dominates: {node: filter, over: {role: generator}}";
    assert_eq!(held(before, nodes, edges), NOTHING);
    let told = ["MG311 writer"];
    let optional = nodes.replace(
        "transformer",
        "transformer, required: false, onFailure: skip",
    );
    assert_eq!(held(before, &optional, edges), told);
    let past = edges.replace(
        "filter.out > writer.prompt",
        "inputs.question > writer.prompt",
    );
    let past = past.replace(
        "writer.text",
        "writer.text > outputs.answer\n        filter.out",
    );
    let codes = held(before, nodes, &past);
    assert!(codes.contains(&told[0].to_owned()), "{codes:?}");
    assert_eq!(held("order: [filter, writer]", nodes, edges), NOTHING);
    assert_eq!(
        held("order: [{role: generator}, filter]", nodes, edges),
        told
    );
}

#[test]
fn a_policy_that_says_what_the_rule_says_is_not_told_again() {
    let nodes = "guard: {role: guardrail}\nwriter: {role: generator}";
    let edges = "
        inputs.question > guard.text
        inputs.question > writer.prompt
        writer.text > outputs.answer";
    let policy = "  policies: [dominates: {node: guard, over: writer}]\n";
    let told: Vec<String> = codes(&graph(policy, nodes, edges))
        .into_iter()
        .filter(|code| code.starts_with("MG311"))
        .collect();
    assert_eq!(told, ["MG311 writer"]);
}
