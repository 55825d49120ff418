use crate::check::{Context, Diagnostic};
use crate::fix;
use crate::graph::NodeIx;
use crate::spec::{Join, Role};

rule! {
    /// A node states `cancel: true`, yet has nothing to cancel: it waits for all that comes to it, or is no join.
    ///
    /// ## Why
    /// A join that goes on with the first of its branches, or with some of them, can have the others stopped, so that
    /// they leave queues and free servers. One that needs all of them cannot, and whoever counted on the servers that
    /// this would free has planned too few.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: hedged}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answers: {type: {kind: list, of: text}}}
    ///   nodes:
    ///     east: {role: generator}
    ///     west: {role: generator}
    ///     both: {role: join, cancel: true}
    ///   edges:
    ///     - {from: inputs.question, to: east.prompt}
    ///     - {from: inputs.question, to: west.prompt}
    ///     - {from: east.text, to: both.in}
    ///     - {from: west.text, to: both.in}
    ///     - {from: both.out, to: outputs.answers}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: hedged}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     east: {role: generator}
    ///     west: {role: generator}
    ///     first: {role: join, join: any, cancel: true}
    ///   edges:
    ///     - {from: inputs.question, to: east.prompt}
    ///     - {from: inputs.question, to: west.prompt}
    ///     - {from: east.text, to: first.in}
    ///     - {from: west.text, to: first.in}
    ///     - {from: first.out, to: outputs.answer}
    /// ```
    "MG112", Warning, "`cancel` has nothing to cancel", [Own: Node(check)]
}

fn check(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {
    let (Some(node), Some(stated)) = (cx.graph.node(ix), cx.graph.spec_of(ix)) else { return };
    let Some(cancel) = stated.cancel.filter(|cancel| cancel.value) else { return };
    let join = stated.join.as_ref();
    let is_join = node.role == Some(Role::Join);
    if is_join && join.is_some_and(|join| !matches!(join.value, Join::All)) {
        return;
    }
    let name = &node.name;
    let why = if is_join { "it waits for all its branches" } else { "it is no join" };
    let mut diagnostic = RULE
        .at(cancel.span, format!("`{name}` cancels nothing: {why}"))
        .on_node(name)
        .with_help("state `join: any` or `join: {quorum: …}` beside it on a join, or leave it out");
    if let Some(join) = join.filter(|_| is_join) {
        diagnostic = diagnostic.relate(join.span, "it is said here");
    }
    let label = format!("Cancel nothing at {name}");
    diagnostic.fixes.extend(fix::replace(cx, label, cancel.span, "false"));
    found.push(diagnostic);
}
