//! The result of a simulation node by node.

use core::fmt::Write as _;

use serde_json::{Map, Value, json};
use wgpu_sim::{Compilation, Outcome as Simulated};

use super::{Summary, time};
use crate::Failure;

pub(super) fn table(compilation: &Compilation, simulated: &Simulated) -> String {
    let widest = simulated
        .stations
        .iter()
        .map(|station| station.name.len())
        .max();
    let width = widest.unwrap_or(0).max(4);
    let mut text = format!(
        "{:width$}  {:>6}  {:>9}  {:>9}  {:>9}  {:>9}  service time\n",
        "node", "use", "mean wait", "p50", "p95", "p99"
    );
    for station in &simulated.stations {
        let sojourn = station.sojourn.as_ref();
        let of = |get: fn(&Summary) -> f64| time(sojourn.map(get));
        let origin = compilation
            .origins
            .get(&station.name)
            .map_or("", |origin| origin.word());
        let _ = writeln!(
            text,
            "{:width$}  {:>4.0} %  {:>9}  {:>9}  {:>9}  {:>9}  {origin}{}",
            station.name,
            100.0 * station.utilisation,
            time(station.wait.as_ref().map(|wait| wait.mean_ms)),
            of(|summary| summary.p50_ms),
            of(|summary| summary.p95_ms),
            of(|summary| summary.p99_ms),
            if station.stable {
                ""
            } else {
                "; cannot keep up: add replicas or lower the rate"
            },
        );
    }
    let _ = writeln!(
        text,
        "\n{} requests a second, {} counted at each node, {} replications, seed {}, on the {}",
        compilation.rate,
        simulated.requests,
        simulated.replications,
        simulated.seed,
        match simulated.engine {
            wgpu_sim::Engine::Cpu => "CPU",
            wgpu_sim::Engine::Gpu => "GPU",
        },
    );
    if let Some(said) = &simulated.engine_note {
        let _ = writeln!(text, "{said}");
    }
    text
}

pub(super) fn json(compilation: &Compilation, simulated: &Simulated) -> Result<String, Failure> {
    let mut nodes = Map::new();
    for station in &simulated.stations {
        let mut node = serde_json::to_value(station)?;
        if let Value::Object(fields) = &mut node {
            fields.remove("name");
            let origin = compilation
                .origins
                .get(&station.name)
                .map(|origin| origin.word());
            fields.insert("origin".to_owned(), json!(origin));
        }
        nodes.insert(station.name.clone(), node);
    }
    let mut result = serde_json::to_value(simulated)?;
    if let Value::Object(fields) = &mut result {
        fields.remove("stations");
        fields.insert("mode".to_owned(), json!("stations"));
        fields.insert("rateRps".to_owned(), json!(compilation.rate));
        fields.insert("nodes".to_owned(), Value::Object(nodes));
        let said: Vec<&str> = compilation
            .notes
            .iter()
            .map(|note| &*note.message)
            .collect();
        fields.insert("notes".to_owned(), json!(said));
    }
    Ok(format!("{}\n", serde_json::to_string_pretty(&result)?))
}
