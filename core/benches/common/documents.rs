//! Large documents, as people would write them.

use core::fmt::Write as _;

/// Many pipelines of retrieval-augmented generation side by side in one document, five nodes each.
pub(crate) fn pipelines(nodes: usize) -> String {
    let count = nodes.div_ceil(5);
    let mut text = head("pipelines");
    text.push_str("  inputs:\n");
    for at in 0..count {
        let _ = writeln!(
            text,
            "    question-{at}: {{type: text, maxTokens: 64, dataClass: internal}}"
        );
    }
    text.push_str("  outputs:\n");
    for at in 0..count {
        let _ = writeln!(text, "    answer-{at}: {{type: text}}");
    }
    text.push_str("  nodes:\n");
    for at in 0..count {
        let _ = write!(
            text,
            "    guard-{at}:
      role: guardrail
      model: {{id: meta-llama/Llama-Guard-3-1B, revision: acf7aaf, parameters: 1.5B, precision: bf16}}
      outputs: {{text: {{type: text, maxTokens: 64}}}}
      latency: {{p95: 40ms, source: measured, at: {{rate: 20rps, inputTokens: 64}}}}
      placement: {{gpu: L4, replicas: {{min: 1, max: 4}}}}
    embedder-{at}:
      role: embedder
      model: {{id: BAAI/bge-large-en-v1.5, revision: d4aa690, parameters: 335M, precision: fp16}}
      tokenizer: {{id: BAAI/bge-large-en-v1.5, maxInputTokens: 512, overflow: error}}
      outputs: {{vector: {{type: QueryVector}}}}
      latency: {{p50: 4ms, p95: 6ms, source: declared}}
      placement: {{gpu: L4, replicas: 1}}
    store-{at}:
      role: retriever
      inputs: {{query: {{dim: 1024, metric: cosine, space: BAAI/bge-large-en-v1.5}}}}
      outputs: {{hits: {{type: Passages}}}}
      index: {{embedder: BAAI/bge-large-en-v1.5, revision: d4aa690, chunkTokens: 300, metric: cosine}}
      latency: {{p50: 3ms, p95: 14ms, source: declared}}
      serving: {{engine: qdrant, image: \"qdrant/qdrant:v1.15.0\", port: 6333}}
    reranker-{at}:
      role: reranker
      model: {{id: BAAI/bge-reranker-large, revision: 55611d7, parameters: 560M, precision: fp16}}
      tokenizer: {{maxInputTokens: 512, overflow: error}}
      required: false
      onFailure: skip
      outputs: {{ranked: {{type: {{kind: candidates, item: {{kind: text, maxTokens: 300}}, maxItems: 8}}}}}}
      latency: {{p50: 30ms, p95: 71ms, source: declared}}
      placement: {{gpu: L40S, replicas: 1}}
    generator-{at}:
      role: generator
      model: {{id: meta-llama/Llama-3.1-8B-Instruct, revision: 0e9e39f, parameters: 8.03B, precision: bf16, layers: 32, heads: 32, kvHeads: 8, headDim: 128, contextTokens: 131072}}
      limits: {{maxModelLen: 8192, maxOutputTokens: 512, promptTemplateTokens: 120}}
      serving: {{engine: vllm, image: \"vllm/vllm-openai:v0.19.0\", port: 8000, timeout: 10s}}
      placement: {{gpu: H100-80GB-SXM, replicas: 2}}
"
        );
    }
    text.push_str("  edges:\n");
    for at in 0..count {
        let _ = write!(
            text,
            "    - {{from: inputs.question-{at}, to: guard-{at}.text}}
    - {{from: guard-{at}.text, to: embedder-{at}.text, role: safety}}
    - {{from: embedder-{at}.vector, to: store-{at}.query, maxLatency: 30ms}}
    - {{from: guard-{at}.text, to: reranker-{at}.query}}
    - {{from: store-{at}.hits, to: reranker-{at}.candidates}}
    - {{from: reranker-{at}.ranked, to: generator-{at}.context}}
    - {{from: guard-{at}.text, to: generator-{at}.prompt}}
    - {{from: generator-{at}.text, to: outputs.answer-{at}}}
"
        );
    }
    text
}

/// One chain: each node takes what the one before it gives.
pub(crate) fn chain(nodes: usize) -> String {
    let mut text = head("chain");
    text.push_str("  inputs: {question: {type: text, maxTokens: 64}}\n  outputs: {answer: {type: text}}\n  nodes:\n");
    for at in 0..nodes {
        let _ = write!(
            text,
            "    step-{at}:
      role: transformer
      inputs: {{in: {{type: text}}}}
      outputs: {{out: {{type: text, maxTokens: 64}}}}
      latency: {{p50: 1ms, p95: 2ms, source: declared}}
"
        );
    }
    text.push_str("  edges:\n    - {from: inputs.question, to: step-0.in}\n");
    for at in 1..nodes {
        let before = at.saturating_sub(1);
        let _ = writeln!(text, "    - {{from: step-{before}.out, to: step-{at}.in}}");
    }
    let last = nodes.saturating_sub(1);
    let _ = writeln!(text, "    - {{from: step-{last}.out, to: outputs.answer}}");
    text
}

fn head(name: &str) -> String {
    format!(
        "apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {{name: {name}, version: 1.0.0}}
spec:
  types:
    QueryVector: {{kind: vector, dim: 1024, dtype: f32, metric: cosine, normalized: true, space: BAAI/bge-large-en-v1.5}}
    Passages: {{kind: candidates, item: {{kind: text, maxTokens: 300}}, score: {{kind: similarity, order: desc}}, maxItems: 20}}
  objectives: {{latency: {{p95: 60s}}, throughput: 20rps}}
  workload: {{arrivals: {{poisson: {{rate: 20rps}}}}}}
"
    )
}
