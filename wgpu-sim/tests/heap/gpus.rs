//! GPUs that nodes use in turns: what is left of each piece of work is told anew whenever anything
//! happens on them.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use wgpu_sim::network::{Routing, Slice, Step};

use super::{Heap, WHOLE, What};

/// Half a tick, and the parts of 2⁻¹⁶ ticks that up to a dozen nodes share evenly.
const HALF: u64 = 1 << 15;
const PARTS: u128 = 27_720;

/// The nodes of a group, and the GPUs that they use, replica by replica.
pub(super) struct Group {
    slices: Vec<Slice>,
    clock: u64,
    gpus: Vec<Vec<Job>>,
}

/// Who is served together, or alone, by the place of their node in the group.
struct Job {
    member: usize,
    numbers: Vec<u32>,
    line: usize,
    start: u64,
    left: u128,
}

impl Group {
    pub(super) fn new(slices: &[Slice]) -> Self {
        let gpus = slices.iter().map(|slice| slice.replicas).max().unwrap();
        Self {
            slices: slices.to_vec(),
            clock: 0,
            gpus: (0..gpus).map(|_| Vec::new()).collect(),
        }
    }

    /// Who works on a GPU: the busy of the highest priority.
    fn working(&self, gpu: usize) -> BTreeSet<usize> {
        let priority = |member: usize| self.slices[member].priority;
        let busy = self.gpus[gpu].iter().map(|job| job.member);
        let highest = busy.clone().map(priority).max();
        busy.filter(|&member| Some(priority(member)) == highest)
            .collect()
    }

    /// When each piece of work that goes on is done, unless anything changes.
    fn ends(&self) -> Vec<(u64, usize)> {
        let mut ends = Vec::new();
        for (gpu, jobs) in self.gpus.iter().enumerate() {
            let working = self.working(gpu);
            for job in jobs.iter().filter(|job| working.contains(&job.member)) {
                let time = (job.left * working.len() as u128).div_ceil(PARTS);
                ends.push((self.clock + u64::try_from(time).unwrap(), job.member));
            }
        }
        ends
    }

    fn pass(&mut self, until: u64) {
        let time = u128::from(until.saturating_sub(self.clock));
        for gpu in 0..self.gpus.len() {
            let working = self.working(gpu);
            for job in &mut self.gpus[gpu] {
                if working.contains(&job.member) {
                    let done = time * PARTS / working.len() as u128;
                    job.left = job.left.saturating_sub(done);
                }
            }
        }
        self.clock = self.clock.max(until);
    }

    fn running(&self, member: usize, gpu: usize) -> usize {
        let jobs = self.gpus[gpu].iter();
        jobs.filter(|job| job.member == member).count()
    }
}

impl Heap<'_> {
    /// All that happens on the GPUs of a group until this tick, but for who comes then.
    pub(super) fn take_turns(&mut self, group: usize, at: u64) {
        loop {
            let of = &self.groups[group];
            let mut next: Vec<(u64, u32, usize)> = Vec::new();
            next.extend(of.ends().iter().map(|&(end, member)| (end, 0, member)));
            for (member, slice) in of.slices.iter().enumerate() {
                let visits = self.visits.range((slice.node, 0)..=(slice.node, u32::MAX));
                let ends = visits.map(|(_, &(_, until))| until);
                let due = ends.filter(|&until| until >= of.clock >> 16 && until < u64::MAX);
                next.extend(due.map(|until| ((until << 16).max(of.clock), 1, member)));
            }
            // A time-up that was taken leaves its visit until that is told.
            let next = next
                .into_iter()
                .filter(|&(time, what, member)| {
                    what == 0 || self.anybody_late(group, member, time >> 16)
                })
                .min();
            let Some((time, what, member)) = next.filter(|next| next.0 < (at << 16) + HALF) else {
                break;
            };
            self.groups[group].pass(time);
            if what == 0 {
                self.finish_work(group, member, time);
            } else {
                self.stop_work(group, member, time >> 16);
            }
            self.start_work(group, member);
        }
        self.groups[group].pass(at << 16);
        for (end, member) in self.groups[group].ends() {
            let node = self.groups[group].slices[member].node;
            self.call_once((end + HALF) >> 16, node, What::Turn);
        }
        self.call_batches(group, at);
    }

    fn call_once(&mut self, at: u64, node: usize, what: What) {
        let rank = self.rank[node];
        if self.called.insert((at, rank, what)) {
            self.events.push(Reverse((at, rank, what, 0, 0, 0, WHOLE)));
        }
    }

    fn is_late(&self, node: usize, number: u32, now: u64) -> bool {
        self.visits[&(node, number)].1 <= now
    }

    fn anybody_late(&self, group: usize, member: usize, now: u64) -> bool {
        let of = &self.groups[group];
        let node = of.slices[member].node;
        let mut waiting = self.lines[node].iter().flat_map(|line| &line.waiting);
        let mut running = of.gpus.iter().flatten();
        waiting.any(|&(_, number)| self.is_late(node, number, now))
            || running.any(|job| {
                let is_late = |&number: &u32| self.is_late(node, number, now);
                job.member == member && job.numbers.iter().any(is_late)
            })
    }

    fn finish_work(&mut self, group: usize, member: usize, time: u64) {
        let of = &mut self.groups[group];
        let node = of.slices[member].node;
        for jobs in &mut of.gpus {
            let all = std::mem::take(jobs);
            let is_done = |job: &Job| job.member == member && job.left == 0;
            let (done, left) = all.into_iter().partition(is_done);
            *jobs = left;
            let done: Vec<Job> = done;
            for job in done {
                let end = (time + HALF) >> 16;
                for number in job.numbers {
                    self.lines[node][job.line].in_service -= 1;
                    self.finished.insert((node, number), job.start);
                    let event = (end, self.rank[node], What::Departure, number, 0, 0, WHOLE);
                    self.events.push(Reverse(event));
                }
            }
        }
    }

    /// A request leaves whose work is done.
    pub(super) fn tell_finished(&mut self, at: u64, node: usize, number: u32) {
        let start = self.finished.remove(&(node, number)).unwrap();
        let (came, _) = self.visits.remove(&(node, number)).unwrap();
        let start = ((start + HALF) >> 16).max(came);
        self.count(node, number, 0, 1);
        self.count(node, number, 3, start - came);
        self.count(node, number, 4, at - start);
        self.ends.remove(&(node, number % self.flow.span));
        self.leave(at, node, number % self.flow.span, Some(WHOLE));
    }

    /// Those go whose time is up: it is told when their turn comes.
    fn stop_work(&mut self, group: usize, member: usize, now: u64) {
        let node = self.groups[group].slices[member].node;
        let visits = &self.visits;
        let stays = |number: u32| visits[&(node, number)].1 > now;
        for line in &mut self.lines[node] {
            line.waiting.retain(|&(_, number)| stays(number));
        }
        let is_batch = matches!(self.flow.nodes[node].step, Step::Batch { .. });
        for jobs in &mut self.groups[group].gpus {
            for job in jobs.iter_mut().filter(|job| job.member == member) {
                let many = job.numbers.len();
                job.numbers.retain(|&number| stays(number));
                self.lines[node][job.line].in_service -= many - job.numbers.len();
            }
            // A batch goes on without them.
            jobs.retain(|job| job.member != member || is_batch || !job.numbers.is_empty());
        }
    }

    /// Takes a visit out that nobody needs any more, and says when it came; none where its work is
    /// over, and only waits to be told.
    pub(super) fn take_from_turns(
        &mut self,
        at: u64,
        (group, member): (usize, usize),
        number: u32,
    ) -> Option<u64> {
        self.take_turns(group, at);
        let node = self.groups[group].slices[member].node;
        let is_batch = matches!(self.flow.nodes[node].step, Step::Batch { .. });
        let mut is_there = false;
        for line in &mut self.lines[node] {
            let many = line.waiting.len();
            line.waiting.retain(|&(_, other)| other != number);
            is_there |= line.waiting.len() < many;
        }
        for jobs in &mut self.groups[group].gpus {
            for job in jobs.iter_mut().filter(|job| job.member == member) {
                let many = job.numbers.len();
                job.numbers.retain(|&other| other != number);
                let gone = many - job.numbers.len();
                self.lines[node][job.line].in_service -= gone;
                is_there |= gone > 0;
            }
            jobs.retain(|job| job.member != member || is_batch || !job.numbers.is_empty());
        }
        let (came, _) = is_there.then(|| self.visits.remove(&(node, number)).unwrap())?;
        self.start_work(group, member);
        self.take_turns(group, at);
        Some(came)
    }

    /// The GPU that serves a line next: of those with room the one that serves the fewest.
    fn free_gpu(&self, group: usize, member: usize, line: usize) -> Option<usize> {
        let of = &self.groups[group];
        let slice = of.slices[member];
        let (Step::Serve {
            queues,
            servers,
            routing,
            ..
        }
        | Step::Batch {
            queues,
            servers,
            routing,
            ..
        }) = self.flow.nodes[slice.node].step
        else {
            panic!("it serves singly or in batches");
        };
        let most = (queues * servers / slice.replicas) as usize;
        let own = |gpu: &usize| routing == Routing::Central || *gpu == line;
        let gpus = (0..slice.replicas as usize).filter(own);
        let counts = gpus.map(|gpu| (of.running(member, gpu), gpu));
        let free = counts.filter(|&(running, _)| running < most);
        free.min().map(|(_, gpu)| gpu)
    }

    fn put(&mut self, (group, member): (usize, usize), line: usize, numbers: Vec<u32>, time: u32) {
        let gpu = self.free_gpu(group, member, line).unwrap();
        let of = &mut self.groups[group];
        self.lines[of.slices[member].node][line].in_service += numbers.len();
        let (start, left) = (of.clock, (u128::from(time) << 16) * PARTS);
        of.gpus[gpu].push(Job {
            member,
            numbers,
            line,
            start,
            left,
        });
    }

    fn start_work(&mut self, group: usize, member: usize) {
        let node = self.groups[group].slices[member].node;
        let Step::Serve { service, .. } = self.flow.nodes[node].step else {
            return;
        };
        for line in 0..self.lines[node].len() {
            while self.free_gpu(group, member, line).is_some() {
                let clock = self.groups[group].clock;
                let waiting = &self.lines[node][line].waiting;
                let stays = |&(_, number): &(u64, u32)| {
                    self.visits[&(node, number)].1.saturating_mul(1 << 16) > clock
                };
                let Some(next) = waiting.iter().position(stays) else {
                    break;
                };
                let (_, number) = self.lines[node][line].waiting.remove(next).unwrap();
                let time = self.service(node, service, number);
                self.put((group, member), line, vec![number], time);
            }
        }
    }

    /// When the next batch of a line is due, if a GPU has room for it.
    fn due(&self, (group, member): (usize, usize), line: usize) -> Option<u64> {
        let node = self.groups[group].slices[member].node;
        let Step::Batch { times, delay, .. } = &self.flow.nodes[node].step else {
            return None;
        };
        self.free_gpu(group, member, line)?;
        let waiting = &self.lines[node][line].waiting;
        let &(first, _) = waiting.front()?;
        let is_full = waiting.len() >= times.len();
        Some(if is_full {
            0
        } else {
            first + u64::from(*delay)
        })
    }

    /// Starts the batches that are due, behind all who come at this tick.
    pub(super) fn launch_work(&mut self, at: u64, slice: (usize, usize)) {
        let node = self.groups[slice.0].slices[slice.1].node;
        let Step::Batch { times, .. } = &self.flow.nodes[node].step else {
            return;
        };
        for line in 0..self.lines[node].len() {
            while self.due(slice, line).is_some_and(|due| due <= at) {
                let waiting = &mut self.lines[node][line].waiting;
                let size = waiting.len().min(times.len());
                let numbers = waiting.drain(..size).map(|(_, number)| number).collect();
                self.put(slice, line, numbers, times[size - 1]);
            }
        }
        self.take_turns(slice.0, at);
    }

    fn call_batches(&mut self, group: usize, at: u64) {
        for member in 0..self.groups[group].slices.len() {
            let node = self.groups[group].slices[member].node;
            for line in 0..self.lines[node].len() {
                if let Some(due) = self.due((group, member), line) {
                    self.call_once(due.max(at), node, What::Launch);
                }
            }
        }
    }

    /// A request comes to a node that shares its GPUs.
    pub(super) fn take_turn(
        &mut self,
        at: u64,
        (group, member): (usize, usize),
        number: u32,
        routing: Routing,
    ) {
        let node = self.groups[group].slices[member].node;
        let line = self.route(at, node, number, routing);
        self.lines[node][line].waiting.push_back((at, number));
        self.start_work(group, member);
        let waiting = &mut self.lines[node][line].waiting;
        if waiting.len()
            > self.flow.nodes[node]
                .limit
                .map_or(usize::MAX, |limit| limit as usize)
        {
            // Nobody started: it is the last, and one too many.
            waiting.pop_back();
            self.drop(at, node, number);
        }
        self.take_turns(group, at);
    }
}
