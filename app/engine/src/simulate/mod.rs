//! Simulation: of a graph as a whole, else of its nodes one by one.

mod stations;
mod whole;

use core::cell::Cell;
use core::ops::ControlFlow;

use modelspec_core::Analysis;
use modelspec_core::check::Severity;
use modelspec_core::graph::Graph;
use serde_json::{Value, json};
use wgpu_sim::network::{Load, Network};
use wgpu_sim::stats::Bin;
use wgpu_sim::{EngineChoice, Settings, SharedGpu, SimulationError, Turn, Warmup};

use crate::message::{Answer, Simulate, note};
use crate::now;
use crate::turns::Turns;

/// So many errors of a graph are told here; all are in the list of problems.
const SHOWN: usize = 8;

/// Messages about progress come no closer together than this, in milliseconds.
const QUIET_MS: f64 = 40.0;

/// Where it is simulated.
pub(crate) struct Host<'a> {
    pub(crate) shared: &'a SharedGpu,
    /// Gives messages their turn.
    pub(crate) turns: Option<&'a Turns>,
    /// Whether the result is no longer wanted.
    pub(crate) is_cancelled: &'a Cell<bool>,
    /// Hears of the share that is done.
    pub(crate) progress: &'a dyn Fn(f64),
}

impl Host<'_> {
    fn turn(&self) -> Option<Turn> {
        self.turns?.turn()
    }
}

/// Simulates.
pub(crate) async fn run(task: &Simulate, host: &Host<'_>) -> Answer {
    let start = now();
    if let Some(turns) = host.turns {
        turns.begin();
    }
    let analysis = task.document.analysed();
    let errors = analysis.count(Severity::Error);
    let Some((graph, ..)) = analysis.whole() else {
        return refused("There is no graph to simulate.");
    };
    if errors > 0 {
        let count = if errors == 1 {
            "an error".to_owned()
        } else {
            format!("{errors} errors")
        };
        let sentence =
            format!("A graph with {count} is not simulated: mend what Problems lists first.");
        let first = json!({ "node": null, "message": sentence, "help": null });
        let found = analysis.diagnostics.iter();
        let found = found.filter(|found| found.severity == Severity::Error);
        let notes = core::iter::once(first).chain(found.take(SHOWN).map(note));
        return Answer::Refused(notes.collect());
    }
    let asked = Asked {
        analysis: &analysis,
        graph,
        settings: Settings {
            seed: task.seed,
            replications: task.replications,
            requests: task.requests,
            warmup: Warmup::Auto,
        },
        choice: match &*task.engine {
            "cpu" => EngineChoice::Cpu,
            "gpu" => EngineChoice::Gpu,
            _ => EngineChoice::Auto,
        },
        host,
        start,
    };
    let load = Load {
        rate: task.rate,
        trace: None,
    };
    match Network::from_graph(graph, &load) {
        Ok(compilation) => whole::run(&asked, &compilation).await,
        Err(reasons) => stations::run(&asked, task.rate, &reasons).await,
    }
}

/// What is asked, whichever way it is answered.
struct Asked<'a> {
    analysis: &'a Analysis,
    graph: &'a Graph,
    settings: Settings,
    choice: EngineChoice,
    host: &'a Host<'a>,
    /// When it was asked, in milliseconds.
    start: f64,
}

impl Asked<'_> {
    /// Hears of the progress of a part of all work, from one share of it to another, tells of it now
    /// and then, and ends the run where that is wanted.
    fn hearing(&self, [from, to]: [f64; 2]) -> impl FnMut(wgpu_sim::Progress) -> ControlFlow<()> {
        let said = Cell::new(self.start);
        move |state| {
            let time = now();
            if time - said.get() > QUIET_MS {
                said.set(time);
                let share = state.done as f64 / state.total.max(1) as f64;
                (self.host.progress)(from + (to - from) * share);
            }
            if self.host.is_cancelled.get() {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        }
    }

    /// What the graph says of a node that was simulated: `external` and `budgetMs`.
    fn stated(&self, name: &str) -> (bool, Option<f64>) {
        let node = self.graph.find(name);
        let node = node.and_then(|ix| self.graph.spec_of(ix));
        let external = node.is_some_and(|node| node.external.is_some_and(|is| is.value));
        let budget = node.and_then(|node| Some(node.budget.as_ref()?.value.as_millis()));
        (external, budget)
    }
}

/// A distribution as it is drawn: from, to, share.
fn bins(distribution: &[Bin]) -> Value {
    let bins = distribution.iter();
    bins.map(|bin| json!([bin.low_ms, bin.high_ms, bin.share]))
        .collect()
}

/// Why there is no result.
fn failed(error: &SimulationError) -> Answer {
    match error {
        SimulationError::Cancelled => Answer::Cancelled,
        error => refused(&error.to_string()),
    }
}

fn refused(sentence: &str) -> Answer {
    Answer::Refused(json!([{ "node": null, "message": sentence, "help": null }]))
}
