//! Where times stand, and the outline of their distribution.

use core::fmt::Write as _;

use super::line::Line;
use crate::simulation::Bin;

/// From milliseconds to a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    pub(super) left: f64,
    pub(super) right: f64,
}

impl Scale {
    /// Holds all that is drawn of the lines.
    pub(super) fn of<'a>(
        lines: impl Iterator<Item = &'a Line<'a>>,
        left: f64,
        right: f64,
    ) -> Option<Self> {
        let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
        for line in lines {
            let core = visible(&line.times.bins);
            let ends = core.first().zip(core.last());
            let times = [
                line.times.p50_ms,
                line.times.p99_ms,
                line.goal.as_ref().map(|goal| goal.ms),
            ];
            let bins = ends.map(|(first, last)| [first.low_ms, last.high_ms]);
            for time in times
                .into_iter()
                .flatten()
                .chain(bins.into_iter().flatten())
            {
                if time > 0.0 {
                    low = low.min(time);
                    high = high.max(time);
                }
            }
        }
        if high <= 0.0 {
            return None;
        }
        // One time alone still has something to either side.
        let room = libm::pow(high / low, 0.02).max(if high / low < 2.0 { 1.5 } else { 1.0 });
        Some(Self {
            low: low / room,
            high: high * room,
            left,
            right,
        })
    }

    pub(super) fn at(self, ms: f64) -> f64 {
        let share = libm::log(ms.max(self.low) / self.low) / libm::log(self.high / self.low);
        self.left + share.min(1.0) * (self.right - self.left)
    }

    /// Round times with room between their labels.
    pub(super) fn ticks(self) -> Vec<f64> {
        let mut ticks = Vec::new();
        let mut decade = libm::pow(10.0, libm::log10(self.low).floor());
        let mut last = f64::NEG_INFINITY;
        while decade <= self.high {
            for step in [1.0, 2.0, 5.0] {
                let tick = decade * step;
                let x = self.at(tick);
                if tick >= self.low && tick <= self.high && x - last >= 44.0 {
                    ticks.push(tick);
                    last = x;
                }
            }
            decade *= 10.0;
        }
        ticks
    }
}

/// The bins without the last thousandth at either end, which would only stretch the scale.
fn visible(bins: &[Bin]) -> &[Bin] {
    const CUT: f64 = 0.001;
    let beyond = |bins: &mut dyn Iterator<Item = &Bin>| {
        let mut sum = 0.0;
        bins.take_while(|bin| {
            sum += bin.share;
            sum < CUT
        })
        .count()
    };
    let low = beyond(&mut bins.iter());
    let high = bins.len() - beyond(&mut bins.iter().rev());
    bins.get(low..high).unwrap_or(bins)
}

/// The density over the scale's logarithm: places and heights, the highest 1.
pub(super) fn curve(bins: &[Bin], scale: Scale) -> Vec<[f64; 2]> {
    let bins = visible(bins);
    let density = |bin: &Bin| {
        let low = bin.low_ms.max(f64::MIN_POSITIVE);
        bin.share / libm::log(bin.high_ms / low).max(f64::EPSILON)
    };
    let highest = bins.iter().map(density).fold(0.0, f64::max);
    let (Some(first), Some(last)) = (bins.first(), bins.last()) else {
        return Vec::new();
    };
    if highest <= 0.0 {
        return Vec::new();
    }
    let mut points = vec![[scale.at(first.low_ms), 0.0]];
    points.extend(bins.iter().map(|bin| {
        let middle = (bin.low_ms * bin.high_ms).sqrt();
        [scale.at(middle), density(bin) / highest]
    }));
    points.push([scale.at(last.high_ms), 0.0]);
    points
}

/// The part of a curve between two places, as the path of an area above `base`.
pub(super) fn area(curve: &[[f64; 2]], from: f64, to: f64, base: f64) -> Option<String> {
    const HEIGHT: f64 = 20.0;
    let height_at = |x: f64| {
        let pair = curve
            .windows(2)
            .find(|pair| pair[0][0] <= x && x <= pair[1][0]);
        pair.map(|pair| {
            let span = (pair[1][0] - pair[0][0]).max(f64::EPSILON);
            pair[0][1] + (pair[1][1] - pair[0][1]) * (x - pair[0][0]) / span
        })
    };
    let (first, last) = (curve.first()?[0].max(from), curve.last()?[0].min(to));
    if last - first < 0.1 {
        return None;
    }
    let mut path = format!("M{first:.1} {base:.1}");
    let within = curve
        .iter()
        .filter(|[x, _]| *x > first && *x < last)
        .copied();
    let ends = |x: f64| height_at(x).map(|height| [x, height]);
    for [x, height] in ends(first).into_iter().chain(within).chain(ends(last)) {
        let _ = write!(path, "L{x:.1} {:.1}", base - height * HEIGHT);
    }
    let _ = write!(path, "L{last:.1} {base:.1}Z");
    Some(path)
}
