//! Counter-based random draws and the inverse-CDF tables that turn them into ticks.
//!
//! A draw is a pure function of seed, replication, request, station and purpose, so engines agree
//! whatever order they work in, and two placements of one graph share their draws.

mod gamma;
mod quantiles;
mod table;
mod threefry;

pub use gamma::gamma;
pub use quantiles::{empirical, exponential, lognormal, lognormal_sigma, normal_upper};
pub use table::{KNOTS, MAX_TICKS, Moments, Table};
pub use threefry::threefry2x32;

/// What a draw decides. The purpose is part of the draw's counter, so that no two decisions share
/// random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The gap between the previous request's arrival and this one's.
    Gap = 0,
    /// The service time at a station.
    Service = 1,
    /// Which of a node's edges a request takes.
    Branch = 2,
    /// Which of a node's replicas a request goes to.
    Route = 3,
    /// How many tokens a prompt has.
    Prompt = 4,
    /// How many tokens an answer has.
    Answer = 5,
    /// Whether the beginning of a prompt is found in the prefix cache.
    Prefix = 6,
    /// How long a rate of arrivals holds, and which is the first.
    Hold = 7,
}

/// The number of stations that a draw's counter can tell apart.
pub const MAX_STATIONS: usize = 1 << 12;

/// The second word of a draw's counter: station in the upper 12 bits, then 8 of purpose, then 12
/// of visit.
pub const fn counter_word(station: u32, purpose: Purpose, visit: u32) -> u32 {
    (station << 20) | ((purpose as u32) << 12) | (visit & 0xfff)
}

/// The 32 random bits of one decision.
///
/// `key` is (seed, replication); `word` comes from [`counter_word`].
#[inline]
pub const fn draw(key: [u32; 2], request: u32, word: u32) -> u32 {
    threefry2x32(key, [request, word])[0]
}

/// Puts the draws of many requests in place of their numbers: all together, with the widest vectors
/// that the processor has. Every browser with workers of modules has those of WebAssembly.
#[cfg_attr(
    target_arch = "x86_64",
    multiversion::multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))
)]
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
pub fn draw_each(key: [u32; 2], requests: &mut [u32], word: u32) {
    for request in requests {
        *request = draw(key, *request, word);
    }
}
