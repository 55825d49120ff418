//! What a node does, from its service and placement.

use core::time::Duration;

use modelspec_core::graph::{Graph, Node, NodeIx, PortIx};
use modelspec_core::spec::{self, Batch, Kind, Role, ScaleBy};
use modelspec_core::text::Spanned;

use super::super::{Autoscale, Routing, Target, Tries, Work};
use super::{batch, estimate, generator};
use crate::program::Origin;
use crate::program::from_graph::{self, concurrency, is_external, replicas};
use crate::trace::RequestTrace;

/// What a node does and where its time comes from, or why it cannot be simulated.
pub(super) fn of(
    graph: &Graph,
    ix: NodeIx,
    node: &spec::Node,
    trace: Option<&RequestTrace>,
) -> Result<(Work, Option<Origin>), String> {
    let (work, origin) = alone(graph, ix, node, trace)?;
    let slowdown = from_graph::slowdown(graph, ix, node);
    Ok((work.stretched(slowdown), origin))
}

/// The same for a node that has its GPU to itself.
fn alone(
    graph: &Graph,
    ix: NodeIx,
    node: &spec::Node,
    trace: Option<&RequestTrace>,
) -> Result<(Work, Option<Origin>), String> {
    let role = graph.node(ix).and_then(|node| node.role);
    let takes_no_time = matches!(role, Some(Role::Join | Role::Router | Role::Splitter));
    if takes_no_time && node.service.is_none() && node.latency.is_none() {
        return Ok((Work::Instant, None));
    }
    let is_external = is_external(node);
    match node.batch() {
        Some(Batch::Continuous(batch)) => {
            let (work, origin) = generator::of(graph, ix, node, batch, trace)?;
            return Ok((work, Some(origin)));
        }
        Some(Batch::Dynamic(stated)) if !is_external => {
            let (work, origin) = batch::of(graph, ix, node, role, stated)?;
            return Ok((work, Some(origin)));
        }
        _ => {}
    }
    let (replicas, concurrency) = (replicas(node), concurrency(node));
    let is_known = node.service.is_some() || node.latency.is_some() || is_external;
    let estimated = (!is_known).then(|| estimate::alone(graph, ix, node, role));
    let servers = replicas.saturating_mul(concurrency);
    let stated = || from_graph::service_of(node, servers);
    let (service, origin) = estimated.flatten().unwrap_or_else(stated)?;
    let work = if is_external {
        Work::Delay(service)
    } else {
        Work::Serve {
            replicas,
            concurrency,
            routing: routing(node, Routing::Central),
            service,
        }
    };
    Ok((work, Some(origin)))
}

/// The most requests that may wait in one queue.
pub(super) fn queue_limit(node: &spec::Node) -> Option<u32> {
    let limit = node.placement.as_ref()?.queue_limit?;
    Some(u32::try_from(limit.value.0).unwrap_or(u32::MAX))
}

/// How long a call of the node may take, and how often it is tried.
pub(super) fn tries(node: &spec::Node) -> Tries {
    let Some(serving) = &node.serving else {
        return Tries::ENDLESS;
    };
    let retries = serving.retries.as_ref();
    let attempts = retries.and_then(|retries| retries.attempts);
    let per_try = retries.and_then(|retries| retries.per_try);
    let time = |stated: Spanned<spec::Duration>| Duration::from_nanos(stated.value.0);
    Tries {
        timeout: serving.timeout.map(time),
        per_try: per_try.map(time),
        attempts: attempts.map_or(1, |attempts| attempts.value.0),
    }
}

/// What varies the number of the node's replicas, where that is stated.
pub(super) fn autoscale(node: &spec::Node) -> Option<Autoscale> {
    let replicas = node.placement.as_ref()?.replicas?;
    let stated = replicas.autoscale.filter(|_| !is_external(node))?;
    let time = |stated: spec::Duration| Duration::from_nanos(stated.0);
    let short = |whole: u64| u32::try_from(whole).unwrap_or(u32::MAX);
    Some(Autoscale {
        most: replicas.max,
        target: match stated.target {
            ScaleBy::Waiting(waiting) => Target::Waiting(waiting),
            ScaleBy::Utilisation(share) => Target::Busy(short(share.0)),
        },
        every: time(stated.every),
        cold_start: time(stated.cold_start),
        calm: time(stated.scale_down_after),
    })
}

/// How requests find a replica; `usual` where that is not stated.
pub(super) fn routing(node: &spec::Node, usual: Routing) -> Routing {
    let placement = node.placement.as_ref();
    let stated = placement.and_then(|placement| placement.routing.as_ref());
    match stated.map(|stated| stated.value) {
        None => usual,
        Some(spec::Routing::Central) => Routing::Central,
        Some(spec::Routing::LeastLoaded) => Routing::LeastLoaded,
        Some(spec::Routing::RoundRobin) => Routing::RoundRobin,
        Some(spec::Routing::Random) => Routing::Random,
        Some(spec::Routing::PowerOfTwo) => Routing::PowerOfTwo,
    }
}

/// Whether what comes as a stream leaves as one: of what takes no time of its own, and of ports
/// that take streams.
pub(super) fn streams(graph: &Graph, node: &Node) -> bool {
    let takes_streams = |&port: &PortIx| {
        let port = graph.port(port);
        port.is_some_and(|port| port.ty.kind == Kind::Stream)
    };
    matches!(node.role, Some(Role::Join | Role::Router | Role::Splitter))
        || node.inputs.iter().any(takes_streams)
}
