//! One lane of a graph, from event to event.
//!
//! Where requests come back, in the rounds of a loop or as the next question of a client who has
//! the answer, no window of arrivals is known beforehand. But a window need not be long: here each
//! is one moment, the next at which anything happens anywhere. Nodes take their turns in it as in
//! the sweep, with the same stations and draws, so that both give equal counts where both apply.

mod inflow;
mod place;
mod rounds;
mod send;
mod slices;

use core::cmp::Reverse;
use std::collections::BinaryHeap;

use super::source::Requests;
use super::stations::{Arrival, each};
use super::{Departure, Ending, Fate, LaneRecord, Leaving, Tokens};
use crate::error::SimulationError;
use crate::program::network::{Flow, Node};
use inflow::Inflow;
use place::Place;
use rounds::Loop;
use slices::Slices;

/// Moments between two looks at whether the caller still wants the result.
const MOMENTS: u32 = 1 << 12;

/// A lane on its way.
pub(crate) struct Events<'a> {
    flow: &'a Flow,
    key: [u32; 2],
    inflow: Inflow<'a>,
    requests: Requests,
    /// In topological order, loops taken as if their edges back were not there.
    places: Vec<Place<'a>>,
    /// GPUs that places use in turns.
    gpus: Vec<Slices<'a>>,
    /// Where each node stands in `places`.
    rank: Vec<usize>,
    /// When places have something to do, by time and their order.
    calendar: BinaryHeap<Reverse<(u64, usize)>>,
    loops: Vec<Loop<'a>>,
    /// The loop that each node is in.
    loop_of: Vec<Option<usize>>,
    /// Visits of counted requests that have ended, and how many there will have been.
    ended: u64,
    goal: u64,
    ending: Ending,
    /// When the last request before those that are counted entered, and the last of them.
    counted: (u64, u64),
    /// Whether visits had more numbers than there are.
    is_spent: bool,
    /// Buffers of one node's turn.
    arrivals: Vec<Arrival>,
    departures: Vec<Departure>,
}

impl<'a> Events<'a> {
    /// A lane before its first arrival; none for a program that contradicts itself.
    pub(crate) fn new(flow: &'a Flow, replication: u32) -> Option<Self> {
        let key = [flow.seed, replication];
        let mut rank = vec![0; flow.nodes.len()];
        let mut places = Vec::new();
        for (position, &index) in flow.order.iter().enumerate() {
            *rank.get_mut(index)? = position;
            places.push(Place::new(flow, index, key)?);
        }
        let mut events = Self {
            flow,
            key,
            inflow: Inflow::new(flow, key)?,
            requests: Requests::default(),
            places,
            gpus: flow
                .gpus
                .iter()
                .map(|group| Slices::new(flow, group, key))
                .collect::<Option<_>>()?,
            rank,
            calendar: BinaryHeap::new(),
            loops: flow.loops.iter().map(Loop::new).collect(),
            loop_of: (0..flow.nodes.len())
                .map(|node| flow.loop_of(node))
                .collect(),
            ended: 0,
            goal: u64::from(flow.counted).saturating_mul(flow.nodes.len() as u64),
            ending: Ending::new(flow.has_streams()),
            counted: (0, 0),
            is_spent: false,
            arrivals: Vec::new(),
            departures: Vec::new(),
        };
        // Some have something to do before anybody comes.
        for position in 0..events.places.len() {
            if let Some(next) = events.next(position) {
                events.calendar.push(Reverse((next, position)));
            }
        }
        Some(events)
    }

    pub(crate) fn is_done(&self) -> bool {
        self.ended >= self.goal || self.is_spent
    }

    /// Simulates a while and says how many requests arrived in it.
    pub(crate) fn advance(&mut self) -> u32 {
        let mut arrived = 0_u32;
        for _ in 0..MOMENTS {
            if self.is_done() {
                break;
            }
            let happens = self.calendar.peek().map(|&Reverse((at, _))| at);
            let now = self.inflow.next_at().min(happens.unwrap_or(u64::MAX));
            while self.inflow.next_at() == now && !self.is_spent {
                self.enter();
                arrived = arrived.saturating_add(1);
            }
            // Entries of one time come in the order of the places.
            while let Some(&Reverse((at, position))) = self.calendar.peek()
                && at == now
            {
                self.calendar.pop();
                self.turn(position, now);
            }
        }
        arrived
    }

    /// The next request enters.
    fn enter(&mut self) {
        let flow = self.flow;
        let (request, at) = self.inflow.next();
        if request >= flow.span {
            self.is_spent = true;
            return;
        }
        self.requests.enter(at);
        let next = request.saturating_add(1);
        if next == flow.warmup {
            self.counted.0 = at;
        }
        if next == flow.end() {
            self.counted.1 = at;
        }
        if self.flow.counting().contains(&request) {
            self.ending.enter(self.inflow.gap());
        }
        // The source has the number after the sink's.
        let source = flow.nodes.len();
        self.send(
            source,
            &flow.entries,
            (at, request),
            Some(Tokens::default()),
        );
    }

    /// When something happens at a place next, as far as is known.
    fn next(&self, position: usize) -> Option<u64> {
        let place = self.places.get(position)?;
        let (group, member) = place.slice.unzip();
        let slices = group.and_then(|group| self.gpus.get(group));
        let turn = slices
            .zip(member)
            .and_then(|(slices, member)| slices.next(member));
        place.next().into_iter().chain(turn).min()
    }

    /// One node's turn at one moment.
    fn turn(&mut self, position: usize, now: u64) {
        // An earlier turn may have done what this one was for.
        if self.next(position).is_none_or(|next| next > now) {
            return;
        }
        self.end(position, now);
        let Some(place) = self.places.get_mut(position) else {
            return;
        };
        place.gather(now, &mut self.requests, &mut self.arrivals);
        let counting = self.flow.counting();
        for arrival in &self.arrivals {
            let (.., request) = self.flow.visit(arrival.request);
            if counting.contains(&request) {
                place.visits.enter(arrival.at);
            }
        }
        let slice = place
            .slice
            .and_then(|(group, member)| Some((self.gpus.get_mut(group)?, member)));
        if let Some((slices, member)) = slice {
            each(&self.arrivals, &mut self.departures, |arrival, _| {
                slices.take(member, arrival);
            });
            slices.batch(member);
            slices.leave(member, &mut self.departures);
        } else {
            let arrivals = &self.arrivals;
            place
                .station
                .serve(arrivals, now.saturating_add(1), &mut self.departures);
        }
        self.tell(position);
        self.wake_all(position);
    }

    /// Those leave who have been here until now, and come again with those who come now.
    fn end(&mut self, position: usize, now: u64) {
        let Some(place) = self.places.get_mut(position) else {
            return;
        };
        let slice = place
            .slice
            .and_then(|(group, member)| Some((self.gpus.get_mut(group)?, member)));
        if let Some((slices, member)) = slice {
            slices.advance(now);
            slices.leave(member, &mut self.departures);
        } else if place.node.call.attempts > 1 {
            place.station.expire(now, &mut self.departures);
        }
        self.tell(position);
    }

    /// Tells who has left a place.
    fn tell(&mut self, position: usize) {
        let Some(place) = self.places.get(position) else {
            return;
        };
        let (index, node) = (place.index, place.node);
        let mut departures = core::mem::take(&mut self.departures);
        for departure in departures.drain(..) {
            if index == self.flow.sink() {
                self.leave(&departure);
            } else {
                self.depart(position, node, &departure);
            }
        }
        self.departures = departures;
    }

    /// Looks when a place has its next turn, and those that share its GPU.
    fn wake_all(&mut self, position: usize) {
        let flow = self.flow;
        let place = self.places.get(position);
        let group = place.and_then(|place| flow.gpus.get(place.slice?.0));
        let others = group.into_iter().flatten();
        let others = others.filter_map(|slice| self.rank.get(slice.node).copied());
        let others = others.filter(|&other| other != position);
        for position in others.chain([position]) {
            if let Some(next) = self.next(position) {
                self.calendar.push(Reverse((next, position)));
            }
        }
    }

    /// A visit has ended, now or at a time that is known by now.
    fn depart(&mut self, position: usize, node: &'a Node, departure: &Departure) {
        let flow = self.flow;
        let Departure {
            at,
            request: number,
            fate,
        } = *departure;
        let (round, _, request) = flow.visit(number);
        let is_counted = self.flow.counting().contains(&request);
        let Some(place) = self.places.get_mut(position) else {
            return;
        };
        let index = place.index;
        if is_counted {
            self.ended = self.ended.saturating_add(1);
            place.visits.leave(departure);
        }
        if place.again(departure) {
            if is_counted {
                self.goal = self.goal.saturating_add(1);
                place.further = place.further.saturating_add(1);
            }
            self.calendar.push(Reverse((at, position)));
            return;
        }
        if !node.passes_on_drop {
            self.requests.fail(request, at, fate);
        }
        let sent = Leaving::after(departure, node.passes_on_drop);
        let value = sent.value.then_some(sent.answer);
        let first = flow.number(round, request);
        self.send(index, &node.outputs, (at, first), value);
    }

    /// A request leaves at the sink.
    fn leave(&mut self, departure: &Departure) {
        let Departure {
            at, request, fate, ..
        } = *departure;
        let answered = matches!(fate, Fate::Served { .. } | Fate::Streamed { .. });
        let left = self.requests.leave(request, at, answered);
        self.inflow.leave(at);
        if self.flow.counting().contains(&request) {
            self.ended = self.ended.saturating_add(1);
            self.ending.leave(left, self.flow.objective, fate.tokens());
        }
    }

    /// What the lane counted.
    ///
    /// # Errors
    /// [`SimulationError::Invariant`] if the counts contradict one another,
    /// [`SimulationError::Setting`] if more requests entered than can be told apart.
    pub(crate) fn into_record(self) -> Result<LaneRecord, SimulationError> {
        if self.is_spent {
            let reason = "more requests are on their way in a replication than can be told apart \
                          with so many rounds and tries; give fewer requests, or more replications";
            return Err(SimulationError::setting("requests", reason));
        }
        let counted = u64::from(self.flow.counted);
        let gpus = &self.gpus;
        let visits = self.places.into_iter().map(|mut place| {
            let slices = place
                .slice
                .and_then(|(group, of)| Some((gpus.get(group)?, of)));
            place.visits.add_usage(match slices {
                Some((slices, member)) => slices.usage(member),
                None => place.station.usage(),
            });
            let whole = (place.visits.first, place.visits.last.saturating_add(1));
            place.visits.replicas = place.station.replica_time(self.counted, whole);
            let entered = counted.saturating_add(place.further);
            (place.index, place.visits, entered)
        });
        LaneRecord::new(self.flow, visits, self.ending)
    }
}
