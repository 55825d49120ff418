use crate::check::tokens::{chunk_tokens, embedder_limit, fate, grouped};
use crate::check::{Context, Diagnostic};
use crate::fix;
use crate::graph::NodeIx;
use crate::spec::Role;

rule! {
    /// The passages of an index are longer than the model that embeds them can take.
    ///
    /// ## Why
    /// Most embedding libraries cut such a passage at the limit and say nothing. Its end is then in
    /// the index but in no vector: no question can find it. Passages of 1,000 tokens and a model
    /// that takes 512 lose half of the documents that way.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: search}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {hits: {type: candidates}}
    ///   nodes:
    ///     embedder:
    ///       role: embedder
    ///       model: {id: BAAI/bge-base-en-v1.5}
    ///       tokenizer: {maxInputTokens: 512, overflow: truncate}
    ///     store:
    ///       role: retriever
    ///       index: {embedder: BAAI/bge-base-en-v1.5, chunkTokens: 1000}
    ///   edges:
    ///     - {from: inputs.question, to: embedder.text}
    ///     - {from: embedder.vector, to: store.query}
    ///     - {from: store.hits, to: outputs.hits}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: search}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {hits: {type: candidates}}
    ///   nodes:
    ///     embedder:
    ///       role: embedder
    ///       model: {id: BAAI/bge-base-en-v1.5}
    ///       tokenizer: {maxInputTokens: 512, overflow: truncate}
    ///     store:
    ///       role: retriever
    ///       index: {embedder: BAAI/bge-base-en-v1.5, chunkTokens: 400}
    ///   edges:
    ///     - {from: inputs.question, to: embedder.text}
    ///     - {from: embedder.vector, to: store.query}
    ///     - {from: store.hits, to: outputs.hits}
    /// ```
    "MG306", Error, "passages are longer than their embedder takes", [Reach: Node(check)]
}

fn check(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {
    if cx.graph.role(ix) == Some(Role::Retriever) {
        found.extend(index(cx, ix));
    }
}

fn index(cx: &Context<'_>, retriever: NodeIx) -> Option<Diagnostic> {
    let chunk = chunk_tokens(cx.graph.spec_of(retriever)?)?;
    let limit = embedder_limit(cx, retriever)?;
    if chunk.value <= limit.most.value {
        return None;
    }
    let (store, embedder) = (cx.graph.name(retriever), cx.graph.name(limit.node));
    let (long, most) = (grouped(chunk.value), grouped(limit.most.value));
    let fate = fate(limit.overflow);
    let message = format!(
        "the passages of `{store}` have {long} tokens, its embedder `{embedder}` takes {most}; {fate}"
    );
    let who = limit.model.unwrap_or(embedder);
    let mut diagnostic = RULE
        .at(chunk.span, message)
        .on_node(store)
        .relate(limit.most.span, format!("`{who}` takes at most {most} tokens"))
        .row(format!("a passage of `{store}`"), format!("{long} tokens"))
        .row(format!("at most, `{embedder}`"), format!("{most} tokens"))
        .with_help("cut the documents shorter and build the index anew, or embed with a longer model");
    let label = format!("Cut passages of {most} tokens");
    let value = limit.most.value.to_string();
    diagnostic.fixes.extend(fix::replace(cx, label, chunk.span, value));
    Some(diagnostic)
}
