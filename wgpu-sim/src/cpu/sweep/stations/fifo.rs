//! A queue, first come first served, before equal servers: Kiefer and Wolfowitz's recursion on the
//! times at which they are free.

use core::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::super::{Departure, Fate};
use super::Queue;

/// A queue on its way.
pub(in super::super) struct Fifo {
    /// When each server is free, ascending.
    free: Vec<u64>,
    limit: Option<usize>,
    /// When those who wait will start, where the queue has a limit.
    starts: VecDeque<u64>,
    /// When those in the queue will depart, where others ask for its load.
    ends: Option<BinaryHeap<Reverse<u64>>>,
}

impl Fifo {
    /// An empty queue; `routed` says that others will ask for its load.
    pub(super) fn new(servers: u32, limit: Option<u32>, routed: bool) -> Self {
        Self {
            free: vec![0; servers as usize],
            limit: limit.map(|limit| limit as usize),
            starts: VecDeque::new(),
            ends: routed.then(BinaryHeap::new),
        }
    }
}

/// Puts the first of an ascending list, now `value`, into its place.
#[inline]
pub(super) fn sink_first(list: &mut [u64], value: u64) {
    let mut slot = 0_usize;
    loop {
        let next = list.get(slot.wrapping_add(1)).copied();
        let Some(place) = list.get_mut(slot) else {
            return;
        };
        match next {
            Some(next) if next < value => *place = next,
            _ => {
                *place = value;
                return;
            }
        }
        slot = slot.wrapping_add(1);
    }
}

impl Queue for Fifo {
    /// Nothing is left open: a departure is known on arrival.
    fn advance(&mut self, _: u64, _: &mut Vec<Departure>) {}

    fn load(&mut self, at: u64) -> usize {
        let Some(ends) = &mut self.ends else {
            return 0;
        };
        while ends.peek().is_some_and(|&Reverse(end)| end <= at) {
            ends.pop();
        }
        ends.len()
    }

    #[inline]
    fn take(&mut self, at: u64, request: u32, service: u32, departures: &mut Vec<Departure>) {
        let start = self.free.first().copied().unwrap_or(0).max(at);
        if let Some(limit) = self.limit {
            while self.starts.front().is_some_and(|&start| start <= at) {
                self.starts.pop_front();
            }
            if start > at {
                if self.starts.len() >= limit {
                    let fate = Fate::Dropped;
                    departures.push(Departure { at, request, fate });
                    return;
                }
                self.starts.push_back(start);
            }
        }
        let end = start.saturating_add(u64::from(service));
        sink_first(&mut self.free, end);
        if let Some(ends) = &mut self.ends {
            ends.push(Reverse(end));
        }
        let wait = start.saturating_sub(at);
        departures.push(Departure {
            at: end,
            request,
            fate: Fate::Served {
                wait,
                service,
                size: 1,
            },
        });
    }
}
