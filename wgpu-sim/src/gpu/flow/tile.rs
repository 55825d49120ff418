//! Lanes of a graph that are on the GPU together.

use std::collections::VecDeque;

use super::names::{LANE, code};
use super::program::{Words, halves};
use super::records::Lane;
use super::{Gpu, GpuError, WINDOW, kernel};
use crate::cpu::{LaneRecord, Source};
use crate::error::SimulationError;
use crate::program::network::{Flow, Pace};

/// Lanes of a workgroup, as the kernel has it.
const WORKGROUP: u32 = 64;

/// Passes through loops after which a lane pauses until the next dispatch: some tenths of a second
/// on a slow device. A lane that makes twice as many without a pause is left to the CPU.
const PASSES: u32 = 1 << 18;
/// Mesa's software driver silently leaves loops after 65,535 passes of the eight lanes together that
/// it computes at once.
const SOFTWARE_PASSES: u32 = 3_500;

/// What all tiles of a graph read.
pub(super) struct Uploaded {
    program: wgpu::Buffer,
    knots: wgpu::Buffer,
}

impl Uploaded {
    pub(super) fn new(gpu: &Gpu, words: &Words) -> Self {
        let read = wgpu::BufferUsages::STORAGE;
        Self {
            program: gpu.upload("program", read, &words.program),
            knots: gpu.upload("knots", read, &words.knots),
        }
    }
}

/// Some lanes of a graph, on the GPU.
pub(super) struct Tile<'a> {
    gpu: &'a Gpu,
    flow: &'a Flow,
    words: &'a Words,
    /// Arrivals that are not drawn there, for each lane from its next request on.
    sources: Vec<Upcoming<'a>>,
    /// The next request of each lane, and whether it goes on.
    next: Vec<u32>,
    running: Vec<bool>,
    slice: wgpu::Buffer,
    arrivals: wgpu::Buffer,
    state: wgpu::Buffer,
    counts: wgpu::Buffer,
    bindings: wgpu::BindGroup,
}

/// A lane's arrivals.
struct Upcoming<'a> {
    source: Source<'a>,
    known: VecDeque<u64>,
}

/// The most windows of a dispatch whose arrivals are uploaded.
const AHEAD: u32 = 64;

/// How many lanes fit a device at once.
pub(super) fn size(limits: &wgpu::Limits, words: &Words) -> usize {
    let lane = words.lane.max(words.buckets) as u64;
    let most = limits
        .max_storage_buffer_binding_size
        .min(limits.max_buffer_size);
    let lanes = most.checked_div(lane.saturating_mul(4)).unwrap_or(0);
    usize::try_from(lanes.min(1 << 18)).unwrap_or(0)
}

impl<'a> Tile<'a> {
    pub(super) fn new(
        gpu: &'a Gpu,
        flow: &'a Flow,
        words: &'a Words,
        uploaded: &Uploaded,
        lanes: &[u32],
    ) -> Result<Self, GpuError> {
        let count = lanes.len() as u64;
        let is_steady = flow.pace == Pace::Steady;
        let sources = lanes.iter().filter_map(|&replication| {
            let source = Source::new(flow, [flow.seed, replication])?;
            Some(Upcoming {
                source,
                known: VecDeque::new(),
            })
        });
        let read = wgpu::BufferUsages::STORAGE;
        let kept = read | wgpu::BufferUsages::COPY_SRC;
        let replications = gpu.upload("replications", read, lanes);
        let ahead = u64::from(AHEAD)
            .saturating_mul(WINDOW as u64)
            .saturating_add(1)
            .saturating_mul(2);
        let ahead = if is_steady { 0 } else { ahead };
        let arrivals = gpu.create(
            "arrivals",
            read | wgpu::BufferUsages::COPY_DST,
            ahead.saturating_mul(count),
        );
        let state = gpu.create("state", kept, (words.lane as u64).saturating_mul(count));
        let counts = gpu.create("counts", kept, (words.buckets as u64).saturating_mul(count));
        let slice = gpu.upload("slice", wgpu::BufferUsages::UNIFORM, &[0; 4]);
        let buffers = [
            &slice,
            &uploaded.program,
            &uploaded.knots,
            &replications,
            &arrivals,
            &state,
            &counts,
        ];
        let bindings = gpu.bind(kernel(gpu, flow), &buffers);
        gpu.failure.check()?;
        Ok(Self {
            gpu,
            flow,
            words,
            sources: if is_steady {
                Vec::new()
            } else {
                sources.collect()
            },
            next: vec![0; lanes.len()],
            running: vec![true; lanes.len()],
            slice,
            arrivals,
            state,
            counts,
            bindings,
        })
    }

    /// Whether every lane has come to its end.
    pub(super) fn is_done(&self) -> bool {
        !self.running.contains(&true)
    }

    /// Requests that have entered, of those that are to be counted and of the warm-up.
    pub(super) fn entered(&self) -> u64 {
        let end = self.flow.end();
        let entered = self.next.iter().zip(&self.running);
        entered
            .map(|(&next, running)| u64::from(if *running { next.min(end) } else { end }))
            .fold(0, u64::saturating_add)
    }

    /// One dispatch: so many windows of arrivals in each lane, at most.
    pub(super) async fn advance(&mut self, windows: u32) -> Result<(), GpuError> {
        let gpu = self.gpu;
        let lanes = u32::try_from(self.next.len()).unwrap_or(u32::MAX);
        let windows = if self.sources.is_empty() {
            windows
        } else {
            windows.min(AHEAD)
        };
        self.upload_arrivals(windows);
        let passes = if gpu.is_software() {
            SOFTWARE_PASSES
        } else {
            PASSES
        };
        gpu.write(&self.slice, &[self.flow.seed, lanes, windows, passes]);
        let kernel = kernel(gpu, self.flow);
        gpu.dispatch(kernel, &self.bindings, lanes.div_ceil(WORKGROUP))
            .await?;
        // The first two words of every lane.
        let first = gpu
            .read(&self.state, u64::from(lanes).saturating_mul(2))
            .await?;
        let (next, status) = first.split_at_checked(self.next.len()).unwrap_or_default();
        for (source, (after, before)) in self.sources.iter_mut().zip(next.iter().zip(&self.next)) {
            let entered = after.saturating_sub(*before) as usize;
            source.known.drain(..entered.min(source.known.len()));
        }
        self.next.clear();
        self.next.extend(next);
        self.running.clear();
        let running = code("RUNNING");
        self.running
            .extend(status.iter().map(|&status| status == running));
        Ok(())
    }

    /// Uploads when the next requests arrive, one after the other for all lanes.
    fn upload_arrivals(&mut self, windows: u32) {
        if self.sources.is_empty() {
            return;
        }
        let count = (windows as usize).saturating_mul(WINDOW).saturating_add(1);
        for lane in &mut self.sources {
            while lane.known.len() < count {
                let (_, at) = lane.source.next();
                lane.known.push_back(at);
            }
        }
        let mut words = Vec::with_capacity(count.saturating_mul(2).saturating_mul(self.next.len()));
        for number in 0..count {
            for lane in &self.sources {
                let at = lane.known.get(number).copied().unwrap_or(u64::MAX);
                words.extend(halves(at));
            }
        }
        self.gpu.write(&self.arrivals, &words);
    }

    /// Reads back the lanes' records, in order; none of a lane that had no room, or that the driver
    /// stopped.
    pub(super) async fn read(&self) -> Result<Vec<Option<LaneRecord>>, SimulationError> {
        let lanes = self.next.len();
        let all = |words: usize| (words as u64).saturating_mul(lanes as u64);
        let state = self.gpu.read(&self.state, all(self.words.lane)).await?;
        let counts = self.gpu.read(&self.counts, all(self.words.buckets)).await?;
        let status = LANE.place("STATUS").saturating_mul(lanes);
        let record = |place: usize| {
            if state.get(status.saturating_add(place)) != Some(&code("DONE")) {
                return Ok(None);
            }
            let start = place.saturating_mul(self.words.buckets);
            let buckets = counts.get(start..start.saturating_add(self.words.buckets));
            let lane = Lane {
                state: &state,
                lanes,
                place,
                buckets: buckets.unwrap_or(&[]),
            };
            lane.record(self.flow, self.words).map(Some)
        };
        (0..lanes).map(record).collect()
    }
}
