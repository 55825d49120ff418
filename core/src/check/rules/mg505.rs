use crate::check::tokens::grouped;
use crate::check::{Context, Diagnostic};
use crate::fix;
use crate::graph::NodeIx;

rule! {
    /// A node is configured for more tokens than its model can attend to.
    ///
    /// ## Why
    /// Positions beyond those of the training give nonsense. Most servers refuse to start with such a
    /// configuration; those that start answer long requests with noise.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: answer}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     generator:
    ///       role: generator
    ///       model: {id: Qwen/Qwen2.5-7B-Instruct, contextTokens: 32768}
    ///       limits: {maxModelLen: 65536}
    ///   edges:
    ///     - {from: inputs.question, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: answer}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     generator:
    ///       role: generator
    ///       model: {id: Qwen/Qwen2.5-7B-Instruct, contextTokens: 32768}
    ///       limits: {maxModelLen: 32768}
    ///   edges:
    ///     - {from: inputs.question, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
    /// ```
    "MG505", Error, "configured for more than the model's context", [Own: Node(check)]
}

fn check(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {

    let node = cx.graph.spec_of(ix);
    let limits = node.and_then(|node| node.limits.as_ref());
    let tokenizer = node.and_then(|node| node.tokenizer.as_ref());
    let configured = [
        ("limits.maxModelLen", limits.and_then(|limits| limits.max_model_len)),
        ("tokenizer.maxInputTokens", tokenizer.and_then(|tokenizer| tokenizer.max_input_tokens)),
    ];
    for (key, tokens) in configured {
        found.extend(tokens.and_then(|tokens| beyond(cx, ix, key, tokens)));
    }
}

fn beyond(
    cx: &Context<'_>,
    ix: NodeIx,
    key: &str,
    tokens: crate::text::Spanned<crate::spec::Count>,
) -> Option<Diagnostic> {
    let context = cx.graph.spec_of(ix)?.model.as_ref()?.context_tokens?;
    if tokens.value <= context.value {
        return None;
    }
    let name = cx.graph.name(ix);
    let (stated, most) = (grouped(tokens.value.0), grouped(context.value.0));
    let message = format!("`{key}` of `{name}` is {stated} tokens, its model attends to {most}");
    let mut diagnostic = RULE
        .at(tokens.span, message)
        .on_node(name)
        .relate(context.span, format!("the model attends to {most} tokens"))
        .with_help("lower it, or take a model with a longer context");
    let label = format!("Configure {most} tokens");
    diagnostic.fixes.extend(fix::replace(cx, label, tokens.span, context.value.0.to_string()));
    Some(diagnostic)
}
