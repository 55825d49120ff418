//! How arrivals follow one another.

use core::time::Duration;

use super::flow::{Circle, Pace};
use crate::draws::{self, MAX_TICKS, Table};
use crate::error::SimulationError;
use crate::program::compile::ns;

/// A unit of arrivals: gaps at rates that change are drawn in parts of 2⁻²⁰.
pub const UNIT_BITS: u32 = 20;

/// How the gaps between arrivals spread about their mean.
#[derive(Clone, Debug, PartialEq)]
pub enum Gaps {
    /// Exponential: a Poisson stream.
    Exponential,
    /// Gamma, each drawn on its own: in bursts above 1, more even than a Poisson stream below.
    Gamma {
        /// The squared coefficient of variation.
        cv2: f64,
    },
    /// Poisson at one rate after the other, each held for an exponential time; behind the last
    /// comes the first.
    Switching(Vec<Hold>),
    /// Poisson at rates that change at set times: the first holds until counting starts, which is
    /// the profile's time 0; the last holds for ever.
    Profile(Vec<Change>),
    /// As measured, the gap before each request, in a circle. Replication r of R starts at r/R of
    /// it.
    Trace(Vec<Duration>),
    /// So many clients, each of whom asks again so long after its answer.
    Closed {
        /// How many there are.
        clients: u32,
        /// The pause between answer and question.
        think: Duration,
    },
}

/// A rate that holds for a while.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hold {
    /// Requests a second; 0 for a pause.
    pub rate: f64,
    /// How long it holds, on average.
    pub mean: Duration,
}

/// A rate from some time on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// From when.
    pub at: Duration,
    /// Requests a second; 0 for a pause.
    pub rate: f64,
}

impl Gaps {
    /// The mean rate in the long run, in requests a second, where the gaps state it themselves.
    pub fn mean_rate(&self) -> Option<f64> {
        match self {
            Self::Exponential | Self::Gamma { .. } | Self::Closed { .. } => None,
            Self::Switching(holds) => {
                let whole: f64 = holds.iter().map(|hold| hold.mean.as_secs_f64()).sum();
                let requests = holds.iter().map(|hold| hold.rate * hold.mean.as_secs_f64());
                Some(requests.sum::<f64>() / whole)
            }
            Self::Profile(changes) => changes.last().map(|change| change.rate),
            Self::Trace(gaps) => {
                let whole: f64 = gaps.iter().map(Duration::as_secs_f64).sum();
                Some(gaps.len() as f64 / whole)
            }
        }
    }

    /// The same stream at `rate` on average, with all rates in proportion; none where the gaps do
    /// not have one rate.
    #[must_use]
    pub fn at_rate(self, rate: f64) -> Option<Self> {
        let factor = rate / self.mean_rate().unwrap_or(rate);
        Some(match self {
            Self::Exponential | Self::Gamma { .. } => self,
            Self::Switching(mut holds) => {
                for hold in &mut holds {
                    hold.rate *= factor;
                }
                Self::Switching(holds)
            }
            Self::Profile(_) | Self::Closed { .. } => return None,
            Self::Trace(gaps) => {
                let scaled = gaps
                    .iter()
                    .map(|&gap| Duration::from_nanos(nanos(ns(gap) / factor)));
                Self::Trace(scaled.collect())
            }
        })
    }

    /// About the squared coefficient of variation of the gaps; of rates that switch, the limit of
    /// the index of dispersion.
    pub(super) fn cv2(&self) -> f64 {
        match self {
            Self::Exponential | Self::Profile(_) | Self::Closed { .. } => 1.0,
            Self::Gamma { cv2 } => *cv2,
            Self::Switching(holds) => {
                let whole: f64 = holds.iter().map(|hold| hold.mean.as_secs_f64()).sum();
                let mean = self.mean_rate().unwrap_or(1.0);
                let swing = holds.iter().map(|hold| {
                    let apart = (hold.rate - mean) * hold.mean.as_secs_f64();
                    apart * apart
                });
                1.0 + 2.0 * swing.sum::<f64>() / (whole * mean)
            }
            Self::Trace(gaps) => {
                let mean = 1e9 / self.mean_rate().unwrap_or(1.0);
                let squares = gaps.iter().map(|&gap| {
                    let apart = ns(gap) / mean - 1.0;
                    apart * apart
                });
                squares.sum::<f64>() / gaps.len().max(1) as f64
            }
        }
    }

    /// The longest gap that can be, in nanoseconds.
    pub(super) fn longest_ns(&self, rate: f64) -> f64 {
        let end = libm::scalbn(1.0, -32);
        let mean = 1e9 / rate;
        match self {
            Self::Exponential => mean * draws::exponential(1.0 - end, end),
            Self::Gamma { cv2 } => mean * cv2 * draws::gamma(1.0 / cv2, 1.0 - end, end),
            Self::Switching(holds) => {
                let holds = holds.iter().map(|hold| ns(hold.mean));
                draws::exponential(1.0 - end, end) * (mean + holds.sum::<f64>())
            }
            Self::Profile(changes) => {
                let last = changes.last().map_or(0.0, |change| ns(change.at));
                last + mean * draws::exponential(1.0 - end, end)
            }
            Self::Trace(gaps) => gaps.iter().max().map_or(0.0, |&gap| ns(gap)),
            // By Little's law, a client comes round once in N / X.
            Self::Closed { clients, think } => ns(*think).max(f64::from(*clients) * mean),
        }
    }

    /// Checks the figures.
    pub(super) fn check(&self) -> Result<(), SimulationError> {
        let fail = |reason: String| Err(SimulationError::station("inputs", reason));
        let is_rate = |rate: f64| rate.is_finite() && rate >= 0.0;
        match self {
            Self::Gamma { cv2 } if !CV2.contains(cv2) => fail(format!(
                "the squared coefficient of variation of its gaps is {cv2}; give one from {} to {}",
                CV2.start(),
                CV2.end()
            )),
            Self::Switching(holds)
                if holds.is_empty()
                    || holds
                        .iter()
                        .any(|hold| !is_rate(hold.rate) || hold.mean.is_zero())
                    || holds.iter().all(|hold| hold.rate <= 0.0) =>
            {
                fail("its states need rates of which one is above 0, and times to hold them".into())
            }
            Self::Profile(changes)
                if changes.iter().any(|change| !is_rate(change.rate))
                    || changes.last().is_none_or(|last| last.rate <= 0.0)
                    || changes.first().is_none_or(|first| first.rate <= 0.0)
                    || !changes.is_sorted_by_key(|change| change.at) =>
            {
                fail(
                    "its profile needs times that ascend, and a first and last rate above 0".into(),
                )
            }
            Self::Closed { clients, .. } if !(1..=MAX_CLIENTS).contains(clients) => {
                fail(format!("{clients} clients ask; give 1 to {MAX_CLIENTS}"))
            }
            Self::Trace(gaps) if gaps.iter().all(Duration::is_zero) => {
                fail("its trace holds no two requests apart; give a longer one".into())
            }
            _ => Ok(()),
        }
    }

    /// The table of gaps, or of units, and the pace, in ticks; adds further tables.
    pub(super) fn compile(
        &self,
        rate: f64,
        tick_ns: f64,
        replications: u32,
        tables: &mut Vec<Table>,
    ) -> Result<Pace, SimulationError> {
        let too_long = || SimulationError::station("inputs", crate::program::compile::TOO_LONG);
        let mean = 1e9 / rate / tick_ns;
        let unit = libm::scalbn(1.0, UNIT_BITS.cast_signed());
        let table = match self {
            Self::Exponential => Table::new(0, |p, c| mean * draws::exponential(p, c)),
            Self::Gamma { cv2 } => Table::new(0, |p, c| mean * cv2 * draws::gamma(1.0 / cv2, p, c)),
            _ => Table::new(0, |p, c| unit * draws::exponential(p, c)),
        };
        tables.push(table.ok_or_else(too_long)?);
        // The mean gap at a rate, in 2⁻¹⁶ ticks; 0 for a pause.
        let gap = |rate: f64| {
            if rate > 0.0 {
                nanos(65_536e9 / rate / tick_ns).max(1)
            } else {
                0
            }
        };
        Ok(match self {
            Self::Exponential | Self::Gamma { .. } | Self::Closed { .. } => Pace::Steady,
            Self::Switching(holds) => {
                let mut states = Vec::new();
                for hold in holds {
                    let mean = ns(hold.mean) / tick_ns;
                    let table = Table::new(1, |p, c| mean * draws::exponential(p, c));
                    tables.push(table.ok_or_else(too_long)?);
                    states.push((gap(hold.rate), tables.len().saturating_sub(1)));
                }
                let whole: f64 = holds.iter().map(|hold| ns(hold.mean)).sum();
                let mut sum = 0.0;
                let ends = holds.iter().map(|hold| {
                    sum += ns(hold.mean);
                    nanos(libm::scalbn(sum / whole, 32))
                });
                Pace::Switching {
                    starts: ends.collect(),
                    states,
                }
            }
            Self::Profile(changes) => Pace::Profile(
                changes
                    .iter()
                    .map(|change| (nanos(ns(change.at) / tick_ns), gap(change.rate)))
                    .collect(),
            ),
            Self::Trace(gaps) => {
                let (mut sum, mut before) = (0.0, 0);
                let gaps = gaps.iter().map(|&gap| {
                    sum += ns(gap) / tick_ns;
                    let at = nanos(sum);
                    let gap = at.saturating_sub(before);
                    before = at;
                    u32::try_from(gap).unwrap_or(MAX_TICKS)
                });
                Pace::Trace(Circle {
                    values: gaps.collect(),
                    replications,
                })
            }
        })
    }
}

/// The most clients who ask.
const MAX_CLIENTS: u32 = 1 << 20;

/// The squared coefficients of variation whose variance a table keeps to a percent: below, its
/// lowest cell, which starts at 0, is too wide.
const CV2: core::ops::RangeInclusive<f64> = 1e-2..=1e3;

/// To the nearest whole number.
fn nanos(value: f64) -> u64 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturates.
    let rounded = libm::round(value) as u64;
    rounded
}
