use crate::check::tokens::{Stated, Sum, fate, inputs, passage, text};
use crate::check::{Context, Diagnostic};
use crate::graph::NodeIx;
use crate::spec::Role;

rule! {
    /// A reranker gets the query and a passage in one go, and together they are longer than it
    /// takes.
    ///
    /// ## Why
    /// A cross-encoder reads query and passage as one text. What is over its limit is cut from the
    /// end of the passage, mostly without a word: long passages are then ranked by their first
    /// lines. The limit of 512 tokens of most rerankers is met by passages of 512 as soon as there
    /// is a query.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: rerank}
    /// spec:
    ///   inputs:
    ///     question: {type: text, maxTokens: 64}
    ///     passages: {type: {kind: candidates, item: {kind: text, maxTokens: 512}}}
    ///   outputs: {ranked: {type: candidates}}
    ///   nodes:
    ///     reranker:
    ///       role: reranker
    ///       tokenizer: {maxInputTokens: 512, overflow: truncate}
    ///   edges:
    ///     - {from: inputs.question, to: reranker.query}
    ///     - {from: inputs.passages, to: reranker.candidates}
    ///     - {from: reranker.ranked, to: outputs.ranked}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: rerank}
    /// spec:
    ///   inputs:
    ///     question: {type: text, maxTokens: 64}
    ///     passages: {type: {kind: candidates, item: {kind: text, maxTokens: 400}}}
    ///   outputs: {ranked: {type: candidates}}
    ///   nodes:
    ///     reranker:
    ///       role: reranker
    ///       tokenizer: {maxInputTokens: 512, overflow: truncate}
    ///   edges:
    ///     - {from: inputs.question, to: reranker.query}
    ///     - {from: inputs.passages, to: reranker.candidates}
    ///     - {from: reranker.ranked, to: outputs.ranked}
    /// ```
    "MG305", Error, "query and passage are longer than the reranker takes", [Reach: Node(check)]
}

fn check(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {
    if cx.graph.role(ix) == Some(Role::Reranker) {
        found.extend(pair(cx, ix));
    }
}

fn pair(cx: &Context<'_>, reranker: NodeIx) -> Option<Diagnostic> {
    let stated = cx.graph.spec_of(reranker)?;
    let tokenizer = stated.tokenizer.as_ref()?;
    let limit = tokenizer.max_input_tokens?;
    let mut sum = Sum::default();
    for &port in inputs(cx, reranker) {
        let path = cx.graph.port_path(port);
        let mut add = |part: Option<Stated>, what: &str| {
            if let Some(part) = part {
                sum.add(part, format!("{what} of `{path}`"), "has up to");
            }
        };
        add(text(cx, port), "the text");
        add(passage(cx, port), "a passage");
    }
    let over = sum.over(limit.value.0)?;
    let name = cx.graph.name(reranker);
    let fate = fate(tokenizer.overflow.map(|overflow| overflow.value));
    let message = format!("query and passage of `{name}` have up to {over} tokens; {fate}");
    let diagnostic = RULE
        .at(limit.span, message)
        .on_node(name)
        .with_help("cut the passages shorter, or take a reranker with a longer limit");
    Some(sum.relate(diagnostic, limit.value.0))
}
