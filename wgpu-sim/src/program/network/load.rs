//! What arrivals ask of each stage: its load, its time, and how long it takes to settle.

use std::collections::BTreeMap;

use super::{Network, Stage, Work, scale};
use crate::error::SimulationError;
use crate::program::compile::ns;
use crate::program::{Settings, Warmup};
use crate::theory;

/// What arrivals ask of one stage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand {
    /// The share of the servers' time; from 1 on the queue grows for ever.
    pub(super) load: f64,
    /// About the mean time there, in nanoseconds; without its wait where that has no end.
    pub(super) residence_ns: f64,
}

/// The demands on stages whose services have such means and variances, in ns and ns².
///
/// Of stages that use their GPUs in turns, each has the load of all: together they keep up or not.
pub(super) fn demands(stages: &[Stage], moments: &[(f64, f64)], network: &Network) -> Vec<Demand> {
    let alone = stages.iter().zip(moments);
    let alone = alone.map(|(stage, &moments)| demand(stage, moments, network));
    let mut demands: Vec<Demand> = alone.collect();
    let mut groups: BTreeMap<u32, f64> = BTreeMap::new();
    for (stage, demand) in stages.iter().zip(&demands) {
        if let Some(gpu) = stage.gpu {
            *groups.entry(gpu).or_default() += demand.load;
        }
    }
    for (stage, demand) in stages.iter().zip(&mut demands) {
        if let Some(&whole) = stage.gpu.and_then(|gpu| groups.get(&gpu)) {
            let others = whole - demand.load;
            demand.residence_ns /= (1.0 - others).max(0.05);
            demand.load = whole;
        }
    }
    demands
}

/// The demand on a stage whose service has a mean and variance in ns and ns².
fn demand(stage: &Stage, (mean, variance): (f64, f64), network: &Network) -> Demand {
    let per_ns = network.rate * stage.share / 1e9;
    let queue = |servers: u32, mean: f64, variance: f64| {
        let load = per_ns * mean / f64::from(servers.max(1));
        let wait = theory::mgc_mean_wait(servers, per_ns, mean, variance);
        let wait = if wait.is_finite() { wait } else { 0.0 };
        // Allen and Cunneen: waits grow with the sum of both variations.
        let cv2 = variance / (mean * mean).max(f64::MIN_POSITIVE);
        let wait = wait * (network.gaps.cv2() + cv2) / (1.0 + cv2);
        (load, wait)
    };
    match &stage.work {
        Work::Instant => Demand {
            load: 0.0,
            residence_ns: 0.0,
        },
        Work::Delay(_) => Demand {
            load: 0.0,
            residence_ns: mean,
        },
        Work::Serve {
            replicas,
            concurrency,
            ..
        } => {
            let servers = stage.most(*replicas).saturating_mul(*concurrency);
            let (load, wait) = queue(servers, mean, variance);
            Demand {
                load,
                residence_ns: mean + wait,
            }
        }
        Work::Continuous(stated) => {
            let capacity = stated.capacity();
            let (_, own) = stated.mean_times(capacity);
            let load = per_ns * own / f64::from(stage.most(stated.replicas).max(1));
            let (residence, _) = stated.mean_times((capacity * load).clamp(1.0, capacity));
            let spare = (1.0 - load).max(0.05);
            Demand {
                load,
                residence_ns: residence / spare,
            }
        }
        Work::Batch {
            replicas,
            times,
            max_delay,
            ..
        } => {
            // The stage keeps up if it does so at the size that serves the most a second.
            let each = (1_u32..)
                .zip(times)
                .map(|(size, &time)| ns(time) / f64::from(size));
            let least = each.fold(f64::INFINITY, f64::min);
            let (load, wait) = queue(stage.most(*replicas), least, 0.0);
            Demand {
                load,
                residence_ns: wait + ns(*max_delay) + 2.0 * mean,
            }
        }
    }
}

/// Requests that each lane simulates before it counts: the most of a tenth of those counted, five
/// times what is in the graph at once, and what the fullest stage takes to settle.
pub(super) fn warmup(
    stages: &[Stage],
    demands: &[Demand],
    settings: &Settings,
    counted: u32,
    network: &Network,
) -> Result<u32, SimulationError> {
    let limit = u32::MAX / 2;
    let needed = match settings.warmup {
        Warmup::Requests(requests) if requests > limit => {
            return Err(SimulationError::setting(
                "warmup",
                "more than 2³¹ for a replication; give fewer",
            ));
        }
        Warmup::Requests(requests) => return Ok(requests),
        Warmup::Auto => {
            let residence: f64 = demands.iter().map(|demand| demand.residence_ns).sum();
            let bursts = network.gaps.cv2().max(1.0);
            let is_closed = matches!(network.gaps, super::Gaps::Closed { .. });
            let settling = stages.iter().zip(demands).filter_map(|(stage, demand)| {
                let spare = 1.0 - demand.load;
                (!is_closed && spare > 0.0 && stage.share > 0.0)
                    .then(|| 5.0 * bursts / (spare * spare) / stage.share)
            });
            settling
                .fold(0.1 * f64::from(counted), f64::max)
                .max(5.0 * residence * network.rate / 1e9)
                .max(scale::settling(stages) * network.rate / 1e9)
                .max(match network.gaps {
                    super::Gaps::Closed { clients, .. } => 10.0 * f64::from(clients),
                    _ => 0.0,
                })
        }
    };
    if needed > f64::from(limit) {
        return Err(SimulationError::setting(
            "warmup",
            "the graph is so near to its capacity that its queues take more than 2³¹ requests to \
             settle; add a replica or lower the rate",
        ));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let requests = libm::ceil(needed) as u32;
    Ok(requests)
}
