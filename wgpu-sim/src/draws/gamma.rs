//! The inverse of the gamma distribution.

/// More steps than any series, fraction or root here takes.
const STEPS: u32 = 20_000;
/// Where a sum, fraction or root is as exact as it gets.
const EXACT: f64 = 1e-14;

/// The gamma variate of the given shape and scale 1; its mean and variance are the shape.
///
/// Newton's steps, kept between bounds that close in: from either tail, whichever is smaller, so
/// that the far one keeps its digits.
pub fn gamma(shape: f64, p: f64, c: f64) -> f64 {
    if p <= 0.0 {
        return 0.0;
    }
    let log_gamma = libm::lgamma(shape);
    // Near 0 the distribution is a power: P(x) ≈ xᵏ / Γ(k + 1).
    let power = libm::exp((libm::log(p) + libm::lgamma(shape + 1.0)) / shape);
    if power < 1e-9 {
        return power;
    }
    let (mut low, mut high) = (0.0, upper(shape, c, log_gamma));
    let mut x = power.min(0.5 * (low + high));
    for _ in 0..200 {
        let (below, above) = tails(shape, x, log_gamma);
        let over = if p < 0.5 { below - p } else { c - above };
        if over > 0.0 {
            high = x;
        } else {
            low = x;
        }
        let density = libm::exp((shape - 1.0) * libm::log(x) - x - log_gamma);
        let next = x - over / density;
        let next = if next > low && next < high {
            next
        } else {
            0.5 * (low + high)
        };
        let step = (next - x).abs();
        x = next;
        if step <= EXACT * x {
            break;
        }
    }
    x
}

/// A value that is exceeded with a probability below `c`.
fn upper(shape: f64, c: f64, log_gamma: f64) -> f64 {
    let mut x = shape + 1.0;
    while tails(shape, x, log_gamma).1 > c {
        x *= 2.0;
    }
    x
}

/// The probabilities of less and of more than `x` > 0.
fn tails(shape: f64, x: f64, log_gamma: f64) -> (f64, f64) {
    let front = libm::exp(shape * libm::log(x) - x - log_gamma);
    if x < shape + 1.0 {
        let below = front * series(shape, x);
        (below, 1.0 - below)
    } else {
        let above = front * fraction(shape, x);
        (1.0 - above, above)
    }
}

/// Formula 6.5.29 of Abramowitz and Stegun, but for the front factor.
fn series(shape: f64, x: f64) -> f64 {
    let (mut term, mut at) = (1.0 / shape, shape);
    let mut sum = term;
    for _ in 0..STEPS {
        at += 1.0;
        term *= x / at;
        sum += term;
        if term < sum * EXACT {
            break;
        }
    }
    sum
}

/// The continued fraction 6.5.31 of Abramowitz and Stegun, but for the front factor, by Lentz's
/// method.
fn fraction(shape: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let kept = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut partial = x + 1.0 - shape;
    let mut numerator = 1.0 / TINY;
    let mut denominator = 1.0 / kept(partial);
    let mut product = denominator;
    for step in 1..STEPS {
        let step = f64::from(step);
        let factor = -step * (step - shape);
        partial += 2.0;
        denominator = 1.0 / kept(factor * denominator + partial);
        numerator = kept(partial + factor / numerator);
        product *= numerator * denominator;
        if (numerator * denominator - 1.0).abs() < EXACT {
            break;
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use super::super::{Moments, Table, exponential, normal_upper};
    use super::*;

    const PROBABILITIES: [f64; 7] = [1e-6, 0.01, 0.3, 0.5, 0.7, 0.99, 0.999_999];

    fn near(found: f64, expected: f64, share: f64) {
        assert!(
            (found - expected).abs() <= share * expected.abs(),
            "{found} is not near {expected}"
        );
    }

    #[test]
    fn known_shapes_have_their_closed_forms() {
        for p in PROBABILITIES {
            let c = 1.0 - p;
            near(gamma(1.0, p, c), exponential(p, c), 1e-9);
            // Half of a squared normal variate.
            let z = normal_upper(0.5 * c);
            near(gamma(0.5, p, c), 0.5 * z * z, 1e-8);
            let x = gamma(2.0, p, c);
            near((1.0 + x) * libm::exp(-x), c, 1e-9);
        }
        // P(x) = 1 − e⁻ˣ(1 + x) at x = 30 leaves 2.9e-12.
        let c = 31.0 * libm::exp(-30.0);
        near(gamma(2.0, 1.0, c), 30.0, 1e-12);
    }

    #[test]
    fn tables_of_gaps_have_the_moments_stated() {
        for cv2 in [0.01, 0.25, 1.0, 4.0, 173.0, 1_000.0] {
            let mean = 10_000.0;
            let table = Table::new(0, |p, c| mean * cv2 * gamma(1.0 / cv2, p, c)).unwrap();
            let Moments {
                mean: found,
                variance,
            } = table.moments();
            near(found, mean, 1e-3);
            near(variance, cv2 * mean * mean, 1e-2);
        }
    }
}
