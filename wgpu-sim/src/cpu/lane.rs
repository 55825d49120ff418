//! Lanes that advance stretch by stretch, so that whoever runs them can do other things between.

use super::sweep::{Events, LaneRecord, Sweep, TURNS, WINDOW, Watch};
use crate::error::SimulationError;
use crate::program::network::Flow;

/// Visits to nodes between two looks at the wish to cancel: some milliseconds.
pub(super) const STRIDE: u32 = 1 << 16;

/// A lane on its way.
pub(super) trait Running {
    /// What it counts.
    type Record;

    fn is_done(&self) -> bool;

    /// Simulates a stretch, some milliseconds of work, and says how many requests arrived in it.
    fn advance(&mut self) -> u32;

    fn into_record(self: Box<Self>) -> Self::Record;
}

/// A lane of a graph on its way.
pub(super) struct Lane<'a> {
    engine: Engine<'a>,
    /// Steps of a sweep that make a stretch.
    steps: u32,
}

enum Engine<'a> {
    Sweep(Box<Sweep<'a>>),
    Events(Box<Events<'a>>),
}

impl<'a> Lane<'a> {
    /// A lane before its first arrival, on the engine that the graph asks for; none for a program
    /// that contradicts itself.
    pub(super) fn new(flow: &'a Flow, replication: u32) -> Option<Self> {
        if flow.by_events.is_some() {
            Self::by_events(flow, replication)
        } else {
            Self::in_windows(flow, replication, WINDOW)
        }
    }

    /// One by sweeps over windows of so many arrivals.
    pub(super) fn in_windows(flow: &'a Flow, replication: u32, window: u32) -> Option<Self> {
        let sweep = Sweep::new(flow, replication, window)?;
        Some(Self {
            engine: Engine::Sweep(Box::new(sweep)),
            steps: steps_of_a_stretch(flow, window),
        })
    }

    /// One from event to event.
    pub(super) fn by_events(flow: &'a Flow, replication: u32) -> Option<Self> {
        let events = Events::new(flow, replication)?;
        Some(Self {
            engine: Engine::Events(Box::new(events)),
            steps: 1,
        })
    }

    /// The same with its requests followed.
    pub(super) fn watched(mut self, watch: Watch) -> Self {
        match &mut self.engine {
            Engine::Sweep(sweep) => sweep.watch(watch),
            Engine::Events(events) => events.watch(watch),
        }
        self
    }

    /// What was seen of the requests that were followed.
    pub(super) fn into_watch(self) -> Option<Watch> {
        match self.engine {
            Engine::Sweep(sweep) => sweep.into_watch(),
            Engine::Events(events) => events.into_watch(),
        }
    }
}

impl Running for Lane<'_> {
    type Record = Result<LaneRecord, SimulationError>;

    fn is_done(&self) -> bool {
        match &self.engine {
            Engine::Sweep(sweep) => sweep.is_done(),
            Engine::Events(events) => events.is_done(),
        }
    }

    fn advance(&mut self) -> u32 {
        let sweep = match &mut self.engine {
            Engine::Events(events) => return events.advance(),
            Engine::Sweep(sweep) => sweep,
        };
        let mut arrived = 0_u32;
        for _ in 0..self.steps {
            arrived = arrived.saturating_add(sweep.advance());
            if sweep.is_done() {
                break;
            }
        }
        arrived
    }

    fn into_record(self: Box<Self>) -> Self::Record {
        match self.engine {
            Engine::Sweep(sweep) => sweep.into_record(),
            Engine::Events(events) => events.into_record(),
        }
    }
}

fn steps_of_a_stretch(flow: &Flow, window: u32) -> u32 {
    // A visit to a generator takes many times as long as others.
    let visits = if flow.has_streams() {
        STRIDE >> 4
    } else {
        STRIDE
    };
    let nodes = u32::try_from(flow.nodes.len()).unwrap_or(u32::MAX);
    let step = nodes.min(TURNS).saturating_mul(window);
    visits.checked_div(step).unwrap_or(0).max(1)
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::program::network::{Gaps, Link, Network, Routing, Stage, Work};
    use crate::{Service, Settings};

    /// Two queues, of which the second is slow.
    fn tandem() -> Network {
        let queue = |ms| Work::Serve {
            replicas: 2,
            concurrency: 1,
            routing: Routing::LeastLoaded,
            service: Service::Exponential {
                mean: Duration::from_millis(ms),
            },
        };
        Network {
            rate: 300.0,
            gaps: Gaps::Exponential,
            stages: vec![Stage::new("fast", queue(1)), Stage::new("slow", queue(5))],
            links: vec![
                Link::new(None, Some(0)),
                Link::new(Some(0), Some(1)),
                Link::new(Some(1), None),
            ],
            objective: None,
            max_in_flight: None,
        }
    }

    #[test]
    fn both_engines_see_the_same_journeys() {
        let settings = Settings {
            replications: 1,
            requests: 20_000,
            ..Settings::default()
        };
        let flow = Flow::new(&tandem(), &settings).unwrap();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturates.
        let ticks = |ms: f64| (ms / flow.tick_ms) as u64;
        let followed = |lane: Option<Lane<'_>>| {
            let watch = Watch::new(&[ticks(10.0), ticks(40.0)], ticks(30.0));
            let mut lane = lane.unwrap().watched(watch);
            while !lane.is_done() {
                lane.advance();
            }
            lane.into_watch().unwrap()
        };
        let windows = followed(Lane::in_windows(&flow, 0, 64));
        let events = followed(Lane::by_events(&flow, 0));
        assert!(windows.spent.requests > 20, "{:?}", windows.spent);
        assert_eq!(windows.spent, events.spent);
        assert_eq!(windows.nearest, events.nearest);
        assert!(
            events
                .nearest
                .iter()
                .flatten()
                .all(|one| one.stops.len() == 2)
        );
    }
}
