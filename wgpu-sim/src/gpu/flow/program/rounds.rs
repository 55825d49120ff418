//! Loops in the words that the kernel reads.

use super::super::names::{EXIT, INSIDE, LOOP};
use super::{Arena, Fields, GpuError, Lists, REQUESTS, ROUNDS, number};
use crate::program::network::{Edge, Flow};

/// What is simulated from event to event and lets no lane of the GPU hold its state.
///
/// # Errors
/// [`GpuError::Unsuitable`] names it.
pub(super) fn check(flow: &Flow) -> Result<(), GpuError> {
    let Some(reason) = &flow.by_events else {
        return Ok(());
    };
    let others = [
        (!flow.gpus.is_empty(), "nodes that use a GPU in turns"),
        (flow.tries > 1, "retries"),
        (flow.clients.is_some(), "clients who wait for their answer"),
    ];
    let other = others.into_iter().find(|(is_there, _)| *is_there);
    let Some((_, what)) = other else {
        return Ok(());
    };
    Err(GpuError::Unsuitable(format!(
        "this graph is simulated from event to event ({reason}), and {what} by the CPU alone"
    )))
}

impl Lists<'_> {
    /// The records of the loops, with words of a lane for the requests inside. Where the edges are
    /// that leave them is filled in by and by.
    pub(super) fn loops(&mut self, arena: &mut Arena) {
        let flow = self.flow;
        for rounds in &flow.loops {
            let exits = rounds.exits.len();
            let words = exits.saturating_mul(EXIT.count());
            let words = words.saturating_add(INSIDE.count());
            let record = LOOP.record(&[
                ("LOOP_HEAD", self.place_of(rounds.head)),
                ("LOOP_BACKS", number(rounds.back.len())),
                ("LOOP_BODY", number(rounds.body.len())),
                ("LOOP_EXITS", number(exits)),
                ("LOOP_INSIDE", arena.take(words.saturating_mul(REQUESTS))),
                ("LOOP_REQUEST_WORDS", number(words)),
            ]);
            self.loops.push(self.here());
            self.words.extend(record);
            self.words.extend(core::iter::repeat_n(0, exits));
        }
    }

    /// The loop that an edge leads back in or out of, as the place of its record, and its number among
    /// those that lead out. 0 for an edge onward.
    pub(super) fn way_out(&mut self, index: usize, edge: &Edge) -> (u32, u32) {
        let flow = self.flow;
        let Some(own) = edge.from.and_then(|from| flow.loop_of(from)) else {
            return (0, 0);
        };
        let (Some(rounds), Some(&record)) = (flow.loops.get(own), self.loops.get(own)) else {
            return (0, 0);
        };
        if edge.rounds > 0 {
            return (record, 0);
        }
        let Some(exit) = rounds.exits.iter().position(|&exit| exit == index) else {
            return (0, 0);
        };
        let here = self.here();
        let place = (record as usize)
            .saturating_sub(self.start)
            .saturating_add(LOOP.count())
            .saturating_add(exit);
        if let Some(word) = self.words.get_mut(place) {
            *word = here;
        }
        (record, number(exit))
    }

    /// What a node waits for in the rounds of its loop, and how many of them may be awaited at once.
    /// In the first it does not wait for edges back, later not for what comes from outside.
    pub(super) fn rounds(&self, index: usize, fields: &mut Fields, arena: &mut Arena) -> usize {
        let flow = self.flow;
        if flow.by_events.is_none() {
            return 1;
        }
        fields.push(("WAKE", arena.take(2)));
        let own = flow.loop_of(index);
        let Some(rounds) = own.and_then(|own| flow.loops.get(own)) else {
            return 1;
        };
        let (mut kept, mut absent) = (0_u32, 0_u32);
        let inputs = flow.nodes.get(index).map_or(&[][..], |node| &node.inputs);
        for (place, edge) in (0_u32..).zip(inputs.iter().filter_map(|&edge| flow.edges.get(edge))) {
            let bit = 1_u32.wrapping_shl(place);
            if edge.rounds > 0 {
                absent |= bit;
            } else if edge.from.and_then(|from| flow.loop_of(from)) != own {
                kept |= bit;
            }
        }
        let most = rounds.back.iter().map(|&(_, most)| most).max();
        let most = most.unwrap_or(1).next_power_of_two().min(ROUNDS);
        fields.extend([
            ("KEPT", kept),
            ("ABSENT", absent),
            ("ROUND_MASK", most.saturating_sub(1)),
        ]);
        most as usize
    }
}
