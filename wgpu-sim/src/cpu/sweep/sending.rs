//! What nodes send along their edges.

use super::{Departure, Fate, Message, Place, Tokens};
use crate::draws::{Purpose, counter_word, draw_each};
use crate::program::network::{Edge, Flow};

/// What goes along the edges of a node: a request's value, or the word that there is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaving {
    pub(super) at: u64,
    pub(super) request: u32,
    pub(super) value: bool,
    pub(super) answer: Tokens,
}

impl Leaving {
    /// What follows from a departure; `passes_on_drop` says that what a full queue drops, or
    /// what is not served in time, goes on.
    #[inline]
    pub(super) fn after(departure: &Departure, passes_on_drop: bool) -> Self {
        let &Departure { at, request, fate } = departure;
        let (value, answer) = match fate {
            Fate::Served { .. } => (true, Tokens::default()),
            Fate::Streamed { answer, .. } => (true, answer),
            Fate::Dropped | Fate::TimedOut { .. } => (passes_on_drop, Tokens::default()),
            Fate::Cancelled { .. } | Fate::Skipped => (false, Tokens::default()),
        };
        Self {
            at,
            request,
            value,
            answer,
        }
    }

    /// As it comes to the other end of an edge; a word that there is no value takes no time.
    #[inline]
    pub(super) fn along(self, edge: &Edge, taken: bool) -> Message {
        let taken = taken && self.value;
        let hop = if taken { u64::from(edge.hop) } else { 0 };
        Message {
            at: self.at.saturating_add(hop),
            request: self.request,
            place: edge.place,
            value: taken,
            answer: if taken {
                self.answer
            } else {
                Tokens::default()
            },
        }
    }
}

/// The edges that leave a node.
pub(super) struct Sending<'a> {
    pub(super) flow: &'a Flow,
    pub(super) key: [u32; 2],
    pub(super) index: u32,
    pub(super) edges: &'a [usize],
}

impl Sending<'_> {
    /// Sends what leaves along every edge: a value, or the word that there is none, which an edge
    /// that the request does not take carries at once.
    pub(super) fn send(
        &self,
        places: &mut [Place<'_>],
        rank: &[usize],
        leaving: &(impl Iterator<Item = Leaving> + Clone),
        draws: &mut Vec<u32>,
    ) {
        // Edges that exclude each other share their draws.
        let mut visited = None;
        for &edge in self.edges {
            let Some(edge) = self.flow.edges.get(edge) else {
                continue;
            };
            let target = rank.get(edge.to).and_then(|&rank| places.get_mut(rank));
            let Some(target) = target else { continue };
            if edge.chance.is_certain() {
                target
                    .inbox
                    .extend(leaving.clone().map(|sent| sent.along(edge, true)));
                continue;
            }
            let visit = edge.chance.visit;
            if visited != Some(visit) {
                visited = Some(visit);
                draws.clear();
                draws.extend(leaving.clone().map(|sent| sent.request));
                let word = counter_word(self.index, Purpose::Branch, visit);
                draw_each(self.key, draws, word);
            }
            let draws = draws.iter();
            let messages = leaving
                .clone()
                .zip(draws)
                .map(|(sent, &bits)| sent.along(edge, edge.chance.holds(bits)));
            target.inbox.extend(messages);
        }
    }
}
