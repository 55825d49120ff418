//! GPUs that nodes use in turns: of those that are busy, each has an equal share of the time.
//!
//! Replica by replica, the nodes of a group stand on the same GPUs. On each, a node is busy while it
//! serves anybody; of `k` that are, each works at 1/k of its speed. Within a node requests wait in
//! line and run beside one another as they do elsewhere. Here the clock has 2⁻¹⁶ ticks, and only
//! what is told is rounded.

use std::collections::VecDeque;

use super::super::stations::{Arrival, Router, cut_off, stopped};
use super::super::{Departure, Fate};
use crate::draws::{Purpose, Table, counter_word, draw};
use crate::program::network::{Flow, Routing, Slice, Step};

/// Half a tick.
const HALF: u64 = 1 << 15;

/// A group of nodes on its way.
pub(super) struct Slices<'a> {
    clock: u64,
    members: Vec<Member<'a>>,
}

/// One node of the group.
struct Member<'a> {
    key: [u32; 2],
    service: &'a Table,
    word: u32,
    limit: Option<usize>,
    router: Router,
    /// How many requests one replica serves at once.
    concurrency: usize,
    /// Those in line: for all replicas together, or for each.
    lines: Vec<VecDeque<(Arrival, u32)>>,
    replicas: Vec<Vec<Running>>,
    /// Whether anybody's time may be up.
    is_bounded: bool,
    /// Who has left, and is to be told.
    left: Vec<Departure>,
}

/// A request in service. Times are in 2⁻¹⁶ ticks.
#[derive(Clone, Copy)]
struct Running {
    arrival: Arrival,
    start: u64,
    /// What its work would take still, if its node had the GPU alone.
    work: u64,
}

/// What happens next on a GPU, in the order in which events of one time are taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Done,
    TimeUp,
}

impl<'a> Slices<'a> {
    /// The nodes before anything happens; none for a program that contradicts itself.
    pub(super) fn new(flow: &'a Flow, group: &[Slice], key: [u32; 2]) -> Option<Self> {
        let members = group.iter().map(|slice| Member::new(flow, *slice, key));
        Some(Self {
            clock: 0,
            members: members.collect::<Option<_>>()?,
        })
    }

    /// When a node has something to tell next, in ticks.
    pub(super) fn next(&self, member: usize) -> Option<u64> {
        let node = self.members.get(member)?;
        if let Some(departure) = node.left.first() {
            return Some(departure.at);
        }
        let ends = (0..node.replicas.len()).filter_map(|replica| self.end(node, replica));
        let known = ends.min().map(|end| end.saturating_add(HALF) >> 16);
        known.into_iter().chain(node.due()).min()
    }

    /// Does all that happens until this tick, with those who come then still on their way.
    pub(super) fn advance(&mut self, now: u64) {
        let until = now.saturating_mul(1 << 16);
        while let Some((at, member, what)) = self.happens()
            && at < until.saturating_add(HALF)
        {
            self.work(at);
            if let Some(node) = self.members.get_mut(member) {
                match what {
                    What::Done => node.finish(at),
                    What::TimeUp => node.expire(at),
                }
            }
        }
        self.work(until);
    }

    /// Who has left a node.
    pub(super) fn leave(&mut self, member: usize, departures: &mut Vec<Departure>) {
        if let Some(node) = self.members.get_mut(member) {
            departures.append(&mut node.left);
        }
    }

    /// Takes visits out that nobody needs any more, by their numbers.
    pub(super) fn cancel(&mut self, member: usize, now: u64, is_wanted: &dyn Fn(u32) -> bool) {
        self.advance(now);
        let clock = self.clock;
        if let Some(node) = self.members.get_mut(member) {
            node.cancel(now, is_wanted);
            node.start(clock);
        }
    }

    /// Takes a request, or drops it; all before it has been done.
    pub(super) fn take(&mut self, member: usize, arrival: &Arrival) {
        let clock = self.clock;
        if let Some(node) = self.members.get_mut(member) {
            node.take(arrival, clock);
        }
    }

    /// What happens next, if nobody comes.
    fn happens(&self) -> Option<(u64, usize, What)> {
        let members = self.members.iter().enumerate();
        let happens = members.flat_map(|(member, node)| {
            let ends = (0..node.replicas.len()).filter_map(|replica| self.end(node, replica));
            let end = ends.min().map(|at| (at, What::Done));
            let due = node
                .due()
                .map(|at| (at.saturating_mul(1 << 16), What::TimeUp));
            let happens = end.into_iter().chain(due);
            happens.map(move |(at, what)| (at.max(self.clock), what, member))
        });
        happens.min().map(|(at, what, member)| (at, member, what))
    }

    /// When the first request of a replica is done.
    fn end(&self, node: &Member<'_>, replica: usize) -> Option<u64> {
        let least = node
            .replicas
            .get(replica)?
            .iter()
            .map(|one| one.work)
            .min()?;
        Some(
            self.clock
                .saturating_add(least.saturating_mul(self.busy(replica))),
        )
    }

    /// How many nodes are busy on a GPU.
    fn busy(&self, replica: usize) -> u64 {
        let running = self
            .members
            .iter()
            .filter_map(|node| node.replicas.get(replica));
        running.filter(|running| !running.is_empty()).count() as u64
    }

    /// Lets time pass, in which nothing ends.
    fn work(&mut self, until: u64) {
        let time = until.saturating_sub(self.clock);
        if time == 0 {
            return;
        }
        self.clock = until;
        let most = self.members.iter().map(|node| node.replicas.len()).max();
        for replica in 0..most.unwrap_or(0) {
            let Some(each) = time.checked_div(self.busy(replica)) else {
                continue;
            };
            for node in &mut self.members {
                for one in node.replicas.get_mut(replica).into_iter().flatten() {
                    one.work = one.work.saturating_sub(each);
                }
            }
        }
    }
}

impl<'a> Member<'a> {
    fn new(flow: &'a Flow, slice: Slice, key: [u32; 2]) -> Option<Self> {
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

    /// When somebody's time is up, in ticks.
    fn due(&self) -> Option<u64> {
        let waiting = self
            .lines
            .iter()
            .flatten()
            .map(|(arrival, _)| arrival.until);
        let running = self.replicas.iter().flatten().map(|one| one.arrival.until);
        let all = waiting.chain(running).filter(|_| self.is_bounded);
        all.min()
    }

    fn take(&mut self, arrival: &Arrival, clock: u64) {
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
                    work: u64::from(service).saturating_mul(1 << 16),
                };
                if let Some(replica) = self.replicas.get_mut(replica) {
                    replica.push(running);
                }
            }
        }
    }

    /// Those leave whose work is done.
    fn finish(&mut self, clock: u64) {
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

    /// Those leave whom nobody needs.
    fn cancel(&mut self, now: u64, is_wanted: &dyn Fn(u32) -> bool) {
        let left = &mut self.left;
        for line in &mut self.lines {
            line.retain(|(arrival, _)| {
                let stays = !is_wanted(arrival.request);
                if !stays {
                    left.push(stopped(arrival, now, now));
                }
                stays
            });
        }
        for replica in &mut self.replicas {
            replica.retain(|one| {
                let stays = !is_wanted(one.arrival.request);
                if !stays {
                    left.push(stopped(&one.arrival, one.started(), now));
                }
                stays
            });
        }
    }

    /// Those leave whose time is up.
    fn expire(&mut self, clock: u64) {
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
