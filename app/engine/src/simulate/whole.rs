//! A graph as a whole: requests pass from node to node.

use serde_json::{Map, Value, json};
use wgpu_sim::network::{GraphCompilation, Stage, Work};
use wgpu_sim::{Cost, GraphOutcome, Journeys, NodeResult, judge, simulate_graph_on};

use super::{Asked, bins, failed, refused};
use crate::message::{Answer, note};
use crate::now;

pub(super) async fn run(asked: &Asked<'_>, compilation: &GraphCompilation) -> Answer {
    let network = &compilation.network;
    let turn = &|| asked.host.turn();
    // Some replications run twice: requests are followed in them once it is known which are slow.
    let replications = f64::from(asked.settings.replications);
    let run = replications / (replications + f64::from(Journeys::REPLICATIONS));
    let hear = &mut asked.hearing([0.0, run]);
    let outcome = match simulate_graph_on(
        network,
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
    let hear = &mut asked.hearing([run, 1.0]);
    let followed = Journeys::in_turns(network, &asked.settings, &outcome, turn, hear);
    let journeys = match followed.await {
        Ok(journeys) => json!(journeys),
        Err(error) => return failed(&error),
    };
    let cost = Cost::of(asked.graph, &outcome);
    let judged = judge(asked.graph, &outcome, network.rate_in(&outcome), &cost);
    let Ok(judged) = serde_json::to_value(judged) else {
        return refused("The objectives cannot be written.");
    };
    let nodes = network.stages.iter().zip(&outcome.nodes);
    let nodes = nodes.map(|(stage, node)| described(asked, network.rate_in(&outcome), stage, node));
    let origins = compilation.origins.iter();
    let origins: Map<String, Value> = origins
        .map(|(node, origin)| {
            let percent = origin.band().map(|band| (100.0 * band).round());
            let word = origin.word();
            let words =
                percent.map_or_else(|| word.to_owned(), |band| format!("{word} ± {band} %"));
            (node.clone(), json!(words))
        })
        .collect();
    let chosen = wgpu_sim::chosen(asked.analysis, network, &outcome);
    let chosen = chosen.map(|chosen| chosen.to_json());
    result.insert("whole".into(), json!(true));
    result.insert("placement".into(), json!(chosen));
    result.insert("note".into(), json!(note_of(&outcome)));
    result.insert("stations".into(), nodes.collect());
    result.insert("distribution".into(), bins(&outcome.distribution));
    result.insert("journeys".into(), journeys);
    result.insert("objectives".into(), judged);
    result.insert("costPerHourUsd".into(), json!(cost.per_hour));
    result.insert("costPer1kRequestsUsd".into(), json!(cost.per_1k_requests));
    result.insert("rate".into(), json!(network.rate_in(&outcome)));
    result.insert("elapsedMs".into(), json!(now() - asked.start));
    result.insert("origins".into(), Value::Object(origins));
    result.insert("notes".into(), compilation.notes.iter().map(note).collect());
    Answer::Done(Value::Object(result))
}

/// How it was computed, where that is not as one would think.
fn note_of(outcome: &GraphOutcome) -> Option<String> {
    let admission = outcome.admission.as_ref();
    // Of a graph that was not run there is nothing to tell.
    let admission = admission.filter(|admission| outcome.stable || !admission.stable);
    let entered = admission.map(|admission| admission.words(outcome.requests));
    if admission.is_some_and(|admission| !admission.stable) {
        return entered;
    }
    let reason = outcome.mode_reason.as_deref();
    let by_events = reason.map(|reason| format!("event by event, since {reason}"));
    let engine = outcome.engine_note.clone();
    // That the GPU cannot hold it names the reason itself.
    let is_told = |note: &String| reason.is_some_and(|reason| note.contains(reason));
    let by_events = by_events.filter(|_| !engine.as_ref().is_some_and(is_told));
    let notes: Vec<String> = [engine, by_events, entered].into_iter().flatten().collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}

/// A node's figures, with what the graph says of it and what is drawn.
fn described(asked: &Asked<'_>, rate: f64, stage: &Stage, node: &NodeResult) -> Value {
    let (external, budget) = asked.stated(&node.name);
    let mut written = serde_json::to_value(node).unwrap_or_default();
    if let Value::Object(written) = &mut written {
        written.insert("name".into(), json!(node.name));
        written.insert("external".into(), json!(external));
        written.insert("budgetMs".into(), json!(budget));
        written.insert("rate".into(), json!(stage.share * rate));
        written.insert("distribution".into(), bins(&node.distribution));
        if matches!(stage.work, Work::Continuous(_)) {
            // A replica with one request is as busy as with many: what it could serve says more.
            written.insert("utilisation".into(), json!(node.load));
        }
    }
    written
}
