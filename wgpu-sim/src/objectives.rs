//! Whether a simulated graph keeps what it promises.

use core::fmt;

use modelspec_core::graph::Graph;
use modelspec_core::spec::{Duration, Quantiles};
use modelspec_core::text::Spanned;
use serde::Serialize;

use crate::cost::Cost;
use crate::outcome::graph::GraphOutcome;
use crate::stats::Summary;

/// Below this share of what was to be served, requests were lost rather than counted apart by
/// chance.
const SERVED: f64 = 0.99;

/// An objective of a graph beside what its simulation found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Judged {
    /// What is promised: `latency p99`.
    pub objective: String,
    /// How much, in the unit.
    pub goal: f64,
    /// What was found; none where that is not known.
    pub found: Option<f64>,
    /// What both count.
    pub unit: Unit,
    /// Whether the promise is kept; what is not known is not.
    pub is_met: bool,
}

/// What an objective counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Unit {
    /// Milliseconds, at most.
    #[serde(rename = "ms")]
    Milliseconds,
    /// Requests a second, at least.
    #[serde(rename = "rps")]
    Rate,
    /// US dollars, at most.
    #[serde(rename = "usd")]
    Dollars,
}

/// Judges the objectives that a graph states, of a run at so many requests a second. What is not
/// simulated (availability) is not judged.
pub fn judge(graph: &Graph, simulated: &GraphOutcome, rate: f64, cost: &Cost) -> Vec<Judged> {
    let body = graph.spec.body();
    let Some(stated) = body.and_then(|body| body.objectives.as_ref()) else {
        return Vec::new();
    };
    let mut judged = Vec::new();
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
            times_of(what, goals, times.as_ref(), &mut judged);
        }
    }
    if let Some(goal) = stated.throughput {
        let goal = goal.value.per_second();
        let found = simulated.throughput_rps.unwrap_or(0.0);
        judged.push(Judged {
            objective: "throughput".to_owned(),
            goal,
            found: Some(found),
            unit: Unit::Rate,
            // Arrivals of fewer requests do not test it.
            is_met: found >= SERVED * goal.min(rate),
        });
    }
    let mut price = |what: &str, goal: f64, found: Option<f64>| {
        judged.push(Judged {
            objective: what.to_owned(),
            goal,
            found,
            unit: Unit::Dollars,
            is_met: found.is_some_and(|found| found <= goal),
        });
    };
    if let Some(goal) = stated.cost {
        price("cost per hour", goal.value.per_hour(), cost.per_hour);
    }
    if let Some(goal) = stated.cost_per_1k_requests {
        let goal = goal.value.0 as f64 / 1e6;
        price("cost per 1,000 requests", goal, cost.per_1k_requests);
    }
    judged
}

/// Judges the percentiles of a time.
fn times_of(what: &str, goals: &Quantiles, times: Option<&Summary>, judged: &mut Vec<Judged>) {
    type Goal = Option<Spanned<Duration>>;
    type Of = fn(&Summary) -> f64;
    let quantiles: [(&str, Goal, Of); 4] = [
        ("p50", goals.p50, |times| times.p50_ms),
        ("p90", goals.p90, |times| times.p90_ms),
        ("p95", goals.p95, |times| times.p95_ms),
        ("p99", goals.p99, |times| times.p99_ms),
    ];
    for (quantile, goal, of) in quantiles {
        let Some(goal) = goal.map(|goal| goal.value.as_millis()) else {
            continue;
        };
        let found = times.map(of);
        judged.push(Judged {
            objective: format!("{what} {quantile}"),
            goal,
            found,
            unit: Unit::Milliseconds,
            is_met: found.is_some_and(|found| found <= goal),
        });
    }
}

/// What was found beside what is promised: `latency p99: 912.31 ms, above 800 ms`.
impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, goal) = (&self.objective, self.goal);
        match (self.unit, self.found) {
            (Unit::Milliseconds, Some(found)) => {
                let side = if self.is_met { "within" } else { "above" };
                write!(f, "{name}: {found:.2} ms, {side} {goal} ms")
            }
            (Unit::Milliseconds, None) => {
                write!(f, "{name}: not known; {goal} ms are promised")
            }
            (Unit::Rate, found) => {
                let found = found.unwrap_or(0.0);
                write!(
                    f,
                    "{name}: {found:.2} requests a second, where {goal} are promised"
                )
            }
            (Unit::Dollars, Some(found)) => {
                let side = if self.is_met { "within" } else { "above" };
                write!(f, "{name}: {found:.2} USD, {side} {goal} USD")
            }
            (Unit::Dollars, None) => write!(
                f,
                "{name}: not known, since a node has no price; give its pool a `price`"
            ),
        }
    }
}
