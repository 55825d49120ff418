//! The time of a search in a vector index, by a rule of thumb.
//!
//! A graph of near neighbours is walked through about log2 N levels, and compares the query with some
//! vectors at each, so that the time grows with the levels and with the dimension. That is known of
//! such indexes; how long a level takes is not: it differs by index, by the recall that is asked for,
//! and by machine. The constant below is nobody's measurement but a round number of the size that is
//! found. Servers with one client at a time, among vectors of 1,024 dimensions (M 16, `ef` 64, a
//! recall at 10 of 0.82 to 0.87, published as `unrealshape/bachelor-db-benchmark`, June 2026), took
//! 1.2 to 1.5 times as long, the way to the server included:
//!
//! | server | vectors | mean | by the rule |
//! |---|---|---|---|
//! | pgvector | 150,000 | 2.23 ms | 1.76 ms |
//! | pgvector | 550,000 | 2.78 ms | 1.95 ms |
//! | Weaviate | 1,350,000 | 2.60 ms | 2.09 ms |
//!
//! Who has measured their own index states it as `latency` or `service`, and this is not used.

use super::Basis;

/// What a core takes for each level and dimension, in nanoseconds: a guess, see above.
const LEVEL_NS: f64 = 100.0;

/// The coefficient of variation of a search, whose tail is taken as a lognormal's: as of a latency
/// that is stated by one percentile only. With one client at a time those servers had 0.1 to 0.2.
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
    #[test]
    fn published_servers_lie_within_the_band() {
        for (vectors, found_ms) in [(150_000, 2.23), (550_000, 2.78), (1_350_000, 2.60)] {
            let rule = mean(vectors, 1024) / 1e6;
            let apart = f64::abs(found_ms / rule - 1.0);
            assert!(
                apart < 0.5 * BASIS.band(),
                "{vectors}: {rule} ms, not {found_ms}"
            );
        }
    }
}
