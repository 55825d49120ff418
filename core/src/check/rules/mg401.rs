use crate::check::latency::{Percentile, Times, at_least, objectives};
use crate::check::{Context, Diagnostic, Severity};
use crate::graph::{Edge, NodeIx, heaviest_path};
use crate::spec::Duration;
use crate::text::Span;

rule! {
    /// The latencies that the nodes state cannot keep, or hardly keep, the graph's objective.
    ///
    /// An error: the budgets along a path add up to more than the objective's highest percentile,
    /// or one node that every request passes has a percentile above the objective's. A warning: the
    /// percentiles along the critical path add up to more. Percentiles do not add: such a sum is
    /// neither a bound nor an estimate. The estimate is the simulation.
    ///
    /// ## Why
    /// Each team keeps its own objective and the whole misses its own: a reranker that adds 80 ms
    /// breaks the promise of a generator that nobody touched. A request is at least as slow as the
    /// slowest node that it passes, so what one node states can refute the objective at once.
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
    ///       latency: {p50: 2s, p95: 6s, source: declared}
    ///   edges:
    ///     - {from: inputs.question, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
    ///   objectives:
    ///     latency: {p95: 4s}
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
    ///       latency: {p50: 1s, p95: 3s, source: declared}
    ///   edges:
    ///     - {from: inputs.question, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
    ///   objectives:
    ///     latency: {p95: 4s}
    /// ```
    "MG401", Error, "latencies along a path exceed the objective", [Always: Graph(check)]
}

const NOT_ADDITIVE: &str = "percentiles do not add: the sum is neither bound nor estimate";

fn check(cx: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let Some(spec) = cx.graph.spec.body() else { return };
    let objective = spec.objectives.as_ref().and_then(|stated| stated.latency.as_ref());
    let goals = objective.map(|stated| objectives(&stated.value)).unwrap_or_default();
    let before = found.len();
    found.extend(budgets(cx, &goals));
    single(cx, &goals, found);
    if found.len() == before {
        found.extend(goals.iter().find_map(|goal| sum(cx, goal)));
    }
}

/// One step of a path and how long it takes.
struct Part {
    name: String,
    time: u64,
    span: Option<Span>,
    /// What figure it is, where it is not the one of the others.
    figure: Option<u32>,
}

/// The slowest path by what each node takes, hops included; `None` where there is no path, or all
/// of it takes no longer than the goal. `weight` says what `time` does, in a number.
fn slowest(
    cx: &Context<'_>,
    goal: Duration,
    weight: impl Fn(&Times) -> u64,
    time: impl Fn(NodeIx) -> Option<(Duration, Span, Option<u32>)>,
) -> Option<(Vec<Part>, u64)> {
    let graph = cx.graph;
    let hop = |edge: &Edge| edge.hop.0;
    let times = cx.times();
    let weight = |ix: NodeIx| times.get(ix.0 as usize).map_or(0, &weight);
    let nothing = || {
        let mut nodes = graph.model_nodes().map(|(ix, _)| ix);
        nodes.all(|ix| weight(ix) == 0) && graph.edges.iter().all(|edge| hop(edge) == 0)
    };
    if nothing() {
        return None;
    }
    let (path, sum) = heaviest_path(graph, cx.order(), weight, |hop| hop.0)?;
    if sum <= goal.0 {
        return None;
    }
    let mut parts = Vec::new();
    for (&from, &to) in path.iter().zip(path.iter().skip(1)) {
        let edges = graph.outgoing(from).filter(|edge| edge.target == to && !edge.is_loop);
        if let Some(edge) = edges.max_by_key(|edge| hop(edge))
            && hop(edge) > 0
        {
            let span = graph.edge_spec(edge.ix).and_then(|edge| edge.hop).map(|hop| hop.span);
            let name = format!("the hop to {}", graph.name(to));
            parts.push(Part { name, time: hop(edge), span, figure: None });
        }
        if let Some((time, span, figure)) = time(to) {
            let name = format!("`{}`", graph.name(to));
            parts.push(Part { name, time: time.0, span: Some(span), figure });
        }
    }
    Some((parts, sum))
}

/// `` `guard` 40ms + `generator` 7.98s = 8.02s > 8s ``
fn addition(parts: &[Part], sum: u64, goal: Duration) -> String {
    let terms: Vec<String> = parts
        .iter()
        .map(|part| {
            let figure = part.figure.map_or_else(String::new, |percent| format!(" (p{percent})"));
            format!("{} {}{figure}", part.name, Duration(part.time))
        })
        .collect();
    let terms = terms.join(" + ");
    if parts.len() > 1 {
        format!("{terms} = {} > {goal}", Duration(sum))
    } else {
        format!("{terms} > {goal}")
    }
}

fn shares(diagnostic: Diagnostic, parts: &[Part], sum: u64, goal: Duration) -> Diagnostic {
    let all = parts.iter().fold(diagnostic, |diagnostic, part| {
        let share = u128::from(part.time).saturating_mul(100).checked_div(u128::from(sum));
        let share = share.unwrap_or(0);
        let diagnostic = diagnostic.row(&part.name, format!("{}, {share} %", Duration(part.time)));
        match part.span {
            Some(span) => {
                let time = Duration(part.time);
                diagnostic.relate(span, format!("{} has {time}, {share} % of the sum", part.name))
            }
            None => diagnostic,
        }
    });
    all.row("together", Duration(sum).to_string()).row("the objective", goal.to_string())
}

fn budgets(cx: &Context<'_>, goals: &[Percentile]) -> Option<Diagnostic> {
    let goal = goals.last()?;
    let (parts, sum) = slowest(cx, goal.time.value, |times| times.budget, |node| {
        let budget = cx.graph.spec_of(node)?.budget?;
        Some((budget.value, budget.span, None))
    })?;
    if parts.is_empty() {
        return None;
    }
    let addition = addition(&parts, sum, goal.time.value);
    let message =
        format!("the budgets along a path exceed the objective's p{}: {addition}", goal.percent);
    let help = "lower the budgets along this path, or raise the objective";
    let diagnostic = RULE.at(goal.time.span, message).with_help(help);
    Some(shares(diagnostic, &parts, sum, goal.time.value))
}

fn single(cx: &Context<'_>, goals: &[Percentile], found: &mut Vec<Diagnostic>) {
    if goals.is_empty() {
        return;
    }
    let times = cx.times();
    let is_over = |ix: NodeIx| {
        let own = times.get(ix.0 as usize);
        own.is_some_and(|own| goals.iter().any(|goal| own.at_least(goal.percent) > goal.time.value.0))
    };
    // Which nodes every request passes takes longer to say than which are too slow.
    if !cx.graph.model_nodes().any(|(ix, _)| is_over(ix)) {
        return;
    }
    for &node in cx.passed() {
        if !is_over(node) {
            continue;
        }
        let latency = cx.graph.spec_of(node).and_then(|node| node.latency.as_ref());
        let Some(latency) = latency else { continue };
        let broken = goals.iter().find_map(|goal| {
            let own = at_least(&latency.value, goal.percent)?;
            (own.time.value > goal.time.value).then_some((own, goal))
        });
        let Some((own, goal)) = broken else { continue };
        let name = cx.graph.name(node);
        let (time, objective) = (own.time.value, goal.time.value);
        let message = format!(
            "`{name}` alone has a p{} of {time}, the objective's p{} is {objective}, and every request passes it",
            own.percent, goal.percent
        );
        let diagnostic = RULE
            .at(own.time.span, message)
            .on_node(name)
            .relate(goal.time.span, format!("the objective's p{} is {objective}", goal.percent))
            .with_help(format!("make `{name}` faster, or raise the objective"));
        found.push(diagnostic);
    }
}

fn sum(cx: &Context<'_>, goal: &Percentile) -> Option<Diagnostic> {
    let at_goal = |times: &Times| times.at_least(goal.percent);
    let (parts, sum) = slowest(cx, goal.time.value, at_goal, |node| {
        let latency = cx.graph.spec_of(node)?.latency.as_ref()?;
        let own = at_least(&latency.value, goal.percent)?;
        let figure = (own.percent != goal.percent).then_some(own.percent);
        Some((own.time.value, own.time.span, figure))
    })?;
    if parts.is_empty() {
        return None;
    }
    let percent = goal.percent;
    let addition = addition(&parts, sum, goal.time.value);
    let message = format!(
        "the p{percent} along the critical path add up to more than the objective's: {addition}; {NOT_ADDITIVE}"
    );
    let diagnostic = RULE
        .at(goal.time.span, message)
        .with_severity(Severity::Warning)
        .with_help("simulate the graph: that is the estimate");
    Some(shares(diagnostic, &parts, sum, goal.time.value))
}
