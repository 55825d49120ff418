//! The times of dynamic batches.
//!
//! A service of `batch` or `points` states them. Of one that states the time of a request, and of a
//! `latency`, the mean is that of a batch of one — of `at.batch`, where the latency says of how many
//! it was measured — and each further request adds what the model's products take for it. Where the
//! facts for that are not known, a batch of any size takes as long: a node that declares a latency
//! and batching is taken at its word that batching costs nothing.

use core::ops::ControlFlow;
use core::time::Duration;

use modelspec_core::graph::{Graph, NodeIx};
use modelspec_core::spec::{self, DynamicBatch, Role};

use super::super::{Gaps, Link, Network, Routing, Stage, Work};
use super::estimate::{self, nanos};
use super::work::routing;
use crate::program::from_graph::{mean_seconds, replicas, unloaded};
use crate::program::{Origin, Settings, Warmup};
use crate::{Summary, simulate_graph};

/// The largest batch of which a table of times is made.
const MAX_BATCH: u32 = 4_096;

/// What a node under dynamic batching does and where its times come from, or why it cannot be
/// simulated.
pub(super) fn of(
    graph: &Graph,
    ix: NodeIx,
    node: &spec::Node,
    role: Option<Role>,
    batch: &DynamicBatch,
) -> Result<(Work, Origin), String> {
    let size = batch.max_size.ok_or("its batch lacks `maxSize`")?.value.0;
    if size > MAX_BATCH {
        return Err(format!(
            "its batches hold up to {size}; at most {MAX_BATCH} are simulated"
        ));
    }
    let delay = batch.max_delay.map_or(0, |delay| delay.value.0);
    let work = |times| Work::Batch {
        replicas: replicas(node),
        routing: routing(node, Routing::Central),
        times,
        max_delay: Duration::from_nanos(delay),
    };
    if let Some(times) = stated(node, size) {
        return Ok((work(times), Origin::stated(node)));
    }
    if node.service.is_none()
        && node.latency.is_none()
        && let Some(estimated) = estimate::batches(graph, ix, node, role, size)
    {
        let (times, origin) = estimated?;
        return Ok((work(times), origin));
    }
    let (service, origin) = unloaded(node)?;
    let at = node
        .latency
        .as_ref()
        .and_then(|latency| latency.at.as_ref());
    let at = at.filter(|_| node.service.is_none());
    let known = at.and_then(|at| at.batch).map_or(1, |batch| batch.value.0);
    let growth = estimate::growth(graph, ix, node, known);
    let mean = 1e9 * mean_seconds(&service);
    let times = |factor: f64| -> Vec<Duration> {
        let time = |size| growth.as_ref().map_or(0.0, |growth| growth(size));
        (1..=size)
            .map(|size| nanos(factor * mean + time(size)))
            .collect()
    };
    let rate = at
        .and_then(|at| at.rate)
        .map(|rate| rate.value.per_second());
    let Some(rate) = rate.filter(|&rate| rate > 0.0) else {
        return Ok((work(times(1.0)), origin));
    };
    let goal = Goal::of(node).ok_or("its `latency` states no percentile")?;
    let factor = goal.factor(rate, |factor| work(times(factor)))?;
    Ok((work(times(factor)), Origin::Fitted))
}

/// The time of a batch of 1, 2, …, where the service states it by batch.
fn stated(node: &spec::Node, size: u32) -> Option<Vec<Duration>> {
    let service = &node.service.as_ref()?.value;
    let line = |from: (f64, f64), to: (f64, f64), at: f64| {
        from.1 + (to.1 - from.1) * (at - from.0) / (to.0 - from.0).max(1.0)
    };
    let mut points: Vec<(f64, f64)> = match service {
        spec::Service::Batch(law) => {
            let (base, item) = (law.base?.value.0 as f64, law.per_item?.value.0 as f64);
            vec![(0.0, base), (1.0, base + item)]
        }
        spec::Service::Fixed(time) => vec![(1.0, time.0 as f64)],
        spec::Service::Points(points) => {
            let known = points.iter().filter_map(|point| {
                let batch = f64::from(point.batch?.value.0);
                Some((batch, point.time?.value.0 as f64))
            });
            known.collect()
        }
        _ => return None,
    };
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points.dedup_by_key(|point| point.0);
    let time = |at: f64| {
        // Beyond the last two points their line goes on; below the first it stays.
        let next = points.iter().position(|point| point.0 >= at);
        let last = points.len().saturating_sub(1);
        let next = next.unwrap_or(last).max(1).min(last);
        let get = |index: usize| points.get(index).copied().unwrap_or((1.0, 0.0));
        let (from, to) = (get(next.saturating_sub(1)), get(next));
        if next == 0 || at < from.0 {
            return from.1;
        }
        line(from, to, at)
    };
    let times = (1..=size).map(|size| nanos(time(f64::from(size))));
    Some(times.collect())
}

/// A latency that was measured under a load, which holds the wait for the batch and in the queue.
struct Goal {
    ms: f64,
    of: fn(&Summary) -> f64,
}

impl Goal {
    fn of(node: &spec::Node) -> Option<Self> {
        type Figure = fn(&Summary) -> f64;
        let latency = &node.latency.as_ref()?.value;
        let stated: [(_, Figure); 4] = [
            (latency.p95, |times| times.p95_ms),
            (latency.p99, |times| times.p99_ms),
            (latency.p90, |times| times.p90_ms),
            (latency.p50, |times| times.p50_ms),
        ];
        stated.into_iter().find_map(|(stated, of)| {
            let ms = stated?.value.as_millis();
            Some(Self { ms, of })
        })
    }

    /// The part of the stated time that is service: with it, the sojourn under that load is as
    /// stated. Deterministic; within half a percent.
    fn factor(&self, rate: f64, work: impl Fn(f64) -> Work) -> Result<f64, String> {
        let settings = Settings {
            replications: 16,
            requests: 64_000,
            warmup: Warmup::Requests(1_000),
            ..Settings::default()
        };
        let keeps = |factor: f64| {
            let network = Network {
                rate,
                gaps: Gaps::Exponential,
                stages: vec![Stage::new("node", work(factor))],
                links: vec![Link::new(None, Some(0)), Link::new(Some(0), None)],
                objective: None,
                max_in_flight: None,
            };
            let go_on = &mut |_| ControlFlow::Continue(());
            let outcome = simulate_graph(&network, &settings, go_on).ok();
            // What does not keep up is too slow.
            outcome
                .and_then(|outcome| outcome.end_to_end)
                .is_some_and(|times| (self.of)(&times) <= self.ms)
        };
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..12 {
            let middle = 0.5 * (low + high);
            if keeps(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        if low > 0.0 {
            return Ok(low);
        }
        Err(format!(
            "no service time gives its latency at {rate} requests a second; lower `maxDelay`, or \
             state `service` as `batch` or `points`"
        ))
    }
}
