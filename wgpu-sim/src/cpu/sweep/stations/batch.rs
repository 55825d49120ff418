//! Dynamic batching: a free server waits until its batch is full, or the first of it has waited
//! long enough.

use core::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::super::{Departure, Fate};
use super::Queue;
use super::fifo::sink_first;

/// A queue on its way.
pub(in super::super) struct Batches<'a> {
    /// When each server is free, ascending.
    free: Vec<u64>,
    /// The time of a batch of 1, 2, ….
    times: &'a [u32],
    delay: u64,
    limit: Option<usize>,
    /// Those who wait: when each came, and which it is.
    waiting: VecDeque<(u64, u32)>,
    /// When those in service will depart, where others ask for the load.
    ends: Option<BinaryHeap<Reverse<u64>>>,
}

impl<'a> Batches<'a> {
    /// An empty queue; `routed` says that others will ask for its load.
    pub(super) fn new(
        servers: u32,
        times: &'a [u32],
        delay: u32,
        limit: Option<u32>,
        routed: bool,
    ) -> Self {
        Self {
            free: vec![0; servers as usize],
            times,
            delay: u64::from(delay),
            limit: limit.map(|limit| limit as usize),
            waiting: VecDeque::new(),
            ends: routed.then(BinaryHeap::new),
        }
    }

    /// When the next batch starts, as far as those who have come decide it.
    fn launch(&self) -> Option<u64> {
        let &(first, _) = self.waiting.front()?;
        let ready = self.free.first().copied()?.max(first);
        let patience = ready.max(first.saturating_add(self.delay));
        let full = self.times.len().checked_sub(1)?;
        let full = self.waiting.get(full).map_or(u64::MAX, |&(at, _)| at);
        Some(full.min(patience).max(ready))
    }
}

impl Queue for Batches<'_> {
    fn advance(&mut self, limit: u64, departures: &mut Vec<Departure>) {
        while let Some(launch) = self.launch().filter(|&launch| launch < limit) {
            let most = self.waiting.len().min(self.times.len());
            let waiting = self.waiting.iter().take(most);
            let size = waiting.take_while(|&&(at, _)| at <= launch).count();
            let service = size.checked_sub(1).and_then(|size| self.times.get(size));
            let service = service.copied().unwrap_or(1);
            let end = launch.saturating_add(u64::from(service));
            sink_first(&mut self.free, end);
            for (at, request) in self.waiting.drain(..size) {
                if let Some(ends) = &mut self.ends {
                    ends.push(Reverse(end));
                }
                let wait = launch.saturating_sub(at);
                departures.push(Departure {
                    at: end,
                    request,
                    fate: Fate::Served {
                        wait,
                        service,
                        size: u32::try_from(size).unwrap_or(u32::MAX),
                    },
                });
            }
        }
    }

    fn next(&self) -> Option<u64> {
        self.launch()
    }

    fn load(&mut self, at: u64) -> usize {
        let Some(ends) = &mut self.ends else {
            return self.waiting.len();
        };
        while ends.peek().is_some_and(|&Reverse(end)| end <= at) {
            ends.pop();
        }
        ends.len().saturating_add(self.waiting.len())
    }

    fn take(&mut self, at: u64, request: u32, _: u32, departures: &mut Vec<Departure>) {
        if self.limit.is_some_and(|limit| self.waiting.len() >= limit) {
            let fate = Fate::Dropped;
            departures.push(Departure { at, request, fate });
        } else {
            self.waiting.push_back((at, request));
        }
    }
}
