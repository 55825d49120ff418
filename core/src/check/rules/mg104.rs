use crate::check::structure::is_unfed;
use crate::check::{Context, Diagnostic};
use crate::edit::Command;
use crate::fix::{Planner, sources};
use crate::graph::{NodeIx, PortIx};

rule! {
    /// A node takes a value that no edge brings, or the graph promises an output that nothing gives.
    ///
    /// ## Why
    /// The first request fails, or the node runs with a default that nobody chose: a reranker that gets no
    /// query orders passages by an empty text, and the answers are only slightly worse.
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
    ///     embedder: {role: embedder}
    ///     store: {role: retriever}
    ///     reranker: {role: reranker}
    ///   edges:
    ///     - {from: inputs.question, to: embedder.text}
    ///     - {from: embedder.vector, to: store.query}
    ///     - {from: store.hits, to: reranker.candidates}
    ///     - {from: reranker.ranked, to: outputs.hits}
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
    ///     embedder: {role: embedder}
    ///     store: {role: retriever}
    ///     reranker: {role: reranker}
    ///   edges:
    ///     - {from: inputs.question, to: embedder.text}
    ///     - {from: embedder.vector, to: store.query}
    ///     - {from: store.hits, to: reranker.candidates}
    ///     - {from: inputs.question, to: reranker.query}
    ///     - {from: reranker.ranked, to: outputs.hits}
    /// ```
    "MG104", Error, "a required input has nothing connected", [Own: Port(check)]
}

fn check(cx: &Context<'_>, ix: PortIx, found: &mut Vec<Diagnostic>) {
    let Some(port) = cx.graph.port(ix) else { return };
    if !is_unfed(cx.graph, cx.meant(), ix) {
        return;
    }
    let mut planner = Planner::new(cx);
    let path = cx.graph.port_path(ix);
    let kind = cx.typing.of(ix).map_or("any", |ty| ty.kind.word());
    let mut diagnostic = if port.node == NodeIx::OUTPUTS {
        let message = format!("nothing gives the graph's output `{}`", port.name);
        RULE.at(port.span, message)
    } else {
        RULE.at(port.span, format!("`{path}` needs a value, and no edge brings one"))
    };
    diagnostic = diagnostic.on_port(cx.graph.name(port.node), &port.name);
    diagnostic = diagnostic.with_help(if kind == "any" {
        "connect an output to it, or state `required: false` on it".to_owned()
    } else {
        format!("connect an output that gives {kind}, or state `required: false` on it")
    });
    offer(cx, &mut planner, ix, &mut diagnostic);
    found.push(diagnostic);
}

fn offer(cx: &Context<'_>, planner: &mut Planner<'_>, ix: PortIx, diagnostic: &mut Diagnostic) {
    let (Some(port), Some(taken)) = (cx.graph.port(ix), cx.typing.of(ix)) else {
        return;
    };
    if !planner.is_open() {
        return;
    }
    let to = cx.graph.port_path(ix);
    for source in sources(cx, port.node, &port.name, taken) {
        let from = cx.graph.port_path(source);
        let label = format!("Connect `{from}`");
        let to = to.clone();
        diagnostic.fixes.extend(planner.choice(label, &Command::Connect { from, to }));
    }
}
