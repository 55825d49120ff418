//! From a document's graph to a network.

mod batch;
mod branches;
mod estimate;
mod generator;
mod rounds;
mod tokens;
mod work;
mod zones;

use core::time::Duration;
use std::collections::BTreeMap;

use modelspec_core::check::{Code, Diagnostic, Severity};
use modelspec_core::graph::{EdgeIx, Graph, Node, NodeIx, expected_visits};
use modelspec_core::spec::{self, Join, OnFailure, Role};
use modelspec_core::text::Span;

use super::{Continuous, Gaps, Link, Load, Network, Routing, Share, Stage, Wait, Work, scale};
use crate::program::Origin;
use crate::program::from_graph::{arrivals_of, priority, turns};
use crate::service::Basis;
use rounds::Loops;
use zones::Zones;

/// A graph as a network, and what was taken for granted on the way.
#[derive(Clone, Debug)]
pub struct GraphCompilation {
    /// One stage for each node.
    pub network: Network,
    /// Where each stage's service time comes from; none for those that take no time.
    pub origins: BTreeMap<String, Origin>,
    /// What is simulated more simply than it is stated.
    pub notes: Vec<Diagnostic>,
}

/// The graph cannot be simulated as a whole because of this.
const WHOLE: Code = Code("SIM-WHOLE");
/// The time of a node is estimated.
const ESTIMATED: Code = Code("SIM-ESTIMATED");
/// A node is simulated more simply than it is stated.
const SIMPLER: Code = Code("SIM-SIMPLER");

impl Network {
    /// Compiles a graph under its workload; `load` changes that or completes it.
    ///
    /// # Errors
    /// Each node or edge that keeps the graph from being simulated as a whole, with the reason: a
    /// node without a service time, loops within one another.
    pub fn from_graph(graph: &Graph, load: &Load<'_>) -> Result<GraphCompilation, Vec<Diagnostic>> {
        let (rate, gaps) = arrivals_of(graph, load)?;
        let trace = load.trace.filter(|_| matches!(gaps, Gaps::Trace(_)));
        let mut visits = expected_visits(graph);
        let (mut found, mut notes) = (Vec::new(), Vec::new());
        let shares = branches::shares(graph);
        let loops = Loops::new(graph, &shares, &mut visits, &mut found);
        let mut stages = Vec::new();
        let mut origins = BTreeMap::new();
        let mut numbers = BTreeMap::new();
        for (ix, node) in graph.model_nodes() {
            let Some(stated) = graph.spec_of(ix) else {
                continue;
            };
            match work::of(graph, ix, stated, trace) {
                Ok((work, origin)) => {
                    numbers.insert(ix, stages.len());
                    if let Some(Origin::Estimated(basis)) = origin {
                        notes.push(estimated(node, basis));
                    }
                    if let Some(origin) = origin {
                        origins.insert(node.name.clone(), origin);
                    }
                    simpler(node, stated, &work, &mut notes);
                    stages.push(Stage {
                        name: node.name.clone(),
                        share: visits.get(ix.0 as usize).copied().unwrap_or(1.0),
                        gather: wait(node.role, stated),
                        work,
                        queue_limit: work::queue_limit(stated),
                        tries: work::tries(stated),
                        passes_on_drop: passes_on(stated),
                        streams: work::streams(graph, node),
                        gpu: None,
                        priority: 0,
                        autoscale: work::autoscale(stated),
                    });
                }
                Err(reason) => found.push(refused(node.span, &node.name, &reason)),
            }
        }
        take_turns(graph, &numbers, &mut stages, &mut notes);
        for (&ix, stage) in &numbers {
            if let (Some(node), Some(stage)) = (graph.node(ix), stages.get(*stage))
                && let Some(reason) = scale::refusal(stage)
            {
                found.push(refused(node.span, &node.name, reason));
            }
        }
        let share = |edge| {
            let onward = || shares.get(&edge).copied();
            loops.share(edge).or_else(onward).unwrap_or(Share::Always)
        };
        let links = links(graph, &numbers, share, &mut notes);
        if !found.is_empty() || stages.is_empty() {
            return Err(found);
        }
        let objective = objective(graph);
        Ok(GraphCompilation {
            network: Self {
                rate,
                gaps,
                stages,
                links,
                objective,
            },
            origins,
            notes,
        })
    }
}

impl Continuous {
    /// The server that a node states, for a trace that is to be replayed on it
    /// ([`crate::service::replay`]): the trace has the lengths. Its steps take the time that is
    /// estimated of them; where nothing is, that which the node states.
    ///
    /// # Errors
    /// What the node lacks, as a sentence about it.
    pub fn stated(node: &spec::Node) -> Result<Self, String> {
        match node.batch() {
            Some(spec::Batch::Continuous(batch)) => generator::replayed(node, batch),
            _ => Err("its `placement.batch` is not `continuous`".to_owned()),
        }
    }
}

fn estimated(node: &Node, basis: Basis) -> Diagnostic {
    let (name, words) = (&node.name, basis.words());
    let percent = 100.0 * basis.band();
    let message = format!(
        "the service time of `{name}` is estimated, by {words}: take it as ± {percent:.0} %"
    );
    Diagnostic::new(ESTIMATED, node.span, message)
        .with_severity(Severity::Info)
        .with_help("state `service`, from measurements of your own")
        .on_node(name)
}

fn refused(span: Span, name: &str, reason: &str) -> Diagnostic {
    let message = format!("`{name}` keeps the graph from being simulated as a whole: {reason}");
    Diagnostic::new(WHOLE, span, message)
        .with_severity(Severity::Warning)
        .on_node(name)
}

/// Puts nodes that use their GPUs in turns into groups, where all of a group can be simulated so.
fn take_turns(
    graph: &Graph,
    numbers: &BTreeMap<NodeIx, usize>,
    stages: &mut [Stage],
    notes: &mut Vec<Diagnostic>,
) {
    let groups = turns(graph);
    for (&ix, &first) in &groups {
        let of = |ix: &NodeIx| stages.get(*numbers.get(ix)?);
        let members = groups.iter().filter(|&(_, group)| *group == first);
        let mut members = members.filter_map(|(member, _)| of(member));
        let takes = |work: &Work| matches!(work, Work::Serve { .. } | Work::Batch { .. });
        let other = members.find(|stage| !takes(&stage.work));
        if let Some(other) = other.map(|stage| &stage.name) {
            let (name, span) = (graph.name(ix), graph.node(ix).map(|node| node.span));
            let message = format!(
                "`{name}` is simulated as if it had its GPU alone: of nodes that use one in turns, \
                 only those are simulated so that serve requests singly or in batches that they \
                 gather, and `{other}` does not"
            );
            let note = Diagnostic::new(SIMPLER, span.unwrap_or_default(), message);
            notes.push(note.with_severity(Severity::Info).on_node(name));
        } else if let Some(stage) = numbers.get(&ix).and_then(|&at| stages.get_mut(at)) {
            stage.gpu = Some(first.0);
            stage.priority = graph.spec_of(ix).map_or(0, priority);
        }
    }
}

fn wait(role: Option<Role>, stated: &spec::Node) -> Wait {
    if role != Some(Role::Join) {
        return Wait::Ports;
    }
    match stated.join.as_ref().map(|join| &join.value) {
        None | Some(Join::All) => Wait::All,
        Some(Join::Any) => Wait::Any,
        Some(Join::Quorum(count)) => Wait::Quorum(count.0),
    }
}

/// Whether a request that the node drops goes on with what came in.
fn passes_on(stated: &spec::Node) -> bool {
    let on_failure = stated.on_failure.as_ref().map(|stated| &stated.value);
    matches!(on_failure, Some(OnFailure::Skip))
}

fn links(
    graph: &Graph,
    numbers: &BTreeMap<NodeIx, usize>,
    share: impl Fn(EdgeIx) -> Share,
    notes: &mut Vec<Diagnostic>,
) -> Vec<Link> {
    let mut links = Vec::new();
    let zones = Zones::new(graph);
    for edge in &graph.edges {
        let stated = graph.edge_spec(edge.ix);
        let time = |of: fn(&spec::Edge) -> Option<u64>| stated.and_then(of);
        let end = |ix: NodeIx| (!ix.is_model(), numbers.get(&ix).copied());
        let ((is_source, from), (is_sink, to)) = (end(edge.source), end(edge.target));
        // The other end was refused already.
        if (!is_source && from.is_none()) || (!is_sink && to.is_none()) {
            continue;
        }
        let port = edge.ports.and_then(|(_, to)| graph.port(to));
        links.push(Link {
            from,
            to,
            port: edge.ports.map_or(u32::MAX, |(_, to)| to.0),
            required: edge.required && port.is_none_or(|port| port.required),
            chance: share(edge.ix),
            hop: zones.hop(edge, stated, notes),
            timeout: time(|edge| Some(edge.timeout?.value.0)).map(Duration::from_nanos),
        });
    }
    links
}

/// The latency within which a request meets its objective: that of the highest percentile stated.
fn objective(graph: &Graph) -> Option<Duration> {
    let objectives = graph.spec.body()?.objectives.as_ref()?;
    let latency = &objectives.latency.as_ref()?;
    let stated = latency
        .p99
        .or(latency.p95)
        .or(latency.p90)
        .or(latency.p50)?;
    Some(Duration::from_nanos(stated.value.0))
}

/// Says what of a node the stages do not have.
fn simpler(node: &Node, stated: &spec::Node, work: &Work, notes: &mut Vec<Diagnostic>) {
    let mut say = |span: Span, what: &str| {
        let message = format!("`{}` is simulated {what}", node.name);
        let said = Diagnostic::new(SIMPLER, span, message).with_severity(Severity::Info);
        notes.push(said.on_node(&node.name));
    };
    let tries = work::tries(stated);
    if tries.attempts > 1 && tries.per_try.is_none() {
        let what = "with tries that end when its queue is full alone; state `perTry` of its \
                    `retries` for tries that take too long";
        say(node.span, what);
    }
    let is_continuous = matches!(stated.batch(), Some(spec::Batch::Continuous(_)));
    match work {
        Work::Continuous(work) => {
            if work.routing == Routing::Central && work.replicas > 1 {
                say(
                    node.span,
                    "with requests sent to the replica with the fewest",
                );
            }
            let lengths = [("prompts", &work.prompt), ("answers", &work.answer)];
            for (what, _) in lengths.iter().filter(|(_, tokens)| tokens.are_traced()) {
                say(node.span, &format!("with {what} as long as the trace's"));
            }
            if work.kv_tokens.is_none() {
                let what =
                    "with a KV cache that is always large enough; state `kvTokens` of its batch";
                say(node.span, what);
            }
        }
        Work::Batch { times, .. } if !states_batches(stated) => {
            let grows = times.first() != times.last();
            let what = if grows {
                "with its time for a batch of one, and what its model's products add for each \
                 further request"
            } else {
                "as if a batch took no longer than one request: the model facts that would tell \
                 are missing"
            };
            say(node.span, what);
        }
        Work::Serve { .. } if is_continuous => {
            let what = "with the time stated of a request, however many run beside it; state \
                        `service` as `continuous` for times that depend on the batch";
            say(node.span, what);
        }
        _ => {}
    }
}

/// Whether its batches have their times from elsewhere than the time of one request.
fn states_batches(stated: &spec::Node) -> bool {
    match &stated.service {
        Some(service) => matches!(
            service.value,
            spec::Service::Batch(_) | spec::Service::Points(_) | spec::Service::Fixed(_)
        ),
        None => stated.latency.is_none(),
    }
}

#[cfg(test)]
mod tests;
