//! Why a simulation gave no result.

use core::fmt;

use crate::gpu::GpuError;

/// Why a simulation gave no result. The message names the place and the way out.
#[derive(Clone, Debug, PartialEq)]
pub enum SimulationError {
    /// The program has no station.
    NoStations,
    /// The program has more stations than a draw can tell apart.
    TooManyStations {
        /// How many it has.
        count: usize,
    },
    /// A value of a station cannot be simulated.
    Station {
        /// The station's name.
        name: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A setting cannot be used.
    Setting {
        /// The setting's name.
        name: &'static str,
        /// What is wrong and what to do.
        reason: String,
    },
    /// The counts of a run contradict one another: a defect of the simulator.
    Invariant {
        /// The node's name.
        name: String,
        /// The law that does not hold.
        law: &'static str,
    },
    /// The caller's progress function asked to stop.
    Cancelled,
    /// The GPU failed or does not suit; the CPU gives the same answer.
    Gpu(GpuError),
}

impl SimulationError {
    pub(crate) fn station(name: &str, reason: impl Into<String>) -> Self {
        Self::Station {
            name: name.to_owned(),
            reason: reason.into(),
        }
    }

    pub(crate) fn setting(name: &'static str, reason: impl Into<String>) -> Self {
        Self::Setting {
            name,
            reason: reason.into(),
        }
    }
}

impl fmt::Display for SimulationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoStations => write!(f, "nothing to simulate: add a node with a service time"),
            Self::TooManyStations { count } => {
                let most = crate::draws::MAX_STATIONS;
                write!(
                    f,
                    "{count} stations are too many: simulate at most {most} at a time"
                )
            }
            Self::Station { name, reason } => write!(f, "node `{name}`: {reason}"),
            Self::Setting { name, reason } => write!(f, "setting `{name}`: {reason}"),
            Self::Invariant { name, law } => write!(
                f,
                "node `{name}`: {law} does not hold of its counts, which is a defect of the \
                 simulator; report it with the document"
            ),
            Self::Cancelled => write!(f, "cancelled"),
            Self::Gpu(error) => write!(f, "{error}"),
        }
    }
}

impl core::error::Error for SimulationError {}

impl From<GpuError> for SimulationError {
    fn from(error: GpuError) -> Self {
        Self::Gpu(error)
    }
}
