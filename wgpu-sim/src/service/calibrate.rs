//! Service times fitted to measurements.
//!
//! Residuals are relative: a step of 5 ms that is 10 % off weighs as much as one of 50 ms. No
//! coefficient is below 0, for no work takes a negative time.

use super::{StepLoad, StepTime, least_squares};

/// Coefficients and how far each measurement lies from them.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit<T> {
    /// What was fitted.
    pub value: T,
    /// For each measurement, in order: fitted / measured − 1.
    pub residuals: Vec<f64>,
}

impl<T> Fit<T> {
    /// Half of the measurements lie within this share of the fit.
    pub fn median_error(&self) -> f64 {
        let mut sizes: Vec<f64> = self.residuals.iter().map(|it| it.abs()).collect();
        sizes.sort_by(f64::total_cmp);
        sizes.get(sizes.len() / 2).copied().unwrap_or(0.0)
    }
}

/// A step that was measured, or the mean of many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeasuredStep {
    /// What it computed.
    pub load: StepLoad,
    /// How long it took, in nanoseconds.
    pub time: f64,
}

/// A batch that was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeasuredBatch {
    /// Requests in it.
    pub size: f64,
    /// How long it took, in nanoseconds.
    pub time: f64,
}

/// The time of a batch of `n`: base + item · n, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchTime {
    /// τ0.
    pub base: f64,
    /// α.
    pub item: f64,
}

/// c0 … c3 of measured steps.
///
/// # Errors
/// Why there are no coefficients, with what to measure.
pub fn step(measured: &[MeasuredStep]) -> Result<Fit<StepTime>, String> {
    let rows = measured.iter().map(|step| {
        let load = step.load;
        (
            vec![1.0, load.tokens, load.context, load.prefill],
            step.time,
        )
    });
    let (found, residuals) = fit(
        rows,
        "steps",
        "with few and many tokens, short and long contexts",
    )?;
    let at = |index: usize| found.get(index).copied().unwrap_or(0.0);
    let value = StepTime {
        base: at(0),
        token: at(1),
        context: at(2),
        prefill: at(3),
    };
    Ok(Fit { value, residuals })
}

/// τ0 and α of measured batches.
///
/// # Errors
/// Why there are none, with what to measure.
pub fn batch(measured: &[MeasuredBatch]) -> Result<Fit<BatchTime>, String> {
    let rows = measured
        .iter()
        .map(|batch| (vec![1.0, batch.size], batch.time));
    let (found, residuals) = fit(rows, "batches", "of two sizes")?;
    let at = |index: usize| found.get(index).copied().unwrap_or(0.0);
    let value = BatchTime {
        base: at(0),
        item: at(1),
    };
    Ok(Fit { value, residuals })
}

/// Relative least squares; no more unknowns than measurements.
fn fit(
    rows: impl Iterator<Item = (Vec<f64>, f64)>,
    what: &str,
    which: &str,
) -> Result<(Vec<f64>, Vec<f64>), String> {
    let (mut scaled, mut unknowns) = (Vec::new(), 0);
    for (row, time) in rows {
        let fine = row.iter().all(|cell| cell.is_finite() && *cell >= 0.0);
        if !fine || !time.is_finite() || time <= 0.0 {
            let number = scaled.len().saturating_add(1);
            return Err(format!(
                "measurement {number} has a time that is not above 0, or a load below 0"
            ));
        }
        unknowns = row.len();
        scaled.push(
            row.into_iter()
                .map(|cell| cell / time)
                .collect::<Vec<f64>>(),
        );
    }
    let goals = vec![1.0; scaled.len()];
    let enough = !scaled.is_empty() && scaled.len() >= unknowns;
    let found = enough.then(|| least_squares::bounded(&scaled, &goals, &vec![0.0; unknowns]));
    let Some(found) = found.flatten() else {
        let many = scaled.len();
        return Err(format!(
            "{many} {what} do not decide {unknowns} coefficients; measure more, {which}"
        ));
    };
    let of = |row: &Vec<f64>| row.iter().zip(&found).map(|(a, b)| a * b).sum::<f64>() - 1.0;
    let residuals = scaled.iter().map(of).collect();
    Ok((found, residuals))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_coefficients_come_back() {
        let known = StepTime {
            base: 8.7e6,
            token: 42e3,
            context: 85.0,
            prefill: 0.9,
        };
        let loads = [
            (1.0, 128.0, 64.0),
            (32.0, 512.0, 256.0),
            (8.0, 4096.0, 1024.0),
        ];
        let loads = loads
            .iter()
            .chain(&[(64.0, 300.0, 90.0), (128.0, 2000.0, 10.0)]);
        let measured: Vec<MeasuredStep> = loads
            .map(|&(sequences, prompt, answer)| {
                let load = StepLoad::steady(sequences, prompt, answer);
                let time = known.of(&load);
                MeasuredStep { load, time }
            })
            .collect();
        let fit = step(&measured).unwrap();
        let close = |found: f64, known: f64| (found / known - 1.0).abs() < 1e-5;
        assert!(close(fit.value.base, known.base), "{fit:?}");
        assert!(close(fit.value.token, known.token), "{fit:?}");
        assert!(close(fit.value.context, known.context), "{fit:?}");
        assert!(close(fit.value.prefill, known.prefill), "{fit:?}");
        assert!(fit.median_error() < 1e-9);
    }

    #[test]
    fn too_few_or_impossible_measurements_say_so() {
        let one = MeasuredBatch {
            size: 4.0,
            time: 2e6,
        };
        let told = batch(&[one]).unwrap_err();
        assert_eq!(
            told,
            "1 batches do not decide 2 coefficients; measure more, of two sizes"
        );
        let told = batch(&[
            one,
            MeasuredBatch {
                size: 8.0,
                time: 0.0,
            },
        ])
        .unwrap_err();
        assert!(told.starts_with("measurement 2 has a time"), "{told}");
    }

    #[test]
    fn a_line_of_batches_shows_its_residuals() {
        let at = |size, time| MeasuredBatch { size, time };
        let fit = batch(&[at(1.0, 2.0e6), at(2.0, 2.2e6), at(8.0, 3.2e6)]).unwrap();
        assert_eq!(fit.residuals.len(), 3);
        assert!(
            fit.residuals.iter().all(|residual| residual.abs() < 0.02),
            "{fit:?}"
        );
        assert!(fit.value.item > 0.15e6 && fit.value.base > 1.7e6, "{fit:?}");
    }
}
