//! Dynamic batching: a free server waits until its batch is full, or the first of it has waited
//! long enough.

use core::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::super::{Departure, Fate, Labour};
use super::held::Cancel;
use super::{Arrival, Queue, cut_off, stopped};

/// A queue on its way.
pub(in super::super) struct Batches<'a> {
    /// When each server is free, ascending.
    free: Vec<u64>,
    /// The time of a batch of 1, 2, ….
    times: &'a [u32],
    delay: u64,
    limit: Option<usize>,
    /// Those who wait, as they came.
    waiting: VecDeque<Arrival>,
    /// Whether any of them may give up.
    is_bounded: bool,
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
            is_bounded: false,
            ends: routed.then(BinaryHeap::new),
        }
    }

    /// When the next batch starts, as far as those who have come decide it.
    fn launch(&self) -> Option<u64> {
        let first = self.waiting.front()?.at;
        let ready = self.free.first().copied()?.max(first);
        let patience = ready.max(first.saturating_add(self.delay));
        let full = self.times.len().checked_sub(1)?;
        let full = self
            .waiting
            .get(full)
            .map_or(u64::MAX, |arrival| arrival.at);
        Some(full.min(patience).max(ready))
    }

    /// When the first of those who wait gives up.
    fn due(&self) -> Option<u64> {
        let deadlines = self.waiting.iter().map(|arrival| arrival.until);
        deadlines.min().filter(|_| self.is_bounded)
    }
}

/// When a batch of those in line is due, as far as they decide it: of at most so many, and at the
/// latest so long after the first came.
pub(in super::super) fn due(line: &VecDeque<Arrival>, most: usize, delay: u64) -> Option<u64> {
    let first = line.front()?.at;
    let full = most.checked_sub(1);
    let full = full.and_then(|full| Some(line.get(full)?.at));
    Some(full.unwrap_or_else(|| first.saturating_add(delay)))
}

/// One who is served with others from `launch` on, in a batch that takes so long and has so many.
/// It goes on without those whose time is up, and without caring.
pub(super) fn of_batch(arrival: &Arrival, launch: u64, (time, size): (u32, u32)) -> Departure {
    let end = launch.saturating_add(u64::from(time));
    let at = end.min(arrival.until);
    let wait = launch.saturating_sub(arrival.at);
    let fate = if at < end {
        Fate::TimedOut {
            wait,
            service: at.saturating_sub(launch),
            work: Labour { time, end, size },
        }
    } else {
        Fate::Served {
            wait,
            service: time,
            size,
        }
    };
    let request = arrival.request;
    Departure { at, request, fate }
}

/// Puts the first of an ascending list, now `value`, into its place.
#[inline]
fn sink_first(list: &mut [u64], value: u64) {
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

impl Queue for Batches<'_> {
    fn advance(&mut self, limit: u64, departures: &mut Vec<Departure>) {
        while let Some(launch) = self.launch() {
            let due = self.due().filter(|&due| due <= launch && due < limit);
            if let Some(due) = due {
                self.expire(due, departures);
                continue;
            }
            if launch >= limit {
                return;
            }
            let most = self.waiting.len().min(self.times.len());
            let waiting = self.waiting.iter().take(most);
            let size = waiting.take_while(|one| one.at <= launch).count();
            let service = size.checked_sub(1).and_then(|size| self.times.get(size));
            let service = service.copied().unwrap_or(1);
            let end = launch.saturating_add(u64::from(service));
            sink_first(&mut self.free, end);
            let size_of = u32::try_from(size).unwrap_or(u32::MAX);
            for arrival in self.waiting.drain(..size) {
                let departure = of_batch(&arrival, launch, (service, size_of));
                if let Some(ends) = &mut self.ends {
                    ends.push(Reverse(departure.at));
                }
                departures.push(departure);
            }
        }
    }

    fn expire(&mut self, at: u64, departures: &mut Vec<Departure>) {
        if self.is_bounded {
            self.waiting.retain(|arrival| {
                if arrival.until <= at {
                    departures.push(cut_off(arrival, arrival.until));
                }
                arrival.until > at
            });
        }
    }

    fn next(&self) -> Option<u64> {
        self.launch()
            .map(|launch| self.due().map_or(launch, |due| due.min(launch)))
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

    fn take(&mut self, arrival: &Arrival, _: u32, departures: &mut Vec<Departure>) {
        if self.limit.is_some_and(|limit| self.waiting.len() >= limit) {
            let &Arrival { at, request, .. } = arrival;
            let fate = Fate::Dropped;
            departures.push(Departure { at, request, fate });
        } else {
            self.is_bounded |= arrival.until < u64::MAX;
            self.waiting.push_back(*arrival);
        }
    }
}

impl Cancel for Batches<'_> {
    fn cancel(&mut self, request: u32, at: u64) -> Option<Departure> {
        let mut waiting = self.waiting.iter();
        let place = waiting.position(|arrival| arrival.request == request)?;
        let arrival = self.waiting.remove(place)?;
        Some(stopped(&arrival, at, at))
    }
}
