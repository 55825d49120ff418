//! What a lane on the GPU counted, as the CPU tells it.

use super::names::{LANE, VISITS};
use super::program::Words;
use crate::cpu::{Ending, LaneRecord, Visits};
use crate::error::SimulationError;
use crate::program::network::Flow;
use crate::record::COUNTS;
use crate::stats::BUCKETS;

/// One lane's words and buckets.
pub(super) struct Lane<'a> {
    /// The state of the tile, field by field.
    pub(super) state: &'a [u32],
    /// How many lanes that has, and which of them is meant.
    pub(super) lanes: usize,
    pub(super) place: usize,
    pub(super) buckets: &'a [u32],
}

impl Lane<'_> {
    fn word(&self, word: usize) -> u32 {
        let place = word.saturating_mul(self.lanes).saturating_add(self.place);
        self.state.get(place).copied().unwrap_or(0)
    }

    fn wide(&self, word: usize) -> u64 {
        let high = self.word(word.saturating_add(1));
        u64::from(self.word(word)) | (u64::from(high) << 32)
    }

    fn histogram(&self, number: usize, count: usize) -> Vec<u32> {
        let start = number.saturating_mul(BUCKETS);
        let counts = self.buckets.get(start..start.saturating_add(count));
        counts.map(<[u32]>::to_vec).unwrap_or_default()
    }

    /// The lane's record.
    pub(super) fn record(&self, flow: &Flow, words: &Words) -> Result<LaneRecord, SimulationError> {
        let nodes = words.visits.iter().enumerate();
        let visits = nodes.map(|(index, &start)| {
            let entered = u64::from(flow.counted).saturating_add(self.further(index, flow, words));
            (index, self.visits(index, start), entered)
        });
        LaneRecord::new(flow, visits, self.ending(flow))
    }

    /// How often counted requests came to a node beyond once: in the further rounds of its loop,
    /// which stand with the visits to its head.
    fn further(&self, index: usize, flow: &Flow, words: &Words) -> u64 {
        let own = flow.loop_of(index).and_then(|own| flow.loops.get(own));
        let start = own.and_then(|own| words.visits.get(own.head));
        start.map_or(0, |start| {
            self.word(start.saturating_add(VISITS.place("FURTHER")))
                .into()
        })
    }

    fn visits(&self, index: usize, start: usize) -> Visits {
        let at = |name| start.saturating_add(VISITS.place(name));
        let mut visits = Visits::new();
        visits.times.counts = self.histogram(index.saturating_mul(3), COUNTS);
        visits.times.wait_sum = self.wide(at("WAIT_SUM"));
        visits.times.service_sum = self.wide(at("SERVICE_SUM"));
        visits.times.saturated = self.word(at("SATURATED")) != 0;
        visits.served = self.word(at("SERVED"));
        visits.dropped = self.word(at("DROPPED"));
        visits.skipped = self.word(at("SKIPPED"));
        visits.timed_out = self.word(at("TIMED_OUT"));
        visits.cut_off = self.word(at("CUT_OFF"));
        visits.waited = self.wide(at("WAITED"));
        visits.lost = self.wide(at("LOST"));
        visits.alone = self.wide(at("ALONE"));
        let high = u128::from(self.word(at("SHARED_HIGH")));
        visits.shared = u128::from(self.wide(at("SHARED"))) | (high << 64);
        visits.together = self.word(at("TOGETHER"));
        visits.batches = self.wide(at("BATCHES"));
        visits.came = self.wide(at("CAME"));
        visits.left = self.wide(at("LEFT"));
        // The kernel keeps it upside down.
        visits.first = !self.wide(at("FIRST"));
        visits.last = self.wide(at("LAST"));
        visits
    }

    fn ending(&self, flow: &Flow) -> Ending {
        let at = |name| LANE.place(name);
        let mut ending = Ending::new(flow.has_streams());
        let first = flow.sink().saturating_mul(3);
        let times = [
            (&mut ending.times, "TIMES_SUM"),
            (&mut ending.first, "FIRST_SUM"),
            (&mut ending.token, "TOKEN_SUM"),
        ];
        for (number, (times, sum)) in times.into_iter().enumerate() {
            let count = times.counts.len();
            times.counts = self.histogram(first.saturating_add(number), count);
            times.sum = self.wide(at(sum));
        }
        ending.entered = self.word(at("LANE_ENTERED"));
        ending.answered = self.word(at("LANE_ANSWERED"));
        ending.dropped = self.word(at("LANE_DROPPED"));
        ending.timed_out = self.word(at("LANE_TIMED_OUT"));
        ending.unanswered = self.word(at("LANE_UNANSWERED"));
        ending.within = self.word(at("LANE_WITHIN"));
        ending.span = self.wide(at("SPAN"));
        ending
    }
}
