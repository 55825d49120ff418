//! Simulation: of a graph as a whole, else of its nodes one by one.

mod stations;
mod whole;

use core::cell::Cell;
use core::ops::ControlFlow;

use modelspec_core::Analysis;
use modelspec_core::check::Severity;
use modelspec_core::graph::Graph;
use serde_json::{Value, json};
use wasm_bindgen::JsCast as _;
use wgpu_sim::network::{Load, Network};
use wgpu_sim::stats::Bin;
use wgpu_sim::{EngineChoice, Settings, SharedGpu, Warmup};

use crate::message::{Answer, Simulate, note};

/// So many errors of a graph are told here; all are in the list of problems.
const SHOWN: usize = 8;

/// Messages about progress come no closer together than this, in milliseconds.
const QUIET_MS: f64 = 40.0;

/// Simulates; `progress` hears of the share that is done.
pub(crate) async fn run(task: &Simulate, shared: &SharedGpu, progress: &dyn Fn(f64)) -> Answer {
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
        shared,
        start: now(),
        progress,
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
    shared: &'a SharedGpu,
    /// When it was asked, in milliseconds.
    start: f64,
    progress: &'a dyn Fn(f64),
}

impl Asked<'_> {
    /// Hears of progress, and tells of it now and then.
    fn hearing(&self) -> impl FnMut(wgpu_sim::Progress) -> ControlFlow<()> {
        let said = Cell::new(self.start);
        move |state| {
            let time = now();
            if time - said.get() > QUIET_MS {
                said.set(time);
                (self.progress)(state.done as f64 / state.total.max(1) as f64);
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

fn refused(sentence: &str) -> Answer {
    Answer::Refused(json!([{ "node": null, "message": sentence, "help": null }]))
}

/// Milliseconds since some moment.
fn now() -> f64 {
    let scope = js_sys::global().dyn_into::<web_sys::WorkerGlobalScope>();
    let clock = scope.ok().and_then(|scope| scope.performance());
    clock.map_or_else(js_sys::Date::now, |clock| clock.now())
}
