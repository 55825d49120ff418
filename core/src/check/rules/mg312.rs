use crate::check::{Context, Diagnostic};
use crate::fix;
use crate::graph::NodeIx;
use crate::spec::{OnFailure, Role};

rule! {
    /// A guardrail that the graph may not run without is skipped when it fails.
    ///
    /// ## Why
    /// The guardrail is there when all is well and gone when it matters: overload it, or send what
    /// makes it time out, and everything passes. A node is required unless it says
    /// `required: false`.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: guarded}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     guard: {role: guardrail, required: true, onFailure: skip}
    ///     generator: {role: generator}
    ///   edges:
    ///     - {from: inputs.question, to: guard.text}
    ///     - {from: guard.text, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: guarded}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     guard: {role: guardrail, required: true, onFailure: stop}
    ///     generator: {role: generator}
    ///   edges:
    ///     - {from: inputs.question, to: guard.text}
    ///     - {from: guard.text, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
    /// ```
    "MG312", Error, "required guardrail fails open", [Own: Node(check)]
}

fn check(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {
    let Some(node) = cx.graph.node(ix) else { return };
    let Some(stated) = cx.graph.spec_of(ix) else { return };
    let on_failure = stated.on_failure.as_ref();
    let Some(open) = on_failure.filter(|on| matches!(on.value, OnFailure::Skip)) else {
        return;
    };
    if node.role != Some(Role::Guardrail) || !stated.is_required() {
        return;
    }
    let name = &node.name;
    let message =
        format!("the guardrail `{name}` is required, yet `onFailure: skip` lets all pass when it fails");
    let mut diagnostic = RULE
        .at(open.span, message)
        .on_node(name)
        .with_help("stop the request, or fall back to another guardrail");
    if let Some(required) = stated.required {
        diagnostic = diagnostic.relate(required.span, "it is required here");
    }
    let label = format!("Stop when {name} fails");
    diagnostic.fixes.extend(fix::replace(cx, label, open.span, "stop"));
    found.push(diagnostic);
}
