//! What nodes do with the requests that reach them.

mod batch;
mod continuous;
mod elastic;
mod fifo;
mod held;
mod line;
mod replicas;
mod router;

use super::visits::{ReplicaTime, Usage};
use super::{Departure, Fate, Labour, Tokens};
use crate::draws::{Purpose, Table, counter_word, draw_each};
use crate::program::network::{Flow, Node, Routing, Step};
use batch::Batches;
pub(super) use batch::due;
use continuous::Continuous;
use elastic::Elastic;
use fifo::Fifo;
use held::Held;
use replicas::Replicas;
pub(super) use router::Router;

/// A request that has come to a node, or the word that it will not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub(super) at: u64,
    pub(super) request: u32,
    /// When its time here is up: whoever is not served before leaves.
    pub(super) until: u64,
    pub(super) value: bool,
    pub(super) answer: Tokens,
}

/// A queue, with its servers.
pub(super) trait Queue {
    /// Does all that happens strictly before `limit`.
    fn advance(&mut self, limit: u64, departures: &mut Vec<Departure>);

    /// When something happens here next, if nobody comes: not before this `advance` has anything
    /// to tell.
    fn next(&self) -> Option<u64>;

    /// Lets those go whose time is up by `at`, once all before has been done.
    fn expire(&mut self, at: u64, departures: &mut Vec<Departure>);

    /// Requests routed here that have not departed until `at`.
    fn load(&mut self, at: u64) -> usize;

    /// Takes a request, or drops it.
    fn take(&mut self, arrival: &Arrival, service: u32, departures: &mut Vec<Departure>);
}

/// What a node does, with its state.
pub(super) enum Station<'a> {
    Instant,
    Delay(Services<'a>),
    Central(Services<'a>, Fifo),
    Routed(Services<'a>, Replicas<Fifo>),
    Batch(Batches<'a>),
    RoutedBatch(Replicas<Batches<'a>>),
    Continuous(Replicas<Continuous<'a>>),
    /// Where work may be cancelled.
    Held(Box<Held<'a>>),
    Elastic(Box<Elastic<'a>>),
}

impl<'a> Station<'a> {
    /// The station of a node; none if the program names a table that it lacks.
    pub(super) fn new(flow: &'a Flow, node: &'a Node, key: [u32; 2], index: u32) -> Option<Self> {
        let services = |table: usize| Services::new(flow, table, key, index);
        let router = |routing| Router::new(routing, key, index);
        if let Some(scale) = &node.scale {
            let elastic = Elastic::new(flow, node, scale, key, index)?;
            return Some(Self::Elastic(Box::new(elastic)));
        }
        Some(match &node.step {
            Step::Instant => Self::Instant,
            Step::Delay(table) => Self::Delay(services(*table)?),
            Step::Serve {
                queues,
                servers,
                routing,
                service,
            } => {
                let queue = |routed| Fifo::new(*servers, node.limit, routed);
                if *routing == Routing::Central {
                    Self::Central(services(*service)?, queue(false))
                } else {
                    let queues = (0..*queues).map(|_| queue(true)).collect();
                    Self::Routed(services(*service)?, Replicas::new(queues, router(*routing)))
                }
            }
            Step::Batch {
                queues,
                servers,
                routing,
                times,
                delay,
            } => {
                let queue = |routed| Batches::new(*servers, times, *delay, node.limit, routed);
                if *routing == Routing::Central {
                    Self::Batch(queue(false))
                } else {
                    let queues = (0..*queues).map(|_| queue(true)).collect();
                    Self::RoutedBatch(Replicas::new(queues, router(*routing)))
                }
            }
            Step::Continuous {
                queues,
                routing,
                batcher,
            } => {
                let queue = |_| Continuous::new(flow, node, batcher, key, *queues > 1);
                let queues = (0..*queues).map(queue).collect();
                Self::Continuous(Replicas::new(queues, router(*routing)))
            }
        })
    }

    /// What counted requests used that departures do not tell.
    pub(super) fn usage(&self) -> Usage {
        match self {
            Self::Continuous(replicas) => {
                let usage = replicas.queues().iter().map(Continuous::usage);
                usage.fold(Usage::default(), Usage::and)
            }
            Self::Held(held) => held.usage(),
            Self::Elastic(elastic) => elastic.usage(),
            _ => Usage::default(),
        }
    }

    /// How long replicas whose number varies were there, within two spans.
    pub(super) fn replica_time(
        &self,
        counted: (u64, u64),
        whole: (u64, u64),
    ) -> Option<ReplicaTime> {
        match self {
            Self::Elastic(elastic) => Some(elastic.replica_time(counted, whole)),
            _ => None,
        }
    }

    /// When something happens next that is not known yet, if nobody comes.
    pub(super) fn next(&self) -> Option<u64> {
        match self {
            Self::Instant | Self::Delay(_) => None,
            Self::Central(_, queue) => queue.next(),
            Self::Routed(_, replicas) => replicas.next(),
            Self::Batch(queue) => queue.next(),
            Self::RoutedBatch(replicas) => replicas.next(),
            Self::Continuous(replicas) => replicas.next(),
            Self::Held(held) => held.next(),
            Self::Elastic(elastic) => elastic.next(),
        }
    }

    /// Does all that happens before `at`, and lets those go whose time is up then.
    pub(super) fn expire(&mut self, at: u64, departures: &mut Vec<Departure>) {
        match self {
            Self::Instant | Self::Delay(_) => {}
            // Whoever leaves at this moment was known before to do so.
            Self::Central(_, queue) => queue.advance(at.saturating_add(1), departures),
            Self::Routed(_, replicas) => replicas.advance(at.saturating_add(1), departures),
            Self::Batch(queue) => {
                queue.advance(at, departures);
                queue.expire(at, departures);
            }
            Self::RoutedBatch(replicas) => replicas.expire(at, departures),
            Self::Continuous(replicas) => replicas.expire(at, departures),
            Self::Held(held) => held.expire(at, departures),
            Self::Elastic(elastic) => elastic.advance(at, departures),
        }
    }

    /// Serves what has arrived, all of it strictly before the horizon, and adds what is known to
    /// leave, in any order.
    pub(super) fn serve(
        &mut self,
        arrivals: &[Arrival],
        horizon: u64,
        departures: &mut Vec<Departure>,
    ) {
        match self {
            Self::Instant => {
                for arrival in arrivals {
                    departures.push(Departure {
                        at: arrival.at,
                        request: arrival.request,
                        fate: if arrival.value {
                            passed(0, arrival.answer)
                        } else {
                            Fate::Skipped
                        },
                    });
                }
            }
            Self::Delay(services) => {
                services.each(arrivals, departures, |arrival, service, departures| {
                    let end = arrival.at.saturating_add(u64::from(service));
                    departures.push(if end > arrival.until {
                        cut_off(arrival, arrival.at)
                    } else {
                        Departure {
                            at: end,
                            request: arrival.request,
                            fate: passed(service, arrival.answer),
                        }
                    });
                });
            }
            Self::Central(services, queue) => {
                services.each(arrivals, departures, |arrival, service, departures| {
                    queue.take(arrival, service, departures);
                });
                queue.advance(horizon, departures);
            }
            Self::Routed(services, replicas) => {
                services.each(arrivals, departures, |arrival, service, departures| {
                    replicas.take(arrival, service, departures);
                });
                replicas.advance(horizon, departures);
            }
            Self::Batch(queue) => {
                each(arrivals, departures, |arrival, departures| {
                    queue.advance(arrival.at, departures);
                    queue.expire(arrival.at, departures);
                    queue.take(arrival, 0, departures);
                });
                queue.advance(horizon, departures);
            }
            Self::RoutedBatch(replicas) => {
                each(arrivals, departures, |arrival, departures| {
                    replicas.take(arrival, 0, departures);
                });
                replicas.advance(horizon, departures);
            }
            Self::Continuous(replicas) => {
                each(arrivals, departures, |arrival, departures| {
                    replicas.take(arrival, 0, departures);
                });
                replicas.advance(horizon, departures);
            }
            Self::Held(held) => held.serve(arrivals, horizon, departures),
            // One moment at a time.
            Self::Elastic(elastic) => {
                elastic.serve(arrivals, horizon.saturating_sub(1), departures);
            }
        }
    }
}

/// A request that is cancelled at a time, after it was served alone from `start` on, if at all.
pub(super) fn stopped(arrival: &Arrival, start: u64, at: u64) -> Departure {
    let start = start.min(at);
    let service = at.saturating_sub(start);
    let time = u32::try_from(service).unwrap_or(u32::MAX);
    Departure {
        at,
        request: arrival.request,
        fate: Fate::Cancelled {
            wait: start.saturating_sub(arrival.at),
            service,
            work: Labour {
                time,
                end: at,
                size: u32::from(time > 0),
            },
        },
    }
}

/// A request that is cut off after it was served alone from `start` on.
pub(super) fn cut_off(arrival: &Arrival, start: u64) -> Departure {
    let service = arrival.until.saturating_sub(start);
    let time = u32::try_from(service).unwrap_or(u32::MAX);
    Departure {
        at: arrival.until,
        request: arrival.request,
        fate: Fate::TimedOut {
            wait: start.saturating_sub(arrival.at),
            service,
            work: Labour {
                time,
                end: arrival.until,
                size: u32::from(time > 0),
            },
        },
    }
}

/// A request that did not wait; a stream stays one.
fn passed(service: u32, answer: Tokens) -> Fate {
    if answer == Tokens::default() {
        Fate::Served {
            wait: 0,
            service,
            size: 1,
        }
    } else {
        Fate::Streamed {
            wait: 0,
            service,
            answer,
        }
    }
}

/// Passes on those that will not come, and hands the others over.
pub(super) fn each(
    arrivals: &[Arrival],
    departures: &mut Vec<Departure>,
    mut take: impl FnMut(&Arrival, &mut Vec<Departure>),
) {
    for arrival in arrivals {
        if arrival.value {
            take(arrival, departures);
        } else {
            let &Arrival { at, request, .. } = arrival;
            let fate = Fate::Skipped;
            departures.push(Departure { at, request, fate });
        }
    }
}

/// The service times of a node.
pub(super) struct Services<'a> {
    table: &'a Table,
    key: [u32; 2],
    word: u32,
    drawn: Vec<u32>,
}

impl<'a> Services<'a> {
    /// Those of a table, drawn for the node of a number; none if there is no such table.
    pub(super) fn new(flow: &'a Flow, table: usize, key: [u32; 2], index: u32) -> Option<Self> {
        Some(Self {
            table: flow.tables.get(table)?,
            key,
            word: counter_word(index, Purpose::Service, 0),
            drawn: Vec::new(),
        })
    }

    /// As [`each`], with the service of each request.
    fn each(
        &mut self,
        arrivals: &[Arrival],
        departures: &mut Vec<Departure>,
        mut take: impl FnMut(&Arrival, u32, &mut Vec<Departure>),
    ) {
        self.drawn.clear();
        self.drawn
            .extend(arrivals.iter().map(|arrival| arrival.request));
        draw_each(self.key, &mut self.drawn, self.word);
        self.table.each(&mut self.drawn);
        for (arrival, &service) in arrivals.iter().zip(&self.drawn) {
            if arrival.value {
                take(arrival, service, departures);
            } else {
                let &Arrival { at, request, .. } = arrival;
                let fate = Fate::Skipped;
                departures.push(Departure { at, request, fate });
            }
        }
    }
}
