//! From a network to the integer program.

mod batcher;

use core::time::Duration;

use super::load::{self, Demand};
use super::{Edge, Flow, Gather, Link, Network, Node, Routing, Share, Stage, Step, Wait, Work};
use super::{Gaps, closed, rounds};
use crate::draws::{MAX_STATIONS, MAX_TICKS, Table};
use crate::error::SimulationError;
use crate::program::compile::{COARSEST, Law, TICKS_NS, TOO_LONG, counted, ns};
use crate::program::{Arrivals, MAX_SERVERS, Service, Settings, Station};

/// The most edges that may enter one node: they share a word of bits.
const MAX_INPUTS: usize = 64;
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
        let demands: Vec<Demand> = stages
            .iter()
            .zip(&moments)
            .map(|(stage, &moments)| load::demand(stage, moments, network))
            .collect();
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
        let tries = 1;
        let span = rounds::span(&loops, tries, counted)?;
        rounds::grow(&loops, span.saturating_mul(tries), &mut nodes);
        Ok(Self {
            tick_ms: tick_ns / 1e6,
            tables,
            gap: 0,
            pace,
            once: false,
            clients: closed::clients(&network.gaps, tick_ns),
            by_events: by_events(network, &loops, &nodes),
            loops,
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
        let own = law.service_ns(1.0 - end, end).max(20.0 * whole);
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

/// Joins the nodes by their edges; a stage that leads nowhere leads to the sink.
fn join(
    network: &Network,
    nodes: &mut [Node],
    tick_ns: f64,
) -> Result<(Vec<Edge>, Vec<usize>), SimulationError> {
    let sink = nodes.len().saturating_sub(1);
    let links = network.links.iter();
    let mut edges: Vec<Edge> = links
        .map(|link| Edge {
            from: link.from,
            to: link.to.unwrap_or(sink),
            place: 0,
            chance: super::Chance::ALWAYS,
            hop: ticks(link.hop, tick_ns),
            timeout: link.timeout.map_or(0, |time| ticks(time, tick_ns).max(1)),
            rounds: match link.chance {
                Share::Back(back) => back.rounds.max(1),
                _ => 0,
            },
        })
        .collect();
    for stage in 0..sink {
        if !edges.iter().any(|edge| edge.from == Some(stage)) {
            edges.push(Edge {
                from: Some(stage),
                to: sink,
                place: 0,
                chance: super::Chance::ALWAYS,
                hop: 0,
                timeout: 0,
                rounds: 0,
            });
        }
    }
    // A stage without inputs gives its value to every request.
    for stage in 0..sink {
        if !edges
            .iter()
            .any(|edge| edge.to == stage && edge.rounds == 0)
        {
            edges.push(Edge {
                from: None,
                to: stage,
                place: 0,
                chance: super::Chance::ALWAYS,
                hop: 0,
                timeout: 0,
                rounds: 0,
            });
        }
    }
    let mut entries = Vec::new();
    for (index, edge) in edges.iter_mut().enumerate() {
        let leaving = match edge.from {
            Some(from) => {
                let node = nodes.get_mut(from);
                let node = node.ok_or_else(|| {
                    SimulationError::station("edge", "it leaves a stage that does not exist")
                })?;
                &mut node.outputs
            }
            None => &mut entries,
        };
        let visit = u32::try_from(leaving.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        leaving.push(index);
        edge.chance = chance(network.links.get(index).map(|link| link.chance), visit);
        let node = nodes.get_mut(edge.to).ok_or_else(|| {
            SimulationError::station("edge", "it enters a stage that does not exist")
        })?;
        edge.place = u16::try_from(node.inputs.len()).unwrap_or(u16::MAX);
        node.inputs.push(index);
        if node.inputs.len() > MAX_INPUTS {
            return Err(SimulationError::station(
                &node.name,
                format!("more than {MAX_INPUTS} edges enter it; join some of them before it"),
            ));
        }
    }
    Ok((edges, entries))
}

fn chance(share: Option<Share>, own_visit: u32) -> super::Chance {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let bits = |share: f64| libm::round(share.clamp(0.0, 1.0) * 4_294_967_296.0) as u64;
    match share {
        None | Some(Share::Always) => super::Chance::ALWAYS,
        Some(Share::Between(low, high)) => super::Chance {
            visit: 0,
            low: bits(low),
            high: bits(high),
        },
        Some(Share::Back(back)) => super::Chance {
            visit: if back.is_own { own_visit } else { 0 },
            low: bits(back.range.0),
            high: bits(back.range.1),
        },
        Some(Share::Own(share)) => super::Chance {
            visit: own_visit,
            low: 0,
            high: bits(share),
        },
    }
}

fn gather(stage: &Stage, index: usize, inputs: &[usize], links: &[Link]) -> Gather {
    match stage.gather {
        Wait::All => Gather::All,
        Wait::Any => Gather::Values(1),
        Wait::Quorum(count) => Gather::Values(count.max(1)),
        Wait::Ports => {
            let mut ports: Vec<(u32, bool, u64)> = Vec::new();
            for (place, &input) in (0_u32..).zip(inputs) {
                let Some(link) = links.get(input).filter(|link| link.to == Some(index)) else {
                    continue;
                };
                // The first round does not wait for what the next is to bring.
                if matches!(link.chance, Share::Back(_)) {
                    continue;
                }
                let bit = 1_u64.wrapping_shl(place);
                match ports.iter_mut().find(|(port, ..)| *port == link.port) {
                    Some((_, required, edges)) => {
                        *required |= link.required;
                        *edges |= bit;
                    }
                    None => ports.push((link.port, link.required, bit)),
                }
            }
            let of = |wanted: bool| {
                let ports = ports.iter().filter(|(_, required, _)| *required == wanted);
                ports.map(|&(.., edges)| edges).collect()
            };
            Gather::Ports {
                required: of(true),
                optional: of(false),
            }
        }
    }
}

/// Each node after all that lead to it, the first of the document first.
fn order(nodes: &[Node], edges: &[Edge]) -> Result<Vec<usize>, SimulationError> {
    let mut order: Vec<usize> = Vec::new();
    let mut placed = vec![false; nodes.len()];
    while order.len() < nodes.len() {
        let ready = |node: &Node| {
            let before = node.inputs.iter().filter_map(|&edge| edges.get(edge));
            let before = before.filter(|edge| edge.rounds == 0);
            let before = before.filter_map(|edge| edge.from);
            before
                .into_iter()
                .all(|from| placed.get(from) == Some(&true))
        };
        let waiting = nodes
            .iter()
            .enumerate()
            .filter(|(index, _)| placed.get(*index) == Some(&false));
        let layer: Vec<usize> = waiting
            .filter(|(_, node)| ready(node))
            .map(|(index, _)| index)
            .collect();
        if layer.is_empty() {
            let stuck = placed.iter().position(|placed| !placed).unwrap_or(0);
            let name = nodes.get(stuck).map_or("", |node| &node.name);
            return Err(SimulationError::station(
                name,
                "it lies on or behind a loop of which no edge is bounded by `loop`",
            ));
        }
        for index in layer {
            if let Some(slot) = placed.get_mut(index) {
                *slot = true;
            }
            order.push(index);
        }
    }
    Ok(order)
}
