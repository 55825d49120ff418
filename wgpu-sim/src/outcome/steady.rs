//! Whether a graph kept up with its arrivals, where only the run can tell.

use serde::Serialize;

use crate::cpu::LaneRecord;
use crate::program::network::{Flow, Pace};
use crate::stats::Summary;

/// Requests that wait before the graph, for only so many may be in it at once.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AdmissionResult {
    /// So many.
    pub limit: u32,
    /// Whether the graph lets requests out as fast as others come. If not, those before it grow in
    /// number for ever, though each node keeps up.
    pub stable: bool,
    /// Requests that had to wait, all replications together.
    pub waited: u64,
    /// How long requests waited, those that did not with 0.
    pub wait: Option<Summary>,
}

impl AdmissionResult {
    /// What the bound did to so many requests, as a sentence that begins small and has no stop.
    pub fn words(&self, requests: u64) -> String {
        let limit = self.limit;
        if self.stable {
            let share = 100.0 * self.waited as f64 / requests.max(1) as f64;
            format!("{share:.2} % waited before the graph, which lets {limit} in at once")
        } else {
            format!(
                "with {limit} at once the graph cannot keep up with its arrivals: raise \
                 `maxInFlight`, or lower the rate"
            )
        }
    }

    /// Of the lanes of a run; none where nothing bounds who is in the graph.
    pub(super) fn new(
        flow: &Flow,
        records: &[LaneRecord],
        (stable, is_graph_stable): (bool, bool),
    ) -> Option<Self> {
        let admission = flow.admission?;
        let waits: Vec<_> = records
            .iter()
            .filter_map(|record| record.ending.before())
            .collect();
        let is_run = !records.is_empty() && is_graph_stable;
        let waited = records.iter().map(|record| u64::from(record.ending.waited));
        Some(Self {
            limit: admission.limit,
            stable,
            waited: waited.fold(0, u64::saturating_add),
            wait: is_run
                .then(|| Summary::new(&waits, (0, u32::MAX), flow.tick_ms))
                .flatten(),
        })
    }
}

/// Whether requests enter as fast as they come, if only so many may be inside: some found room, and
/// the others do not wait ever longer. Clients who wait for their answer cannot be too many: they
/// wait, and that is all.
pub(super) fn lets_in(flow: &Flow, records: &[LaneRecord]) -> bool {
    let Some(admission) = flow.admission else {
        return true;
    };
    if flow.clients.is_some() || records.is_empty() {
        return admission.is_stable();
    }
    let all_waited = |record: &LaneRecord| record.ending.waited == record.ending.entered;
    !records.iter().all(all_waited) && !grows(flow, records)
}

/// Whether nodes keep up that would not if none of their work were cancelled. Where only so many
/// requests are in the graph, none of its queues grows for ever.
pub(super) fn is_relief_enough(flow: &Flow, records: &[LaneRecord]) -> bool {
    let mut nodes = flow.nodes.iter().enumerate();
    let is_over = nodes.any(|(index, node)| node.load >= 1.0 && flow.is_relieved(index));
    !is_over || flow.admission.is_some() || !grows(flow, records)
}

/// From this share of the time on, the growth of times is one.
const NOTICED: f64 = 0.002;

/// So many standard errors are no chance.
const ERRORS: f64 = 6.0;

/// Whether times from end to end grow as the run goes on, beyond what chance explains. Arrivals
/// whose rate follows a plan may have reasons of their own for that.
pub(super) fn grows(flow: &Flow, records: &[LaneRecord]) -> bool {
    if records.iter().any(|record| record.ending.is_flooded) {
        return true;
    }
    if matches!(flow.pace, Pace::Profile(_) | Pace::Trace(_)) || flow.clients.is_some() {
        return false;
    }
    let slope = |record: &LaneRecord| record.ending.trend.slope(record.ending.span);
    let slopes: Vec<f64> = records.iter().filter_map(slope).collect();
    let count = slopes.len() as f64;
    if count < 2.0 {
        return slopes.first().is_some_and(|&slope| slope > 0.1);
    }
    let mean = slopes.iter().sum::<f64>() / count;
    let squares = slopes.iter().map(|slope| (slope - mean) * (slope - mean));
    let variance = squares.sum::<f64>() / (count - 1.0);
    mean > NOTICED && mean > ERRORS * libm::sqrt(variance / count)
}
