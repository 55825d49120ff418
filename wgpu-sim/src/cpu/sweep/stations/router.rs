//! How requests find one of several queues.

use crate::draws::{Purpose, counter_word, draw};
use crate::program::network::Routing;

/// Sends the requests of a node.
pub(in super::super) struct Router {
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

impl Router {
    pub(in super::super) fn new(routing: Routing, key: [u32; 2], station: u32) -> Self {
        Self {
            routing,
            key,
            station,
            turn: 0,
        }
    }

    fn bits(&self, request: u32, visit: u32) -> u32 {
        let word = counter_word(self.station, Purpose::Route, visit);
        draw(self.key, request, word)
    }

    /// Which of `count` queues takes a request; `load` says how many each has.
    pub(in super::super) fn route(
        &mut self,
        request: u32,
        count: u32,
        mut load: impl FnMut(u32) -> usize,
    ) -> u32 {
        match self.routing {
            _ if count < 2 => 0,
            Routing::Central => 0,
            Routing::RoundRobin => {
                // There may be fewer than there were.
                let replica = if self.turn < count { self.turn } else { 0 };
                let next = replica.saturating_add(1);
                self.turn = if next < count { next } else { 0 };
                replica
            }
            Routing::Random => pick(self.bits(request, 0), count),
            Routing::PowerOfTwo => {
                let first = pick(self.bits(request, 0), count);
                // The second is another than the first.
                let second = pick(self.bits(request, 1), count.saturating_sub(1));
                let second = second.saturating_add(u32::from(second >= first));
                if load(second) < load(first) {
                    second
                } else {
                    first
                }
            }
            Routing::LeastLoaded => {
                let loads: Vec<usize> = (0..count).map(load).collect();
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
