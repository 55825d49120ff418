//! Who enters next: the stream of arrivals, or clients who have their answer.

use core::cmp::Reverse;
use std::collections::BinaryHeap;

use super::super::source::Source;
use crate::draws::{Purpose, counter_word, draw};
use crate::program::network::{self, Flow};

/// Where requests come from.
pub(super) enum Inflow<'a> {
    Open(Box<Source<'a>>),
    Closed(Clients),
}

impl<'a> Inflow<'a> {
    /// Before the first request; none for a program that contradicts itself.
    pub(super) fn new(flow: &'a Flow, key: [u32; 2]) -> Option<Self> {
        Some(match flow.clients {
            Some(clients) => Self::Closed(Clients::new(clients, key)),
            None => Self::Open(Box::new(Source::new(flow, key)?)),
        })
    }

    /// When the next request enters, as far as is known.
    pub(super) fn next_at(&self) -> u64 {
        match self {
            Self::Open(source) => source.horizon(),
            Self::Closed(clients) => clients.next_at(),
        }
    }

    /// The next request, and when it enters.
    pub(super) fn next(&mut self) -> (u32, u64) {
        match self {
            Self::Open(source) => source.next(),
            Self::Closed(clients) => clients.next(),
        }
    }

    /// The gap before the request that entered last.
    pub(super) fn gap(&self) -> u32 {
        match self {
            Self::Open(source) => source.gap(),
            Self::Closed(clients) => clients.gap,
        }
    }

    /// A request has left.
    pub(super) fn leave(&mut self, at: u64) {
        if let Self::Closed(clients) = self {
            clients.leave(at);
        }
    }
}

/// Clients who think, until they ask. Which of them asks makes no difference.
pub(super) struct Clients {
    think: u64,
    /// When each who thinks will ask.
    thinking: BinaryHeap<Reverse<u64>>,
    request: u32,
    last: u64,
    gap: u32,
}

impl Clients {
    /// All think; each is somewhere in its pause, by a draw of its own.
    fn new(stated: network::Clients, key: [u32; 2]) -> Self {
        let think = u64::from(stated.think);
        let word = counter_word(0, Purpose::Gap, 0);
        let asks = |client| {
            let bits = u64::from(draw(key, client, word));
            Reverse(bits.wrapping_mul(think) >> 32)
        };
        Self {
            think,
            thinking: (0..stated.count).map(asks).collect(),
            request: 0,
            last: 0,
            gap: 0,
        }
    }

    fn next_at(&self) -> u64 {
        self.thinking.peek().map_or(u64::MAX, |&Reverse(at)| at)
    }

    fn next(&mut self) -> (u32, u64) {
        let at = self.thinking.pop().map_or(self.last, |Reverse(at)| at);
        self.gap = u32::try_from(at.saturating_sub(self.last)).unwrap_or(u32::MAX);
        self.last = at;
        let request = self.request;
        self.request = request.wrapping_add(1);
        (request, at)
    }

    fn leave(&mut self, at: u64) {
        self.thinking.push(Reverse(at.saturating_add(self.think)));
    }
}
