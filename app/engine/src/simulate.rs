use core::cell::Cell;
use core::ops::ControlFlow;

use modelspec_core::Analysis;
use modelspec_core::check::Severity;
use serde_json::{Value, json};
use wasm_bindgen::JsCast as _;
use wgpu_sim::{EngineChoice, Settings, Warmup};

use crate::message::{Answer, Simulate, note};

/// Messages about progress come no closer together than this, in milliseconds.
const QUIET_MS: f64 = 40.0;

/// Simulates; `progress` hears of the share that is done.
pub(crate) async fn run(task: &Simulate, progress: &dyn Fn(f64)) -> Answer {
    let analysis = Analysis::new(&*task.text);
    let errors = analysis.count(Severity::Error);
    let Some(graph) = &analysis.graph else {
        return refused("There is no graph to simulate.");
    };
    if errors > 0 {
        let count = if errors == 1 {
            "an error".to_owned()
        } else {
            format!("{errors} errors")
        };
        return refused(&format!(
            "A graph with {count} is not simulated: mend what Problems lists first."
        ));
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
    result.insert("rate".into(), json!(compilation.rate));
    result.insert("elapsedMs".into(), json!(now() - start));
    result.insert("origins".into(), Value::Object(origins));
    result.insert("notes".into(), compilation.notes.iter().map(note).collect());
    Answer::Done(Value::Object(result))
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
