//! What the simulation of a whole graph tells.

use serde::Serialize;

use super::Engine;
use crate::cpu::{CacheUse, Ending, LaneRecord, Visits};
use crate::draws::Table;
use crate::program::network::{Batcher, Flow, Node, Step};
use crate::stats::{Bin, Histogram, Sample, Summary};

/// How time advances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// Window by window of arrivals, node by node.
    Sweep,
    /// From event to event.
    Event,
}

/// The result of the simulation of a graph.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GraphOutcome {
    /// Which engine ran.
    pub engine: Engine,
    /// Why the GPU did not do all although it was to; none otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine_note: Option<String>,
    /// How time advanced.
    pub mode: Mode,
    /// Why from event to event: what no sweep holds.
    pub mode_reason: Option<String>,
    /// The seed.
    pub seed: u32,
    /// Independent runs.
    pub replications: u32,
    /// Requests counted, all replications together.
    pub requests: u64,
    /// Whether every node keeps up with its arrivals; if not, there are no times.
    pub stable: bool,
    /// Requests without an answer because a queue was full.
    pub dropped: u64,
    /// Requests without an answer because an edge or a node ran out of time.
    pub timed_out: u64,
    /// Requests whose branches end before the outputs.
    pub unanswered: u64,
    /// From the inputs to the outputs, of requests with an answer.
    pub end_to_end: Option<Summary>,
    /// From the inputs to the first token of the answer; none without continuous batching.
    pub time_to_first_token: Option<Summary>,
    /// Of each token behind the first: of a request, the mean.
    pub time_per_output_token: Option<Summary>,
    /// The distribution of times from end to end, to be drawn.
    #[serde(skip)]
    pub distribution: Vec<Bin>,
    /// Answers a second.
    pub throughput_rps: Option<f64>,
    /// The share of requests answered within the latency objective, or answered at all where there
    /// is none.
    pub goodput: Option<f64>,
    /// The node nearest to what it can serve: whose servers are the busiest, under continuous
    /// batching at the largest batch.
    pub bottleneck: Option<String>,
    /// The nodes, in the order of the document.
    #[serde(skip)]
    pub nodes: Vec<NodeResult>,
}

/// The result for one node.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeResult {
    /// The node's name.
    #[serde(skip)]
    pub name: String,
    /// The share of the servers' time spent serving; none for servers without number. Under
    /// continuous batching, the share of time in which a replica serves any request. Of replicas
    /// whose number varies, the share of the time of those that there were. For a node that does
    /// not keep up, the share that its arrivals ask for, 1 or more.
    pub utilisation: Option<f64>,
    /// Whether the node keeps up with its arrivals.
    pub stable: bool,
    /// The share of what it can serve that its arrivals ask for; it grows in proportion to them.
    /// None for servers without number.
    pub load: Option<f64>,
    /// How many requests it serves at once, in all replicas; of batches, how many batches. None
    /// for servers without number. Of replicas whose number varies, the most.
    pub servers: Option<u32>,
    /// The mean number of replicas, with those that start and those that have yet to go; none where
    /// it does not vary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas_mean: Option<f64>,
    /// Requests served, all replications together.
    pub served: u64,
    /// Requests dropped because the queue was full.
    pub dropped: u64,
    /// Tries that were not served in time. A request that fails is tried again as often as its node
    /// states, and each try counts on its own.
    pub timed_out: u64,
    /// The time from arrival to the start of service.
    pub wait: Option<Summary>,
    /// The time of service; of a batch, the whole batch's. On a GPU that is used in turns, with the
    /// others' turns.
    pub service: Option<Summary>,
    /// The time from arrival to the end of service.
    pub sojourn: Option<Summary>,
    /// The distribution of the sojourn, to be drawn.
    #[serde(skip)]
    pub distribution: Vec<Bin>,
    /// The mean size of a batch; under continuous batching, the requests in service while any is.
    pub batch_mean: Option<f64>,
    /// The mean number of requests that wait.
    pub queue_mean: Option<f64>,
    /// The mean share of its KV caches' tokens that is stored, without what prompts share; none
    /// without continuous batching, where the cache is taken to be always large enough, and from
    /// the GPU, which does not count it.
    pub kv_utilisation: Option<f64>,
    /// How often a request was put back for lack of KV cache and computed anew, all replications
    /// together; none without continuous batching, and from the GPU.
    pub preemptions: Option<u64>,
}

impl GraphOutcome {
    /// Summarises a graph's lanes; none for a graph that cannot keep up.
    pub(crate) fn new(flow: &Flow, records: &[LaneRecord]) -> Self {
        let sum = |of: &dyn Fn(&LaneRecord) -> u64| {
            records.iter().map(of).fold(0_u64, u64::saturating_add)
        };
        let span = sum(&|record| record.ending.span);
        let nodes: Vec<NodeResult> = flow
            .nodes
            .iter()
            .take(flow.sink())
            .enumerate()
            .map(|(index, node)| NodeResult::new(flow, node, index, records, span))
            .collect();
        let stable = nodes.iter().all(|node| node.stable);
        let requests = u64::from(flow.counted).saturating_mul(flow.replications.into());
        let answered = sum(&|record| record.ending.answered.into()) as f64;
        let within = sum(&|record| record.ending.within.into()) as f64;
        let is_run = !records.is_empty() && stable;
        let times: Vec<_> = records.iter().map(|record| record.ending.times()).collect();
        let end_to_end = is_run
            .then(|| Summary::new(&times, (0, u32::MAX), flow.tick_ms))
            .flatten();
        let streamed = |of: fn(&Ending) -> Sample<'_>| {
            let samples: Vec<_> = records.iter().map(|record| of(&record.ending)).collect();
            let is_streamed = is_run && flow.has_streams();
            is_streamed
                .then(|| Summary::new(&samples, (0, u32::MAX), flow.tick_ms))
                .flatten()
        };
        let distribution = if is_run {
            Histogram::pool(times.iter().map(|sample| sample.counts)).bins(flow.tick_ms)
        } else {
            Vec::new()
        };
        let seconds = span as f64 * flow.tick_ms / 1e3;
        let busiest = nodes
            .iter()
            .zip(&flow.nodes)
            .filter_map(|(node, stated)| {
                let utilisation = node.utilisation?;
                // Under continuous batching a replica with one request is as busy as with many.
                let is_continuous = matches!(stated.step, Step::Continuous { .. });
                let used = if is_continuous {
                    stated.load
                } else {
                    utilisation
                };
                Some((node, used))
            })
            .filter(|(_, used)| *used > 0.0)
            .max_by(|(_, a), (_, b)| a.total_cmp(b));
        Self {
            engine: Engine::Cpu,
            engine_note: None,
            mode: match flow.by_events {
                Some(_) => Mode::Event,
                None => Mode::Sweep,
            },
            mode_reason: flow.by_events.clone(),
            seed: flow.seed,
            replications: flow.replications,
            requests,
            stable,
            dropped: sum(&|record| record.ending.dropped.into()),
            timed_out: sum(&|record| record.ending.timed_out.into()),
            unanswered: sum(&|record| record.ending.unanswered.into()),
            end_to_end,
            time_to_first_token: streamed(Ending::first),
            time_per_output_token: streamed(Ending::token),
            distribution,
            throughput_rps: (is_run && seconds > 0.0).then(|| answered / seconds),
            goodput: is_run.then(|| within / requests.max(1) as f64),
            bottleneck: busiest.map(|(node, _)| node.name.clone()),
            nodes,
        }
    }
}

impl NodeResult {
    fn new(flow: &Flow, node: &Node, index: usize, records: &[LaneRecord], span: u64) -> Self {
        let visits: Vec<_> = records
            .iter()
            .filter_map(|record| record.nodes.get(index))
            .collect();
        let saturated = visits.iter().any(|visits| visits.times.saturated);
        let is_stable = node.load < 1.0 && !saturated;
        let is_run = !visits.is_empty() && is_stable;
        let span = span as f64;
        let of =
            |get: &dyn Fn(&Visits) -> f64| -> f64 { visits.iter().map(|visits| get(visits)).sum() };
        let count = |get: fn(&Visits) -> u32| -> u64 {
            visits.iter().map(|visits| u64::from(get(visits))).sum()
        };
        let busy = of(&|visits| visits.busy() as f64) / 65_536.0;
        let scaled = node.scale.as_ref();
        let replica_time = scaled
            .filter(|_| is_run && span > 0.0)
            .map(|_| of(&|visits| visits.replicas.map_or(0.0, |time| time.counted as f64)));
        let servers = node.step.servers().map(|servers| {
            scaled.map_or(servers, |scale| {
                scale.most.saturating_mul(scale.concurrency)
            })
        });
        let utilisation = servers.map(|servers| {
            if let (Some(time), Some(scale)) = (replica_time, scaled) {
                busy / time.max(1.0) / f64::from(scale.concurrency)
            } else if is_run && span > 0.0 {
                busy / span / f64::from(servers)
            } else {
                node.load
            }
        });
        // Who takes turns may take as long as it will.
        let is_alone = flow.slice_of(index).is_none();
        let at_most = |most: u32| if is_alone { most } else { u32::MAX };
        let bounds = match &node.step {
            Step::Instant => (0, 0),
            Step::Continuous { .. } => (1, u32::MAX),
            Step::Delay(table) | Step::Serve { service: table, .. } => {
                let (least, most) = flow.tables.get(*table).map_or((0, 0), Table::bounds);
                (least, at_most(most))
            }
            Step::Batch { times, .. } => (
                times.iter().min().copied().unwrap_or(0),
                at_most(times.iter().max().copied().unwrap_or(0)),
            ),
        };
        let summary = |samples: Vec<_>, bounds| {
            is_run
                .then(|| Summary::new(&samples, bounds, flow.tick_ms))
                .flatten()
        };
        let batches = of(&|visits| visits.batches());
        let batch_mean = match node.step {
            Step::Batch { .. } if batches > 0.0 => {
                Some(of(&|visits| visits.begun().into()) / batches)
            }
            // Those in service at a time, while any is.
            Step::Continuous { .. } if busy > 0.0 => {
                Some(of(&|visits| visits.in_service() as f64) / busy)
            }
            _ => None,
        };
        // Lanes of the GPU do not count it, and a part says nothing of the whole.
        let caches: Option<Vec<CacheUse>> = visits.iter().map(|visits| visits.cache).collect();
        let cache = caches.and_then(|caches| caches.into_iter().reduce(CacheUse::and));
        let cache = cache.filter(|_| is_run);
        let is_bounded = match &node.step {
            Step::Continuous { batcher, .. } => batcher.blocks < Batcher::UNBOUNDED,
            _ => false,
        };
        let kv_use = cache.filter(|cache| is_bounded && cache.room > 0);
        Self {
            name: node.name.clone(),
            kv_utilisation: kv_use.map(|cache| cache.stored as f64 / cache.room as f64),
            preemptions: cache.map(|cache| cache.preemptions),
            utilisation,
            stable: is_stable,
            load: servers.map(|_| node.load),
            servers,
            replicas_mean: replica_time.map(|time| time / span),
            served: count(|visits| visits.served),
            dropped: count(|visits| visits.dropped),
            timed_out: count(|visits| visits.timed_out),
            wait: summary(
                visits.iter().map(|visits| visits.times.wait()).collect(),
                (0, u32::MAX),
            ),
            service: summary(
                visits.iter().map(|visits| visits.times.service()).collect(),
                bounds,
            ),
            sojourn: summary(
                visits.iter().map(|visits| visits.times.sojourn()).collect(),
                (bounds.0, u32::MAX),
            ),
            distribution: if is_run {
                Histogram::pool(visits.iter().map(|visits| visits.times.sojourn().counts))
                    .bins(flow.tick_ms)
            } else {
                Vec::new()
            },
            batch_mean: batch_mean.filter(|_| is_run),
            queue_mean: (is_run && servers.is_some() && span > 0.0)
                .then(|| of(&|visits| visits.in_queue() as f64) / span),
        }
    }
}
