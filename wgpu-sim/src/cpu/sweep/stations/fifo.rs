//! A queue, first come first served, before equal servers: Kiefer and Wolfowitz's recursion on the
//! times at which they are free.

use core::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::super::{Departure, Fate, Labour};
use super::{Arrival, Queue};

/// What a server does last.
#[derive(Clone, Copy, Debug)]
struct Served {
    /// When the server is free again.
    end: u64,
    /// Which request it serves until then; [`NOBODY`] once that has departed.
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
    /// The servers, by when they are free.
    servers: Vec<Served>,
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
            end: 0,
            request: NOBODY,
            service: 0,
            wait: 0,
            is_cut_off: false,
        };
        Self {
            servers: vec![idle; servers as usize],
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

    /// Gives the server that is free first its next request. The one that it served departs before
    /// all others that are here: so they leave in order.
    #[inline]
    fn serve(&mut self, next: Served, departures: &mut Vec<Departure>) {
        let mut slot = 0_usize;
        if let Some(first) = self.servers.first() {
            first.depart(departures);
        }
        loop {
            let later = self.servers.get(slot.wrapping_add(1)).copied();
            let Some(place) = self.servers.get_mut(slot) else {
                return;
            };
            match later {
                Some(later) if later.end < next.end => *place = later,
                _ => {
                    *place = next;
                    return;
                }
            }
            slot = slot.wrapping_add(1);
        }
    }
}

impl Served {
    #[inline]
    fn depart(&self, departures: &mut Vec<Departure>) {
        if self.request != NOBODY {
            departures.push(Departure {
                at: self.end,
                request: self.request,
                fate: if self.is_cut_off {
                    Fate::TimedOut {
                        wait: self.wait,
                        service: self.service.into(),
                        work: Labour {
                            time: self.service,
                            end: self.end,
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
    fn advance(&mut self, limit: u64, departures: &mut Vec<Departure>) {
        for server in &mut self.servers {
            if server.end >= limit {
                break;
            }
            server.depart(departures);
            server.request = NOBODY;
        }
    }

    fn next(&self) -> Option<u64> {
        let mut busy = self.servers.iter();
        let first = busy.find(|server| server.request != NOBODY);
        first.map(|server| server.end)
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
        let free = self.servers.first().map_or(0, |server| server.end);
        let start = free.max(at);
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
            end,
            request,
            service: if end < whole {
                u32::try_from(end.saturating_sub(start)).unwrap_or(u32::MAX)
            } else {
                service
            },
            wait: start.saturating_sub(at),
            is_cut_off: end < whole,
        };
        self.serve(next, departures);
    }
}
