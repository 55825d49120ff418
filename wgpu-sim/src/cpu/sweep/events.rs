//! One lane of a graph, from event to event.
//!
//! Where requests come back, in the rounds of a loop or as the next question of a client who has
//! the answer, no window of arrivals is known beforehand. But a window need not be long: here each
//! is one moment, the next at which anything happens anywhere. Nodes take their turns in it as in
//! the sweep, with the same stations and draws, so that both give equal counts where both apply.

mod inflow;
mod rounds;

use core::cmp::Reverse;
use std::collections::BinaryHeap;

use super::gather::Gathering;
use super::source::Requests;
use super::stations::{Arrival, Station};
use super::{Departure, Ending, Fate, LaneRecord, Leaving, Message, Tokens, Visits};
use crate::draws::{Purpose, counter_word, draw};
use crate::error::SimulationError;
use crate::program::network::{Flow, Node};
use inflow::Inflow;
use rounds::{Loop, Sent, Turn};

/// Moments between two looks at whether the caller still wants the result.
const MOMENTS: u32 = 1 << 12;

struct Place<'a> {
    node: &'a Node,
    index: usize,
    /// What edges bring, now and later.
    inbox: BinaryHeap<Reverse<Message>>,
    /// Visits that wait for no edge: a loop's next round, another try.
    starts: BinaryHeap<Reverse<(u64, u32)>>,
    /// What is awaited in each round of the node's loop; without one, in the only round.
    rounds: Vec<Gathering<'a>>,
    station: Station<'a>,
    visits: Visits,
    /// Visits of counted requests beyond one for each.
    further: u64,
}

impl Place<'_> {
    /// When something happens here next, as far as is known.
    fn next(&self) -> Option<u64> {
        let word = self.inbox.peek().map(|Reverse(message)| message.at);
        let start = self.starts.peek().map(|&Reverse((at, _))| at);
        let timers = self.rounds.iter().filter_map(Gathering::next);
        let known = [word, start, self.station.next()];
        known.into_iter().flatten().chain(timers).min()
    }
}

/// A lane on its way.
pub(crate) struct Events<'a> {
    flow: &'a Flow,
    key: [u32; 2],
    inflow: Inflow<'a>,
    requests: Requests,
    /// In topological order, loops taken as if their edges back were not there.
    places: Vec<Place<'a>>,
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
    /// Whether visits had more numbers than there are.
    is_spent: bool,
    /// Buffers of one node's turn.
    words: Vec<Message>,
    decided: Vec<Arrival>,
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
            let node = flow.nodes.get(index)?;
            let number = u32::try_from(index).ok()?;
            places.push(Place {
                node,
                index,
                inbox: BinaryHeap::new(),
                starts: BinaryHeap::new(),
                rounds: vec![gathering(flow, index, 0)?],
                station: Station::new(flow, node, key, number)?,
                visits: Visits::new(),
                further: 0,
            });
        }
        Some(Self {
            flow,
            key,
            inflow: Inflow::new(flow, key)?,
            requests: Requests::default(),
            places,
            rank,
            calendar: BinaryHeap::new(),
            loops: flow.loops.iter().map(Loop::new).collect(),
            loop_of: (0..flow.nodes.len())
                .map(|node| flow.loop_of(node))
                .collect(),
            ended: 0,
            goal: u64::from(flow.counted).saturating_mul(flow.nodes.len() as u64),
            ending: Ending::new(flow.has_streams()),
            is_spent: false,
            words: Vec::new(),
            decided: Vec::new(),
            arrivals: Vec::new(),
            departures: Vec::new(),
        })
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

    /// One node's turn at one moment.
    fn turn(&mut self, position: usize, now: u64) {
        let Some(place) = self.places.get_mut(position) else {
            return;
        };
        // An earlier turn may have done what this one was for.
        if place.next().is_none_or(|next| next > now) {
            return;
        }
        let (index, node, flow) = (place.index, place.node, self.flow);
        self.gather(position, now);
        self.departures.clear();
        let Some(place) = self.places.get_mut(position) else {
            return;
        };
        let counting = flow.counting();
        for arrival in &self.arrivals {
            let (.., request) = flow.visit(arrival.request);
            if counting.contains(&request) {
                place.visits.enter(arrival.at);
            }
        }
        place
            .station
            .serve(&self.arrivals, now.saturating_add(1), &mut self.departures);
        if let Some(next) = place.next() {
            self.calendar.push(Reverse((next, position)));
        }
        let departures = core::mem::take(&mut self.departures);
        for departure in &departures {
            if index == flow.sink() {
                self.leave(departure);
            } else {
                self.depart(position, node, departure);
            }
        }
        self.departures = departures;
    }

    /// Collects who comes to a node at this moment, in the order of their numbers.
    fn gather(&mut self, position: usize, now: u64) {
        let flow = self.flow;
        self.arrivals.clear();
        self.words.clear();
        let Some(place) = self.places.get_mut(position) else {
            return;
        };
        while let Some(&Reverse(message)) = place.inbox.peek()
            && message.at <= now
        {
            place.inbox.pop();
            self.words.push(message);
        }
        let mut words = self.words.iter().copied().peekable();
        let mut round = 0_u32;
        while words.peek().is_some() || (round as usize) < place.rounds.len() {
            if (round as usize) >= place.rounds.len() {
                let Some(next) = gathering(flow, place.index, round) else {
                    break;
                };
                place.rounds.push(next);
            }
            let mut own = Vec::new();
            while let Some(&message) = words.peek()
                && let (of, _, request) = flow.visit(message.request)
                && of == round
            {
                own.push(Message { request, ..message });
                words.next();
            }
            self.decided.clear();
            if let Some(gathering) = place.rounds.get_mut(round as usize) {
                let requests = &mut self.requests;
                gathering.decide(
                    &mut own,
                    now.saturating_add(1),
                    &mut self.decided,
                    &mut |at, request| requests.time_out(request, at),
                );
            }
            self.arrivals
                .extend(self.decided.iter().map(|arrival| Arrival {
                    request: flow.number(round, arrival.request),
                    ..*arrival
                }));
            round = round.saturating_add(1);
        }
        let decided = self.arrivals.len();
        while let Some(&Reverse((at, number))) = place.starts.peek()
            && at <= now
        {
            place.starts.pop();
            self.arrivals.push(Arrival {
                at: now,
                request: number,
                value: true,
                answer: Tokens::default(),
            });
        }
        if self.arrivals.len() > decided {
            self.arrivals.sort_by_key(|arrival| arrival.request);
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
        if matches!(fate, Fate::Dropped) && !node.passes_on_drop {
            self.requests.drop(request, at);
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

    /// Sends a value, or the word that there is none, along every edge that leaves a node.
    fn send(
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
        let visits = self.places.into_iter().map(|mut place| {
            place.visits.add_usage(place.station.usage());
            let entered = counted.saturating_add(place.further);
            (place.index, place.visits, entered)
        });
        LaneRecord::new(self.flow, visits, self.ending)
    }
}

/// What a node waits for in a round of its loop. In the first, not for edges back; later, not for
/// what comes from outside: its value still holds.
fn gathering(flow: &Flow, index: usize, round: u32) -> Option<Gathering<'_>> {
    let node = flow.nodes.get(index)?;
    let own = flow.loop_of(index);
    let (mut kept, mut absent) = (0_u64, 0_u64);
    for (place, &edge) in (0_u32..).zip(&node.inputs) {
        let edge = flow.edges.get(edge)?;
        let bit = 1_u64.wrapping_shl(place);
        let from = edge.from.and_then(|from| flow.loop_of(from));
        if edge.rounds > 0 {
            absent |= bit;
        } else if round > 0 && from != own {
            kept |= bit;
        }
    }
    Some(Gathering::in_round(flow, node, (kept, absent)))
}
