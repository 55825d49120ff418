//! What one lane counts, the same on both engines.

use serde::{Deserialize, Serialize};

use crate::stats::{BUCKETS, Sample, bucket};

/// A backlog is cut off here. Ranges are chosen so that only a queue out of control gets there.
pub(crate) const BACKLOG_LIMIT: u32 = 1 << 31;

/// The counts and sums of one lane, in ticks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Counts of waits, services and sojourns, [`BUCKETS`] each, one after the other.
    #[serde(with = "crate::stats::sparse")]
    pub(crate) counts: Vec<u32>,
    pub(crate) wait_sum: u64,
    pub(crate) service_sum: u64,
    pub(crate) gap_sum: u64,
    /// Whether a backlog was cut off at [`BACKLOG_LIMIT`].
    pub(crate) saturated: bool,
}

/// The number of counts in a record.
pub(crate) const COUNTS: usize = 3 * BUCKETS;

impl Record {
    pub(crate) fn new() -> Self {
        Self {
            counts: vec![0; COUNTS],
            wait_sum: 0,
            service_sum: 0,
            gap_sum: 0,
            saturated: false,
        }
    }

    /// Counts one request.
    #[inline]
    pub(crate) fn count(&mut self, gap: u32, wait: u32, service: u32) {
        // At most 2³¹ requests of less than 2³² ticks: the sums fit.
        self.gap_sum = self.gap_sum.wrapping_add(u64::from(gap));
        self.wait_sum = self.wait_sum.wrapping_add(u64::from(wait));
        self.service_sum = self.service_sum.wrapping_add(u64::from(service));
        self.place(wait, service);
    }

    /// Counts one request by its times, which are not added to the sums.
    #[inline]
    pub(crate) fn place(&mut self, wait: u32, service: u32) {
        let sojourn = wait.wrapping_add(service);
        for (kind, value) in [wait, service, sojourn].into_iter().enumerate() {
            let place = kind.wrapping_mul(BUCKETS).wrapping_add(bucket(value));
            if let Some(count) = self.counts.get_mut(place) {
                *count = count.wrapping_add(1);
            }
        }
    }

    fn part(&self, kind: usize) -> &[u32] {
        self.counts.chunks_exact(BUCKETS).nth(kind).unwrap_or(&[])
    }

    pub(crate) fn wait(&self) -> Sample<'_> {
        Sample {
            counts: self.part(0),
            sum: self.wait_sum,
        }
    }

    pub(crate) fn service(&self) -> Sample<'_> {
        Sample {
            counts: self.part(1),
            sum: self.service_sum,
        }
    }

    pub(crate) fn sojourn(&self) -> Sample<'_> {
        Sample {
            counts: self.part(2),
            sum: self.wait_sum.saturating_add(self.service_sum),
        }
    }
}
