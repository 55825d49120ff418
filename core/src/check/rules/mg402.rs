use crate::check::latency::at_least;
use crate::check::{Context, Diagnostic};
use crate::fix;
use crate::graph::Edge;
use crate::spec::Duration;

rule! {
    /// An edge promises less time than the hop and the node at its end take.
    ///
    /// `maxLatency` is the most that the hop and the p95 of the edge's end may take.
    ///
    /// ## Why
    /// The one who wrote the limit and the one who measured the node have not met. Alarms that watch
    /// the limit go off on the first day, and are switched off on the second.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: search}
    /// spec:
    ///   inputs: {query: {type: {kind: vector, dim: 768}}}
    ///   outputs: {hits: {type: candidates}}
    ///   nodes:
    ///     store:
    ///       role: retriever
    ///       latency: {p50: 3ms, p95: 14ms, source: declared}
    ///   edges:
    ///     - {from: inputs.query, to: store.query, hop: 2ms, maxLatency: 10ms}
    ///     - {from: store.hits, to: outputs.hits}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: search}
    /// spec:
    ///   inputs: {query: {type: {kind: vector, dim: 768}}}
    ///   outputs: {hits: {type: candidates}}
    ///   nodes:
    ///     store:
    ///       role: retriever
    ///       latency: {p50: 3ms, p95: 14ms, source: declared}
    ///   edges:
    ///     - {from: inputs.query, to: store.query, hop: 2ms, maxLatency: 20ms}
    ///     - {from: store.hits, to: outputs.hits}
    /// ```
    "MG402", Error, "an edge's latency limit is below what its end states", [Own: Edge(check)]
}

fn check(cx: &Context<'_>, edge: &Edge, found: &mut Vec<Diagnostic>) {
    found.extend(limit(cx, edge));
}

fn limit(cx: &Context<'_>, edge: &Edge) -> Option<Diagnostic> {
    let stated = cx.graph.edge_spec(edge.ix)?;
    let limit = stated.max_latency?;
    let latency = cx.graph.spec_of(edge.target).and_then(|node| node.latency.as_ref());
    let own = latency.and_then(|latency| at_least(&latency.value, 95));
    let hop = stated.hop.map_or(0, |hop| hop.value.0);
    let taken = own.map_or(0, |own| own.time.value.0);
    let sum = Duration(hop.saturating_add(taken));
    if sum <= limit.value {
        return None;
    }
    let (id, most, end) = (&edge.id, limit.value, cx.graph.name(edge.target));
    let reason = match (stated.hop, own) {
        (Some(hop), Some(own)) => format!(
            "its hop and the p{} of `{end}` take {} + {} = {sum}",
            own.percent, hop.value, own.time.value
        ),
        (None, Some(own)) => format!("the p{} of `{end}` is {sum}", own.percent),
        _ => format!("its hop alone takes {sum}"),
    };
    let message = format!("`{id}` may take {most}, {reason}");
    let mut diagnostic = RULE
        .at(limit.span, message)
        .on_edge(id)
        .with_help("raise `maxLatency`, or make the end faster");
    if let Some(own) = own {
        let what = format!("`{end}` states a p{} of {}", own.percent, own.time.value);
        diagnostic = diagnostic.relate(own.time.span, what);
    }
    if let Some(hop) = stated.hop {
        diagnostic = diagnostic.relate(hop.span, format!("the hop takes {}", hop.value));
    }
    let label = format!("Allow {sum}");
    diagnostic.fixes.extend(fix::replace(cx, label, limit.span, sum.to_string()));
    Some(diagnostic)
}
