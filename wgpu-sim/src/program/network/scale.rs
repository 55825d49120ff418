//! What varies the number of a stage's replicas: an autoscaler, as that of Kubernetes.

use core::time::Duration;

use super::{Stage, Work};
use crate::error::SimulationError;
use crate::program::MAX_SERVERS;
use crate::program::compile::ns;

/// An autoscaler of a stage, which begins with its replicas as the least.
///
/// From time to time it asks for ⌈replicas × figure ÷ target⌉ replicas, and leaves alone what is
/// within a tenth of the target. Replicas that start count with nothing where more are asked for,
/// and with their target where fewer are. So long as more were asked for a while ago, none goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Autoscale {
    /// The most replicas.
    pub most: u32,
    /// What each replica is to have.
    pub target: Target,
    /// How often it looks.
    pub every: Duration,
    /// From the decision until a replica takes requests. It costs from the decision on.
    pub cold_start: Duration,
    /// How long it remembers what was asked for.
    pub calm: Duration,
}

/// What replicas are added and taken away by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Requests that wait, for each replica.
    Waiting(u32),
    /// The share of the servers' time since the last look that they served, in millionths.
    Busy(u32),
}

/// The same in integers: times are in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// The least replicas, with which it begins.
    pub least: u32,
    /// The most.
    pub most: u32,
    /// The servers of each.
    pub concurrency: u32,
    /// What each replica is to have.
    pub target: Target,
    /// How often it looks.
    pub every: u64,
    /// From the decision until a replica takes requests.
    pub cold_start: u64,
    /// How long it remembers what was asked for.
    pub calm: u64,
}

impl Stage {
    /// The most replicas that it may have of those that it begins with.
    pub(super) fn most(&self, replicas: u32) -> u32 {
        let most = self.autoscale.map_or(replicas, |scale| scale.most);
        most.max(replicas)
    }
}

impl Scale {
    /// Checks what a stage states, and turns it into integers.
    pub(super) fn new(stage: &Stage, tick_ns: f64) -> Result<Option<Self>, SimulationError> {
        let Some(stated) = stage.autoscale else {
            return Ok(None);
        };
        let fail = |reason: String| Err(SimulationError::station(&stage.name, reason));
        let (replicas, concurrency) = match &stage.work {
            Work::Serve {
                replicas,
                concurrency,
                ..
            } => (*replicas, *concurrency),
            Work::Batch { replicas, .. } => (*replicas, 1),
            Work::Continuous(stated) => (stated.replicas, 1),
            Work::Instant | Work::Delay(_) => (1, 1),
        };
        if let Some(reason) = refusal(stage) {
            return fail(reason.to_owned());
        }
        if matches!(stated.target, Target::Waiting(0) | Target::Busy(0)) {
            return fail("its target is 0, which no number of replicas meets; give more".into());
        }
        let most = stated.most;
        if most < replicas {
            return fail(format!("it has {replicas} replicas and at most {most}"));
        }
        if most.saturating_mul(concurrency) > MAX_SERVERS {
            return fail(format!(
                "it may have {most} replicas of {concurrency} servers each; at most \
                 {MAX_SERVERS} servers are simulated"
            ));
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturates.
        let ticks = |time: Duration| libm::round(ns(time) / tick_ns) as u64;
        let every = ticks(stated.every);
        if every == 0 {
            return fail(format!(
                "its autoscaler looks every {:?}, which is less than a tick; give a longer `every`",
                stated.every
            ));
        }
        Ok(Some(Self {
            least: replicas,
            most,
            concurrency,
            target: stated.target,
            every,
            cold_start: ticks(stated.cold_start),
            calm: ticks(stated.calm),
        }))
    }
}

/// Why the replicas of a stage cannot vary although they are to; none if they can.
pub(super) fn refusal(stage: &Stage) -> Option<&'static str> {
    let stated = stage.autoscale?;
    let is_busy = matches!(stated.target, Target::Busy(_));
    match &stage.work {
        Work::Instant | Work::Delay(_) => Some("it has no replicas that an autoscaler could vary"),
        Work::Continuous(_) if is_busy => Some(
            "a replica is busy while it has any request, however many run together: scale it by \
             `waiting` instead of `utilisation`",
        ),
        _ if stage.gpu.is_some() => Some(
            "its replicas vary, and it uses its GPU in turns with others: which GPU a new replica \
             would share is not known; take `autoscale` or `timeSlice` away",
        ),
        _ => None,
    }
}

/// How long an autoscaler takes from a wrong number of replicas to a right one, in nanoseconds.
pub(super) fn settling(stages: &[Stage]) -> f64 {
    let scaled = stages.iter().filter_map(|stage| {
        let scale = stage.autoscale?;
        let varies = match &stage.work {
            Work::Serve { replicas, .. } | Work::Batch { replicas, .. } => scale.most > *replicas,
            Work::Continuous(stated) => scale.most > stated.replicas,
            Work::Instant | Work::Delay(_) => false,
        };
        varies.then(|| 3.0 * (ns(scale.every) + ns(scale.cold_start)) + ns(scale.calm))
    });
    scaled.fold(0.0, f64::max)
}
