//! Inverse-CDF tables: 32 random bits in, a whole number of ticks out.

use core::hint::select_unpredictable;

/// Cells of the body: the lower half of the distribution, in equal steps of probability.
const BODY: u32 = 4096;
/// Octaves of the tail: the k-th holds complements between 2⁻ᵏ⁻¹ and 2⁻ᵏ, k = 1…31.
const OCTAVES: u32 = 31;
/// Cells of an octave, in equal steps of the complement.
const OCTAVE_CELLS: u32 = 64;

/// The number of knots in a table.
pub const KNOTS: usize = (BODY + OCTAVES * OCTAVE_CELLS + 1) as usize;

/// No gap and no service time may be longer than this many ticks.
pub const MAX_TICKS: u32 = 1 << 30;

/// An inverse distribution function sampled at [`KNOTS`] probabilities, ascending, in ticks.
///
/// Built once on the CPU, read by both engines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The knots, and behind them the last again: with a power of two of them no index that is
    /// computed needs to be checked.
    knots: Box<[u32; ROOM]>,
}

/// The least power of two above [`KNOTS`].
const ROOM: usize = KNOTS.next_power_of_two();

/// Mean and variance of the values that a [`Table`] yields, in ticks and ticks².
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// The mean, in ticks.
    pub mean: f64,
    /// The variance, in ticks².
    pub variance: f64,
}

impl Table {
    /// Samples `quantile(p, c)`, the value in ticks that is exceeded with probability c = 1 − p,
    /// rounding to the nearest tick but not below `least`.
    ///
    /// `None` if a value is not a number or exceeds [`MAX_TICKS`].
    pub fn new(least: u32, quantile: impl Fn(f64, f64) -> f64) -> Option<Self> {
        let mut knots: Box<[u32; ROOM]> = vec![0; ROOM].into_boxed_slice().try_into().ok()?;
        let mut floor = least;
        let (known, behind) = knots.split_at_mut(KNOTS);
        for (knot, (p, c)) in known.iter_mut().zip(probabilities()) {
            let ticks = libm::round(quantile(p, c));
            if ticks.is_nan() || ticks > f64::from(MAX_TICKS) {
                return None;
            }
            // Rounding inside `quantile` may bend it by a bit; cells must not run downwards.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let ticks = (ticks.max(0.0) as u32).max(floor);
            floor = ticks;
            *knot = ticks;
        }
        behind.fill(floor);
        Some(Self { knots })
    }

    /// The value, in ticks, for 32 random bits.
    #[inline]
    pub fn value(&self, bits: u32) -> u32 {
        value(&self.knots, bits)
    }

    /// Puts the values of many draws in their place.
    pub fn each(&self, draws: &mut [u32]) {
        each(&self.knots, draws);
    }

    /// The knots, in ascending order.
    pub fn knots(&self) -> &[u32] {
        self.knots.get(..KNOTS).unwrap_or(&[])
    }

    /// The least and the greatest value that the table yields.
    pub fn bounds(&self) -> (u32, u32) {
        let [first, .., last] = *self.knots;
        (first, last)
    }

    /// The moments of what the table yields, interpolation included.
    pub fn moments(&self) -> Moments {
        let (mut mean, mut square) = (0.0, 0.0);
        for (cell, ((_, c0), (_, c1))) in self
            .knots
            .windows(2)
            .zip(probabilities().zip(probabilities().skip(1)))
        {
            let &[low, high] = cell else { continue };
            let (low, high, weight) = (f64::from(low), f64::from(high), c0 - c1);
            mean += weight * 0.5 * (low + high);
            square += weight * (low * low + low * high + high * high) / 3.0;
        }
        let last = f64::from(self.bounds().1);
        let rest = libm::scalbn(1.0, -32);
        mean += rest * last;
        square += rest * last * last;
        Moments {
            mean,
            variance: (square - mean * mean).max(0.0),
        }
    }
}

/// The value for 32 random bits.
#[inline]
fn value(knots: &[u32; ROOM], bits: u32) -> u32 {
    // Computed for both halves and selected, since a branch would be mispredicted half the time.
    let complement = !bits | 1;
    let zeros = complement.leading_zeros();
    let mantissa = !complement.wrapping_shl(zeros);
    let tail_cell = BODY
        .wrapping_add(zeros.wrapping_sub(1).wrapping_mul(OCTAVE_CELLS))
        .wrapping_add((mantissa >> 25) & 63);
    let in_tail = bits >> 31 == 1;
    let cell = select_unpredictable(in_tail, tail_cell, bits >> 19);
    let fraction = select_unpredictable(in_tail, mantissa >> 9, bits >> 3) & 0xffff;
    let knot = |cell: u32| knots.get(cell as usize % ROOM).copied().unwrap_or(0);
    interpolate(knot(cell), knot(cell.wrapping_add(1)), fraction)
}

/// Puts the values of many draws in their place.
#[cfg_attr(
    target_arch = "x86_64",
    multiversion::multiversion(targets("x86_64+avx512f+avx512vl+avx512cd", "x86_64+avx2"))
)]
fn each(knots: &[u32; ROOM], draws: &mut [u32]) {
    for bits in draws {
        *bits = value(knots, *bits);
    }
}

/// The probability and its complement at each knot.
fn probabilities() -> impl Iterator<Item = (f64, f64)> {
    let body = (0..BODY).map(|i| {
        let p = f64::from(i) / f64::from(2 * BODY);
        (p, 1.0 - p)
    });
    let tail = (1..=OCTAVES).flat_map(|octave| {
        (0..OCTAVE_CELLS).map(move |i| {
            let share = 1.0 - f64::from(i) / f64::from(2 * OCTAVE_CELLS);
            let c = libm::scalbn(share, 0i32.saturating_sub_unsigned(octave));
            (1.0 - c, c)
        })
    });
    let end = libm::scalbn(1.0, -32);
    body.chain(tail).chain([(1.0 - end, end)])
}

/// `low` + (`high` − `low`) · `fraction` / 2¹⁶, to nearest, in 32 bits: differences reach 2³⁰, so
/// they are multiplied in halves.
#[inline]
fn interpolate(low: u32, high: u32, fraction: u32) -> u32 {
    let difference = high.wrapping_sub(low);
    let upper = (difference >> 16).wrapping_mul(fraction);
    let lower = (difference & 0xffff)
        .wrapping_mul(fraction)
        .wrapping_add(0x8000)
        >> 16;
    low.wrapping_add(upper).wrapping_add(lower)
}

#[cfg(test)]
mod tests {
    use super::super::{empirical, exponential, lognormal, lognormal_sigma};
    use super::*;

    fn hash(table: &Table) -> u64 {
        table
            .knots()
            .iter()
            .flat_map(|knot| knot.to_le_bytes())
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            })
    }

    fn exponential_table(mean: f64) -> Table {
        Table::new(0, |p, c| mean * exponential(p, c)).unwrap()
    }

    fn lognormal_table(mean: f64, cv: f64) -> Table {
        let sigma = lognormal_sigma(cv);
        let mu = libm::log(mean) - 0.5 * sigma * sigma;
        Table::new(1, |p, c| lognormal(mu, sigma, p, c)).unwrap()
    }

    #[test]
    fn tables_are_the_same_on_every_platform() {
        let steps = [3.0, 5.0, 5.0, 9.0, 200.0];
        for (name, table, golden) in [
            (
                "exponential",
                exponential_table(12_345.0),
                0x0560_0e57_9649_ae9e,
            ),
            (
                "lognormal",
                lognormal_table(80_000.0, 0.5),
                0x965d_b40e_4a74_c5bd,
            ),
            (
                "fixed",
                Table::new(1, |_, _| 4_000.0).unwrap(),
                0xec6f_f338_8caf_2450,
            ),
            (
                "empirical",
                Table::new(1, |p, _| empirical(&steps, p)).unwrap(),
                0xcee7_b4ad_df23_e61e,
            ),
        ] {
            assert_eq!(hash(&table), golden, "{name}: {:#018x}", hash(&table));
        }
    }

    #[test]
    fn means_and_variances_are_those_of_the_distributions() {
        let near = |found: f64, expected: f64, share: f64| {
            assert!(
                (found / expected - 1.0).abs() < share,
                "{found} is not near {expected}"
            );
        };
        for mean in [10.0, 1_000.0, 1e6] {
            let Moments {
                mean: found,
                variance,
            } = exponential_table(mean).moments();
            near(found, mean, 5e-4);
            near(variance, mean * mean, 2e-3);
        }
        for cv in [0.1, 0.5, 1.0, 3.0] {
            let Moments { mean, variance } = lognormal_table(20_000.0, cv).moments();
            near(mean, 20_000.0, 5e-4);
            near(variance, 20_000.0 * 20_000.0 * cv * cv, 2e-2);
        }
    }

    #[test]
    fn values_drawn_have_the_moments_that_the_table_states() {
        let table = lognormal_table(20_000.0, 1.0);
        let step = 0x9e37_79b9_u32;
        let count = 1 << 22;
        let sum: u64 = (0..count)
            .map(|i: u32| u64::from(table.value(i.wrapping_mul(step))))
            .sum();
        let mean = sum as f64 / f64::from(count);
        assert!((mean / table.moments().mean - 1.0).abs() < 2e-4, "{mean}");
    }

    #[test]
    fn values_ascend_with_their_bits_and_reach_both_ends() {
        let table = exponential_table(1e6);
        let mut previous = 0;
        for bits in (0..=u32::MAX)
            .step_by(99_991)
            .chain((1..2_000).map(|i| u32::MAX - 2_000 + i))
        {
            let value = table.value(bits);
            if bits > 0 && bits < u32::MAX - 2_000 {
                assert!(value >= previous, "{bits:#x}");
                previous = value;
            }
        }
        assert_eq!(table.value(0), 0);
        let (_, last) = table.bounds();
        assert!(table.value(u32::MAX) > last - last / 1_000);
        assert_eq!(last, 22_180_710);
    }

    #[test]
    fn a_value_beyond_the_range_is_refused() {
        assert_eq!(Table::new(0, |p, c| 1e9 * exponential(p, c)), None);
        assert_eq!(Table::new(0, |_, _| f64::NAN), None);
    }
}
