//! Replicas with a queue each.

use super::super::Departure;
use super::{Arrival, Queue, Router};

/// Replicas on their way.
pub(in super::super) struct Replicas<Q> {
    queues: Vec<Q>,
    router: Router,
}

impl<Q: Queue> Replicas<Q> {
    pub(super) fn new(queues: Vec<Q>, router: Router) -> Self {
        Self { queues, router }
    }

    pub(super) fn queues(&self) -> &[Q] {
        &self.queues
    }

    pub(super) fn next(&self) -> Option<u64> {
        self.queues.iter().filter_map(Queue::next).min()
    }

    pub(super) fn advance(&mut self, limit: u64, departures: &mut Vec<Departure>) {
        for queue in &mut self.queues {
            queue.advance(limit, departures);
        }
    }

    pub(super) fn expire(&mut self, at: u64, departures: &mut Vec<Departure>) {
        for queue in &mut self.queues {
            queue.advance(at, departures);
            queue.expire(at, departures);
        }
    }

    pub(super) fn take(
        &mut self,
        arrival: &Arrival,
        service: u32,
        departures: &mut Vec<Departure>,
    ) {
        self.expire(arrival.at, departures);
        let count = u32::try_from(self.queues.len()).unwrap_or(u32::MAX);
        let queues = &mut self.queues;
        let replica = self.router.route(arrival.request, count, |replica| {
            let queue = queues.get_mut(replica as usize);
            queue.map_or(usize::MAX, |queue| queue.load(arrival.at))
        });
        if let Some(queue) = self.queues.get_mut(replica as usize) {
            queue.take(arrival, service, departures);
        }
    }
}
