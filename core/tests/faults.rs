//! Each fault in a faultless graph is found, told by one code, and told with its values.
#![allow(missing_docs)]

use std::collections::BTreeMap;

use modelspec_core::Analysis;
use modelspec_core::check::{Diagnostic, Severity};

/// One change of an example, and what must be said of it.
struct Fault {
    example: &'static str,
    /// What stands in the example, once.
    from: &'static str,
    to: &'static str,
    code: &'static str,
    /// What the sentence names.
    names: &'static [&'static str],
}

const fn fault(
    example: &'static str,
    from: &'static str,
    to: &'static str,
    code: &'static str,
    names: &'static [&'static str],
) -> Fault {
    Fault {
        example,
        from,
        to,
        code,
        names,
    }
}

const GUARDED: &str = "rag-guarded";
const RAG: &str = "rag";
const CASCADE: &str = "cascade";
const AGENT: &str = "agent-tools";
const OCR: &str = "ocr";

/// What people get wrong most.
const KNOWN: &[Fault] = &[
    fault(
        GUARDED,
        "query: {type: {kind: vector, dim: 1024,",
        "query: {type: {kind: vector, dim: 768,",
        "MG301",
        &["embedder.vector", "1024", "store.query", "768"],
    ),
    fault(
        GUARDED,
        "{from: guard.text, to: generator.prompt}",
        "{from: inputs.question, to: generator.prompt}",
        "MG311",
        &["inputs.question", "generator.prompt", "guard"],
    ),
    fault(
        GUARDED,
        "latency: {p95: 40ms,",
        "latency: {p95: 13s,",
        "MG401",
        &["guard", "13s", "8s"],
    ),
    fault(
        GUARDED,
        "gpu: H100-80GB-SXM, gpusPerReplica: 1",
        "gpu: T4, gpusPerReplica: 1",
        "MG501",
        &["generator", "8.03B × 2 B = 16.06 GB", "T4", "13.25 GB"],
    ),
];

/// Meaning, latency and placement.
const MEANING: &[Fault] = &[
    fault(
        GUARDED,
        "metric: cosine, space: BAAI/bge-large-en-v1.5}}}",
        "metric: cosine, space: intfloat/e5-large-v2}}}",
        "MG302",
        &["BAAI/bge-large-en-v1.5", "intfloat/e5-large-v2", "1024"],
    ),
    fault(
        GUARDED,
        "index: {embedder: BAAI/bge-large-en-v1.5, revision: d4aa690,",
        "index: {embedder: BAAI/bge-large-en-v1.5, revision: 5c38ec7,",
        "MG302",
        &["d4aa690", "5c38ec7"],
    ),
    fault(
        RAG,
        "{dim: 768, metric: cosine, space: BAAI/bge-base-en-v1.5}",
        "{dim: 768, metric: cosine, space: thenlper/gte-base}",
        "MG302",
        &["thenlper/gte-base", "BAAI/bge-base-en-v1.5", "768"],
    ),
    fault(
        RAG,
        "vector: {dim: 768, dtype: f32",
        "vector: {dim: 384, dtype: f32",
        "MG301",
        &["384", "768"],
    ),
    fault(
        GUARDED,
        "tokenizer: {maxInputTokens: 512, overflow: error}\n      required",
        "tokenizer: {maxInputTokens: 256, overflow: error}\n      required",
        "MG305",
        &["reranker", "64 + 300 = 364 > 256"],
    ),
    fault(
        GUARDED,
        "chunkTokens: 300",
        "chunkTokens: 600",
        "MG306",
        &["store", "600", "512"],
    ),
    fault(
        RAG,
        "chunkTokens: 300",
        "chunkTokens: 513",
        "MG306",
        &["513", "512"],
    ),
    fault(
        GUARDED,
        "maxModelLen: 8192",
        "maxModelLen: 2048",
        "MG307",
        &["generator", "120 + 64 + 8 × 300 + 512 = 3,096 > 2,048"],
    ),
    // Only where the reranker fails are there 20 passages.
    fault(
        GUARDED,
        "maxModelLen: 8192",
        "maxModelLen: 4096",
        "MG307",
        &["reranker", "120 + 64 + 20 × 300 + 512 = 6,696 > 4,096"],
    ),
    fault(
        RAG,
        "maxItems: 8}",
        "maxItems: 40}",
        "MG307",
        &["100 + 128 + 40 × 300 + 512 = 12,740 > 8,192"],
    ),
    fault(
        OCR,
        "outputs: {text: {type: text, maxTokens: 4096}}",
        "outputs: {text: {type: text, maxTokens: 8000}}",
        "MG307",
        &["extraction", "350 + 8,000 + 512 = 8,862 > 8,192"],
    ),
    fault(
        GUARDED,
        "required: true\n",
        "required: false\n",
        "MG311",
        &["guard", "generator"],
    ),
    fault(
        AGENT,
        "required: true\n      onFailure: stop\n      outputs: {text: {type: text, maxTokens: 512}}\n      latency: {p50: 22ms",
        "required: false\n      onFailure: stop\n      outputs: {text: {type: text, maxTokens: 512}}\n      latency: {p50: 22ms",
        "MG311",
        &["planner.step", "review", "outputs.answer"],
    ),
    fault(
        GUARDED,
        "onFailure: stop ",
        "onFailure: skip ",
        "MG312",
        &["guard", "skip"],
    ),
    fault(
        GUARDED,
        "latency: {p50: 4ms, p95: 6ms, source: declared}",
        "budget: 20s",
        "MG401",
        &["embedder", "20s", "12s"],
    ),
    fault(
        OCR,
        "latency: {p95: 6s}",
        "latency: {p95: 3.5s}",
        "MG401",
        &["detection", "extraction", "3.5s", "percentiles do not add"],
    ),
    fault(
        AGENT,
        "latency: {p95: 12s}",
        "latency: {p95: 2s}",
        "MG401",
        &["planner", "2.2s", "2s"],
    ),
    fault(
        GUARDED,
        "maxLatency: 30ms",
        "maxLatency: 10ms",
        "MG402",
        &["10ms", "14ms", "store"],
    ),
    fault(
        CASCADE,
        "gpusPerReplica: 4",
        "gpusPerReplica: 1",
        "MG501",
        &["large", "141.20 GB", "75.72 GB"],
    ),
    fault(
        RAG,
        "gpu: L40S",
        "gpu: T4",
        "MG501",
        &["generator", "15.24 GB", "13.25 GB"],
    ),
    fault(
        CASCADE,
        "gpu: L40S, replicas: 2, batch: {continuous: {maxSequences: 32,",
        "gpu: L40S, replicas: 2, batch: {continuous: {kvTokens: 1M, maxSequences: 32,",
        "MG501",
        &["small", "1,000,000 tokens × 57,344 B"],
    ),
];

/// Contracts, timeouts, placement, pins and governance.
const CONTRACTS: &[Fault] = &[
    fault(
        GUARDED,
        "{kind: vector, dim: 1024, metric: cosine, space",
        "{kind: vector, dim: 1024, metric: manhattan, space",
        "MG303",
        &["embedder.vector", "store.query", "manhattan"],
    ),
    fault(
        RAG,
        "index: {embedder: BAAI/bge-base-en-v1.5,",
        "index: {embedder: intfloat/e5-base-v2,",
        "MG304",
        &["intfloat/e5-base-v2", "BAAI/bge-base-en-v1.5"],
    ),
    fault(
        GUARDED,
        "score: {kind: similarity, order: desc}, maxItems: 20",
        "score: {kind: distance, order: desc}, maxItems: 20",
        "MG309",
        &["store.hits", "farthest"],
    ),
    fault(
        GUARDED,
        "maxItems: 20",
        "maxItems: 5",
        "MG309",
        &["reranker.ranked", "8", "5"],
    ),
    fault(
        GUARDED,
        "budget: 60ms ",
        "budget: 500ms ",
        "MG403",
        &["guard", "500ms", "200ms"],
    ),
    fault(
        RAG,
        "api: tei-embed, timeout: 200ms",
        "api: tei-embed, timeout: 200ms, retries: {attempts: 3, perTry: 100ms}",
        "MG404",
        &["embedder", "3 × 100ms", "200ms"],
    ),
    fault(
        GUARDED,
        "arrivals: {poisson: {rate: 20rps}}",
        "arrivals: {poisson: {rate: 25rps}}",
        "MG406",
        &["reranker", "25 requests a second"],
    ),
    fault(
        CASCADE,
        "gpusPerReplica: 4",
        "gpusPerReplica: 3",
        "MG502",
        &["large", "64 attention heads", "3 GPUs"],
    ),
    fault(
        GUARDED,
        "placement: {gpu: L40S, replicas: 1}",
        "placement: {gpu: L40S, replicas: 1, coLocate: [embedder]}",
        "MG503",
        &["reranker", "embedder", "L40S", "L4"],
    ),
    fault(
        GUARDED,
        "count: 8",
        "count: 1",
        "MG504",
        &["generator", "gpu-a"],
    ),
    fault(
        OCR,
        "limits: {maxModelLen: 8192,",
        "limits: {maxModelLen: 40000,",
        "MG505",
        &["40,000", "32,768"],
    ),
    fault(
        OCR,
        "batch: {continuous: {maxSequences: 8,",
        "batch: {continuous: {maxSequences: 64,",
        "MG506",
        &["extraction", "64 × 8,192 = 524,288 tokens"],
    ),
    fault(
        RAG,
        "image: \"qdrant/qdrant:v1.15.0\"",
        "image: qdrant/qdrant",
        "MG601",
        &["store", "qdrant/qdrant"],
    ),
    fault(
        AGENT,
        "dataClass: internal",
        "dataClass: personal",
        "MG603",
        &["inputs.question", "search", "planner"],
    ),
];

/// Structure and types.
const STRUCTURE: &[Fault] = &[
    fault(
        RAG,
        "to: generator.prompt}",
        "to: generator.promt}",
        "MG101",
        &["generator", "promt"],
    ),
    fault(
        OCR,
        "    - {from: order.text, to: extraction.prompt}\n",
        "",
        "MG104",
        &["extraction", "prompt"],
    ),
    fault(
        AGENT,
        ", loop: {maxIterations: 12, continue: \"true\"}",
        "",
        "MG103",
        &["planner", "observed"],
    ),
    fault(
        GUARDED,
        "    - {from: guard.text, to: reranker.query}                     # side inputs are edges too\n",
        "",
        "MG104",
        &["reranker", "query"],
    ),
    fault(
        RAG,
        "    - {from: inputs.question, to: generator.prompt}\n",
        "    - {from: inputs.question, to: generator.prompt}\n    - {from: inputs.question, to: generator.prompt, id: again}\n",
        "MG106",
        &["generator.prompt"],
    ),
    fault(
        CASCADE,
        "when: default",
        "when: \"output.confidence < 0.8\"",
        "MG110",
        &["confidence.out"],
    ),
    fault(
        OCR,
        "inputs: {lines: {type: Lines}}",
        "inputs: {lines: {type: text}}",
        "MG204",
        &["recognition.lines", "order.lines", "list", "text"],
    ),
    fault(
        GUARDED,
        "query: {type: {kind: vector, dim: 1024, metric",
        "query: {type: {kind: vector, dim: 1024, dtype: f16, metric",
        "MG202",
        &["f32", "f16"],
    ),
];

fn example(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../public/examples");
    std::fs::read_to_string(format!("{folder}/{name}.modelspec.yaml")).unwrap()
}

fn found(text: &str) -> Vec<Diagnostic> {
    let found = Analysis::new(text).diagnostics.into_iter();
    found
        .filter(|found| found.severity >= Severity::Warning)
        .collect()
}

fn told(found: &[Diagnostic]) -> String {
    let told = found
        .iter()
        .map(|found| format!("{} {}", found.code, found.message));
    told.collect::<Vec<_>>().join("\n")
}

/// What is wrong with how a fault is told, if anything.
fn judge(fault: &Fault) -> Option<String> {
    let text = example(fault.example);
    let place = format!("{}: `{}`", fault.example, fault.to);
    if text.matches(fault.from).count() != 1 {
        return Some(format!(
            "{place}: `{}` does not stand there once",
            fault.from
        ));
    }
    let found = found(&text.replace(fault.from, fault.to));
    let told = told(&found);
    if found.is_empty() || found.iter().any(|found| found.code.0 != fault.code) {
        return Some(format!(
            "{place}: {} expected alone, got\n{told}",
            fault.code
        ));
    }
    let missing: Vec<&str> = fault
        .names
        .iter()
        .copied()
        .filter(|name| !told.contains(name))
        .collect();
    (!missing.is_empty()).then(|| format!("{place}: {missing:?} not named in\n{told}"))
}

fn all_are_told(faults: &[Fault]) {
    let wrong: Vec<String> = faults.iter().filter_map(judge).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn the_examples_have_no_fault_to_begin_with() {
    for name in [GUARDED, RAG, CASCADE, AGENT, OCR] {
        assert_eq!(told(&found(&example(name))), "", "{name}");
    }
}

#[test]
fn what_people_get_wrong_most_is_told_by_one_code_and_its_values() {
    all_are_told(KNOWN);
}

#[test]
fn faults_of_meaning_latency_and_placement_are_told_by_one_code_each() {
    all_are_told(MEANING);
}

#[test]
fn faults_of_contracts_timeouts_placement_and_pins_are_told_by_one_code_each() {
    all_are_told(CONTRACTS);
}

#[test]
fn faults_of_structure_and_type_are_told_by_one_code_each() {
    all_are_told(STRUCTURE);
}

#[test]
fn there_are_faults_enough_and_no_two_are_one() {
    let all = KNOWN
        .iter()
        .chain(MEANING)
        .chain(CONTRACTS)
        .chain(STRUCTURE);
    let mut seen: BTreeMap<(&str, &str, &str), &str> = BTreeMap::new();
    for fault in all {
        let known = seen.insert((fault.example, fault.from, fault.to), fault.code);
        assert_eq!(known, None, "{}: {}", fault.example, fault.to);
    }
    assert!(seen.len() >= 40, "{}", seen.len());
}

#[test]
fn a_fault_once_mended_by_its_fix_is_gone() {
    for fault in KNOWN.iter().chain(MEANING) {
        let text = example(fault.example).replace(fault.from, fault.to);
        for diagnostic in found(&text) {
            for fix in &diagnostic.fixes {
                let mended = modelspec_core::text::apply(&text, &fix.edits).unwrap().text;
                let left = told(&found(&mended));
                assert_eq!(left, "", "{}: {}", fault.to, fix.label);
            }
        }
    }
}
