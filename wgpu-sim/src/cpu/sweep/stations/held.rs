//! Stations whose work may be cancelled: what is known of departures is held back until they
//! happen.

use std::collections::BTreeMap;

use super::super::visits::Usage;
use super::super::{Departure, Fate, Labour};
use super::line::Line;
use super::{Arrival, Batches, Continuous, Queue, Router, Services, Station, each};
use crate::program::network::{Flow, Node, Routing, Step};

/// A queue of which anybody may be taken out.
pub(in super::super) trait Cancel: Queue {
    /// Takes out a request whose departure is not known yet.
    fn cancel(&mut self, request: u32, at: u64) -> Option<Departure>;
}

/// A station on its way.
pub(in super::super) enum Held<'a> {
    Serve(Services<'a>, Replicas<Line>),
    Batch(Replicas<Batches<'a>>),
    Continuous(Replicas<Continuous<'a>>),
}

/// A visit that has not departed.
#[derive(Clone, Copy, Debug)]
struct Inside {
    queue: usize,
    /// When it will, once that is known.
    due: Option<u64>,
}

/// Queues, with who is in them.
pub(in super::super) struct Replicas<Q> {
    queues: Vec<Q>,
    router: Router,
    span: u32,
    /// Visits by request and number.
    inside: BTreeMap<(u32, u32), Inside>,
    loads: Vec<usize>,
    /// Departures to come, by time and number.
    pending: BTreeMap<(u64, u32), Departure>,
    /// A buffer of what queues tell.
    told: Vec<Departure>,
}

impl<'a> Station<'a> {
    /// The station of a node whose work may be cancelled; none if the program names a table that it
    /// lacks.
    pub(in super::super) fn held(
        flow: &'a Flow,
        node: &'a Node,
        key: [u32; 2],
        index: u32,
    ) -> Option<Self> {
        let services = |table: usize| Services::new(flow, table, key, index);
        let router = |routing| (Router::new(routing, key, index), flow.span);
        Some(Self::Held(Box::new(match &node.step {
            Step::Instant => return Some(Self::Instant),
            Step::Delay(table) => {
                let queues = vec![Line::endless()];
                Held::Serve(
                    services(*table)?,
                    Replicas::new(queues, router(Routing::Central)),
                )
            }
            Step::Serve {
                queues,
                servers,
                routing,
                service,
            } => {
                let queues = (0..*queues).map(|_| Line::new(*servers, node.limit));
                Held::Serve(
                    services(*service)?,
                    Replicas::new(queues.collect(), router(*routing)),
                )
            }
            Step::Batch {
                queues,
                servers,
                routing,
                times,
                delay,
            } => {
                let queue = |_| Batches::new(*servers, times, *delay, node.limit, false);
                let queues = (0..*queues).map(queue).collect();
                Held::Batch(Replicas::new(queues, router(*routing)))
            }
            Step::Continuous {
                queues,
                routing,
                batcher,
            } => {
                let queue = |_| Continuous::new(flow, node, batcher, key, false);
                let queues = (0..*queues).map(queue).collect();
                Held::Continuous(Replicas::new(queues, router(*routing)))
            }
        })))
    }

    /// Takes out the visits of a request that are wanted, by their numbers.
    pub(in super::super) fn cancel(
        &mut self,
        request: u32,
        at: u64,
        is_wanted: &dyn Fn(u32) -> bool,
        departures: &mut Vec<Departure>,
    ) {
        let Self::Held(held) = self else { return };
        match &mut **held {
            Held::Serve(_, queues) => queues.cancel(request, at, is_wanted, departures),
            Held::Batch(queues) => queues.cancel(request, at, is_wanted, departures),
            Held::Continuous(queues) => queues.cancel(request, at, is_wanted, departures),
        }
    }
}

impl Held<'_> {
    pub(super) fn usage(&self) -> Usage {
        match self {
            Self::Continuous(queues) => {
                let usage = queues.queues.iter().map(Continuous::usage);
                usage.fold(Usage::default(), Usage::and)
            }
            Self::Serve(..) | Self::Batch(_) => Usage::default(),
        }
    }

    pub(super) fn next(&self) -> Option<u64> {
        match self {
            Self::Serve(_, queues) => queues.next(),
            Self::Batch(queues) => queues.next(),
            Self::Continuous(queues) => queues.next(),
        }
    }

    pub(super) fn expire(&mut self, at: u64, departures: &mut Vec<Departure>) {
        match self {
            Self::Serve(_, queues) => queues.expire(at, departures),
            Self::Batch(queues) => queues.expire(at, departures),
            Self::Continuous(queues) => queues.expire(at, departures),
        }
    }

    pub(super) fn serve(
        &mut self,
        arrivals: &[Arrival],
        horizon: u64,
        departures: &mut Vec<Departure>,
    ) {
        match self {
            Self::Serve(services, queues) => {
                services.each(arrivals, departures, |arrival, service, departures| {
                    queues.take(arrival, service, departures);
                });
                queues.advance(horizon, departures);
            }
            Self::Batch(queues) => queues.serve(arrivals, horizon, departures),
            Self::Continuous(queues) => queues.serve(arrivals, horizon, departures),
        }
    }
}

impl<Q: Cancel> Replicas<Q> {
    fn new(queues: Vec<Q>, (router, span): (Router, u32)) -> Self {
        Self {
            loads: vec![0; queues.len()],
            queues,
            router,
            span,
            inside: BTreeMap::new(),
            pending: BTreeMap::new(),
            told: Vec::new(),
        }
    }

    fn key(&self, number: u32) -> (u32, u32) {
        let request = number.checked_rem(self.span).unwrap_or(number);
        (request, number)
    }

    fn next(&self) -> Option<u64> {
        let pending = self.pending.keys().next().map(|&(at, _)| at);
        let queues = self.queues.iter().filter_map(Queue::next);
        queues.chain(pending).min()
    }

    /// Does all that happens strictly before `limit`.
    fn advance(&mut self, limit: u64, departures: &mut Vec<Departure>) {
        for queue in &mut self.queues {
            queue.advance(limit, &mut self.told);
        }
        self.release(limit.saturating_sub(1), departures);
    }

    fn expire(&mut self, at: u64, departures: &mut Vec<Departure>) {
        for queue in &mut self.queues {
            queue.advance(at, &mut self.told);
            queue.expire(at, &mut self.told);
        }
        self.release(at, departures);
    }

    /// Lets those go who have departed by a time.
    fn release(&mut self, until: u64, departures: &mut Vec<Departure>) {
        let mut told = core::mem::take(&mut self.told);
        for departure in told.drain(..) {
            let Departure { at, request, .. } = departure;
            self.pending.insert((at, request), departure);
            let key = self.key(request);
            if let Some(inside) = self.inside.get_mut(&key) {
                inside.due = Some(at);
            }
        }
        self.told = told;
        while let Some(first) = self.pending.first_entry()
            && first.key().0 <= until
        {
            let departure = first.remove();
            self.forget(departure.request);
            departures.push(departure);
        }
    }

    fn forget(&mut self, number: u32) -> Option<Inside> {
        let inside = self.inside.remove(&self.key(number))?;
        if let Some(load) = self.loads.get_mut(inside.queue) {
            *load = load.saturating_sub(1);
        }
        Some(inside)
    }

    /// Serves who has come, without a time of their own.
    fn serve(&mut self, arrivals: &[Arrival], horizon: u64, departures: &mut Vec<Departure>) {
        each(arrivals, departures, |arrival, departures| {
            self.take(arrival, 0, departures);
        });
        self.advance(horizon, departures);
    }

    fn take(&mut self, arrival: &Arrival, service: u32, departures: &mut Vec<Departure>) {
        self.expire(arrival.at, departures);
        let count = u32::try_from(self.queues.len()).unwrap_or(u32::MAX);
        let loads = &self.loads;
        let queue = self.router.route(arrival.request, count, |replica| {
            loads.get(replica as usize).copied().unwrap_or(usize::MAX)
        }) as usize;
        if let (Some(taker), Some(load)) = (self.queues.get_mut(queue), self.loads.get_mut(queue)) {
            *load = load.saturating_add(1);
            taker.take(arrival, service, &mut self.told);
            let inside = Inside { queue, due: None };
            self.inside.insert(self.key(arrival.request), inside);
        }
    }

    fn cancel(
        &mut self,
        request: u32,
        at: u64,
        is_wanted: &dyn Fn(u32) -> bool,
        departures: &mut Vec<Departure>,
    ) {
        let whole = (request, 0)..=(request, u32::MAX);
        if self.inside.range(whole.clone()).next().is_none() {
            return;
        }
        // Steps in which nobody ends have been passed over; those that began by now are done.
        self.advance(at.saturating_add(1), departures);
        let visits = self.inside.range(whole);
        let numbers = visits.map(|(&(_, number), _)| number);
        let numbers: Vec<u32> = numbers.filter(|&number| is_wanted(number)).collect();
        for number in numbers {
            let Some(inside) = self.forget(number) else {
                continue;
            };
            let departure = if let Some(due) = inside.due {
                let known = self.pending.remove(&(due, number));
                known.map(|departure| forestalled(&departure, at))
            } else {
                let queue = self.queues.get_mut(inside.queue);
                queue.and_then(|queue| queue.cancel(number, at))
            };
            departures.extend(departure);
        }
    }
}

/// What becomes of a departure that was known if the request is cancelled before.
fn forestalled(departure: &Departure, at: u64) -> Departure {
    let end = departure.at;
    let (wait, service, work) = match departure.fate {
        Fate::Served {
            wait,
            service,
            size,
        } => {
            let time = service;
            (wait, u64::from(service), Labour { time, end, size })
        }
        // Its share of the steps' time was counted with them.
        Fate::Streamed { wait, service, .. } => {
            let work = Labour {
                end,
                ..Labour::default()
            };
            (wait.into(), service.into(), work)
        }
        Fate::TimedOut {
            wait,
            service,
            work,
        }
        | Fate::Cancelled {
            wait,
            service,
            work,
        } => (wait, service, work),
        Fate::Dropped | Fate::Skipped => (0, 0, Labour::default()),
    };
    let start = end.saturating_sub(service);
    let came = start.saturating_sub(wait);
    let start = start.min(at);
    Departure {
        at,
        request: departure.request,
        fate: Fate::Cancelled {
            wait: start.saturating_sub(came),
            service: at.saturating_sub(start),
            work,
        },
    }
}
