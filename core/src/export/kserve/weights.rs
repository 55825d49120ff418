//! Shares as whole weights.

/// Millionths of one hundredth.
const HUNDREDTH: u64 = 10_000;

/// Whole weights that add up to 100, from shares in millionths: what is not stated is divided
/// equally, and the largest remainders are rounded up. Whether they are the shares exactly.
pub(super) fn whole(stated: &[Option<u64>]) -> (Vec<u64>, bool) {
    let taken = stated
        .iter()
        .flatten()
        .fold(0_u64, |sum, share| sum.saturating_add(*share));
    let open = u64::try_from(stated.iter().filter(|share| share.is_none()).count()).unwrap_or(1);
    let rest = 1_000_000_u64.saturating_sub(taken);
    let each = rest.checked_div(open).unwrap_or(0);
    let shares: Vec<u64> = stated.iter().map(|share| share.unwrap_or(each)).collect();
    let sum = shares
        .iter()
        .fold(0_u64, |sum, share| sum.saturating_add(*share))
        .max(1);
    // In millionths of the sum, so that what does not add up to one still divides.
    let scaled = shares.iter().map(|share| {
        share
            .saturating_mul(1_000_000)
            .checked_div(sum)
            .unwrap_or(0)
    });
    let scaled: Vec<u64> = scaled.collect();
    let mut weights: Vec<u64> = scaled
        .iter()
        .map(|share| share.div_euclid(HUNDREDTH))
        .collect();
    let mut places: Vec<(u64, usize)> = scaled
        .iter()
        .enumerate()
        .map(|(place, share)| (share.rem_euclid(HUNDREDTH), place))
        .collect();
    places.sort_by(|(a, at), (b, other)| b.cmp(a).then(at.cmp(other)));
    let given = weights
        .iter()
        .fold(0_u64, |sum, weight| sum.saturating_add(*weight));
    let missing = usize::try_from(100_u64.saturating_sub(given)).unwrap_or(0);
    for (_, place) in places.iter().cycle().take(missing) {
        if let Some(weight) = weights.get_mut(*place) {
            *weight = weight.saturating_add(1);
        }
    }
    let exact = weights
        .iter()
        .zip(&shares)
        .all(|(weight, share)| weight.saturating_mul(HUNDREDTH) == *share);
    (weights, exact)
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn weights_add_up_to_a_hundred() {
        for (stated, wanted, exact) in [
            (vec![Some(900_000), Some(100_000)], vec![90, 10], true),
            (vec![None, None, None], vec![34, 33, 33], false),
            (vec![Some(995_000), Some(5_000)], vec![100, 0], false),
            (vec![Some(500_000), None, None], vec![50, 25, 25], true),
        ] {
            assert_eq!(whole(&stated), (wanted, exact), "{stated:?}");
        }
    }
}
