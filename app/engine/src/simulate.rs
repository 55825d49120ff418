use core::cell::Cell;
use core::ops::ControlFlow;

use modelspec_core::check::Severity;
use modelspec_core::graph::{Graph, NodeIx, heaviest_path, topological_order};
use serde_json::{Value, json};
use wasm_bindgen::JsCast as _;
use wgpu_sim::{Arrivals, EngineChoice, Outcome, Settings, Station, StationResult, Warmup};

use crate::message::{Answer, Simulate, note};

/// So many errors of a graph are told here; all are in the list of problems.
const SHOWN: usize = 8;

/// Messages about progress come no closer together than this, in milliseconds.
const QUIET_MS: f64 = 40.0;

/// Simulates; `progress` hears of the share that is done.
pub(crate) async fn run(task: &Simulate, progress: &dyn Fn(f64)) -> Answer {
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
    let compilation = match wgpu_sim::from_graph(graph, task.rate) {
        Ok(compilation) => compilation,
        Err(found) => return Answer::Refused(Value::Array(found.iter().map(note).collect())),
    };
    let settings = Settings {
        seed: task.seed,
        replications: task.replications,
        requests: task.requests,
        warmup: Warmup::Auto,
    };
    let choice = match &*task.engine {
        "cpu" => EngineChoice::Cpu,
        "gpu" => EngineChoice::Gpu,
        _ => EngineChoice::Auto,
    };
    let start = now();
    let said = Cell::new(start);
    let hear = &mut |state: wgpu_sim::Progress| {
        let time = now();
        if time - said.get() > QUIET_MS {
            said.set(time);
            progress(state.done as f64 / state.total.max(1) as f64);
        }
        ControlFlow::Continue(())
    };
    let outcome =
        match wgpu_sim::simulate(&compilation.program, &settings, choice, &now, hear).await {
            Ok(outcome) => outcome,
            Err(error) => return refused(&error.to_string()),
        };
    let Ok(Value::Object(mut result)) = serde_json::to_value(&outcome) else {
        return refused("The result cannot be written.");
    };
    let origins: serde_json::Map<String, Value> = compilation
        .origins
        .iter()
        .map(|(node, origin)| (node.clone(), json!(origin.word())))
        .collect();
    if let Some(Value::Array(stations)) = result.get_mut("stations") {
        let stated = compilation.program.stations.iter().zip(&outcome.stations);
        for (written, (station, outcome)) in stations.iter_mut().zip(stated) {
            describe(written, graph, station, outcome);
        }
    }
    result.insert("path".into(), path(graph, &outcome));
    result.insert("rate".into(), json!(compilation.rate));
    result.insert("elapsedMs".into(), json!(now() - start));
    result.insert("origins".into(), Value::Object(origins));
    result.insert("notes".into(), compilation.notes.iter().map(note).collect());
    Answer::Done(Value::Object(result))
}

/// Adds to a station what the graph says of its node, and what is drawn of it.
fn describe(written: &mut Value, graph: &Graph, station: &Station, outcome: &StationResult) {
    let Value::Object(written) = written else {
        return;
    };
    let node = graph.find(&station.name).and_then(|ix| graph.spec_of(ix));
    let external = node.is_some_and(|node| node.external.is_some_and(|is| is.value));
    let budget = node.and_then(|node| Some(node.budget.as_ref()?.value.as_millis()));
    let Arrivals::Poisson { rate } = station.arrivals;
    let bins = outcome.distribution.iter();
    let bins: Vec<Value> = bins
        .map(|bin| json!([bin.low_ms, bin.high_ms, bin.share]))
        .collect();
    written.insert("external".into(), json!(external));
    written.insert("budgetMs".into(), json!(budget));
    written.insert("rate".into(), json!(rate));
    written.insert("servers".into(), json!(station.servers));
    written.insert("distribution".into(), Value::Array(bins));
}

/// The path with the largest sum of mean times, and the sum. It says something only where every
/// node has a mean and is visited once.
fn path(graph: &Graph, outcome: &Outcome) -> Value {
    let mean = |ix: NodeIx| {
        let name = graph.name(ix);
        let station = outcome.stations.iter().find(|one| one.name == name)?;
        Some(station.sojourn.as_ref()?.mean_ms)
    };
    if graph.edges.iter().any(|edge| edge.is_loop)
        || graph.model_nodes().any(|(ix, _)| mean(ix).is_none())
    {
        return Value::Null;
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturates.
    let nanoseconds = |ix: NodeIx| mean(ix).map_or(0, |mean| (mean * 1e6).round() as u64);
    let Some((nodes, sum)) = heaviest_path(graph, &topological_order(graph), nanoseconds, |_| 0)
    else {
        return Value::Null;
    };
    let nodes = nodes.into_iter().filter(|ix| ix.is_model());
    let names: Vec<&str> = nodes.map(|ix| graph.name(ix)).collect();
    json!({ "nodes": names, "meanMs": sum as f64 / 1e6 })
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
