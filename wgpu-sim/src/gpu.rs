//! The WGSL engine.

use core::fmt;

/// The most servers of a station on the GPU.
pub const MAX_SERVERS: u32 = 64;

/// Why the GPU gave no result. The CPU gives the same answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GpuError {
    /// There is no adapter, or it grants no device.
    Unavailable(String),
}

impl fmt::Display for GpuError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(reason) => write!(f, "no GPU: {reason}"),
        }
    }
}

impl core::error::Error for GpuError {}
