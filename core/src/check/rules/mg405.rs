use crate::check::latency::{highest, lowest};
use crate::check::structure::{Way, mark};
use crate::check::{Context, Diagnostic};
use crate::graph::{Edge, NodeIx};
use crate::spec::{Duration, Join, Role};

rule! {
    /// A join waits for all its branches, and one of them is done whatever happens before the other: even its
    /// slow requests are faster than the other's fast ones. Only what is stated counts, and of the nodes that both
    /// branches pass nothing.
    ///
    /// ## Why
    /// The faster branch is never on the critical path. To make it faster still helps nobody, its GPU may be a
    /// cheaper one, and what it does could be done more thoroughly in the time that is waited anyway.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: both}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answers: {type: {kind: list, of: text}}}
    ///   nodes:
    ///     quick: {role: generator, latency: {p50: 100ms, p99: 400ms, source: declared}}
    ///     thorough: {role: generator, latency: {p50: 2s, p99: 9s, source: declared}}
    ///     both: {role: join}
    ///   edges:
    ///     - {from: inputs.question, to: quick.prompt}
    ///     - {from: inputs.question, to: thorough.prompt}
    ///     - {from: quick.text, to: both.in}
    ///     - {from: thorough.text, to: both.in}
    ///     - {from: both.out, to: outputs.answers}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: both}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answers: {type: {kind: list, of: text}}}
    ///   nodes:
    ///     quick: {role: generator, latency: {p50: 1s, p99: 4s, source: declared}}
    ///     thorough: {role: generator, latency: {p50: 2s, p99: 9s, source: declared}}
    ///     both: {role: join}
    ///   edges:
    ///     - {from: inputs.question, to: quick.prompt}
    ///     - {from: inputs.question, to: thorough.prompt}
    ///     - {from: quick.text, to: both.in}
    ///     - {from: thorough.text, to: both.in}
    ///     - {from: both.out, to: outputs.answers}
    /// ```
    "MG405", Info, "a branch of a join always waits", [Always: Graph(check)]
}

/// How many nodes may be looked at for the joins of a graph.
const STEPS: usize = 1_000_000;

fn check(cx: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let graph = cx.graph;
    let mut left = STEPS;
    for ix in graph.of_role(Role::Join) {
        let join = graph.spec_of(ix).and_then(|node| node.join.as_ref());
        if join.is_some_and(|join| !matches!(join.value, Join::All)) {
            continue;
        }
        let branches: Vec<&Edge> =
            graph.incoming(ix).filter(|edge| !edge.is_loop && edge.source.is_model()).collect();
        let pairs = branches.len().saturating_mul(branches.len());
        let Some(rest) = left.checked_sub(pairs.saturating_mul(graph.nodes.len())) else { return };
        left = rest;
        found.extend(waiting(cx, cx.order(), ix, &branches));
    }
}

/// The nodes that a branch runs through, its last one included.
fn upstream(cx: &Context<'_>, branch: &Edge) -> Vec<bool> {
    let mut marks = vec![false; cx.graph.nodes.len()];
    mark(cx.graph, [branch.source], Way::Back, &mut marks);
    marks
}

fn waiting(cx: &Context<'_>, order: &[NodeIx], join: NodeIx, branches: &[&Edge]) -> Option<Diagnostic> {
    let all: Vec<(&Edge, Vec<bool>)> = branches.iter().map(|&edge| (edge, upstream(cx, edge))).collect();
    for (fast, passed) in &all {
        for (slow, others) in all.iter().filter(|(slow, _)| slow.ix != fast.ix) {
            let own = |mine: &[bool], theirs: &[bool], ix: NodeIx| {
                let at = ix.0 as usize;
                mine.get(at) == Some(&true) && theirs.get(at) != Some(&true)
            };
            let at_most = longest(cx, order, fast, |ix| own(passed, others, ix), |ix| most(cx, ix));
            let at_least = longest(cx, order, slow, |ix| own(others, passed, ix), |ix| Some(least(cx, ix)));
            let (Some(at_most), Some(at_least)) = (at_most, at_least) else { continue };
            if at_most >= at_least || at_most == 0 {
                continue;
            }
            let name = cx.graph.name(join);
            let (quick, long) = (cx.graph.name(fast.source), cx.graph.name(slow.source));
            let (at_most, at_least) = (Duration(at_most), Duration(at_least));
            let message = format!(
                "at `{name}` the branch of `{quick}` always waits for that of `{long}`: it states at most {at_most}, the other at least {at_least}"
            );
            let diagnostic = RULE
                .at(fast.span, message)
                .on_edge(&fast.id)
                .on_node(name)
                .relate(slow.span, format!("it waits for what comes along here, {at_least} at least"))
                .with_help(format!("`{quick}` may be slower, and so cheaper or more thorough, at no cost in latency"));
            return Some(diagnostic);
        }
    }
    None
}

/// The longest way through the nodes of a branch; `None` where a node's time is not known.
fn longest(
    cx: &Context<'_>,
    order: &[NodeIx],
    branch: &Edge,
    own: impl Fn(NodeIx) -> bool,
    time: impl Fn(NodeIx) -> Option<u64>,
) -> Option<u64> {
    let graph = cx.graph;
    let mut done = vec![0_u64; graph.nodes.len()];
    let hop = |edge: &Edge| graph.edge_spec(edge.ix).and_then(|edge| edge.hop).map_or(0, |hop| hop.value.0);
    for &ix in order.iter().filter(|&&ix| own(ix)) {
        let before = graph.incoming(ix).filter(|edge| !edge.is_loop).map(|edge| {
            let known = done.get(edge.source.0 as usize).copied().unwrap_or(0);
            known.saturating_add(hop(edge))
        });
        let sum = before.max().unwrap_or(0).saturating_add(time(ix)?);
        if let Some(slot) = done.get_mut(ix.0 as usize) {
            *slot = sum;
        }
    }
    let last = done.get(branch.source.0 as usize).copied()?;
    Some(last.saturating_add(hop(branch)))
}

/// The longest time that a node states; what routes and joins without a program takes none.
fn most(cx: &Context<'_>, ix: NodeIx) -> Option<u64> {
    let node = cx.graph.spec_of(ix)?;
    if let Some(latency) = &node.latency {
        return highest(&latency.value).map(|known| known.time.value.0);
    }
    let role = cx.graph.node(ix)?.role;
    let idle = matches!(role, Some(Role::Router | Role::Splitter | Role::Join));
    (idle && node.serving.is_none() && node.service.is_none()).then_some(0)
}

fn least(cx: &Context<'_>, ix: NodeIx) -> u64 {
    let latency = cx.graph.spec_of(ix).and_then(|node| node.latency.as_ref());
    latency.and_then(|latency| lowest(&latency.value)).map_or(0, |known| known.time.value.0)
}
