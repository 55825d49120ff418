//! Arrivals whose rate changes, or that follow a trace.

use crate::draws::{Purpose, Table, counter_word, draw};
use crate::program::network::{Flow, Pace, UNIT_BITS};

/// When requests come that never come, in ticks: behind all that a simulation reaches, and yet a
/// number that can be counted in 2⁻¹⁶ ticks.
const NEVER: u64 = 1 << 46;

/// Arrivals on their way. Times are in 2⁻¹⁶ ticks.
pub(super) struct Paced<'a> {
    pace: &'a Pace,
    tables: &'a [Table],
    key: [u32; 2],
    /// The first request behind the end of a trace that is gone through once.
    end_of_trace: u32,
    /// Requests before counting starts.
    warmup: u32,
    now: u64,
    /// The rate that holds, until when, and how many held before it.
    state: usize,
    end: u64,
    switches: u32,
    /// When a profile's time 0 was.
    origin: u64,
}

impl<'a> Paced<'a> {
    /// The arrivals of a lane before the first; none if each gap is drawn alike.
    pub(super) fn new(flow: &'a Flow, key: [u32; 2]) -> Option<Self> {
        let mut paced = Self {
            pace: &flow.pace,
            tables: &flow.tables,
            key,
            end_of_trace: u32::MAX,
            warmup: flow.warmup,
            now: 0,
            state: 0,
            end: u64::MAX,
            switches: 0,
            origin: 0,
        };
        match &flow.pace {
            Pace::Steady => return None,
            Pace::Trace(gaps) if flow.once => {
                paced.end_of_trace = u32::try_from(gaps.values.len()).unwrap_or(u32::MAX);
            }
            Pace::Trace(_) => {}
            Pace::Switching { starts, .. } => {
                let word = counter_word(0, Purpose::Hold, 1);
                let bits = u64::from(draw(key, 0, word));
                paced.state = starts.partition_point(|&end| end <= bits);
                paced.hold();
            }
            Pace::Profile(_) => {}
        }
        Some(paced)
    }

    /// When a request arrives, in ticks; `units` are its draw from the table of gaps.
    pub(super) fn arrive(&mut self, request: u32, units: u32) -> u64 {
        if let Pace::Trace(gaps) = self.pace {
            if request >= self.end_of_trace {
                return NEVER;
            }
            let [_, replication] = self.key;
            let gap = gaps.of(replication, request);
            self.now = self.now.saturating_add(u64::from(gap) << 16);
            return self.now >> 16;
        }
        if request == self.warmup
            && let Pace::Profile(changes) = self.pace
        {
            // The profile's clock starts.
            self.origin = self.now;
            self.end = end_of(changes, 0, self.origin);
        }
        let mut left = u128::from(units);
        loop {
            let gap = u128::from(self.gap());
            let need = left.wrapping_mul(gap) >> UNIT_BITS;
            let rest = u128::from(self.end.saturating_sub(self.now));
            if gap > 0 && need <= rest {
                let need = u64::try_from(need).unwrap_or(u64::MAX);
                self.now = self.now.saturating_add(need);
                return self.now.saturating_add(1 << 15) >> 16;
            }
            let passed = (rest << UNIT_BITS).checked_div(gap).unwrap_or(0);
            left = left.saturating_sub(passed);
            self.now = self.end;
            self.turn();
        }
    }
    /// The mean gap of the rate that holds; 0 for a pause.
    fn gap(&self) -> u64 {
        let gap = match self.pace {
            Pace::Switching { states, .. } => states.get(self.state).map(|&(gap, _)| gap),
            Pace::Profile(changes) => changes.get(self.state).map(|&(_, gap)| gap),
            Pace::Steady | Pace::Trace(_) => None,
        };
        gap.unwrap_or(1)
    }

    /// The next rate.
    fn turn(&mut self) {
        self.state = self.state.saturating_add(1);
        match self.pace {
            Pace::Switching { states, .. } => {
                if self.state >= states.len() {
                    self.state = 0;
                }
                self.hold();
            }
            Pace::Profile(changes) => self.end = end_of(changes, self.state, self.origin),
            Pace::Steady | Pace::Trace(_) => {}
        }
    }

    /// Draws how long a rate holds from now on.
    fn hold(&mut self) {
        let Pace::Switching { states, .. } = self.pace else {
            return;
        };
        let table = states
            .get(self.state)
            .and_then(|&(_, table)| self.tables.get(table));
        let bits = draw(self.key, self.switches, counter_word(0, Purpose::Hold, 0));
        let ticks = table.map_or(1, |table| table.value(bits));
        self.switches = self.switches.wrapping_add(1);
        self.end = self.now.saturating_add(u64::from(ticks) << 16);
    }
}

/// When a profile's rate ends, in 2⁻¹⁶ ticks; the last never does.
fn end_of(changes: &[(u64, u64)], state: usize, origin: u64) -> u64 {
    let next = changes.get(state.saturating_add(1));
    next.map_or(u64::MAX, |&(at, _)| origin.saturating_add(at << 16))
}
