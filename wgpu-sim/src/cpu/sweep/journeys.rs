//! Single requests on their way: where the slow ones spend their time.

use std::collections::BTreeMap;

use super::{Departure, Fate};

/// One visit of a request to a node, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    /// The node's number.
    pub(crate) node: u32,
    /// When it was left.
    pub(crate) left: u64,
    pub(crate) wait: u64,
    pub(crate) service: u32,
}

/// A request that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Journey {
    /// How long it took.
    pub(crate) time: u64,
    /// When it was answered.
    pub(crate) left: u64,
    /// The nodes that served it, in topological order.
    pub(crate) stops: Vec<Stop>,
}

/// What requests spent at the nodes, in ticks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spent {
    /// How many requests.
    pub(crate) requests: u64,
    /// By the node's number: all their waits and services.
    pub(crate) times: BTreeMap<u32, [u64; 2]>,
}

/// Follows requests through a lane.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    /// Times of which the nearest journeys are kept.
    wanted: Vec<u64>,
    /// A request is slow from so long on.
    slow: u64,
    underway: BTreeMap<u32, Vec<Stop>>,
    /// The journeys nearest to the wanted times.
    pub(crate) nearest: Vec<Option<Journey>>,
    /// Of slow requests.
    pub(crate) spent: Spent,
}

impl Watch {
    pub(crate) fn new(wanted: &[u64], slow: u64) -> Self {
        Self {
            wanted: wanted.to_vec(),
            slow,
            underway: BTreeMap::new(),
            nearest: vec![None; wanted.len()],
            spent: Spent::default(),
        }
    }

    /// A request leaves a node.
    pub(super) fn stop(&mut self, node: u32, departure: &Departure) {
        let (wait, service) = match departure.fate {
            Fate::Served { wait, service, .. } => (wait, service),
            Fate::Streamed { wait, service, .. } => (wait.into(), service),
            Fate::TimedOut { .. } | Fate::Cancelled { .. } | Fate::Dropped | Fate::Skipped => {
                return;
            }
        };
        let stops = self.underway.entry(departure.request).or_default();
        stops.push(Stop {
            node,
            left: departure.at,
            wait,
            service,
        });
    }

    /// A request leaves the graph; without a time it was not answered.
    pub(super) fn leave(&mut self, request: u32, left: u64, time: Option<u64>) {
        let stops = self.underway.remove(&request).unwrap_or_default();
        let Some(time) = time else { return };
        if time >= self.slow {
            self.spent.requests = self.spent.requests.saturating_add(1);
            for stop in &stops {
                let [waits, services] = self.spent.times.entry(stop.node).or_default();
                *waits = waits.saturating_add(stop.wait);
                *services = services.saturating_add(stop.service.into());
            }
        }
        for (wanted, nearest) in self.wanted.iter().zip(&mut self.nearest) {
            let is_nearer = nearest
                .as_ref()
                .is_none_or(|nearest| time.abs_diff(*wanted) < nearest.time.abs_diff(*wanted));
            if is_nearer {
                *nearest = Some(Journey {
                    time,
                    left,
                    stops: stops.clone(),
                });
            }
        }
    }
}
