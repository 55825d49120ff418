//! What rules see through the node of a subgraph.

use pretty_assertions::assert_eq;

use super::{NOTHING, Open, inner, told};
use crate::Analysis;
use crate::check::Severity;
use crate::compose::Bundle;

/// A search with its embedder and store inside.
fn search(dim: u64, store: &str) -> String {
    inner(
        "search",
        "inputs: {question: {type: text}}\noutputs: {hits: {type: candidates}}",
        &format!(
            "embed: {{role: embedder, outputs: {{vector: {{type: {{kind: vector, dim: {dim}}}}}}}}}
            store: {{role: retriever, inputs: {{query: {{type: {{kind: vector, {store}}}}}}}}}"
        ),
        "inputs.question > embed.text
        embed.vector > store.query
        store.hits > outputs.hits",
    )
}

/// An embedder alone.
fn embedder(facts: &str) -> String {
    inner(
        "embed",
        "inputs: {question: {type: text}}\noutputs: {vector: {type: vector}}",
        &format!("one: {{role: embedder, {facts}}}"),
        "inputs.question > one.text\none.vector > outputs.vector",
    )
}

const DIM: &str = "outputs: {vector: {type: {kind: vector, dim: 768}}}";

#[test]
fn the_dimension_of_an_embedder_in_a_subgraph_is_held_against_the_store_outside() {
    let open = Open::new(
        "embed: {specRef: {name: embed}}
        store: {role: retriever, inputs: {query: {type: {kind: vector, dim: 1024}}}, outputs: {hits: {type: text}}}",
        "inputs.question > embed.question
        embed.vector > store.query
        store.hits > outputs.answer",
    );
    let found = open.beside(&embedder(DIM)).diagnostics;
    let dims: Vec<_> = found
        .iter()
        .filter(|found| found.code.0 == "MG301")
        .collect();
    let [only] = dims.as_slice() else {
        panic!("{dims:?}")
    };
    assert!(
        only.message.contains("`embed/one.vector`"),
        "{}",
        only.message
    );
    assert!(only.message.contains("`store.query`"), "{}", only.message);
    assert!(only.message.contains("768") && only.message.contains("1024"));
    assert_eq!(only.edge.as_deref(), Some("embed.vector→store.query"));
}

#[test]
fn what_a_file_says_is_told_at_the_reference_with_the_place_in_the_file() {
    let open = Open::new(
        "search: {specRef: {path: parts/search.yaml}}",
        "inputs.question > search.question\nsearch.hits > outputs.answer",
    )
    .answering("candidates");
    let analysis = open.with(&[("parts/search.yaml", &search(768, "dim: 1024"))]);
    let found = analysis
        .diagnostics
        .iter()
        .find(|found| found.code.0 == "MG301");
    let found = found.expect("the finding inside");
    assert!(
        found.message.contains("`search/embed.vector`")
            && found.message.ends_with("(at `parts/search.yaml:12:7`)"),
        "{}",
        found.message
    );
    assert_eq!(found.span.of(&analysis.text), "{path: parts/search.yaml}");
    assert_eq!(found.node.as_deref(), Some("search"));
    assert_eq!((&found.port, &found.edge), (&None, &None));
    assert_eq!(found.fixes, [], "nothing in the open text mends it");
}

#[test]
fn a_subgraph_has_the_ports_of_its_graph_and_says_whose_they_are() {
    use crate::graph::{Direction, Param};
    use crate::infer::Slot;
    let open = Open::new(
        "embed: {specRef: {path: embed.yaml}}",
        "inputs.question > embed.question\nembed.vector > outputs.answer",
    )
    .answering("vector");
    let analysis = open.with(&[("embed.yaml", &embedder(DIM))]);
    let graph = analysis.graph.as_ref().unwrap();
    let node = graph.find("embed").unwrap();
    let port = graph.find_port(node, Direction::Output, "vector").unwrap();
    assert_eq!(analysis.typing.of(port).unwrap().dim(), Some(768));
    let slot = Slot {
        depth: 0,
        param: Some(Param::Dim),
    };
    let why = analysis.typing.why(graph, port, slot);
    let [step] = why.as_slice() else {
        panic!("{why:?}")
    };
    assert_eq!(
        step.text,
        "`embed.vector` has dim 768: the graph `embed.yaml` says so of it"
    );
    assert_eq!(step.span.of(&analysis.text), "{path: embed.yaml}");
}

#[test]
fn an_edge_is_held_against_what_the_subgraph_declares() {
    // Nothing inside states a dimension: the port's own word counts.
    let passing = inner(
        "pass",
        "inputs: {vector: {type: {kind: vector, dim: 1024}}}\noutputs: {vector: {type: vector}}",
        "step: {role: transformer}",
        "inputs.vector > step.in\nstep.out > outputs.vector",
    );
    let open = Open::new(
        &format!("embed: {{role: embedder, {DIM}}}\npass: {{specRef: {{name: pass}}}}"),
        "inputs.question > embed.text
        embed.vector > pass.vector
        pass.vector > outputs.answer",
    )
    .answering("vector");
    let analysis = open.beside(&passing);
    let found = told(&analysis);
    assert_eq!(found, ["MG301 pass.vector"]);
}

#[test]
fn a_graph_is_held_against_what_it_declares_itself() {
    let wrong = embedder(DIM).replace(
        "{vector: {type: vector}}",
        "{vector: {type: {kind: vector, dim: 1024}}}",
    );
    let open = Open::new(
        "embed: {specRef: {name: embed}}
        store: {role: retriever, inputs: {query: {type: {kind: vector, dim: 1024}}}, outputs: {hits: {type: text}}}",
        "inputs.question > embed.question
        embed.vector > store.query
        store.hits > outputs.answer",
    );
    // One fault: where the subgraph says 1024 of what is 768. The way on is told once.
    let found = told(&open.beside(&wrong));
    assert_eq!(found, ["MG301 store.query"]);
    let unused = open
        .edges("inputs.question > embed.question\nembed.vector > outputs.answer")
        .answering("vector");
    let unused = unused.without("store");
    assert_eq!(told(&unused.beside(&wrong)), ["MG301 embed.vector"]);
}

#[test]
fn a_port_that_a_graph_does_not_have_is_told_by_its_own_names() {
    let open = Open::new(
        "search: {specRef: {name: search}}",
        "inputs.question > search.qestion\nsearch.hits > outputs.answer",
    )
    .answering("candidates");
    let analysis = open.beside(&search(768, "dim: 768"));
    assert_eq!(told(&analysis), ["MG101 search"]);
    let found = analysis
        .diagnostics
        .iter()
        .find(|found| found.code.0 == "MG101");
    let found = found.unwrap();
    assert!(
        found
            .help
            .as_deref()
            .is_some_and(|help| help.contains("question")),
        "{found:?}"
    );
    let missing = open.edges("search.hits > outputs.answer");
    let missing = told(&missing.beside(&search(768, "dim: 768")));
    assert!(
        missing.contains(&"MG104 search.question".to_owned()),
        "{missing:?}"
    );
    assert!(!missing.contains(&"MG104 search".to_owned()), "{missing:?}");
}

fn guarded(required: &str) -> Analysis {
    let guard = inner(
        "safety",
        "inputs: {text: {type: text}}\noutputs: {text: {type: text}}",
        "guard: {role: guardrail}",
        "inputs.text > guard.text\nguard.text > outputs.text",
    );
    let open = Open::new(
        &format!("safety: {{specRef: {{name: safety}}{required}}}\nwriter: {{role: generator}}"),
        "inputs.question > safety.text
        safety.text > writer.prompt
        writer.text > outputs.answer",
    );
    open.beside(&guard)
}

#[test]
fn a_guardrail_in_a_subgraph_dominates_where_the_subgraph_is_required() {
    assert_eq!(told(&guarded("")), NOTHING);
    assert_eq!(told(&guarded(", required: false")), ["MG311 writer"]);
    assert_eq!(told(&guarded(", onFailure: skip")), ["MG312 safety"]);
}

#[test]
fn within_a_subgraph_that_may_be_left_out_nothing_is_missing() {
    let open = |required: &str| {
        Open::new(
            &format!(
                "search: {{specRef: {{name: search}}{required}}}\nwriter: {{role: generator}}"
            ),
            "inputs.question > writer.prompt
            inputs.question > search.question
            search.hits > writer.context
            writer.text > outputs.answer",
        )
    };
    let search = search(768, "dim: 768");
    assert_eq!(told(&open("").beside(&search)), NOTHING);
    assert_eq!(told(&open(", required: false").beside(&search)), NOTHING);
}

#[test]
fn a_policy_that_names_a_subgraph_means_all_that_is_in_it() {
    let policies = "policies: [{dominates: {node: safety, over: writer}}]";
    let past = "inputs.question > writer.prompt\nwriter.text > outputs.answer\ninputs.question > safety.text\nsafety.text > outputs.passed";
    let along =
        "inputs.question > safety.text\nsafety.text > writer.prompt\nwriter.text > outputs.answer";
    let safety = inner(
        "safety",
        "inputs: {text: {type: text}}\noutputs: {text: {type: text}}",
        "step: {role: transformer}",
        "inputs.text > step.in\nstep.out > outputs.text",
    );
    let nodes = "safety: {specRef: {name: safety}}\nwriter: {role: generator}";
    let open = |edges: &str| Open::new(nodes, edges).more(policies);
    assert_eq!(told(&open(along).beside(&safety)), NOTHING);
    let passed = open(past).outputs("answer: {type: text}, passed: {type: text}");
    assert_eq!(told(&passed.beside(&safety)), ["MG311 writer"]);
}

#[test]
fn latencies_within_a_subgraph_count_on_the_path() {
    let slow = inner(
        "slow",
        "inputs: {text: {type: text}}\noutputs: {text: {type: text}}",
        "a: {role: transformer, latency: {p95: 300ms, source: declared}}
        b: {role: transformer, latency: {p95: 400ms, source: declared}}",
        "inputs.text > a.in\na.out > b.in\nb.out > outputs.text",
    );
    let open = |objective: &str| {
        Open::new(
            "slow: {specRef: {name: slow}}
            last: {role: transformer, latency: {p95: 100ms, source: declared}}",
            "inputs.question > slow.text\nslow.text > last.in\nlast.out > outputs.answer",
        )
        .more(&format!("objectives: {{latency: {{p95: {objective}}}}}"))
    };
    assert_eq!(told(&open("800ms").beside(&slow)), NOTHING);
    let analysis = open("700ms").beside(&slow);
    let found = analysis
        .diagnostics
        .iter()
        .find(|found| found.code.0 == "MG401");
    let message = &found.expect("the sum").message;
    assert!(
        message.contains("`slow/a` 300ms + `slow/b` 400ms + `last` 100ms = 800ms > 700ms"),
        "{message}"
    );
}

#[test]
fn a_subgraph_is_not_given_up_before_what_is_in_it() {
    let inside = inner(
        "inside",
        "inputs: {text: {type: text}}\noutputs: {text: {type: text}}",
        "a: {role: transformer, serving: {timeout: 10s}}",
        "inputs.text > a.in\na.out > outputs.text",
    );
    let open = |timeout: &str| {
        Open::new(
            &format!("sub: {{specRef: {{name: inside}}, serving: {{timeout: {timeout}}}}}"),
            "inputs.question > sub.text\nsub.text > outputs.answer",
        )
    };
    assert_eq!(told(&open("10s").beside(&inside)), NOTHING);
    let analysis = open("2s").beside(&inside);
    assert_eq!(told(&analysis), ["MG403 sub"]);
    let found = analysis
        .diagnostics
        .iter()
        .find(|found| found.code.0 == "MG403")
        .unwrap();
    let mended = crate::text::apply(&analysis.text, &found.fixes[0].edits)
        .unwrap()
        .text;
    assert_eq!(told(&Analysis::new(mended)), NOTHING);
}

#[test]
fn equal_names_and_symbols_of_two_graphs_are_not_one() {
    let symbolic = |name: &str, dim: &str| {
        inner(
            name,
            "types: {Vector: {kind: vector, dim: $D}}\ninputs: {vector: {type: Vector}}\noutputs: {vector: {type: Vector}}",
            &format!(
                "step: {{role: transformer, inputs: {{in: {{type: {{kind: vector, dim: {dim}}}}}}}, outputs: {{out: {{type: Vector}}}}}}"
            ),
            "inputs.vector > step.in\nstep.out > outputs.vector",
        )
    };
    let open = Open::new(
        "step: {role: embedder, outputs: {vector: {type: {kind: vector, dim: $D}}}}
        one: {specRef: {name: one}}
        change: {role: transformer, inputs: {in: {type: vector}}, outputs: {out: {type: {kind: vector, dim: 1024}}}}
        two: {specRef: {name: two}}",
        "inputs.question > step.text
        step.vector > one.vector
        one.vector > change.in
        change.out > two.vector
        two.vector > outputs.answer",
    )
    .answering("vector");
    let analysis = open.beside(&format!(
        "{}{}",
        symbolic("one", "768"),
        symbolic("two", "1024")
    ));
    assert_eq!(told(&analysis), NOTHING);
    let (graph, typing, _) = analysis.whole().unwrap();
    let dim = |node: &str| {
        let node = graph.find(node).unwrap();
        let ports = graph.node(node).unwrap().outputs.clone();
        typing
            .of(ports[0])
            .unwrap()
            .fact(crate::graph::Param::Dim)
            .map(|fact| fact.value.to_string())
    };
    assert_eq!(dim("step").as_deref(), Some("768"));
    assert_eq!(dim("change").as_deref(), Some("1024"));
}

#[test]
fn a_graph_of_graphs_is_looked_through_to_its_end() {
    let middle = inner(
        "middle",
        "inputs: {question: {type: text}}\noutputs: {vector: {type: vector}}",
        "deep: {specRef: {path: deep/embed.yaml}}",
        "inputs.question > deep.question\ndeep.vector > outputs.vector",
    );
    let open = Open::new(
        "sub: {specRef: {path: middle.yaml}}
        store: {role: retriever, inputs: {query: {type: {kind: vector, dim: 1024}}}, outputs: {hits: {type: text}}}",
        "inputs.question > sub.question
        sub.vector > store.query
        store.hits > outputs.answer",
    );
    let analysis = open.with(&[
        ("middle.yaml", &middle),
        ("deep/embed.yaml", &embedder(DIM)),
    ]);
    let found: Vec<_> = analysis
        .diagnostics
        .iter()
        .filter(|found| found.code.0 == "MG301")
        .collect();
    let [only] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert!(
        only.message.contains("`sub/deep/one.vector`"),
        "{}",
        only.message
    );
    let unpinned: Vec<_> = analysis
        .diagnostics
        .iter()
        .filter(|found| found.code.0 == "MG111")
        .map(|found| found.message.as_str())
        .collect();
    assert_eq!(
        unpinned,
        [
            "`sub/deep` refers to `deep/embed.yaml` without a digest, so it may change unseen (at `middle.yaml:8:28`)",
            "`sub` refers to `middle.yaml` without a digest, so it may change unseen",
        ]
    );
}

#[test]
fn two_nodes_of_one_graph_tell_its_faults_once() {
    let open = Open::new(
        "one: {specRef: {path: search.yaml}}
        two: {specRef: {path: search.yaml}}",
        "inputs.question > one.question
        inputs.question > two.question
        one.hits > outputs.answer
        two.hits > outputs.other",
    )
    .outputs("answer: {type: candidates}, other: {type: candidates}");
    let analysis = open.with(&[("search.yaml", &search(768, "dim: 1024"))]);
    let inside = analysis
        .diagnostics
        .iter()
        .filter(|found| found.code.0 == "MG301");
    assert_eq!(inside.count(), 1);
}

#[test]
fn a_subgraph_sets_severities_for_all_that_is_in_it() {
    let inside = search(768, "dim: 1024");
    let edges = "inputs.question > search.question\nsearch.hits > outputs.answer";
    let open = |checks: &str| {
        Open::new(
            &format!("search: {{specRef: {{name: search}}{checks}}}"),
            edges,
        )
        .answering("candidates")
    };
    assert_eq!(told(&open("").beside(&inside)), ["MG301 search"]);
    let off = ", checks: {MG301: {severity: off, reason: known}}";
    assert_eq!(told(&open(off).beside(&inside)), NOTHING);
    let own = inside.replace(
        "spec:\n",
        "spec:\n  checks: {MG301: {severity: off, reason: known}}\n",
    );
    assert_eq!(told(&open("").beside(&own)), NOTHING);
}

#[test]
fn errors_of_reading_a_file_are_told_with_the_file() {
    let open = Open::new(
        "search: {specRef: {path: search.yaml}}",
        "inputs.question > search.question\nsearch.hits > outputs.answer",
    )
    .answering("candidates");
    let broken = search(768, "dim: 768").replace("role: embedder", "rolle: embedder");
    let analysis = open.with(&[("search.yaml", &broken)]);
    let unknown = analysis
        .diagnostics
        .iter()
        .find(|found| found.code.0 == "MG002");
    let unknown = unknown.expect("the unknown key");
    assert!(
        unknown.message.contains("`rolle`") && unknown.message.contains("`search.yaml:"),
        "{}",
        unknown.message
    );
    assert_eq!(
        (unknown.severity, unknown.span.of(&analysis.text)),
        (Severity::Error, "{path: search.yaml}")
    );
    let mut bundle = Bundle::new();
    bundle.refuse("search.yaml", "no such file");
    let analysis = Analysis::with(open.text(), &bundle);
    let lost = analysis
        .diagnostics
        .iter()
        .find(|found| found.message.contains("leads nowhere"));
    assert_eq!(
        lost.expect("the lost reference").message,
        "`specRef` of `search` leads nowhere: `search.yaml` cannot be read: no such file"
    );
}

#[test]
fn a_branch_that_goes_on_to_several_stays_one_branch() {
    let fan = inner(
        "fan",
        "inputs: {text: {type: text}}\noutputs: {text: {type: list}}",
        "a: {role: generator}\nb: {role: generator, model: {id: other}}\nboth: {role: join}",
        "inputs.text > a.prompt\ninputs.text > b.prompt\na.text > both.in\nb.text > both.in\nboth.out > outputs.text",
    );
    let open = Open::new(
        "split: {role: splitter}\nfan: {specRef: {name: fan}}\nsame: {role: transformer}",
        "inputs.question > split.in
        split.out > fan.text | weight: 30%
        split.out > same.in | weight: 70%
        fan.text > outputs.many
        same.out > outputs.answer",
    )
    .outputs("answer: {type: text}, many: {type: list}");
    let analysis = open.beside(&fan);
    assert!(
        !told(&analysis).iter().any(|told| told.starts_with("MG109")),
        "{:?}",
        told(&analysis)
    );
    let (graph, ..) = analysis.whole().unwrap();
    let visits = crate::graph::expected_visits(graph);
    let of = |name: &str| visits[graph.find(name).unwrap().0 as usize];
    assert_eq!((of("fan/a"), of("fan/b"), of("same")), (0.3, 0.3, 0.7));
}

#[test]
fn who_names_a_subgraph_means_the_nodes_in_it() {
    let open = |gpu: &str| {
        let part = inner(
            "part",
            "inputs: {text: {type: text}}\noutputs: {text: {type: text}}",
            &format!("a: {{role: transformer, placement: {{gpu: {gpu}}}}}"),
            "inputs.text > a.in\na.out > outputs.text",
        );
        Open::new(
            "sub: {specRef: {name: part}}
            last: {role: transformer, placement: {gpu: L4, coLocate: [sub]}, onFailure: {fallback: sub}}",
            "inputs.question > sub.text\nsub.text > last.in\nlast.out > outputs.answer",
        )
        .beside(&part)
    };
    assert_eq!(told(&open("L4")), NOTHING);
    assert_eq!(told(&open("L40S")), ["MG503 last"]);
    let flat = open("L4");
    let (graph, ..) = flat.flat().unwrap();
    let last = graph.spec_of(graph.find("last").unwrap()).unwrap();
    let fallback = last.on_failure.as_ref().map(|stated| &stated.value);
    assert!(
        matches!(fallback, Some(crate::spec::OnFailure::Fallback(name)) if name.0 == "sub-a"),
        "{fallback:?}"
    );
}

#[test]
fn a_control_edge_at_a_subgraph_holds_of_its_first_or_last_nodes() {
    let part = inner(
        "part",
        "inputs: {text: {type: text}}\noutputs: {text: {type: text}}",
        "a: {role: transformer}\nb: {role: transformer}",
        "inputs.text > a.in\na.out > b.in\nb.out > outputs.text",
    );
    let open = Open::new(
        "before: {role: transformer}\nsub: {specRef: {name: part}}\nafter: {role: transformer}",
        "inputs.question > before.in
        before.out > outputs.answer
        before > sub | role: control
        inputs.question > sub.text
        sub.text > outputs.other
        sub > after | role: control
        inputs.question > after.in
        after.out > outputs.more",
    )
    .outputs("answer: {type: text}, other: {type: text}, more: {type: text}");
    let analysis = open.beside(&part);
    assert_eq!(told(&analysis), NOTHING);
    let (graph, ..) = analysis.whole().unwrap();
    let control = graph.edges.iter().filter(|edge| edge.ports.is_none());
    let ids: Vec<&str> = control.map(|edge| edge.id.as_str()).collect();
    assert_eq!(ids, ["before→sub/a", "sub/b→after"]);
}

#[test]
fn what_pieces_of_an_edge_say_is_said_by_the_whole() {
    let part = inner(
        "part",
        "inputs: {text: {type: text}}\noutputs: {text: {type: text}}",
        "a: {role: transformer, latency: {p95: 20ms, source: declared}}",
        "inputs.text > a.in | hop: 3ms, id: enter\na.out > outputs.text",
    );
    let open = Open::new(
        "sub: {specRef: {name: part}}",
        "inputs.question > sub.text | role: safety\nsub.text > outputs.answer | hop: 2ms, id: leave",
    );
    let analysis = open.beside(&part);
    assert_eq!(told(&analysis), NOTHING);
    let (graph, ..) = analysis.whole().unwrap();
    let said: Vec<_> = graph
        .edges
        .iter()
        .map(|edge| {
            let hop = graph.edge_spec(edge.ix).unwrap().hop;
            let hop = hop.map(|hop| hop.value.to_string());
            (edge.id.as_str(), edge.role.word(), hop)
        })
        .collect();
    assert_eq!(
        said,
        [
            ("inputs.question→sub/a.in", "safety", Some("3ms".to_owned())),
            ("leave", "data", Some("2ms".to_owned())),
        ]
    );
}
