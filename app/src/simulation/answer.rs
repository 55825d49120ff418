//! What the engine answers, as figures.

use serde_json::Value;

use super::{Bin, Figures, NodeFigures};

/// The figures of a result.
pub(super) fn figures(result: &Value, revision: u64) -> Figures {
    let stations = result.get("stations").and_then(Value::as_array);
    let nodes = stations.into_iter().flatten().filter_map(|station| {
        let name = station.get("name")?.as_str()?;
        Some((
            name.to_owned(),
            node(station, text(result.get("origins"), name)),
        ))
    });
    let nodes: Vec<(String, NodeFigures)> = nodes.collect();
    Figures {
        revision,
        order: nodes.iter().map(|(name, _)| name.clone()).collect(),
        nodes: nodes.into_iter().collect(),
        path: path(result.get("path")),
        engine: text(Some(result), "engine").to_uppercase(),
        requests: result.get("requests").and_then(Value::as_u64).unwrap_or(0),
        rate: number(Some(result), "rate").unwrap_or(0.0),
        seed: result
            .get("seed")
            .and_then(Value::as_u64)
            .and_then(|seed| u32::try_from(seed).ok())
            .unwrap_or(0),
        elapsed_ms: number(Some(result), "elapsedMs").unwrap_or(0.0),
        engine_note: result
            .get("engineNote")
            .and_then(Value::as_str)
            .map(ToOwned::to_owned),
        notes: notes(result.get("notes")),
    }
}

fn node(station: &Value, origin: String) -> NodeFigures {
    let of = |time: &str, key: &str| number(station.get(time), key);
    let interval = station
        .pointer("/sojourn/p99CiMs")
        .and_then(Value::as_array);
    NodeFigures {
        utilisation: number(Some(station), "utilisation").unwrap_or(0.0),
        stable: station
            .get("stable")
            .and_then(Value::as_bool)
            .unwrap_or(false),
        wait_mean_ms: of("wait", "meanMs"),
        service_mean_ms: of("service", "meanMs"),
        mean_ms: of("sojourn", "meanMs"),
        p50_ms: of("sojourn", "p50Ms"),
        p95_ms: of("sojourn", "p95Ms"),
        p99_ms: of("sojourn", "p99Ms"),
        p99_ci_ms: interval
            .and_then(|ends| Some([ends.first()?.as_f64()?, ends.get(1)?.as_f64()?])),
        service_p95_ms: of("service", "p95Ms"),
        external: station.get("external").and_then(Value::as_bool) == Some(true),
        rate: number(Some(station), "rate").unwrap_or(0.0),
        servers: station.get("servers").and_then(Value::as_u64).unwrap_or(1),
        budget_ms: number(Some(station), "budgetMs"),
        bins: bins(station.get("distribution")),
        origin,
    }
}

fn bins(list: Option<&Value>) -> Vec<Bin> {
    let list = list.and_then(Value::as_array);
    let bins = list.into_iter().flatten().filter_map(|bin| {
        let at = |place: usize| bin.get(place)?.as_f64();
        Some(Bin {
            low_ms: at(0)?,
            high_ms: at(1)?,
            share: at(2)?,
        })
    });
    bins.collect()
}

fn path(path: Option<&Value>) -> Option<(Vec<String>, f64)> {
    let nodes = path?.get("nodes")?.as_array()?.iter();
    let names = nodes.filter_map(|name| name.as_str().map(ToOwned::to_owned));
    Some((names.collect(), number(path, "meanMs")?))
}

/// Sentences, each with the node it is about; help stands behind the sentence.
pub(super) fn notes(list: Option<&Value>) -> Vec<(Option<String>, String)> {
    let list = list.and_then(Value::as_array);
    let notes = list.into_iter().flatten().map(|note| {
        let node = note
            .get("node")
            .and_then(Value::as_str)
            .map(ToOwned::to_owned);
        let mut sentence = text(Some(note), "message");
        if let Some(help) = note.get("help").and_then(Value::as_str) {
            sentence.push_str(": ");
            sentence.push_str(help);
        }
        (node, sentence)
    });
    notes.collect()
}

fn number(value: Option<&Value>, key: &str) -> Option<f64> {
    value?.get(key)?.as_f64()
}

fn text(value: Option<&Value>, key: &str) -> String {
    let word = value.and_then(|value| value.get(key)?.as_str());
    word.unwrap_or_default().to_owned()
}
