//! Cases of the rules of structure and types beside their pages: what is withheld, what is no fault,
//! what the document's own settings do, and that no graph whatsoever stops them.

use core::fmt::Write;

use pretty_assertions::assert_eq;
use proptest::prelude::*;

use crate::Analysis;
use crate::check::Severity;
use crate::text::apply;

const HEAD: &str =
    "apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\nmetadata: {name: t}\nspec:\n";

/// The codes of at least warnings of a graph of one question and one answer, with where they are.
pub(super) fn found(nodes: &str, edges: &str) -> Vec<String> {
    codes(&graph("", nodes, edges))
}

pub(super) fn graph(more: &str, nodes: &str, edges: &str) -> String {
    let mut text = format!(
        "{HEAD}  inputs: {{question: {{type: text}}}}\n  outputs: {{answer: {{type: text}}}}\n{more}  nodes:\n"
    );
    for line in nodes.lines().map(str::trim).filter(|line| !line.is_empty()) {
        writeln!(text, "    {line}").unwrap();
    }
    text.push_str("  edges:\n");
    for line in edges.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (ends, more) = line.split_once(" | ").unwrap_or((line, ""));
        let (from, to) = ends.split_once(" > ").unwrap();
        let more = if more.is_empty() {
            String::new()
        } else {
            format!(", {more}")
        };
        writeln!(text, "    - {{from: {from}, to: {to}{more}}}").unwrap();
    }
    text
}

pub(super) fn codes(text: &str) -> Vec<String> {
    let analysis = Analysis::new(text);
    let grave = analysis.diagnostics.iter();
    let grave = grave.filter(|found| found.severity >= Severity::Warning);
    let told = grave.map(|found| {
        let port = found
            .port
            .as_ref()
            .map_or_else(String::new, |port| format!(".{port}"));
        let node = found.node.as_deref().unwrap_or("-");
        format!("{} {node}{port}", found.code)
    });
    told.collect()
}

pub(super) const NOTHING: [&str; 0] = [];

#[test]
fn what_follows_from_a_broken_edge_is_withheld() {
    let writer = "writer: {role: generator}";
    let edges = "inputs.question > writer.promt\nwriter.text > outputs.answer";
    assert_eq!(found(writer, edges), ["MG101 writer"]);
    let edges = "inputs.question > nobody.prompt\nwriter.text > outputs.answer";
    assert_eq!(found(writer, edges), ["MG101 -"]);
    let edges = "inputs.question > writer.prompt\nwriter.txt > outputs.anwser";
    assert_eq!(found(writer, edges), ["MG101 writer", "MG101 -"]);
}

#[test]
fn a_lost_edge_is_told_once_at_the_end_that_lacks_it() {
    let writer = "writer: {role: generator}";
    assert_eq!(
        found(writer, "writer.text > outputs.answer"),
        ["MG104 writer.prompt"]
    );
    assert_eq!(
        found(writer, "inputs.question > writer.prompt"),
        ["MG104 outputs.answer"]
    );
    let both = "writer: {role: generator}\nspare: {role: embedder}";
    let edges = "inputs.question > writer.prompt\nwriter.text > outputs.answer";
    assert_eq!(found(both, edges), ["MG104 spare.text"]);
}

#[test]
fn of_a_chain_that_leads_nowhere_only_the_end_is_told() {
    let nodes = "
        writer: {role: generator}
        first: {role: transformer}
        second: {role: transformer}
        third: {role: classifier}";
    let edges = "
        inputs.question > writer.prompt
        writer.text > outputs.answer
        writer.text > first.in
        first.out > second.in
        second.out > third.in";
    assert_eq!(found(nodes, edges), ["MG105 third"]);
}

#[test]
fn a_cycle_is_told_once_whatever_it_feeds() {
    let nodes = "
        writer: {role: generator}
        critic: {role: transformer}";
    let edges = "
        inputs.question > writer.prompt
        writer.text > critic.in
        critic.out > writer.prompt";
    let all = [edges, "writer.text > outputs.answer"].join("\n");
    assert_eq!(found(nodes, &all), ["MG103 writer"]);
    let all = all.replace(
        "critic.out > writer.prompt",
        "critic.out > writer.prompt | loop: {maxIterations: 2}",
    );
    assert_eq!(found(nodes, &all), NOTHING);
    let own = "echo: {role: transformer}\nwriter: {role: generator}";
    let edges = "inputs.question > writer.prompt\nwriter.text > outputs.answer\necho.out > echo.in";
    assert_eq!(found(own, edges), ["MG103 echo"]);
}

#[test]
fn what_excludes_each_other_may_meet() {
    let nodes = "
        route: {role: router}
        small: {role: generator}
        large: {role: generator}";
    let edges = "
        inputs.question > route.in
        route.out > small.prompt | when: \"size(output) < 9\"
        route.out > large.prompt | when: default
        small.text > outputs.answer
        large.text > outputs.answer";
    assert_eq!(found(nodes, edges), NOTHING);
    let nodes = "
        small: {role: generator, onFailure: {fallback: large}}
        large: {role: generator}";
    let edges = "
        inputs.question > small.prompt
        inputs.question > large.prompt
        small.text > outputs.answer
        large.text > outputs.answer";
    assert_eq!(found(nodes, edges), NOTHING);
    let nodes = nodes.replace(", onFailure: {fallback: large}", "");
    assert_eq!(found(&nodes, edges), ["MG106 outputs.answer"]);
}

#[test]
fn an_edge_that_stands_twice_is_no_input_fed_twice() {
    let edges = "
        inputs.question > writer.prompt
        inputs.question > writer.prompt
        writer.text > outputs.answer";
    assert_eq!(found("writer: {role: generator}", edges), ["MG102 -"]);
}

#[test]
fn a_list_a_stream_and_a_dimension_have_codes_of_their_own() {
    let pair = |given: &str, taken: &str| {
        let nodes = format!(
            "a: {{role: transformer, outputs: {{out: {{type: {given}}}}}}}\nb: {{role: transformer, inputs: {{in: {{type: {taken}}}}}}}"
        );
        found(
            &nodes,
            "inputs.question > a.in\na.out > b.in\nb.out > outputs.answer",
        )
    };
    assert_eq!(pair("{kind: list, of: text}", "text"), ["MG204 b.in"]);
    assert_eq!(pair("text", "{kind: list, of: text}"), ["MG204 b.in"]);
    assert_eq!(pair("candidates", "vector"), ["MG201 b.in"]);
    assert_eq!(pair("candidates", "{kind: list, of: text}"), ["MG204 b.in"]);
    assert_eq!(pair("{kind: stream, of: text}", "text"), ["MG208 b.in"]);
    assert_eq!(
        pair("{kind: list, of: text}", "{kind: list, of: image}"),
        ["MG201 b.in"]
    );
    assert_eq!(
        pair("{kind: vector, dim: 4}", "{kind: vector, dim: 5}"),
        ["MG301 b.in"]
    );
    assert_eq!(
        pair(
            "{kind: list, of: {kind: vector, dim: 4}}",
            "{kind: list, of: {kind: vector, dim: 5}}"
        ),
        ["MG301 b.in"]
    );
    assert_eq!(
        pair(
            "{kind: tensor, shape: [2]}",
            "{kind: tensor, shape: [2, 3]}"
        ),
        ["MG203 b.in"]
    );
    assert_eq!(
        pair("{kind: text, maxTokens: 9}", "{kind: text, maxTokens: 8}"),
        ["MG203 b.in"]
    );
    assert_eq!(
        pair("{kind: vector, dtype: f32}", "{kind: vector, dtype: f16}"),
        ["MG202 b.in"]
    );
    assert_eq!(pair("any", "text"), NOTHING);
}

#[test]
fn symbols_that_cannot_be_one_show_what_forces_each() {
    let nodes = "
        a: {role: transformer, outputs: {out: {type: {kind: tensor, shape: [$H, 8]}}}}
        b: {role: transformer, inputs: {in: {type: {kind: tensor, shape: [4, 8]}}}}
        c: {role: transformer, inputs: {in: {type: {kind: tensor, shape: [5, 8]}}}}
        both: {role: join}";
    let edges = "
        inputs.question > a.in
        a.out > b.in
        a.out > c.in
        b.out > both.in
        c.out > both.in
        both.out > outputs.answer";
    let analysis = Analysis::new(graph("", nodes, edges));
    let rank = analysis
        .diagnostics
        .iter()
        .find(|found| found.code.0 == "MG203")
        .unwrap();
    let related: Vec<&str> = rank
        .related
        .iter()
        .map(|place| place.message.as_str())
        .collect();
    assert!(
        rank.message.contains("[4, 8]") && rank.message.contains("[5, 8]"),
        "{}",
        rank.message
    );
    assert!(
        related.iter().any(|text| text.contains("`$H` is 4")),
        "{related:?}"
    );
}

#[test]
fn a_stream_passes_a_join_that_hands_one_value_on() {
    let nodes = |join: &str| {
        format!(
            "a: {{role: generator, outputs: {{text: {{type: {{kind: stream, of: text}}}}}}}}\nb: {{role: generator, outputs: {{text: {{type: {{kind: stream, of: text}}}}}}}}\nj: {{role: join, join: {join}}}\nlog: {{role: custom, inputs: {{it: {{type: any}}}}}}\nw: {{role: generator}}"
        )
    };
    let edges = "
        inputs.question > a.prompt
        inputs.question > b.prompt
        a.text > j.in
        b.text > j.in
        j.out > log.it
        inputs.question > w.prompt
        w.text > outputs.answer";
    assert_eq!(found(&nodes("any"), edges), NOTHING);
    assert_eq!(found(&nodes("all"), edges), ["MG208 j.in", "MG208 j.in"]);
}

#[test]
fn a_value_that_is_passed_on_is_not_missing() {
    let edges = "
        inputs.question > tidy.in
        tidy.out > writer.prompt
        writer.text > outputs.answer";
    let nodes =
        |facts: &str| format!("tidy: {{role: transformer{facts}}}\nwriter: {{role: generator}}");
    assert_eq!(
        found(&nodes(", required: false"), edges),
        ["MG205 writer.prompt"]
    );
    let codes = found(&nodes(", required: false, onFailure: skip"), edges);
    assert!(
        codes.iter().all(|code| !code.starts_with("MG205")),
        "{codes:?}"
    );
    // A guardrail that may be left out is told by what it leaves open.
    let guarded = edges
        .replace("tidy.in", "guard.text")
        .replace("tidy.out", "guard.text");
    let guard = "guard: {role: guardrail, required: false}\nwriter: {role: generator}";
    assert_eq!(found(guard, &guarded), ["MG311 writer"]);
    let optional = edges.replace("writer.prompt\n", "writer.prompt | required: false\n");
    assert_eq!(found(&nodes(""), &optional), ["MG205 writer.prompt"]);
}

#[test]
fn weights_that_leave_a_rest_to_others_are_fair() {
    let nodes = "
        split: {role: splitter}
        a: {role: generator}
        b: {role: generator}";
    let edges = |a: &str, b: &str| {
        format!(
            "inputs.question > split.in\nsplit.out > a.prompt{a}\nsplit.out > b.prompt{b}\na.text > outputs.answer\nb.text > outputs.answer"
        )
    };
    assert_eq!(found(nodes, &edges("", "")), NOTHING);
    assert_eq!(found(nodes, &edges(" | weight: 30%", "")), NOTHING);
    assert_eq!(
        found(nodes, &edges(" | weight: 30%", " | weight: 70%")),
        NOTHING
    );
    assert_eq!(found(nodes, &edges(" | weight: 120%", "")), ["MG109 split"]);
    assert_eq!(
        found(nodes, &edges(" | weight: 0%", " | weight: 0%")),
        ["MG109 split"]
    );
}

#[test]
fn unknown_facts_are_told_once_a_node() {
    let text = graph(
        "",
        "writer: {role: generator}\nown: {role: custom}",
        "inputs.question > writer.prompt\nwriter.text > outputs.answer",
    );
    let analysis = Analysis::new(text);
    let infos = analysis
        .diagnostics
        .iter()
        .filter(|found| found.code.0 == "MG010");
    let infos: Vec<&str> = infos.map(|found| found.message.as_str()).collect();
    assert_eq!(
        infos,
        [
            "`writer` does not state `model.contextTokens`, `limits.maxOutputTokens` and `latency`: checks that need this are silent"
        ]
    );
}

#[test]
fn settings_silence_a_rule_where_they_stand() {
    let off = |code: &str| format!("checks: {{{code}: {{severity: off, reason: known}}}}");
    let writer = "writer: {role: generator}\nspare: {role: classifier}";
    let edges = "
        inputs.question > writer.prompt
        inputs.question > spare.in
        writer.text > outputs.answer";
    assert_eq!(found(writer, edges), ["MG105 spare"]);
    // On the graph.
    let silent = graph(&format!("  {}\n", off("MG105")), writer, edges);
    assert_eq!(codes(&silent), NOTHING);
    // On its node, not on another.
    let own = writer.replace("classifier", &format!("classifier, {}", off("MG105")));
    assert_eq!(found(&own, edges), NOTHING);
    let other = writer.replace("generator", &format!("generator, {}", off("MG105")));
    assert_eq!(found(&other, edges), ["MG105 spare"]);
    // On its edge; the edge's word counts before the graph's.
    let writer = "writer: {role: generator, inputs: {prompt: {type: vector}}}";
    let edges = "
        inputs.question > writer.prompt
        writer.text > outputs.answer";
    assert_eq!(found(writer, edges), ["MG201 writer.prompt"]);
    let told = edges.replace(
        "writer.prompt",
        &format!("writer.prompt | {}", off("MG201")),
    );
    assert_eq!(found(writer, &told), NOTHING);
    let louder = told.replace("severity: off", "severity: warning");
    let both = graph(&format!("  {}\n", off("MG201")), writer, &louder);
    assert_eq!(codes(&both), ["MG201 writer.prompt"]);
    // What is set for one rule says nothing of another.
    let others = edges.replace(
        "writer.prompt",
        &format!("writer.prompt | {}", off("MG204")),
    );
    assert_eq!(found(writer, &others), ["MG201 writer.prompt"]);
}

const ENDS: [&str; 14] = [
    "inputs.question",
    "inputs.nothing",
    "n0.text",
    "n0.out",
    "n1.text",
    "n1.in",
    "n1.out",
    "n2.prompt",
    "n2.label",
    "n3.in",
    "n3.out",
    "n4",
    "outputs.answer",
    "outputs",
];

const MORE: [&str; 8] = [
    "",
    "",
    "",
    "role: control",
    "loop: {maxIterations: 2}",
    "required: false",
    "when: \"output > 1\"",
    "weight: 60%",
];

fn any_graph() -> impl Strategy<Value = String> {
    let node = (0..crate::spec::Role::ALL.len(), 0_usize..6);
    let edge = (0..ENDS.len(), 0..ENDS.len(), 0..MORE.len());
    let nodes = prop::collection::vec(node, 0..5);
    (nodes, prop::collection::vec(edge, 0..9)).prop_map(|(nodes, edges)| {
        let mut lines = String::new();
        for (at, (role, more)) in nodes.into_iter().enumerate() {
            let role = crate::spec::Role::ALL[role].word();
            let more = [
                "",
                "",
                ", required: false",
                ", onFailure: skip",
                ", join: any",
                ", outputs: {out: {type: {kind: stream, of: text}}}",
            ][more];
            writeln!(lines, "n{at}: {{role: {role}{more}}}").unwrap();
        }
        let mut all = String::new();
        for (from, to, more) in edges {
            let more = MORE[more];
            let more = if more.is_empty() {
                String::new()
            } else {
                format!(" | {more}")
            };
            writeln!(all, "{} > {}{more}", ENDS[from], ENDS[to]).unwrap();
        }
        let text = graph("", &lines, &all);
        text.replace("  nodes:\n  edges:", "  edges:")
    })
}

proptest! {
    /// No graph stops the rules, what they say depends on the text alone, and each fix is edits of
    /// that text.
    #[test]
    fn any_graph_is_checked_alike_each_time(text in any_graph()) {
        let once = Analysis::new(text.as_str());
        let again = Analysis::new(text.as_str());
        prop_assert_eq!(&once.diagnostics, &again.diagnostics);
        for found in &once.diagnostics {
            prop_assert!(found.span.end <= text.len());
            for fix in &found.fixes {
                prop_assert!(apply(&text, &fix.edits).is_ok(), "{} {}", found.code, fix.label);
            }
        }
    }
}

#[test]
fn a_chain_of_many_nodes_does_not_exhaust_the_stack() {
    let mut nodes = String::new();
    let mut edges = String::from("inputs.question > n0.prompt\n");
    for at in 0..10_000 {
        writeln!(nodes, "n{at}: {{role: generator}}").unwrap();
        writeln!(edges, "n{at}.text > n{}.prompt", at + 1).unwrap();
    }
    let edges = edges.replace("n10000.prompt", "outputs.answer");
    assert_eq!(found(&nodes, &edges), NOTHING);
}
