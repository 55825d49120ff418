//! The nodes of a graph one by one, each under its share of the arrivals: what is left where
//! something keeps the graph from being simulated as a whole.

use modelspec_core::check::Diagnostic;
use modelspec_core::graph::{Graph, NodeIx, heaviest_path, topological_order};
use serde_json::{Value, json};
use wgpu_sim::{Arrivals, Outcome, Station, StationResult};

use super::{Asked, bins, failed, refused};
use crate::message::{Answer, note};
use crate::now;

/// `reasons` say why not the whole.
pub(super) async fn run(asked: &Asked<'_>, rate: Option<f64>, reasons: &[Diagnostic]) -> Answer {
    let graph = asked.graph;
    let compilation = match wgpu_sim::from_graph(graph, rate) {
        Ok(compilation) => compilation,
        Err(found) => return Answer::Refused(found.iter().map(note).collect()),
    };
    let (turn, hear) = (&|| asked.host.turn(), &mut asked.hearing([0.0, 1.0]));
    let outcome = match wgpu_sim::simulate(
        &compilation.program,
        &asked.settings,
        asked.choice,
        asked.host.shared,
        &now,
        turn,
        hear,
    )
    .await
    {
        Ok(outcome) => outcome,
        Err(error) => return failed(&error),
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
            describe(written, asked, station, outcome);
        }
    }
    result.insert("path".into(), path(graph, &outcome));
    result.insert("note".into(), json!(outcome.engine_note));
    result.insert("rate".into(), json!(compilation.rate));
    result.insert("elapsedMs".into(), json!(now() - asked.start));
    result.insert("origins".into(), Value::Object(origins));
    result.insert("reasons".into(), reasons.iter().map(note).collect());
    result.insert("notes".into(), compilation.notes.iter().map(note).collect());
    Answer::Done(Value::Object(result))
}

/// Adds to a station what the graph says of its node, and what is drawn of it.
fn describe(written: &mut Value, asked: &Asked<'_>, station: &Station, outcome: &StationResult) {
    let Value::Object(written) = written else {
        return;
    };
    let (external, budget) = asked.stated(&station.name);
    let Arrivals::Poisson { rate } = station.arrivals;
    written.insert("external".into(), json!(external));
    written.insert("budgetMs".into(), json!(budget));
    written.insert("rate".into(), json!(rate));
    written.insert("servers".into(), json!(station.servers));
    written.insert("load".into(), json!(outcome.utilisation));
    written.insert("distribution".into(), bins(&outcome.distribution));
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
