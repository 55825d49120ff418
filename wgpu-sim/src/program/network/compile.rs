//! From a network to the integer program.

mod batcher;
mod edges;

use core::time::Duration;
use std::collections::BTreeMap;

use super::load::{self, Demand};
use super::{Call, Flow, Gather, Network, Node, Routing, Scale, Slice, Stage, Step, Tries, Work};
use super::{Gaps, closed, rounds};
use crate::draws::{MAX_STATIONS, MAX_TICKS, Table};
use crate::error::SimulationError;
use crate::program::compile::{COARSEST, Law, TICKS_NS, TOO_LONG, counted, ns};
use crate::program::{Arrivals, MAX_SERVERS, Service, Settings, Station};
use edges::{gather, join, order};

impl Flow {
    /// Checks a network and turns it into integers.
    ///
    /// # Errors
    /// [`SimulationError`] for what cannot be simulated: it names the node and the way out.
    pub fn new(network: &Network, settings: &Settings) -> Result<Self, SimulationError> {
        let stages = &network.stages;
        if stages.is_empty() {
            return Err(SimulationError::NoStations);
        }
        // The sink and the source have numbers of their own.
        if stages.len() > MAX_STATIONS.saturating_sub(2) {
            let count = stages.len();
            return Err(SimulationError::TooManyStations { count });
        }
        let counted = counted(settings)?;
        network.gaps.check()?;
        let stations = stages
            .iter()
            .map(|stage| station(network, stage))
            .collect::<Result<Vec<_>, _>>()?;
        let laws = stations
            .iter()
            .map(Law::new)
            .collect::<Result<Vec<_>, _>>()?;
        let moments: Vec<_> = laws.iter().map(Law::service_moments).collect();
        let closed = closed::at_its_rate(network, &moments);
        let network = closed.as_ref().unwrap_or(network);
        let demands = load::demands(stages, &moments, network);
        let tick_ns = tick_ns(network, &laws, &demands)?;

        let gap_mean = 1e9 / network.rate / tick_ns;
        let too_long = |name: &str| SimulationError::station(name, TOO_LONG);
        let mut tables = Vec::new();
        let pace =
            network
                .gaps
                .compile(network.rate, tick_ns, settings.replications, &mut tables)?;
        if gap_mean < COARSEST {
            let reason = format!(
                "requests are closer together than {COARSEST} ticks of {} µs; lower the rate, or \
                 shorten the longest time in the graph for a finer tick",
                tick_ns / 1e3
            );
            return Err(SimulationError::station("inputs", reason));
        }
        let mut nodes = Vec::new();
        let source = u32::try_from(stages.len()).unwrap_or(0).saturating_add(1);
        for (index, ((stage, law), demand)) in (0_u32..).zip(stages.iter().zip(&laws).zip(&demands))
        {
            let step = match &stage.work {
                Work::Instant => Step::Instant,
                Work::Batch {
                    replicas,
                    routing,
                    times,
                    max_delay,
                } => {
                    let (queues, servers) = queues(*routing, *replicas, 1);
                    Step::Batch {
                        queues,
                        servers,
                        routing: *routing,
                        times: times
                            .iter()
                            .map(|&time| ticks(time, tick_ns).max(1))
                            .collect(),
                        delay: ticks(*max_delay, tick_ns),
                    }
                }
                Work::Continuous(stated) => Step::Continuous {
                    queues: stated.replicas,
                    routing: match stated.routing {
                        Routing::Central => Routing::LeastLoaded,
                        stated => stated,
                    },
                    batcher: Box::new(batcher::new(
                        stage,
                        stated,
                        (index, source),
                        settings.replications,
                        tick_ns,
                        &mut tables,
                    )?),
                },
                Work::Delay(_) | Work::Serve { .. } => {
                    let table = Table::new(1, |p, c| law.service_ns(p, c) / tick_ns);
                    tables.push(table.ok_or_else(|| too_long(&stage.name))?);
                    let service = tables.len().saturating_sub(1);
                    if let Work::Serve {
                        replicas,
                        concurrency,
                        routing,
                        ..
                    } = stage.work
                    {
                        let (queues, servers) = queues(routing, replicas, concurrency);
                        Step::Serve {
                            queues,
                            servers,
                            routing,
                            service,
                        }
                    } else {
                        Step::Delay(service)
                    }
                }
            };
            nodes.push(Node {
                name: stage.name.clone(),
                inputs: Vec::new(),
                outputs: Vec::new(),
                gather: Gather::All,
                step,
                limit: stage.queue_limit,
                call: call(stage, tick_ns),
                scale: Scale::new(stage, tick_ns)?,
                passes_on_drop: stage.passes_on_drop,
                streams: stage.streams,
                load: demand.load,
            });
        }
        nodes.push(sink());
        let (edges, entries) = join(network, &mut nodes, tick_ns)?;
        for (stage, (index, node)) in stages.iter().zip((0..).zip(&mut nodes)) {
            node.gather = gather(stage, index, &node.inputs, &network.links);
        }
        let order = order(&nodes, &edges)?;
        let loops = rounds::find(&nodes, &edges, &network.links)?;
        let tries = nodes.iter().map(|node| node.call.attempts).max();
        let tries = tries.unwrap_or(1);
        let span = rounds::span(&loops, tries, counted)?;
        rounds::number(&loops, (span, tries), &mut nodes);
        Ok(Self {
            tick_ms: tick_ns / 1e6,
            tables,
            gap: 0,
            pace,
            once: false,
            clients: closed::clients(&network.gaps, tick_ns),
            by_events: by_events(network, &loops, &nodes),
            loops,
            gpus: gpus(stages)?,
            span,
            tries,
            nodes,
            order,
            edges,
            entries,
            objective: network
                .objective
                .map(|time| u64::from(ticks(time, tick_ns))),
            warmup: load::warmup(stages, &demands, settings, counted, network)?,
            counted,
            replications: settings.replications,
            seed: settings.seed,
        })
    }
}

/// What no sweep over windows of arrivals holds, if there is any.
fn by_events(network: &Network, loops: &[super::Rounds], nodes: &[Node]) -> Option<String> {
    let name = |node: usize| nodes.get(node).map_or("", |node| &*node.name);
    if let Some(rounds) = loops.first() {
        return Some(format!("a loop leads back to `{}`", name(rounds.head)));
    }
    let shares = |stage: &&Stage| {
        let others = network.stages.iter().filter(|other| other.gpu == stage.gpu);
        stage.gpu.is_some() && others.count() > 1
    };
    if let Some(stage) = network.stages.iter().find(shares) {
        return Some(format!(
            "`timeSlice` of `{}`: its GPU is used in turns",
            stage.name
        ));
    }
    if let Some(node) = nodes.iter().find(|node| node.scale.is_some()) {
        return Some(format!(
            "`autoscale` of `{}` varies its replicas",
            node.name
        ));
    }
    if let Some(node) = nodes.iter().find(|node| node.call.attempts > 1) {
        return Some(format!(
            "`retries` of `{}` come back to its queue",
            node.name
        ));
    }
    matches!(network.gaps, Gaps::Closed { .. })
        .then(|| "clients wait for their answer before they ask again".to_owned())
}

fn sink() -> Node {
    Node {
        name: "outputs".to_owned(),
        inputs: Vec::new(),
        outputs: Vec::new(),
        gather: Gather::All,
        step: Step::Instant,
        limit: None,
        call: Call::ENDLESS,
        scale: None,
        passes_on_drop: false,
        streams: true,
        load: 0.0,
    }
}

/// A stage as a station on its own, which checks its figures.
fn station(network: &Network, stage: &Stage) -> Result<Station, SimulationError> {
    let fail = |reason: String| Err(SimulationError::station(&stage.name, reason));
    let (servers, service) = match &stage.work {
        Work::Instant => (1, Service::Fixed(Duration::ZERO)),
        Work::Delay(service) => (1, service.clone()),
        Work::Serve {
            replicas,
            concurrency,
            service,
            ..
        } => (replicas.saturating_mul(*concurrency), service.clone()),
        Work::Batch {
            replicas, times, ..
        } => {
            let Some(&longest) = times.iter().max() else {
                return fail("its batches hold nothing; give a `maxSize` of at least 1".into());
            };
            (*replicas, Service::Fixed(longest))
        }
        Work::Continuous(stated) => {
            batcher::check(stage, stated)?;
            (stated.replicas, Service::Fixed(Duration::ZERO))
        }
    };
    if servers > MAX_SERVERS {
        return fail(format!(
            "it has {servers} servers (replicas × concurrency); give 1 to {MAX_SERVERS}"
        ));
    }
    let rate = network.rate;
    Ok(Station {
        name: stage.name.clone(),
        servers,
        arrivals: Arrivals::Poisson { rate },
        service,
    })
}

/// How many queues, and servers in each.
fn queues(routing: Routing, replicas: u32, concurrency: u32) -> (u32, u32) {
    if routing == Routing::Central {
        (1, replicas.saturating_mul(concurrency))
    } else {
        (replicas, concurrency)
    }
}

/// The stages that use their GPUs in turns, by their groups.
fn gpus(stages: &[Stage]) -> Result<Vec<Vec<Slice>>, SimulationError> {
    let mut groups: BTreeMap<u32, Vec<Slice>> = BTreeMap::new();
    for (node, stage) in stages.iter().enumerate() {
        let Some(gpu) = stage.gpu else { continue };
        let (Work::Serve { replicas, .. } | Work::Batch { replicas, .. }) = stage.work else {
            let reason = "it uses its GPU in turns with others, which is not simulated of batches \
                          that requests join and leave at each step";
            return Err(SimulationError::station(&stage.name, reason));
        };
        groups.entry(gpu).or_default().push(Slice {
            node,
            replicas,
            priority: stage.priority,
        });
    }
    Ok(groups.into_values().collect())
}

/// How long a stage may take, in ticks.
fn call(stage: &Stage, tick_ns: f64) -> Call {
    let long = |time: Option<Duration>| match time {
        Some(time) => u64::from(ticks(time, tick_ns).max(1)),
        None => u64::MAX,
    };
    let Tries {
        timeout,
        per_try,
        attempts,
    } = stage.tries;
    Call {
        timeout: long(timeout),
        per_try: long(per_try),
        attempts: attempts.max(1),
    }
}

/// A duration to the nearest tick; the tick was chosen so that all of the program's fit.
fn ticks(time: Duration, tick_ns: f64) -> u32 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturates.
    let ticks = libm::round(ns(time) / tick_ns) as u32;
    ticks
}

/// The smallest tick whose range holds every time of the program, and 20 times what a request
/// takes in all.
fn tick_ns(
    network: &Network,
    laws: &[Law<'_>],
    demands: &[Demand],
) -> Result<f64, SimulationError> {
    let end = libm::scalbn(1.0, -32);
    let mut whole = 0.0;
    let mut reach = network.gaps.longest_ns(network.rate);
    let mut longest = "inputs";
    for ((stage, law), demand) in network.stages.iter().zip(laws).zip(demands) {
        whole += demand.residence_ns;
        let Tries {
            timeout, per_try, ..
        } = stage.tries;
        let bounds = timeout.max(per_try).map_or(0.0, ns);
        let own = law.service_ns(1.0 - end, end).max(20.0 * whole).max(bounds);
        if own > reach {
            (reach, longest) = (own, &stage.name);
        }
    }
    for link in &network.links {
        let own = ns(link.hop).max(link.timeout.map_or(0.0, ns));
        if own > reach {
            reach = own;
            longest = name(network, link.to);
        }
    }
    let fits = |tick: &f64| reach / tick < f64::from(MAX_TICKS);
    TICKS_NS
        .into_iter()
        .find(fits)
        .ok_or_else(|| SimulationError::station(longest, TOO_LONG))
}

fn name(network: &Network, stage: Option<usize>) -> &str {
    let stage = stage.and_then(|stage| network.stages.get(stage));
    stage.map_or("outputs", |stage| &stage.name)
}
