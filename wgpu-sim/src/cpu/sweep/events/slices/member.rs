//! One node of those that use GPUs in turns.

use std::collections::VecDeque;

use super::super::super::stations::{Arrival, Router, cut_off};
use super::super::super::{Departure, Fate};
use super::HALF;
use crate::draws::{Purpose, Table, counter_word, draw};
use crate::program::network::{Flow, Routing, Slice, Step};

/// One node of the group.
pub(super) struct Member<'a> {
    key: [u32; 2],
    /// Of the busy nodes of a GPU those of the highest work.
    pub(super) priority: u32,
    /// The parts in which work is counted; see [`super::Slices`].
    parts: u64,
    service: &'a Table,
    word: u32,
    limit: Option<usize>,
    router: Router,
    /// How many requests one replica serves at once.
    concurrency: usize,
    /// Those in line: for all replicas together, or for each.
    lines: Vec<VecDeque<(Arrival, u32)>>,
    pub(super) replicas: Vec<Vec<Running>>,
    /// Whether anybody's time may be up.
    is_bounded: bool,
    /// Who has left, and is to be told.
    pub(super) left: Vec<Departure>,
}

/// A request in service.
#[derive(Clone, Copy)]
pub(super) struct Running {
    arrival: Arrival,
    /// In 2⁻¹⁶ ticks.
    start: u64,
    /// What its work would take still, if its node had the GPU alone; in parts of 2⁻¹⁶ ticks.
    work: u64,
}

impl<'a> Member<'a> {
    /// A node before anybody comes; none for a program that contradicts itself.
    pub(super) fn new(flow: &'a Flow, slice: Slice, key: [u32; 2], parts: u64) -> Option<Self> {
        let node = flow.nodes.get(slice.node)?;
        let Step::Serve {
            queues,
            servers,
            routing,
            service,
        } = &node.step
        else {
            return None;
        };
        let index = u32::try_from(slice.node).ok()?;
        let replicas = slice.replicas.max(1);
        let all = queues.saturating_mul(*servers);
        Some(Self {
            key,
            priority: slice.priority,
            parts,
            service: flow.tables.get(*service)?,
            word: counter_word(index, Purpose::Service, 0),
            limit: node.limit.map(|limit| limit as usize),
            router: Router::new(*routing, key, index),
            concurrency: all.checked_div(replicas)? as usize,
            lines: vec![
                VecDeque::new();
                if *routing == Routing::Central {
                    1
                } else {
                    replicas as usize
                }
            ],
            replicas: vec![Vec::new(); replicas as usize],
            is_bounded: node.call.patience() < u64::MAX,
            left: Vec::new(),
        })
    }

    /// Whether it serves anybody on a GPU.
    pub(super) fn is_busy(&self, replica: usize) -> bool {
        let running = self.replicas.get(replica);
        running.is_some_and(|running| !running.is_empty())
    }

    /// The least work that is left of anybody whom a replica serves.
    pub(super) fn least(&self, replica: usize) -> Option<u64> {
        let running = self.replicas.get(replica)?;
        running.iter().map(|one| one.work).min()
    }

    /// Does so much of the work of each whom a replica serves.
    pub(super) fn work(&mut self, replica: usize, done: u64) {
        for one in self.replicas.get_mut(replica).into_iter().flatten() {
            one.work = one.work.saturating_sub(done);
        }
    }

    /// When somebody's time is up, in ticks.
    pub(super) fn due(&self) -> Option<u64> {
        let waiting = self
            .lines
            .iter()
            .flatten()
            .map(|(arrival, _)| arrival.until);
        let running = self.replicas.iter().flatten().map(|one| one.arrival.until);
        let all = waiting.chain(running).filter(|_| self.is_bounded);
        all.min()
    }

    pub(super) fn take(&mut self, arrival: &Arrival, clock: u64) {
        let (lines, replicas) = (&self.lines, &self.replicas);
        let count = u32::try_from(lines.len()).unwrap_or(u32::MAX);
        let line = self.router.route(arrival.request, count, |replica| {
            let waiting = lines.get(replica as usize).map_or(0, VecDeque::len);
            let running = replicas.get(replica as usize).map_or(0, Vec::len);
            waiting.saturating_add(running)
        }) as usize;
        let is_free = self.free(line).is_some();
        let waiting = self.lines.get(line).map_or(0, VecDeque::len);
        if !is_free && self.limit.is_some_and(|limit| waiting >= limit) {
            let &Arrival { at, request, .. } = arrival;
            let fate = Fate::Dropped;
            self.left.push(Departure { at, request, fate });
            return;
        }
        let service = self
            .service
            .value(draw(self.key, arrival.request, self.word));
        if let Some(line) = self.lines.get_mut(line) {
            line.push_back((*arrival, service));
        }
        self.start(clock);
    }

    /// The replica that takes the next of a line: of those with a free server, the one that serves
    /// the fewest.
    fn free(&self, line: usize) -> Option<usize> {
        let is_own = |replica: usize| self.lines.len() < 2 || replica == line;
        let free = self.replicas.iter().enumerate();
        free.filter(|&(replica, running)| is_own(replica) && running.len() < self.concurrency)
            .min_by_key(|(_, running)| running.len())
            .map(|(replica, _)| replica)
    }

    /// Starts whom it can. Whose time is up is about to leave.
    fn start(&mut self, clock: u64) {
        let stays = |(arrival, _): &(Arrival, u32)| arrival.until.saturating_mul(1 << 16) > clock;
        for line in 0..self.lines.len() {
            while let Some(replica) = self.free(line)
                && let Some(waiting) = self.lines.get_mut(line)
                && let Some((arrival, service)) = waiting
                    .iter()
                    .position(stays)
                    .and_then(|next| waiting.remove(next))
            {
                let running = Running {
                    arrival,
                    start: clock,
                    work: u64::from(service)
                        .saturating_mul(1 << 16)
                        .saturating_mul(self.parts),
                };
                if let Some(replica) = self.replicas.get_mut(replica) {
                    replica.push(running);
                }
            }
        }
    }

    /// Those leave whose work is done.
    pub(super) fn finish(&mut self, clock: u64) {
        let end = clock.saturating_add(HALF) >> 16;
        for replica in &mut self.replicas {
            replica.retain(|one| {
                if one.work > 0 {
                    return true;
                }
                let start = one.started();
                self.left.push(Departure {
                    at: end,
                    request: one.arrival.request,
                    fate: Fate::Served {
                        wait: start.saturating_sub(one.arrival.at),
                        service: u32::try_from(end.saturating_sub(start)).unwrap_or(u32::MAX),
                        size: 1,
                    },
                });
                false
            });
        }
        self.start(clock);
    }

    /// Those leave whose time is up.
    pub(super) fn expire(&mut self, clock: u64) {
        let now = clock >> 16;
        let left = &mut self.left;
        for line in &mut self.lines {
            line.retain(|(arrival, _)| {
                let stays = arrival.until > now;
                if !stays {
                    left.push(cut_off(arrival, arrival.until));
                }
                stays
            });
        }
        for replica in &mut self.replicas {
            replica.retain(|one| {
                let stays = one.arrival.until > now;
                if !stays {
                    left.push(cut_off(&one.arrival, one.started()));
                }
                stays
            });
        }
        self.start(clock);
    }
}

impl Running {
    /// When it started, in ticks.
    fn started(&self) -> u64 {
        (self.start.saturating_add(HALF) >> 16).max(self.arrival.at)
    }
}
