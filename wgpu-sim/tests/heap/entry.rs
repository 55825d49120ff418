//! Who enters when: as they come, or when one of so many has left, from the semantics alone.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::iter::Peekable;

use wgpu_sim::draws::{Purpose, counter_word, draw};
use wgpu_sim::network::Flow;

use super::arrivals;

pub(super) struct Entry<'a> {
    /// When requests come, if nobody's answer decides that.
    stream: Option<Peekable<Box<dyn Iterator<Item = u64> + 'a>>>,
    /// When clients ask, and whether they do so at the very time of their last answer.
    asking: BinaryHeap<Reverse<(u64, bool)>>,
    think: u64,
    /// How many more may enter now.
    room: u64,
    /// When one left while nobody more could enter.
    opened: Option<u64>,
}

impl<'a> Entry<'a> {
    pub(super) fn new(flow: &'a Flow, replication: u32) -> Self {
        let limit = flow.admission.map(|admission| admission.limit);
        let mut entry = Self {
            stream: None,
            asking: BinaryHeap::new(),
            think: 0,
            room: limit.map_or(u64::MAX, u64::from),
            opened: None,
        };
        let Some(clients) = flow.clients else {
            entry.stream = Some(arrivals::of(flow, replication).peekable());
            return entry;
        };
        entry.think = clients.think.into();
        for client in 0..clients.count {
            // Each is somewhere in its first pause.
            let bits = draw(
                [flow.seed, replication],
                client,
                counter_word(0, Purpose::Gap, 0),
            );
            let at = (u64::from(bits) * entry.think) >> 32;
            entry.asking.push(Reverse((at, false)));
        }
        entry
    }

    /// When the next one came or comes, when it enters, and whether all else of that moment happens
    /// before.
    pub(super) fn next(&mut self) -> Option<(u64, u64, bool)> {
        if self.room == 0 {
            return None;
        }
        let (came, is_late) = match &mut self.stream {
            Some(stream) => (*stream.peek()?, false),
            None => self.asking.peek()?.0,
        };
        Some(match self.opened {
            Some(opened) if opened >= came => (came, opened, true),
            _ => (came, came, is_late),
        })
    }

    pub(super) fn enter(&mut self) {
        self.room -= 1;
        match &mut self.stream {
            Some(stream) => {
                stream.next();
            }
            None => {
                self.asking.pop();
            }
        }
    }

    pub(super) fn leave(&mut self, at: u64) {
        if self.room == 0 {
            self.opened = Some(at);
        }
        self.room += 1;
        if self.stream.is_none() {
            let asks = at + self.think;
            self.asking.push(Reverse((asks, self.think == 0)));
        }
    }
}
