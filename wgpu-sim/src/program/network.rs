//! A whole graph to simulate: requests pass from node to node, and meet in queues and joins.

mod closed;
mod compile;
mod continuous;
mod flow;
mod from_graph;
mod gaps;
mod load;
mod rounds;
mod scale;

use core::time::Duration;

pub use continuous::{
    BLOCK, Batcher, Continuous, Lengths, Prefix, StepTime, TokenLaw, TokenPart, Tokens,
};
pub use flow::{
    Call, Chance, Circle, Clients, Edge, Flow, Gather, Node, Pace, Rounds, Slice, Step,
};
pub use from_graph::GraphCompilation;
pub use gaps::{Change, Gaps, Hold, UNIT_BITS};
pub use scale::{Autoscale, Scale, Target};

use super::Service;
use crate::trace::RequestTrace;

/// A feed-forward graph of stages under arrivals from outside.
///
/// Every edge carries exactly one message for each request: its value, or a skip that says that
/// none will come. So a stage always knows when it has heard of all its edges.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Requests a second that enter, on average.
    pub rate: f64,
    /// How the gaps between them spread.
    pub gaps: Gaps,
    /// The stages, in the order of the document: it decides their draws.
    pub stages: Vec<Stage>,
    /// What joins them.
    pub links: Vec<Link>,
    /// A request that takes longer misses its objective; none if there is no objective.
    pub objective: Option<Duration>,
}

/// What a simulation is asked beside the document.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load<'a> {
    /// Requests a second, in place of the document's: their gaps keep their shape.
    pub rate: Option<f64>,
    /// The trace that the document refers to; see [`crate::read_trace`].
    pub trace: Option<&'a RequestTrace>,
}

/// One node of the graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// The node's name, as errors and results say it.
    pub name: String,
    /// How many of a request's visits it gets, on average: 0 to 1. Decides loads and warm-up.
    pub share: f64,
    /// For which of its edges it waits.
    pub gather: Wait,
    /// What it does with a request.
    pub work: Work,
    /// A queue that holds so many waiting requests drops the next; each replica has its own, where
    /// requests are routed.
    pub queue_limit: Option<u32>,
    /// How long it may take, and how often it is tried.
    pub tries: Tries,
    /// Whether a request that is dropped here, or not served in time, goes on with what came in
    /// (`onFailure: skip`).
    pub passes_on_drop: bool,
    /// Whether a stream that comes in leaves as one, so much later; only for what has no queue.
    pub streams: bool,
    /// Stages of one number use their GPUs in turns, replica by replica: of those that are busy on
    /// one, each works at an equal share of its speed. Not for continuous batching.
    pub gpu: Option<u32>,
    /// Of the stages that are busy on a GPU only those of the highest priority work; the others
    /// pause, and go on where they were.
    pub priority: u32,
    /// What varies the number of its replicas, of which it has the least at the beginning.
    pub autoscale: Option<Autoscale>,
}

impl Stage {
    /// A stage that every request visits, that waits for what its ports need, and whose queue has
    /// no limit.
    pub fn new(name: impl Into<String>, work: Work) -> Self {
        Self {
            name: name.into(),
            share: 1.0,
            gather: Wait::Ports,
            work,
            queue_limit: None,
            tries: Tries::ENDLESS,
            passes_on_drop: false,
            streams: false,
            gpu: None,
            priority: 0,
            autoscale: None,
        }
    }
}

/// How long a stage may take for a request, and how often it is tried.
///
/// Whose time is up leaves the queue, or is cut off: a server is free at once, a batch goes on
/// without it, and of continuous batching it leaves at the end of a step. The next try queues anew,
/// at the end, and draws its own service and answer. A try that a full queue drops is followed by
/// the next at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tries {
    /// The most that all tries may take together.
    pub timeout: Option<Duration>,
    /// The most that one may take.
    pub per_try: Option<Duration>,
    /// How many there are.
    pub attempts: u32,
}

impl Tries {
    /// A single one, which may take for ever.
    pub const ENDLESS: Self = Self {
        timeout: None,
        per_try: None,
        attempts: 1,
    };
}

/// For which of its edges a stage waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// For one value at each port that needs one; see [`Link::port`].
    Ports,
    /// For all edges; it goes on with at least one value.
    All,
    /// For the first value.
    Any,
    /// For so many values.
    Quorum(u32),
}

/// What a stage does with a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Nothing that takes time: a join, a router.
    Instant,
    /// Servers without number: nobody waits.
    Delay(Service),
    /// Queues, first come first served.
    Serve {
        /// The replicas.
        replicas: u32,
        /// How many requests one replica serves at once.
        concurrency: u32,
        /// How requests find a replica.
        routing: Routing,
        /// How long one takes.
        service: Service,
    },
    /// Dynamic batching: a free replica waits for a full batch, yet no longer than the delay.
    Batch {
        /// The replicas, each of which runs one batch at a time.
        replicas: u32,
        /// How requests find a replica.
        routing: Routing,
        /// The time of a batch of 1, 2, …; as many as a batch may hold.
        times: Vec<Duration>,
        /// How long the first of a batch waits for others.
        max_delay: Duration,
    },
    /// Continuous batching: requests join and leave a replica's batch at each step.
    Continuous(Box<Continuous>),
}

/// How requests find a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routing {
    /// From one queue before all replicas.
    Central,
    /// To the one with the fewest requests; equals by draw.
    LeastLoaded,
    /// In turn.
    RoundRobin,
    /// At random.
    Random,
    /// To the lesser of two at random.
    PowerOfTwo,
}

/// An edge between two stages.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The stage that it leaves; none for the graph's inputs.
    pub from: Option<usize>,
    /// The stage that it enters; none for the graph's outputs.
    pub to: Option<usize>,
    /// The number of the port that it enters: edges of one port carry alternatives.
    pub port: u32,
    /// Whether the stage needs a value at that port.
    pub required: bool,
    /// Which requests take it.
    pub chance: Share,
    /// How long the way takes.
    pub hop: Duration,
    /// So long after the stage's first value it goes on without this one; none waits for ever.
    pub timeout: Option<Duration>,
}

impl Link {
    /// An edge that every request takes, at once, to the first port.
    pub const fn new(from: Option<usize>, to: Option<usize>) -> Self {
        Self {
            from,
            to,
            port: 0,
            required: true,
            chance: Share::Always,
            hop: Duration::ZERO,
            timeout: None,
        }
    }
}

/// Which requests take an edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Share {
    /// All.
    Always,
    /// Those whose draw at the stage lies between the two, from 0 to 1: edges of one stage with
    /// ranges apart exclude each other.
    Between(f64, f64),
    /// This share, each request by a draw of the edge's own.
    Own(f64),
    /// The edge closes a loop: those that it takes pass through the stages of the loop once more.
    Back(Back),
}

/// Which requests take an edge back, and how often.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Back {
    /// From which draw to which, from 0 to 1.
    pub range: (f64, f64),
    /// Whether the draw is the edge's own rather than that which all edges of the stage share.
    pub is_own: bool,
    /// The most rounds in all: so often each stage of the loop runs at most.
    pub rounds: u32,
    /// Tokens that each round adds to the prompts of generators of the loop, beside the answer
    /// that they made themselves: what tools told.
    pub tokens: u32,
}
