//! Where requests enter, and what is known of those on their way.

mod pace;

use std::collections::VecDeque;

use super::Fate;
use crate::draws::{Purpose, Table, counter_word, draw_each};
use crate::program::network::Flow;
use pace::Paced;

/// Draws made together, which lets the compiler use vector instructions.
const BLOCK: usize = 64;

/// The stream of arrivals.
pub(crate) struct Source<'a> {
    gaps: &'a Table,
    key: [u32; 2],
    block: [u32; BLOCK],
    /// Where the rate changes.
    paced: Option<Paced<'a>>,
    /// The next request, and when it arrives.
    request: u32,
    at: u64,
    /// The gaps before the last request and the next.
    gap: u32,
    next_gap: u32,
}

impl<'a> Source<'a> {
    pub(crate) fn new(flow: &'a Flow, key: [u32; 2]) -> Option<Self> {
        let mut source = Self {
            gaps: flow.tables.get(flow.gap)?,
            key,
            block: [0; BLOCK],
            paced: Paced::new(flow, key),
            request: 0,
            at: 0,
            gap: 0,
            next_gap: 0,
        };
        source.at = source.follow(0);
        Some(source)
    }

    fn gap_of(&mut self, request: u32) -> u32 {
        let place = request as usize % BLOCK;
        if place == 0 {
            let word = counter_word(0, Purpose::Gap, 0);
            let mut number = request;
            for gap in &mut self.block {
                *gap = number;
                number = number.wrapping_add(1);
            }
            draw_each(self.key, &mut self.block, word);
            self.gaps.each(&mut self.block);
        }
        self.block.get(place).copied().unwrap_or(0)
    }

    /// The next request and when it arrives.
    pub(crate) fn next(&mut self) -> (u32, u64) {
        let (request, at) = (self.request, self.at);
        self.gap = self.next_gap;
        self.request = request.wrapping_add(1);
        self.at = self.follow(self.request);
        (request, at)
    }

    /// When a request arrives, which follows the one at `self.at`.
    fn follow(&mut self, request: u32) -> u64 {
        let drawn = self.gap_of(request);
        let Some(paced) = &mut self.paced else {
            self.next_gap = drawn;
            return self.at.saturating_add(u64::from(drawn));
        };
        let at = paced.arrive(request, drawn);
        self.next_gap = u32::try_from(at.saturating_sub(self.at)).unwrap_or(u32::MAX);
        at
    }

    /// The gap before the request that arrived last.
    pub(super) fn gap(&self) -> u32 {
        self.gap
    }

    /// The first arrival not yet seen.
    pub(super) fn horizon(&self) -> u64 {
        self.at
    }
}

/// What is known of a request on its way.
#[derive(Clone, Copy, Debug)]
struct OnItsWay {
    born: u64,
    /// When a node first dropped it.
    dropped: u64,
    /// When an edge or a node of it first ran out of time.
    timed_out: u64,
    left: bool,
}

/// How a request left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// With an answer, after so long.
    Answered(u64),
    /// A full queue had dropped it.
    Dropped,
    /// An edge or a node had run out of time.
    TimedOut,
    /// No branch that it took leads to the outputs.
    Unanswered,
}

impl Left {
    /// How long it took to the answer.
    pub(super) fn time(self) -> Option<u64> {
        match self {
            Self::Answered(time) => Some(time),
            Self::Dropped | Self::TimedOut | Self::Unanswered => None,
        }
    }
}

/// The requests on their way.
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// The first of `known`.
    base: u32,
    known: VecDeque<OnItsWay>,
}

impl Requests {
    pub(super) fn enter(&mut self, born: u64) {
        self.known.push_back(OnItsWay {
            born,
            dropped: u64::MAX,
            timed_out: u64::MAX,
            left: false,
        });
    }

    fn get(&mut self, request: u32) -> Option<&mut OnItsWay> {
        let place = request.checked_sub(self.base)?;
        self.known.get_mut(place as usize)
    }

    /// A node gives a request up, if that is its fate.
    #[inline]
    pub(super) fn fail(&mut self, request: u32, at: u64, fate: Fate) {
        match fate {
            Fate::Dropped => self.drop(request, at),
            Fate::TimedOut { .. } => self.time_out(request, at),
            _ => {}
        }
    }

    /// The earliest counts: nodes take their turns in the order of the graph, not of time.
    fn drop(&mut self, request: u32, at: u64) {
        if let Some(known) = self.get(request) {
            known.dropped = known.dropped.min(at);
        }
    }

    pub(super) fn time_out(&mut self, request: u32, at: u64) {
        if let Some(known) = self.get(request) {
            known.timed_out = known.timed_out.min(at);
        }
    }

    /// A request leaves. Only what befell it until then tells why it has no answer.
    pub(super) fn leave(&mut self, request: u32, at: u64, answered: bool) -> Left {
        let Some(known) = self.get(request) else {
            return Left::Unanswered;
        };
        known.left = true;
        let left = if answered {
            Left::Answered(at.saturating_sub(known.born))
        } else if known.dropped <= at {
            Left::Dropped
        } else if known.timed_out <= at {
            Left::TimedOut
        } else {
            Left::Unanswered
        };
        while self.known.front().is_some_and(|known| known.left) {
            self.known.pop_front();
            self.base = self.base.wrapping_add(1);
        }
        left
    }
}
