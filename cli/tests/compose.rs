//! Documents that refer to others, as a terminal or a CI job reads them.
#![allow(missing_docs)]

mod folder;

use folder::Folder;

const OPEN: &str = "apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: support}
spec:
  inputs: {question: {type: text}}
  outputs: {answer: {type: text}}
  nodes:
    search: {specRef: {path: parts/search.yaml}}
    writer:
      role: generator
      model: {id: Qwen/Qwen2.5-7B-Instruct, revision: a09a354, parameters: 7.62B, precision: bf16, layers: 28, heads: 28, kvHeads: 4, headDim: 128, contextTokens: 32768}
      limits: {maxModelLen: 8192, maxOutputTokens: 512}
      latency: {p50: 100ms, p95: 200ms, source: measured}
      serving: {engine: vllm, image: \"vllm/vllm-openai:v0.19.0\", port: 8000, api: openai-chat}
      placement: {gpu: L40S, replicas: 1}
  edges:
    - {from: inputs.question, to: search.question}
    - {from: inputs.question, to: writer.prompt}
    - {from: search.hits, to: writer.context}
    - {from: writer.text, to: outputs.answer}
  workload: {arrivals: {poisson: {rate: 2rps}}}
";

const SEARCH: &str = "apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: search}
spec:
  inputs: {question: {type: text}}
  outputs: {hits: {type: candidates}}
  nodes:
    embedder:
      role: embedder
      model: {id: BAAI/bge-large-en-v1.5, revision: d4aa690, parameters: 335M, precision: fp16}
      tokenizer: {maxInputTokens: 512}
      outputs: {vector: {type: {kind: vector, dim: 1024}}}
      latency: {p50: 4ms, p95: 6ms, source: measured}
      serving: {engine: tei, image: \"ghcr.io/huggingface/text-embeddings-inference:89-1.8\", port: 8080, api: tei-embed}
      placement: {gpu: L4, replicas: 1}
    store:
      role: retriever
      inputs: {query: {type: {kind: vector, dim: 1024}}}
      outputs: {hits: {type: {kind: candidates, maxItems: 8}}}
      index: {embedder: BAAI/bge-large-en-v1.5, revision: d4aa690, chunkTokens: 300}
      latency: {p50: 3ms, p95: 14ms, source: measured}
      serving: {engine: qdrant, image: \"qdrant/qdrant:v1.15.0\", port: 6333, api: qdrant-query}
      placement: {cpu: 2, memory: 4GiB, replicas: 1}
  edges:
    - {from: inputs.question, to: embedder.text}
    - {from: embedder.vector, to: store.query}
    - {from: store.hits, to: outputs.hits}
";

/// A graph and the document that its node refers to.
fn support(name: &str) -> Folder {
    let files = [("support.yaml", OPEN), ("parts/search.yaml", SEARCH)];
    Folder::new(&format!("compose-{name}"), &files)
}

/// Pins the reference to what the file means now, as `modelspec lock` writes it.
fn pin(folder: &Folder) {
    let (code, said) = folder.said(&["lock", "parts/search.yaml"]);
    assert_eq!(code, Some(0), "{said}");
    let lock = folder.read("parts/modelgraph.lock");
    let (_, digest) = lock.split_once("digest: ").unwrap();
    let digest = digest.lines().next().unwrap().trim_matches('"');
    let pinned = format!("parts/search.yaml, digest: \"{digest}\"");
    let open = folder.read("support.yaml");
    folder.file("support.yaml", &open.replace("parts/search.yaml", &pinned));
}

#[test]
fn a_reference_is_pinned_to_what_lock_writes_of_the_file() {
    let folder = support("pin");
    let (code, said) = folder.said(&["check", "support.yaml"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("without a digest"), "{said}");
    pin(&folder);
    let (code, said) = folder.said(&["check", "support.yaml"]);
    assert_eq!(code, Some(0), "{said}");
    folder.file(
        "parts/search.yaml",
        &SEARCH.replace("maxItems: 8", "maxItems: 9"),
    );
    let (code, said) = folder.said(&["check", "support.yaml"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("and its digest is `sha256:"), "{said}");
}

#[test]
fn what_is_wrong_in_a_file_is_told_with_its_name_and_place() {
    let folder = support("wrong");
    pin(&folder);
    let wrong = SEARCH.replace(
        "query: {type: {kind: vector, dim: 1024}}",
        "query: {type: {kind: vector, dim: 768}}",
    );
    folder.file("parts/search.yaml", &wrong);
    let (code, said) = folder.said(&["check", "support.yaml"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("`search/embedder.vector` gives 1024 dimensions")
            && said.contains("(at `parts/search.yaml:"),
        "{said}"
    );
    folder.file(
        "parts/search.yaml",
        &SEARCH.replace("role: retriever", "role: retreiver"),
    );
    let (_, said) = folder.said(&["check", "support.yaml"]);
    assert!(
        said.contains("`retreiver`") && said.contains("(at `parts/search.yaml:17:"),
        "{said}"
    );
    std::fs::remove_file(folder.0.join("parts/search.yaml")).unwrap();
    let (code, said) = folder.said(&["check", "support.yaml"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("`parts/search.yaml` cannot be read"),
        "{said}"
    );
}

#[test]
fn exports_hold_the_nodes_of_subgraphs() {
    let folder = support("export");
    pin(&folder);
    let (code, said) = folder.said(&["export", "kubernetes", "support.yaml", "--output", "out"]);
    assert_eq!(code, Some(0), "{said}");
    let manifest = folder.read("out/support-search-embedder.yaml");
    assert!(
        manifest.contains("name: support-search-embedder"),
        "{manifest}"
    );
    let (code, said) = folder.said(&["lock", "support.yaml"]);
    assert_eq!(code, Some(0), "{said}");
    let lock = folder.read("modelgraph.lock");
    let (_, digest) = lock.split_once("digest: ").unwrap();
    let digest = digest.lines().next().unwrap().trim_matches('"');
    assert!(manifest.contains(digest), "{digest}\n{manifest}");
    let (code, said) = folder.said(&["export", "modelspec", "support.yaml", "--output", "specs"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        folder
            .read("specs/search-embedder.modelspec.yaml")
            .contains("BAAI/bge-large-en-v1.5")
    );
}

#[test]
fn a_change_in_a_file_is_a_difference_and_a_broken_lock() {
    let folder = support("diff");
    pin(&folder);
    assert_eq!(folder.said(&["lock", "support.yaml"]).0, Some(0));
    assert_eq!(folder.said(&["verify", "support.yaml"]).0, Some(0));
    std::fs::create_dir_all(folder.0.join("new/parts")).unwrap();
    folder.file("new/support.yaml", &folder.read("support.yaml"));
    folder.file("new/parts/search.yaml", &SEARCH.replace("1024", "768"));
    let (code, said) = folder.said(&["diff", "support.yaml", "new/support.yaml"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("`search/embedder.vector`") && said.contains("768"),
        "{said}"
    );
    assert!(said.contains("new/support.yaml:8:"), "{said}");
    folder.file("parts/search.yaml", &SEARCH.replace("1024", "768"));
    let (code, said) = folder.said(&["verify", "support.yaml"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("parts/search.yaml"), "{said}");
}

#[test]
fn a_simulation_has_a_station_for_each_node_of_a_subgraph() {
    let folder = support("simulate");
    pin(&folder);
    let (code, said) = folder.said(&[
        "simulate",
        "support.yaml",
        "--requests",
        "20000",
        "--engine",
        "cpu",
    ]);
    assert_eq!(code, Some(0), "{said}");
    for station in ["search/embedder", "search/store", "writer"] {
        assert!(said.contains(station), "{said}");
    }
}
