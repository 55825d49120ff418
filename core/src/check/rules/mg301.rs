use crate::check::{Context, Diagnostic};
use crate::fix;
use crate::graph::Param;
use crate::infer::Conflict;
use crate::spec::Kind;

rule! {
    /// An embedder gives vectors of one dimension, and the index behind it holds vectors of another.
    ///
    /// ## Why
    /// A vector database refuses such a query, or worse, pads or cuts it and answers nonsense. It
    /// happens when the embedding model is exchanged for its larger sibling (768 to 1024) and the
    /// collection is not built anew.
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
    ///       outputs: {vector: {dim: 1024}}
    ///     store:
    ///       role: retriever
    ///       inputs: {query: {dim: 768}}
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
    ///       outputs: {vector: {dim: 768}}
    ///     store:
    ///       role: retriever
    ///       inputs: {query: {dim: 768}}
    ///   edges:
    ///     - {from: inputs.question, to: embedder.text}
    ///     - {from: embedder.vector, to: store.query}
    ///     - {from: store.hits, to: outputs.hits}
    /// ```
    "MG301", Error, "embedding dimension differs from the index's", [Always: Conflict(check)]
}

fn check(cx: &Context<'_>, conflict: &Conflict, found: &mut Vec<Diagnostic>) {
    let mut ty = cx.typing.of(conflict.to);
    for _ in 0..conflict.slot.depth {
        ty = ty.and_then(|ty| ty.inner.as_deref());
    }
    let vector = ty.is_some_and(|ty| ty.kind == Kind::Vector);
    if !vector || conflict.slot.param != Some(Param::Dim) {
        return;
    }
    let Some(edge) = cx.graph.edge(conflict.edge) else {
        return;
    };
    let from = cx.graph.port_path(conflict.from);
    let to = cx.graph.port_path(conflict.to);
    let (given, taken) = (&conflict.given, &conflict.taken);
    let message = format!("`{from}` gives {given} dimensions, `{to}` takes {taken}");
    let mut diagnostic = RULE.at(edge.span, message).on_edge(&edge.id);
    if let Some(port) = cx.graph.port(conflict.to) {
        diagnostic = diagnostic.on_port(cx.graph.name(port.node), &port.name);
    }
    let sides = [(given, &from), (taken, &to)];
    for (side, who) in sides {
        if let Some(span) = side.span() {
            diagnostic = diagnostic.relate(span, format!("`{who}` has {side} from here"));
        }
    }
    // Which of the two is wrong only the author knows: an index is built for one dimension.
    for ((side, who), other) in sides.into_iter().zip([taken, given]).rev() {
        let label = format!("Let `{who}` have {other} dimensions");
        let fix = side
            .span()
            .and_then(|span| fix::replace(cx, label, span, other.to_string()));
        diagnostic.fixes.extend(fix);
    }
    found.push(diagnostic);
}
