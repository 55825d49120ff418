//! The Collector's configuration: spans come in, figures and traces go out.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Cx, kinds, metrics, percentiles};
use crate::spec::Duration;

/// Bounds of the histogram where nothing is stated: from a cache's answer to a long generation.
const BOUNDS_MS: &[u64] = &[
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000,
];
const NANOS_PER_MS: u64 = 1_000_000;

/// What spans carry that figures are told apart by.
const DIMENSIONS: &[&str] = &[
    "modelgraph.graph.name",
    "modelgraph.node.id",
    "modelgraph.node.role",
    "modelgraph.spec.digest",
    "gen_ai.embeddings.dimension.count",
];

/// The address that traces are sent to.
const BACKEND: &str = "tempo.monitoring:4317";

pub(super) fn write(cx: &mut Cx<'_, '_>) -> Value {
    let span = cx.subject.name_span();
    let message = "traces are kept by a program that takes OTLP at this address";
    cx.artifacts
        .assume(&kinds::BACKEND, None, span, message, BACKEND);
    let dimensions: Vec<Value> = DIMENSIONS
        .iter()
        .map(|name| json!({ "name": name }))
        .collect();
    json!({
        "receivers": {"otlp": {"protocols": {
            "grpc": {"endpoint": "0.0.0.0:4317"},
            "http": {"endpoint": "0.0.0.0:4318"},
        }}},
        "processors": {
            "memory_limiter": {"check_interval": "1s", "limit_percentage": 80, "spike_limit_percentage": 20},
            "batch": {},
        },
        "connectors": {"spanmetrics": {
            "namespace": "modelgraph",
            "histogram": {"unit": "s", "explicit": {"buckets": bounds(cx)}},
            "dimensions": dimensions,
            // Series of a graph that no longer runs end.
            "metrics_expiration": "10m",
        }},
        "exporters": {
            "otlp": {"endpoint": BACKEND, "tls": {"insecure": true}},
            "prometheus": {"endpoint": "0.0.0.0:8889"},
        },
        "service": {"pipelines": {
            "traces": {
                "receivers": ["otlp"],
                "processors": ["memory_limiter", "batch"],
                "exporters": ["spanmetrics", "otlp"],
            },
            "metrics": {"receivers": ["spanmetrics"], "exporters": ["prometheus"]},
        }},
    })
}

/// The bounds of the histogram. Each budget and each objective is one, so that the share of calls
/// beyond it is counted and not interpolated.
fn bounds(cx: &Cx<'_, '_>) -> Vec<String> {
    let usual = BOUNDS_MS.iter();
    let mut all: BTreeSet<Duration> = usual
        .map(|bound| Duration(bound.saturating_mul(NANOS_PER_MS)))
        .collect();
    all.extend(
        cx.watched
            .iter()
            .filter_map(|node| Some(node.node.budget?.value)),
    );
    let latency = cx.objectives().and_then(|stated| stated.latency.as_ref());
    if let Some(latency) = latency {
        all.extend(
            percentiles(&latency.value)
                .into_iter()
                .map(|(_, time)| time),
        );
    }
    all.remove(&Duration(0));
    all.into_iter().map(metrics::go_duration).collect()
}
