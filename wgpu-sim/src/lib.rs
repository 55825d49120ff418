//! The simulator: an integer CPU engine and its WGSL twin.
//!
//! A [`Program`] lists stations: queues, first come first served, before one or more servers. Each
//! is simulated on its own, from Poisson arrivals at its rate, in many independent replications.
//! The result holds the mean, percentiles and confidence intervals of wait, service and sojourn.
//!
//! Everything that decides a result is an integer, so equal inputs and seed give equal histograms,
//! bit for bit, on the CPU, in the browser and on the GPU.
//!
//! ```
//! use core::ops::ControlFlow;
//! use core::time::Duration;
//! use wgpu_sim::{Arrivals, Program, Service, Settings, Station, simulate_cpu};
//!
//! let program = Program {
//!     stations: vec![Station {
//!         name: "reranker".into(),
//!         servers: 1,
//!         arrivals: Arrivals::Poisson { rate: 80.0 },
//!         service: Service::Exponential { mean: Duration::from_millis(10) },
//!     }],
//! };
//! let settings = Settings { requests: 400_000, ..Settings::default() };
//! let outcome = simulate_cpu(&program, &settings, &mut |_| ControlFlow::Continue(()))?;
//! let reranker = &outcome.stations[0];
//! let sojourn = reranker.sojourn.as_ref().expect("80 % busy is stable");
//! // Theory says 10 ms / (1 − 0.8) = 50 ms.
//! assert!((sojourn.mean_ms - 50.0).abs() < 5.0);
//! assert!((reranker.utilisation - 0.8).abs() < 0.02);
//! # Ok::<(), wgpu_sim::SimulationError>(())
//! ```
#![forbid(unsafe_code)]
// Exact results are asked for exactly.
#![cfg_attr(test, allow(clippy::float_cmp))]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::unreachable
    )
)]

mod cost;
mod cpu;
pub mod draws;
mod engine;
mod error;
pub mod gpu;
mod objectives;
mod outcome;
mod program;
mod record;
pub mod service;
pub mod stats;
pub mod theory;
mod trace;

use core::ops::ControlFlow;

pub use cost::{Cost, cost_per_hour};
pub use cpu::{Part, Shard, Trace, simulate_cpu, simulate_graph};
pub use engine::{EngineChoice, simulate, simulate_graph_on};
pub use error::SimulationError;
pub use gpu::{Gpu, GpuError, SharedGpu, simulate_gpu};
pub use objectives::{Judged, Unit, judge};
pub use outcome::chosen::chosen;
pub use outcome::graph::{GraphOutcome, Mode, NodeResult};
pub use outcome::journeys::{Journey, Journeys, Stay, Stop};
pub use outcome::steady::AdmissionResult;
pub use outcome::{Engine, Outcome, StationResult};
pub use program::{
    Arrivals, CALIBRATED, Compilation, MAX_SERVERS, Origin, Program, Service, Settings, Station,
    Warmup, from_graph, network,
};
pub use stats::Summary;
pub use trace::{RequestTrace, TableError, read as read_trace};

/// How far a simulation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Requests simulated so far, warm-up included.
    pub done: u64,
    /// Requests to simulate in all.
    pub total: u64,
}

/// Hears of progress, and ends the run by returning [`ControlFlow::Break`].
pub type ProgressFn<'a> = &'a mut dyn FnMut(Progress) -> ControlFlow<()>;

/// The time now, in milliseconds from any moment: it paces the GPU and decides no figure. The
/// engines have no clock of their own, since there is none for all the places where they run.
pub type ClockFn<'a> = &'a dyn Fn() -> f64;
