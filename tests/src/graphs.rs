//! Graphs to test with: the shipped examples, and random ones.

use core::fmt::Write as _;
use std::collections::BTreeSet;
use std::path::Path;

use modelspec_core::Analysis;
use modelspec_core::check::{RULES, Severity};
use proptest::prelude::*;
use proptest::sample::select;

/// The shipped examples: name and text.
///
/// # Panics
/// When they cannot be read.
pub fn examples() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../public/examples");
    let entries = std::fs::read_dir(folder).expect("the examples are part of the project");
    let mut found: Vec<(String, String)> = entries
        .map(|entry| entry.expect("a folder can be listed").path())
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("an example is text");
            (path.display().to_string(), text)
        })
        .collect();
    found.sort();
    found
}

/// A document that says much and raises no error: rules that would object are set to warn.
pub fn random() -> impl Strategy<Value = String> {
    let nodes = prop::collection::vec(node(), 1..7);
    let head = (
        select(&["g", "support-rag", NAME_OF_63][..]),
        prop::option::of(select(
            &["1.0.0", "2.1.0-rc.1+build.9", "version of ours"][..],
        )),
        prop::option::weighted(0.3, select(&["orchestrated", "chained"][..])),
        prop::option::weighted(
            0.3,
            select(
                &[
                    "{team: search}",
                    "{'no label': x, ok/fine: ''}",
                    "{app.kubernetes.io/name: mine}",
                ][..],
            ),
        ),
        any::<bool>(),
    );
    (head, nodes).prop_map(|((name, version, execution, labels, objectives), nodes)| {
        let mut text = format!(
            "apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\nmetadata:\n  name: {name}\n"
        );
        if let Some(version) = version {
            let _ = writeln!(text, "  version: {version}");
        }
        if let Some(labels) = labels {
            let _ = writeln!(text, "  labels: {labels}");
        }
        text.push_str("spec:\n");
        if let Some(execution) = execution {
            let _ = writeln!(text, "  execution: {execution}");
        }
        if objectives {
            text.push_str("  objectives: {latency: {p99: 90s}, cost: 40usd/h}\n");
        }
        text.push_str(
            "  hardware: {pools: [{name: pool a, gpu: L4, count: 8, zone: zone-1}]}\n  inputs: {q: {type: any}}\n",
        );
        wire(&mut text, &nodes);
        quiet(text)
    })
}

const NAME_OF_63: &str = "a-name-that-is-as-long-as-names-may-be-and-that-is-63-letters-l";

/// A node: its lines, and how far back each of its inputs reaches.
#[derive(Clone, Debug)]
struct Draft {
    name: usize,
    lines: Vec<String>,
    inputs: Vec<usize>,
    edge: &'static str,
}

/// Long ones differ only where names get cut; one is what exports call their own.
const NAMES: &[&str] = &[
    "guard",
    "orchestrator",
    "n",
    "a-node-whose-name-is-so-long-that-it-is-cut-somewhere-one",
    "a-node-whose-name-is-so-long-that-it-is-cut-somewhere-two",
    "store",
    "generator",
];

fn line(choices: &'static [&'static str]) -> impl Strategy<Value = Option<&'static str>> {
    prop::option::of(select(choices))
}

fn node() -> impl Strategy<Value = Draft> {
    let what = (
        select(
            &[
                "guardrail",
                "embedder",
                "retriever",
                "reranker",
                "generator",
                "classifier",
                "router",
                "splitter",
                "join",
                "transformer",
                "tool",
                "cache",
                "custom",
            ][..],
        ),
        line(&[
            "model: {id: meta-llama/Llama-3.1-8B-Instruct, parameters: 8.03B, precision: bf16, layers: 32, heads: 32, kvHeads: 8, headDim: 128}",
            "model: {id: 'BAAI/bge: \"m3\"', revision: d4aa690, precision: fp16, framework: tei}",
            "model: {uri: \"s3://bucket/a model\", family: llama, task: text-generation, framework: vllm, precision: fp8, kvPrecision: fp8, contextTokens: 131072}",
            "model: {precision: int4, parameters: 70B}",
        ]),
        line(&[
            "placement: {gpu: L4}",
            "placement: {gpu: H100, gpusPerReplica: 4, replicas: {min: 2, max: 9}, memory: 200GB, cpu: 7500m, batch: {continuous: {maxSequences: 16, maxBatchedTokens: 2048}}}",
            "placement: {gpu: h100-80gb, replicas: 3, share: {mig: {fraction: 3/7}}, routing: leastLoaded, pool: pool a}",
            "placement: {gpu: T4, share: {timeSlice: {with: [n]}}, batch: {dynamic: {maxSize: 8, maxDelay: 2ms}}, queueLimit: 100}",
            "placement: {gpu: MI300X, concurrency: 4, batch: none}",
            "placement: {gpu: \"a GPU that nobody knows\", replicas: {min: 1, max: 2}}",
            "placement: {cpu: 500m, memory: 100000000B, replicas: {min: 1, max: 3}}",
            "placement: {cpu: 2, memory: 3GiB, coLocate: [guard, store]}",
        ]),
        line(&[
            "serving: {engine: vllm, image: \"vllm/vllm-openai:v0.19.0\", port: 8000, api: openai-chat, timeout: 1500ms}",
            "serving: {engine: tei, protocol: grpc}",
            "serving: {engine: triton, protocol: grpc, port: 8001, digest: \"sha256:aaaa\"}",
            "serving: {engine: qdrant}",
            "serving: {engine: ours, port: 80, path: v1/run, probes: {ready: {path: ready, port: 9000, period: 500ms, timeout: 1s, startup: 20min}, live: {port: 9001}}}",
            "serving: {image: \"registry.example/own@sha256:bbbb\", env: {A_B: \"yes\", 'a=b': x, EMPTY: '', LINES: \"a\\n- b: \\\"c\\\"\\n\"}, secrets: {TOKEN: {name: hub, key: token}, '9': {name: a, key: b}}}",
            "serving: {engine: tgi, port: 3000, timeout: 2min, retries: {attempts: 3, perTry: 10s}}",
        ]),
    );
    let more = (
        line(&["required: false", "required: true"]),
        line(&[
            "onFailure: skip",
            "onFailure: stop",
            "onFailure: {fallback: guard}",
        ]),
        line(&["external: true", "external: false", "external: false"]),
        line(&["budget: 60ms", "budget: 1.5ms"]),
        line(&[
            "description: \"It's: a # \\\"test\\\"\"",
            "annotations: {team: search, piqc.ai/spec: {governance: {cost: {targetCostPer1kTokensUsd: 0.01}}}, list: [1, {a: b}]}",
            "annotations: {piqc.ai/spec: {nonsense: 1}}",
            "tokenizer: {id: other, maxInputTokens: 512, overflow: truncate}",
            "limits: {maxModelLen: 8192, maxOutputTokens: 512}",
            "index: {embedder: BAAI/bge-m3, documents: 1.2M}",
            "latency: {p95: 40ms, source: measured, at: {rate: 20rps}}",
        ]),
    );
    let wiring = (
        0..NAMES.len(),
        prop::collection::vec(0_usize..8, 1..4),
        select(
            &[
                "",
                ", required: false",
                ", maxLatency: 30ms, hop: 1ms",
                ", when: \"output.ok\", probability: 50%",
            ][..],
        ),
    );
    (what, more, wiring).prop_map(
        |(
            (role, model, placement, serving),
            (required, failure, external, budget, extra),
            (name, inputs, edge),
        )| {
            let stated = [
                model, placement, serving, required, failure, external, budget, extra,
            ];
            let lines = core::iter::once(format!("role: {role}"))
                .chain(stated.into_iter().flatten().map(str::to_owned))
                .collect();
            Draft {
                name,
                lines,
                inputs,
                edge,
            }
        },
    )
}

/// Writes nodes, edges and outputs: each input is fed by the graph or by a node before, and what
/// nobody takes is an output of the graph.
fn wire(text: &mut String, drafts: &[Draft]) {
    let mut names: Vec<String> = Vec::new();
    let mut edges = String::new();
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    text.push_str("  nodes:\n");
    for (at, draft) in drafts.iter().enumerate() {
        let wanted = NAMES.get(draft.name).copied().unwrap_or("n");
        let is_taken = names.iter().any(|name| name == wanted);
        let name = if is_taken {
            format!("n{at}")
        } else {
            wanted.to_owned()
        };
        let _ = writeln!(text, "    {name}:");
        for line in &draft.lines {
            let _ = writeln!(text, "      {line}");
        }
        let ports = (0..draft.inputs.len()).map(|port| format!("in{port}: {{type: any}}"));
        let ports = ports.collect::<Vec<_>>().join(", ");
        let _ = writeln!(
            text,
            "      inputs: {{{ports}}}\n      outputs: {{out: {{type: any}}}}"
        );
        for (port, &back) in draft.inputs.iter().enumerate() {
            let source = at.checked_sub(back).filter(|&source| source < at);
            let from = source.and_then(|source| names.get(source));
            taken.extend(source);
            let from = from.map_or_else(|| "inputs.q".to_owned(), |name| format!("{name}.out"));
            let _ = writeln!(
                edges,
                "    - {{from: {from}, to: {name}.in{port}{}}}",
                draft.edge
            );
        }
        names.push(name);
    }
    text.push_str("  outputs:\n");
    for (at, name) in names.iter().enumerate() {
        if !taken.contains(&at) {
            let _ = writeln!(text, "    o{at}: {{type: any}}");
            let _ = writeln!(edges, "    - {{from: {name}.out, to: outputs.o{at}}}");
        }
    }
    let _ = write!(text, "  edges:\n{edges}");
}

/// Lets the rules that object only warn.
///
/// # Panics
/// When the text cannot be read without errors: nothing can be set against those.
fn quiet(mut text: String) -> String {
    let mut loud: BTreeSet<&'static str> = BTreeSet::new();
    for _ in 0..=RULES.len() {
        let quieted = if loud.is_empty() {
            text.clone()
        } else {
            let settings = loud
                .iter()
                .map(|code| format!("{code}: {{severity: warning, reason: random}}"));
            let settings = settings.collect::<Vec<_>>().join(", ");
            format!("{text}  checks: {{{settings}}}\n")
        };
        let analysis = Analysis::new(&*quieted);
        assert_eq!(analysis.reading.diagnostics, [], "{quieted}");
        let errors = analysis
            .diagnostics
            .iter()
            .filter(|found| found.severity == Severity::Error);
        let before = loud.len();
        loud.extend(errors.map(|found| found.code.0));
        if loud.len() == before {
            text = quieted;
            break;
        }
    }
    text
}
