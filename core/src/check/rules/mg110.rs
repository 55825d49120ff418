use crate::check::{Context, Diagnostic, Fix};
use crate::graph::{Direction, Edge, PortIx};
use crate::spec::Condition;
use crate::text::{Spanned, TextEdit};

rule! {
    /// All edges that leave an output have a condition, and none is the default: a value that meets none of
    /// them goes nowhere.
    ///
    /// ## Why
    /// A router that was written for three topics meets a fourth, and the request waits for its timeout.
    /// `when: default` says where all else goes.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: triage}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     route: {role: router}
    ///     small: {role: generator}
    ///     large: {role: generator}
    ///   edges:
    ///     - {from: inputs.question, to: route.in}
    ///     - {from: route.out, to: small.prompt, when: "size(output) < 200"}
    ///     - {from: route.out, to: large.prompt, when: "size(output) > 200"}
    ///     - {from: small.text, to: outputs.answer}
    ///     - {from: large.text, to: outputs.answer}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: triage}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     route: {role: router}
    ///     small: {role: generator}
    ///     large: {role: generator}
    ///   edges:
    ///     - {from: inputs.question, to: route.in}
    ///     - {from: route.out, to: small.prompt, when: "size(output) < 200"}
    ///     - {from: route.out, to: large.prompt, when: default}
    ///     - {from: small.text, to: outputs.answer}
    ///     - {from: large.text, to: outputs.answer}
    /// ```
    "MG110", Warning, "conditions without a default", [Own: Port(check)]
}

/// The most edges that are offered as the default.
const OFFERED: usize = 4;

fn check(cx: &Context<'_>, ix: PortIx, found: &mut Vec<Diagnostic>) {
    let Some(port) = cx.graph.port(ix) else { return };
    if port.direction != Direction::Output {
        return;
    }
    let edges: Vec<&Edge> = cx.graph.edges_at(ix).filter(|edge| !edge.is_loop).collect();
    let conditions: Vec<(&Edge, &Spanned<Condition>)> = edges
        .iter()
        .filter_map(|&edge| Some((edge, cx.graph.edge_spec(edge.ix)?.when.as_ref()?)))
        .collect();
    // A value that may be missing has somewhere to go: nowhere.
    let matters = edges.iter().any(|edge| edge.required);
    let is_default = |(_, when): &(&Edge, &Spanned<Condition>)| when.value.0.trim() == "default";
    if conditions.is_empty()
        || conditions.len() < edges.len()
        || !matters
        || conditions.iter().any(is_default)
    {
        return;
    }
    // A broken edge from here may be the default.
    if cx.meant().ports.contains(&ix) {
        return;
    }
    let path = cx.graph.port_path(ix);
    let message = match conditions.as_slice() {
        [(edge, _)] => format!("`{path}` has one edge, `{}`, with a condition and no default", edge.id),
        many => format!("`{path}` has {} edges, all with conditions and none the default", many.len()),
    };
    let Some((last, _)) = conditions.last() else { return };
    let mut diagnostic = RULE
        .at(last.span, message)
        .on_port(cx.graph.name(port.node), &port.name)
        .on_edge(&last.id)
        .with_help("state `when: default` on the edge that takes all else");
    for (_, when) in conditions.iter().take(8) {
        diagnostic = diagnostic.relate(when.span, format!("when `{}`", when.value.0));
    }
    if cx.editable {
        for (edge, when) in conditions.iter().rev().take(OFFERED) {
            let label = format!("Make `{}` the default", edge.id);
            let edit = TextEdit::replace(when.span, "default");
            diagnostic = diagnostic.with_fix(Fix::choice(label, vec![edit]));
        }
    }
    found.push(diagnostic);
}
