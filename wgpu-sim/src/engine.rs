//! Which engine runs.

use crate::error::SimulationError;
use crate::gpu::{FILLING_LANES, Gpu, GpuError, simulate_gpu};
use crate::outcome::Outcome;
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

/// Simulates on the engine chosen. Should the GPU fail on the way, the CPU takes over and
/// [`Outcome::engine_note`] says why.
///
/// # Errors
/// [`SimulationError`] for a program or settings that cannot be simulated, when cancelled, or where
/// [`EngineChoice::Gpu`] was asked for and there is none or the program does not fit it.
pub async fn simulate(
    program: &Program,
    settings: &Settings,
    choice: EngineChoice,
    clock: ClockFn<'_>,
    progress: ProgressFn<'_>,
) -> Result<Outcome, SimulationError> {
    let forced = choice == EngineChoice::Gpu;
    if choice == EngineChoice::Cpu || !(forced || fills_gpu(program, settings)?) {
        return simulate_cpu(program, settings, progress);
    }
    let failure = match Gpu::new().await {
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

/// Whether there are lanes enough to keep a GPU busy.
fn fills_gpu(program: &Program, settings: &Settings) -> Result<bool, SimulationError> {
    let stations = Compiled::new(program, settings)?.stable().count() as u64;
    Ok(stations.saturating_mul(u64::from(settings.replications)) >= FILLING_LANES)
}
