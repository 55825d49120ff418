//! Whole graphs on the CPU.

use serde::{Deserialize, Serialize};

use super::sweep::{Answer, Events, Sweep, TURNS, WINDOW, Watch};
use super::{LaneRecord, Work, threads};
use crate::error::SimulationError;
use crate::outcome::graph::GraphOutcome;
use crate::program::Settings;
use crate::program::network::{Flow, Network};
use crate::stats::{BUCKETS, Sample};
use crate::{Progress, ProgressFn};

/// Simulates a graph by sweeps over windows of arrivals, natively on all cores; where requests come
/// back, from event to event. Its outcome says which, and why.
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
    simulate_flow(&Flow::new(network, settings)?, progress)
}

/// Simulates a graph that is compiled.
pub(crate) fn simulate_flow(
    flow: &Flow,
    progress: ProgressFn<'_>,
) -> Result<GraphOutcome, SimulationError> {
    let lanes: Vec<u32> = if flow.is_stable() {
        (0..flow.replications).collect()
    } else {
        Vec::new()
    };
    let records = run_lanes(flow, &lanes, progress)?;
    Ok(GraphOutcome::new(flow, &records))
}

/// Runs some lanes, natively on all cores.
pub(crate) fn run_lanes(
    flow: &Flow,
    lanes: &[u32],
    progress: ProgressFn<'_>,
) -> Result<Vec<LaneRecord>, SimulationError> {
    let mut records = Vec::new();
    run(flow, lanes, WINDOW, threads(), progress, &mut |record| {
        records.push(record);
    })?;
    records.into_iter().collect()
}

/// One share of a run: every so manyth replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Which, from 1.
    pub number: u32,
    /// Of how many.
    pub of: u32,
}

/// What one share of a run counted: integers, which add up to what the whole run counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Which share it is.
    pub shard: Shard,
    /// How the run is settled.
    pub settings: Settings,
    /// The replications, by their numbers; none of a graph that cannot keep up.
    lanes: Vec<(u32, LaneRecord)>,
}

impl Part {
    /// Simulates one share of the replications that [`simulate_graph`] simulates.
    ///
    /// # Errors
    /// As for [`simulate_graph`], and for a share that there is not.
    pub fn simulate(
        network: &Network,
        settings: &Settings,
        shard: Shard,
        progress: ProgressFn<'_>,
    ) -> Result<Self, SimulationError> {
        let Shard { number, of } = shard;
        if number == 0 || number > of || of > settings.replications {
            let most = settings.replications;
            let reason = format!(
                "{number} of {of} is no share: count from 1, and have at most as many shares as there are replications, {most}"
            );
            return Err(SimulationError::setting("shard", reason));
        }
        let flow = Flow::new(network, settings)?;
        let own = |replication: &u32| replication.checked_rem(of) == number.checked_sub(1);
        let lanes: Vec<u32> = (0..flow.replications).filter(own).collect();
        let mut records = Vec::new();
        if flow.is_stable() {
            run(&flow, &lanes, WINDOW, threads(), progress, &mut |record| {
                records.push(record);
            })?;
        }
        let records: Vec<LaneRecord> = records.into_iter().collect::<Result<_, _>>()?;
        Ok(Self {
            shard,
            settings: *settings,
            lanes: lanes.into_iter().zip(records).collect(),
        })
    }

    /// The outcome of the whole run: equal to that of [`simulate_graph`] bit for bit.
    ///
    /// # Errors
    /// [`SimulationError`] where the parts are not those of one run of this network, each once.
    pub fn merge(network: &Network, parts: Vec<Self>) -> Result<GraphOutcome, SimulationError> {
        let refuse = |reason: String| Err(SimulationError::setting("shard", reason));
        let Some(first) = parts.first() else {
            return refuse("there is no part to merge".to_owned());
        };
        let (settings, of) = (first.settings, first.shard.of);
        if let Some(part) = parts
            .iter()
            .find(|part| part.settings != settings || part.shard.of != of)
        {
            let number = part.shard.number;
            return refuse(format!(
                "part {number} is of another run: merge parts of one seed, one number of requests, replications and shares"
            ));
        }
        let mut numbers: Vec<u32> = parts.iter().map(|part| part.shard.number).collect();
        numbers.sort_unstable();
        if !numbers.iter().copied().eq(1..=of) {
            let missing: Vec<String> = (1..=of)
                .filter(|number| !numbers.contains(number))
                .map(|number| number.to_string())
                .collect();
            return refuse(if missing.is_empty() {
                "a part is given twice".to_owned()
            } else {
                format!("of the {of} parts there lack: {}", missing.join(", "))
            });
        }
        let flow = Flow::new(network, &settings)?;
        let mut lanes: Vec<(u32, LaneRecord)> =
            parts.into_iter().flat_map(|part| part.lanes).collect();
        lanes.sort_by_key(|(replication, _)| *replication);
        let known = lanes.iter().map(|(replication, _)| *replication);
        let expected = if flow.is_stable() {
            flow.replications
        } else {
            0
        };
        let fits = |(_, record): &(u32, LaneRecord)| record.nodes.len() == flow.sink();
        if !known.eq(0..expected) || !lanes.iter().all(fits) {
            return refuse("the parts do not hold the replications of this graph".to_owned());
        }
        let records: Vec<LaneRecord> = lanes.into_iter().map(|(_, record)| record).collect();
        Ok(GraphOutcome::new(&flow, &records))
    }
}

/// Runs lanes in windows of so many arrivals, and hands their records over in order.
fn run(
    flow: &Flow,
    lanes: &[u32],
    window: u32,
    threads: usize,
    progress: ProgressFn<'_>,
    push: &mut dyn FnMut(Result<LaneRecord, SimulationError>),
) -> Result<(), SimulationError> {
    let requests = u64::from(flow.end());
    let count = u64::try_from(lanes.len()).unwrap_or(u64::MAX);
    let work = Work {
        lanes,
        total: requests.saturating_mul(count),
        run: &|lane, advanced| run_lane(flow, lane, window, advanced),
    };
    work.run(threads, progress, push)
}

/// Steps of a sweep between two looks at the wish to cancel.
fn steps_between_looks(flow: &Flow, window: u32) -> u32 {
    // A visit to a generator takes many times as long as others.
    let visits = if flow.has_streams() {
        super::STRIDE >> 4
    } else {
        super::STRIDE
    };
    let nodes = u32::try_from(flow.nodes.len()).unwrap_or(u32::MAX);
    let step = nodes.min(TURNS).saturating_mul(window);
    visits.checked_div(step).unwrap_or(0)
}

fn run_lane(
    flow: &Flow,
    replication: u32,
    window: u32,
    advanced: &mut dyn FnMut(u32) -> bool,
) -> Option<Result<LaneRecord, SimulationError>> {
    if flow.by_events.is_some() {
        return run_events(flow, replication, advanced);
    }
    let mut sweep = Sweep::new(flow, replication, window)?;
    let steps = steps_between_looks(flow, window);
    let (mut unsaid, mut unseen) = (0_u32, 0_u32);
    while !sweep.is_done() {
        unsaid = unsaid.saturating_add(sweep.advance());
        unseen = unseen.saturating_add(1);
        if unseen >= steps || sweep.is_done() {
            if !advanced(unsaid) {
                return None;
            }
            (unsaid, unseen) = (0, 0);
        }
    }
    Some(sweep.into_record())
}

/// Runs one lane, from its beginning to its end; `goes_on` is asked on the way whether it is still
/// wanted.
pub(crate) fn run_alone(
    flow: &Flow,
    replication: u32,
    goes_on: &mut dyn FnMut() -> bool,
) -> Result<LaneRecord, SimulationError> {
    let record = run_lane(flow, replication, WINDOW, &mut |_| goes_on());
    record.ok_or(SimulationError::Cancelled)?
}

/// Runs a lane and follows its requests.
pub(crate) fn follow(
    flow: &Flow,
    replication: u32,
    watch: Watch,
    progress: ProgressFn<'_>,
) -> Result<Watch, SimulationError> {
    let sweep = Sweep::new(flow, replication, WINDOW).ok_or(SimulationError::Cancelled)?;
    let mut sweep = sweep.watched(watch);
    let mut state = Progress {
        done: 0,
        total: u64::from(flow.end()),
    };
    while !sweep.is_done() {
        state.done = state.done.saturating_add(sweep.advance().into());
        if progress(state).is_break() {
            return Err(SimulationError::Cancelled);
        }
    }
    sweep.into_watch().ok_or(SimulationError::Cancelled)
}

/// Runs the one lane of a feed-forward graph, and tells each answer that is counted.
pub(crate) fn answers(flow: &Flow) -> Result<Vec<Answer>, SimulationError> {
    let sweep = Sweep::new(flow, 0, WINDOW).ok_or(SimulationError::Cancelled)?;
    let mut sweep = sweep.answering();
    while !sweep.is_done() {
        sweep.advance();
    }
    sweep.into_answers()
}

fn run_events(
    flow: &Flow,
    replication: u32,
    advanced: &mut dyn FnMut(u32) -> bool,
) -> Option<Result<LaneRecord, SimulationError>> {
    let mut events = Events::new(flow, replication)?;
    while !events.is_done() {
        let arrived = events.advance();
        if !advanced(arrived) {
            return None;
        }
    }
    Some(events.into_record())
}

/// One lane's counts, to be compared with another simulator's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// For each node in the order of the document: served, dropped, skipped, and the sums of waits
    /// and services in ticks; tries whose time was up, and the sum of their times.
    pub nodes: Vec<[u64; 7]>,
    /// Answered, dropped, timed out and unanswered requests, and the sum of their times in ticks.
    pub ending: [u64; 5],
    /// Counts of the times from end to end by [`crate::stats::bucket`].
    pub times: Vec<u32>,
    /// The same of times to the first token, with their sum; without streams nothing.
    pub first: (Vec<u32>, u64),
    /// The same of times per token behind the first.
    pub token: (Vec<u32>, u64),
    /// For each node, of its KV caches: how often requests were put back, and the tokens stored and
    /// those that there was room for, times the time in 2⁻¹⁶ ticks.
    pub caches: Vec<Option<(u64, u128, u128)>>,
    /// For each node whose replicas vary, their time in all while counted requests entered.
    pub replicas: Vec<Option<u64>>,
}

impl Trace {
    /// Runs one lane in windows of so many arrivals.
    ///
    /// # Errors
    /// [`SimulationError::Invariant`] if the lane's counts contradict one another.
    pub fn new(flow: &Flow, replication: u32, window: u32) -> Result<Self, SimulationError> {
        let record = run_lane(flow, replication, window, &mut |_| true);
        Ok(Self::of(&record.ok_or(SimulationError::Cancelled)??))
    }

    /// Runs one lane from event to event, though a sweep might do.
    ///
    /// # Errors
    /// As for [`Self::new`].
    pub fn by_events(flow: &Flow, replication: u32) -> Result<Self, SimulationError> {
        let record = run_events(flow, replication, &mut |_| true);
        Ok(Self::of(&record.ok_or(SimulationError::Cancelled)??))
    }

    pub(crate) fn of(record: &LaneRecord) -> Self {
        let ending = &record.ending;
        let counts = |sample: Sample<'_>| {
            let mut counts = sample.counts.to_vec();
            counts.resize(BUCKETS, 0);
            (counts, sample.sum)
        };
        Self {
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
                        visits.timed_out.into(),
                        visits.waited.wrapping_add(visits.lost),
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
            caches: record
                .nodes
                .iter()
                .map(|visits| {
                    let cache = visits.cache?;
                    Some((cache.preemptions, cache.stored, cache.room))
                })
                .collect(),
            replicas: record
                .nodes
                .iter()
                .map(|visits| Some(visits.replicas?.counted))
                .collect(),
        }
    }
}
