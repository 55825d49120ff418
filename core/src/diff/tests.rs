use super::*;

const GUARDED: &str = include_str!("../../../public/examples/rag-guarded.modelspec.yaml");

const SEARCH: &str = "apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: search, version: 1.0.0}
spec:
  inputs: {question: {type: text, maxTokens: 64}}
  outputs: {hits: {type: candidates}}
  nodes:
    embedder:
      role: embedder
      model: {id: BAAI/bge-base-en-v1.5, revision: a5beb1e}
      outputs: {vector: {dim: 768, metric: cosine}}
      latency: {p95: 1s, source: declared}
      placement: {gpu: L4, replicas: 2}
    store:
      role: retriever
      index: {embedder: BAAI/bge-base-en-v1.5, metric: cosine}
      serving: {engine: qdrant, port: 6333}
      placement: {cpu: 4, memory: 2GiB, coLocate: [embedder]}
    reranker:
      role: reranker
      model: {id: BAAI/bge-reranker-base}
  edges:
    - {from: inputs.question, to: embedder.text}
    - {from: embedder.vector, to: store.query}
    - {from: inputs.question, to: reranker.query}
    - {from: store.hits, to: reranker.candidates}
    - {from: reranker.ranked, to: outputs.hits}
  objectives: {latency: {p95: 2s}}
";

/// The differences of a document with some of it replaced, each as `id: message`.
fn said(text: &str, replaced: &[(&str, &str)]) -> Vec<String> {
    let mut changed = text.to_owned();
    for (from, to) in replaced {
        assert!(changed.contains(from), "{from}");
        changed = changed.replace(from, to);
    }
    between(text, &changed)
}

fn between(old: &str, new: &str) -> Vec<String> {
    let (old, new) = (Analysis::new(old), Analysis::new(new));
    for side in [&old, &new] {
        assert_eq!(side.reading.diagnostics, [], "{}", side.text);
    }
    let found = differences(&old, &new).unwrap();
    let said = found.changes.iter();
    said.map(|change| {
        format!(
            "{} {}: {}",
            change.kind.class, change.kind.id, change.message
        )
    })
    .collect()
}

#[test]
fn a_larger_embedder_is_wire_before_reindex() {
    let found = said(
        SEARCH,
        &[
            (
                "id: BAAI/bge-base-en-v1.5, revision: a5beb1e",
                "id: BAAI/bge-large-en-v1.5, revision: d4aa690",
            ),
            ("dim: 768", "dim: 1024"),
        ],
    );
    assert_eq!(
        found,
        [
            "wire DF-DIMENSION: `dim` of `embedder.vector` changes from `768` to `1024`",
            "reindex DF-EMBEDDER: `model.id` of `embedder` changes from `BAAI/bge-base-en-v1.5` to `BAAI/bge-large-en-v1.5`",
            "reindex DF-EMBEDDER: `model.revision` of `embedder` changes from `a5beb1e` to `d4aa690`",
        ]
    );
}

#[test]
fn another_revision_at_the_same_dimension_is_reindex() {
    assert_eq!(
        said(SEARCH, &[("a5beb1e", "0000000")]),
        ["reindex DF-EMBEDDER: `model.revision` of `embedder` changes from `a5beb1e` to `0000000`"]
    );
    // The same commit, written out.
    assert_eq!(
        said(
            SEARCH,
            &[("a5beb1e", "a5beb1e3e68b9ab74eb54cfd186867f64f240e1a")]
        ),
        [
            "cosmetic DF-SAME: `model.revision` of `embedder` changes from `a5beb1e` to `a5beb1e3e68b9ab74eb54cfd186867f64f240e1a`"
        ]
    );
}

#[test]
fn each_change_has_its_class() {
    for (from, to, wanted) in [
        ("type: candidates}", "type: {kind: list}}", "wire DF-KIND"),
        ("dim: 768", "dim: 768, dtype: f16", "semantic DF-STATED"),
        ("port: 6333", "port: 6334", "wire DF-CALL"),
        (
            "maxTokens: 64}}",
            "maxTokens: 64}, lang: {type: text}}",
            "wire DF-INPUT-ADDED",
        ),
        (
            "maxTokens: 64}}",
            "maxTokens: 64}, lang: {type: text, required: false}}",
            "semantic DF-PORT-ADDED",
        ),
        (
            "{hits: {type: candidates}}",
            "{hits: {type: candidates, required: false}}",
            "wire DF-OUTPUT-OPTIONAL",
        ),
        (
            "dim: 768, metric: cosine",
            "dim: 768, metric: dot",
            "reindex DF-METRIC",
        ),
        (
            "-en-v1.5, metric: cosine",
            "-en-v1.5, metric: dot",
            "reindex DF-METRIC",
        ),
        (
            "dim: 768, metric: cosine",
            "dim: 768, metric: cosine, pooling: cls",
            "semantic DF-STATED",
        ),
        (
            "dim: 768, metric: cosine",
            "dim: 768, metric: cosine, space: other",
            "reindex DF-SPACE",
        ),
        (
            "bge-reranker-base",
            "bge-reranker-large",
            "semantic DF-MODEL",
        ),
        ("maxTokens: 64", "maxTokens: 65", "semantic DF-BOUND"),
        ("engine: qdrant", "engine: milvus", "semantic DF-SERVER"),
        (
            "role: reranker",
            "role: reranker\n      onFailure: skip",
            "semantic DF-FAILURE",
        ),
        (
            "to: store.query}",
            "to: store.query, when: default}",
            "semantic DF-ROUTE",
        ),
        (
            "to: store.query}",
            "to: store.query, maxLatency: 30ms}",
            "slo DF-LATENCY",
        ),
        ("p95: 1s", "p95: 2s", "slo DF-LATENCY"),
        ("p95: 2s", "p95: 3s", "slo DF-OBJECTIVE"),
        ("replicas: 2", "replicas: 3", "placement DF-PLACEMENT"),
        ("gpu: L4", "gpu: L40S", "placement DF-PLACEMENT"),
        ("version: 1.0.0", "version: 1.1.0", "cosmetic DF-WORDS"),
        ("name: search", "name: find", "cosmetic DF-RENAMED"),
        (
            "version: 1.0.0",
            "version: 1.0.0, description: Finds",
            "cosmetic DF-WORDS",
        ),
        (
            "kind: ModelGraph\n",
            "kind: ModelGraph\nlayout: {nodes: {store: {x: 1, y: 2}}}\n",
            "cosmetic DF-LAYOUT",
        ),
        // It follows from the embedder, and is only written down.
        (
            "index: {embedder",
            "inputs: {query: {dim: 768}}\n      index: {embedder",
            "cosmetic DF-SAME",
        ),
    ] {
        let found = said(SEARCH, &[(from, to)]);
        assert_eq!(found.len(), 1, "{to}: {found:#?}");
        assert!(
            found[0].starts_with(&format!("{wanted}: ")),
            "{to}: {found:#?}"
        );
    }
    let guard = said(GUARDED, &[("onFailure: stop", "onFailure: skip")]);
    assert!(
        guard[0].starts_with("semantic DF-GUARD: `onFailure` of `guard`"),
        "{guard:#?}"
    );
}

#[test]
fn how_it_is_written_is_no_difference() {
    for (from, to) in [
        ("p95: 1s", "p95: 1000ms"),
        ("replicas: 2", "replicas: {min: 2, max: 2}"),
        ("memory: 2GiB", "memory: 2048MiB"),
        ("role: retriever", "role: retriever # a store"),
        (
            "{dim: 768, metric: cosine}",
            "{type: {kind: vector, metric: cosine, dim: 768}}",
        ),
        ("role: reranker", "role: reranker\n      required: true"),
    ] {
        assert_eq!(said(SEARCH, &[(from, to)]), [""; 0], "{to}");
    }
}

#[test]
fn a_removed_node_takes_its_edges_along() {
    let without = SEARCH
        .replace("    reranker:\n      role: reranker\n      model: {id: BAAI/bge-reranker-base}\n", "")
        .replace("    - {from: inputs.question, to: reranker.query}\n    - {from: store.hits, to: reranker.candidates}\n    - {from: reranker.ranked, to: outputs.hits}\n", "    - {from: store.hits, to: outputs.hits}\n");
    assert_eq!(
        between(SEARCH, &without),
        [
            "wire DF-NODE-REMOVED: `reranker` (reranker, BAAI/bge-reranker-base) is removed, and with it 3 edges",
            "semantic DF-EDGE-ADDED: the edge from `store.hits` to `outputs.hits` is new",
        ]
    );
    assert_eq!(
        between(&without, SEARCH),
        [
            "semantic DF-NODE-ADDED: `reranker` (reranker, BAAI/bge-reranker-base) is new, and with it 3 edges",
            "semantic DF-EDGE-REMOVED: the edge from `store.hits` to `outputs.hits` is removed",
        ]
    );
}

#[test]
fn a_node_of_another_name_is_the_same_node() {
    let renamed = [
        ("    embedder:\n", "    encoder:\n"),
        ("embedder.", "encoder."),
        ("[embedder]", "[encoder]"),
    ];
    assert_eq!(
        said(SEARCH, &renamed),
        ["cosmetic DF-RENAMED: `embedder` is called `encoder` now"]
    );
    let and_changed = [renamed.as_slice(), &[("dim: 768", "dim: 1024")]].concat();
    assert_eq!(
        said(SEARCH, &and_changed),
        [
            "wire DF-DIMENSION: `dim` of `encoder.vector` changes from `768` to `1024`",
            "cosmetic DF-RENAMED: `embedder` is called `encoder` now",
        ]
    );
    // Nothing speaks for it: another role.
    let other = said(
        SEARCH,
        &[
            (
                "    reranker:\n      role: reranker",
                "    judge:\n      role: custom",
            ),
            ("reranker.", "judge."),
        ],
    );
    assert!(
        other[0].contains("`reranker` (reranker, BAAI/bge-reranker-base) is removed"),
        "{other:#?}"
    );
}

#[test]
fn an_edge_is_found_by_its_id_or_its_ends() {
    assert_eq!(
        said(
            SEARCH,
            &[("to: store.query}", "to: store.query, id: lookup}")]
        ),
        [
            "cosmetic DF-RENAMED: `id` of `lookup` changes from `embedder.vector→store.query` to `lookup`"
        ]
    );
    let named = SEARCH.replace("to: reranker.query}", "to: reranker.query, id: side}");
    let moved = said(
        &named,
        &[(
            "{from: inputs.question, to: reranker.query",
            "{from: store.hits, to: reranker.query",
        )],
    );
    assert_eq!(
        moved,
        ["semantic DF-ROUTE: `from` of `side` changes from `inputs.question` to `store.hits`"]
    );
}

#[test]
fn places_are_those_of_the_values() {
    let new = SEARCH
        .replace("dim: 768", "dim: 1024")
        .replace("p95: 2s", "p95: 3s");
    let found = differences(&Analysis::new(SEARCH), &Analysis::new(&*new)).unwrap();
    let places: Vec<(&str, &str)> = found
        .changes
        .iter()
        .map(|change| {
            (
                change.old_span.unwrap().of(SEARCH),
                change.new_span.unwrap().of(&new),
            )
        })
        .collect();
    assert_eq!(places, [("768", "1024"), ("2s", "3s")]);
    assert_eq!(found.worst(), Some(Class::Wire));
}

#[test]
fn the_new_document_may_set_a_difference_off_with_a_reason() {
    let checks = "checks: {DF-EMBEDDER: {severity: off, reason: the index is built anew tonight}}";
    let new = SEARCH
        .replace("a5beb1e", "0000000")
        .replace("role: embedder", &format!("role: embedder\n      {checks}"));
    let (old, new) = (Analysis::new(SEARCH), Analysis::new(new));
    assert!(
        new.diagnostics
            .iter()
            .all(|found| !found.message.contains("DF-")),
        "{:?}",
        new.diagnostics
    );
    let found = differences(&old, &new).unwrap();
    assert_eq!(
        found.worst(),
        Some(Class::Semantic),
        "the setting itself is a difference"
    );
    let [(change, reason)] = found.ignored.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(
        (change.kind.id, reason.as_str()),
        ("DF-EMBEDDER", "the index is built anew tonight")
    );
}

#[test]
fn ids_are_found_in_any_case_and_are_one_each() {
    let mut ids: Vec<&str> = KINDS.iter().map(|kind| kind.id).collect();
    assert!(KINDS.is_sorted_by_key(|kind| core::cmp::Reverse(kind.class)));
    assert_eq!(kind("df-dimension").unwrap().class, Class::Wire);
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn a_text_without_a_graph_has_no_differences() {
    assert_eq!(
        differences(&Analysis::new(""), &Analysis::new(SEARCH)),
        None
    );
}

/// A name that the old graph only mentions is not taken for the node that has it in the new one.
#[test]
fn a_new_name_is_not_what_an_old_graph_missed() {
    let graph = |other: &str| {
        format!(
            "apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\nmetadata: {{name: g}}\nspec:\n  nodes:\n    \
             guard: {{role: guardrail, onFailure: {{fallback: spare}}}}\n    \
             {other}: {{role: generator, model: {{id: m}}}}\n"
        )
    };
    let (old, new) = (graph("writer"), graph("spare"));
    let (old, new) = (Analysis::new(old), Analysis::new(new));
    let there = super::differences(&old, &new).unwrap();
    let back = super::differences(&new, &old).unwrap();
    let about_guard = |found: &Differences| {
        let about = |change: &&Change| change.node.as_deref() == Some("guard");
        found.changes.iter().filter(about).count()
    };
    assert_eq!((about_guard(&there), about_guard(&back)), (1, 1));
}
