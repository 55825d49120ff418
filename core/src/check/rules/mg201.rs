use crate::check::meeting::{Meeting, finding, meeting, of_items, offer_adapter};
use crate::check::{Context, Diagnostic};
use crate::fix::Planner;
use crate::graph::Param;
use crate::infer::Conflict;
use crate::spec::Kind;

rule! {
    /// An edge joins an output and an input whose values are different things: a text and a vector, or two
    /// formats of one kind.
    ///
    /// ## Why
    /// Nothing converts a value on its way. A retriever that is handed text where it takes a vector refuses
    /// the request, or embeds it with a model of its own choice, which is the worse of the two.
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
    ///     store: {role: retriever}
    ///   edges:
    ///     - {from: inputs.question, to: store.query}
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
    ///     embedder: {role: embedder}
    ///     store: {role: retriever}
    ///   edges:
    ///     - {from: inputs.question, to: embedder.text}
    ///     - {from: embedder.vector, to: store.query}
    ///     - {from: store.hits, to: outputs.hits}
    /// ```
    "MG201", Error, "payload kinds differ", [Always: Conflict(check)]
}

fn check(cx: &Context<'_>, conflict: &Conflict, found: &mut Vec<Diagnostic>) {
    let mut planner = Planner::new(cx);
    let kinds = meeting(cx, conflict) == Some(Meeting::Kinds);
    if !kinds && !is_format(cx, conflict) {
        return;
    }
    let from = cx.graph.port_path(conflict.from);
    let to = cx.graph.port_path(conflict.to);
    let (given, taken) = (&conflict.given, &conflict.taken);
    let items = of_items(conflict.slot);
    let what = conflict.slot.param.map_or("kind", |param| param.key());
    let message =
        format!("`{from}` gives {items}{what} `{given}`, `{to}` takes {items}{what} `{taken}`");
    let Some(diagnostic) = finding(cx, &RULE, conflict, message) else {
        return;
    };
    let help = "connect what has the type that is taken, or convert it with an adapter";
    let diagnostic = diagnostic.with_help(help);
    found.push(offer_adapter(cx, &mut planner, conflict, diagnostic));
}

/// Whether it is formats of one kind that differ; those of messages have a rule of their own.
fn is_format(cx: &Context<'_>, conflict: &Conflict) -> bool {
    match conflict.slot.param {
        Some(Param::MediaType | Param::Classes | Param::Sparse) => true,
        Some(Param::Format) => {
            let mut ty = cx.typing.of(conflict.to);
            for _ in 0..conflict.slot.depth {
                ty = ty.and_then(|ty| ty.inner.as_deref());
            }
            ty.is_some_and(|ty| ty.kind != Kind::Messages)
        }
        _ => false,
    }
}
