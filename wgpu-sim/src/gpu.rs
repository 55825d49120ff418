//! The WGSL engine: `wgpu` on Vulkan, Metal or DX12 natively, on WebGPU in the browser.

mod buffers;
pub(crate) mod flow;
mod shared;
mod tile;

use core::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::cpu::Trace;
use crate::error::SimulationError;
use crate::outcome::{Engine, Gathering, Outcome};
use crate::program::network::Flow;
use crate::program::{Compiled, Lane, Program, Settings};
use crate::record::Record;
use crate::{ClockFn, Progress, ProgressFn};

pub use shared::SharedGpu;

/// What both kernels have: draws, and the buckets of histograms.
const DRAWS_WGSL: &str = include_str!("gpu/wgsl/draws.wgsl");
const BUCKETS_WGSL: &str = include_str!("gpu/wgsl/buckets.wgsl");
/// The kernel of single stations.
const STATIONS_WGSL: &str = include_str!("gpu/wgsl/stations.wgsl");

/// The most servers of a station on the GPU.
pub const MAX_SERVERS: u32 = 64;

/// Fewer lanes than this leave a GPU idle, and the CPU is faster.
pub const FILLING_LANES: u64 = 4_000;

/// Why the GPU gave no result. The CPU gives the same answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GpuError {
    /// There is no adapter, or it grants no device.
    Unavailable(String),
    /// The program does not fit the GPU engine's limits.
    Unsuitable(String),
    /// The device was lost during the run.
    Lost(String),
    /// The device reported an error.
    Failed(String),
}

impl fmt::Display for GpuError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(reason) => write!(f, "no GPU can be used: {reason}"),
            Self::Unsuitable(reason) => write!(f, "the GPU cannot hold this: {reason}"),
            Self::Lost(reason) => write!(f, "the GPU was lost: {reason}"),
            Self::Failed(reason) => write!(f, "the GPU failed: {reason}"),
        }
    }
}

impl core::error::Error for GpuError {}

/// The first failure that the device reported, from whichever callback.
#[derive(Clone, Debug, Default)]
struct Failure(Arc<Mutex<Option<GpuError>>>);

impl Failure {
    fn set(&self, error: GpuError) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(error);
    }

    fn check(&self) -> Result<(), GpuError> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .map_or(Ok(()), Err)
    }
}

/// A device with the kernels, for any number of runs.
#[derive(Debug)]
pub struct Gpu {
    device: wgpu::Device,
    queue: wgpu::Queue,
    /// The kernels, compiled when first needed: of single stations, and of whole graphs, by windows
    /// of arrivals and from event to event.
    stations: OnceLock<wgpu::ComputePipeline>,
    flow: OnceLock<wgpu::ComputePipeline>,
    events: OnceLock<wgpu::ComputePipeline>,
    info: wgpu::AdapterInfo,
    failure: Failure,
}

impl Gpu {
    /// Asks for the fastest adapter. The limits that every WebGPU device
    /// grants are enough.
    ///
    /// # Errors
    /// [`GpuError::Unavailable`] where there is no adapter, or none with those limits.
    pub async fn new() -> Result<Self, GpuError> {
        if wgpu::Instance::enabled_backend_features().is_empty() {
            return Err(GpuError::Unavailable(
                "no GPU interface exists for this system".into(),
            ));
        }
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let adapter = instance
            .request_adapter(&wgpu::RequestAdapterOptions {
                power_preference: wgpu::PowerPreference::HighPerformance,
                ..Default::default()
            })
            .await
            .map_err(|error| GpuError::Unavailable(error.to_string()))?;
        let (device, queue) = adapter
            .request_device(&wgpu::DeviceDescriptor {
                label: Some("wgpu-sim"),
                ..Default::default()
            })
            .await
            .map_err(|error| GpuError::Unavailable(error.to_string()))?;

        let failure = Failure::default();
        let lost = failure.clone();
        device.set_device_lost_callback(move |_, reason| lost.set(GpuError::Lost(reason)));
        let failed = failure.clone();
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            failed.set(GpuError::Failed(error.to_string()));
        }));

        let gpu = Self {
            device,
            queue,
            stations: OnceLock::new(),
            flow: OnceLock::new(),
            events: OnceLock::new(),
            info: adapter.get_info(),
            failure,
        };
        gpu.failure.check()?;
        Ok(gpu)
    }

    /// The kernel of single stations.
    fn stations(&self) -> &wgpu::ComputePipeline {
        self.stations.get_or_init(|| {
            self.pipeline(
                "stations",
                &[STATIONS_WGSL, DRAWS_WGSL, BUCKETS_WGSL].concat(),
            )
        })
    }

    /// The adapter's name; may be empty, since browsers hide it.
    pub fn name(&self) -> &str {
        &self.info.name
    }

    /// Whether the adapter is known to be software on the CPU, slower than the CPU engine.
    pub fn is_software(&self) -> bool {
        self.info.device_type == wgpu::DeviceType::Cpu
    }

    /// Whether no failure is known of it. What befell the device since the last run is asked for
    /// first; browsers tell it by themselves.
    fn is_alive(&self) -> bool {
        self.device.poll(wgpu::PollType::Poll).is_ok() && self.failure.check().is_ok()
    }

    /// Waits until all work submitted so far is done.
    async fn finish(&self) -> Result<(), GpuError> {
        let (sender, receiver) = futures_channel::oneshot::channel();
        self.queue.on_submitted_work_done(move || {
            // The receiver is gone only when the run was given up.
            let _ = sender.send(());
        });
        self.wait(receiver).await
    }

    /// Waits for a callback of the device. Natively the device must be polled for it; browsers call
    /// back by themselves.
    async fn wait<T>(
        &self,
        receiver: futures_channel::oneshot::Receiver<T>,
    ) -> Result<T, GpuError> {
        if let Err(error) = self.device.poll(wgpu::PollType::wait_indefinitely()) {
            self.failure.check()?;
            return Err(GpuError::Failed(error.to_string()));
        }
        let value = receiver.await;
        self.failure.check()?;
        value.map_err(|_| GpuError::Failed("it dropped its work".into()))
    }
}

/// Simulates on the GPU. The work goes in slices of 10 to 50 ms, measured by `clock`; after each,
/// `progress` is called, and ends the run by returning [`core::ops::ControlFlow::Break`].
///
/// # Errors
/// [`SimulationError`] for a program or settings that cannot be simulated, or when cancelled;
/// [`SimulationError::Gpu`] where [`crate::simulate_cpu`] would give the same answer.
pub async fn simulate_gpu(
    gpu: &Gpu,
    program: &Program,
    settings: &Settings,
    clock: ClockFn<'_>,
    progress: ProgressFn<'_>,
) -> Result<Outcome, SimulationError> {
    let compiled = Compiled::new(program, settings)?;
    let mut gathering = Gathering::new(&compiled);
    run(gpu, &compiled, clock, progress, &mut |record| {
        gathering.push(record);
    })
    .await?;
    Ok(gathering.finish(Engine::Gpu))
}

/// The counts of all lanes of a graph, to be compared with another simulator's, and how many of the
/// lanes had no room on the GPU and ran on the CPU.
///
/// # Errors
/// As for [`simulate_gpu`].
pub async fn traces(gpu: &Gpu, flow: &Flow) -> Result<(Vec<Trace>, u32), SimulationError> {
    let mut run = flow::Run::new(flow)?;
    let go_on = &mut |_| core::ops::ControlFlow::Continue(());
    // Without a clock all dispatches look alike.
    run.advance(gpu, &|| 0.0, go_on).await?;
    let traces = run.records.iter().map(Trace::of).collect();
    Ok((traces, run.by_cpu))
}

/// Runs all lanes, tile by tile, and hands their records over in order.
async fn run(
    gpu: &Gpu,
    compiled: &Compiled,
    clock: ClockFn<'_>,
    progress: ProgressFn<'_>,
    push: &mut dyn FnMut(Record),
) -> Result<(), SimulationError> {
    let tables = tile::Tables::new(gpu, compiled)?;
    let lanes: Vec<Lane> = compiled.lanes().collect();
    let mut state = Progress {
        done: 0,
        total: compiled.work(),
    };
    let mut pace = Pace::default();
    for lanes in lanes.chunks(tile::size(&gpu.device.limits())) {
        let tile = tile::Tile::new(gpu, compiled, &tables, lanes)?;
        while !tile.is_done() {
            // What a dispatch took says something of its true length only.
            pace.steps = pace.steps.min(tile.longest());
            let start = clock();
            let advanced = tile.advance(pace.steps).await?;
            pace.adapt(clock() - start);
            state.done = state.done.saturating_add(advanced);
            if progress(state).is_break() {
                return Err(SimulationError::Cancelled);
            }
        }
        tile.read(push).await?;
    }
    Ok(())
}

/// How many requests a lane simulates in one dispatch.
#[derive(Clone, Copy, Debug)]
struct Pace {
    steps: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self { steps: 16 }
    }
}

impl Pace {
    /// The aimed length of a dispatch: long beside its overhead, short beside a watchdog's patience
    /// and a frame's budget.
    const AIM_MS: f64 = 25.0;

    /// Moves towards the aim, at most fourfold at a time: a first short dispatch says little.
    fn adapt(&mut self, elapsed_ms: f64) {
        let factor = (Self::AIM_MS / elapsed_ms.max(0.01)).clamp(0.1, 4.0);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let steps = (f64::from(self.steps) * factor) as u32;
        self.steps = steps.clamp(1, 1 << 24);
    }
}

#[cfg(test)]
mod tests;
