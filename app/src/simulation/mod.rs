//! The last simulation: what the panel asks for, and what canvas and panel show of the answer.

use std::collections::BTreeMap;
use std::rc::Rc;

use leptos::prelude::*;

/// The figures of one node.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct NodeFigures {
    /// The share of its servers' time spent serving; 1 or more where it cannot keep up.
    pub(crate) utilisation: f64,
    /// Whether it keeps up with its arrivals; if not, it has no percentiles.
    pub(crate) stable: bool,
    /// Mean wait, in milliseconds.
    pub(crate) wait_mean_ms: Option<f64>,
    /// Mean service, in milliseconds.
    pub(crate) service_mean_ms: Option<f64>,
    /// Median of wait and service together, in milliseconds.
    pub(crate) p50_ms: Option<f64>,
    /// 95th percentile, in milliseconds.
    pub(crate) p95_ms: Option<f64>,
    /// 99th percentile, in milliseconds.
    pub(crate) p99_ms: Option<f64>,
    /// Its 95 % confidence interval, in milliseconds.
    pub(crate) p99_ci_ms: Option<[f64; 2]>,
    /// Where its service time comes from: `declared`, `measured`, …
    pub(crate) origin: String,
}

/// The figures of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Figures {
    /// The document's revision that was simulated.
    pub(crate) revision: u64,
    /// By the node's name.
    pub(crate) nodes: BTreeMap<String, NodeFigures>,
    /// What computed: `CPU` or `GPU`.
    pub(crate) engine: String,
    /// Requests counted at each node.
    pub(crate) requests: u64,
    /// Requests a second.
    pub(crate) rate: f64,
    /// The seed.
    pub(crate) seed: u32,
    /// How long it took, in milliseconds.
    pub(crate) elapsed_ms: f64,
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
    Done(Rc<Figures>),
}

/// The simulation that the designer shows. Copies are handles to the same.
#[derive(Clone, Copy)]
pub(crate) struct Simulation {
    state: RwSignal<State, LocalStorage>,
}

impl Simulation {
    /// Nothing has run.
    pub(crate) fn new() -> Self {
        Self {
            state: RwSignal::new_local(State::Idle),
        }
    }

    /// Where it stands, watched.
    pub(crate) fn state(self) -> State {
        self.state.get()
    }

    /// Tells where it stands.
    pub(crate) fn set(self, state: State) {
        self.state.set(state);
    }

    /// The figures of the last run, watched.
    pub(crate) fn figures(self) -> Option<Rc<Figures>> {
        self.state.with(|state| match state {
            State::Done(figures) => Some(Rc::clone(figures)),
            _ => None,
        })
    }
}
