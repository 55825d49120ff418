use crate::check::{Context, Diagnostic};
use crate::fix;
use crate::graph::NodeIx;
use crate::spec::Duration;

rule! {
    /// All tries of a call together may take longer than the timeout around them.
    ///
    /// ## Why
    /// The timeout ends the call in the middle of the last tries: they can never succeed, yet they are sent, and
    /// they load a server that is slow already.
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
    ///       serving: {timeout: 10s, retries: {attempts: 3, perTry: 5s}}
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
    ///       serving: {timeout: 10s, retries: {attempts: 2, perTry: 5s}}
    ///   edges:
    ///     - {from: inputs.question, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
    /// ```
    "MG404", Error, "all tries take longer than the timeout", [Own: Node(check)]
}

fn check(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {
    found.extend(tries(cx, ix));
}

fn tries(cx: &Context<'_>, ix: NodeIx) -> Option<Diagnostic> {
    let serving = cx.graph.spec_of(ix)?.serving.as_ref()?;
    let (timeout, retries) = (serving.timeout?, serving.retries.as_ref()?);
    let (attempts, each) = (retries.attempts?, retries.per_try?);
    let (times, most) = (u64::from(attempts.value.0), timeout.value);
    let all = Duration(each.value.0.saturating_mul(times));
    if all <= most {
        return None;
    }
    let name = cx.graph.name(ix);
    let message = if times == 1 {
        format!("the one try of `{name}` may take {all}, its timeout is {most}")
    } else {
        format!("`{name}` is tried {times} × {} = {all}, its timeout is {most}", each.value)
    };
    let mut diagnostic = RULE
        .at(attempts.span, message)
        .on_node(name)
        .relate(each.span, format!("one try may take {}", each.value))
        .relate(timeout.span, format!("all of them may take {most}"))
        .with_help("try less often, for less time, or raise the timeout");
    let fitting = most.0.checked_div(each.value.0).filter(|&fitting| fitting > 0);
    if let Some(fitting) = fitting {
        let label = format!("Try {fitting} times");
        diagnostic.fixes.extend(fix::replace(cx, label, attempts.span, fitting.to_string()));
    }
    let label = format!("Wait {all} for {name}");
    diagnostic.fixes.extend(fix::replace(cx, label, timeout.span, all.to_string()));
    Some(diagnostic)
}
