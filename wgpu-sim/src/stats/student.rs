//! Student's t.

use core::f64::consts::{FRAC_2_PI, PI};

use super::CONFIDENCE;
use crate::draws::normal_upper;

/// From here on the normal distribution with its first correction is exact to eight digits.
const LARGE: u32 = 20_000;

/// The probability that |t| with `freedom` degrees of freedom stays below `t`.
///
/// The finite series of Abramowitz and Stegun, 26.7.3 and 26.7.4.
fn within(t: f64, freedom: u32) -> f64 {
    let theta = libm::atan(t / libm::sqrt(f64::from(freedom)));
    let (sin, cos) = (libm::sin(theta), libm::cos(theta));
    let odd = freedom % 2 == 1;
    let mut term = if odd { cos } else { 1.0 };
    let mut sum = 0.0;
    let mut exponent = u32::from(odd);
    while exponent <= freedom.saturating_sub(2) && freedom > 1 && term > 1e-18 {
        sum += term;
        let next = f64::from(exponent.saturating_add(1));
        term *= cos * cos * next / (next + 1.0);
        exponent = exponent.saturating_add(2);
    }
    if odd {
        FRAC_2_PI * (theta + sin * sum)
    } else {
        sin * sum
    }
}

/// The t that a Student variate of `freedom` degrees exceeds with probability `q`, 0 < q < ½;
/// infinite for no degrees of freedom.
pub fn student_quantile(q: f64, freedom: u32) -> f64 {
    if freedom == 0 {
        return f64::INFINITY;
    }
    if freedom >= LARGE {
        let z = normal_upper(q);
        return z + z * (z * z + 1.0) / (4.0 * f64::from(freedom));
    }
    let inside = 1.0 - 2.0 * q;
    // One degree has the heaviest tail, and a closed form.
    let (mut low, mut high) = (0.0, 1.0 / libm::tan(PI * q) + 1.0);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if within(middle, freedom) < inside {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// The interval of the mean of independent values at [`CONFIDENCE`]; none from fewer than two.
pub fn interval(values: &[f64]) -> Option<[f64; 2]> {
    let count = u32::try_from(values.len())
        .ok()
        .filter(|&count| count >= 2)?;
    let n = f64::from(count);
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values
        .iter()
        .map(|value| (value - mean) * (value - mean))
        .sum();
    let error = libm::sqrt(squares / (n - 1.0) / n);
    let t = student_quantile(0.5 * (1.0 - CONFIDENCE), count.saturating_sub(1));
    Some([mean - t * error, mean + t * error])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_match_printed_tables() {
        for (q, freedom, t) in [
            (0.025, 1, 12.706_204_736),
            (0.025, 2, 4.302_652_730),
            (0.025, 3, 3.182_446_305),
            (0.025, 9, 2.262_157_163),
            (0.025, 30, 2.042_272_456),
            (0.025, 63, 1.998_340_543),
            (0.005, 5, 4.032_142_984),
            (0.05, 120, 1.657_650_899),
        ] {
            let found = student_quantile(q, freedom);
            assert!(
                (found - t).abs() < 1e-8,
                "t({q}, {freedom}) = {found}, not {t}"
            );
        }
    }

    #[test]
    fn many_degrees_join_the_normal_distribution_smoothly() {
        let (below, above) = (
            student_quantile(0.025, LARGE - 1),
            student_quantile(0.025, LARGE),
        );
        assert!((below - above).abs() < 2e-8, "{below} {above}");
    }

    #[test]
    fn interval_of_a_small_sample_by_hand() {
        let [low, high] = interval(&[1.0, 2.0, 3.0]).unwrap();
        let half = 4.302_652_729_7 / libm::sqrt(3.0);
        assert!((low - (2.0 - half)).abs() < 1e-8 && (high - (2.0 + half)).abs() < 1e-8);
        assert_eq!(interval(&[1.0]), None);
    }
}
