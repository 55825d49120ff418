//! One node of those that use GPUs in turns.
//!
//! A dynamic batch is one piece of work. It starts at a whole tick, with those who come in it.

use std::collections::VecDeque;

use super::super::super::stations::{Arrival, Router, cut_off, due, stopped};
use super::super::super::visits::Usage;
use super::super::super::{Departure, Fate, Labour};
use super::HALF;
use crate::draws::{Purpose, Table, counter_word, draw};
use crate::program::network::{Flow, Routing, Slice, Step};

/// One node of the group.
pub(super) struct Member<'a> {
    flow: &'a Flow,
    key: [u32; 2],
    /// Of the busy nodes of a GPU those of the highest work.
    pub(super) priority: u32,
    /// The parts in which work is counted; see [`super::Slices`].
    parts: u64,
    work: Work<'a>,
    limit: Option<usize>,
    router: Router,
    /// How many requests, or batches, one replica serves at once.
    concurrency: usize,
    /// Those in line: for all replicas together, or for each.
    lines: Vec<VecDeque<Arrival>>,
    pub(super) replicas: Vec<Vec<Running>>,
    /// Whether anybody's time may be up.
    is_bounded: bool,
    /// Who has left, and is to be told.
    pub(super) left: Vec<Departure>,
    /// The time of batches that was spent on those who were cut off.
    usage: Usage,
}

/// What a node does with those who wait.
#[derive(Clone, Copy)]
enum Work<'a> {
    Serve { service: &'a Table, word: u32 },
    Batch { times: &'a [u32], delay: u64 },
}

/// Who is served together, or alone.
#[derive(Clone)]
pub(super) struct Running {
    arrivals: Vec<Arrival>,
    /// How many there were, and how many of those who are counted have been cut off since.
    size: u32,
    lost: u32,
    /// In 2⁻¹⁶ ticks.
    start: u64,
    /// What its work would take still, if its node had the GPU alone; in parts of 2⁻¹⁶ ticks.
    work: u64,
}

impl<'a> Member<'a> {
    /// A node before anybody comes; none for a program that contradicts itself.
    pub(super) fn new(flow: &'a Flow, slice: Slice, key: [u32; 2], parts: u64) -> Option<Self> {
        let node = flow.nodes.get(slice.node)?;
        let index = u32::try_from(slice.node).ok()?;
        let (queues, servers, routing, work) = match &node.step {
            Step::Serve {
                queues,
                servers,
                routing,
                service,
            } => {
                let service = flow.tables.get(*service)?;
                let word = counter_word(index, Purpose::Service, 0);
                (queues, servers, routing, Work::Serve { service, word })
            }
            Step::Batch {
                queues,
                servers,
                routing,
                times,
                delay,
            } => {
                let delay = u64::from(*delay);
                (queues, servers, routing, Work::Batch { times, delay })
            }
            Step::Instant | Step::Delay(_) | Step::Continuous { .. } => return None,
        };
        let replicas = slice.replicas.max(1);
        let all = queues.saturating_mul(*servers);
        Some(Self {
            flow,
            key,
            priority: slice.priority,
            parts,
            work,
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
            usage: Usage::default(),
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
        let running = self.replicas.iter().flatten();
        let running = running.flat_map(|one| &one.arrivals);
        let all = self.lines.iter().flatten().chain(running);
        let all = all.filter(|_| self.is_bounded);
        all.map(|arrival| arrival.until).min()
    }

    /// When the next batch starts, in ticks, as far as those who have come decide it.
    pub(super) fn launch(&self, clock: u64) -> Option<u64> {
        let lines = (0..self.lines.len()).filter_map(|line| self.launch_of(line));
        lines.min().map(|at| at.max(clock >> 16))
    }

    fn launch_of(&self, line: usize) -> Option<u64> {
        let Work::Batch { times, delay } = self.work else {
            return None;
        };
        self.free(line)?;
        due(self.lines.get(line)?, times.len(), delay)
    }

    /// Starts the batches that are due, once all have come who come in this tick.
    pub(super) fn batch(&mut self, clock: u64) {
        for line in 0..self.lines.len() {
            while let (Work::Batch { times, .. }, Some(due)) = (self.work, self.launch_of(line))
                && due <= clock >> 16
                && let Some(replica) = self.free(line)
                && let Some(waiting) = self.lines.get_mut(line)
            {
                let size = waiting.len().min(times.len());
                let arrivals = waiting.drain(..size).collect();
                let time = size.checked_sub(1).and_then(|size| times.get(size));
                self.begin(replica, arrivals, time.copied().unwrap_or(1), clock);
            }
        }
    }

    /// The time of batches that was spent on those who were cut off, and when the last ended.
    pub(super) fn usage(&self, clock: u64) -> Usage {
        let running = self.replicas.iter().flatten();
        running.fold(self.usage, |usage, one| usage.and(one.usage(clock)))
    }

    pub(super) fn take(&mut self, arrival: &Arrival, clock: u64) {
        let (lines, replicas) = (&self.lines, &self.replicas);
        let count = u32::try_from(lines.len()).unwrap_or(u32::MAX);
        let line = self.router.route(arrival.request, count, |replica| {
            let waiting = lines.get(replica as usize).map_or(0, VecDeque::len);
            let running = replicas.get(replica as usize).into_iter().flatten();
            running.fold(waiting, |load, one| load.saturating_add(one.arrivals.len()))
        }) as usize;
        let is_single = matches!(self.work, Work::Serve { .. });
        let is_free = is_single && self.free(line).is_some();
        let waiting = self.lines.get(line).map_or(0, VecDeque::len);
        if !is_free && self.limit.is_some_and(|limit| waiting >= limit) {
            let &Arrival { at, request, .. } = arrival;
            let fate = Fate::Dropped;
            self.left.push(Departure { at, request, fate });
            return;
        }
        if let Some(line) = self.lines.get_mut(line) {
            line.push_back(*arrival);
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

    /// Starts whom it can of those that are served singly. Whose time is up is about to leave.
    fn start(&mut self, clock: u64) {
        let Work::Serve { service, word } = self.work else {
            return;
        };
        let stays = |arrival: &Arrival| arrival.until.saturating_mul(1 << 16) > clock;
        for line in 0..self.lines.len() {
            while let Some(replica) = self.free(line)
                && let Some(waiting) = self.lines.get_mut(line)
                && let Some(arrival) = waiting
                    .iter()
                    .position(stays)
                    .and_then(|next| waiting.remove(next))
            {
                let time = service.value(draw(self.key, arrival.request, word));
                self.begin(replica, vec![arrival], time, clock);
            }
        }
    }

    /// A replica begins a piece of work.
    fn begin(&mut self, replica: usize, arrivals: Vec<Arrival>, time: u32, clock: u64) {
        if let Some(replica) = self.replicas.get_mut(replica) {
            replica.push(Running {
                size: u32::try_from(arrivals.len()).unwrap_or(u32::MAX),
                arrivals,
                lost: 0,
                start: clock,
                work: u64::from(time)
                    .saturating_mul(1 << 16)
                    .saturating_mul(self.parts),
            });
        }
    }

    /// Those leave whose work is done.
    pub(super) fn finish(&mut self, clock: u64) {
        let end = clock.saturating_add(HALF) >> 16;
        let usage = &mut self.usage;
        for replica in &mut self.replicas {
            replica.retain(|one| {
                if one.work > 0 {
                    return true;
                }
                *usage = usage.and(one.usage(clock));
                for arrival in &one.arrivals {
                    let start = one.started(arrival);
                    self.left.push(Departure {
                        at: end,
                        request: arrival.request,
                        fate: Fate::Served {
                            wait: start.saturating_sub(arrival.at),
                            service: u32::try_from(end.saturating_sub(start)).unwrap_or(u32::MAX),
                            size: one.size,
                        },
                    });
                }
                false
            });
        }
        self.start(clock);
    }

    /// Those leave whose time is up.
    pub(super) fn expire(&mut self, clock: u64) {
        let now = clock >> 16;
        self.give_up(clock, &|arrival| arrival.until <= now, &|arrival, start| {
            cut_off(arrival, start.unwrap_or(arrival.until))
        });
    }

    /// Those leave whom nobody needs.
    pub(super) fn cancel(&mut self, clock: u64, is_wanted: &dyn Fn(u32) -> bool) {
        let now = clock >> 16;
        let is_over = |arrival: &Arrival| is_wanted(arrival.request);
        self.give_up(clock, &is_over, &|arrival, start| {
            stopped(arrival, start.unwrap_or(now), now)
        });
    }

    /// Some leave before they are served, told by when they were begun, if they were: a server is
    /// free at once, a batch goes on without them.
    fn give_up(
        &mut self,
        clock: u64,
        is_over: &dyn Fn(&Arrival) -> bool,
        told: &dyn Fn(&Arrival, Option<u64>) -> Departure,
    ) {
        let left = &mut self.left;
        for line in &mut self.lines {
            line.retain(|arrival| {
                let stays = !is_over(arrival);
                if !stays {
                    left.push(told(arrival, None));
                }
                stays
            });
        }
        let is_single = matches!(self.work, Work::Serve { .. });
        let (flow, counting) = (self.flow, self.flow.counting());
        for replica in &mut self.replicas {
            for one in replica.iter_mut() {
                let (start, size) = (one.start, one.size);
                let lost = &mut one.lost;
                one.arrivals.retain(|arrival| {
                    let stays = !is_over(arrival);
                    if !stays {
                        let told = told(arrival, Some(started(start, arrival)));
                        if is_single {
                            left.push(told);
                        } else {
                            let (.., request) = flow.visit(arrival.request);
                            *lost = lost.saturating_add(u32::from(counting.contains(&request)));
                            left.push(out_of_batch(told, size));
                        }
                    }
                    stays
                });
            }
            replica.retain(|one| !is_single || !one.arrivals.is_empty());
        }
        self.start(clock);
    }
}

/// A request that a batch goes on without. How long that takes is not known yet.
fn out_of_batch(told: Departure, size: u32) -> Departure {
    let Departure { at, request, fate } = told;
    let work = Labour {
        time: 0,
        end: at,
        size,
    };
    let fate = match fate {
        Fate::TimedOut { wait, service, .. } => Fate::TimedOut {
            wait,
            service,
            work,
        },
        Fate::Cancelled { wait, service, .. } => Fate::Cancelled {
            wait,
            service,
            work,
        },
        other => other,
    };
    Departure { at, request, fate }
}

/// When somebody was begun to be served, in ticks.
fn started(start: u64, arrival: &Arrival) -> u64 {
    (start.saturating_add(HALF) >> 16).max(arrival.at)
}

impl Running {
    fn started(&self, arrival: &Arrival) -> u64 {
        started(self.start, arrival)
    }

    /// What it has cost until now of those who were cut off.
    fn usage(&self, clock: u64) -> Usage {
        if self.lost == 0 {
            return Usage::default();
        }
        let time = clock.saturating_sub(self.start);
        let share = time.checked_div(self.size.into()).unwrap_or(0);
        Usage {
            busy: share.saturating_mul(self.lost.into()),
            until: clock.saturating_add(HALF) >> 16,
            cache: None,
        }
    }
}
