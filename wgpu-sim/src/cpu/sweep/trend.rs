//! Whether times grow as a run goes on: what no load that is known beforehand tells of a graph in
//! which requests spare one another work, or wait before it.

use serde::{Deserialize, Serialize};

use crate::program::network::Flow;

/// The times from end to end of the first tenth of the counted requests, and of the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trend {
    early: Part,
    late: Part,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    count: u32,
    sum: u64,
}

impl Trend {
    /// A counted request was answered after so long.
    pub(super) fn answer(&mut self, flow: &Flow, request: u32, time: u64) {
        let tenth = flow.counted / 10;
        let place = request.saturating_sub(flow.warmup);
        let part = if place < tenth {
            &mut self.early
        } else if place >= flow.counted.saturating_sub(tenth) {
            &mut self.late
        } else {
            return;
        };
        part.count = part.count.saturating_add(1);
        part.sum = part.sum.saturating_add(time);
    }

    /// By how much times grow in a unit of time, where counting took `span` ticks; none where too
    /// few were answered. Of a queue that grows for ever, about the load that is too much.
    pub(crate) fn slope(&self, span: u64) -> Option<f64> {
        let mean = |part: Part| (part.count > 0).then(|| part.sum as f64 / f64::from(part.count));
        let grown = mean(self.late)? - mean(self.early)?;
        (span > 0).then(|| grown / (0.9 * span as f64))
    }
}
