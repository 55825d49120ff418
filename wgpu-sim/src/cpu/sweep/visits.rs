//! What one lane of a graph counts, and what must hold of it.

use serde::{Deserialize, Serialize};

use super::source::Left;
use super::{Departure, Fate, Tokens};
use crate::error::SimulationError;
use crate::program::network::{Flow, Node, Step};
use crate::record::{BACKLOG_LIMIT, Record};
use crate::stats::{BUCKETS, Sample, bucket};

/// The visits of counted requests to one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Visits {
    /// Waits, services and sojourns of those that were served.
    pub(crate) times: Record,
    pub(crate) served: u32,
    pub(crate) dropped: u32,
    /// Tries whose time was up, and how long they waited and were served in all.
    pub(crate) timed_out: u32,
    pub(crate) waited: u64,
    pub(crate) lost: u64,
    /// Those of them that a server had begun to serve.
    pub(crate) cut_off: u32,
    pub(crate) skipped: u32,
    /// The servers' time spent on those who were alone with one.
    pub(crate) alone: u64,
    /// The same of those in batches: the batch's time over its size, in 2⁻¹⁶ ticks.
    pub(crate) shared: u128,
    /// How many were in batches of two or more.
    pub(crate) together: u32,
    /// The batches that these make up: the sum of 1 / size, in 2⁻³².
    pub(crate) batches: u64,
    /// The sums of the times at which they came and left, modulo 2⁶⁴.
    pub(crate) came: u64,
    pub(crate) left: u64,
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// The use of KV caches, under continuous batching.
    pub(crate) cache: Option<CacheUse>,
    /// How long replicas were there whose number varies.
    pub(crate) replicas: Option<ReplicaTime>,
}

/// The time of all replicas together, in ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReplicaTime {
    /// While requests that are counted entered the graph.
    pub(crate) counted: u64,
    /// From when the first of them came to the node until the last had left.
    pub(crate) whole: u64,
}

/// What counted requests used of a node.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    /// The servers' time, in 2⁻¹⁶ ticks.
    pub(super) busy: u64,
    /// When the last of it ended, as far as departures do not tell.
    pub(super) until: u64,
    pub(super) cache: Option<CacheUse>,
}

impl Usage {
    /// Of two replicas together.
    pub(super) fn and(self, other: Self) -> Self {
        let cache = match (self.cache, other.cache) {
            (Some(one), Some(other)) => Some(one.and(other)),
            (one, other) => one.or(other),
        };
        Self {
            busy: self.busy.saturating_add(other.busy),
            until: self.until.max(other.until),
            cache,
        }
    }
}

/// The use of KV caches from the first counted request to the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CacheUse {
    /// How often a request was put back, to be computed anew.
    pub(crate) preemptions: u64,
    /// The tokens stored, times the time in 2⁻¹⁶ ticks.
    pub(crate) stored: u128,
    /// The same of those that there was room for.
    pub(crate) room: u128,
}

impl CacheUse {
    /// Of two replicas, or lanes, together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            preemptions: self.preemptions.saturating_add(other.preemptions),
            stored: self.stored.saturating_add(other.stored),
            room: self.room.saturating_add(other.room),
        }
    }
}

impl Visits {
    pub(crate) fn new() -> Self {
        Self {
            times: Record::new(),
            served: 0,
            dropped: 0,
            timed_out: 0,
            waited: 0,
            lost: 0,
            cut_off: 0,
            skipped: 0,
            alone: 0,
            shared: 0,
            together: 0,
            batches: 0,
            came: 0,
            left: 0,
            first: u64::MAX,
            last: 0,
            cache: None,
            replicas: None,
        }
    }

    #[inline]
    pub(super) fn enter(&mut self, at: u64) {
        self.came = self.came.wrapping_add(at);
        self.first = self.first.min(at);
    }

    #[inline]
    pub(super) fn leave(&mut self, departure: &Departure) {
        self.left = self.left.wrapping_add(departure.at);
        self.last = self.last.max(departure.at);
        match departure.fate {
            Fate::Served {
                wait,
                service,
                size,
            } => {
                self.served = self.served.wrapping_add(1);
                let short = u32::try_from(wait).unwrap_or(u32::MAX).min(BACKLOG_LIMIT);
                self.times.saturated |= u64::from(short) < wait;
                self.times.count(0, short, service);
                self.work(service, size);
            }
            Fate::TimedOut {
                wait,
                service,
                work,
            } => {
                self.timed_out = self.timed_out.wrapping_add(1);
                self.waited = self.waited.wrapping_add(wait);
                self.lost = self.lost.wrapping_add(service);
                self.cut_off = self.cut_off.wrapping_add(u32::from(work.size > 0));
                self.last = self.last.max(work.end);
                self.work(work.time, work.size);
            }
            Fate::Streamed { wait, service, .. } => {
                self.served = self.served.wrapping_add(1);
                self.times.saturated |= wait > BACKLOG_LIMIT;
                self.times.count(0, wait.min(BACKLOG_LIMIT), service);
            }
            Fate::Dropped => self.dropped = self.dropped.wrapping_add(1),
            Fate::Skipped => self.skipped = self.skipped.wrapping_add(1),
        }
    }

    /// A server has worked on so many together.
    #[inline]
    fn work(&mut self, time: u32, size: u32) {
        if size > 1 {
            let size = u64::from(size);
            let whole = u64::from(time).wrapping_shl(16);
            let share = whole.checked_div(size).unwrap_or(whole);
            self.shared = self.shared.saturating_add(u128::from(share));
            let part = (1_u64 << 32).checked_div(size).unwrap_or(0);
            self.batches = self.batches.saturating_add(part);
            self.together = self.together.wrapping_add(1);
        } else {
            self.alone = self.alone.saturating_add(u64::from(time));
        }
    }

    /// The servers' time spent on them, in 2⁻¹⁶ ticks: a batch's time is shared by those in it.
    pub(crate) fn busy(&self) -> u128 {
        u128::from(self.alone)
            .wrapping_shl(16)
            .saturating_add(self.shared)
    }

    /// Adds what departures do not tell.
    pub(super) fn add_usage(&mut self, usage: Usage) {
        self.shared = self.shared.saturating_add(u128::from(usage.busy));
        self.last = self.last.max(usage.until);
        self.cache = usage.cache;
    }

    /// How long they waited in all, and how long they were served.
    pub(crate) fn in_queue(&self) -> u64 {
        self.times.wait_sum.saturating_add(self.waited)
    }

    pub(crate) fn in_service(&self) -> u64 {
        self.times.service_sum.saturating_add(self.lost)
    }

    /// How many came to be served, in time or not.
    pub(crate) fn begun(&self) -> u32 {
        self.served.saturating_add(self.cut_off)
    }

    /// How many batches they make up, those of one request included.
    pub(crate) fn batches(&self) -> f64 {
        let alone = self.begun().saturating_sub(self.together);
        f64::from(alone) + self.batches as f64 / 4_294_967_296.0
    }

    /// Flow balance, Little's law and utilisation, on the uncut sums.
    /// `entered` is how often counted requests came, or were said not to.
    fn check(&self, node: &Node, entered: u64) -> Result<(), SimulationError> {
        let broken = |law: &'static str| {
            Err(SimulationError::Invariant {
                name: node.name.clone(),
                law,
            })
        };
        let ended = u64::from(self.served)
            .saturating_add(u64::from(self.dropped))
            .saturating_add(u64::from(self.timed_out))
            .saturating_add(u64::from(self.skipped));
        if ended != entered {
            return broken("flow balance");
        }
        // Little: the time-integral of those present is the sum of the times they spent.
        let served = self.times.wait_sum.wrapping_add(self.times.service_sum);
        let spent = served.wrapping_add(self.waited).wrapping_add(self.lost);
        if !self.times.saturated && self.left.wrapping_sub(self.came) != spent {
            return broken("Little's law");
        }
        if let Some(servers) = node.step.servers() {
            let most = match (self.replicas, &node.scale) {
                (Some(replicas), Some(scale)) => {
                    u128::from(replicas.whole).saturating_mul(scale.concurrency.into())
                }
                // Departures are told to the tick.
                _ => u128::from(self.last.saturating_sub(self.first))
                    .saturating_add(1)
                    .saturating_mul(servers.into()),
            };
            if self.busy() > most.wrapping_shl(16) {
                return broken("utilisation is at most 1");
            }
        }
        Ok(())
    }
}

impl Step {
    /// How many requests or batches are served at once; none if there is no bound.
    pub(crate) fn servers(&self) -> Option<u32> {
        match self {
            Self::Instant | Self::Delay(_) => None,
            Self::Serve {
                queues, servers, ..
            }
            | Self::Batch {
                queues, servers, ..
            } => Some(queues.saturating_mul(*servers)),
            Self::Continuous { queues, .. } => Some(*queues),
        }
    }
}

/// How the counted requests of a lane ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ending {
    /// Times from end to end of those answered.
    pub(crate) times: Times,
    /// Their times to the first token, and for each one behind it; empty without streams.
    pub(crate) first: Times,
    pub(crate) token: Times,
    pub(crate) entered: u32,
    pub(crate) answered: u32,
    pub(crate) dropped: u32,
    pub(crate) timed_out: u32,
    pub(crate) unanswered: u32,
    /// Those answered within the objective.
    pub(crate) within: u32,
    /// The sum of the gaps before them: how long the lane counted.
    pub(crate) span: u64,
}

impl Ending {
    pub(crate) fn new(has_streams: bool) -> Self {
        let streams = || Times::new(if has_streams { BUCKETS } else { 0 });
        Self {
            times: Times::new(BUCKETS),
            first: streams(),
            token: streams(),
            entered: 0,
            answered: 0,
            dropped: 0,
            timed_out: 0,
            unanswered: 0,
            within: 0,
            span: 0,
        }
    }

    fn has_streams(&self) -> bool {
        !self.first.counts.is_empty()
    }

    pub(super) fn enter(&mut self, gap: u32) {
        self.entered = self.entered.wrapping_add(1);
        self.span = self.span.saturating_add(u64::from(gap));
    }

    pub(super) fn leave(&mut self, left: Left, objective: Option<u64>, answer: Tokens) {
        let count = match left {
            Left::Answered(time) => {
                self.times.count(time);
                if self.has_streams() {
                    self.stream(time, answer);
                }
                let within = objective.is_none_or(|most| time <= most);
                self.within = self.within.wrapping_add(u32::from(within));
                &mut self.answered
            }
            Left::Dropped => &mut self.dropped,
            Left::TimedOut => &mut self.timed_out,
            Left::Unanswered => &mut self.unanswered,
        };
        *count = count.wrapping_add(1);
    }

    /// The answer that took so long is a stream of tokens.
    fn stream(&mut self, time: u64, answer: Tokens) {
        let head = u64::from(answer.head);
        self.first.count(time.saturating_sub(head));
        let behind = u64::from(answer.count.saturating_sub(1));
        let half = behind / 2;
        if let Some(each) = head.saturating_add(half).checked_div(behind) {
            self.token.count(each);
        }
    }

    fn check(&self, flow: &Flow) -> Result<(), SimulationError> {
        let left = [self.answered, self.dropped, self.timed_out, self.unanswered];
        let left = left.into_iter().fold(0_u32, u32::saturating_add);
        if left == self.entered && left == flow.counted {
            return Ok(());
        }
        Err(SimulationError::Invariant {
            name: "outputs".to_owned(),
            law: "flow balance",
        })
    }

    /// Times from end to end.
    pub(crate) fn times(&self) -> Sample<'_> {
        self.times.sample()
    }

    /// Times to the first token.
    pub(crate) fn first(&self) -> Sample<'_> {
        self.first.sample()
    }

    /// Times of each token behind the first: of a request, the mean.
    pub(crate) fn token(&self) -> Sample<'_> {
        self.token.sample()
    }
}

/// Counts of times by bucket, and their sum, in ticks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Times {
    #[serde(with = "crate::stats::sparse")]
    pub(crate) counts: Vec<u32>,
    pub(crate) sum: u64,
}

impl Times {
    fn new(buckets: usize) -> Self {
        Self {
            counts: vec![0; buckets],
            sum: 0,
        }
    }

    fn count(&mut self, time: u64) {
        self.sum = self.sum.saturating_add(time);
        let short = u32::try_from(time).unwrap_or(u32::MAX);
        if let Some(count) = self.counts.get_mut(bucket(short)) {
            *count = count.wrapping_add(1);
        }
    }

    fn sample(&self) -> Sample<'_> {
        Sample {
            counts: &self.counts,
            sum: self.sum,
        }
    }
}

/// What one lane of a graph counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LaneRecord {
    /// By node, in the order of the document, without the sink.
    pub(crate) nodes: Vec<Visits>,
    pub(crate) ending: Ending,
}

impl LaneRecord {
    /// The record of a lane: each node's number with its visits, in any order, and how often counted
    /// requests came there or were said not to. The sink's visits are left out.
    ///
    /// # Errors
    /// [`SimulationError::Invariant`] if the counts contradict flow balance, Little's law or
    /// utilisation.
    pub(crate) fn new(
        flow: &Flow,
        visits: impl Iterator<Item = (usize, Visits, u64)>,
        ending: Ending,
    ) -> Result<Self, SimulationError> {
        let mut nodes: Vec<Option<Visits>> = vec![None; flow.sink()];
        for (index, visits, entered) in visits {
            if let (Some(slot), Some(node)) = (nodes.get_mut(index), flow.nodes.get(index)) {
                visits.check(node, entered)?;
                *slot = Some(visits);
            }
        }
        ending.check(flow)?;
        Ok(Self {
            nodes: nodes.into_iter().flatten().collect(),
            ending,
        })
    }
}
