//! Replicas whose number an autoscaler varies.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use wgpu_sim::network::{Flow, Routing, Scale, Step, Target};

use super::{Heap, Line, WHOLE, What};

/// The replicas of a node, in the order of the decisions; none is forgotten.
#[derive(Default)]
pub(super) struct Fleet {
    replicas: Vec<Replica>,
    asked: Vec<(u64, u32)>,
    /// Where requests are served that wait in one queue: of a batch, one of them.
    of: BTreeMap<u32, usize>,
}

#[derive(Default)]
struct Replica {
    from: u64,
    ready: u64,
    gone: Option<u64>,
    is_leaving: bool,
    serving: u32,
    /// The time that its servers worked until `since`, and until the last look.
    busy: u64,
    since: u64,
    seen: u64,
}

impl Replica {
    fn takes(&self, at: u64) -> bool {
        self.ready <= at && !self.is_leaving
    }
}

/// What the controller of Kubernetes asks for, with what each pod that is ready reports.
fn ask(mut reports: Vec<u128>, starting: usize, target: u128) -> u32 {
    let (ready, all) = (reports.len() as u128, (reports.len() + starting) as u128);
    let sum = |reports: &[u128]| reports.iter().sum::<u128>();
    let ratio = |reports: &[u128]| (sum(reports), reports.len() as u128 * target);
    let is_within = |(a, b): (u128, u128)| a * 10 <= b * 11 && a * 10 >= b * 9;
    let (used, whole) = ratio(&reports);
    let up = |(a, b): (u128, u128), count: u128| u32::try_from((a * count).div_ceil(b)).unwrap();
    let current = u32::try_from(all).unwrap();
    if starting == 0 {
        return if is_within((used, whole)) {
            current
        } else {
            up((used, whole), ready)
        };
    }
    let report = if used < whole { target } else { 0 };
    reports.extend(vec![report; starting]);
    let new = ratio(&reports);
    let turns = (used < whole && new.0 > new.1) || (used > whole && new.0 < new.1);
    if is_within(new) || turns || used == whole {
        return current;
    }
    up(new, all)
}

impl<'a> Heap<'a> {
    fn scale_of(&self, node: usize) -> Option<&'a Scale> {
        self.flow.nodes[node].scale.as_ref()
    }

    /// Whether all replicas of a node whose number varies serve one queue.
    pub(super) fn is_pooled(&self, node: usize) -> bool {
        let is_central = matches!(
            self.flow.nodes[node].step,
            Step::Serve {
                routing: Routing::Central,
                ..
            } | Step::Batch {
                routing: Routing::Central,
                ..
            }
        );
        self.scale_of(node).is_some() && is_central
    }

    /// The replicas that begin, and the first look.
    pub(super) fn begin(&mut self) {
        for (node, stated) in self.flow.nodes.iter().enumerate() {
            if let Some(scale) = &stated.scale {
                self.lines[node].clear();
                if self.is_pooled(node) {
                    self.lines[node].push(Line::default());
                }
                self.fleets.insert(node, Fleet::default());
                self.add(node, scale.least, (0, 0));
                self.look_again(node, scale.every);
            }
        }
    }

    fn look_again(&mut self, node: usize, at: u64) {
        let event = (at, self.rank[node], What::Look, 0, 0, 0, WHOLE);
        self.events.push(Reverse(event));
    }

    fn add(&mut self, node: usize, count: u32, (from, ready): (u64, u64)) {
        let idle = self.servers(node);
        for _ in 0..count {
            let fleet = self.fleets.get_mut(&node).unwrap();
            fleet.replicas.push(Replica {
                from,
                ready,
                ..Replica::default()
            });
            if !self.is_pooled(node) {
                self.lines[node].push(Line {
                    idle,
                    ..Line::default()
                });
            }
        }
        self.fill_later(ready, node);
    }

    fn servers(&self, node: usize) -> u32 {
        match self.flow.nodes[node].step {
            Step::Continuous { .. } => 0,
            _ => self.scale_of(node).unwrap().concurrency,
        }
    }

    pub(super) fn fill_later(&mut self, at: u64, node: usize) {
        let event = (at, self.rank[node], What::Fill, 0, 0, 0, WHOLE);
        self.events.push(Reverse(event));
    }

    /// The lines that take requests.
    pub(super) fn candidates(&self, at: u64, node: usize) -> Vec<usize> {
        let all = 0..self.lines[node].len();
        match self.fleets.get(&node) {
            Some(fleet) if !self.is_pooled(node) => {
                all.filter(|&line| fleet.replicas[line].takes(at)).collect()
            }
            _ => all.collect(),
        }
    }

    fn serving(&self, node: usize, replica: usize) -> u32 {
        if self.is_pooled(node) {
            return self.fleets[&node].replicas[replica].serving;
        }
        self.servers(node)
            .saturating_sub(self.lines[node][replica].idle)
    }

    /// What has been worked until now, before anything changes.
    pub(super) fn note_work(&mut self, at: u64, node: usize) {
        for replica in 0..self
            .fleets
            .get(&node)
            .map_or(0, |fleet| fleet.replicas.len())
        {
            let serving = u64::from(self.serving(node, replica));
            let replica = &mut self.fleets.get_mut(&node).unwrap().replicas[replica];
            replica.busy += serving * (at - replica.since.min(at));
            replica.since = at;
        }
    }

    /// Those go that are to, and have nothing left to do.
    pub(super) fn note_gone(&mut self, at: u64, node: usize) {
        for index in 0..self
            .fleets
            .get(&node)
            .map_or(0, |fleet| fleet.replicas.len())
        {
            let replica = &self.fleets[&node].replicas[index];
            if !replica.is_leaving || replica.gone.is_some() || self.serving(node, index) > 0 {
                continue;
            }
            let is_empty = self.is_pooled(node) || {
                let line = &self.lines[node][index];
                line.waiting.is_empty() && line.in_service == 0
            };
            if is_empty {
                self.fleets.get_mut(&node).unwrap().replicas[index].gone = Some(at);
            }
        }
    }

    /// The autoscaler looks.
    pub(super) fn look(&mut self, at: u64, node: usize) {
        let scale = self.scale_of(node).unwrap();
        let is_pooled = self.is_pooled(node);
        let mut pooled = self.lines[node]
            .first()
            .map_or(0, |line| line.waiting.len() as u128);
        let lines = &self.lines[node];
        let fleet = self.fleets.get_mut(&node).unwrap();
        let (mut reports, mut starting) = (Vec::new(), 0);
        for (index, replica) in fleet.replicas.iter_mut().enumerate() {
            if replica.is_leaving {
                continue;
            }
            if replica.ready > at {
                starting += 1;
                continue;
            }
            reports.push(match scale.target {
                // Whoever waits for all is reported by the first.
                Target::Waiting(_) if is_pooled => std::mem::take(&mut pooled),
                Target::Waiting(_) => {
                    let line = &lines[index];
                    (line.waiting.len() + line.replica.waiting.len()) as u128
                }
                Target::Busy(_) => u128::from(replica.busy - replica.seen) * 1_000_000,
            });
            replica.seen = replica.busy;
        }
        let target = match scale.target {
            Target::Waiting(waiting) => u128::from(waiting),
            Target::Busy(share) => {
                u128::from(share) * u128::from(scale.concurrency) * u128::from(scale.every)
            }
        };
        let all = u32::try_from(reports.len() + starting).unwrap();
        if fleet.asked.is_empty() {
            fleet.asked.push((at, all));
        }
        let asked = ask(reports, starting, target);
        fleet.asked.push((at, asked));
        let recent = fleet
            .asked
            .iter()
            .filter(|&&(then, _)| then + scale.calm > at);
        let most = recent.map(|&(_, asked)| asked).fold(asked, u32::max);
        let wanted = if asked > all { asked } else { most.min(all) };
        let wanted = wanted.clamp(scale.least, scale.most);
        for replica in fleet
            .replicas
            .iter_mut()
            .rev()
            .filter(|one| !one.is_leaving)
            .take(all.saturating_sub(wanted) as usize)
        {
            replica.is_leaving = true;
        }
        if wanted > all {
            self.add(node, wanted - all, (at, at + scale.cold_start));
        }
        self.look_again(node, at + scale.every);
        self.fill(at, node);
    }

    /// A replica that takes the next from the one queue.
    fn free(&self, at: u64, node: usize) -> Option<usize> {
        let servers = self.servers(node);
        let replicas = self.fleets[&node].replicas.iter().enumerate();
        let free = replicas.filter(|(_, one)| one.takes(at) && one.serving < servers);
        free.min_by_key(|&(index, one)| (one.serving, index))
            .map(|(index, _)| index)
    }

    pub(super) fn has_free(&self, at: u64, node: usize) -> bool {
        self.is_pooled(node) && self.free(at, node).is_some()
    }

    /// Starts whom it can from the one queue, or asks for a look when a batch is due.
    pub(super) fn fill(&mut self, at: u64, node: usize) {
        if !self.is_pooled(node) {
            return;
        }
        match &self.flow.nodes[node].step {
            Step::Serve { service, .. } => {
                while let Some(replica) = self.free(at, node) {
                    let visits = &self.visits;
                    let waiting = &mut self.lines[node][0].waiting;
                    let stays = |&(_, number): &(u64, u32)| visits[&(node, number)].1 > at;
                    let Some(next) = waiting.iter().position(stays) else {
                        return;
                    };
                    let (_, number) = waiting.remove(next).unwrap();
                    let time = u64::from(self.service(node, *service, number));
                    self.serve_pooled(at, node, replica, &[number], time);
                }
            }
            Step::Batch { times, delay, .. } => {
                let waiting = &self.lines[node][0].waiting;
                let Some(&(first, _)) = waiting.front() else {
                    return;
                };
                if self.free(at, node).is_some() {
                    let is_full = waiting.len() >= times.len();
                    let due = if is_full {
                        at
                    } else {
                        at.max(first + u64::from(*delay))
                    };
                    let event = (due, self.rank[node], What::Launch, 0, 0, 0, WHOLE);
                    self.events.push(Reverse(event));
                }
            }
            _ => {}
        }
    }

    /// Starts the batches of the one queue that are due.
    pub(super) fn launch_pooled(&mut self, at: u64, node: usize) {
        let Step::Batch { times, delay, .. } = &self.flow.nodes[node].step else {
            return;
        };
        while let Some(replica) = self.free(at, node) {
            let waiting = &mut self.lines[node][0].waiting;
            let is_due = waiting
                .front()
                .is_some_and(|&(first, _)| first + u64::from(*delay) <= at);
            if waiting.len() < times.len() && !is_due {
                break;
            }
            let size = waiting.len().min(times.len());
            let batch: Vec<u32> = waiting.drain(..size).map(|(_, number)| number).collect();
            self.serve_pooled(at, node, replica, &batch, times[size - 1].into());
        }
        self.fill(at, node);
    }

    fn serve_pooled(&mut self, at: u64, node: usize, replica: usize, batch: &[u32], time: u64) {
        let fleet = self.fleets.get_mut(&node).unwrap();
        fleet.replicas[replica].serving += 1;
        fleet.of.insert(batch[0], replica);
        for &number in batch {
            let line = &mut self.lines[node][0];
            line.in_service += 1;
            line.served.insert(number, (at, at + time));
            let event = (
                at + time,
                self.rank[node],
                What::Departure,
                number,
                0,
                0,
                WHOLE,
            );
            self.events.push(Reverse(event));
        }
    }

    /// A server of the one queue is free, if it was this request's.
    pub(super) fn free_pooled(&mut self, at: u64, node: usize, number: u32) {
        if let Some(fleet) = self.fleets.get_mut(&node)
            && let Some(replica) = fleet.of.remove(&number)
        {
            fleet.replicas[replica].serving -= 1;
            self.fill_later(at, node);
        }
    }

    /// The time of each node's replicas while counted requests entered.
    pub(super) fn replica_times(&self, flow: &Flow) -> Vec<Option<u64>> {
        let born = |request: u32| self.born[request as usize];
        let from = flow.warmup.checked_sub(1).map_or(0, born);
        let to = born(flow.end() - 1);
        let time = |node: usize| {
            let replicas = self.fleets.get(&node)?.replicas.iter();
            let times = replicas.map(|one| {
                let end = one.gone.unwrap_or(u64::MAX).min(to);
                end.saturating_sub(one.from.max(from))
            });
            Some(times.sum())
        };
        (0..flow.sink()).map(time).collect()
    }
}
