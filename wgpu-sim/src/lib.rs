//! The simulator: an integer CPU engine and its WGSL twin.
//!
//! A [`network::Network`] is a whole graph: requests pass from node to node, wait in queues, are
//! batched, meet in joins, and come back in loops. It is compiled from a document, or made by hand,
//! and simulated in many independent replications. The outcome tells times from end to end and at
//! each node, with their confidence intervals.
//!
//! ```
//! use core::ops::ControlFlow;
//! use modelspec_core::Analysis;
//! use wgpu_sim::network::{Load, Network};
//! use wgpu_sim::{Settings, simulate_graph};
//!
//! let analysis = Analysis::new(
//!     "
//! apiVersion: modelgraph/v1alpha1
//! kind: ModelGraph
//! spec:
//!   inputs: {question: {type: text}}
//!   outputs: {hits: {type: candidates}}
//!   nodes:
//!     embedder: {role: embedder, service: {exponential: {mean: 10ms}}, placement: {replicas: 1}}
//!     store: {role: retriever, service: {exponential: {mean: 5ms}}, placement: {replicas: 1}}
//!   edges:
//!     - {from: inputs.question, to: embedder.text}
//!     - {from: embedder.vector, to: store.query}
//!     - {from: store.hits, to: outputs.hits}
//!   workload: {arrivals: {poisson: {rate: 80rps}}}
//! ",
//! );
//! let graph = analysis.graph.as_ref().expect("it can be read");
//! let compiled = Network::from_graph(graph, &Load::default()).expect("every node has a time");
//! let settings = Settings { requests: 400_000, ..Settings::default() };
//! let outcome = simulate_graph(&compiled.network, &settings, &mut |_| ControlFlow::Continue(()))?;
//! let whole = outcome.end_to_end.expect("it keeps up");
//! // Theory says 1 / (100 − 80) s + 1 / (200 − 80) s = 58.3 ms.
//! assert!((whole.mean_ms - 58.3).abs() < 5.0);
//! assert_eq!(outcome.bottleneck.as_deref(), Some("embedder"));
//! # Ok::<(), wgpu_sim::SimulationError>(())
//! ```
//!
//! Of a graph that lacks the time of a node, the others are simulated each on its own: a [`Program`]
//! lists such stations, from Poisson arrivals at their rates ([`from_graph`], [`simulate_cpu`]).
//!
//! Everything that decides a result is an integer, so equal inputs and seed give equal histograms,
//! bit for bit, on the CPU, in the browser and on the GPU ([`simulate_graph_on`]).
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
use core::pin::Pin;

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

/// Asked after each stretch of work, some milliseconds of it, in a run that computes on one thread:
/// where others want their turn now, it answers with what to wait for meanwhile. A worker of a
/// browser hears its messages only then. It decides no figure.
pub type TurnFn<'a> = &'a dyn Fn() -> Option<Turn>;

/// Others' turn, until it resolves.
pub type Turn = Pin<Box<dyn Future<Output = ()>>>;
