//! Which engine runs.

use std::rc::Rc;

use crate::cpu::simulate_flow;
use crate::error::SimulationError;
use crate::gpu::flow::Run;
use crate::gpu::{FILLING_LANES, Gpu, GpuError, SharedGpu, simulate_gpu};
use crate::outcome::graph::GraphOutcome;
use crate::outcome::{Engine, Outcome};
use crate::program::network::{Flow, Network};
use crate::program::{Compiled, Program, Settings};
use crate::{ClockFn, ProgressFn, simulate_cpu};

/// Which engine is to run. The figures are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineChoice {
    /// The GPU where there is one and the work fills it, else the CPU.
    #[default]
    Auto,
    /// The Rust engine.
    Cpu,
    /// The WGSL engine.
    Gpu,
}

/// Simulates on the engine chosen, on the GPU with the device that is shared. Should that fail on the
/// way, the CPU takes over and [`Outcome::engine_note`] says why.
///
/// # Errors
/// [`SimulationError`] for a program or settings that cannot be simulated, when cancelled, or where
/// [`EngineChoice::Gpu`] was asked for and there is none or the program does not fit it.
pub async fn simulate(
    program: &Program,
    settings: &Settings,
    choice: EngineChoice,
    shared: &SharedGpu,
    clock: ClockFn<'_>,
    progress: ProgressFn<'_>,
) -> Result<Outcome, SimulationError> {
    let forced = choice == EngineChoice::Gpu;
    if choice == EngineChoice::Cpu || !(forced || fills_gpu(program, settings)?) {
        return simulate_cpu(program, settings, progress);
    }
    let failure = match shared.get().await {
        Ok(gpu) if gpu.is_software() && !forced => {
            return simulate_cpu(program, settings, progress);
        }
        Ok(gpu) => match simulate_gpu(&gpu, program, settings, clock, progress).await {
            Err(SimulationError::Gpu(error)) => error,
            result => return result,
        },
        Err(error) => error,
    };
    match failure {
        GpuError::Unavailable(_) | GpuError::Unsuitable(_) if forced => Err(failure.into()),
        GpuError::Unavailable(_) => simulate_cpu(program, settings, progress),
        _ => {
            let mut outcome = simulate_cpu(program, settings, progress)?;
            outcome.engine_note = Some(format!("{failure}; the CPU ran instead"));
            Ok(outcome)
        }
    }
}

/// Simulates a whole graph on the engine chosen, with the figures of [`crate::simulate_graph`].
///
/// Should the device be lost on the way, another is asked for once and goes on with the replications
/// that are left; then the CPU does. [`GraphOutcome::engine_note`] tells of it, and of replications
/// that had no room on the GPU.
///
/// # Errors
/// As for [`simulate`].
pub async fn simulate_graph_on(
    network: &Network,
    settings: &Settings,
    choice: EngineChoice,
    shared: &SharedGpu,
    clock: ClockFn<'_>,
    progress: ProgressFn<'_>,
) -> Result<GraphOutcome, SimulationError> {
    let flow = Flow::new(network, settings)?;
    let forced = choice == EngineChoice::Gpu;
    let fills = u64::from(settings.replications) >= FILLING_LANES;
    if choice == EngineChoice::Cpu || !(forced || fills) || !flow.is_stable() {
        return simulate_flow(&flow, progress);
    }
    let gpu = match shared.get().await {
        Ok(gpu) if forced || !gpu.is_software() => gpu,
        Err(error) if forced => return Err(error.into()),
        _ => return simulate_flow(&flow, progress),
    };
    match graph_on(shared, gpu, &flow, clock, progress).await {
        // Some graphs have such a node: the answer is worth more than a refusal.
        Err(SimulationError::Gpu(error @ GpuError::Unsuitable(_))) => {
            let mut outcome = simulate_flow(&flow, progress)?;
            outcome.engine_note = forced.then(|| format!("{error}; the CPU ran instead"));
            Ok(outcome)
        }
        result => result,
    }
}

/// Runs a graph on the shared device, on another if that is lost, and else on the CPU.
pub(crate) async fn graph_on(
    shared: &SharedGpu,
    gpu: Rc<Gpu>,
    flow: &Flow,
    clock: ClockFn<'_>,
    progress: ProgressFn<'_>,
) -> Result<GraphOutcome, SimulationError> {
    let mut run = Run::new(flow)?;
    let first = match failure(run.advance(&gpu, clock, progress).await)? {
        Some(error @ GpuError::Unsuitable(_)) => return Err(error.into()),
        first => first,
    };
    let mut second = first.clone();
    if matches!(first, Some(GpuError::Lost(_))) {
        drop(gpu);
        second = match shared.get().await {
            Ok(gpu) => failure(run.advance(&gpu, clock, progress).await)?,
            Err(error) => Some(error),
        };
    }
    let (left, all) = (run.left(), flow.replications);
    run.finish_on_cpu(progress)?;
    let mut outcome = GraphOutcome::new(flow, &run.records);
    if left.len() < all as usize {
        outcome.engine = Engine::Gpu;
    }
    outcome.engine_note = match (first, second) {
        (Some(lost), None) => Some(format!("{lost}; another took over")),
        (Some(lost), Some(_)) => Some(format!(
            "{lost}; the CPU simulated {} of {all} replications instead",
            left.len()
        )),
        (None, _) if run.by_cpu > 0 => Some(format!(
            "{} of {all} replications had no room on the GPU; the CPU simulated them",
            run.by_cpu
        )),
        (None, _) => None,
    };
    Ok(outcome)
}

/// Why the device did not do all, if it did not.
fn failure(result: Result<(), SimulationError>) -> Result<Option<GpuError>, SimulationError> {
    match result {
        Ok(()) => Ok(None),
        Err(SimulationError::Gpu(error)) => Ok(Some(error)),
        Err(error) => Err(error),
    }
}

/// Whether there are lanes enough to keep a GPU busy.
fn fills_gpu(program: &Program, settings: &Settings) -> Result<bool, SimulationError> {
    let stations = Compiled::new(program, settings)?.stable().count() as u64;
    Ok(stations.saturating_mul(u64::from(settings.replications)) >= FILLING_LANES)
}
