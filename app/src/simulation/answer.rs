//! What the engine answers, as figures.

use serde_json::Value;

use super::{Bin, Figures, Journey, Journeys, Judged, NodeFigures, Stay, Stop, Times, Whole};

/// The figures of a result.
pub(super) fn figures(result: &Value, revision: u64) -> Figures {
    let nodes = list(result.get("stations")).filter_map(|station| {
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
        whole: whole(result),
        reasons: notes(result.get("reasons")),
        placement: result.get("placement").filter(|it| it.is_object()).cloned(),
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
        note: result
            .get("note")
            .and_then(Value::as_str)
            .map(ToOwned::to_owned),
        notes: notes(result.get("notes")),
    }
}

/// None where only the nodes were simulated.
fn whole(result: &Value) -> Option<Whole> {
    is(result.get("whole")).then(|| {
        let requests = number(Some(result), "requests").unwrap_or(0.0).max(1.0);
        let lost = [
            ("dropped by full queues", "dropped"),
            ("timed out", "timedOut"),
            ("ended without reaching an output", "unanswered"),
        ];
        let lost = lost.map(|(words, key)| {
            let count = number(Some(result), key).unwrap_or(0.0);
            (words, count / requests)
        });
        let tokens = |key| Some(result.get(key)?).filter(|times| times.is_object());
        Whole {
            request: times(result.get("endToEnd"), result.get("distribution")),
            first_token: tokens("timeToFirstToken").map(|token| times(Some(token), None)),
            each_token: tokens("timePerOutputToken").map(|token| times(Some(token), None)),
            judged: list(result.get("objectives")).map(promise).collect(),
            goodput: number(Some(result), "goodput"),
            cost_per_1k: number(Some(result), "costPer1kRequestsUsd"),
            lost: lost.into_iter().filter(|(_, share)| *share > 0.0).collect(),
            bottleneck: Some(text(Some(result), "bottleneck")).filter(|name| !name.is_empty()),
            journeys: result.get("journeys").and_then(journeys),
        }
    })
}

fn journeys(written: &Value) -> Option<Journeys> {
    let slowest = list(written.get("slowest")).map(|stay| Stay {
        node: text(Some(stay), "node"),
        wait_ms: number(Some(stay), "waitMs").unwrap_or(0.0),
        service_ms: number(Some(stay), "serviceMs").unwrap_or(0.0),
    });
    Some(Journeys {
        typical: journey(written.get("typical")?)?,
        slow: journey(written.get("slow")?)?,
        slowest: slowest.collect(),
    })
}

fn journey(written: &Value) -> Option<Journey> {
    let stops = list(written.get("stops")).map(|stop| Stop {
        node: text(Some(stop), "node"),
        at_ms: number(Some(stop), "atMs").unwrap_or(0.0),
        wait_ms: number(Some(stop), "waitMs").unwrap_or(0.0),
        service_ms: number(Some(stop), "serviceMs").unwrap_or(0.0),
    });
    Some(Journey {
        ms: number(Some(written), "ms")?,
        stops: stops.collect(),
    })
}

fn promise(judged: &Value) -> Judged {
    Judged {
        objective: text(Some(judged), "objective"),
        goal: number(Some(judged), "goal").unwrap_or(0.0),
        found: number(Some(judged), "found"),
        unit: text(Some(judged), "unit"),
        is_met: is(judged.get("isMet")),
    }
}

fn node(station: &Value, origin: String) -> NodeFigures {
    let mean = |time: &str| number(station.get(time), "meanMs");
    NodeFigures {
        utilisation: number(Some(station), "utilisation"),
        load: number(Some(station), "load"),
        stable: is(station.get("stable")),
        wait_mean_ms: mean("wait"),
        service_mean_ms: mean("service"),
        times: times(station.get("sojourn"), station.get("distribution")),
        batch_mean: number(Some(station), "batchMean"),
        external: is(station.get("external")),
        rate: number(Some(station), "rate").unwrap_or(0.0),
        servers: station.get("servers").and_then(Value::as_u64),
        budget_ms: number(Some(station), "budgetMs"),
        origin,
    }
}

fn times(summary: Option<&Value>, distribution: Option<&Value>) -> Times {
    let interval = summary.and_then(|summary| summary.get("p99CiMs")?.as_array());
    let of = |key| number(summary, key);
    Times {
        mean_ms: of("meanMs"),
        p50_ms: of("p50Ms"),
        p90_ms: of("p90Ms"),
        p95_ms: of("p95Ms"),
        p99_ms: of("p99Ms"),
        p99_ci_ms: interval
            .and_then(|ends| Some([ends.first()?.as_f64()?, ends.get(1)?.as_f64()?])),
        bins: bins(distribution),
    }
}

fn bins(written: Option<&Value>) -> Vec<Bin> {
    let bins = list(written).filter_map(|bin| {
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
pub(super) fn notes(written: Option<&Value>) -> Vec<(Option<String>, String)> {
    let notes = list(written).map(|note| {
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

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn number(value: Option<&Value>, key: &str) -> Option<f64> {
    value?.get(key)?.as_f64()
}

fn is(value: Option<&Value>) -> bool {
    value.and_then(Value::as_bool) == Some(true)
}

fn text(value: Option<&Value>, key: &str) -> String {
    let word = value.and_then(|value| value.get(key)?.as_str());
    word.unwrap_or_default().to_owned()
}
