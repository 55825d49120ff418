//! The integer program of a graph: what decides a result is in ticks.

use super::{Batcher, Routing, Scale};
use crate::draws::Table;

/// A graph in integers. Its last node is the sink, where requests leave.
#[derive(Clone, Debug)]
pub struct Flow {
    /// The length of a tick, in milliseconds.
    pub tick_ms: f64,
    /// Inverse-CDF tables, which others refer to by index.
    pub tables: Vec<Table>,
    /// The index of the table of gaps between arrivals; where their rate changes, of units of
    /// 2⁻²⁰ of the mean gap.
    pub gap: usize,
    /// How the rate of arrivals changes.
    pub pace: Pace,
    /// Whether a trace is gone through once, rather than in a circle.
    pub once: bool,
    /// Who asks, if those who have their answer ask again.
    pub clients: Option<Clients>,
    /// The loops; no node is in two of them.
    pub loops: Vec<Rounds>,
    /// Visits of one request to one node differ by multiples of this number: that of round `k` is
    /// number `(k · tries + try) · span + request`, which draws and queues know it by.
    pub span: u32,
    /// The most tries of a visit, of all nodes; within a round they are numbered in turn.
    pub tries: u32,
    /// The nodes that use GPUs in turns, group by group.
    pub gpus: Vec<Vec<Slice>>,
    /// Why time advances from event to event: what no sweep over windows holds.
    pub by_events: Option<String>,
    /// The nodes in the order of the document; their positions key their draws.
    pub nodes: Vec<Node>,
    /// The numbers of the nodes, each after all that lead to it.
    pub order: Vec<usize>,
    /// The edges.
    pub edges: Vec<Edge>,
    /// The edges that leave the source.
    pub entries: Vec<usize>,
    /// Longer than so many ticks misses the objective.
    pub objective: Option<u64>,
    /// Requests of each lane that are simulated before counting starts.
    pub warmup: u32,
    /// Requests counted in each lane.
    pub counted: u32,
    /// Independent lanes.
    pub replications: u32,
    /// The seed.
    pub seed: u32,
}

/// Clients who wait for their answer before they ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clients {
    /// How many there are.
    pub count: u32,
    /// The pause between answer and question, in ticks.
    pub think: u32,
}

/// A node that uses its GPUs in turns with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Its number.
    pub node: usize,
    /// On how many GPUs it stands: replica by replica the same as the others of its group.
    pub replicas: u32,
    /// Of the nodes that are busy on a GPU those of the highest priority work, the others pause.
    pub priority: u32,
}

/// A loop: nodes that run in rounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rounds {
    /// Where each round starts.
    pub head: usize,
    /// All nodes on the way round, the head too, in ascending order.
    pub body: Vec<usize>,
    /// The edges that lead back to the head, and the most rounds that each allows.
    pub back: Vec<(usize, u32)>,
    /// The edges that leave the loop.
    pub exits: Vec<usize>,
    /// The tokens that a round adds to the prompts of its generators, beside their own answers.
    pub tokens: u32,
}

/// How the rate of arrivals changes. Mean gaps are in 2⁻¹⁶ ticks, 0 for a pause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Not at all.
    Steady,
    /// From state to state, and behind the last to the first.
    Switching {
        /// Below which draw a lane starts in each state.
        starts: Vec<u64>,
        /// The mean gap of each, and the index of the table of how long it holds.
        states: Vec<(u64, usize)>,
    },
    /// From when in ticks, and the mean gap from there on.
    Profile(Vec<(u64, u64)>),
    /// The gap before each request, in ticks.
    Trace(Circle),
}

/// A value of each request of a trace. The trace goes in a circle, of which replication r of R
/// starts at r/R.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circle {
    /// The values, in the order of the requests.
    pub values: Vec<u32>,
    /// The lanes that share the circle.
    pub replications: u32,
}

impl Circle {
    /// The value of a request of a lane; 0 of an empty circle.
    pub fn of(&self, replication: u32, request: u32) -> u32 {
        let many = self.values.len();
        let offset = u64::from(replication).saturating_mul(many as u64);
        let offset = offset.checked_div(u64::from(self.replications));
        let offset = usize::try_from(offset.unwrap_or(0)).unwrap_or(0);
        let place = offset.saturating_add(request as usize).checked_rem(many);
        let value = place.and_then(|place| self.values.get(place));
        value.copied().unwrap_or(0)
    }
}

/// One node in integers.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The node's name.
    pub name: String,
    /// The edges that enter it; a message says its place in this list.
    pub inputs: Vec<usize>,
    /// The edges that leave it.
    pub outputs: Vec<usize>,
    /// When it has heard enough.
    pub gather: Gather,
    /// What it does.
    pub step: Step,
    /// The most requests that may wait in one queue.
    pub limit: Option<u32>,
    /// How long it may take, and how often it is tried.
    pub call: Call,
    /// What varies the number of its replicas; `step` has the least.
    pub scale: Option<Scale>,
    /// Whether a request that is dropped, or not served in time, goes on with what came in.
    pub passes_on_drop: bool,
    /// Whether a stream that comes in leaves as one.
    pub streams: bool,
    /// The share of the servers' time that arrivals ask for; from 1 on the queue grows for ever.
    pub load: f64,
}

/// How long a node may take for a request, and how often it is tried. Times are in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// So long after the request came it is given up; without end [`u64::MAX`].
    pub timeout: u64,
    /// So long after it began a try is given up; without end [`u64::MAX`].
    pub per_try: u64,
    /// Tries in all.
    pub attempts: u32,
}

impl Call {
    /// A single try without end.
    pub const ENDLESS: Self = Self {
        timeout: u64::MAX,
        per_try: u64::MAX,
        attempts: 1,
    };

    /// How long the first try may take.
    pub fn patience(self) -> u64 {
        self.timeout.min(self.per_try)
    }
}

/// When a node has heard enough. Sets of edges are bit sets over its inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gather {
    /// A value at every port that needs one, and a word from every other port. Skipped as soon as
    /// a port that needs a value can get none.
    Ports {
        /// The edges of each port that needs a value.
        required: Vec<u64>,
        /// The edges of each port that does not.
        optional: Vec<u64>,
    },
    /// A word from every edge, with at least one value.
    All,
    /// So many values.
    Values(u32),
}

/// What a node does, in ticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing that takes time.
    Instant,
    /// Servers without number, with services from this table.
    Delay(usize),
    /// Queues, first come first served.
    Serve {
        /// Queues: one if requests wait together, else the replicas.
        queues: u32,
        /// Servers of each queue.
        servers: u32,
        /// How requests find their queue.
        routing: Routing,
        /// The index of the table of services.
        service: usize,
    },
    /// Dynamic batching.
    Batch {
        /// Queues: one if requests wait together, else the replicas.
        queues: u32,
        /// Servers of each queue.
        servers: u32,
        /// How requests find their queue.
        routing: Routing,
        /// The time of a batch of 1, 2, ….
        times: Vec<u32>,
        /// How long the first of a batch waits for others.
        delay: u32,
    },
    /// Continuous batching.
    Continuous {
        /// The replicas, each with a queue of its own.
        queues: u32,
        /// How requests find their replica.
        routing: Routing,
        /// How a replica makes its batches.
        batcher: Box<Batcher>,
    },
}

/// One edge in integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The node that it leaves; none for the source.
    pub from: Option<usize>,
    /// The node that it enters.
    pub to: usize,
    /// Its place among the inputs of that node.
    pub place: u16,
    /// Which requests take it.
    pub chance: Chance,
    /// The time of the way.
    pub hop: u32,
    /// So long after the node's first value it counts as skipped; 0 never.
    pub timeout: u32,
    /// The most rounds of the loop that it closes; 0 for an edge onward.
    pub rounds: u32,
}

/// Which requests take an edge: those whose draw is at least `low` and below `high`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance {
    /// The visit of the draw: 0 is shared by the node's edges.
    pub visit: u32,
    /// The least draw.
    pub low: u64,
    /// The first draw beyond.
    pub high: u64,
}

impl Node {
    /// Whether a single edge decides: its value runs the node, its skip skips it.
    pub(crate) fn hears_one(&self) -> bool {
        self.inputs.len() == 1
            && match &self.gather {
                Gather::Ports { required, optional } => required == &[1] && optional.is_empty(),
                Gather::All => true,
                Gather::Values(count) => *count == 1,
            }
    }
}

impl Chance {
    /// All requests.
    pub const ALWAYS: Self = Self {
        visit: 0,
        low: 0,
        high: 1 << 32,
    };

    /// Whether all requests take the edge, whatever is drawn.
    pub const fn is_certain(self) -> bool {
        self.low == 0 && self.high > u32::MAX as u64
    }

    /// Whether a draw is among those that take the edge.
    pub fn holds(self, draw: u32) -> bool {
        (self.low..self.high).contains(&u64::from(draw))
    }
}

impl Flow {
    /// The number of the sink.
    pub fn sink(&self) -> usize {
        self.nodes.len().saturating_sub(1)
    }

    /// Whether every node keeps up with its arrivals.
    pub fn is_stable(&self) -> bool {
        self.nodes.iter().all(|node| node.load < 1.0)
    }

    /// Whether answers come as streams of tokens.
    pub fn has_streams(&self) -> bool {
        let mut steps = self.nodes.iter().map(|node| &node.step);
        steps.any(|step| matches!(step, Step::Continuous { .. }))
    }

    /// The loop that a node is in.
    pub fn loop_of(&self, node: usize) -> Option<usize> {
        let mut loops = self.loops.iter();
        loops.position(|rounds| rounds.body.binary_search(&node).is_ok())
    }

    /// The group of nodes that a node shares its GPUs with, and its place there.
    pub fn slice_of(&self, node: usize) -> Option<(usize, usize)> {
        let mut groups = self.gpus.iter().enumerate();
        groups.find_map(|(group, slices)| {
            let place = slices.iter().position(|slice| slice.node == node)?;
            Some((group, place))
        })
    }

    /// The round and the try of a visit, from 0, and its request.
    pub fn visit(&self, number: u32) -> (u32, u32, u32) {
        let pass = number.checked_div(self.span).unwrap_or(0);
        let round = pass.checked_div(self.tries).unwrap_or(0);
        let attempt = pass.checked_rem(self.tries).unwrap_or(0);
        let request = number.checked_rem(self.span).unwrap_or(number);
        (round, attempt, request)
    }

    /// The number of a request's first try in a round.
    pub fn number(&self, round: u32, request: u32) -> u32 {
        let pass = round.saturating_mul(self.tries);
        pass.saturating_mul(self.span).saturating_add(request)
    }

    /// The requests that are counted.
    pub fn counting(&self) -> core::ops::Range<u32> {
        self.warmup..self.end()
    }

    /// The first request that is not counted any more.
    pub fn end(&self) -> u32 {
        self.warmup.saturating_add(self.counted)
    }
}
