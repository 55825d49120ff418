//! Which of a graph's objectives a simulation misses.

use modelspec_core::graph::Graph;
use modelspec_core::spec::{Duration, Quantiles};
use modelspec_core::text::Spanned;
use wgpu_sim::{GraphOutcome, Summary};

use super::cost::Cost;

/// Below this share of what was to be served, requests were lost rather than counted apart by
/// chance.
const SERVED: f64 = 0.99;

/// The objectives that the simulation misses, a sentence each. What is not simulated
/// (availability) is not judged.
pub(super) fn missed(
    graph: &Graph,
    simulated: &GraphOutcome,
    rate: f64,
    cost: &Cost,
) -> Vec<String> {
    let body = graph.spec.body();
    let Some(stated) = body.and_then(|body| body.objectives.as_ref()) else {
        return Vec::new();
    };
    let mut missed = Vec::new();
    for (what, goals, times) in [
        ("latency", &stated.latency, &simulated.end_to_end),
        (
            "time to first token",
            &stated.time_to_first_token,
            &simulated.time_to_first_token,
        ),
        (
            "time per output token",
            &stated.time_per_output_token,
            &simulated.time_per_output_token,
        ),
    ] {
        if let Some(goals) = goals {
            late(what, goals, times.as_ref(), &mut missed);
        }
    }
    if let Some(goal) = stated.throughput {
        let goal = goal.value.per_second();
        // Arrivals of fewer requests do not test it.
        let asked = goal.min(rate);
        let served = simulated.throughput_rps.unwrap_or(0.0);
        if served < SERVED * asked {
            missed.push(format!(
                "throughput: {served:.2} requests a second, where {goal} are promised and {rate} \
                 came"
            ));
        }
    }
    let mut dear = |what: &str, found: Option<f64>, goal: f64| match found {
        Some(found) if found <= goal => {}
        Some(found) => missed.push(format!("{what}: {found:.2} USD, above {goal} USD")),
        None => missed.push(format!(
            "{what}: not known, since a node has no price; give its pool a `price`"
        )),
    };
    if let Some(goal) = stated.cost {
        dear("cost per hour", cost.per_hour, goal.value.per_hour());
    }
    if let Some(goal) = stated.cost_per_1k_requests {
        dear(
            "cost per 1,000 requests",
            cost.per_1k,
            goal.value.0 as f64 / 1e6,
        );
    }
    missed
}

/// Adds the percentiles that are above their goal, or not known.
fn late(what: &str, goals: &Quantiles, times: Option<&Summary>, missed: &mut Vec<String>) {
    type Goal = Option<Spanned<Duration>>;
    type Of = fn(&Summary) -> f64;
    let quantiles: [(&str, Goal, Of); 4] = [
        ("p50", goals.p50, |times| times.p50_ms),
        ("p90", goals.p90, |times| times.p90_ms),
        ("p95", goals.p95, |times| times.p95_ms),
        ("p99", goals.p99, |times| times.p99_ms),
    ];
    for (quantile, goal, found) in quantiles {
        let Some(goal) = goal.map(|goal| goal.value.as_millis()) else {
            continue;
        };
        match times.map(found) {
            Some(found) if found <= goal => {}
            Some(found) => missed.push(format!(
                "{what}: {quantile} is {found:.2} ms, above {goal} ms"
            )),
            None => missed.push(format!(
                "{what}: {quantile} is not known; {goal} ms are promised"
            )),
        }
    }
}
