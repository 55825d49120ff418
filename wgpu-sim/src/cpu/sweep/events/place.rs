//! A node on its way, and who comes to it at a moment.

use core::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::super::gather::Gathering;
use super::super::source::Requests;
use super::super::stations::{Arrival, Station};
use super::super::{Departure, Fate, Message, Tokens, Visits};
use super::cancel::Cancels;
use crate::program::network::{Flow, Node};

pub(super) struct Place<'a> {
    flow: &'a Flow,
    pub(super) node: &'a Node,
    pub(super) index: usize,
    /// What edges bring, now and later.
    pub(super) inbox: BinaryHeap<Reverse<Message>>,
    /// Visits that wait for no edge: a loop's next round, another try.
    pub(super) starts: BinaryHeap<Reverse<(u64, u32)>>,
    /// Where there are several tries: when the time of all is up, by the number of the first.
    ends: BTreeMap<u32, u64>,
    /// What is awaited in each round of the node's loop; without one, in the only round.
    rounds: Vec<Gathering<'a>>,
    /// What it does by itself; nothing if it uses its GPU in turns with others.
    pub(super) station: Station<'a>,
    /// The group of those others, and its place there.
    pub(super) slice: Option<(usize, usize)>,
    pub(super) visits: Visits,
    /// Visits of counted requests beyond one for each.
    pub(super) further: u64,
    /// Buffers of a turn.
    words: Vec<Message>,
    decided: Vec<Arrival>,
}

impl<'a> Place<'a> {
    /// A node before anything happens; none for a program that contradicts itself.
    pub(super) fn new(flow: &'a Flow, index: usize, key: [u32; 2]) -> Option<Self> {
        let node = flow.nodes.get(index)?;
        let number = u32::try_from(index).ok()?;
        let slice = flow.slice_of(index);
        Some(Self {
            flow,
            node,
            index,
            inbox: BinaryHeap::new(),
            starts: BinaryHeap::new(),
            ends: BTreeMap::new(),
            rounds: vec![gathering(flow, index, 0)?],
            station: match slice {
                Some(_) => Station::Instant,
                None if flow.is_relieved(index) => Station::held(flow, node, key, number)?,
                None => Station::new(flow, node, key, number)?,
            },
            slice,
            visits: Visits::new(),
            further: 0,
            words: Vec::new(),
            decided: Vec::new(),
        })
    }

    /// When something happens here next, as far as is known here.
    pub(super) fn next(&self) -> Option<u64> {
        let word = self.inbox.peek().map(|Reverse(message)| message.at);
        let start = self.starts.peek().map(|&Reverse((at, _))| at);
        let timers = self.rounds.iter().filter_map(Gathering::next);
        let known = [word, start, self.station.next()];
        known.into_iter().flatten().chain(timers).min()
    }

    /// Collects who comes at this moment, in the order of their numbers.
    pub(super) fn gather(
        &mut self,
        now: u64,
        cancels: &Cancels<'_>,
        requests: &mut Requests,
        arrivals: &mut Vec<Arrival>,
    ) {
        let (flow, index) = (self.flow, self.index);
        arrivals.clear();
        self.words.clear();
        while let Some(&Reverse(message)) = self.inbox.peek()
            && message.at <= now
        {
            self.inbox.pop();
            self.words.push(message);
        }
        let mut words = self.words.iter().copied().peekable();
        let mut round = 0_u32;
        while words.peek().is_some() || (round as usize) < self.rounds.len() {
            if (round as usize) >= self.rounds.len() {
                let Some(next) = gathering(flow, self.index, round) else {
                    break;
                };
                self.rounds.push(next);
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
            if let Some(gathering) = self.rounds.get_mut(round as usize) {
                gathering.decide(
                    &mut own,
                    now.saturating_add(1),
                    &mut self.decided,
                    &mut |at, request| {
                        if !cancels.holds(index, flow.number(round, request)) {
                            requests.time_out(request, at);
                        }
                    },
                );
            }
            arrivals.extend(self.decided.iter().map(|arrival| Arrival {
                request: flow.number(round, arrival.request),
                ..*arrival
            }));
            round = round.saturating_add(1);
        }
        let decided = arrivals.len();
        while let Some(&Reverse((at, number))) = self.starts.peek()
            && at <= now
        {
            self.starts.pop();
            arrivals.push(Arrival {
                at: now,
                request: number,
                until: now.saturating_add(self.node.call.patience()),
                value: true,
                answer: Tokens::default(),
            });
        }
        if arrivals.len() > decided {
            arrivals.sort_by_key(|arrival| arrival.request);
        }
        // Who is not needed any more does not come.
        for arrival in arrivals.iter_mut().filter(|arrival| arrival.value) {
            arrival.value = !cancels.holds(index, arrival.request);
        }
        self.bound(arrivals);
    }

    /// Where there are several tries, all of a request end together.
    fn bound(&mut self, arrivals: &mut [Arrival]) {
        let (flow, call) = (self.flow, self.node.call);
        if call.attempts < 2 {
            return;
        }
        for arrival in arrivals.iter_mut().filter(|arrival| arrival.value) {
            let (round, attempt, request) = flow.visit(arrival.request);
            let first = flow.number(round, request);
            let all = arrival.at.saturating_add(call.timeout);
            let end = *self.ends.entry(first).or_insert(all);
            if attempt > 0 {
                arrival.until = end.min(arrival.at.saturating_add(call.per_try));
            }
        }
    }

    /// Whether a visit that has ended is tried once more: then its next try starts at once.
    pub(super) fn again(&mut self, departure: &Departure) -> bool {
        let (flow, attempts) = (self.flow, self.node.call.attempts);
        if attempts < 2 {
            return false;
        }
        let &Departure { at, request, fate } = departure;
        let (round, attempt, request_of_all) = flow.visit(request);
        let first = flow.number(round, request_of_all);
        let has_failed = matches!(fate, Fate::Dropped | Fate::TimedOut { .. });
        let end = self.ends.get(&first).copied().unwrap_or(0);
        if has_failed && attempt.saturating_add(1) < attempts && at < end {
            let next = request.saturating_add(flow.span);
            self.starts.push(Reverse((at, next)));
            return true;
        }
        self.ends.remove(&first);
        false
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
