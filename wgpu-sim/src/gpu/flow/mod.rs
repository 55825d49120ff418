//! Whole graphs in WGSL, by windows of arrivals or from event to event: the twin of cpu/sweep.

mod names;
mod program;
mod records;
mod tile;

use super::{BUCKETS_WGSL, DRAWS_WGSL, Gpu, GpuError, Pace};
use crate::cpu::{LaneRecord, run_alone, run_lanes};
use crate::error::SimulationError;
use crate::program::network::{BLOCK, Flow};
use crate::record::BACKLOG_LIMIT;
use crate::{ClockFn, Progress, ProgressFn, TurnFn};
use program::Words;
use tile::{Tile, Uploaded};

/// Arrivals of a window. Figures do not depend on it; a lane's rings are small where it is.
const WINDOW: usize = 8;

/// What both kernels have.
const PARTS: [&str; 13] = [
    DRAWS_WGSL,
    BUCKETS_WGSL,
    include_str!("wgsl/lane.wgsl"),
    include_str!("wgsl/wide.wgsl"),
    include_str!("wgsl/draws.wgsl"),
    include_str!("wgsl/rings.wgsl"),
    include_str!("wgsl/gather.wgsl"),
    include_str!("wgsl/stations.wgsl"),
    include_str!("wgsl/sequences.wgsl"),
    include_str!("wgsl/kv.wgsl"),
    include_str!("wgsl/scheduler.wgsl"),
    include_str!("wgsl/flow.wgsl"),
    include_str!("wgsl/main.wgsl"),
];

/// How time advances, window by window of arrivals or from event to event.
const SWEEP: &[&str] = &[include_str!("wgsl/sweep.wgsl")];
const EVENTS: &[&str] = &[
    include_str!("wgsl/rounds.wgsl"),
    include_str!("wgsl/events.wgsl"),
];

/// A kernel's text.
fn source(own: &[&str]) -> String {
    let nodes = names::HEADER.count();
    let mut text = names::declarations(&[
        ("NODES", nodes),
        ("NODE_WORDS", names::NODE.count()),
        ("EDGE_WORDS", names::EDGE.count()),
        ("LOOP_EDGES", names::LOOP.count()),
        ("INSIDE_WORDS", names::INSIDE.count()),
        ("EXIT_WORDS", names::EXIT.count()),
        ("LENGTH_WORDS", names::LENGTHS.count()),
        ("SEQUENCE_WORDS", names::SEQUENCE.count()),
        ("BLOCK", BLOCK as usize),
        ("REQUESTS", names::LANE.count()),
        ("REQUEST_MASK", program::REQUESTS.saturating_sub(1)),
        ("WINDOW", WINDOW),
        ("BACKLOG_LIMIT", BACKLOG_LIMIT as usize),
        ("UNLIMITED", program::UNLIMITED as usize),
    ]);
    for part in PARTS.iter().chain(own) {
        text.push('\n');
        text.push_str(part);
    }
    text
}

/// The kernel of a graph, which is compiled when a first one asks for it.
fn kernel<'a>(gpu: &'a Gpu, flow: &Flow) -> &'a wgpu::ComputePipeline {
    if flow.by_events.is_some() {
        let compile = || gpu.pipeline("events", &source(EVENTS));
        return gpu.events.get_or_init(compile);
    }
    gpu.flow
        .get_or_init(|| gpu.pipeline("flow", &source(SWEEP)))
}

/// A run of all lanes of a graph, and how far it is.
pub(crate) struct Run<'a> {
    flow: &'a Flow,
    words: Words,
    /// The records of the lanes that are done, in order.
    pub(crate) records: Vec<LaneRecord>,
    /// How many of them had no room on the GPU, and ran on the CPU.
    pub(crate) by_cpu: u32,
}

impl<'a> Run<'a> {
    /// A run before its beginning.
    ///
    /// # Errors
    /// [`GpuError::Unsuitable`] for a graph that the kernel does not hold.
    pub(crate) fn new(flow: &'a Flow) -> Result<Self, GpuError> {
        Ok(Self {
            flow,
            words: Words::new(flow)?,
            records: Vec::new(),
            by_cpu: 0,
        })
    }

    /// The lanes that are still to be run.
    pub(crate) fn left(&self) -> core::ops::Range<u32> {
        let done = u32::try_from(self.records.len()).unwrap_or(u32::MAX);
        done..self.flow.replications
    }

    /// Runs the lanes that are left. Should the device fail on the way, those that are done are
    /// kept, and another call goes on from there.
    ///
    /// # Errors
    /// [`SimulationError::Gpu`] if the device fails; when cancelled; if counts contradict one
    /// another.
    pub(crate) async fn advance(
        &mut self,
        gpu: &Gpu,
        clock: ClockFn<'_>,
        turn: TurnFn<'_>,
        progress: ProgressFn<'_>,
    ) -> Result<(), SimulationError> {
        let size = tile::size(&gpu.device.limits(), &self.words);
        if size == 0 {
            let reason = "a single replication of this graph is larger than its memory";
            return Err(GpuError::Unsuitable(reason.to_owned()).into());
        }
        let uploaded = Uploaded::new(gpu, &self.words);
        let each = u64::from(self.flow.end());
        let mut state = Progress {
            done: 0,
            total: each.saturating_mul(self.flow.replications.into()),
        };
        let mut pace = Pace { steps: 1 };
        let lanes: Vec<u32> = self.left().collect();
        for lanes in lanes.chunks(size) {
            let before = each.saturating_mul(self.records.len() as u64);
            let mut tile = Tile::new(gpu, self.flow, &self.words, &uploaded, lanes)?;
            while !tile.is_done() {
                let start = clock();
                tile.advance(pace.steps).await?;
                pace.adapt(clock() - start);
                state.done = before.saturating_add(tile.entered());
                if progress(state).is_break() {
                    return Err(SimulationError::Cancelled);
                }
            }
            for (&lane, record) in lanes.iter().zip(tile.read().await?) {
                self.by_cpu = self.by_cpu.saturating_add(u32::from(record.is_none()));
                let record = if let Some(record) = record {
                    record
                } else {
                    let goes_on = &mut || progress(state).is_continue();
                    run_alone(self.flow, lane, turn, goes_on).await?
                };
                self.records.push(record);
            }
        }
        Ok(())
    }

    /// Runs the lanes that are left on the CPU.
    ///
    /// # Errors
    /// When cancelled; if counts contradict one another.
    pub(crate) async fn finish_on_cpu(
        &mut self,
        turn: TurnFn<'_>,
        progress: ProgressFn<'_>,
    ) -> Result<(), SimulationError> {
        let left: Vec<u32> = self.left().collect();
        let records = run_lanes(self.flow, &left, turn, progress).await?;
        self.records.extend(records);
        Ok(())
    }
}
