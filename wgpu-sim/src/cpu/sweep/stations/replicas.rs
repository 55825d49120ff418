//! Replicas with a queue each, and how requests find theirs.

use super::super::Departure;
use super::Queue;
use crate::draws::{Purpose, counter_word, draw};
use crate::program::network::Routing;

/// Replicas on their way.
pub(in super::super) struct Replicas<Q> {
    queues: Vec<Q>,
    routing: Routing,
    key: [u32; 2],
    station: u32,
    turn: u32,
}

/// One of `count`, by 32 random bits.
fn pick(bits: u32, count: u32) -> u32 {
    #[allow(clippy::cast_possible_truncation)] // Below `count`.
    let picked = (u64::from(bits).wrapping_mul(u64::from(count)) >> 32) as u32;
    picked
}

impl<Q: Queue> Replicas<Q> {
    pub(super) fn new(queues: Vec<Q>, routing: Routing, key: [u32; 2], station: u32) -> Self {
        Self {
            queues,
            routing,
            key,
            station,
            turn: 0,
        }
    }

    pub(super) fn queues(&self) -> &[Q] {
        &self.queues
    }

    pub(super) fn next(&self) -> Option<u64> {
        self.queues.iter().filter_map(Queue::next).min()
    }

    fn bits(&self, request: u32, visit: u32) -> u32 {
        let word = counter_word(self.station, Purpose::Route, visit);
        draw(self.key, request, word)
    }

    fn load(&mut self, replica: u32, at: u64) -> usize {
        let queue = self.queues.get_mut(replica as usize);
        queue.map_or(usize::MAX, |queue| queue.load(at))
    }

    pub(super) fn advance(&mut self, limit: u64, departures: &mut Vec<Departure>) {
        for queue in &mut self.queues {
            queue.advance(limit, departures);
        }
    }

    pub(super) fn take(
        &mut self,
        at: u64,
        request: u32,
        service: u32,
        departures: &mut Vec<Departure>,
    ) {
        self.advance(at, departures);
        let replica = self.route(at, request);
        if let Some(queue) = self.queues.get_mut(replica as usize) {
            queue.take(at, request, service, departures);
        }
    }

    fn route(&mut self, at: u64, request: u32) -> u32 {
        let count = u32::try_from(self.queues.len()).unwrap_or(u32::MAX).max(1);
        match self.routing {
            _ if count == 1 => 0,
            Routing::Central => 0,
            Routing::RoundRobin => {
                let replica = self.turn;
                let next = replica.saturating_add(1);
                self.turn = if next < count { next } else { 0 };
                replica
            }
            Routing::Random => pick(self.bits(request, 0), count),
            Routing::PowerOfTwo => {
                let first = pick(self.bits(request, 0), count);
                let others = count.saturating_sub(1);
                if others == 0 {
                    return first;
                }
                // The second is another than the first.
                let second = pick(self.bits(request, 1), others);
                let second = second.saturating_add(u32::from(second >= first));
                if self.load(second, at) < self.load(first, at) {
                    second
                } else {
                    first
                }
            }
            Routing::LeastLoaded => {
                let loads: Vec<usize> = (0..count).map(|replica| self.load(replica, at)).collect();
                let least = loads.iter().min().copied().unwrap_or(0);
                let equals = loads.iter().filter(|&&load| load == least).count();
                let equals = u32::try_from(equals).unwrap_or(1);
                let chosen = pick(self.bits(request, 0), equals);
                let mut found = (0_u32..).zip(&loads).filter(|&(_, &load)| load == least);
                found.nth(chosen as usize).map_or(0, |(replica, _)| replica)
            }
        }
    }
}
