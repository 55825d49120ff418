//! What a node does, from its service and placement.

use core::time::Duration;

use modelspec_core::graph::{Graph, Node, NodeIx, PortIx};
use modelspec_core::spec::{self, Batch, Kind, Role};
use modelspec_core::text::Spanned;

use super::super::{Routing, Tries, Work};
use super::generator;
use crate::program::Origin;
use crate::program::from_graph::{self, concurrency, is_external, replicas};

/// The largest batch of which a table of times is made.
const MAX_BATCH: u32 = 4_096;

/// What a node does and where its time comes from, or why it cannot be simulated.
pub(super) fn of(
    graph: &Graph,
    ix: NodeIx,
    node: &spec::Node,
) -> Result<(Work, Option<Origin>), String> {
    let (work, origin) = alone(graph, ix, node)?;
    let slowdown = from_graph::slowdown(graph, ix, node)?;
    Ok((work.stretched(slowdown), origin))
}

/// The same for a node that has its GPU to itself.
fn alone(graph: &Graph, ix: NodeIx, node: &spec::Node) -> Result<(Work, Option<Origin>), String> {
    let role = graph.node(ix).and_then(|node| node.role);
    let takes_no_time = matches!(role, Some(Role::Join | Role::Router | Role::Splitter));
    if takes_no_time && node.service.is_none() && node.latency.is_none() {
        return Ok((Work::Instant, None));
    }
    let (replicas, concurrency) = (replicas(node), concurrency(node));
    let routing = routing(node, Routing::Central);
    if let Some(Batch::Dynamic(batch)) = node.batch()
        && !is_external(node)
        && let Some(size) = batch.max_size
        && let Some(times) = batch_times(node, size.value.0)
    {
        let times = times?;
        let delay = batch.max_delay.map_or(0, |delay| delay.value.0);
        let work = Work::Batch {
            replicas,
            routing,
            times,
            max_delay: Duration::from_nanos(delay),
        };
        return Ok((work, Some(Origin::Declared)));
    }
    if let Some(Batch::Continuous(batch)) = node.batch() {
        let (work, origin) = generator::of(graph, ix, node, batch)?;
        return Ok((work, Some(origin)));
    }
    if let Some(Batch::Dynamic(_)) = node.batch() {
        return Err(
            "its batches have no known time; state `service` as `batch` or `points`".to_owned(),
        );
    }
    let (service, origin) = from_graph::service_of(node, replicas.saturating_mul(concurrency))?;
    let work = if is_external(node) {
        Work::Delay(service)
    } else {
        Work::Serve {
            replicas,
            concurrency,
            routing,
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

/// The time of a batch of 1, 2, …; none where the service does not state it by batch.
fn batch_times(node: &spec::Node, size: u32) -> Option<Result<Vec<Duration>, String>> {
    let service = &node.service.as_ref()?.value;
    let line = |from: (f64, f64), to: (f64, f64), at: f64| {
        from.1 + (to.1 - from.1) * (at - from.0) / (to.0 - from.0).max(1.0)
    };
    let mut points: Vec<(f64, f64)> = match service {
        spec::Service::Batch(law) => {
            let (base, item) = (law.base?.value.0 as f64, law.per_item?.value.0 as f64);
            vec![(0.0, base), (1.0, base + item)]
        }
        spec::Service::Fixed(time) => vec![(1.0, time.0 as f64)],
        spec::Service::Points(points) => {
            let known = points.iter().filter_map(|point| {
                let batch = f64::from(point.batch?.value.0);
                Some((batch, point.time?.value.0 as f64))
            });
            known.collect()
        }
        _ => return None,
    };
    if size > MAX_BATCH {
        return Some(Err(format!(
            "its batches hold up to {size}; at most {MAX_BATCH} are simulated"
        )));
    }
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points.dedup_by_key(|point| point.0);
    let time = |at: f64| {
        // Beyond the last two points their line goes on; below the first it stays.
        let next = points.iter().position(|point| point.0 >= at);
        let last = points.len().saturating_sub(1);
        let next = next.unwrap_or(last).max(1).min(last);
        let get = |index: usize| points.get(index).copied().unwrap_or((1.0, 0.0));
        let (from, to) = (get(next.saturating_sub(1)), get(next));
        if next == 0 || at < from.0 {
            return from.1;
        }
        line(from, to, at)
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturates.
    let nanos = |time: f64| Duration::from_nanos(libm::round(time.max(0.0)) as u64);
    Some(Ok((1..=size)
        .map(|size| nanos(time(f64::from(size))))
        .collect()))
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
