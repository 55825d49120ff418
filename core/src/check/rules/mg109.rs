use crate::order::Arrange as _;
use crate::check::{Context, Diagnostic, Fix};
use crate::graph::{Edge, NodeIx};
use crate::spec::{Percent, Role};
use crate::text::{Spanned, TextEdit};

rule! {
    /// The weights of the edges that leave a splitter are not 100 % together. Where some edges state none,
    /// they share what the others leave, which cannot be less than nothing.
    ///
    /// ## Why
    /// A canary of 5 % beside 90 % leaves 5 % of the requests without a place to go; some gateways refuse such
    /// a rule, others scale it in silence, and the experiment is read with the wrong shares.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: canary}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     split: {role: splitter}
    ///     stable: {role: generator}
    ///     canary: {role: generator}
    ///   edges:
    ///     - {from: inputs.question, to: split.in}
    ///     - {from: split.out, to: stable.prompt, weight: 90%}
    ///     - {from: split.out, to: canary.prompt, weight: 5%}
    ///     - {from: stable.text, to: outputs.answer}
    ///     - {from: canary.text, to: outputs.answer}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: canary}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     split: {role: splitter}
    ///     stable: {role: generator}
    ///     canary: {role: generator}
    ///   edges:
    ///     - {from: inputs.question, to: split.in}
    ///     - {from: split.out, to: stable.prompt, weight: 95%}
    ///     - {from: split.out, to: canary.prompt, weight: 5%}
    ///     - {from: stable.text, to: outputs.answer}
    ///     - {from: canary.text, to: outputs.answer}
    /// ```
    "MG109", Error, "weights of a splitter do not add up", [Own: Node(check)]
}

/// All of the requests.
const WHOLE: u64 = 1_000_000;
/// What scaled weights are rounded to: a hundredth of a percent.
const STEP: u64 = 100;

fn check(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {
    let Some(node) = cx.graph.node(ix) else { return };
    if node.role != Some(Role::Splitter) {
        return;
    }
    let edges = cx.graph.outgoing(ix).filter(|edge| edge.ports.is_some() && !edge.is_loop);
    let edges: Vec<(&Edge, Option<Spanned<Percent>>)> = edges
        .map(|edge| (edge, cx.graph.edge_spec(edge.ix).and_then(|spec| spec.weight)))
        .collect();
    let stated: Vec<Spanned<Percent>> = edges.iter().filter_map(|(_, weight)| *weight).collect();
    let sum = stated.iter().fold(0_u64, |sum, weight| sum.saturating_add(weight.value.0));
    let fair = if stated.len() < edges.len() { sum <= WHOLE } else { sum == WHOLE };
    if stated.is_empty() || fair {
        return;
    }
    // A broken edge may carry what is missing.
    if cx.meant().nodes.contains(&ix) {
        return;
    }
    let total = Percent(sum);
    let message = format!("the weights of splitter `{}` add up to {total}, not 100%", node.name);
    let mut diagnostic = RULE
        .at(node.span, message)
        .on_node(&node.name)
        .with_help("state weights that are 100% together, or none for equal shares");
    for (edge, weight) in &edges {
        if let Some(weight) = weight {
            let target = target(cx, edge.target);
            diagnostic = diagnostic.relate(weight.span, format!("{} to {target}", weight.value));
        }
    }
    if cx.editable {
        diagnostic.fixes.extend(scale(&stated, sum));
    }
    found.push(diagnostic);
}

fn target(cx: &Context<'_>, node: NodeIx) -> String {
    if node.is_model() {
        format!("`{}`", cx.graph.name(node))
    } else {
        "the graph's outputs".to_owned()
    }
}

/// Scales weights to the whole, by largest remainders.
fn scale(stated: &[Spanned<Percent>], sum: u64) -> Option<Fix> {
    let steps = WHOLE.checked_div(STEP)?;
    let mut shares = Vec::with_capacity(stated.len());
    for (at, weight) in stated.iter().enumerate() {
        let scaled = u128::from(weight.value.0).checked_mul(u128::from(steps))?;
        let share = u64::try_from(scaled.checked_div(u128::from(sum))?).ok()?;
        shares.push((scaled.checked_rem(u128::from(sum))?, at, share));
    }
    let given = shares.iter().fold(0_u64, |sum, (_, _, share)| sum.saturating_add(*share));
    let missing = usize::try_from(steps.checked_sub(given)?).ok()?;
    shares.arrange_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    for (_, _, share) in shares.iter_mut().take(missing) {
        *share = share.saturating_add(1);
    }
    let edits = shares.iter().filter_map(|(_, at, share)| {
        let weight = stated.get(*at)?;
        let text = Percent(share.saturating_mul(STEP)).to_string();
        Some(TextEdit::replace(weight.span, text))
    });
    Some(Fix::choice("Scale the weights to 100%", edits.collect()))
}
