//! So many requests in the graph at once: those beyond wait before it.

use super::flow::{Edge, Gather, Node};
use super::{Gaps, Network, Stage, Work};
use crate::error::SimulationError;
use crate::program::compile::ns;

/// How many requests may be in the graph at once; the others wait before it, first come first
/// served.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Admission {
    /// So many.
    pub limit: u32,
    /// The share of them that arrivals take up for certain, whatever they wait for in the graph;
    /// from 1 on those before it grow in number for ever. 0 where nothing is certain, and of
    /// clients who wait for their answer.
    pub load: f64,
}

impl Admission {
    /// Whether the graph may keep up with its arrivals, for all that is known before they come.
    pub fn is_stable(self) -> bool {
        self.load < 1.0
    }
}

/// The bound in integers.
pub(super) fn compile(
    network: &Network,
    moments: &[(f64, f64)],
    tick_ns: f64,
    graph: (&[Node], &[Edge], &[usize]),
) -> Result<Option<Admission>, SimulationError> {
    let Some(limit) = network.max_in_flight else {
        return Ok(None);
    };
    if limit == 0 {
        let reason = "`maxInFlight` of 0 lets no request into the graph; give at least 1";
        return Err(SimulationError::station("inputs", reason));
    }
    // Little: as many are inside as come a second, times how long each stays.
    let load = match network.gaps {
        Gaps::Closed { .. } => 0.0,
        _ => network.rate * least_ns(&network.stages, moments, tick_ns, graph) / 1e9,
    };
    Ok(Some(Admission {
        limit,
        load: load / f64::from(limit),
    }))
}

/// Requests until those who wait before the graph have settled: of as many servers as the bound,
/// each busy while a request is inside.
pub(super) fn settling(network: &Network, residence_ns: f64) -> f64 {
    let Some(limit) = network.max_in_flight else {
        return 0.0;
    };
    let spare = 1.0 - network.rate * residence_ns / 1e9 / f64::from(limit);
    let is_open = !matches!(network.gaps, Gaps::Closed { .. });
    if is_open && spare > 0.0 {
        5.0 * network.gaps.cv2().max(1.0) / (spare * spare)
    } else {
        0.0
    }
}

/// When a word leaves a node at the earliest, on average, and whether it surely is a value.
#[derive(Clone, Copy, Debug)]
struct Known {
    ns: f64,
    is_sure: bool,
}

/// What is heard along an edge, of which nothing may be known.
const NOTHING: Known = Known {
    ns: 0.0,
    is_sure: false,
};

/// The least time that a request is in the graph on average, in nanoseconds: what it takes for
/// certain, if nobody else is there. Branches, timeouts and full queues may spare it all the rest.
fn least_ns(
    stages: &[Stage],
    moments: &[(f64, f64)],
    tick_ns: f64,
    (nodes, edges, order): (&[Node], &[Edge], &[usize]),
) -> f64 {
    let mut known = vec![NOTHING; nodes.len()];
    for &index in order {
        let Some(node) = nodes.get(index) else {
            continue;
        };
        let heard: Vec<Known> = node
            .inputs
            .iter()
            .map(|&edge| {
                edges
                    .get(edge)
                    .map_or(NOTHING, |edge| along(edge, &known, tick_ns))
            })
            .collect();
        let mut own = start(&node.gather, &heard);
        own.is_sure &= node.limit.is_none() && node.call.patience() == u64::MAX;
        if own.is_sure {
            own.ns += stages
                .get(index)
                .zip(moments.get(index))
                .map_or(0.0, |(stage, &(mean, _))| least_service_ns(stage, mean));
        }
        if let Some(slot) = known.get_mut(index) {
            *slot = own;
        }
    }
    known.last().map_or(0.0, |sink| sink.ns)
}

/// A word at the end of an edge.
fn along(edge: &Edge, known: &[Known], tick_ns: f64) -> Known {
    // Nobody waits for long where a timeout is, and in the first round not for an edge back.
    if edge.timeout > 0 || edge.rounds > 0 {
        return NOTHING;
    }
    let before = match edge.from {
        Some(from) => known.get(from).copied().unwrap_or(NOTHING),
        None => Known {
            ns: 0.0,
            is_sure: true,
        },
    };
    let is_sure = before.is_sure && edge.chance.is_certain();
    let hop = if is_sure { f64::from(edge.hop) } else { 0.0 };
    Known {
        ns: before.ns + hop * tick_ns,
        is_sure,
    }
}

/// When a node has heard enough at the earliest, and whether it surely runs. The mean of the later
/// of two times is at least the later of their means; that of the earlier may be anything.
fn start(gather: &Gather, heard: &[Known]) -> Known {
    let latest = |ports: &mut dyn Iterator<Item = Known>| {
        ports.fold(0.0_f64, |latest, port| latest.max(port.ns))
    };
    match gather {
        Gather::All => Known {
            ns: latest(&mut heard.iter().copied()),
            is_sure: heard.iter().any(|one| one.is_sure),
        },
        Gather::Values(_) => NOTHING,
        Gather::Ports { required, optional } => {
            // Of alternatives the first may come at once.
            let of = |port: &u64| {
                let places = (0_u32..).zip(heard);
                let mut places = places.filter(|(place, _)| port.wrapping_shr(*place) & 1 == 1);
                match (places.next(), places.next()) {
                    (Some((_, &one)), None) => one,
                    _ => NOTHING,
                }
            };
            let is_sure = required.iter().all(|port| of(port).is_sure);
            let ns = if is_sure {
                latest(&mut required.iter().chain(optional).map(of))
            } else {
                // The first port that gets nothing ends it.
                let times = required.iter().map(|port| of(port).ns);
                let least = times.fold(f64::INFINITY, f64::min);
                if least.is_finite() { least } else { 0.0 }
            };
            Known { ns, is_sure }
        }
    }
}

/// The mean time of a request that has the stage to itself.
fn least_service_ns(stage: &Stage, mean: f64) -> f64 {
    match &stage.work {
        Work::Instant => 0.0,
        Work::Delay(_) | Work::Serve { .. } => mean,
        Work::Batch { times, .. } => times.iter().min().map_or(0.0, |&least| ns(least)),
        // Its mean is known but roughly.
        Work::Continuous(stated) => 0.8 * stated.mean_times(1.0).0,
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::super::{Flow, Link, Share, Wait};
    use super::*;
    use crate::program::{Service, Settings};

    fn delay(name: &str, ms: u64) -> Stage {
        let work = Work::Delay(Service::Fixed(Duration::from_millis(ms)));
        Stage {
            gather: Wait::All,
            ..Stage::new(name, work)
        }
    }

    fn load(stages: Vec<Stage>, links: Vec<Link>) -> f64 {
        let network = Network {
            rate: 100.0,
            gaps: Gaps::Exponential,
            stages,
            links,
            objective: None,
            max_in_flight: Some(10),
        };
        let flow = Flow::new(&network, &Settings::default()).unwrap();
        flow.admission.unwrap().load
    }

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }

    #[test]
    fn a_join_takes_the_longer_branch() {
        // 100 a second for 20 + 50 ms are 7 of 10.
        let stages = vec![delay("first", 20), delay("short", 30), delay("long", 50)];
        let links = vec![
            Link::new(None, Some(0)),
            Link::new(Some(0), Some(1)),
            Link::new(Some(0), Some(2)),
        ];
        near(load(stages, links), 0.7);
    }

    #[test]
    fn what_may_not_come_counts_for_nothing() {
        let stages = || vec![delay("first", 20), delay("then", 50)];
        let links = |chance| {
            let then = Link {
                chance,
                ..Link::new(Some(0), Some(1))
            };
            vec![Link::new(None, Some(0)), then]
        };
        near(load(stages(), links(Share::Always)), 0.7);
        near(load(stages(), links(Share::Own(0.9))), 0.2);
        let mut bounded = stages();
        bounded[1].tries.timeout = Some(Duration::from_millis(1));
        near(load(bounded, links(Share::Always)), 0.2);
        let mut first = stages();
        first[1].gather = Wait::Any;
        near(load(first, links(Share::Always)), 0.0);
    }
}
