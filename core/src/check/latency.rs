//! What the stated latencies say of a percentile.

use crate::spec::{Duration, Latency, Quantiles};
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
