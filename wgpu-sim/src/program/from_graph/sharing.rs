//! What nodes that share a GPU take from one another.
//!
//! - `mps`: all whom it names are slower by its `slowdown`, whatever the others do. It stretches
//!   what a node takes on a GPU of its own: its `service`, its declared latency, an estimate. A
//!   latency that was measured or simulated is that of the node where it stands.
//! - `timeSlice`: those whom it names use the GPU in turns; [`turns`] says who with whom, and
//!   [`priority`] before whom.
//! - `mig`: an estimate is that of the part of the GPU (see [`crate::service::generator`]). Times
//!   that the document states are the node's own, and are left.

use core::time::Duration;
use std::collections::BTreeMap;

use modelspec_core::graph::{Graph, NodeIx};
use modelspec_core::spec::{self, LatencySource, Mps, NodeName, Share, TimeSlice};
use modelspec_core::text::Spanned;

use super::super::Service;
use crate::program::network::{StepTime, Work};

/// How much longer a node's own work takes because others compute on its GPU at the same time: 1
/// or more. Of several that name it, its own word counts, else the largest.
pub(in crate::program) fn slowdown(graph: &Graph, ix: NodeIx, node: &spec::Node) -> f64 {
    if is_seen(node) || super::is_external(node) {
        return 1.0;
    }
    let name = graph.name(ix);
    let others = graph.model_nodes().filter_map(|(ix, _)| graph.spec_of(ix));
    let naming = others.filter_map(mps).filter(|mps| {
        let with = mps.with.as_ref();
        with.is_some_and(|with| with.value.iter().any(|other| *other.value.0 == *name))
    });
    let of = |mps: &Mps| mps.slowdown.map(|slowdown| slowdown.value.0);
    let own = mps(node).and_then(of);
    own.unwrap_or_else(|| naming.filter_map(of).fold(1.0, f64::max))
}

/// The nodes that use GPUs in turns, each with the first of its group. A node is in one group with
/// all that it names, and that name it.
pub(in crate::program) fn turns(graph: &Graph) -> BTreeMap<NodeIx, NodeIx> {
    let mut first: BTreeMap<NodeIx, NodeIx> = BTreeMap::new();
    for (ix, _) in graph.model_nodes() {
        let named = graph.spec_of(ix).map_or(&[][..], slices);
        let named = named.iter().filter_map(|name| graph.find(&name.value.0));
        for other in named.filter(|&other| other.is_model() && other != ix) {
            let [own, others] = [ix, other].map(|ix| *first.entry(ix).or_insert(ix));
            for group in first.values_mut() {
                if *group == own.max(others) {
                    *group = own.min(others);
                }
            }
        }
    }
    first
}

fn slices(node: &spec::Node) -> &[Spanned<NodeName>] {
    let with = time_slice(node).and_then(|slices| slices.with.as_ref());
    with.map_or(&[], |with| &with.value)
}

/// The priority of a node among those that use its GPU in turns.
pub(in crate::program) fn priority(node: &spec::Node) -> u32 {
    let stated = time_slice(node).and_then(|slices| slices.priority);
    stated.map_or(0, |stated| stated.value)
}

fn time_slice(node: &spec::Node) -> Option<&TimeSlice> {
    match &node.placement.as_ref()?.share.as_ref()?.value {
        Share::TimeSlice(slices) => Some(slices),
        _ => None,
    }
}

fn mps(node: &spec::Node) -> Option<&Mps> {
    match &node.placement.as_ref()?.share.as_ref()?.value {
        Share::Mps(mps) => Some(mps),
        _ => None,
    }
}

/// Whether the node's time was observed where it stands.
fn is_seen(node: &spec::Node) -> bool {
    let latency = node.latency.as_ref().filter(|_| node.service.is_none());
    latency.is_some_and(|latency| {
        let source = latency.source.map(|source| source.value);
        let is_loaded = latency.at.as_ref().is_some_and(|at| at.rate.is_some());
        is_loaded
            || matches!(
                source,
                Some(LatencySource::Measured | LatencySource::Simulated)
            )
    })
}

impl Service {
    /// So many times as long.
    pub(in crate::program) fn stretched(self, factor: f64) -> Self {
        let time = |time| stretched(time, factor);
        match self {
            Self::Fixed(fixed) => Self::Fixed(time(fixed)),
            Self::Exponential { mean } => Self::Exponential { mean: time(mean) },
            Self::Lognormal { mean, cv } => Self::Lognormal {
                mean: time(mean),
                cv,
            },
            Self::LognormalPercentiles { p50, p95 } => Self::LognormalPercentiles {
                p50: time(p50),
                p95: time(p95),
            },
            Self::Empirical(values) => Self::Empirical(values.into_iter().map(time).collect()),
        }
    }
}

impl Work {
    /// Work that takes so many times as long; what waits for nothing but the clock stays.
    pub(in crate::program) fn stretched(mut self, factor: f64) -> Self {
        match &mut self {
            Self::Instant => {}
            Self::Delay(service) | Self::Serve { service, .. } => {
                *service = service.clone().stretched(factor);
            }
            Self::Batch { times, .. } => {
                for time in times {
                    *time = stretched(*time, factor);
                }
            }
            Self::Continuous(stated) => {
                let step = stated.step;
                stated.step = StepTime {
                    base: step.base * factor,
                    token: step.token * factor,
                    context: step.context * factor,
                    prefill: step.prefill * factor,
                };
            }
        }
        self
    }
}

fn stretched(time: Duration, factor: f64) -> Duration {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturates.
    let nanos = libm::round(time.as_nanos() as f64 * factor) as u64;
    Duration::from_nanos(nanos)
}
