//! What is simulated: stations in, a flat integer program out.

mod compile;
mod from_graph;
pub mod network;

use core::time::Duration;

use serde::{Deserialize, Serialize};

pub use from_graph::{CALIBRATED, Compilation, Origin, from_graph};
pub(crate) use from_graph::{is_external, replicas};

pub(crate) use compile::{Compiled, CompiledStation, Lane};

/// The stations to simulate, each on its own: requests do not pass from one to the next.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// The stations. Their order decides their draws, so that the order of the document's nodes
    /// keeps draws equal between placements.
    pub stations: Vec<Station>,
}

/// A queue, first come first served, before one or more equal servers.
#[derive(Clone, Debug, PartialEq)]
pub struct Station {
    /// The node's name, as errors and results say it.
    pub name: String,
    /// How many requests are served at once: replicas × concurrency. At most [`MAX_SERVERS`], on
    /// the GPU at most [`crate::gpu::MAX_SERVERS`].
    pub servers: u32,
    /// When requests come.
    pub arrivals: Arrivals,
    /// How long one takes.
    pub service: Service,
}

/// The most servers that a station may have.
pub const MAX_SERVERS: u32 = 1024;

/// When requests come to a station.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Arrivals {
    /// Independent arrivals with exponential gaps.
    Poisson {
        /// Requests a second.
        rate: f64,
    },
}

/// How long a server takes for a request. Every service takes at least a tick.
#[derive(Clone, Debug, PartialEq)]
pub enum Service {
    /// The same for every request.
    Fixed(Duration),
    /// Exponential.
    Exponential {
        /// The mean.
        mean: Duration,
    },
    /// Lognormal by its mean and spread.
    Lognormal {
        /// The mean.
        mean: Duration,
        /// The coefficient of variation: standard deviation / mean.
        cv: f64,
    },
    /// Lognormal by two percentiles.
    LognormalPercentiles {
        /// The median.
        p50: Duration,
        /// The 95th percentile.
        p95: Duration,
    },
    /// Gamma by its mean and spread: between fixed and exponential below a spread of 1, and beyond
    /// exponential above.
    Gamma {
        /// The mean.
        mean: Duration,
        /// The coefficient of variation: standard deviation / mean.
        cv: f64,
    },
    /// Measured service times, in any order.
    Empirical(Vec<Duration>),
}

/// How a program is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Equal seeds give equal results.
    pub seed: u32,
    /// Independent runs of each station; confidence intervals come from their spread.
    pub replications: u32,
    /// Requests counted at each station, all replications together; rounded up to a multiple of the
    /// replications.
    pub requests: u64,
    /// Requests simulated before counting starts.
    pub warmup: Warmup,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            replications: 64,
            requests: 1_000_000,
            warmup: Warmup::Auto,
        }
    }
}

/// How many requests each replication simulates before counting starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Warmup {
    /// The most of: a tenth of those counted, five mean residence times, 5/(1−ρ)².
    Auto,
    /// This many.
    Requests(u32),
}
