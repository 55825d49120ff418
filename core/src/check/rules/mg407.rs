use crate::check::{Context, Diagnostic};
use crate::graph::NodeIx;
use crate::spec::LatencySource;

rule! {
    /// A latency does not say where it comes from, or was measured or simulated without saying under which load.
    /// A declared one needs no load: it counts as that of a server that does nothing else.
    ///
    /// ## Why
    /// 40 ms at one request a second and 40 ms at a hundred are two different servers. A figure without its load
    /// cannot be checked against a workload, and nobody can measure it again.
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
    ///     generator: {role: generator, latency: {p50: 1s, p95: 3s, source: measured}}
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
    ///     generator: {role: generator, latency: {p50: 1s, p95: 3s, source: measured, at: {rate: 4rps}}}
    ///   edges:
    ///     - {from: inputs.question, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
    /// ```
    "MG407", Info, "a latency without source or load", [Own: Node(check)]
}

fn check(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {
    let Some(node) = cx.graph.node(ix) else { return };
    let Some(latency) = cx.graph.spec_of(ix).and_then(|node| node.latency.as_ref()) else {
        return;
    };
    let name = &node.name;
    let load = latency.at.as_ref().map(|at| &at.value);
    let loaded = load.is_some_and(|at| at.rate.is_some() || at.batch.is_some());
    let (span, message, help) = match latency.source {
        None => (
            latency.span,
            format!("the latency of `{name}` does not say where it comes from"),
            "state `source: declared`, `measured` or `simulated`",
        ),
        Some(source) if source.value != LatencySource::Declared && !loaded => (
            source.span,
            format!("the latency of `{name}` was {}, it does not say under which load", source.value),
            "state the load, as in `at: {rate: 20rps}`",
        ),
        Some(_) => return,
    };
    found.push(RULE.at(span, message).on_node(name).with_help(help));
}
