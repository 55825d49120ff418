//! What the stated latencies say of a percentile.

use crate::spec::{Duration, Latency, Node, Quantiles};
use crate::text::Spanned;

/// A percentile of a latency: its name and value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Percentile {
    pub percent: u32,
    pub time: Spanned<Duration>,
}

fn known(
    p50: Option<Spanned<Duration>>,
    p90: Option<Spanned<Duration>>,
    p95: Option<Spanned<Duration>>,
    p99: Option<Spanned<Duration>>,
) -> Vec<Percentile> {
    let all = [(50, p50), (90, p90), (95, p95), (99, p99)];
    let known = all.into_iter();
    known
        .filter_map(|(percent, time)| {
            Some(Percentile {
                percent,
                time: time?,
            })
        })
        .collect()
}

/// The percentiles that an objective states, the lowest first.
pub(super) fn objectives(stated: &Quantiles) -> Vec<Percentile> {
    known(stated.p50, stated.p90, stated.p95, stated.p99)
}

/// What a latency surely reaches at a percentile: the largest that it states at or below it, since
/// percentiles never fall.
pub(super) fn at_least(latency: &Latency, percent: u32) -> Option<Percentile> {
    let known = known(latency.p50, latency.p90, latency.p95, latency.p99);
    let below = known.into_iter().filter(|known| known.percent <= percent);
    below.max_by_key(|known| (known.time.value, known.percent))
}

/// What a node states of its time, in numbers: what paths are added up by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times {
    /// What it may take at most; 0 where that is not stated.
    pub(super) budget: u64,
    /// What it surely reaches at the 50th, 90th, 95th and 99th percentile; 0 where nothing is known.
    at_least: [u64; 4],
}

impl Times {
    pub(super) fn new(node: &Node) -> Self {
        let latency = node.latency.as_ref();
        let known = |percent| {
            let known = latency.and_then(|latency| at_least(&latency.value, percent));
            known.map_or(0, |known| known.time.value.0)
        };
        Self {
            budget: node.budget.map_or(0, |budget| budget.value.0),
            at_least: [50, 90, 95, 99].map(known),
        }
    }

    /// What it surely reaches at a percentile.
    pub(super) const fn at_least(&self, percent: u32) -> u64 {
        let [half, most, more, nearly_all] = self.at_least;
        match percent {
            0..50 => 0,
            50..90 => half,
            90..95 => most,
            95..99 => more,
            _ => nearly_all,
        }
    }
}

/// The highest percentile that a latency states.
pub(super) fn highest(latency: &Latency) -> Option<Percentile> {
    known(latency.p50, latency.p90, latency.p95, latency.p99).pop()
}

/// The median of a latency; of a higher percentile it does not follow.
pub(super) fn lowest(latency: &Latency) -> Option<Percentile> {
    let time = latency.p50?;
    let percent = 50;
    Some(Percentile { percent, time })
}
