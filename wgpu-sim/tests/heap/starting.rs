//! Who is served next: one request for each idle server, or the batch that is due.

use std::cmp::Reverse;

use wgpu_sim::network::Step;

use super::{Heap, WHOLE, What};

impl Heap<'_> {
    /// Starts whom it can of a first-come queue; looks later whether a batch is due.
    pub(super) fn start(&mut self, at: u64, node: usize, queue: usize) {
        let flow = self.flow;
        if self.is_pooled(node) {
            // Once all that are free at this moment are.
            return self.fill_later(at, node);
        }
        match &flow.nodes[node].step {
            Step::Serve { service, .. } => {
                loop {
                    let (line, visits) = (&mut self.lines[node][queue], &self.visits);
                    // Whose time is up at this moment is about to leave.
                    let stays = |&(_, number): &(u64, u32)| visits[&(node, number)].1 > at;
                    let next = line.waiting.iter().position(stays);
                    let Some(next) = next.filter(|_| line.idle > 0) else {
                        break;
                    };
                    let (_, request) = line.waiting.remove(next).unwrap();
                    let time = u64::from(self.service(node, *service, request));
                    let line = &mut self.lines[node][queue];
                    line.idle -= 1;
                    line.in_service += 1;
                    line.served.insert(request, (at, at + time));
                    let detail = u32::try_from(queue).unwrap();
                    let event = (
                        at + time,
                        self.rank[node],
                        What::Departure,
                        request,
                        1,
                        detail,
                        WHOLE,
                    );
                    self.events.push(Reverse(event));
                }
            }
            Step::Batch { .. } => self.look_later(at, node, queue),
            _ => {}
        }
    }

    /// Asks for a look at the queue when its batch is full, or its first has waited long enough.
    pub(super) fn look_later(&mut self, at: u64, node: usize, queue: usize) {
        let Step::Batch { times, delay, .. } = &self.flow.nodes[node].step else {
            return;
        };
        let line = &self.lines[node][queue];
        if line.idle == 0 || line.waiting.is_empty() {
            return;
        }
        let due = if line.waiting.len() >= times.len() {
            at
        } else {
            at.max(line.waiting[0].0 + u64::from(*delay))
        };
        let detail = u32::try_from(queue).unwrap();
        self.events.push(Reverse((
            due,
            self.rank[node],
            What::Launch,
            0,
            0,
            detail,
            WHOLE,
        )));
    }

    pub(super) fn start_due(&mut self, at: u64, node: usize, queue: usize) {
        let Step::Batch { times, delay, .. } = &self.flow.nodes[node].step else {
            return;
        };
        let line = &mut self.lines[node][queue];
        let is_due = line.waiting.len() >= times.len()
            || line
                .waiting
                .front()
                .is_some_and(|&(came, _)| came + u64::from(*delay) <= at);
        if line.idle == 0 || !is_due {
            return;
        }
        let size = line.waiting.len().min(times.len());
        let batch: Vec<_> = line.waiting.drain(..size).collect();
        line.idle -= 1;
        line.in_service += size;
        let time = u64::from(times[size - 1]);
        for (index, (_, request)) in batch.into_iter().enumerate() {
            self.lines[node][queue]
                .served
                .insert(request, (at, at + time));
            let frees = u32::from(index == 0);
            let detail = u32::try_from(queue).unwrap();
            let event = (
                at + time,
                self.rank[node],
                What::Departure,
                request,
                frees,
                detail,
                WHOLE,
            );
            self.events.push(Reverse(event));
        }
        self.look_later(at, node, queue);
    }
}
