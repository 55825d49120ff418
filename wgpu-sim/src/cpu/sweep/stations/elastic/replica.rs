//! One replica of those whose number varies.

use core::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::super::batch::of_batch;
use super::{Arrival, Continuous, Departure, Fate, Queue, Usage, cut_off};

/// A replica, from the decision to have it until it has gone.
pub(super) struct Replica<'a> {
    /// When it was decided on.
    pub(super) from: u64,
    /// When it takes requests.
    pub(super) ready: u64,
    /// Whether it takes no more.
    pub(super) is_leaving: bool,
    /// Who waits for it alone.
    pub(super) waiting: VecDeque<Arrival>,
    /// From when until when each of its servers works that does.
    running: Vec<(u64, u64)>,
    /// How long those worked that have ended, and how long all had at the last look.
    worked: u64,
    seen: u64,
    /// When those in service will depart.
    ends: BinaryHeap<Reverse<u64>>,
    /// What it does under continuous batching.
    pub(super) batching: Option<Continuous<'a>>,
    /// When the last of those departs of whom that is known.
    pub(super) last: u64,
}

impl<'a> Replica<'a> {
    pub(super) fn new(from: u64, ready: u64, batching: Option<Continuous<'a>>) -> Self {
        Self {
            from,
            ready,
            is_leaving: false,
            waiting: VecDeque::new(),
            running: Vec::new(),
            worked: 0,
            seen: 0,
            ends: BinaryHeap::new(),
            batching,
            last: 0,
        }
    }

    /// Whether it takes requests.
    pub(super) fn takes(&self, at: u64) -> bool {
        self.ready <= at && !self.is_leaving
    }

    /// Servers that work.
    pub(super) fn running(&self) -> usize {
        self.running.len()
    }

    /// Whether it has anything to do, or will have.
    pub(super) fn is_busy(&self) -> bool {
        let batching = self.batching.as_ref();
        let has_nothing = self.waiting.is_empty() && self.running.is_empty();
        !has_nothing || batching.is_some_and(|batching| batching.inside() > 0)
    }

    /// Requests that wait here.
    pub(super) fn waiting(&self) -> usize {
        let batching = self.batching.as_ref();
        batching.map_or(self.waiting.len(), Continuous::waiting)
    }

    /// Requests here that have not departed.
    pub(super) fn load(&mut self, at: u64) -> usize {
        if let Some(batching) = &mut self.batching {
            return batching.load(at);
        }
        while self.ends.peek().is_some_and(|&Reverse(end)| end <= at) {
            self.ends.pop();
        }
        self.ends.len().saturating_add(self.waiting.len())
    }

    /// How long its servers worked since it was asked last.
    pub(super) fn busy(&mut self, at: u64) -> u64 {
        let running = self.running.iter();
        let running = running.map(|&(start, _)| at.saturating_sub(start));
        let whole = running.fold(self.worked, u64::saturating_add);
        let since = whole.saturating_sub(self.seen);
        self.seen = whole;
        since
    }

    /// When something happens here next, after `clock`.
    pub(super) fn next(&self, clock: u64) -> Option<u64> {
        let ready = Some(self.ready).filter(|&ready| ready > clock);
        let end = self.running.iter().map(|&(_, end)| end).min();
        ready.into_iter().chain(end).min()
    }

    /// Continuous batching: when the next step starts behind which it is not clear what comes.
    pub(super) fn step(&self) -> Option<u64> {
        self.batching.as_ref().and_then(Queue::next)
    }

    /// Frees the servers whose work is over.
    pub(super) fn free(&mut self, at: u64) {
        let worked = &mut self.worked;
        self.running.retain(|&(start, end)| {
            if end <= at {
                *worked = worked.saturating_add(end.saturating_sub(start));
            }
            end > at
        });
    }

    /// Continuous batching: all that happens before `at`, and who leaves then.
    pub(super) fn run(&mut self, at: u64, departures: &mut Vec<Departure>) {
        let known = departures.len();
        if let Some(batching) = &mut self.batching {
            batching.advance(at, departures);
            batching.expire(at, departures);
        }
        self.note(departures, known);
    }

    /// Continuous batching: the steps that start at `at`.
    pub(super) fn run_from(&mut self, at: u64, departures: &mut Vec<Departure>) {
        let known = departures.len();
        if let Some(batching) = &mut self.batching {
            batching.advance(at.saturating_add(1), departures);
        }
        self.note(departures, known);
    }

    fn note(&mut self, departures: &[Departure], known: usize) {
        let new = departures.iter().skip(known).map(|one| one.at);
        self.last = new.fold(self.last, u64::max);
    }

    /// Serves a request alone.
    pub(super) fn serve(&mut self, arrival: &Arrival, service: u32, at: u64) -> Departure {
        let whole = at.saturating_add(u64::from(service));
        let end = whole.min(arrival.until);
        self.running.push((at, end));
        self.ends.push(Reverse(end));
        if end < whole {
            return cut_off(arrival, at);
        }
        Departure {
            at: end,
            request: arrival.request,
            fate: Fate::Served {
                wait: at.saturating_sub(arrival.at),
                service,
                size: 1,
            },
        }
    }

    /// Serves requests together.
    pub(super) fn serve_together(
        &mut self,
        arrivals: &[Arrival],
        time: u32,
        at: u64,
        departures: &mut Vec<Departure>,
    ) {
        let whole = at.saturating_add(u64::from(time));
        let size = u32::try_from(arrivals.len()).unwrap_or(u32::MAX);
        self.running.push((at, whole));
        for arrival in arrivals {
            let departure = of_batch(arrival, at, (time, size));
            self.ends.push(Reverse(departure.at));
            departures.push(departure);
        }
    }

    pub(super) fn usage(&self) -> Usage {
        let usage = self.batching.as_ref().map(Continuous::usage);
        usage.unwrap_or_default()
    }
}
