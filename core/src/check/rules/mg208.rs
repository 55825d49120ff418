use crate::check::meeting::{Meeting, finding, meeting, of_items, offer_adapter};
use crate::check::{Context, Diagnostic};
use crate::edit::Command;
use crate::fix::Planner;
use crate::graph::Edge;
use crate::infer::Conflict;
use crate::spec::{Kind, Role};

rule! {
    /// A value that arrives in pieces flows into an input, or into a join that waits for its branches, that
    /// needs it whole.
    ///
    /// ## Why
    /// A guardrail that reads the first words of an answer has not read the answer; and a join that waits for
    /// several values cannot say when one of them is complete. What gathers the pieces costs time, which the
    /// graph should show as a node.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: stream}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     writer:
    ///       role: generator
    ///       outputs: {text: {type: {kind: stream, of: text}}}
    ///     polish:
    ///       role: postprocessor
    ///       inputs: {in: {type: text}}
    ///       outputs: {out: {type: text}}
    ///   edges:
    ///     - {from: inputs.question, to: writer.prompt}
    ///     - {from: writer.text, to: polish.in}
    ///     - {from: polish.out, to: outputs.answer}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: stream}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     writer:
    ///       role: generator
    ///       outputs: {text: {type: {kind: stream, of: text}}}
    ///     gather:
    ///       role: adapter
    ///       inputs: {in: {type: {kind: stream, of: text}}}
    ///       outputs: {out: {type: text}}
    ///     polish:
    ///       role: postprocessor
    ///       inputs: {in: {type: text}}
    ///       outputs: {out: {type: text}}
    ///   edges:
    ///     - {from: inputs.question, to: writer.prompt}
    ///     - {from: writer.text, to: gather.in}
    ///     - {from: gather.out, to: polish.in}
    ///     - {from: polish.out, to: outputs.answer}
    /// ```
    "MG208", Error, "a stream meets what needs the whole value", [Always: Conflict(check), Own: Edge(joins)]
}

const HELP: &str = "gather the pieces with an adapter, or let the receiver take a `stream`";

fn check(cx: &Context<'_>, conflict: &Conflict, found: &mut Vec<Diagnostic>) {
    if meeting(cx, conflict) != Some(Meeting::Stream) {
        return;
    }
    let from = cx.graph.port_path(conflict.from);
    let to = cx.graph.port_path(conflict.to);
    let (items, taken) = (of_items(conflict.slot), &conflict.taken);
    let message = format!("`{from}` gives {items}a stream, `{to}` takes {items}a whole {taken}");
    let Some(diagnostic) = finding(cx, &RULE, conflict, message) else {
        return;
    };
    let diagnostic = diagnostic.with_help(HELP);
    found.push(offer_adapter(cx, &mut Planner::new(cx), conflict, diagnostic));
}

/// A join that waits for several values waits for each to be whole; one that hands on a value hands
/// on a stream as well.
fn joins(cx: &Context<'_>, edge: &Edge, found: &mut Vec<Diagnostic>) {
        let Some((from, to)) = edge.ports else { return };
        let gives = cx.typing.of(from).map(|ty| ty.kind);
        let takes = cx.typing.of(to).map(|ty| ty.kind);
        let role = cx.graph.node(edge.target).and_then(|node| node.role);
        if gives != Some(Kind::Stream)
            || takes == Some(Kind::Stream)
            || role != Some(Role::Join)
            || cx.merging().contains(&edge.target)
            || is_told(cx, edge)
        {
            return;
        }
        let join = cx.graph.name(edge.target);
        let from = cx.graph.port_path(from);
        let message = format!("`{from}` gives a stream, the join `{join}` waits for whole values");
        let mut diagnostic = RULE.at(edge.span, message).on_edge(&edge.id).with_help(HELP);
        if let Some(port) = cx.graph.port(to) {
            diagnostic = diagnostic.on_port(join, &port.name);
        }
        let command = Command::InsertAdapter {
            edge: edge.id.clone(),
        };
        diagnostic
            .fixes
            .extend(Planner::new(cx).choice("Insert an adapter", &command));
        found.push(diagnostic);
}

/// Whether the types of its ports say it already.
fn is_told(cx: &Context<'_>, edge: &Edge) -> bool {
    let mut own = cx.typing.conflicts.iter().filter(|conflict| conflict.edge == edge.ix);
    own.any(|conflict| meeting(cx, conflict) == Some(Meeting::Stream))
}
