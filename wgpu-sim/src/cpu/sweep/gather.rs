//! What a node waits for: a word from each edge, the first value, some of them, or until time is up.

use core::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use super::stations::Arrival;
use super::{Message, Tokens};
use crate::program::network::{Flow, Gather, Node};

/// Marks a message as the end of an edge's time; it comes after all edges of its request.
const EXPIRY: u16 = 1 << 15;

/// What a node has heard of one request.
#[derive(Clone, Copy, Debug)]
struct Heard {
    /// Edges that have spoken.
    spoken: u64,
    /// Edges of which no more is awaited: they have spoken, or their time is up.
    settled: u64,
    /// Edges that brought a value in time.
    values: u64,
    decided: bool,
    /// When the first token of any value was there, and the tokens of all.
    first: u64,
    tokens: u32,
}

impl Heard {
    const NOTHING: Self = Self {
        spoken: 0,
        settled: 0,
        values: 0,
        decided: false,
        first: u64::MAX,
        tokens: 0,
    };
}

/// What a node has heard of the requests that are not over for it.
enum Known {
    /// Of all from a number on: every request comes, nearly in turn.
    All { base: u32, heard: VecDeque<Heard> },
    /// Of those that a later round of a loop has.
    Some(BTreeMap<u32, Heard>),
}

impl Known {
    /// What was heard of a request, at the start `start`; none if it is over. The end of an edge's
    /// time begins nothing.
    fn of(&mut self, request: u32, start: Heard, begins: bool) -> Option<&mut Heard> {
        match self {
            Self::All { base, heard } => {
                let place = request.checked_sub(*base)? as usize;
                while heard.len() <= place {
                    heard.push_back(start);
                }
                heard.get_mut(place)
            }
            Self::Some(heard) => {
                if begins {
                    Some(heard.entry(request).or_insert(start))
                } else {
                    heard.get_mut(&request)
                }
            }
        }
    }

    /// Forgets a request that is over, or with others once all before it are.
    fn forget(&mut self, request: u32, is_over: impl Fn(&Heard) -> bool) {
        match self {
            Self::All { base, heard } => {
                while heard.front().is_some_and(&is_over) {
                    heard.pop_front();
                    *base = base.wrapping_add(1);
                }
            }
            Self::Some(heard) => {
                if heard.get(&request).is_some_and(is_over) {
                    heard.remove(&request);
                }
            }
        }
    }
}

/// The requests that a node is waiting for.
pub(super) struct Gathering<'a> {
    rule: &'a Gather,
    /// A bit for every edge.
    all: u64,
    /// Whether a single edge decides: its value runs the node, its skip skips it.
    is_single: bool,
    /// Whether what comes as a stream counts as one.
    streams: bool,
    /// Whether the values of several edges are one answer: that of the graph.
    is_sink: bool,
    /// How long a try of the node may take; without end where that is not stated.
    patience: u64,
    /// The edges that have a timeout.
    timeouts: Vec<(u16, u32)>,
    /// What is known of each request from the start: nothing, but in the rounds of a loop.
    start: Heard,
    known: Known,
    timers: BinaryHeap<Reverse<Message>>,
}

impl<'a> Gathering<'a> {
    pub(super) fn new(flow: &Flow, node: &'a Node) -> Self {
        Self::in_round(flow, node, 0, (0, 0))
    }

    /// Waits in a round of a loop, from 0: `kept` are edges whose value of an earlier round still
    /// holds, `absent` those on which nobody waits.
    pub(super) fn in_round(
        flow: &Flow,
        node: &'a Node,
        round: u32,
        (kept, absent): (u64, u64),
    ) -> Self {
        let inputs = (0_u16..).zip(&node.inputs);
        let timeouts = inputs.filter_map(|(place, &edge)| {
            let timeout = flow.edges.get(edge)?.timeout;
            (timeout > 0).then_some((place, timeout))
        });
        let count = u32::try_from(node.inputs.len()).unwrap_or(64);
        let all = u64::MAX
            .checked_shr(64_u32.saturating_sub(count))
            .unwrap_or(0);
        let rule = &node.gather;
        Self {
            rule,
            all,
            is_single: node.hears_one(),
            streams: node.streams,
            is_sink: node.outputs.is_empty(),
            patience: node.call.patience(),
            timeouts: timeouts.collect(),
            start: Heard {
                spoken: kept | absent,
                settled: kept | absent,
                // A join waits for the values of its own round.
                values: if matches!(rule, Gather::Ports { .. }) {
                    kept
                } else {
                    0
                },
                ..Heard::NOTHING
            },
            known: if round == 0 {
                Known::All {
                    base: 0,
                    heard: VecDeque::new(),
                }
            } else {
                Known::Some(BTreeMap::new())
            },
            timers: BinaryHeap::new(),
        }
    }

    /// Takes what was heard strictly before the horizon out of the inbox; adds what the node
    /// decided, by time and request. `expired` hears of edges whose time was up.
    pub(super) fn decide(
        &mut self,
        inbox: &mut Vec<Message>,
        horizon: u64,
        decided: &mut Vec<Arrival>,
        expired: &mut dyn FnMut(u64, u32),
    ) {
        arrange(inbox);
        let ready = inbox.partition_point(|message| message.at < horizon);
        if self.is_single {
            let (streams, patience) = (self.streams, self.patience);
            decided.extend(inbox.drain(..ready).map(|message| Arrival {
                at: message.at,
                request: message.request,
                until: message.at.saturating_add(patience),
                value: message.value,
                answer: if streams {
                    message.answer
                } else {
                    Tokens::default()
                },
            }));
            return;
        }
        let mut messages = inbox.drain(..ready).peekable();
        loop {
            let timer = self.timers.peek().map(|&Reverse(timer)| timer);
            let timer = timer.filter(|timer| timer.at < horizon);
            let message = match (messages.peek().copied(), timer) {
                (Some(message), Some(timer)) if timer < message => self.ring(),
                (Some(_), _) => messages.next(),
                (None, Some(_)) => self.ring(),
                (None, None) => break,
            };
            let Some(message) = message else { break };
            if let Some((value, answer)) = self.hear(message, expired) {
                decided.push(Arrival {
                    at: message.at,
                    request: message.request,
                    until: message.at.saturating_add(self.patience),
                    value,
                    answer,
                });
            }
        }
    }

    /// When the next edge's time is up.
    pub(super) fn next(&self) -> Option<u64> {
        self.timers.peek().map(|Reverse(timer)| timer.at)
    }

    fn ring(&mut self) -> Option<Message> {
        self.timers.pop().map(|Reverse(timer)| timer)
    }

    /// Takes one message; says what was decided by it, if anything was.
    fn hear(
        &mut self,
        message: Message,
        expired: &mut dyn FnMut(u64, u32),
    ) -> Option<(bool, Tokens)> {
        let is_expiry = message.place >= EXPIRY;
        let heard = self.known.of(message.request, self.start, !is_expiry)?;
        let bit = 1_u64.wrapping_shl(u32::from(message.place & !EXPIRY));
        if is_expiry {
            if heard.decided || heard.settled & bit != 0 {
                return None;
            }
            expired(message.at, message.request);
        } else {
            heard.spoken |= bit;
        }
        let is_late = heard.settled & bit != 0;
        heard.settled |= bit;
        let mut decision = None;
        if !is_late && !heard.decided {
            if message.value {
                if heard.values == self.start.values {
                    for &(place, timeout) in &self.timeouts {
                        self.timers.push(Reverse(Message {
                            at: message.at.saturating_add(u64::from(timeout)),
                            request: message.request,
                            place: place | EXPIRY,
                            value: false,
                            answer: Tokens::default(),
                        }));
                    }
                }
                heard.values |= bit;
                let first = message.at.saturating_sub(u64::from(message.answer.head));
                heard.first = heard.first.min(first);
                heard.tokens = heard.tokens.saturating_add(message.answer.count);
            }
            decision = decide(self.rule, self.all, heard.settled, heard.values);
            // What an earlier round brought starts no other.
            if self.start.values != 0 && heard.values == self.start.values {
                decision = decision.map(|_| false);
            }
            heard.decided = decision.is_some();
        }
        // Values of several edges make one whole, but for the answer of the graph.
        let is_stream =
            self.streams && (self.is_sink || (heard.values & !self.start.values).is_power_of_two());
        let mut answer = Tokens::default();
        if is_stream && decision == Some(true) {
            let before = message.at.saturating_sub(heard.first);
            answer = Tokens {
                head: u32::try_from(before).unwrap_or(u32::MAX),
                count: heard.tokens,
            };
        }
        let all = self.all;
        let is_over = |heard: &Heard| heard.decided && heard.spoken == all;
        self.known.forget(message.request, is_over);
        decision.map(|value| (value, answer))
    }
}

/// Moves that insertion may cost for each message, before a general sort takes over.
const MOVES: usize = 8;

/// Sorts messages. What queues emit is nearly sorted, so that insertion moves few of them; what
/// comes from edges and delays of wide spread is left to the general sort.
fn arrange(messages: &mut [Message]) {
    let mut left = messages.len().saturating_mul(MOVES);
    for end in 1..messages.len() {
        let mut place = end;
        while let Some(before) = place.checked_sub(1) {
            let pair = messages.get(before..=place);
            if !pair.is_some_and(|pair| matches!(pair, [a, b] if a.key() > b.key())) {
                break;
            }
            messages.swap(before, place);
            place = before;
            left = left.saturating_sub(1);
        }
        if left == 0 {
            messages.sort_by_key(Message::key);
            return;
        }
    }
}

/// Whether the node runs for a request, if that is clear from the edges settled and those that
/// brought a value.
fn decide(rule: &Gather, all: u64, settled: u64, values: u64) -> Option<bool> {
    match rule {
        Gather::Ports { required, optional } => {
            let is_lost = |&port: &u64| values & port == 0 && settled & port == port;
            let is_there = |&port: &u64| values & port != 0;
            if required.iter().any(is_lost) {
                return Some(false);
            }
            let is_clear = required.iter().all(is_there)
                && optional.iter().all(|port| is_there(port) || is_lost(port));
            is_clear.then_some(true)
        }
        Gather::All => (settled == all).then_some(values != 0),
        Gather::Values(count) => {
            if values.count_ones() >= *count {
                Some(true)
            } else {
                (settled == all).then_some(false)
            }
        }
    }
}
