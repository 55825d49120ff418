//! One lane of a graph, in windows of arrivals.
//!
//! Walking each request through the graph in turn would reserve servers for requests that have not
//! arrived. So time advances in windows: for each, every node in topological order takes what its
//! edges carry strictly before the horizon, the first arrival not yet seen, and passes on what
//! leaves. Events are taken by (time, request, edge), so that results do not depend on the
//! window's length.

mod events;
mod gather;
mod journeys;
mod sending;
mod source;
mod stations;
mod trend;
mod visits;

use crate::error::SimulationError;
use crate::program::network::{Flow, Node};
pub(crate) use events::Events;
use gather::Gathering;
pub(crate) use journeys::{Journey, Spent, Watch};
use sending::{Leaving, Sending};
pub(crate) use source::Source;
use source::{Left, Requests};
use stations::{Arrival, Station};
pub(crate) use visits::{CacheUse, Ending, LaneRecord, Visits};

/// Arrivals of a window.
pub(crate) const WINDOW: u32 = 256;

/// Nodes that take their turns in one step.
pub(crate) const TURNS: u32 = 256;

/// What an edge brings to a node: a request's value, or the word that none will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Message {
    at: u64,
    request: u32,
    /// The edge's place among the node's inputs.
    place: u16,
    value: bool,
    answer: Tokens,
}

/// A value's stream: nothing for what comes as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Tokens {
    /// How long before the whole of it its first token was there.
    head: u32,
    /// How many there are.
    count: u32,
}

impl Message {
    /// The order in which messages are taken, in one number to compare.
    #[inline]
    fn key(&self) -> u128 {
        let order = (u64::from(self.request) << 16) | u64::from(self.place);
        (u128::from(self.at) << 64) | u128::from(order)
    }
}

/// How long a request took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) request: u32,
    /// From when it entered until it left, in ticks.
    pub(crate) time: u64,
    /// How long before that its first token was there, in ticks.
    pub(crate) head: u64,
}

/// What leaves a node.
#[derive(Clone, Copy, Debug)]
struct Departure {
    at: u64,
    request: u32,
    fate: Fate,
}

/// What became of a request at a node.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// It was served.
    Served {
        wait: u64,
        service: u32,
        /// How many were served with it, itself included.
        size: u32,
    },
    /// It was served, and its answer is a stream.
    Streamed {
        wait: u32,
        service: u32,
        answer: Tokens,
    },
    /// Its time was up before it was served.
    TimedOut {
        wait: u64,
        /// How long it was served.
        service: u64,
        work: Labour,
    },
    /// Nobody needed it any more.
    Cancelled {
        wait: u64,
        /// How long it was served.
        service: u64,
        work: Labour,
    },
    /// Its queue was full.
    Dropped,
    Skipped,
}

/// What a server spends on a request that it does not serve to the end.
#[derive(Clone, Copy, Debug, Default)]
struct Labour {
    /// How long, and until when.
    time: u32,
    end: u64,
    /// How many are served with it, itself included; 0 if it never came to that.
    size: u32,
}

impl Fate {
    fn tokens(&self) -> Tokens {
        match self {
            Self::Streamed { answer, .. } => *answer,
            _ => Tokens::default(),
        }
    }
}

struct Place<'a> {
    node: &'a Node,
    index: u32,
    inbox: Vec<Message>,
    gathering: Gathering<'a>,
    station: Station<'a>,
    visits: Visits,
}

/// A lane on its way.
pub(crate) struct Sweep<'a> {
    flow: &'a Flow,
    key: [u32; 2],
    window: u32,
    source: Source<'a>,
    requests: Requests,
    /// In topological order.
    places: Vec<Place<'a>>,
    /// Where each node stands in `places`.
    rank: Vec<usize>,
    /// The next place to take its turn in the window; the first where a new window is due.
    next: usize,
    /// Visits of counted requests that have ended, of all nodes together.
    ended: u64,
    goal: u64,
    ending: Ending,
    /// Follows requests, where that is asked.
    watch: Option<Watch>,
    /// Each answer that is counted, where that is asked.
    answers: Option<Vec<Answer>>,
    /// Buffers of one node's turn.
    arrivals: Vec<Arrival>,
    departures: Vec<Departure>,
    entering: Vec<Leaving>,
    draws: Vec<u32>,
}

impl<'a> Sweep<'a> {
    /// A lane before its first arrival, in windows of so many; none for a program that contradicts
    /// itself.
    pub(crate) fn new(flow: &'a Flow, replication: u32, window: u32) -> Option<Self> {
        let key = [flow.seed, replication];
        let mut rank = vec![0; flow.nodes.len()];
        let mut places = Vec::new();
        for (position, &number) in flow.order.iter().enumerate() {
            *rank.get_mut(number)? = position;
            let node = flow.nodes.get(number)?;
            let index = u32::try_from(number).ok()?;
            places.push(Place {
                node,
                index,
                inbox: Vec::new(),
                gathering: Gathering::new(flow, node),
                station: Station::new(flow, node, key, index)?,
                visits: Visits::new(),
            });
        }
        Some(Self {
            flow,
            key,
            window: window.max(1),
            source: Source::new(flow, key)?,
            requests: Requests::default(),
            places,
            rank,
            next: 0,
            ended: 0,
            goal: u64::from(flow.counted).saturating_mul(flow.nodes.len() as u64),
            ending: Ending::new(flow.has_streams()),
            watch: None,
            answers: None,
            arrivals: Vec::new(),
            departures: Vec::new(),
            entering: Vec::new(),
            draws: Vec::new(),
        })
    }

    /// A lane whose requests are followed.
    pub(crate) fn watched(self, watch: Watch) -> Self {
        Self {
            watch: Some(watch),
            ..self
        }
    }

    /// A lane whose answers are kept one by one.
    pub(crate) fn answering(self) -> Self {
        Self {
            answers: Some(Vec::new()),
            ..self
        }
    }

    /// The answers that were kept, in the order in which they left.
    ///
    /// # Errors
    /// As for [`Self::into_record`].
    pub(crate) fn into_answers(mut self) -> Result<Vec<Answer>, SimulationError> {
        let answers = self.answers.take().unwrap_or_default();
        self.into_record()?;
        Ok(answers)
    }

    /// What was seen of the requests that were followed.
    pub(crate) fn into_watch(self) -> Option<Watch> {
        self.watch
    }

    pub(crate) fn is_done(&self) -> bool {
        self.ended >= self.goal
    }

    /// Simulates one window, in a large graph a part of one, and says how many requests arrived.
    pub(crate) fn advance(&mut self) -> u32 {
        let arrived = if self.next == 0 { self.enter() } else { 0 };
        let horizon = self.source.horizon();
        let end = self.next.saturating_add(TURNS as usize);
        let end = end.min(self.places.len());
        for position in self.next..end {
            self.turn(position, horizon);
        }
        self.next = if end < self.places.len() { end } else { 0 };
        arrived
    }

    /// Lets the requests of a window in, and says how many.
    fn enter(&mut self) -> u32 {
        self.entering.clear();
        for _ in 0..self.window {
            let (request, at) = self.source.next();
            self.requests.enter(at);
            if self.flow.counting().contains(&request) {
                self.ending.enter(self.source.gap());
            }
            self.entering.push(Leaving {
                at,
                request,
                value: true,
                answer: Tokens::default(),
            });
        }
        let sending = Sending {
            flow: self.flow,
            key: self.key,
            // The source has the number after the sink's.
            index: u32::try_from(self.flow.nodes.len()).unwrap_or(u32::MAX),
            edges: &self.flow.entries,
        };
        let entering = self.entering.iter().copied();
        sending.send(&mut self.places, &self.rank, &entering, &mut self.draws);
        self.window
    }

    /// One node's turn: all that reaches it strictly before the horizon.
    fn turn(&mut self, position: usize, horizon: u64) {
        let Some(place) = self.places.get_mut(position) else {
            return;
        };
        let (index, node) = (place.index, place.node);
        self.arrivals.clear();
        self.departures.clear();
        place.gathering.decide(
            &mut place.inbox,
            horizon,
            &mut self.arrivals,
            &mut |at, request| {
                self.requests.time_out(request, at);
            },
        );
        let counting = self.flow.counting();
        for arrival in &self.arrivals {
            if counting.contains(&arrival.request) {
                place.visits.enter(arrival.at);
            }
        }
        place
            .station
            .serve(&self.arrivals, horizon, &mut self.departures);
        let is_sink = index as usize == self.flow.sink();
        let sending = Sending {
            flow: self.flow,
            key: self.key,
            index,
            edges: &node.outputs,
        };
        let departures = core::mem::take(&mut self.departures);
        self.count(position, is_sink, &departures);
        if !is_sink {
            let passes = node.passes_on_drop;
            let leaving = departures.iter().map(|one| Leaving::after(one, passes));
            sending.send(&mut self.places, &self.rank, &leaving, &mut self.draws);
        }
        self.departures = departures;
    }

    /// Counts what left a node, and lets requests leave at the sink.
    fn count(&mut self, position: usize, is_sink: bool, departures: &[Departure]) {
        let counting = self.flow.counting();
        let Some(place) = self.places.get_mut(position) else {
            return;
        };
        for departure in departures {
            let &Departure { at, request, fate } = departure;
            let counted = counting.contains(&request);
            self.ended = self.ended.saturating_add(u64::from(counted));
            if is_sink {
                let answered = matches!(fate, Fate::Served { .. } | Fate::Streamed { .. });
                let left = self.requests.leave(request, at, answered);
                if counted {
                    if let (Some(answers), Left::Answered(time)) = (&mut self.answers, left) {
                        let head = fate.tokens().head.into();
                        answers.push(Answer {
                            request,
                            time,
                            head,
                        });
                    }
                    if let Some(watch) = &mut self.watch {
                        let time = match left {
                            Left::Answered(time) => Some(time),
                            _ => None,
                        };
                        watch.leave(request, at, time);
                    }
                    self.ending.leave(left, self.flow.objective, fate.tokens());
                }
                continue;
            }
            if counted {
                place.visits.leave(departure);
                if let Some(watch) = &mut self.watch {
                    watch.stop(place.index, departure);
                }
            }
            if !place.node.passes_on_drop {
                self.requests.fail(request, at, fate);
            }
        }
    }

    /// What the lane counted.
    ///
    /// # Errors
    /// [`SimulationError::Invariant`] if the counts contradict one another.
    pub(crate) fn into_record(self) -> Result<LaneRecord, SimulationError> {
        let visits = self.places.into_iter().map(|mut place| {
            place.visits.add_usage(place.station.usage());
            // Every counted request comes once, or is said not to.
            (place.index as usize, place.visits, self.flow.counted.into())
        });
        LaneRecord::new(self.flow, visits, self.ending)
    }
}
