//! Cases of the rules of contracts beside their pages: names, references, vectors, candidates, tokens,
//! templates, pins and licences.

use core::fmt::Write;

use pretty_assertions::assert_eq;

use super::cases::{NOTHING, codes, found, graph};

/// Those of some codes that are of a rule.
fn of(rule: &str, codes: Vec<String>) -> Vec<String> {
    let codes = codes.into_iter();
    codes.filter(|code| code.starts_with(rule)).collect()
}

const SEARCH: &str = "
    inputs.question > embedder.text
    embedder.vector > store.query
    store.hits > writer.context
    inputs.question > writer.prompt
    writer.text > outputs.answer";

fn search(vector: &str, query: &str, index: &str) -> Vec<String> {
    let nodes = format!(
        "embedder: {{role: embedder, model: {{id: e}}, outputs: {{vector: {{{vector}}}}}}}
        store: {{role: retriever, inputs: {{query: {{{query}}}}}, index: {{{index}}}}}
        writer: {{role: generator}}"
    );
    found(&nodes, SEARCH)
}

#[test]
fn foreign_names_of_ports_keep_their_case() {
    let nodes = |second: &str| {
        format!(
            "a: {{role: custom, inputs: {{x: {{type: text, externalName: IN}}, y: {{type: text, externalName: {second}}}}}, outputs: {{out: {{type: text}}}}}}"
        )
    };
    let edges = "inputs.question > a.x\ninputs.question > a.y\na.out > outputs.answer";
    assert_eq!(found(&nodes("IN"), edges), ["MG108 a.y"]);
    assert_eq!(found(&nodes("in"), edges), NOTHING);
    // A port that is called so by its own name.
    assert_eq!(found(&nodes("x2").replace("IN", "y"), edges), NOTHING);
}

#[test]
fn a_foreign_name_meets_a_nodes_own() {
    let nodes = "one: {role: generator, externalName: Two}\ntwo: {role: generator}";
    let edges = "inputs.question > one.prompt\none.text > two.prompt\ntwo.text > outputs.answer";
    assert_eq!(found(nodes, edges), ["MG108 one"]);
}

#[test]
fn vectors_of_length_one_are_ordered_alike() {
    let metric = |normalized: &str, taken: &str| {
        let vector = format!("dim: 8, metric: cosine, normalized: {normalized}");
        search(
            &vector,
            &format!("dim: 8, metric: {taken}"),
            "chunkTokens: 9",
        )
    };
    assert_eq!(metric("true", "dot"), NOTHING);
    assert_eq!(metric("true", "euclidean"), NOTHING);
    assert_eq!(metric("true", "manhattan"), ["MG303 store.query"]);
    assert_eq!(metric("false", "dot"), ["MG303 store.query"]);
    assert_eq!(metric("false", "cosine"), NOTHING);
}

#[test]
fn lengths_matter_where_they_are_compared() {
    let lengths = |metric: &str| {
        let vector = format!("dim: 8, metric: {metric}, normalized: false");
        search(
            &vector,
            &format!("metric: {metric}, normalized: true"),
            "chunkTokens: 9",
        )
    };
    assert_eq!(lengths("dot"), ["MG303 store.query"]);
    assert_eq!(lengths("cosine"), NOTHING);
}

#[test]
fn the_index_has_the_metric_of_its_queries() {
    let index = |more: &str| search("dim: 8", more, "metric: dot");
    assert_eq!(index("metric: cosine"), ["MG303 store"]);
    assert_eq!(index("metric: cosine, normalized: true"), NOTHING);
    assert_eq!(index("metric: dot"), NOTHING);
    assert_eq!(index("dim: 8"), NOTHING);
}

#[test]
fn an_index_is_built_and_asked_alike() {
    assert_eq!(search("dim: 8", "dim: 8", "embedder: e"), NOTHING);
    assert_eq!(
        search("dim: 8", "dim: 8", "embedder: other"),
        ["MG304 embedder"]
    );
    // An encoder of its own for questions says whose space it serves.
    assert_eq!(
        search("dim: 8, space: other", "dim: 8", "embedder: other"),
        NOTHING
    );
    assert_eq!(
        search("pooling: cls", "dim: 8", "embedder: e, pooling: mean"),
        ["MG304 embedder"]
    );
    assert_eq!(
        search("pooling: mean", "dim: 8", "embedder: e, pooling: mean"),
        NOTHING
    );
    // What the vectors themselves say is told there, and a revision by its own rule.
    assert_eq!(
        search("dim: 8", "dim: 9", "embedder: other"),
        ["MG301 store.query"]
    );
    let revisions = search("dim: 8", "dim: 8", "embedder: e, revision: v2");
    assert_eq!(of("MG304", revisions), NOTHING);
}

#[test]
fn one_tokenizer_has_many_names_but_one_file() {
    let pair = |given: &str, taken: &str| {
        let nodes = format!(
            "a: {{role: transformer, tokenizer: {{{given}}}, outputs: {{ids: {{type: tokens}}}}}}
            b: {{role: generator, tokenizer: {{{taken}}}, inputs: {{prompt: {{type: tokens}}}}}}"
        );
        found(
            &nodes,
            "inputs.question > a.in\na.ids > b.prompt\nb.text > outputs.answer",
        )
    };
    assert_eq!(pair("id: x", "id: x"), NOTHING);
    assert_eq!(pair("id: x", "id: y"), ["MG308 b.prompt"]);
    assert_eq!(pair("id: x, digest: d1", "id: y, digest: d1"), NOTHING);
    assert_eq!(
        pair("id: x, digest: d1", "id: x, digest: d2"),
        ["MG308 b.prompt"]
    );
    assert_eq!(pair("vocabSize: 9", "id: y"), NOTHING);
}

fn listed(given: &str, taken: &str) -> Vec<String> {
    let nodes = format!(
        "a: {{role: custom, inputs: {{x: {{type: text}}}}, outputs: {{out: {{type: candidates, {given}}}}}}}
        b: {{role: generator, inputs: {{prompt: {{type: candidates, {taken}}}}}}}"
    );
    found(
        &nodes,
        "inputs.question > a.x\na.out > b.prompt\nb.text > outputs.answer",
    )
}

#[test]
fn candidates_keep_the_score_of_their_reader() {
    let told = ["MG309 b.prompt"];
    assert_eq!(listed("score: {order: desc}", "score: {order: asc}"), told);
    assert_eq!(
        listed("score: {kind: logit}", "score: {kind: probability}"),
        told
    );
    assert_eq!(
        listed("score: {kind: logit}", "score: {order: desc}"),
        NOTHING
    );
    assert_eq!(
        listed("score: {kind: distance, order: desc}", "maxItems: 9"),
        ["MG309 a.out"]
    );
    assert_eq!(
        listed("score: {kind: distance, order: asc}", "maxItems: 9"),
        NOTHING
    );
}

#[test]
fn scores_stay_within_the_range_of_their_reader() {
    assert_eq!(
        listed("score: {min: 0, max: 1}", "score: {min: 0, max: 1}"),
        NOTHING
    );
    assert_eq!(
        listed("score: {min: 0.5, max: 1}", "score: {min: 0, max: 10}"),
        NOTHING
    );
    assert_eq!(
        listed("score: {min: -12, max: 12}", "score: {min: 0, max: 1}"),
        ["MG309 -"]
    );
    assert_eq!(listed("score: {min: -12}", "score: {min: 0}"), ["MG309 -"]);
    assert_eq!(listed("score: {kind: logit}", "score: {max: 1}"), NOTHING);
}

#[test]
fn a_field_that_is_needed_is_there() {
    let item = |schema: &str| format!("item: {{kind: json, schema: {schema}}}");
    let given = item("{properties: {text: {}, source: {}}}");
    assert_eq!(listed(&given, &item("{required: [text, source]}")), NOTHING);
    assert_eq!(
        listed(&given, &item("{required: [text, page]}")),
        ["MG309 -"]
    );
    assert_eq!(
        listed(&item("{type: object}"), &item("{required: [page]}")),
        NOTHING
    );
}

#[test]
fn each_step_takes_some_of_what_the_one_before_gives() {
    assert_eq!(listed("maxItems: 8", "maxItems: 8"), NOTHING);
    assert_eq!(listed("maxItems: 8", "maxItems: 20"), ["MG309 b.prompt"]);
    assert_eq!(listed("maxItems: 20", "maxItems: 8"), ["MG203 b.prompt"]);
    assert_eq!(listed("score: {kind: logit}", "maxItems: 20"), NOTHING);
}

#[test]
fn neutral_messages_fit_every_template() {
    let chat = |format: &str, template: &str| {
        let text = graph(
            "",
            &format!(
                "writer: {{role: generator, model: {{chatTemplate: \"{template}\"}}, inputs: {{prompt: {{type: messages}}}}}}"
            ),
            "inputs.question > writer.prompt\nwriter.text > outputs.answer",
        );
        codes(&text.replace(
            "question: {type: text}",
            &format!("question: {{type: messages, format: {format}}}"),
        ))
    };
    assert_eq!(chat("chatml", "llama3"), ["MG310 writer.prompt"]);
    assert_eq!(chat("openai", "llama3"), NOTHING);
    assert_eq!(chat("ChatML", "{{ '<|im_start|>' }}"), NOTHING);
    assert_eq!(chat("chatml", "{{ messages }}"), NOTHING);
}

#[test]
fn branches_of_one_model_may_differ_in_their_limits() {
    let edges = "
        inputs.question > route.in
        route.out > a.prompt | when: \"output > 1\"
        route.out > b.prompt | when: default
        a.text > outputs.answer
        b.text > outputs.answer";
    let two = |a: &str, b: &str| {
        let nodes = format!(
            "route: {{role: router}}\na: {{role: generator, {a}}}\nb: {{role: generator, {b}}}"
        );
        found(&nodes, edges)
    };
    let model = "model: {id: m, revision: r1}";
    assert_eq!(two(model, model), ["MG313 route"]);
    assert_eq!(two(model, "model: {id: m, revision: r2}"), NOTHING);
    assert_eq!(
        two(model, &format!("{model}, limits: {{maxModelLen: 9000}}")),
        NOTHING
    );
    assert_eq!(two("required: true", "required: true"), NOTHING);
}

fn referring(stated: &str, more: &str) -> Vec<String> {
    let nodes = format!("writer: {{role: generator, specRef: {{{stated}}}}}");
    let edges = "inputs.question > writer.prompt\nwriter.text > outputs.answer";
    let mut text = graph("", &nodes, edges);
    text.push_str(more);
    codes(&text)
}

fn other(name: &str, nodes: &str) -> String {
    format!(
        "---\napiVersion: modelgraph/v1alpha1\nkind: ModelGraph\nmetadata: {{name: {name}}}\nspec: {{inputs: {{prompt: {{type: text}}}}, outputs: {{text: {{type: text}}}}, nodes: {{{nodes}}}, edges: [{{from: inputs.prompt, to: outputs.text}}]}}\n"
    )
}

#[test]
fn what_a_node_refers_to_is_there_and_pinned() {
    let told = ["MG111 writer"];
    let digest = "0".repeat(64);
    assert_eq!(referring("", ""), told);
    assert_eq!(referring("name: nobody", ""), told);
    assert_eq!(referring("path: a.yaml", ""), told);
    assert_eq!(referring("path: a.yaml, digest: v1", ""), told);
    assert_eq!(
        referring(&format!("path: a.yaml, digest: \"sha256:{digest}\""), ""),
        NOTHING
    );
    assert_eq!(referring("name: inner", &other("inner", "")), NOTHING);
}

#[test]
fn a_graph_is_no_part_of_itself() {
    let told = ["MG111 writer"];
    assert_eq!(referring("name: t", ""), told);
    let back = other("inner", "n: {specRef: {name: t}}");
    assert_eq!(referring("name: inner", &back), told);
    // Nor can a graph be used that is a part of itself.
    let circle = [
        other("inner", "n: {specRef: {name: second}}"),
        other("second", "n: {specRef: {name: inner}}"),
    ];
    assert_eq!(referring("name: inner", &circle.concat()), told);
}

#[test]
fn a_node_states_the_ports_of_its_subgraph() {
    let stated = "name: inner}, inputs: {prompt: {type: text}, more: {type: text, required: false}";
    let told = referring(stated, &other("inner", ""));
    assert_eq!(of("MG111", told), ["MG111 writer.more"]);
}

#[test]
fn a_type_made_of_very_many_is_refused() {
    let mut types = String::from("  types:\n    T0: {kind: text}\n");
    for at in 1..2000 {
        writeln!(types, "    T{at}: {{kind: T{}}}", at - 1).unwrap();
    }
    let nodes = "a: {role: transformer, outputs: {out: {type: T1999}}}";
    let text = graph(
        &types,
        nodes,
        "inputs.question > a.in\na.out > outputs.answer",
    );
    assert_eq!(codes(&text), ["MG007 -"]);
}
