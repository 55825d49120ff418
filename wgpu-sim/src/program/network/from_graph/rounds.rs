//! Loops of a document: who goes round, how often, and what that adds.

use std::collections::{BTreeMap, BTreeSet};

use modelspec_core::check::Diagnostic;
use modelspec_core::graph::{Edge, EdgeIx, Graph, NodeIx};
use modelspec_core::spec::{self, Distribution, Role};

use super::super::rounds::NESTED;
use super::super::{Back, Share};
use super::refused;

/// The loops of a graph.
pub(super) struct Loops {
    /// The share of each edge back.
    shares: BTreeMap<EdgeIx, Back>,
}

impl Loops {
    /// Reads the loops. `visits`, by the node's number, are without their rounds; they are added.
    /// What cannot be simulated is added to `found`.
    pub(super) fn new(
        graph: &Graph,
        shares: &BTreeMap<EdgeIx, Share>,
        visits: &mut [f64],
        found: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut heads: BTreeMap<NodeIx, Vec<&Edge>> = BTreeMap::new();
        for edge in graph.edges.iter().filter(|edge| edge.is_loop) {
            heads.entry(edge.target).or_default().push(edge);
        }
        let mut backs = BTreeMap::new();
        let mut seen: BTreeSet<NodeIx> = BTreeSet::new();
        for (head, edges) in heads {
            let onward = reach(graph, &[head], |edge| (edge.source, edge.target));
            let mut body = BTreeSet::new();
            let mut rounds = Vec::new();
            for edge in edges {
                let backward = reach(graph, &[edge.source], |edge| (edge.target, edge.source));
                body.extend(onward.intersection(&backward).copied());
                match back(graph, edge, shares.get(&edge.ix)) {
                    Ok(back) => rounds.push((edge, back)),
                    Err(reason) => {
                        let name = graph.name(edge.source);
                        found.push(refused(edge.span, name, &reason));
                    }
                }
            }
            if let Some(&twice) = body.intersection(&seen).next() {
                let node = graph.node(twice);
                let span = node.map_or_else(Default::default, |node| node.span);
                found.push(refused(span, graph.name(twice), NESTED));
            }
            let tokens = told(graph, &body, head, visits);
            for (_, back) in &mut rounds {
                back.tokens = tokens;
            }
            count(graph, head, &body, &rounds, visits);
            backs.extend(rounds.into_iter().map(|(edge, back)| (edge.ix, back)));
            seen.extend(body);
        }
        Self { shares: backs }
    }

    /// The share of an edge back.
    pub(super) fn share(&self, edge: EdgeIx) -> Option<Share> {
        self.shares.get(&edge).copied().map(Share::Back)
    }
}

/// Which requests an edge takes back: as its share says, and its `continue` where that is a
/// probability.
fn back(graph: &Graph, edge: &Edge, share: Option<&Share>) -> Result<Back, String> {
    let stated = graph
        .edge_spec(edge.ix)
        .and_then(|edge| edge.repeat.as_ref());
    let rounds = stated.and_then(|stated| stated.value.max_iterations);
    let rounds = rounds.ok_or("its `loop` lacks `maxIterations`")?;
    let again = stated.and_then(|stated| stated.value.again.as_ref());
    let again = again.map_or("true", |again| again.value.trim());
    let (low, high, is_own) = match share {
        Some(&Share::Between(low, high)) => (low, high, false),
        Some(&Share::Own(share)) => (0.0, share, true),
        _ => (0.0, 1.0, true),
    };
    let goes_on = match (probability(again), share) {
        (Some(goes_on), _) => goes_on,
        // The share says how often it comes to that.
        (None, Some(Share::Between(..) | Share::Own(_))) => 1.0,
        (None, _) => {
            return Err(format!(
                "whether its loop goes on depends on `{again}`, a value that no simulation \
                 knows; state a `probability` of its edge back"
            ));
        }
    };
    Ok(Back {
        range: (low, low + (high - low) * goes_on),
        is_own,
        rounds: rounds.value.0,
        tokens: 0,
    })
}

/// `true`, `false`, `0.4` or `40%`.
fn probability(text: &str) -> Option<f64> {
    let value = match text {
        "true" => 1.0,
        "false" => 0.0,
        _ => match text.strip_suffix('%') {
            Some(percent) => percent.trim().parse::<f64>().ok()? / 100.0,
            None => text.parse().ok()?,
        },
    };
    (0.0..=1.0).contains(&value).then_some(value)
}

/// All nodes of the model that edges onward lead to from some, these included; `ends` tells from
/// where to where an edge is followed.
fn reach(
    graph: &Graph,
    from: &[NodeIx],
    ends: impl Fn(&Edge) -> (NodeIx, NodeIx),
) -> BTreeSet<NodeIx> {
    let mut next: BTreeMap<NodeIx, Vec<NodeIx>> = BTreeMap::new();
    for edge in graph.edges.iter().filter(|edge| !edge.is_loop) {
        let (start, end) = ends(edge);
        next.entry(start).or_default().push(end);
    }
    let mut found: BTreeSet<NodeIx> = from.iter().copied().collect();
    let mut open = from.to_vec();
    while let Some(ix) = open.pop() {
        for &end in next.get(&ix).into_iter().flatten() {
            if end.is_model() && found.insert(end) {
                open.push(end);
            }
        }
    }
    found
}

/// The tokens that the tools of a loop tell in a round, on average.
fn told(graph: &Graph, body: &BTreeSet<NodeIx>, head: NodeIx, visits: &[f64]) -> u32 {
    let visits_of = |ix: NodeIx| visits.get(ix.0 as usize).copied().unwrap_or(0.0);
    let rounds = visits_of(head).max(f64::MIN_POSITIVE);
    let tools = body.iter().filter_map(|&ix| {
        let is_tool = graph
            .node(ix)
            .is_some_and(|node| node.role == Some(Role::Tool));
        if !is_tool {
            return None;
        }
        let tokens = graph.spec_of(ix)?.tokens.as_ref()?.output.as_ref()?;
        Some(mean(&tokens.value)? * visits_of(ix) / rounds)
    });
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturates.
    let whole = libm::round(tools.sum()) as u32;
    whole
}

fn mean(tokens: &Distribution) -> Option<f64> {
    let number = |count: spec::Count| count.0 as f64;
    Some(match tokens {
        Distribution::Fixed(count) => number(*count),
        Distribution::Lognormal(law) => number(law.mean?.value),
        Distribution::Empirical(values) => {
            let sum: f64 = values.iter().map(|value| number(value.value)).sum();
            sum / values.len().max(1) as f64
        }
    })
}

/// Adds a loop's rounds to the visits of its nodes, and of those behind it: they are reached as
/// often as any round leads there.
fn count(
    graph: &Graph,
    head: NodeIx,
    body: &BTreeSet<NodeIx>,
    back: &[(&Edge, Back)],
    visits: &mut [f64],
) {
    let visits_of = |visits: &[f64], ix: NodeIx| visits.get(ix.0 as usize).copied().unwrap_or(0.0);
    let first = visits_of(visits, head);
    let again = back.iter().map(|(edge, back)| {
        let share = back.range.1 - back.range.0;
        share * visits_of(visits, edge.source) / first.max(f64::MIN_POSITIVE)
    });
    let again = again.sum::<f64>().min(1.0);
    let most = back.iter().map(|(_, back)| back.rounds).max().unwrap_or(1);
    let rounds = if again < 1.0 {
        (1.0 - libm::pow(again, f64::from(most))) / (1.0 - again)
    } else {
        f64::from(most)
    };
    let inside: Vec<NodeIx> = body.iter().copied().collect();
    let behind = reach(graph, &inside, |edge| (edge.source, edge.target));
    for ix in behind {
        let Some(own) = visits.get_mut(ix.0 as usize) else {
            continue;
        };
        let all = *own * rounds;
        *own = if body.contains(&ix) {
            all
        } else {
            all.min(first.max(*own))
        };
    }
}
