//! What goes along the edges: onward, out of a loop, and back to its next round.

use core::cmp::Reverse;

use super::super::{Message, Tokens};
use super::rounds::{Sent, Turn};
use super::{Events, Place};
use crate::draws::{Purpose, counter_word, draw};

impl<'a> Events<'a> {
    /// Sends a value, or the word that there is none, along every edge that leaves a node.
    pub(super) fn send(
        &mut self,
        node: usize,
        edges: &[usize],
        (at, number): (u64, u32),
        value: Option<Tokens>,
    ) {
        let flow = self.flow;
        let index = u32::try_from(node).unwrap_or(u32::MAX);
        let own = self.loop_of.get(node).copied().flatten();
        let (round, _, request) = flow.visit(number);
        for &edge_index in edges {
            let Some(&edge) = flow.edges.get(edge_index) else {
                continue;
            };
            let word = counter_word(index, Purpose::Branch, edge.chance.visit);
            let all = edge.chance.is_certain();
            let value = value.filter(|_| all || edge.chance.holds(draw(self.key, number, word)));
            let sent = Sent { at, value };
            let target = self.loop_of.get(edge.to).copied().flatten();
            match own.and_then(|own| Some((own, self.loops.get_mut(own)?))) {
                Some((own, inside)) if edge.rounds > 0 => {
                    let hop = value.map_or(0, |_| u64::from(edge.hop));
                    let goes_on = value.is_some() && round.saturating_add(1) < edge.rounds;
                    let turn = inside.back(request, round, at.saturating_add(hop), goes_on);
                    self.go_round(own, request, round, turn);
                }
                Some((own, inside)) if target != Some(own) => {
                    if let Some(sent) = inside.leave(request, round, edge_index, sent) {
                        self.deliver(edge_index, request, sent);
                    }
                }
                _ => {
                    let number = if target == own { number } else { request };
                    self.deliver(edge_index, number, sent);
                }
            }
        }
    }

    /// A loop's round is over.
    fn go_round(&mut self, own: usize, request: u32, round: u32, turn: Turn) {
        let flow = self.flow;
        match turn {
            Turn::Open => {}
            Turn::Again(at) => {
                let Some(stated) = flow.loops.get(own) else {
                    return;
                };
                let number = flow.number(round.saturating_add(1), request);
                self.cancels.expect(request, stated.body.len() as u64);
                if self.flow.counting().contains(&request) {
                    let visits = stated.body.len() as u64;
                    self.goal = self.goal.saturating_add(visits);
                    for &node in &stated.body {
                        if let Some(place) = self.place_of(node) {
                            place.further = place.further.saturating_add(1);
                        }
                    }
                }
                if let Some(place) = self.place_of(stated.head) {
                    place.starts.push(Reverse((at, number)));
                }
                self.wake(stated.head, at);
            }
            Turn::Over(left) => {
                for (edge, sent) in left {
                    self.deliver(edge, request, sent);
                }
            }
        }
    }

    fn place_of(&mut self, node: usize) -> Option<&mut Place<'a>> {
        let &rank = self.rank.get(node)?;
        self.places.get_mut(rank)
    }

    fn wake(&mut self, node: usize, at: u64) {
        if let Some(&rank) = self.rank.get(node) {
            self.calendar.push(Reverse((at, rank)));
        }
    }

    /// Puts a word into the inbox at the end of an edge.
    fn deliver(&mut self, edge: usize, number: u32, sent: Sent) {
        let Some(&edge) = self.flow.edges.get(edge) else {
            return;
        };
        let hop = sent.value.map_or(0, |_| u64::from(edge.hop));
        let at = sent.at.saturating_add(hop);
        if let Some(place) = self.place_of(edge.to) {
            place.inbox.push(Reverse(Message {
                at,
                request: number,
                place: edge.place,
                value: sent.value.is_some(),
                answer: sent.value.unwrap_or_default(),
            }));
            self.wake(edge.to, at);
        }
    }
}
