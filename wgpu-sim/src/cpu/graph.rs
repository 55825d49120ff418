//! Whole graphs on the CPU.

use super::sweep::{Sweep, WINDOW};
use super::{LaneRecord, Work, threads};
use crate::ProgressFn;
use crate::error::SimulationError;
use crate::outcome::graph::GraphOutcome;
use crate::program::Settings;
use crate::program::network::{Flow, Network};
use crate::stats::{BUCKETS, Sample};

/// Simulates a graph by sweeps over windows of arrivals, natively on all cores.
///
/// A graph of which a node cannot keep up is not run: its outcome has loads and no times.
///
/// # Errors
/// [`SimulationError`] for a network or settings that cannot be simulated, or when cancelled.
pub fn simulate_graph(
    network: &Network,
    settings: &Settings,
    progress: ProgressFn<'_>,
) -> Result<GraphOutcome, SimulationError> {
    let flow = Flow::new(network, settings)?;
    let mut records = Vec::new();
    if flow.is_stable() {
        run(&flow, WINDOW, threads(), progress, &mut |record| {
            records.push(record);
        })?;
    }
    let records: Vec<LaneRecord> = records.into_iter().collect::<Result<_, _>>()?;
    Ok(GraphOutcome::new(&flow, &records))
}

/// Runs all lanes in windows of so many arrivals, and hands their records over in order.
fn run(
    flow: &Flow,
    window: u32,
    threads: usize,
    progress: ProgressFn<'_>,
    push: &mut dyn FnMut(Result<LaneRecord, SimulationError>),
) -> Result<(), SimulationError> {
    let lanes: Vec<u32> = (0..flow.replications).collect();
    let requests = u64::from(flow.end());
    let work = Work {
        lanes: &lanes,
        total: requests.saturating_mul(u64::from(flow.replications)),
        run: &|lane, advanced| run_lane(flow, lane, window, advanced),
    };
    work.run(threads, progress, push)
}

fn run_lane(
    flow: &Flow,
    replication: u32,
    window: u32,
    advanced: &mut dyn FnMut(u32) -> bool,
) -> Option<Result<LaneRecord, SimulationError>> {
    let mut sweep = Sweep::new(flow, replication, window)?;
    let mut unsaid = 0_u32;
    while !sweep.is_done() {
        unsaid = unsaid.saturating_add(sweep.advance());
        if unsaid >= super::STRIDE || sweep.is_done() {
            if !advanced(unsaid) {
                return None;
            }
            unsaid = 0;
        }
    }
    Some(sweep.into_record())
}

/// One lane's counts, to be compared with another simulator's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// For each node in the order of the document: served, dropped, skipped, and the sums of waits
    /// and services in ticks.
    pub nodes: Vec<[u64; 5]>,
    /// Answered, dropped, timed out and unanswered requests, and the sum of their times in ticks.
    pub ending: [u64; 5],
    /// Counts of the times from end to end by [`crate::stats::bucket`].
    pub times: Vec<u32>,
    /// The same of times to the first token, with their sum; without streams nothing.
    pub first: (Vec<u32>, u64),
    /// The same of times per token behind the first.
    pub token: (Vec<u32>, u64),
}

impl Trace {
    /// Runs one lane in windows of so many arrivals.
    ///
    /// # Errors
    /// [`SimulationError::Invariant`] if the lane's counts contradict one another.
    pub fn new(flow: &Flow, replication: u32, window: u32) -> Result<Self, SimulationError> {
        let record = run_lane(flow, replication, window, &mut |_| true);
        let record = record.ok_or(SimulationError::Cancelled)??;
        let ending = &record.ending;
        let counts = |sample: Sample<'_>| {
            let mut counts = sample.counts.to_vec();
            counts.resize(BUCKETS, 0);
            (counts, sample.sum)
        };
        Ok(Self {
            nodes: record
                .nodes
                .iter()
                .map(|visits| {
                    [
                        visits.served.into(),
                        visits.dropped.into(),
                        visits.skipped.into(),
                        visits.times.wait_sum,
                        visits.times.service_sum,
                    ]
                })
                .collect(),
            ending: [
                ending.answered.into(),
                ending.dropped.into(),
                ending.timed_out.into(),
                ending.unanswered.into(),
                ending.times().sum,
            ],
            times: ending.times().counts.to_vec(),
            first: counts(ending.first()),
            token: counts(ending.token()),
        })
    }
}
