//! The log-linear histogram: values below 64 each have a bucket, above them every octave has 64.

/// Buckets of an octave, as a power of two.
const SUB_BITS: u32 = 6;
const SUB: u32 = 1 << SUB_BITS;

/// The number of buckets that hold all values of 32 bits.
pub const BUCKETS: usize = ((32 - SUB_BITS + 1) * SUB) as usize;

/// The bucket of a value. Buckets are at most 1/64 of their value wide.
#[inline]
pub fn bucket(value: u32) -> usize {
    let octave = (value | (SUB - 1)).leading_zeros() ^ 31;
    let shift = octave.saturating_sub(SUB_BITS);
    // From the first octave on, the bit above the 64 sub-buckets counts as one octave's offset.
    let above = u32::from(value >= SUB);
    let base = shift
        .wrapping_shl(SUB_BITS)
        .wrapping_add(above.wrapping_shl(SUB_BITS));
    base.wrapping_add(value.wrapping_shr(shift) & (SUB - 1)) as usize
}

/// The least value of a bucket, and how many values it holds.
fn extent(bucket: usize) -> (f64, f64) {
    let index = u32::try_from(bucket).unwrap_or(u32::MAX);
    let Some(shift) = (index >> SUB_BITS).checked_sub(1) else {
        return (f64::from(index), 1.0);
    };
    let scale = libm::scalbn(1.0, shift.cast_signed());
    (f64::from((index & (SUB - 1)) | SUB) * scale, scale)
}

/// The least value of the bin that holds a value.
fn bin(value: f64) -> u64 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Ticks are whole.
    let value = value as u64;
    let shift = value.checked_ilog2().unwrap_or(0).saturating_sub(BIN_BITS);
    value.wrapping_shr(shift).wrapping_shl(shift)
}

/// A stretch of time and the share of the requests that took so long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// Where it begins, in milliseconds.
    pub low_ms: f64,
    /// Where it ends, in milliseconds.
    pub high_ms: f64,
    /// The share of the requests, 0 to 1.
    pub share: f64,
}

/// Bins of an octave, as a power of two: an eighth of an octave is as fine as a drawing shows.
const BIN_BITS: u32 = 3;

/// A point within a histogram: a bucket, and the share of its counts that lie at or below the point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    bucket: usize,
    share: f64,
}

/// Counts by [`bucket`], of any number of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Histogram {
    /// Adds up the counts of several replications.
    pub fn pool<'a>(replications: impl IntoIterator<Item = &'a [u32]>) -> Self {
        let mut counts = vec![0_u64; BUCKETS];
        for replication in replications {
            for (sum, &count) in counts.iter_mut().zip(replication) {
                *sum = sum.saturating_add(u64::from(count));
            }
        }
        let total = counts.iter().sum();
        Self { counts, total }
    }

    /// How many values were counted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The shares by eighths of an octave, without the empty ends: a curve to draw. `tick_ms` is the
    /// length of a tick in milliseconds; values below eight ticks have a bin each.
    pub fn bins(&self, tick_ms: f64) -> Vec<Bin> {
        let mut bins: Vec<Bin> = Vec::new();
        let mut last = None;
        for (bucket, &count) in self.counts.iter().enumerate() {
            let (low, width) = extent(bucket);
            let share = count as f64 / self.total.max(1) as f64;
            let place = bin(low);
            match bins.last_mut().filter(|_| last == Some(place)) {
                Some(open) => {
                    open.high_ms = (low + width) * tick_ms;
                    open.share += share;
                }
                None => bins.push(Bin {
                    low_ms: low * tick_ms,
                    high_ms: (low + width) * tick_ms,
                    share,
                }),
            }
            last = Some(place);
        }
        let holds = |bin: &Bin| bin.share > 0.0;
        let end = bins
            .iter()
            .rposition(holds)
            .map_or(0, |at| at.saturating_add(1));
        bins.truncate(end);
        bins.drain(..bins.iter().position(holds).unwrap_or(end));
        bins
    }

    /// Where the quantile `p` lies: the first point with at least the share `p` of the values at or
    /// below it. A bucket of a single value is not divided.
    pub fn locate(&self, p: f64) -> Place {
        let target = p.clamp(0.0, 1.0) * self.total as f64;
        let mut below = 0_u64;
        let mut place = Place {
            bucket: 0,
            share: 0.0,
        };
        for (bucket, &count) in self
            .counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
        {
            let (_, width) = extent(bucket);
            let share = (target - below as f64) / count as f64;
            place = Place {
                bucket,
                share: if width > 1.0 {
                    share.clamp(0.0, 1.0)
                } else {
                    1.0
                },
            };
            below = below.saturating_add(count);
            if below as f64 >= target {
                break;
            }
        }
        place
    }

    /// The quantile `p`, interpolated within its bucket.
    pub fn quantile(&self, p: f64) -> f64 {
        let Place { bucket, share } = self.locate(p);
        let (low, width) = extent(bucket);
        // Ticks stand for what was rounded to them, half a tick to either side.
        if width > 1.0 {
            low - 0.5 + width * share
        } else {
            low
        }
    }

    /// The share of one replication's values at or below `place`.
    pub fn share_up_to(counts: &[u32], place: Place) -> f64 {
        let sum = |counts: &[u32]| counts.iter().map(|&count| u64::from(count)).sum::<u64>();
        let below = sum(counts.get(..place.bucket).unwrap_or(counts)) as f64;
        let within = counts.get(place.bucket).copied().unwrap_or(0);
        (below + f64::from(within) * place.share) / sum(counts).max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl IntoIterator<Item = u32>) -> Histogram {
        let mut counts = vec![0; BUCKETS];
        values
            .into_iter()
            .for_each(|value| counts[bucket(value)] += 1);
        Histogram::pool([counts.as_slice()])
    }

    #[test]
    fn buckets_are_contiguous_and_hold_their_values() {
        assert_eq!(bucket(0), 0);
        assert_eq!(bucket(u32::MAX), BUCKETS - 1);
        let mut next = 0.0;
        for index in 0..BUCKETS {
            let (low, width) = extent(index);
            assert_eq!(low, next, "bucket {index}");
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let (first, last) = (low as u32, (low + width - 1.0) as u32);
            assert_eq!((bucket(first), bucket(last)), (index, index));
            assert!(width <= 1.0 || width / low <= 1.0 / 64.0);
            next = low + width;
        }
        assert_eq!(next, 4_294_967_296.0);
    }

    #[test]
    fn quantiles_of_evenly_spread_values_are_exact_to_a_tick() {
        // The last bucket is full, as interpolation assumes.
        let histogram = of(0..98_304);
        for p in [0.01, 0.5, 0.9, 0.99, 0.999] {
            let quantile = histogram.quantile(p);
            assert!((quantile - p * 98_304.0).abs() <= 1.0, "{p}: {quantile}");
        }
    }

    #[test]
    fn bins_follow_one_another_and_hold_all() {
        let bins = of((0..4_000).map(|i| 5 + i * i / 7)).bins(0.5);
        assert_eq!((bins[0].low_ms, bins[0].high_ms), (2.5, 3.0));
        for pair in bins.windows(2) {
            assert_eq!(pair[0].high_ms, pair[1].low_ms);
        }
        for bin in &bins {
            let ticks = (bin.high_ms - bin.low_ms) / 0.5;
            assert!(ticks == 1.0 || bin.high_ms / bin.low_ms <= 1.125, "{bin:?}");
        }
        let last = bins.last().unwrap();
        assert!((last.low_ms..last.high_ms).contains(&(0.5 * 2_284_576.0)));
        let all: f64 = bins.iter().map(|bin| bin.share).sum();
        assert!((all - 1.0).abs() < 1e-9, "{all}");
    }

    #[test]
    fn nothing_counted_has_no_bins() {
        assert_eq!(of([]).bins(1.0), []);
        let one = of([9]).bins(1.0);
        assert_eq!((one.len(), one[0].low_ms, one[0].share), (1, 9.0, 1.0));
    }

    #[test]
    fn small_values_are_not_divided() {
        let histogram = of([0, 0, 0, 7, 7, 9]);
        assert_eq!(histogram.quantile(0.5), 0.0);
        assert_eq!(histogram.quantile(0.51), 7.0);
        assert_eq!(histogram.quantile(1.0), 9.0);
    }

    #[test]
    fn the_share_below_a_quantile_is_its_probability() {
        let mut counts = vec![0; BUCKETS];
        (0..50_000_u32).for_each(|value| counts[bucket(value * 3)] += 1);
        let histogram = Histogram::pool([counts.as_slice(), counts.as_slice()]);
        for p in [0.1, 0.5, 0.99] {
            let share = Histogram::share_up_to(&counts, histogram.locate(p));
            assert!((share - p).abs() < 1e-9, "{p}: {share}");
        }
    }
}
