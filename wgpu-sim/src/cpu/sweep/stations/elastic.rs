//! Replicas whose number an autoscaler varies.
//!
//! Of one moment everything is done in this order: servers are free whose time is over, those leave
//! whose time is up, replicas that have started take requests, who can is served, the autoscaler
//! looks, requests come, and batches start. A replica that is to go takes no more requests; with its
//! own queue it serves that first. The last that were added go first.

mod controller;
mod replica;

use std::collections::VecDeque;

use super::super::visits::{ReplicaTime, Usage};
use super::super::{Departure, Fate};
use super::batch::due;
use super::continuous::Continuous;
use super::{Arrival, Queue, Router, cut_off, each};
use crate::draws::{Purpose, Table, counter_word, draw};
use crate::program::network::{Flow, Node, Routing, Scale, Step, Target};
use controller::Controller;
use replica::Replica;

/// A node on its way.
pub(in super::super) struct Elastic<'a> {
    flow: &'a Flow,
    node: &'a Node,
    scale: &'a Scale,
    key: [u32; 2],
    word: u32,
    work: Work<'a>,
    controller: Controller<'a>,
    router: Router,
    /// Whether all wait in one queue.
    is_central: bool,
    waiting: VecDeque<Arrival>,
    /// Those that start, take requests, or have some left, in the order of the decisions.
    replicas: Vec<Replica<'a>>,
    /// From when until when each was there that has gone.
    gone: Vec<(u64, u64)>,
    /// What those counted.
    usage: Usage,
    limit: Option<usize>,
    is_bounded: bool,
    clock: u64,
}

/// What a replica does.
#[derive(Clone, Copy)]
enum Work<'a> {
    Serve(&'a Table),
    Batch { times: &'a [u32], delay: u64 },
    Continuous,
}

impl<'a> Elastic<'a> {
    /// A node before anybody comes; none for a program that contradicts itself.
    pub(super) fn new(
        flow: &'a Flow,
        node: &'a Node,
        scale: &'a Scale,
        key: [u32; 2],
        index: u32,
    ) -> Option<Self> {
        let (work, routing) = match &node.step {
            Step::Instant | Step::Delay(_) => return None,
            Step::Serve {
                routing, service, ..
            } => (Work::Serve(flow.tables.get(*service)?), *routing),
            Step::Batch {
                routing,
                times,
                delay,
                ..
            } => {
                let delay = u64::from(*delay);
                (Work::Batch { times, delay }, *routing)
            }
            Step::Continuous { routing, .. } => (Work::Continuous, *routing),
        };
        let mut elastic = Self {
            flow,
            node,
            scale,
            key,
            word: counter_word(index, Purpose::Service, 0),
            work,
            controller: Controller::new(scale),
            router: Router::new(routing, key, index),
            is_central: routing == Routing::Central,
            waiting: VecDeque::new(),
            replicas: Vec::new(),
            gone: Vec::new(),
            usage: Usage::default(),
            limit: node.limit.map(|limit| limit as usize),
            is_bounded: node.call.patience() < u64::MAX,
            clock: 0,
        };
        elastic.add(scale.least, (0, 0));
        Some(elastic)
    }

    /// Adds replicas that are decided on at a time, and take requests from another.
    fn add(&mut self, count: u32, (from, ready): (u64, u64)) {
        for _ in 0..count {
            let batching = match &self.node.step {
                Step::Continuous { batcher, .. } => {
                    let (flow, node) = (self.flow, self.node);
                    Some(Continuous::new(flow, node, batcher, self.key, true))
                }
                _ => None,
            };
            self.replicas.push(Replica::new(from, ready, batching));
        }
    }

    /// When something happens here next, if nobody comes.
    pub(super) fn next(&self) -> Option<u64> {
        let start = self.launch().map(|(at, _)| at.max(self.clock));
        let steps = self.replicas.iter().filter_map(Replica::step);
        steps.chain(start).chain([self.change()]).min()
    }

    /// The same but for batches and steps that start.
    fn change(&self) -> u64 {
        let own = self.replicas.iter().filter_map(|one| one.next(self.clock));
        let lines = self.replicas.iter().map(|one| &one.waiting);
        let all = lines.chain([&self.waiting]).flatten();
        let dues = all.filter(|_| self.is_bounded).map(|one| one.until);
        own.chain(dues).fold(self.controller.look, u64::min)
    }

    /// Does all that happens until this moment, but for who comes then.
    pub(super) fn advance(&mut self, now: u64, departures: &mut Vec<Departure>) {
        loop {
            let at = self.change();
            if at > now {
                break;
            }
            self.moment(at, departures);
        }
        self.clock = self.clock.max(now);
        for replica in &mut self.replicas {
            replica.run(now, departures);
        }
    }

    fn moment(&mut self, at: u64, departures: &mut Vec<Departure>) {
        self.clock = at;
        for replica in &mut self.replicas {
            replica.free(at);
            replica.run(at, departures);
        }
        let lines = self.replicas.iter_mut().map(|one| &mut one.waiting);
        for line in lines.chain([&mut self.waiting]) {
            if self.is_bounded {
                line.retain(|arrival| {
                    let stays = arrival.until > at;
                    if !stays {
                        departures.push(cut_off(arrival, arrival.until));
                    }
                    stays
                });
            }
        }
        self.start(departures);
        if self.controller.look <= at {
            self.look(at);
            self.start(departures);
        }
        self.part(at);
    }

    /// The autoscaler looks.
    fn look(&mut self, at: u64) {
        let (mut ready, mut starting, mut figure) = (0_u32, 0_u32, self.waiting.len() as u128);
        let target = self.scale.target;
        if let Target::Busy(_) = target {
            figure = 0;
        }
        for replica in self.replicas.iter_mut().filter(|one| !one.is_leaving) {
            if replica.ready > at {
                starting = starting.saturating_add(1);
                continue;
            }
            ready = ready.saturating_add(1);
            let own = match target {
                Target::Waiting(_) => replica.waiting() as u128,
                Target::Busy(_) => u128::from(replica.busy(at)).saturating_mul(1_000_000),
            };
            figure = figure.saturating_add(own);
        }
        let all = ready.saturating_add(starting);
        let wanted = self.controller.decide(ready, starting, figure);
        let ready = at.saturating_add(self.scale.cold_start);
        self.add(wanted.saturating_sub(all), (at, ready));
        let leaving = all.saturating_sub(wanted) as usize;
        let last = self.replicas.iter_mut().rev();
        for replica in last.filter(|one| !one.is_leaving).take(leaving) {
            replica.is_leaving = true;
        }
    }

    /// Those go that are to, and have nothing left to do.
    fn part(&mut self, at: u64) {
        if !self.replicas.iter().any(|one| one.is_leaving) {
            return;
        }
        let (gone, usage) = (&mut self.gone, &mut self.usage);
        self.replicas.retain(|replica| {
            let stays = !replica.is_leaving || replica.is_busy();
            if !stays {
                gone.push((replica.from, replica.last.max(at)));
                *usage = usage.and(replica.usage());
            }
            stays
        });
    }

    /// Starts whom it can of those that are served singly. Whose time is up has left.
    fn start(&mut self, departures: &mut Vec<Departure>) {
        let Work::Serve(table) = self.work else {
            return;
        };
        let (key, word, at) = (self.key, self.word, self.clock);
        let mut serve = |replica: &mut Replica<'_>, arrival: Arrival| {
            let service = table.value(draw(key, arrival.request, word));
            departures.push(replica.serve(&arrival, service, at));
        };
        let most = self.scale.concurrency as usize;
        if !self.is_central {
            for replica in &mut self.replicas {
                while replica.running() < most
                    && let Some(next) = replica.waiting.pop_front()
                {
                    serve(replica, next);
                }
            }
            return;
        }
        while !self.waiting.is_empty() {
            // Of those that serve the fewest the oldest.
            let takes = self.replicas.iter_mut().filter(|one| one.takes(at));
            let free = takes.filter(|one| one.running() < most);
            let Some(replica) = free.min_by_key(|one| one.running()) else {
                return;
            };
            if let Some(next) = self.waiting.pop_front() {
                serve(replica, next);
            }
        }
    }

    /// When the next batch starts, as far as those who have come decide it, and where.
    fn launch(&self) -> Option<(u64, usize)> {
        let Work::Batch { times, delay } = self.work else {
            return None;
        };
        let replicas = self.replicas.iter().enumerate();
        let launches = replicas.filter_map(|(index, replica)| {
            let line = if self.is_central {
                replica.takes(self.clock).then_some(&self.waiting)?
            } else {
                &replica.waiting
            };
            let at = due(line, times.len(), delay).filter(|_| replica.running() == 0)?;
            Some((at, index))
        });
        launches.min()
    }

    /// Starts the batches that are due.
    fn batch(&mut self, departures: &mut Vec<Departure>) {
        while let (Work::Batch { times, .. }, Some((due, index))) = (self.work, self.launch())
            && due <= self.clock
            && let Some(replica) = self.replicas.get_mut(index)
        {
            let line = if self.is_central {
                &mut self.waiting
            } else {
                &mut replica.waiting
            };
            let size = line.len().min(times.len());
            let together: Vec<Arrival> = line.drain(..size).collect();
            let time = size.checked_sub(1).and_then(|size| times.get(size));
            let time = time.copied().unwrap_or(1);
            replica.serve_together(&together, time, self.clock, departures);
        }
    }

    fn take(&mut self, arrival: &Arrival, departures: &mut Vec<Departure>) {
        let at = arrival.at;
        let ready = self.replicas.iter_mut().filter(|one| one.takes(at));
        let mut ready: Vec<&mut Replica<'a>> = ready.collect();
        let refuse = |departures: &mut Vec<Departure>| {
            let &Arrival { at, request, .. } = arrival;
            let fate = Fate::Dropped;
            departures.push(Departure { at, request, fate });
        };
        let limit = self.limit.unwrap_or(usize::MAX);
        let most = match self.work {
            Work::Serve(_) => self.scale.concurrency as usize,
            _ => 0,
        };
        if self.is_central {
            let is_free = ready.iter().any(|one| one.running() < most);
            if !is_free && self.waiting.len() >= limit {
                return refuse(departures);
            }
            self.waiting.push_back(*arrival);
        } else {
            let count = u32::try_from(ready.len()).unwrap_or(u32::MAX);
            let chosen = self.router.route(arrival.request, count, |replica| {
                let replica = ready.get_mut(replica as usize);
                replica.map_or(usize::MAX, |replica| replica.load(at))
            });
            let Some(replica) = ready.get_mut(chosen as usize) else {
                return refuse(departures);
            };
            if let Some(batching) = &mut replica.batching {
                batching.take(arrival, 0, departures);
                return;
            }
            if replica.running() >= most && replica.waiting.len() >= limit {
                return refuse(departures);
            }
            replica.waiting.push_back(*arrival);
        }
        self.start(departures);
    }

    /// Serves what has arrived at this moment.
    pub(super) fn serve(
        &mut self,
        arrivals: &[Arrival],
        now: u64,
        departures: &mut Vec<Departure>,
    ) {
        self.advance(now, departures);
        each(arrivals, departures, |arrival, departures| {
            self.take(arrival, departures);
        });
        self.batch(departures);
        for replica in &mut self.replicas {
            replica.run_from(now, departures);
        }
        self.part(now);
    }

    pub(super) fn usage(&self) -> Usage {
        let usage = self.replicas.iter().map(Replica::usage);
        usage.fold(self.usage, Usage::and)
    }

    /// How long its replicas were there in all, within a span and within another.
    pub(super) fn replica_time(&self, counted: (u64, u64), whole: (u64, u64)) -> ReplicaTime {
        let there = self.replicas.iter().map(|one| (one.from, u64::MAX));
        let all = there.chain(self.gone.iter().copied());
        let within = |(from, to): (u64, u64)| {
            let spans = all.clone();
            let times = spans.map(|(begin, end)| end.min(to).saturating_sub(begin.max(from)));
            times.fold(0, u64::saturating_add)
        };
        ReplicaTime {
            counted: within(counted),
            whole: within(whole),
        }
    }
}
