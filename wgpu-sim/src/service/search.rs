//! The time of a search in a vector index, by a rule of thumb.
//!
//! A graph of near neighbours is walked through about log2 N levels, and compares the query with a
//! few dozen vectors at each: one core takes about 100 ns for each level and dimension. So a search
//! takes 2 ms among a million vectors of 960 dimensions, and 0.2 ms among as many of 100, about what
//! public benchmarks of such indexes show at a recall of 95 %. The tail is taken as a lognormal's.

use super::Basis;

/// What a core takes for each level and dimension, in nanoseconds.
const LEVEL_NS: f64 = 100.0;

/// The coefficient of variation of a search.
pub const CV: f64 = 0.5;

/// What it rests on.
pub const BASIS: Basis = Basis::Rule;

/// The mean time of a search on one core among so many vectors of this dimension, in nanoseconds.
pub fn mean(vectors: u64, dimension: u64) -> f64 {
    let levels = libm::log2((vectors as f64).max(2.0));
    LEVEL_NS * levels * dimension as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_times_as_many_vectors_take_half_as_long_again() {
        let (million, billion) = (mean(1_000_000, 960), mean(1_000_000_000, 960));
        assert!((million / 1.913e6 - 1.0).abs() < 1e-3, "{million}");
        assert!((billion / million - 1.5).abs() < 1e-9);
        assert!(mean(0, 8) > 0.0);
    }
}
