//! From a graph to stations: how often a request visits each node, and how long the node works.

mod arrivals;
mod service;
mod sharing;

pub(super) use arrivals::of as arrivals_of;
pub(super) use service::{mean_seconds, of as service_of, unloaded};
pub(super) use sharing::{priority, slowdown, turns};

use std::collections::BTreeMap;

use modelspec_core::check::{Code, Diagnostic, Severity};
use modelspec_core::graph::{Graph, expected_visits};
use modelspec_core::spec;
use modelspec_core::text::Span;

use super::{Arrivals, MAX_SERVERS, Program, Station};
use crate::service::Basis;

/// A graph as a program, and what was taken for granted on the way.
#[derive(Clone, Debug)]
pub struct Compilation {
    /// One station for each node whose service time is known, in the order of the document.
    pub program: Program,
    /// Requests a second that arrive at the graph.
    pub rate: f64,
    /// Where each station's service time comes from.
    pub origins: BTreeMap<String, Origin>,
    /// Nodes left out, and what was taken for granted of the others.
    pub notes: Vec<Diagnostic>,
}

/// Where a service time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `service` states it.
    Declared,
    /// `service` states it, and was fitted to measurements.
    Calibrated,
    /// `latency` states it without a load: it is taken as unloaded.
    Latency,
    /// `latency` was stated under a load: the service that gives it there was fitted.
    Fitted,
    /// Nobody states it: it is estimated from the facts of the model and the GPU.
    Estimated(Basis),
}

/// The annotation of a node whose `service` was fitted to measurements: it tells which.
pub const CALIBRATED: &str = "modelgraph/calibrated";

impl Origin {
    /// Of what `service` states.
    pub(super) fn stated(node: &spec::Node) -> Self {
        let annotations = node.annotations.as_ref();
        let is_calibrated = annotations.is_some_and(|all| all.named(CALIBRATED).is_some());
        if is_calibrated {
            Self::Calibrated
        } else {
            Self::Declared
        }
    }

    /// Of an estimate, how far measured figures lie from it, as a share of it: half lie within.
    pub const fn band(self) -> Option<f64> {
        match self {
            Self::Estimated(basis) => Some(basis.band()),
            _ => None,
        }
    }

    /// The word as results say it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Calibrated => "calibrated",
            Self::Latency => "declared latency",
            Self::Fitted => "fitted to latency",
            Self::Estimated(_) => "estimated",
        }
    }
}

/// A node is not simulated.
const LEFT_OUT: Code = Code("SIM-LEFT-OUT");
/// A node is simulated more simply than it is stated.
const SIMPLER: Code = Code("SIM-SIMPLER");
/// There are no arrivals to simulate.
const ARRIVALS: Code = Code("SIM-ARRIVALS");

/// Compiles a graph; `rate` (requests a second) stands in for the document's workload.
///
/// Each node is a station of its own: requests arrive there as often as the graph's branches send
/// them, at random, and do not queue for one another between nodes.
///
/// # Errors
/// What keeps the whole graph from being simulated: no arrivals, or no node with a service time.
pub fn from_graph(graph: &Graph, rate: Option<f64>) -> Result<Compilation, Vec<Diagnostic>> {
    let mut notes = Vec::new();
    let rate = arrivals::poisson(graph, rate, &mut notes)?;
    let visits = expected_visits(graph);
    let mut stations = Vec::new();
    let mut origins = BTreeMap::new();
    for (ix, node) in graph.model_nodes() {
        let share = visits.get(ix.0 as usize).copied().unwrap_or(0.0);
        let Some(stated) = graph.spec_of(ix) else {
            continue;
        };
        if share <= 0.0 {
            notes.push(left_out(node, "no request reaches it"));
            continue;
        }
        let servers = servers(stated);
        match service::of(stated, servers) {
            Ok((service, origin)) => {
                let service = service.stretched(sharing::slowdown(graph, ix, stated));
                simpler(node, stated, &mut notes);
                let arrivals = Arrivals::Poisson { rate: rate * share };
                let servers = if is_external(stated) {
                    ample(rate * share, &service)
                } else {
                    servers
                };
                stations.push(Station {
                    name: node.name.clone(),
                    servers,
                    arrivals,
                    service,
                });
                origins.insert(node.name.clone(), origin);
            }
            Err(reason) => notes.push(left_out(node, &reason)),
        }
    }
    if stations.is_empty() {
        return Err(notes);
    }
    Ok(Compilation {
        program: Program { stations },
        rate,
        origins,
        notes,
    })
}

pub(crate) fn is_external(node: &spec::Node) -> bool {
    node.external.is_some_and(|external| external.value)
}

/// The replicas that run: the least of their number.
pub(crate) fn replicas(node: &spec::Node) -> u32 {
    let replicas = node.placement.as_ref().and_then(|it| it.replicas);
    replicas.map_or(1, |replicas| replicas.min).max(1)
}

/// What each replica serves at once: by default one for each core of a CPU node.
pub(super) fn concurrency(node: &spec::Node) -> u32 {
    let Some(placement) = &node.placement else {
        return 1;
    };
    let cores = placement.cpu.filter(|_| placement.gpu.is_none());
    let cores = cores.and_then(|cores| u32::try_from(cores.value.0.checked_div(1000)?).ok());
    let stated = placement.concurrency.map(|count| count.value.0);
    stated.or(cores).unwrap_or(1).max(1)
}

/// Replicas × what each serves at once.
fn servers(node: &spec::Node) -> u32 {
    replicas(node).saturating_mul(concurrency(node))
}

/// So many servers that nobody waits: what others run scales as it will.
fn ample(rate: f64, service: &super::Service) -> u32 {
    let busy = rate * service::mean_seconds(service);
    let ample = libm::ceil(busy + 10.0 * libm::sqrt(busy) + 10.0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let servers = ample.min(f64::from(MAX_SERVERS)) as u32;
    servers
}

fn left_out(node: &modelspec_core::graph::Node, reason: &str) -> Diagnostic {
    let message = format!("`{}` is left out: {reason}", node.name);
    Diagnostic::new(LEFT_OUT, node.span, message)
        .with_severity(Severity::Warning)
        .on_node(&node.name)
}

/// Says what of a node the stations do not have.
fn simpler(node: &modelspec_core::graph::Node, stated: &spec::Node, notes: &mut Vec<Diagnostic>) {
    let mut say = |span: Span, what: &str| {
        let message = format!("`{}` is simulated {what}", node.name);
        let said = Diagnostic::new(SIMPLER, span, message).with_severity(Severity::Info);
        notes.push(said.on_node(&node.name));
    };
    let Some(placement) = &stated.placement else {
        return;
    };
    if let Some(batch) = &placement.batch
        && !matches!(batch.value, spec::Batch::None)
    {
        say(batch.span, "without batching: each request is served alone");
    }
    if let Some(routing) = &placement.routing
        && !matches!(routing.value, spec::Routing::Central)
    {
        say(routing.span, "with one queue before all replicas");
    }
    if let Some(share) = &placement.share
        && matches!(share.value, spec::Share::TimeSlice(_))
    {
        say(share.span, "as if it had its GPU alone");
    }
    if let Some(replicas) = &placement.replicas
        && replicas.value.autoscale.is_some()
    {
        say(
            replicas.span,
            "with its least replicas, which nothing varies",
        );
    }
}

#[cfg(test)]
mod tests {
    use core::ops::ControlFlow;
    use core::time::Duration;

    use modelspec_core::Analysis;

    use super::*;
    use crate::{Service, Settings, simulate_cpu};

    fn compile(text: &str) -> Result<Compilation, Vec<Diagnostic>> {
        let analysis = Analysis::new(text);
        from_graph(&analysis.graph.expect("a graph"), None)
    }

    fn rates(compilation: &Compilation) -> Vec<(&str, f64)> {
        let stations = compilation.program.stations.iter();
        stations
            .map(|station| {
                let Arrivals::Poisson { rate } = station.arrivals;
                (station.name.as_str(), rate)
            })
            .collect()
    }

    const BRANCHES: &str = "
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: cascade}
spec:
  inputs: {question: {type: text}}
  outputs: {answer: {type: any}}
  nodes:
    seen: {role: cache, hitRate: 25%, service: {fixed: 1ms}, placement: {replicas: 2}}
    pick: {role: router, service: {fixed: 1ms}}
    small: {role: transformer, service: {exponential: {mean: 5ms}}}
    large: {role: transformer, service: {lognormal: {p50: 4ms, p95: 11ms}}}
    both: {role: join, join: any, service: {fixed: 100us}}
    idle: {role: transformer}
  edges:
    - {from: inputs.question, to: seen.key}
    - {from: seen.miss, to: pick.in}
    - {from: pick.out, to: small.in, probability: 80%}
    - {from: pick.out, to: large.in}
    - {from: small.out, to: both.in}
    - {from: large.out, to: both.in}
    - {from: both.out, to: outputs.answer}
  workload: {arrivals: {poisson: {rate: 100rps}}}
";

    #[test]
    fn branches_share_the_requests() {
        let compilation = compile(BRANCHES).expect("it can be simulated");
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        let wanted = [
            ("seen", 100.0),
            ("pick", 75.0),
            ("small", 60.0),
            ("large", 15.0),
            ("both", 75.0),
        ];
        for ((name, rate), (wanted_name, wanted)) in rates(&compilation).into_iter().zip(wanted) {
            assert!(
                name == wanted_name && close(rate, wanted),
                "{name} {rate} {wanted}"
            );
        }
        assert_eq!(compilation.program.stations[0].servers, 2);
        let left: Vec<&str> = compilation
            .notes
            .iter()
            .map(|note| note.message.as_str())
            .collect();
        let reason = "`idle` is left out: no service time is stated; add `service` or `latency`";
        assert_eq!(left, [reason]);
    }

    #[test]
    fn a_latency_under_load_gives_it_back_at_that_load() {
        let text = BRANCHES.replace(
            "service: {exponential: {mean: 5ms}}",
            "latency: {p95: 40ms, source: measured, at: {rate: 60rps}}",
        );
        let compilation = compile(&text).expect("it can be simulated");
        assert_eq!(compilation.origins["small"], Origin::Fitted);
        let go_on = &mut |_| ControlFlow::Continue(());
        let outcome = simulate_cpu(&compilation.program, &Settings::default(), go_on).unwrap();
        let small = outcome
            .stations
            .iter()
            .find(|station| station.name == "small")
            .unwrap();
        let p95 = small.sojourn.as_ref().unwrap().p95_ms;
        assert!((p95 - 40.0).abs() < 1.6, "{p95}");
    }

    #[test]
    fn what_cannot_be_simulated_says_why() {
        let text = BRANCHES.replace("{poisson: {rate: 100rps}}", "{trace: {path: a.csv}}");
        let found = compile(&text).unwrap_err();
        assert!(
            found[0]
                .message
                .contains("`trace` arrivals are simulated in whole graphs only"),
            "{found:?}"
        );
        let text = BRANCHES.replace("  workload: {arrivals: {poisson: {rate: 100rps}}}\n", "");
        let found = compile(&text).unwrap_err();
        assert!(
            found[0]
                .help
                .as_deref()
                .is_some_and(|help| help.contains("poisson"))
        );
    }

    #[test]
    fn one_percentile_takes_a_usual_spread() {
        let text = BRANCHES.replace("service: {exponential: {mean: 5ms}}", "latency: {p50: 5ms}");
        let compilation = compile(&text).expect("it can be simulated");
        let Service::LognormalPercentiles { p50, p95 } = compilation.program.stations[2].service
        else {
            panic!("not a lognormal");
        };
        assert_eq!(p50, Duration::from_millis(5));
        // cv 0.5 means a p95 of e^(1.645 × 0.4724) times the median.
        assert!((p95.as_secs_f64() * 1e3 - 10.875).abs() < 0.01, "{p95:?}");
    }
}
