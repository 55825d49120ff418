//! The result of the simulation of a whole graph.

use core::fmt::Write as _;

use modelspec_core::export::Chosen;
use serde_json::{Map, Value, json};
use wgpu_sim::network::{Gaps, GraphCompilation};
use wgpu_sim::{Cost, Engine, GraphOutcome, Judged, NodeResult, Origin};

use super::{Summary, time};
use crate::Failure;

/// The row of waits before the graph.
const BEFORE: &str = "before it";

/// The row of times to the first token.
const FIRST: &str = "first token";

/// What there is to tell.
pub(super) struct Report<'t> {
    pub(super) compilation: &'t GraphCompilation,
    pub(super) simulated: &'t GraphOutcome,
    pub(super) cost: Cost,
    pub(super) judged: Vec<Judged>,
    /// What an export may take from this run.
    pub(super) chosen: Option<Chosen>,
}

impl Report<'_> {
    /// As people read it.
    pub(super) fn table(&self) -> String {
        let Self {
            compilation,
            simulated,
            cost,
            judged,
            ..
        } = self;
        let names = simulated.nodes.iter().map(|node| node.name.len());
        let width = names.max().unwrap_or(0).max(FIRST.len());
        let mut text = format!(
            "{:width$}  {:>6}  {:>9}  {:>9}  {:>9}  {:>9}  service time\n",
            "node", "use", "mean wait", "p50", "p95", "p99"
        );
        for node in &simulated.nodes {
            line(&mut text, compilation, node, width);
        }
        let admission = simulated.admission.as_ref();
        if let Some(before) = admission.and_then(|admission| admission.wait.as_ref()) {
            let _ = writeln!(
                text,
                "{BEFORE:width$}  {:>6}  {:>9}  {:>9}  {:>9}  {:>9}",
                "",
                time(Some(before.mean_ms)),
                time(Some(before.p50_ms)),
                time(Some(before.p95_ms)),
                time(Some(before.p99_ms)),
            );
        }
        for (what, times) in [
            ("end to end", &simulated.end_to_end),
            (FIRST, &simulated.time_to_first_token),
            ("each token", &simulated.time_per_output_token),
        ] {
            // Without streams there are no tokens to tell of.
            if times.is_none() && what != "end to end" {
                continue;
            }
            let of = |get: fn(&Summary) -> f64| time(times.as_ref().map(get));
            let _ = writeln!(
                text,
                "{what:width$}  {:>6}  {:>9}  {:>9}  {:>9}  {:>9}",
                "",
                "",
                of(|summary| summary.p50_ms),
                of(|summary| summary.p95_ms),
                of(|summary| summary.p99_ms),
            );
        }
        text.push('\n');
        for (count, what) in [
            (simulated.dropped, "dropped by full queues"),
            (simulated.timed_out, "timed out"),
            (simulated.unanswered, "ended without reaching an output"),
        ] {
            if count > 0 {
                let share = 100.0 * count as f64 / simulated.requests.max(1) as f64;
                let _ = writeln!(text, "{share:.2} % {what}");
            }
        }
        for node in simulated.nodes.iter().filter(|node| node.cancelled > 0) {
            let ended = [node.served, node.dropped, node.timed_out, node.cancelled];
            let came = ended.into_iter().fold(0, u64::saturating_add);
            let share = 100.0 * node.cancelled as f64 / came.max(1) as f64;
            let _ = writeln!(
                text,
                "{share:.2} % of what came to {} was cancelled",
                node.name
            );
        }
        if let Some(admission) = admission {
            let _ = writeln!(text, "{}", admission.words(simulated.requests));
        }
        let goal = compilation.network.objective;
        if let (Some(goal), Some(share)) = (goal, simulated.goodput) {
            let _ = writeln!(text, "{:.2} % answered within {goal:?}", 100.0 * share);
        }
        for judged in judged {
            let sign = if judged.is_met { "kept" } else { "missed" };
            let _ = writeln!(text, "{sign}: {judged}");
        }
        if let Some(per_hour) = cost.per_hour {
            let per_1k = cost.per_1k_requests.map_or_else(String::new, |per_1k| {
                format!(", {per_1k:.3} USD for 1,000 requests")
            });
            let _ = writeln!(text, "{per_hour:.2} USD an hour{per_1k}");
        }
        if let Some(bottleneck) = &simulated.bottleneck {
            let _ = writeln!(text, "the busiest node is {bottleneck}");
        }
        let _ = writeln!(
            text,
            "{}, {} counted, {} replications, seed {}, on the {}",
            load(compilation),
            simulated.requests,
            simulated.replications,
            simulated.seed,
            match simulated.engine {
                Engine::Cpu => "CPU",
                Engine::Gpu => "GPU",
            },
        );
        if let Some(reason) = &simulated.mode_reason {
            let _ = writeln!(text, "event by event, since {reason}");
        }
        if let Some(note) = &simulated.engine_note {
            let _ = writeln!(text, "{note}");
        }
        text
    }

    /// As programs read it.
    pub(super) fn json(&self) -> Result<String, Failure> {
        let Self {
            compilation,
            simulated,
            cost,
            judged,
            chosen,
        } = self;
        let mut nodes = Map::new();
        for node in &simulated.nodes {
            let mut written = serde_json::to_value(node)?;
            if let Value::Object(fields) = &mut written {
                fields.insert("origin".to_owned(), json!(origin(compilation, node)));
                let known = compilation.origins.get(&node.name);
                if let Some(band) = known.and_then(|origin| origin.band()) {
                    fields.insert("band".to_owned(), json!(band));
                }
            }
            nodes.insert(node.name.clone(), written);
        }
        let mut result = serde_json::to_value(simulated)?;
        if let Value::Object(fields) = &mut result {
            fields.insert("costPerHourUsd".to_owned(), json!(cost.per_hour));
            let per_1k = json!(cost.per_1k_requests);
            fields.insert("costPer1kRequestsUsd".to_owned(), per_1k);
            fields.insert("objectives".to_owned(), serde_json::to_value(judged)?);
            // What clients ask who wait for their answer is a result: `throughputRps`.
            let is_open = !matches!(compilation.network.gaps, Gaps::Closed { .. });
            let rate = is_open.then_some(compilation.network.rate);
            fields.insert("rateRps".to_owned(), json!(rate));
            fields.insert("nodes".to_owned(), Value::Object(nodes));
            let placement = json!(chosen.as_ref().map(Chosen::to_json));
            fields.insert("placement".to_owned(), placement);
            let said = compilation.notes.iter().map(|note| &*note.message);
            fields.insert("notes".to_owned(), said.collect());
        }
        Ok(format!("{}\n", serde_json::to_string_pretty(&result)?))
    }
}

/// What is asked of the graph.
fn load(compilation: &GraphCompilation) -> String {
    match compilation.network.gaps {
        Gaps::Closed { clients, think } => {
            format!("{clients} clients who think {think:?} between answer and question")
        }
        _ => format!("{} requests a second", compilation.network.rate),
    }
}

fn line(text: &mut String, compilation: &GraphCompilation, node: &NodeResult, width: usize) {
    let sojourn = node.sojourn.as_ref();
    let of = |get: fn(&Summary) -> f64| time(sojourn.map(get));
    let used = node
        .utilisation
        .map(|used| format!("{:.0} %", 100.0 * used));
    let _ = writeln!(
        text,
        "{:width$}  {:>6}  {:>9}  {:>9}  {:>9}  {:>9}  {}{}",
        node.name,
        used.as_deref().unwrap_or("–"),
        time(node.wait.as_ref().map(|wait| wait.mean_ms)),
        of(|summary| summary.p50_ms),
        of(|summary| summary.p95_ms),
        of(|summary| summary.p99_ms),
        origin(compilation, node).unwrap_or("none"),
        if node.stable {
            ""
        } else {
            "; cannot keep up: add replicas or lower the rate"
        },
    );
    if let Some(replicas) = node.replicas_mean {
        let _ = writeln!(text, "{:width$}  {replicas:.2} replicas on average", "");
    }
}

fn origin(compilation: &GraphCompilation, node: &NodeResult) -> Option<&'static str> {
    compilation
        .origins
        .get(&node.name)
        .copied()
        .map(Origin::word)
}
