//! A queue, first come first served, before equal servers: Kiefer and Wolfowitz's recursion on the
//! times at which they are free.

use core::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::super::{Departure, Fate, Labour};
use super::{Arrival, Queue};

/// What a server does last.
#[derive(Clone, Copy, Debug)]
struct Served {
    /// Which request it serves until it is free; [`NOBODY`] once that has departed.
    request: u32,
    service: u32,
    wait: u64,
    /// Whether its time is up before it is served.
    is_cut_off: bool,
}

/// In place of a request.
const NOBODY: u32 = u32::MAX;

/// A queue on its way.
pub(in super::super) struct Fifo {
    /// When each server is free.
    free: Vec<u64>,
    /// What each does until then.
    served: Vec<Served>,
    /// The server that is free first, and when.
    first: (usize, u64),
    limit: Option<usize>,
    /// When those who wait will start or give up, ascending, where the queue has a limit.
    starts: VecDeque<u64>,
    /// When those in the queue will depart, where others ask for its load.
    ends: Option<BinaryHeap<Reverse<u64>>>,
}

impl Fifo {
    /// An empty queue; `routed` says that others will ask for its load.
    pub(super) fn new(servers: u32, limit: Option<u32>, routed: bool) -> Self {
        let idle = Served {
            request: NOBODY,
            service: 0,
            wait: 0,
            is_cut_off: false,
        };
        Self {
            free: vec![0; servers as usize],
            served: vec![idle; servers as usize],
            first: (0, 0),
            limit: limit.map(|limit| limit as usize),
            starts: VecDeque::new(),
            ends: routed.then(BinaryHeap::new),
        }
    }

    /// Somebody waits until then.
    fn wait(&mut self, end: u64) {
        let later = self.starts.iter().rev().take_while(|&&start| start > end);
        let place = self.starts.len().saturating_sub(later.count());
        self.starts.insert(place, end);
    }

    /// Gives the server that is free first its next request, until `end`. The one that it served
    /// departs before all others that are here: so they leave nearly in order.
    #[inline]
    fn serve(&mut self, next: Served, end: u64, departures: &mut Vec<Departure>) {
        let (slot, at) = self.first;
        if let (Some(served), Some(free)) = (self.served.get_mut(slot), self.free.get_mut(slot)) {
            served.depart(at, departures);
            *served = next;
            *free = end;
        }
        // Selected without a branch, which would be mispredicted.
        let mut first = (0, u64::MAX);
        for (slot, &at) in self.free.iter().enumerate() {
            let is_sooner = at < first.1;
            first.0 = if is_sooner { slot } else { first.0 };
            first.1 = if is_sooner { at } else { first.1 };
        }
        self.first = first;
    }
}

impl Served {
    #[inline]
    fn depart(&self, at: u64, departures: &mut Vec<Departure>) {
        if self.request != NOBODY {
            departures.push(Departure {
                at,
                request: self.request,
                fate: if self.is_cut_off {
                    Fate::TimedOut {
                        wait: self.wait,
                        service: self.service.into(),
                        work: Labour {
                            time: self.service,
                            end: at,
                            size: 1,
                        },
                    }
                } else {
                    Fate::Served {
                        wait: self.wait,
                        service: self.service,
                        size: 1,
                    }
                },
            });
        }
    }
}

impl Queue for Fifo {
    fn advance(&mut self, limit: u64, departures: &mut Vec<Departure>) {
        if self.first.1 >= limit {
            return;
        }
        for (&at, served) in self.free.iter().zip(&mut self.served) {
            if at < limit {
                served.depart(at, departures);
                served.request = NOBODY;
            }
        }
    }

    fn next(&self) -> Option<u64> {
        let servers = self.free.iter().zip(&self.served);
        let busy = servers.filter(|(_, served)| served.request != NOBODY);
        busy.map(|(&at, _)| at).min()
    }

    fn load(&mut self, at: u64) -> usize {
        let Some(ends) = &mut self.ends else {
            return 0;
        };
        while ends.peek().is_some_and(|&Reverse(end)| end <= at) {
            ends.pop();
        }
        ends.len()
    }

    /// Nobody is left to go: it was known from the start who will.
    fn expire(&mut self, _: u64, _: &mut Vec<Departure>) {}

    #[inline]
    fn take(&mut self, arrival: &Arrival, service: u32, departures: &mut Vec<Departure>) {
        let &Arrival {
            at, request, until, ..
        } = arrival;
        let start = self.first.1.max(at);
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
                self.wait(start.min(until));
            }
        }
        let whole = start.saturating_add(u64::from(service));
        let end = whole.min(until);
        if let Some(ends) = &mut self.ends {
            ends.push(Reverse(end));
        }
        if start >= until {
            departures.push(super::cut_off(arrival, until));
            return;
        }
        let next = Served {
            request,
            service: if end < whole {
                u32::try_from(end.saturating_sub(start)).unwrap_or(u32::MAX)
            } else {
                service
            },
            wait: start.saturating_sub(at),
            is_cut_off: end < whole,
        };
        self.serve(next, end, departures);
    }
}
