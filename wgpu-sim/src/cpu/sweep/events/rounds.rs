//! A loop's rounds: when the next starts, and what leaves when the last is over.
//!
//! A round is over when each edge back has spoken. If one of them brings a value and may go on, the
//! head starts another. Else what left the loop goes out: of each edge, the value of the last round
//! in which it was taken.

use std::collections::BTreeMap;

use super::super::Tokens;
use crate::program::network::Rounds;

/// What an edge carries: a value, or the word that there is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) at: u64,
    pub(super) value: Option<Tokens>,
}

/// What follows from a word on an edge back.
#[derive(Debug)]
pub(super) enum Turn {
    /// Others have not spoken.
    Open,
    /// Another round starts at this time.
    Again(u64),
    /// The loop is over, and these edges out of it carry this.
    Over(Vec<(usize, Sent)>),
}

/// What one edge out of the loop has said.
#[derive(Clone, Copy, Debug, Default)]
struct Exit {
    /// The rounds in which it has spoken.
    spoken: u32,
    /// Its last value.
    value: Option<(u32, u64, Tokens)>,
}

/// One request in the loop.
#[derive(Debug)]
struct Inside {
    /// Of this round: how many edges back have spoken, when the last did, and whether it goes on.
    heard: usize,
    at: u64,
    goes_on: bool,
    exits: Vec<Exit>,
    /// When the loop was over.
    over: Option<(u32, u64)>,
    /// Edges out of it that have told how it ended.
    told: usize,
}

/// A loop with the requests inside.
pub(super) struct Loop<'a> {
    rounds: &'a Rounds,
    inside: BTreeMap<u32, Inside>,
}

impl<'a> Loop<'a> {
    pub(super) fn new(rounds: &'a Rounds) -> Self {
        Self {
            rounds,
            inside: BTreeMap::new(),
        }
    }

    fn inside(&mut self, request: u32) -> &mut Inside {
        let exits = self.rounds.exits.len();
        self.inside.entry(request).or_insert_with(|| Inside {
            heard: 0,
            at: 0,
            goes_on: false,
            exits: vec![Exit::default(); exits],
            over: None,
            told: 0,
        })
    }

    /// An edge back speaks.
    pub(super) fn back(&mut self, request: u32, round: u32, at: u64, goes_on: bool) -> Turn {
        let edges = self.rounds.back.len();
        let inside = self.inside(request);
        inside.heard = inside.heard.saturating_add(1);
        inside.at = inside.at.max(at);
        inside.goes_on |= goes_on;
        if inside.heard < edges {
            return Turn::Open;
        }
        let at = inside.at;
        if inside.goes_on {
            (inside.heard, inside.at, inside.goes_on) = (0, 0, false);
            return Turn::Again(at);
        }
        inside.over = Some((round, at));
        let spoken = round.saturating_add(1);
        let exits = self.rounds.exits.iter().copied();
        let inside = self.inside.get(&request);
        let said = inside.map_or(&[][..], |inside| &inside.exits);
        let out: Vec<(usize, Sent)> = exits
            .zip(said)
            .filter(|(_, exit)| exit.spoken == spoken)
            .map(|(edge, exit)| (edge, exit.sent(at)))
            .collect();
        self.tell(request, out.len());
        Turn::Over(out)
    }

    /// An edge out of the loop speaks; says what it carries if the loop is over.
    pub(super) fn leave(
        &mut self,
        request: u32,
        round: u32,
        edge: usize,
        sent: Sent,
    ) -> Option<Sent> {
        let place = self.rounds.exits.iter().position(|&exit| exit == edge)?;
        let inside = self.inside(request);
        let exit = inside.exits.get_mut(place)?;
        exit.spoken = exit.spoken.saturating_add(1);
        if let Some(tokens) = sent.value
            && exit.value.is_none_or(|(known, ..)| known <= round)
        {
            exit.value = Some((round, sent.at, tokens));
        }
        let (last, at) = inside.over?;
        if exit.spoken <= last {
            return None;
        }
        let carried = exit.sent(at.max(sent.at));
        self.tell(request, 1);
        Some(carried)
    }

    /// So many edges out of the loop have told how it ended; when all have, it is forgotten.
    fn tell(&mut self, request: u32, count: usize) {
        let inside = self.inside(request);
        inside.told = inside.told.saturating_add(count);
        if inside.told >= self.rounds.exits.len() {
            self.inside.remove(&request);
        }
    }
}

impl Exit {
    /// What it carries when the loop is over. A value that had to wait for that is no stream any
    /// more.
    fn sent(&self, over: u64) -> Sent {
        match self.value {
            Some((_, at, tokens)) if at >= over => Sent {
                at,
                value: Some(tokens),
            },
            Some((_, _, tokens)) => Sent {
                at: over,
                value: Some(Tokens { head: 0, ..tokens }),
            },
            None => Sent {
                at: over,
                value: None,
            },
        }
    }
}
