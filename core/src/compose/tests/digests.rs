//! References that are pinned, and those that lead round.

use core::fmt::Write as _;

use pretty_assertions::assert_eq;

use super::{NOTHING, Open, inner, told};
use crate::Analysis;
use crate::compose::Bundle;
use crate::lock;
use crate::text::apply;

fn step(name: &str, node: &str) -> String {
    inner(
        name,
        "inputs: {text: {type: text}}\noutputs: {text: {type: text}}",
        node,
        "inputs.text > a.in\na.out > outputs.text",
    )
}

fn open(reference: &str) -> Open {
    Open::new(
        &format!("sub: {{specRef: {{{reference}}}}}"),
        "inputs.question > sub.text\nsub.text > outputs.answer",
    )
}

fn pinned(analysis: &Analysis) -> Vec<String> {
    let found = analysis
        .diagnostics
        .iter()
        .filter(|found| found.code.0 == "MG111");
    found.map(|found| found.message.clone()).collect()
}

const PLAIN: &str = "a: {role: transformer}";

#[test]
fn the_fix_of_a_missing_or_wrong_digest_writes_the_one_that_lock_writes() {
    let file = step("part", PLAIN);
    let (own, ..) = (Analysis::new(&*file), ());
    let digest = lock::digest(own.flat().unwrap().0).to_string();
    let wrong = format!("sha256:{}", "0".repeat(64));
    for reference in [
        "path: part.yaml".to_owned(),
        format!("path: part.yaml, digest: \"{wrong}\""),
        "path: part.yaml, digest: v1".to_owned(),
    ] {
        let analysis = open(&reference).with(&[("part.yaml", &file)]);
        let found = analysis
            .diagnostics
            .iter()
            .find(|found| found.code.0 == "MG111")
            .unwrap();
        if reference.contains("sha256") {
            assert_eq!(
                found.message,
                format!("`sub` pins `part.yaml` to `{wrong}`, and its digest is `{digest}`")
            );
        }
        let mended = apply(&analysis.text, &found.fixes[0].edits).unwrap().text;
        assert!(mended.contains(&digest), "{mended}");
        let mut bundle = Bundle::new();
        bundle.add("part.yaml", &file);
        assert_eq!(
            pinned(&Analysis::with(mended.clone(), &bundle)),
            NOTHING,
            "{mended}"
        );
        // Comments and forms change nothing that is pinned; another meaning does.
        bundle.add("part.yaml", &format!("# a comment\n{file}"));
        assert_eq!(pinned(&Analysis::with(mended.clone(), &bundle)), NOTHING);
        bundle.add("part.yaml", &step("part", "a: {role: adapter}"));
        assert_eq!(pinned(&Analysis::with(mended, &bundle)).len(), 1);
    }
}

#[test]
fn a_digest_covers_what_the_document_refers_to() {
    let outer = step(
        "outer",
        "a: {specRef: {name: part}, inputs: {in: {type: text}}}",
    )
    .replace(
        "{specRef: {name: part}, inputs: {in: {type: text}}}",
        "{specRef: {name: part}}",
    )
    .replace("a.in", "a.text")
    .replace("a.out", "a.text");
    let of = |part: &str| {
        let text = format!("{outer}---\n{}", step("part", part));
        lock::digest(Analysis::new(text).flat().unwrap().0)
    };
    assert_eq!(
        of(PLAIN),
        of("a: {role: transformer, description: other words}")
    );
    assert_ne!(of(PLAIN), of("a: {role: adapter}"));
    // Put in its place by hand, it is the same graph.
    let by_hand = inner(
        "outer",
        "inputs: {text: {type: text}}\noutputs: {text: {type: text}}",
        "a-a: {role: transformer}",
        "inputs.text > a-a.in\na-a.out > outputs.text",
    );
    assert_eq!(
        of(PLAIN),
        lock::digest(Analysis::new(by_hand).graph.as_ref().unwrap())
    );
}

#[test]
fn a_circle_is_told_where_it_leads_back() {
    let round = |to: &str| {
        step("x", &format!("a: {{specRef: {{path: {to}}}}}"))
            .replace("a.in", "a.text")
            .replace("a.out", "a.text")
    };
    let (b, c) = (round("c.yaml"), round("b.yaml"));
    let mut bundle = Bundle::new();
    bundle.set_home("a.yaml");
    bundle.add("b.yaml", &round("a.yaml").replace("name: x", "name: back"));
    let circle = Analysis::with(open("path: b.yaml").text(), &bundle);
    assert!(
        pinned(&circle)
            .iter()
            .any(|told| told == "`sub` refers to `back` → `open`, which leads back to this graph"),
        "{:?}",
        pinned(&circle)
    );
    let own = Analysis::with(open("path: ./a.yaml").text(), &bundle);
    assert!(
        pinned(&own)
            .iter()
            .any(|told| told.contains("leads back to this graph")),
        "{:?}",
        pinned(&own)
    );
    // A circle further on is told of too, once, and the rest is checked.
    let further = open("path: b.yaml").with(&[("b.yaml", &b), ("c.yaml", &c)]);
    let round = pinned(&further)
        .into_iter()
        .filter(|told| told.contains("leads back"));
    assert_eq!(round.collect::<Vec<_>>().len(), 1);
}

#[test]
fn graphs_of_graphs_have_an_end() {
    // Each brings in the next twice: 2^15 nodes at the end.
    let mut bundle = Bundle::new();
    for at in 0..15 {
        let next = at + 1;
        let text = inner(
            &format!("g{at}"),
            "inputs: {text: {type: text}}\noutputs: {text: {type: text}}",
            &format!(
                "a: {{specRef: {{path: g{next}.yaml}}}}\nb: {{specRef: {{path: g{next}.yaml}}}}"
            ),
            "inputs.text > a.text\na.text > b.text\nb.text > outputs.text",
        );
        bundle.add(format!("g{at}.yaml"), &text);
    }
    bundle.add("g15.yaml", &step("g15", PLAIN));
    let analysis = Analysis::with(open("path: g0.yaml").text(), &bundle);
    let large = pinned(&analysis)
        .into_iter()
        .filter(|told| told.contains("more than"));
    assert_eq!(large.count(), 1, "{:?}", told(&analysis));
    let shallow = Analysis::with(open("path: g8.yaml").text(), &bundle);
    assert_eq!(shallow.whole().unwrap().0.model_nodes().count(), 1 << 7);
}

#[test]
fn wires_that_lead_round_or_nowhere_or_to_very_many_ends_stop_nothing() {
    let two = "inputs: {a: {type: text}}\noutputs: {x: {type: text}, y: {type: text}}";
    let fork = |name: &str| {
        inner(
            name,
            two,
            "n: {role: transformer}",
            "inputs.a > outputs.x\ninputs.a > outputs.y\ninputs.a > n.in",
        )
        .replace("    n: {role: transformer}\n", "")
        .replace("    - {from: inputs.a, to: n.in}\n", "")
    };
    let open = |last: &str| {
        let mut nodes = String::new();
        let mut edges = String::from("inputs.question > s0.a\n");
        for at in 0..60 {
            let _ = writeln!(nodes, "s{at}: {{specRef: {{name: fork}}}}");
            let next = at + 1;
            if at < 59 {
                let _ = writeln!(edges, "s{at}.x > s{next}.a\ns{at}.y > s{next}.a");
            }
        }
        edges.push_str(last);
        Open::new(&nodes, &edges).beside(&fork("fork"))
    };
    // 2^60 ways that end nowhere, that lead round, and that end at the answer.
    assert!(open("").whole().unwrap().0.edges.is_empty());
    assert!(open("s59.x > s0.a").whole().unwrap().0.edges.is_empty());
    let many = pinned(&open("s59.x > outputs.answer"));
    assert_eq!(
        many,
        ["with all that it refers to, the graph has more than 80000 edges"]
    );
}
