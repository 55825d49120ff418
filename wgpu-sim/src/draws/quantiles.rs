//! Inverse distribution functions.
//!
//! Each takes the probability `p` and its complement `c` = 1 − p separately, so that the far tail
//! keeps its digits. Only `libm` is used: the platform's own functions differ.

use core::f64::consts::{PI, SQRT_2};

/// The exponential variate of mean 1.
pub fn exponential(p: f64, c: f64) -> f64 {
    if p < 0.5 {
        -libm::log1p(-p)
    } else {
        -libm::log(c)
    }
}

/// The z for which a standard normal variate exceeds z with probability `q`, 0 < q ≤ ½.
///
/// Starts from formula 26.2.23 of Abramowitz and Stegun and refines with Halley's steps on `erfc`.
pub fn normal_upper(q: f64) -> f64 {
    let t = libm::sqrt(-2.0 * libm::log(q));
    let mut z = t
        - (2.515_517 + t * (0.802_853 + t * 0.010_328))
            / (1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308)));
    for _ in 0..3 {
        let density = libm::exp(-0.5 * z * z) / libm::sqrt(2.0 * PI);
        let step = (q - 0.5 * libm::erfc(z / SQRT_2)) / density;
        z -= step / (1.0 + 0.5 * z * step);
    }
    z
}

/// The lognormal variate whose logarithm has mean `mu` and standard deviation `sigma`.
pub fn lognormal(mu: f64, sigma: f64, p: f64, c: f64) -> f64 {
    if p <= 0.0 {
        return 0.0;
    }
    let z = if c <= 0.5 {
        normal_upper(c)
    } else {
        -normal_upper(p)
    };
    libm::exp(mu + sigma * z)
}

/// The standard deviation of the logarithm of a lognormal variate with coefficient of variation
/// `cv`.
pub fn lognormal_sigma(cv: f64) -> f64 {
    libm::sqrt(libm::log1p(cv * cv))
}

/// The quantile of measured values, ascending: linear between the midpoints of the steps, constant
/// outside them, so that its mean is the sample's mean. 0 for no values.
pub fn empirical(sorted: &[f64], p: f64) -> f64 {
    let Some(&last) = sorted.last() else {
        return 0.0;
    };
    let position = (p * sorted.len() as f64 - 0.5).max(0.0);
    let below = libm::floor(position);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let index = below as usize;
    let low = sorted.get(index).copied().unwrap_or(last);
    let high = sorted.get(index.saturating_add(1)).copied().unwrap_or(last);
    low + (high - low) * (position - below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_quantiles_match_printed_tables() {
        for (q, z) in [
            (0.5, 0.0),
            (0.05, 1.644_853_626_951_472_2),
            (0.025, 1.959_963_984_540_054),
            (0.001, 3.090_232_306_167_813_5),
            (1e-9, 5.997_807_015_007_687),
        ] {
            assert!(
                (normal_upper(q) - z).abs() < 1e-11,
                "q = {q}: {}",
                normal_upper(q)
            );
        }
    }

    #[test]
    fn exponential_is_exact_at_both_ends() {
        assert!((exponential(1e-12, 1.0 - 1e-12) - 1e-12).abs() < 1e-20);
        assert!((exponential(1.0, 1e-9) - 20.723_265_836_946_41).abs() < 1e-12);
    }

    #[test]
    fn empirical_runs_through_the_midpoints_of_the_steps() {
        let sorted = [10.0, 20.0, 40.0, 50.0];
        assert_eq!(empirical(&sorted, 0.0), 10.0);
        assert_eq!(empirical(&sorted, 0.375), 20.0);
        assert_eq!(empirical(&sorted, 0.5), 30.0);
        assert_eq!(empirical(&sorted, 1.0), 50.0);
        assert_eq!(empirical(&[7.0], 0.3), 7.0);
    }
}
