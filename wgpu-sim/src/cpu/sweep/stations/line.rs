//! A queue, first come first served, before equal servers, of which anybody may be taken out.
//!
//! Unlike [`super::fifo`] it tells departures when they happen, and not before: until then nobody
//! knows who will be there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::super::{Departure, Fate, Tokens};
use super::held::Cancel;
use super::{Arrival, Queue, cut_off, passed, stopped};

/// A queue on its way.
pub(in super::super) struct Line {
    servers: usize,
    limit: Option<usize>,
    /// Whether a stream that comes in leaves as one.
    streams: bool,
    waiting: VecDeque<(Arrival, u32)>,
    running: BTreeMap<u32, Running>,
    /// When somebody leaves, and who: those in service, and those who will not wait any longer.
    due: BTreeSet<(u64, u32)>,
}

#[derive(Clone, Copy, Debug)]
struct Running {
    arrival: Arrival,
    start: u64,
    service: u32,
}

impl Running {
    /// When it is served, or its time is up.
    fn end(&self) -> u64 {
        let served = self.start.saturating_add(u64::from(self.service));
        served.min(self.arrival.until)
    }

    fn departure(&self, streams: bool) -> Departure {
        let Self {
            arrival,
            start,
            service,
        } = *self;
        let served = start.saturating_add(u64::from(service));
        if served > arrival.until {
            return cut_off(&arrival, start);
        }
        Departure {
            at: served,
            request: arrival.request,
            fate: if streams && arrival.answer != Tokens::default() {
                passed(service, arrival.answer)
            } else {
                Fate::Served {
                    wait: start.saturating_sub(arrival.at),
                    service,
                    size: 1,
                }
            },
        }
    }
}

impl Line {
    /// An empty queue before so many servers.
    pub(super) fn new(servers: u32, limit: Option<u32>) -> Self {
        Self {
            servers: servers as usize,
            limit: limit.map(|limit| limit as usize),
            streams: false,
            waiting: VecDeque::new(),
            running: BTreeMap::new(),
            due: BTreeSet::new(),
        }
    }

    /// Servers without number, through which streams pass.
    pub(super) fn endless() -> Self {
        Self {
            servers: usize::MAX,
            streams: true,
            ..Self::new(0, None)
        }
    }

    /// Starts whom it can.
    fn start(&mut self, at: u64) {
        while self.running.len() < self.servers
            && let Some((arrival, service)) = self.waiting.pop_front()
        {
            let running = Running {
                arrival,
                start: at,
                service,
            };
            self.due.remove(&(arrival.until, arrival.request));
            self.due.insert((running.end(), arrival.request));
            self.running.insert(arrival.request, running);
        }
    }

    /// Takes out one who waits.
    fn give_up(&mut self, request: u32) -> Option<Arrival> {
        let mut waiting = self.waiting.iter();
        let place = waiting.position(|(arrival, _)| arrival.request == request)?;
        self.waiting.remove(place).map(|(arrival, _)| arrival)
    }
}

impl Queue for Line {
    fn advance(&mut self, limit: u64, departures: &mut Vec<Departure>) {
        while let Some(&(at, _)) = self.due.first()
            && at < limit
        {
            // All of one moment leave before anybody starts.
            while let Some(&(due, request)) = self.due.first()
                && due == at
            {
                self.due.pop_first();
                if let Some(running) = self.running.remove(&request) {
                    departures.push(running.departure(self.streams));
                } else if let Some(arrival) = self.give_up(request) {
                    departures.push(cut_off(&arrival, arrival.until));
                }
            }
            self.start(at);
        }
    }

    fn next(&self) -> Option<u64> {
        self.due.first().map(|&(at, _)| at)
    }

    /// Those whose time is up leave beside those who are served.
    fn expire(&mut self, at: u64, departures: &mut Vec<Departure>) {
        self.advance(at.saturating_add(1), departures);
    }

    fn load(&mut self, _: u64) -> usize {
        self.waiting.len().saturating_add(self.running.len())
    }

    fn take(&mut self, arrival: &Arrival, service: u32, departures: &mut Vec<Departure>) {
        let &Arrival {
            at, request, until, ..
        } = arrival;
        let is_full = self.limit.is_some_and(|limit| self.waiting.len() >= limit);
        if is_full && self.running.len() >= self.servers {
            let fate = Fate::Dropped;
            departures.push(Departure { at, request, fate });
            return;
        }
        if until < u64::MAX {
            self.due.insert((until, request));
        }
        self.waiting.push_back((*arrival, service));
        self.start(at);
    }
}

impl Cancel for Line {
    fn cancel(&mut self, request: u32, at: u64) -> Option<Departure> {
        let departure = if let Some(running) = self.running.remove(&request) {
            self.due.remove(&(running.end(), request));
            stopped(&running.arrival, running.start, at)
        } else {
            let arrival = self.give_up(request)?;
            self.due.remove(&(arrival.until, request));
            stopped(&arrival, at, at)
        };
        self.start(at);
        Some(departure)
    }
}
