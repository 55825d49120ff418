use super::*;
use crate::Analysis;
use crate::spec::Shape as _;

fn graph(text: &str) -> Graph {
    Analysis::new(text).graph.unwrap()
}

fn of(text: &str) -> String {
    canonical(&graph(text))
}

const GUARDED: &str = include_str!("../../../public/examples/rag-guarded.modelspec.yaml");

/// A document of one embedder before a store, with some of it replaced.
fn document(from: &str, to: &str) -> String {
    const TEXT: &str = "apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: search, version: 1.0.0}
spec:
  inputs: {question: {type: text, maxTokens: 64}}
  outputs: {hits: {type: {kind: candidates, maxItems: 8}}}
  nodes:
    embedder:
      role: embedder
      model: {id: BAAI/bge-m3, precision: fp16}
      outputs: {vector: {dim: 1024}}
      latency: {p95: 1s, source: declared}
      placement: {gpu: H100-80GB-SXM, replicas: 2}
    store:
      role: retriever
      placement: {cpu: 4, memory: 2GiB, coLocate: [embedder]}
  edges:
    - {from: inputs.question, to: embedder.text}
    - {from: embedder.vector, to: store.query}
    - {from: store.hits, to: outputs.hits}
";
    assert!(TEXT.contains(from), "{from}");
    TEXT.replace(from, to)
}

#[test]
fn equal_meaning_gives_equal_digests() {
    let plain = of(&document("", ""));
    for (from, to) in [
        // Comments, quotes, styles.
        ("kind: ModelGraph", "kind: \"ModelGraph\"   # a graph"),
        (
            "{name: search, version: 1.0.0}",
            "\n  version: '1.0.0'\n  name: search",
        ),
        // Order of keys and of edges.
        (
            "{cpu: 4, memory: 2GiB, coLocate: [embedder]}",
            "{coLocate: [embedder], memory: 2GiB, cpu: 4}",
        ),
        (
            "    - {from: inputs.question, to: embedder.text}\n    - {from: embedder.vector, to: store.query}\n",
            "    - {from: embedder.vector, to: store.query}\n    - {to: embedder.text, from: inputs.question}\n",
        ),
        // Units.
        ("p95: 1s", "p95: 1000ms"),
        ("memory: 2GiB", "memory: 2048MiB"),
        ("cpu: 4", "cpu: 4000m"),
        ("maxTokens: 64", "maxTokens: 0.064k"),
        // Short and long forms.
        (
            "{type: text, maxTokens: 64}",
            "{type: {kind: text, maxTokens: 64}}",
        ),
        ("{dim: 1024}", "{type: vector, dim: 1024}"),
        ("{dim: 1024}", "{type: {kind: vector, dim: 1024}}"),
        ("{dim: 1024}", "{type: {kind: vector, dim: 768}, dim: 1024}"),
        ("replicas: 2", "replicas: {min: 2, max: 2}"),
        (
            "spec:\n",
            "spec:\n  types: {Question: {kind: text, maxTokens: 64}}\n",
        ),
        (
            "role: retriever",
            "role: retriever\n      inputs: {query: {type: vector}}",
        ),
        // Defaults.
        ("spec:\n", "spec:\n  execution: orchestrated\n"),
        (
            "role: retriever",
            "role: retriever\n      required: true\n      external: false",
        ),
        (
            "to: store.query}",
            "to: store.query, id: embedder.vector→store.query, role: data, required: true, hop: 0ms}",
        ),
        (
            "gpu: H100-80GB-SXM",
            "gpu: H100-80GB-SXM, gpusPerReplica: 1, routing: central, concurrency: 1",
        ),
        ("cpu: 4", "concurrency: 4, cpu: 4"),
        ("precision: fp16", "precision: fp16, kvPrecision: fp16"),
        (
            "{dim: 1024}",
            "{dim: 1024, space: BAAI/bge-m3, required: true}",
        ),
        (
            "role: retriever",
            "role: retriever\n      limits: {}\n      annotations: {}",
        ),
        // Names of one GPU.
        ("H100-80GB-SXM", "nvidia-h100-80gb"),
        // What means nothing.
        (
            "version: 1.0.0",
            "version: 1.0.0, description: Finds., annotations: {a: 1}, x-title: Search",
        ),
        (
            "role: embedder",
            "role: embedder\n      description: Makes vectors.\n      x-colour: red",
        ),
        (
            "to: store.query}",
            "to: store.query, annotations: {why: because}}",
        ),
        ("spec:\n", "layout: {nodes: {store: {x: 1, y: 2}}}\nspec:\n"),
    ] {
        assert_eq!(of(&document(from, to)), plain, "{from} → {to}");
    }
}

#[test]
fn a_named_type_is_the_type_that_it_names() {
    let spelt = document(
        "{kind: candidates, maxItems: 8}",
        "{kind: candidates, item: {kind: text, maxTokens: 9}, score: {kind: logit, order: desc, min: -1}, maxItems: 8}",
    );
    let named = document("{kind: candidates, maxItems: 8}", "{kind: Hits, score: {min: -1}, maxItems: 8}").replace(
        "spec:\n",
        "spec:\n  types:\n    Hits: {kind: candidates, item: Passage, score: {kind: logit, order: desc}, maxItems: 99}\n    Passage: {kind: text, maxTokens: 9}\n",
    );
    assert_eq!(of(&named), of(&spelt));
    let text = of(&named);
    assert!(
        text.contains(r#""score":{"kind":"logit","min":-1,"order":"desc"}"#),
        "{text}"
    );
}

#[test]
fn types_made_of_themselves_end() {
    let circle = document("{kind: candidates, maxItems: 8}", "A").replace(
        "spec:\n",
        "spec:\n  types: {A: {kind: list, of: B}, B: {kind: list, of: A}}\n",
    );
    assert!(of(&circle).contains("list"));
}

#[test]
fn a_meaningful_change_gives_another_digest() {
    let plain = digest(&graph(&document("", "")));
    for (from, to) in [
        ("name: search", "name: find"),
        ("version: 1.0.0", "version: 1.0.1"),
        ("maxTokens: 64", "maxTokens: 65"),
        (
            "{type: text, maxTokens: 64}",
            "{type: text, maxTokens: 64, dataClass: personal}",
        ),
        ("dim: 1024", "dim: 768"),
        ("dim: 1024", "dim: 1024, normalized: true"),
        ("{dim: 1024}", "{dim: 1024, space: other}"),
        ("id: BAAI/bge-m3", "id: BAAI/bge-m3, revision: abc"),
        ("precision: fp16", "precision: bf16"),
        ("p95: 1s", "p95: 1001ms"),
        ("p95: 1s", "p99: 1s"),
        ("source: declared", "source: measured"),
        ("H100-80GB-SXM", "H200"),
        ("replicas: 2", "replicas: {min: 2, max: 3}"),
        ("replicas: 2", "replicas: 2, gpusPerReplica: 2"),
        ("memory: 2GiB", "memory: 2GB"),
        ("role: retriever", "role: retriever\n      required: false"),
        ("role: retriever", "role: retriever\n      onFailure: skip"),
        ("to: store.query}", "to: store.query, required: false}"),
        ("to: store.query}", "to: store.query, maxLatency: 30ms}"),
        ("to: store.query}", "to: store.query, when: default}"),
        ("spec:\n", "spec:\n  execution: chained\n"),
        (
            "spec:\n",
            "spec:\n  policies: [{order: [embedder, store]}]\n",
        ),
        (
            "spec:\n",
            "spec:\n  policies: [{order: [store, embedder]}]\n",
        ),
        ("spec:\n", "spec:\n  objectives: {latency: {p95: 1s}}\n"),
        (
            "spec:\n",
            "spec:\n  checks: {MG601: {severity: off, reason: because}}\n",
        ),
        ("    - {from: store.hits, to: outputs.hits}\n", ""),
    ] {
        assert_ne!(digest(&graph(&document(from, to))), plain, "{from} → {to}");
    }
}

/// Every scalar of a full document counts, those excepted that the format says do not.
#[test]
fn every_fact_of_a_full_document_counts() {
    let plain = of(GUARDED);
    let mut counted = 0;
    for (from, to) in [
        ("p99: 12s", "p99: 13s"),
        (
            "timeToFirstToken: {p95: 600ms}",
            "timeToFirstToken: {p95: 601ms}",
        ),
        ("availability: 99.5%", "availability: 99.6%"),
        ("cost: 40usd/h", "cost: 41usd/h"),
        ("price: 2.95usd/h", "price: 2.96usd/h"),
        ("poisson: {rate: 20rps}", "poisson: {rate: 21rps}"),
        ("mean: 24, cv: 0.6", "mean: 24, cv: 0.61"),
        ("zone: a", "zone: b"),
        ("chunkTokens: 300", "chunkTokens: 301"),
        ("overflow: error}   #", "overflow: truncate}   #"),
        ("port: 6333", "port: 6334"),
        ("timeout: 10s", "timeout: 11s"),
        ("maxBatchedTokens: 2048", "maxBatchedTokens: 4096"),
        ("promptTemplateTokens: 120", "promptTemplateTokens: 121"),
        ("maxDelay: 2ms", "maxDelay: 3ms"),
        ("budget: 60ms", "budget: 61ms"),
        ("order: desc", "order: asc"),
        ("team: support", "team: sales"),
    ] {
        assert!(GUARDED.contains(from), "{from}");
        assert_ne!(of(&GUARDED.replace(from, to)), plain, "{from} → {to}");
        counted += 1;
    }
    assert_eq!(counted, 18);
    assert_eq!(of(&GUARDED.replace("x: 240", "x: 1")), plain);
    assert_eq!(of(&GUARDED.replace("Answers from", "Replies by")), plain);
}

#[test]
fn a_digest_is_written_as_images_write_theirs() {
    let empty = Digest::of(b"");
    let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(empty.hex(), hex);
    assert_eq!(empty.to_string(), format!("sha256:{hex}"));
}

/// A document locked as it is, and what is found when it is held against that with some of it
/// replaced.
fn held(from: &str, to: &str) -> Vec<String> {
    let analysis = Analysis::new(document("", ""));
    let text = write(None, &analysis, &Specs::new()).unwrap();
    let lock = read(&text).unwrap();
    let changed = Analysis::new(document(from, to));
    let found = verify(&changed, &lock, &Specs::new()).into_iter();
    found.map(|found| found.message).collect()
}

#[test]
fn a_lock_holds_what_it_was_made_of() {
    assert_eq!(held("", ""), [""; 0]);
    assert_eq!(held("p95: 1s", "p95: 1000ms"), [""; 0]);
    for (from, to, said) in [
        (
            "bge-m3, precision",
            "bge-m4, precision",
            "`model` of `embedder` is `BAAI/bge-m4`, the lockfile has `BAAI/bge-m3`",
        ),
        (
            "bge-m3, precision",
            "bge-m3, revision: abc, precision",
            "`revision` of `embedder` is `abc`, the lockfile has none",
        ),
        (
            "id: BAAI/bge-m3, ",
            "",
            "`model` of `embedder` is not stated, the lockfile has `BAAI/bge-m3`",
        ),
        (
            "name: search",
            "name: other",
            "the lockfile does not hold the graph `other`",
        ),
        (
            "    store:\n",
            "    store:\n      serving: {image: \"a/b:1@sha256:0f\"}\n",
            "the lockfile does not hold the node `store`",
        ),
    ] {
        assert_eq!(held(from, to), [said], "{to}");
    }
    let other = held("replicas: 2", "replicas: 3");
    assert!(
        other[0].starts_with("`search` has the digest `"),
        "{other:?}"
    );
}

#[test]
fn a_finding_of_the_lock_has_the_severity_that_the_document_sets() {
    let analysis = Analysis::new(document("", ""));
    let lock = read(&write(None, &analysis, &Specs::new()).unwrap()).unwrap();
    let set = document(
        "spec:\n",
        "spec:\n  checks: {MG604: {severity: warning, reason: a draft}}\n",
    );
    let found = verify(&Analysis::new(set), &lock, &Specs::new());
    assert_eq!(found[0].severity, crate::check::Severity::Warning);
}

#[test]
fn a_lock_keeps_what_it_says_of_other_graphs() {
    let specs = Specs::from([("a.yaml".to_owned(), Digest::of(b"a"))]);
    let one = write(None, &Analysis::new(GUARDED), &specs).unwrap();
    let both = write(
        Some(&read(&one).unwrap()),
        &Analysis::new(document("", "")),
        &Specs::new(),
    );
    let both = read(&both.unwrap()).unwrap();
    assert_eq!(verify(&Analysis::new(GUARDED), &both, &specs), []);
    assert_eq!(
        verify(&Analysis::new(document("", "")), &both, &Specs::new()),
        []
    );
    let again = write(Some(&both), &Analysis::new(GUARDED), &specs).unwrap();
    assert_eq!(read(&again).unwrap().canonical(), both.canonical());
    // What is referred to is held too.
    let other = Specs::from([("b.yaml".to_owned(), Digest::of(b"a"))]);
    let found = verify(&Analysis::new(GUARDED), &both, &other);
    let found: Vec<&str> = found.iter().map(|found| &*found.message).collect();
    assert_eq!(
        found,
        [
            "the lockfile does not hold `b.yaml`, which a node refers to",
            "the lockfile holds `a.yaml`, which no node refers to",
        ]
    );
}

#[test]
fn a_lock_that_is_none_says_so() {
    assert!(read("a: [").is_err());
    let found = read(GUARDED).unwrap_err();
    assert_eq!(
        found[0].message,
        "there is no document of `kind: ModelGraphLock`"
    );
    let lacking = "apiVersion: modelgraph/v1alpha1\nkind: ModelGraphLock\ngraphs: {a: {}}\n";
    assert!(
        read(lacking).unwrap_err()[0]
            .message
            .contains("lacks `digest`")
    );
}
