//! Least squares with lower bounds, for a handful of unknowns.

/// The most unknowns: every set of those at their bounds is tried.
pub const MOST: usize = 8;

/// The `x` that makes Σ (row·x − goal)² least, each `x` at or above its bound.
///
/// Exact and deterministic: for each set of unknowns held at their bounds the normal equations of
/// the others are solved, and the best of those whose solutions keep their bounds is taken.
///
/// `None` with more than [`MOST`] unknowns, rows of another length, or no rows.
pub fn bounded(rows: &[Vec<f64>], goals: &[f64], bounds: &[f64]) -> Option<Vec<f64>> {
    let many = bounds.len();
    let even = rows.iter().all(|row| row.len() == many);
    if many == 0 || many > MOST || rows.is_empty() || rows.len() != goals.len() || !even {
        return None;
    }
    let sets = (0_u32..1_u32.checked_shl(u32::try_from(many).ok()?)?).filter_map(|held| {
        let is_free = |index: usize| (held >> index) & 1 == 0;
        let found = with_held(rows, goals, bounds, &is_free)?;
        let keeps = found
            .iter()
            .zip(bounds)
            .all(|(value, bound)| value >= bound);
        keeps.then(|| (squares(rows, goals, &found), found))
    });
    let best = sets.min_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(best.1)
}

/// The sum of squared residuals.
fn squares(rows: &[Vec<f64>], goals: &[f64], at: &[f64]) -> f64 {
    let each = rows.iter().zip(goals).map(|(row, goal)| {
        let residual = dot(row, at) - goal;
        residual * residual
    });
    each.sum()
}

fn dot(row: &[f64], at: &[f64]) -> f64 {
    row.iter()
        .zip(at)
        .map(|(factor, value)| factor * value)
        .sum()
}

fn with_held(
    rows: &[Vec<f64>],
    goals: &[f64],
    bounds: &[f64],
    is_free: &dyn Fn(usize) -> bool,
) -> Option<Vec<f64>> {
    let free: Vec<usize> = (0..bounds.len()).filter(|&index| is_free(index)).collect();
    let column = |row: &Vec<f64>, index: usize| row.get(index).copied().unwrap_or(0.0);
    let held: Vec<f64> = bounds
        .iter()
        .enumerate()
        .map(|(index, &bound)| if is_free(index) { 0.0 } else { bound })
        .collect();
    let rest: Vec<f64> = rows
        .iter()
        .zip(goals)
        .map(|(row, goal)| goal - dot(row, &held))
        .collect();
    let normal = free.iter().map(|&i| {
        let mut line: Vec<f64> = free
            .iter()
            .map(|&j| rows.iter().map(|row| column(row, i) * column(row, j)).sum())
            .collect();
        line.push(
            rows.iter()
                .zip(&rest)
                .map(|(row, rest)| column(row, i) * rest)
                .sum(),
        );
        line
    });
    let solved = solve(normal.collect())?;
    let mut found = held;
    for (&index, value) in free.iter().zip(solved) {
        *found.get_mut(index)? = value;
    }
    Some(found)
}

/// Solves a square system, each line its coefficients and then its right side; `None` where it has
/// no single solution.
fn solve(mut lines: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let many = lines.len();
    // Unknowns may differ in size by ten orders: each is scaled to a diagonal of 1.
    let scales: Vec<f64> = lines
        .iter()
        .enumerate()
        .map(|(index, line)| line.get(index).map(|it| it.sqrt()))
        .collect::<Option<_>>()?;
    if scales
        .iter()
        .any(|&scale| scale <= 0.0 || !scale.is_finite())
    {
        return None;
    }
    for (line, scale) in lines.iter_mut().zip(&scales) {
        for (cell, other) in line.iter_mut().zip(scales.iter().chain(&[1.0])) {
            *cell /= scale * other;
        }
    }
    for at in 0..many {
        let size = |line: &Vec<f64>| line.get(at).map_or(0.0, |cell| cell.abs());
        let pivot = (at..many).max_by(|&a, &b| {
            let of = |index: usize| lines.get(index).map_or(0.0, size);
            of(a).total_cmp(&of(b))
        })?;
        lines.swap(at, pivot);
        let line = lines.get(at)?.clone();
        let head = *line.get(at)?;
        if head.abs() < 1e-10 {
            return None;
        }
        for (index, other) in lines.iter_mut().enumerate() {
            if index != at {
                let factor = *other.get(at)? / head;
                for (cell, above) in other.iter_mut().zip(&line) {
                    *cell -= factor * above;
                }
            }
        }
    }
    let value = |(index, line): (usize, &Vec<f64>)| {
        Some(line.last()? / line.get(index)? / scales.get(index)?)
    };
    lines.iter().enumerate().map(value).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_through_points_is_found() {
        let rows: Vec<Vec<f64>> = (0..5).map(|x| vec![1.0, f64::from(x)]).collect();
        let goals: Vec<f64> = (0..5).map(|x| 3.0 + 2.0 * f64::from(x)).collect();
        let found = bounded(&rows, &goals, &[0.0, 0.0]).unwrap();
        assert!(
            (found[0] - 3.0).abs() < 1e-9 && (found[1] - 2.0).abs() < 1e-9,
            "{found:?}"
        );
        assert_eq!(bounded(&rows, &goals[..4], &[0.0, 0.0]), None);
        assert_eq!(bounded(&[], &[], &[0.0]), None);
    }

    #[test]
    fn what_would_fall_below_its_bound_stays_at_it() {
        let rows = vec![vec![1.0, 0.0], vec![1.0, 1.0], vec![1.0, 2.0]];
        let found = bounded(&rows, &[3.0, 2.0, 1.0], &[0.0, 0.0]).unwrap();
        assert_eq!(found[1], 0.0);
        assert!((found[0] - 2.0).abs() < 1e-12, "{found:?}");
    }

    proptest! {
        /// No point near the solution, bounds kept, is better.
        #[test]
        fn nothing_near_is_better(
            cells in proptest::collection::vec(0.1_f64..10.0, 24),
            goals in proptest::collection::vec(-5.0_f64..20.0, 8),
            steps in proptest::collection::vec(-0.1_f64..0.1, 3),
        ) {
            let rows: Vec<Vec<f64>> = cells.chunks(3).map(<[f64]>::to_vec).collect();
            let found = bounded(&rows, &goals, &[0.0, 0.5, 0.0]).unwrap();
            let bounds = [0.0, 0.5, 0.0];
            let near: Vec<f64> = (0..3).map(|i| (found[i] + steps[i]).max(bounds[i])).collect();
            prop_assert!(squares(&rows, &goals, &near) >= squares(&rows, &goals, &found) - 1e-6);
        }
    }
}
