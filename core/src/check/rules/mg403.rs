use std::collections::BTreeMap;

use crate::check::{Context, Diagnostic};
use crate::fix;
use crate::graph::NodeIx;
use crate::order::Gather as _;
use crate::spec::{Duration, Execution, Node};
use crate::text::Spanned;
use crate::yaml::Fragment;

rule! {
    /// A call is given up before it may be done: a node's timeout is below its own budget, or, where each node
    /// calls its successors (`execution: chained`), below the timeout of a node that it calls and waits for. The
    /// timeout of a subgraph is not below that of any node in it.
    ///
    /// ## Why
    /// The caller gives up, the callee works on: the request is lost and its GPU time with it, and where the
    /// caller tries again the load doubles at the worst moment. Timeouts must grow from the leaves to the root.
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
    ///       budget: 10s
    ///       serving: {timeout: 5s}
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
    ///       budget: 10s
    ///       serving: {timeout: 10s}
    ///   edges:
    ///     - {from: inputs.question, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
    /// ```
    "MG403", Error, "a timeout is below what it waits for", [Near: Node(check), Always: Graph(subgraphs)]
}

fn check(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {

    let Some(node) = cx.graph.spec_of(ix) else { return };
    let Some(own) = timeout(node) else { return };
    found.extend(budget(cx, ix, own, node.budget));
    let execution = cx.graph.spec.body().and_then(|body| body.execution);
    if execution.is_some_and(|execution| execution.value == Execution::Chained) {
        found.extend(called(cx, ix, own));
    }
}

/// Subgraphs that are given up before a node in them is.
fn subgraphs(cx: &Context<'_>, found: &mut Vec<Diagnostic>) {
    // Of one graph alone nothing is known of what its subgraphs hold.
    let whole = cx.analysis.composition().filter(|all| all.is_whole(cx.graph));
    let Some(composition) = whole else { return };
    let nodes = cx.graph.model_nodes();
    let nodes = nodes.filter_map(|(ix, node)| Some((&*node.name, timeout(cx.graph.spec_of(ix)?)?)));
    let all: BTreeMap<&str, Spanned<Duration>> = nodes.chain(composition.timeouts()).gather();
    for (name, own) in composition.timeouts() {
        let prefix = format!("{name}/");
        let inside = all.range(&*prefix..).take_while(|(inner, _)| inner.starts_with(&prefix));
        let longest = inside.max_by_key(|(_, timeout)| timeout.value);
        let Some((inner, theirs)) = longest.filter(|(_, theirs)| theirs.value > own.value) else { continue };
        let message =
            format!("`{name}` is given up after {}, `{inner}` inside it only after {}", own.value, theirs.value);
        let what = format!("`{inner}` is given up after {}", theirs.value);
        found.push(raise(cx, message, (name, own), (*theirs, what)));
    }
}

fn timeout(node: &Node) -> Option<Spanned<Duration>> {
    node.serving.as_ref()?.timeout
}

fn budget(
    cx: &Context<'_>,
    ix: NodeIx,
    own: Spanned<Duration>,
    budget: Option<Spanned<Duration>>,
) -> Option<Diagnostic> {
    let budget = budget.filter(|budget| budget.value > own.value)?;
    let name = cx.graph.name(ix);
    let message = format!("`{name}` may take {}, yet is given up after {}", budget.value, own.value);
    let what = format!("its budget is {}", budget.value);
    let mut diagnostic = raise(cx, message, (name, own), (budget, what));
    let label = format!("Lower the budget to {}", own.value);
    diagnostic.fixes.extend(fix::replace(cx, label, budget.span, own.value.to_string()));
    Some(diagnostic)
}

/// The slowest of the nodes that a node calls.
fn called(cx: &Context<'_>, ix: NodeIx, own: Spanned<Duration>) -> Option<Diagnostic> {
    let graph = cx.graph;
    let calls = graph.outgoing(ix).filter(|edge| edge.target.is_model() && !edge.is_loop);
    let timeouts = calls.filter_map(|edge| Some((edge.target, timeout(graph.spec_of(edge.target)?)?)));
    let (child, theirs) = timeouts.max_by_key(|(_, timeout)| timeout.value)?;
    if theirs.value <= own.value {
        return None;
    }
    let (name, child) = (graph.name(ix), graph.name(child));
    let message = format!(
        "`{name}` calls `{child}` and is given up after {}, `{child}` only after {}",
        own.value, theirs.value
    );
    let what = format!("`{child}` is given up after {}", theirs.value);
    Some(raise(cx, message, (name, own), (theirs, what)))
}

fn raise(
    cx: &Context<'_>,
    message: String,
    (name, own): (&str, Spanned<Duration>),
    (other, what): (Spanned<Duration>, String),
) -> Diagnostic {
    let mut diagnostic = RULE
        .at(own.span, message)
        .on_node(name)
        .relate(other.span, what)
        .with_help("raise the timeout, or lower what it waits for");
    let label = format!("Wait {} for {name}", other.value);
    let path = ["spec", "nodes", name, "serving", "timeout"];
    let value = Fragment::raw(&other.value);
    diagnostic.fixes.extend(fix::set(cx, label, &path, &value));
    diagnostic
}
