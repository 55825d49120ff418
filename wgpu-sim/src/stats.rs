//! Histograms, quantiles and confidence intervals.

mod histogram;
pub(crate) mod sparse;
mod student;

pub use histogram::{BUCKETS, Bin, Histogram, bucket};
pub use student::{interval, student_quantile};

use serde::Serialize;

/// The confidence of every interval here.
pub const CONFIDENCE: f64 = 0.95;

/// What is told of one time: mean and percentiles in milliseconds, with 95 % confidence intervals.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The mean, in milliseconds.
    pub mean_ms: f64,
    /// The median, in milliseconds.
    pub p50_ms: f64,
    /// The 90th percentile, in milliseconds.
    pub p90_ms: f64,
    /// The 95th percentile, in milliseconds.
    pub p95_ms: f64,
    /// The 99th percentile, in milliseconds.
    pub p99_ms: f64,
    /// The 99.9th percentile, in milliseconds.
    pub p999_ms: f64,
    /// The interval of the mean; none from fewer than two replications.
    pub mean_ci_ms: Option<[f64; 2]>,
    /// The interval of the 99th percentile; none where the sample does not bound it.
    pub p99_ci_ms: Option<[f64; 2]>,
}

/// One replication's share of a time: bucket counts and the exact sum, in ticks.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// Counts by [`bucket`], [`BUCKETS`] of them.
    pub counts: &'a [u32],
    /// The sum of the values.
    pub sum: u64,
}

impl Summary {
    /// Summarises replications of one time. `bounds` are the least and greatest value possible,
    /// `tick_ms` the length of a tick in milliseconds.
    ///
    /// The interval of the mean is Student's over the replications. For that of the 99th percentile
    /// see [`quantile_interval`]. `None` if nothing was counted.
    pub fn new(samples: &[Sample<'_>], bounds: (u32, u32), tick_ms: f64) -> Option<Self> {
        let pooled = Histogram::pool(samples.iter().map(|sample| sample.counts));
        if pooled.total() == 0 {
            return None;
        }
        let sum = samples
            .iter()
            .fold(0_u64, |sum, sample| sum.saturating_add(sample.sum));
        let means: Vec<f64> = samples
            .iter()
            .map(|sample| {
                let total: u64 = sample.counts.iter().map(|&count| u64::from(count)).sum();
                sample.sum as f64 / total.max(1) as f64
            })
            .collect();
        let (least, greatest) = (f64::from(bounds.0), f64::from(bounds.1));
        let limit = |ticks: f64| ticks.clamp(least, greatest.max(least)) * tick_ms;
        let at = |p: f64| limit(pooled.quantile(p));
        let counts: Vec<&[u32]> = samples.iter().map(|sample| sample.counts).collect();
        Some(Self {
            mean_ms: sum as f64 / pooled.total() as f64 * tick_ms,
            p50_ms: at(0.5),
            p90_ms: at(0.9),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
            p999_ms: at(0.999),
            mean_ci_ms: interval(&means).map(|ends| ends.map(|ticks| ticks * tick_ms)),
            p99_ci_ms: quantile_interval(&pooled, &counts, 0.99).map(|ends| ends.map(limit)),
        })
    }
}

/// The confidence interval of the pooled quantile `p`, in ticks.
///
/// With Fᵣ the share of replication r at or below the pooled quantile and s = sd(Fᵣ)/√R, the ends
/// are the pooled quantiles at p ± t·s. Averaging the replications' own quantiles instead would be
/// biased. `None` from fewer than two replications, and when p + t·s ≥ 1: then the sample does not
/// bound the quantile from above.
pub fn quantile_interval(pooled: &Histogram, replications: &[&[u32]], p: f64) -> Option<[f64; 2]> {
    let place = pooled.locate(p);
    let shares: Vec<f64> = replications
        .iter()
        .map(|counts| Histogram::share_up_to(counts, place))
        .collect();
    let [low, high] = interval(&shares)?;
    let half = 0.5 * (high - low);
    (p + half < 1.0).then(|| {
        [
            pooled.quantile((p - half).max(0.0)),
            pooled.quantile(p + half),
        ]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::{Purpose, Table, counter_word, draw, exponential};

    /// Replications of independent exponential values.
    fn replications(seed: u32, count: u32, length: u32) -> Vec<(Vec<u32>, u64)> {
        let table = Table::new(0, |p, c| 10_000.0 * exponential(p, c)).unwrap();
        let word = counter_word(0, Purpose::Service, 0);
        (0..count)
            .map(|replication| {
                let (mut counts, mut sum) = (vec![0; BUCKETS], 0);
                for request in 0..length {
                    let value = table.value(draw([seed, replication], request, word));
                    counts[bucket(value)] += 1;
                    sum += u64::from(value);
                }
                (counts, sum)
            })
            .collect()
    }

    fn summarise(replications: &[(Vec<u32>, u64)]) -> Summary {
        let samples: Vec<Sample<'_>> = replications
            .iter()
            .map(|(counts, sum)| Sample { counts, sum: *sum })
            .collect();
        Summary::new(&samples, (0, u32::MAX), 1.0).unwrap()
    }

    #[test]
    fn intervals_cover_the_truth_about_as_often_as_they_say() {
        let (mut mean_hits, mut p99_hits) = (0, 0);
        let trials = 400;
        for seed in 0..trials {
            let summary = summarise(&replications(seed, 10, 1_000));
            let covers = |ends: Option<[f64; 2]>, truth: f64| {
                ends.is_some_and(|[low, high]| low <= truth && truth <= high)
            };
            mean_hits += u32::from(covers(summary.mean_ci_ms, 10_000.0));
            p99_hits += u32::from(covers(summary.p99_ci_ms, 10_000.0 * libm::log(100.0)));
        }
        // 95 % of 400 with three standard errors is 367 to 393.
        assert!(
            (365..=394).contains(&mean_hits),
            "mean: {mean_hits} of {trials}"
        );
        assert!(
            (360..=398).contains(&p99_hits),
            "p99: {p99_hits} of {trials}"
        );
    }

    #[test]
    fn a_sample_that_does_not_bound_its_quantile_has_no_interval() {
        assert_eq!(summarise(&replications(1, 1, 10_000)).p99_ci_ms, None);
        assert_eq!(summarise(&replications(1, 1, 10_000)).mean_ci_ms, None);
        assert_eq!(summarise(&replications(1, 3, 20)).p99_ci_ms, None);
    }

    #[test]
    fn bounds_cut_what_interpolation_adds() {
        let mut counts = vec![0; BUCKETS];
        counts[bucket(100_000)] = 10;
        let sample = Sample {
            counts: &counts,
            sum: 1_000_000,
        };
        let summary = Summary::new(&[sample, sample], (100_000, 100_000), 1e-4).unwrap();
        assert_eq!(
            (summary.p50_ms, summary.p999_ms, summary.mean_ms),
            (10.0, 10.0, 10.0)
        );
        assert_eq!(Summary::new(&[], (0, 1), 1.0), None);
    }
}
