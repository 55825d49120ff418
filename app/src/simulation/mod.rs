//! The last simulation: what the panel asks for, and what canvas and panel show of the answer.

mod answer;
mod figures;

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Value, json};

use crate::engine::{Answer, Engine};
use crate::storage::beside;
use crate::ui::prelude::*;
use crate::workspace::Workspace;

/// What computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The GPU where the work fills it.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The GPU, through WebGPU.
    Gpu,
}

impl Choice {
    /// In their order.
    pub(crate) const ALL: [Self; 3] = [Self::Auto, Self::Cpu, Self::Gpu];

    /// As the engine is asked.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Gpu => "gpu",
        }
    }

    /// As people read it.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Auto => "Automatic",
            Self::Cpu => "CPU",
            Self::Gpu => "GPU (WebGPU)",
        }
    }
}

/// What a run is asked for beside the document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Settings {
    /// Requests a second, in place of the document's workload.
    pub(crate) rate: Option<f64>,
    /// Counted, all replications together.
    pub(crate) requests: u64,
    /// Equal seeds give equal figures.
    pub(crate) seed: u32,
    /// What computes.
    pub(crate) engine: Choice,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rate: None,
            requests: 1_000_000,
            seed: 1,
            engine: Choice::Auto,
        }
    }
}

/// Independent runs of each node; confidence intervals come from their spread.
const REPLICATIONS: u32 = 64;

/// A stretch of time and the share of the requests that took so long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bin {
    /// Where it begins, in milliseconds.
    pub(crate) low_ms: f64,
    /// Where it ends, in milliseconds.
    pub(crate) high_ms: f64,
    /// The share of the requests, 0 to 1.
    pub(crate) share: f64,
}

/// How long something takes: the spread over requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Times {
    /// The mean, in milliseconds.
    pub(crate) mean_ms: Option<f64>,
    /// The median, in milliseconds.
    pub(crate) p50_ms: Option<f64>,
    /// The 90th percentile, in milliseconds.
    pub(crate) p90_ms: Option<f64>,
    /// The 95th percentile, in milliseconds.
    pub(crate) p95_ms: Option<f64>,
    /// The 99th percentile, in milliseconds.
    pub(crate) p99_ms: Option<f64>,
    /// Its 95 % confidence interval, in milliseconds.
    pub(crate) p99_ci_ms: Option<[f64; 2]>,
    /// The distribution.
    pub(crate) bins: Vec<Bin>,
}

/// The figures of one node.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct NodeFigures {
    /// The share of its servers' time spent serving; 1 or more where it cannot keep up. None for
    /// what serves any number at once.
    pub(crate) utilisation: Option<f64>,
    /// The share of what it can serve that its arrivals ask for.
    pub(crate) load: Option<f64>,
    /// Whether it keeps up with its arrivals; if not, it has no percentiles.
    pub(crate) stable: bool,
    /// Mean wait, in milliseconds.
    pub(crate) wait_mean_ms: Option<f64>,
    /// Mean service, in milliseconds.
    pub(crate) service_mean_ms: Option<f64>,
    /// Wait and service together.
    pub(crate) times: Times,
    /// The mean number of requests in a batch.
    pub(crate) batch_mean: Option<f64>,
    /// Whether others run it: then nobody waits there, and it never holds the graph up.
    pub(crate) external: bool,
    /// Requests a second that come to it.
    pub(crate) rate: f64,
    /// How many requests, or batches, it serves at once.
    pub(crate) servers: Option<u64>,
    /// What the document lets it take at most, in milliseconds.
    pub(crate) budget_ms: Option<f64>,
    /// Where its service time comes from: `declared`, `measured`, …
    pub(crate) origin: String,
}

/// A promise of the document beside what was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Judged {
    /// `latency p99`.
    pub(crate) objective: String,
    /// How much is promised, in the unit.
    pub(crate) goal: f64,
    /// What was found, where that is known.
    pub(crate) found: Option<f64>,
    /// `ms`, `rps` or `usd`.
    pub(crate) unit: String,
    /// Whether it is kept.
    pub(crate) is_met: bool,
}

/// A visit of a request to a node, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Stop {
    pub(crate) node: String,
    /// When it came, after it had entered the graph.
    pub(crate) at_ms: f64,
    pub(crate) wait_ms: f64,
    pub(crate) service_ms: f64,
}

/// One request on its way.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Journey {
    /// From the inputs to the answer, in milliseconds.
    pub(crate) ms: f64,
    /// By when it came there.
    pub(crate) stops: Vec<Stop>,
}

/// What requests spend at a node on average, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Stay {
    pub(crate) node: String,
    pub(crate) wait_ms: f64,
    pub(crate) service_ms: f64,
}

impl Stay {
    /// Wait and service together.
    pub(crate) fn total(&self) -> f64 {
        self.wait_ms + self.service_ms
    }
}

/// Where requests spend their time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Journeys {
    /// Half of all requests are faster.
    pub(crate) typical: Journey,
    /// 99 of 100 are faster.
    pub(crate) slow: Journey,
    /// The hundredth of requests that takes longest.
    pub(crate) slowest: Vec<Stay>,
}

/// What requests meet on their way through the whole graph.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Whole {
    /// From the inputs to the outputs.
    pub(crate) request: Times,
    /// From the inputs to the first token, where there are tokens.
    pub(crate) first_token: Option<Times>,
    /// Of each token behind the first.
    pub(crate) each_token: Option<Times>,
    /// The document's promises.
    pub(crate) judged: Vec<Judged>,
    /// The share of requests answered within the latency objective.
    pub(crate) goodput: Option<f64>,
    /// US dollars for 1,000 requests, where all prices are known.
    pub(crate) cost_per_1k: Option<f64>,
    /// What became of requests without an answer, with their share.
    pub(crate) lost: Vec<(&'static str, f64)>,
    /// The busiest node.
    pub(crate) bottleneck: Option<String>,
    /// Where requests spend their time; none where none was answered.
    pub(crate) journeys: Option<Journeys>,
}

/// The figures of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Figures {
    /// The document's revision that was simulated.
    pub(crate) revision: u64,
    /// The nodes' names in the document's order.
    pub(crate) order: Vec<String>,
    /// By the node's name.
    pub(crate) nodes: BTreeMap<String, NodeFigures>,
    /// The whole graph; none where only its nodes were simulated.
    pub(crate) whole: Option<Whole>,
    /// Why only its nodes were simulated; each with the node that it is about.
    pub(crate) reasons: Vec<(Option<String>, String)>,
    /// What exports may take from the run, as the engine wrote it.
    pub(crate) placement: Option<Value>,
    /// The slowest path and the sum of its mean times, where every node has one.
    pub(crate) path: Option<(Vec<String>, f64)>,
    /// What computed: `CPU` or `GPU`.
    pub(crate) engine: String,
    /// Requests counted: of nodes alone, at each.
    pub(crate) requests: u64,
    /// Requests a second.
    pub(crate) rate: f64,
    /// The seed.
    pub(crate) seed: u32,
    /// How long it took, in milliseconds.
    pub(crate) elapsed_ms: f64,
    /// Why it was computed as it was: event by event, or not by what was asked for.
    pub(crate) note: Option<String>,
    /// What was left out or simplified, in sentences; each with the node it is about.
    pub(crate) notes: Vec<(Option<String>, String)>,
}

/// Where the simulation stands.
#[derive(Clone, Debug, Default)]
pub(crate) enum State {
    /// Nothing has run.
    #[default]
    Idle,
    /// Something runs: the share that is done, 0 to 1.
    Running(f64),
    /// It could not be done: why, one sentence each with the node it is about.
    Refused(Vec<(Option<String>, String)>),
    /// It is done.
    Done,
}

/// The simulation that the designer shows. Copies are handles to the same.
#[derive(Clone, Copy)]
pub(crate) struct Simulation {
    /// What the next run is asked for.
    pub(crate) settings: RwSignal<Settings>,
    state: RwSignal<State, LocalStorage>,
    engine: Engine,
    /// The figures before the run that goes on: they stay on the canvas until it is done.
    last: RwSignal<Option<Rc<Figures>>, LocalStorage>,
}

impl Simulation {
    /// Nothing has run.
    pub(crate) fn new() -> Self {
        Self {
            settings: RwSignal::new(Settings::default()),
            state: RwSignal::new_local(State::Idle),
            engine: Engine::new(),
            last: RwSignal::new_local(None),
        }
    }

    /// Where it stands, watched.
    pub(crate) fn state(self) -> State {
        self.state.get()
    }

    /// The figures of the last run, watched; also while another goes on.
    pub(crate) fn figures(self) -> Option<Rc<Figures>> {
        self.last.get()
    }

    /// Whether a run goes on, watched.
    pub(crate) fn is_running(self) -> bool {
        self.state.with(|state| matches!(state, State::Running(_)))
    }

    /// Forgets all figures, as with another document.
    pub(crate) fn clear(self) {
        self.cancel();
        self.state.set(State::Idle);
        self.last.set(None);
    }

    /// Simulates the document as it is now. A run that goes on is given up.
    pub(crate) fn run(self, workspace: Workspace) {
        if untrack(|| self.is_running()) {
            self.engine.cancel();
        }
        let document = workspace.document_now();
        let settings = self.settings.get_untracked();
        let revision = document.revision;
        self.state.set(State::Running(0.0));
        let task = json!({
            "do": "simulate",
            "text": document.analysis.text,
            "files": beside::texts(&document.analysis),
            "rate": settings.rate,
            "requests": settings.requests,
            "replications": REPLICATIONS,
            "seed": settings.seed,
            "engine": settings.engine.word(),
        });
        self.engine.ask(task, move |answer| match answer {
            Answer::Progress(share) => self.state.set(State::Running(share)),
            Answer::Done(result) => {
                let figures = Rc::new(answer::figures(&result, revision));
                self.last.set(Some(figures));
                self.state.set(State::Done);
            }
            Answer::Refused(reasons) => self.refuse(answer::notes(Some(&reasons))),
            Answer::Failed(sentence) => self.refuse(vec![(None, sentence)]),
        });
    }

    /// Gives up the run that goes on.
    pub(crate) fn cancel(self) {
        if untrack(|| self.is_running()) {
            self.engine.cancel();
            let done = self.last.with_untracked(Option::is_some);
            self.state.set(if done { State::Done } else { State::Idle });
        }
    }

    fn refuse(self, reasons: Vec<(Option<String>, String)>) {
        self.last.set(None);
        self.state.set(State::Refused(reasons));
    }
}
