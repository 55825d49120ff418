//! Continuous batching: the scheduler of vLLM's V1 engine, which runs a replica step by step.
//!
//! Steps in which every request only decodes have a closed form, so that runs of them are one jump.

mod kv;
mod scheduler;

use core::cmp::Reverse;
use core::ops::Range;
use std::collections::{BTreeSet, BinaryHeap};

use super::super::visits::{CacheUse, Usage};
use super::super::{Departure, Fate, Labour, Tokens};
use super::{Arrival, Queue};
use crate::draws::{Table, draw};
use crate::program::network::{BLOCK, Batcher, Flow, Node};
use scheduler::{Scheduler, Sequence};

/// One replica on its way.
pub(in super::super) struct Continuous<'a> {
    tables: &'a [Table],
    batcher: &'a Batcher,
    key: [u32; 2],
    limit: Option<usize>,
    /// Requests that are counted.
    counted: Range<u32>,
    scheduler: Scheduler<'a>,
    finished: Vec<Sequence>,
    /// When the time of those inside is up, and whose, where it ever is.
    due: BTreeSet<(u64, u32)>,
    /// When those who left the scheduler depart, where others ask for the load.
    ends: Option<BinaryHeap<Reverse<u64>>>,
    /// The replica's time spent on counted requests, in 2⁻¹⁶ ticks.
    busy: u64,
    /// How often counted requests were put back.
    preemptions: u64,
}

impl<'a> Continuous<'a> {
    /// An empty replica; `routed` says that others will ask for its load.
    pub(super) fn new(
        flow: &'a Flow,
        node: &Node,
        batcher: &'a Batcher,
        key: [u32; 2],
        routed: bool,
    ) -> Self {
        Self {
            tables: &flow.tables,
            batcher,
            key,
            limit: node.limit.map(|limit| limit as usize),
            counted: flow.counting(),
            scheduler: Scheduler::new(batcher, flow.counting()),
            finished: Vec::new(),
            due: BTreeSet::new(),
            ends: routed.then(BinaryHeap::new),
            busy: 0,
            preemptions: 0,
        }
    }

    /// The replica's time spent on counted requests, in 2⁻¹⁶ ticks; a step's is shared by those who
    /// run. And the use of its KV cache meanwhile.
    pub(super) fn usage(&self) -> Usage {
        let (stored, room) = self.scheduler.cache();
        Usage {
            busy: self.busy,
            until: 0,
            cache: Some(CacheUse {
                preemptions: self.preemptions,
                stored,
                room,
            }),
        }
    }

    /// Requests inside, and those of them that wait.
    pub(super) fn inside(&self) -> usize {
        self.scheduler.len()
    }

    pub(super) fn waiting(&self) -> usize {
        self.scheduler.waiting()
    }

    /// A request with what it draws.
    fn sequence(&self, arrival: &Arrival) -> Sequence {
        let (batcher, request) = (self.batcher, arrival.request);
        let prompt = self.prompt(request);
        let answer = self.answer(request);
        let room = batcher.longest.saturating_sub(prompt).max(1);
        let is_hit = batcher.shared > 0
            && u64::from(draw(self.key, request, batcher.hit_word)) < batcher.hit;
        // At least the last token of a prompt is computed.
        let whole = prompt.saturating_sub(1) & !BLOCK.wrapping_sub(1);
        let cached = if is_hit { batcher.shared.min(whole) } else { 0 };
        Sequence::new(arrival, (prompt, answer.min(room), cached))
    }

    /// The tokens of a prompt: in a later round of a loop, with what the rounds before added.
    fn prompt(&self, number: u32) -> u32 {
        let batcher = self.batcher;
        let request = self.request(number);
        let first = batcher.prompt.of(self.tables, self.key, (request, request));
        let mut whole = first;
        // Every try of a round asks the same; the answers before are those of first tries.
        let round = batcher.span.saturating_mul(batcher.tries);
        let mut before = request;
        while number.saturating_sub(before) >= round {
            let answer = self.answer(before);
            whole = whole.saturating_add(answer).saturating_add(batcher.growth);
            before = before.saturating_add(round);
        }
        whole.min(batcher.longest.saturating_sub(1).max(first))
    }

    /// The tokens of an answer.
    fn answer(&self, number: u32) -> u32 {
        let visit = (number, self.request(number));
        self.batcher.answer.of(self.tables, self.key, visit)
    }

    /// The request of a visit.
    fn request(&self, number: u32) -> u32 {
        number.checked_rem(self.batcher.span).unwrap_or(number)
    }

    /// Lets those depart that have their last token.
    fn depart(&mut self, departures: &mut Vec<Departure>) {
        let ticks = |time: u64| time.saturating_add(1 << 15) >> 16;
        let short = |ticks: u64| u32::try_from(ticks).unwrap_or(u32::MAX);
        let mut finished = core::mem::take(&mut self.finished);
        for sequence in finished.drain(..) {
            let (start, first) = (ticks(sequence.start), ticks(sequence.first));
            let end = ticks(sequence.last);
            let at = end.min(sequence.until);
            self.due.remove(&(sequence.until, sequence.request));
            if let Some(ends) = &mut self.ends {
                ends.push(Reverse(at));
            }
            self.work(&sequence);
            if at < end {
                departures.push(timed_out(&sequence));
                continue;
            }
            departures.push(Departure {
                at,
                request: sequence.request,
                fate: Fate::Streamed {
                    wait: short(start.saturating_sub(sequence.came)),
                    service: short(at.saturating_sub(start)),
                    answer: Tokens {
                        head: short(at.saturating_sub(first)),
                        count: sequence.answer,
                    },
                },
            });
        }
        self.finished = finished;
    }

    /// Runs all steps that start before `limit`.
    fn run(&mut self, limit: u64, departures: &mut Vec<Departure>) {
        let limit = limit.saturating_mul(1 << 16);
        self.scheduler.advance(limit, &mut self.finished);
        self.depart(departures);
    }

    /// Counts the replica's time spent on a request that leaves, and how often it was put back.
    fn work(&mut self, sequence: &Sequence) {
        let request = sequence.request.checked_rem(self.batcher.span);
        if request.is_some_and(|request| self.counted.contains(&request)) {
            self.busy = self.busy.saturating_add(sequence.busy);
            let preemptions = u64::from(sequence.preemptions);
            self.preemptions = self.preemptions.saturating_add(preemptions);
        }
    }
}

/// A request whose time is up; the replica's time spent on it is counted by the replica.
fn timed_out(sequence: &Sequence) -> Departure {
    let start = sequence.start.saturating_add(1 << 15) >> 16;
    let start = start.min(sequence.until);
    Departure {
        at: sequence.until,
        request: sequence.request,
        fate: Fate::TimedOut {
            wait: start.saturating_sub(sequence.came),
            service: sequence.until.saturating_sub(start),
            work: Labour {
                time: 0,
                end: sequence.last.saturating_add(1 << 15) >> 16,
                size: 0,
            },
        },
    }
}

impl Queue for Continuous<'_> {
    fn advance(&mut self, limit: u64, departures: &mut Vec<Departure>) {
        while let Some(&(due, _)) = self.due.first()
            && due < limit
        {
            self.run(due, departures);
            self.expire(due, departures);
        }
        self.run(limit, departures);
    }

    fn expire(&mut self, at: u64, departures: &mut Vec<Departure>) {
        if self.due.first().is_none_or(|&(due, _)| due > at) {
            return;
        }
        let mut gone = Vec::new();
        self.scheduler
            .take_out(|sequence| sequence.until <= at, &mut gone);
        for sequence in &gone {
            self.due.remove(&(sequence.until, sequence.request));
            self.work(sequence);
            departures.push(timed_out(sequence));
        }
    }

    fn next(&self) -> Option<u64> {
        let start = self.scheduler.next().map(|start| start >> 16);
        let due = self.due.first().map(|&(due, _)| due);
        [start, due].into_iter().flatten().min()
    }

    fn load(&mut self, at: u64) -> usize {
        let inside = self.scheduler.len();
        let Some(ends) = &mut self.ends else {
            return inside;
        };
        while ends.peek().is_some_and(|&Reverse(end)| end <= at) {
            ends.pop();
        }
        ends.len().saturating_add(inside)
    }

    fn take(&mut self, arrival: &Arrival, _: u32, departures: &mut Vec<Departure>) {
        let sequence = self.sequence(arrival);
        let is_full = self
            .limit
            .is_some_and(|limit| self.scheduler.waiting() >= limit);
        if is_full || !self.scheduler.could_hold(&sequence) {
            let &Arrival { at, request, .. } = arrival;
            let fate = Fate::Dropped;
            departures.push(Departure { at, request, fate });
        } else {
            if arrival.until < u64::MAX {
                self.due.insert((arrival.until, arrival.request));
            }
            self.scheduler.enter(sequence);
        }
    }
}
