use crate::check::meeting::{Meeting, finding, meeting, of_items, offer_adapter};
use crate::check::{Context, Diagnostic};
use crate::fix::Planner;
use crate::infer::Conflict;

rule! {
    /// An output gives a list (or candidates) where the input takes one item, or the other way round, and no
    /// adapter stands between.
    ///
    /// ## Why
    /// Whether each item is to be handled by itself, the first is meant, or all are to be put into one, is a
    /// decision that no format can take. Left open, one server takes the first of 20 passages, the next
    /// answers with an error about JSON.
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
    ///     embedder: {role: embedder}
    ///     store: {role: retriever}
    ///     writer: {role: generator}
    ///   edges:
    ///     - {from: inputs.question, to: embedder.text}
    ///     - {from: embedder.vector, to: store.query}
    ///     - {from: store.hits, to: writer.prompt}
    ///     - {from: writer.text, to: outputs.answer}
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
    ///     embedder: {role: embedder}
    ///     store: {role: retriever}
    ///     template:
    ///       role: adapter
    ///       description: Numbers the passages and puts them into one text.
    ///       inputs: {in: {type: candidates}}
    ///       outputs: {out: {type: text}}
    ///     writer: {role: generator}
    ///   edges:
    ///     - {from: inputs.question, to: embedder.text}
    ///     - {from: embedder.vector, to: store.query}
    ///     - {from: store.hits, to: template.in}
    ///     - {from: template.out, to: writer.prompt}
    ///     - {from: writer.text, to: outputs.answer}
    /// ```
    "MG204", Error, "a list meets an item", [Always: Conflict(check)]
}

fn check(cx: &Context<'_>, conflict: &Conflict, found: &mut Vec<Diagnostic>) {
    let mut planner = Planner::new(cx);
    if meeting(cx, conflict) != Some(Meeting::List) {
        return;
    }
    let from = cx.graph.port_path(conflict.from);
    let to = cx.graph.port_path(conflict.to);
    let (given, taken) = (&conflict.given, &conflict.taken);
    let items = of_items(conflict.slot);
    let message =
        format!("`{from}` gives {items}kind `{given}`, `{to}` takes {items}kind `{taken}`");
    let Some(diagnostic) = finding(cx, &RULE, conflict, message) else {
        return;
    };
    let help = "say with an adapter how many become one, or one becomes many";
    let diagnostic = diagnostic.with_help(help);
    found.push(offer_adapter(cx, &mut planner, conflict, diagnostic));
}
