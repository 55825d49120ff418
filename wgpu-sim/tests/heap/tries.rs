//! Visits that fail: whom a full queue drops, whose time is up, and who is tried again.

use std::cmp::Reverse;

use wgpu_sim::network::Step;

use super::{AGAIN, Heap, WHOLE, What};

impl Heap<'_> {
    pub(super) fn drop(&mut self, at: u64, node: usize, number: u32) {
        self.count(node, number, 1, 1);
        self.visits.remove(&(node, number));
        self.fail(at, node, number, What::Late);
    }

    /// Says when the time of a visit will be up.
    pub(super) fn bound(&mut self, at: u64, node: usize, number: u32) {
        let call = self.flow.nodes[node].call;
        let first = (node, number % self.flow.span);
        let end = at.saturating_add(call.timeout);
        let end = *self.ends.entry(first).or_insert(end);
        let until = end.min(at.saturating_add(call.per_try));
        self.visits.insert((node, number), (at, until));
        if until < u64::MAX {
            let rank = self.rank[node];
            let event = (until, rank, What::GiveUp, number, 0, 0, WHOLE);
            self.events.push(Reverse(event));
        }
    }

    /// The time of a visit is up: it leaves, if it has not.
    pub(super) fn give_up(&mut self, at: u64, node: usize, number: u32) {
        // There may have been another try since, which has a time of its own.
        if self
            .visits
            .get(&(node, number))
            .is_none_or(|&(_, until)| until != at)
        {
            return;
        }
        let (came, _) = self.visits.remove(&(node, number)).unwrap();
        self.count(node, number, 5, 1);
        self.count(node, number, 6, at - came);
        let is_counted = self.is_counted(number);
        let is_batch = matches!(self.flow.nodes[node].step, Step::Batch { .. });
        let is_pooled = self.is_pooled(node);
        if !is_batch {
            self.free_pooled(at, node, number);
        }
        let is_alone = !is_batch && !is_pooled;
        for queue in 0..self.lines[node].len() {
            let line = &mut self.lines[node][queue];
            line.waiting.retain(|&(_, other)| other != number);
            if line.replica.give_up(number, is_counted) {
                line.in_service -= 1;
            }
            if line.served.remove(&number).is_some() {
                line.in_service -= 1;
                line.idle += u32::from(is_alone);
            }
            self.start(at, node, queue);
        }
        self.fail(at, node, number, What::Word);
    }

    /// A visit has failed: another try comes, or the request has none.
    fn fail(&mut self, at: u64, node: usize, number: u32, again: What) {
        let stated = &self.flow.nodes[node];
        let request = number % self.flow.span;
        let tries = number / self.flow.span + 1;
        if tries < stated.call.attempts && at < self.ends[&(node, request)] {
            let next = number + self.flow.span;
            let event = (at, self.rank[node], again, next, AGAIN, 0, WHOLE);
            self.events.push(Reverse(event));
            return;
        }
        self.ends.remove(&(node, request));
        let goes_on = stated.passes_on_drop;
        if !goes_on {
            let known = match again {
                What::Late => &mut self.dropped_at,
                _ => &mut self.timed_out_at,
            };
            let known = known.entry(request).or_insert(at);
            *known = at.min(*known);
        }
        self.leave(at, node, request, goes_on.then_some(WHOLE));
    }
}
