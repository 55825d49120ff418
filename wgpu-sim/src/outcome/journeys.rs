//! Where requests of a graph spend their time.

use serde::Serialize;

use super::graph::GraphOutcome;
use crate::cpu::{Journey as Followed, Spent, Watch, at_once, follow};
use crate::error::SimulationError;
use crate::program::Settings;
use crate::program::network::{Flow, Network};
use crate::{Progress, ProgressFn, TurnFn};

/// Where requests of a graph spend their time: of one that is typical, of one that is slow, and of
/// all slow ones together.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Journeys {
    /// A request that takes as long as half of all do at most.
    pub typical: Journey,
    /// A request that takes as long as 99 of 100 do at most.
    pub slow: Journey,
    /// The requests that take longer than 99 of 100: their mean wait and service at each node that
    /// they visit, in the order of the document.
    pub slowest: Vec<Stay>,
}

/// One request on its way.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Journey {
    /// From the inputs to the answer, in milliseconds.
    pub ms: f64,
    /// The nodes where it spent time, by when it came there: once for each round of a loop, and for
    /// each try.
    pub stops: Vec<Stop>,
}

/// A visit to a node, in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stop {
    /// The node's name.
    pub node: String,
    /// When it came, after it had entered the graph.
    pub at_ms: f64,
    /// How long it waited.
    pub wait_ms: f64,
    /// How long it was served.
    pub service_ms: f64,
}

/// The mean of visits to a node, in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stay {
    /// The node's name.
    pub node: String,
    /// How long a request waited.
    pub wait_ms: f64,
    /// How long it was served.
    pub service_ms: f64,
}

impl Journeys {
    /// At most so many replications are simulated once more, and watched.
    pub const REPLICATIONS: u32 = 4;

    /// Simulates some replications of a run once more, and follows their requests; none where no
    /// request was answered.
    ///
    /// # Errors
    /// As for [`crate::simulate_graph`].
    pub fn of(
        network: &Network,
        settings: &Settings,
        outcome: &GraphOutcome,
        progress: ProgressFn<'_>,
    ) -> Result<Option<Self>, SimulationError> {
        at_once(Self::in_turns(
            network,
            settings,
            outcome,
            &|| None,
            progress,
        ))
    }

    /// The same, which gives others their turn.
    ///
    /// # Errors
    /// As for [`Self::of`].
    pub async fn in_turns(
        network: &Network,
        settings: &Settings,
        outcome: &GraphOutcome,
        turn: TurnFn<'_>,
        progress: ProgressFn<'_>,
    ) -> Result<Option<Self>, SimulationError> {
        let Some(times) = &outcome.end_to_end else {
            return Ok(None);
        };
        let flow = Flow::new(network, settings)?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturates.
        let ticks = |ms: f64| (ms / flow.tick_ms).round() as u64;
        let [typical, slow] = [ticks(times.p50_ms), ticks(times.p99_ms)];
        let mut watches = Vec::new();
        let lanes = Self::REPLICATIONS.min(flow.replications);
        let each = u64::from(flow.end());
        for replication in 0..lanes {
            let watch = Watch::new(&[typical, slow], slow);
            let before = each.saturating_mul(replication.into());
            let progress = &mut |state: Progress| {
                progress(Progress {
                    done: before.saturating_add(state.done.min(each)),
                    total: each.saturating_mul(lanes.into()),
                })
            };
            watches.push(follow(&flow, replication, watch, turn, progress).await?);
        }
        let nearest = |place: usize, wanted: u64| {
            let journeys = watches
                .iter()
                .filter_map(|watch| watch.nearest.get(place)?.as_ref());
            let nearest = journeys.min_by_key(|journey| journey.time.abs_diff(wanted))?;
            Some(Journey::new(&flow, nearest))
        };
        let found = nearest(0, typical).zip(nearest(1, slow));
        Ok(found.map(|(typical, slow)| Self {
            typical,
            slow,
            slowest: stays(&flow, watches.iter().map(|watch| &watch.spent)),
        }))
    }
}

impl Journey {
    fn new(flow: &Flow, followed: &Followed) -> Self {
        let ms = |ticks: u64| ticks as f64 * flow.tick_ms;
        let born = followed.left.saturating_sub(followed.time);
        let stops = followed.stops.iter().filter_map(|stop| {
            let service = u64::from(stop.service);
            let stayed = stop.wait.saturating_add(service);
            // What takes no time is no stop.
            (stayed > 0).then(|| Stop {
                node: name(flow, stop.node),
                at_ms: ms(stop.left.saturating_sub(stayed).saturating_sub(born)),
                wait_ms: ms(stop.wait),
                service_ms: ms(service),
            })
        });
        let mut stops: Vec<Stop> = stops.collect();
        stops.sort_by(|a, b| a.at_ms.total_cmp(&b.at_ms));
        Self {
            ms: ms(followed.time),
            stops,
        }
    }
}

fn stays<'a>(flow: &Flow, spent: impl Iterator<Item = &'a Spent>) -> Vec<Stay> {
    let mut whole = Spent::default();
    for spent in spent {
        whole.requests = whole.requests.saturating_add(spent.requests);
        for (node, [waits, services]) in &spent.times {
            let [sum_of_waits, sum_of_services] = whole.times.entry(*node).or_default();
            *sum_of_waits = sum_of_waits.saturating_add(*waits);
            *sum_of_services = sum_of_services.saturating_add(*services);
        }
    }
    let mean = |sum: u64| sum as f64 * flow.tick_ms / whole.requests.max(1) as f64;
    let stays = whole.times.iter().map(|(node, [waits, services])| Stay {
        node: name(flow, *node),
        wait_ms: mean(*waits),
        service_ms: mean(*services),
    });
    stays
        .filter(|stay| stay.wait_ms + stay.service_ms > 0.0)
        .collect()
}

fn name(flow: &Flow, node: u32) -> String {
    let node = flow.nodes.get(node as usize);
    node.map(|node| node.name.clone()).unwrap_or_default()
}
