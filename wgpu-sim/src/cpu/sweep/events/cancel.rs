//! Work that nobody needs any more, since the join that it was done for has what it waits for.

use std::collections::{BTreeMap, BTreeSet};

use super::Events;
use crate::program::network::Flow;

/// Fewer requests inside are no flood, however short a run is.
const FLOOD: u32 = 1 << 14;

/// The requests whose joins have decided.
pub(super) struct Cancels<'a> {
    flow: &'a Flow,
    /// Those that each node serves alone, by their place among those that cancel.
    of_node: Vec<Vec<usize>>,
    /// Decisions: the request, the join's place, and the number of the first visit in its round.
    decided: BTreeSet<(u32, usize, u32)>,
    /// Visits of each request that have not ended; when none is left, its decisions are forgotten.
    open: BTreeMap<u32, u64>,
}

impl<'a> Cancels<'a> {
    pub(super) fn new(flow: &'a Flow) -> Self {
        let mut of_node = vec![Vec::new(); flow.nodes.len()];
        for (place, cancel) in flow.cancels.iter().enumerate() {
            for &node in &cancel.nodes {
                if let Some(own) = of_node.get_mut(node) {
                    own.push(place);
                }
            }
        }
        Self {
            flow,
            of_node,
            decided: BTreeSet::new(),
            open: BTreeMap::new(),
        }
    }

    /// Whether so many inside say that more come than go, of a graph that would keep up only if
    /// enough were cancelled. Warming up takes several times as many as are inside at a time: no
    /// graph that keeps up holds all that a run counts.
    pub(super) fn is_flooded(&self, inside: u32) -> bool {
        let is_over = |index: usize| {
            let node = self.flow.nodes.get(index);
            node.is_some_and(|node| node.load >= 1.0)
        };
        inside >= self.flow.end().max(FLOOD)
            && self.flow.clients.is_none()
            && (0..self.flow.nodes.len()).any(is_over)
    }

    fn is_idle(&self) -> bool {
        self.flow.cancels.is_empty()
    }

    /// A request enters.
    pub(super) fn enter(&mut self, request: u32) {
        self.expect(request, self.flow.nodes.len() as u64);
    }

    /// So many further visits of a request come.
    pub(super) fn expect(&mut self, request: u32, visits: u64) {
        if !self.is_idle() {
            let open = self.open.entry(request).or_default();
            *open = open.saturating_add(visits);
        }
    }

    /// A visit of a request has ended, and no other try follows.
    pub(super) fn end(&mut self, request: u32) {
        let Some(open) = self.open.get_mut(&request) else {
            return;
        };
        *open = open.saturating_sub(1);
        if *open > 0 {
            return;
        }
        self.open.remove(&request);
        let whole = (request, 0, 0)..=(request, usize::MAX, u32::MAX);
        while let Some(&decision) = self.decided.range(whole.clone()).next() {
            self.decided.remove(&decision);
        }
    }

    /// The place of a join among those that cancel.
    fn place_of(&self, join: usize) -> Option<usize> {
        let mut cancels = self.flow.cancels.iter();
        cancels.position(|cancel| cancel.join == join)
    }

    /// What a visit's decision is known by.
    fn key(&self, place: usize, number: u32) -> (u32, usize, u32) {
        let (round, _, request) = self.flow.visit(number);
        let cancel = self.flow.cancels.get(place);
        let round = if cancel.is_some_and(|cancel| cancel.in_rounds) {
            round
        } else {
            0
        };
        (request, place, self.flow.number(round, request))
    }

    /// Whether nobody needs a visit to a node any more.
    pub(super) fn holds(&self, node: usize, number: u32) -> bool {
        let own = self.of_node.get(node).map_or(&[][..], Vec::as_slice);
        let mut own = own.iter().map(|&place| self.key(place, number));
        own.any(|key| self.decided.contains(&key))
    }
}

impl Events<'_> {
    /// A node has decided for those who came at this moment: what served it alone is not needed any
    /// more.
    pub(super) fn cancel(&mut self, position: usize, now: u64) {
        let Some(index) = self.places.get(position).map(|place| place.index) else {
            return;
        };
        let flow = self.flow;
        let Some(place) = self.cancels.place_of(index) else {
            return;
        };
        let Some(cancel) = flow.cancels.get(place) else {
            return;
        };
        let numbers: Vec<u32> = self
            .arrivals
            .iter()
            .map(|arrival| arrival.request)
            .collect();
        for number in numbers {
            let key = self.cancels.key(place, number);
            self.cancels.decided.insert(key);
            let (request, _, first) = key;
            let (round, ..) = flow.visit(first);
            let is_wanted = |number: u32| {
                let (own, _, of) = flow.visit(number);
                of == request && (own == round || !cancel.in_rounds)
            };
            for &node in &cancel.nodes {
                self.cancel_at(node, request, now, &is_wanted);
            }
        }
    }

    /// Takes visits of a request out of a node.
    fn cancel_at(&mut self, node: usize, request: u32, now: u64, is_wanted: &dyn Fn(u32) -> bool) {
        let Some(&position) = self.rank.get(node) else {
            return;
        };
        let Some(place) = self.places.get_mut(position) else {
            return;
        };
        let departures = &mut self.departures;
        let slice = place
            .slice
            .and_then(|(group, member)| Some((self.gpus.get_mut(group)?, member)));
        if let Some((slices, member)) = slice {
            slices.cancel(member, now, is_wanted);
            slices.leave(member, departures);
        } else {
            place.station.cancel(request, now, is_wanted, departures);
        }
        if !self.departures.is_empty() {
            self.tell(position);
            self.wake_all(position);
        }
    }
}
