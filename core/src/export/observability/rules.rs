//! Alerts, as a `PrometheusRule`.

use serde_json::{Map, Value, json};

use super::metrics::{self, CALLS, DURATION};
use super::{Cx, Watched, kinds, percentiles};
use crate::spec::{Duration, Objectives, Role};

/// Over which time shares are taken where an alert is about now.
const NOW: &str = "5m";
/// How long it must last.
const LASTING: &str = "10m";

/// How fast an error budget may burn, as many times its even rate over 30 days: over a long and a
/// short window, both of which must say so. The figures are those of Google's workbook on service
/// levels: 2 % of the budget in an hour, and 5 % in six.
const BURNS: &[(&str, &str, &str, u64)] = &[
    ("critical", "1h", "5m", 14_400),
    ("warning", "6h", "30m", 6_000),
];

pub(super) fn write(cx: &mut Cx<'_, '_>) -> Value {
    let mut groups = Vec::new();
    let nodes: Vec<Value> = cx
        .watched
        .iter()
        .flat_map(|node| of_node(cx, node))
        .collect();
    let objectives = of_objectives(cx);
    let drift = vec![of_digest(cx)];
    for (part, rules) in [
        ("nodes", nodes),
        ("objectives", objectives),
        ("drift", drift),
    ] {
        if !rules.is_empty() {
            let name = format!("{}-{part}", cx.subject.name);
            groups.push(json!({ "name": name, "rules": rules }));
        }
    }
    json!({
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": cx.metadata("alerts"),
        "spec": {"groups": groups},
    })
}

/// An alert; `node` is the one that it is about.
fn alert(
    cx: &Cx<'_, '_>,
    (name, severity): (&str, &str),
    node: Option<&str>,
    expr: &str,
    lasting: &str,
    words: [String; 2],
) -> Value {
    let mut labels = Map::new();
    labels.insert("severity".to_owned(), json!(severity));
    labels.insert("modelgraph_graph_name".to_owned(), json!(cx.subject.name));
    if let Some(node) = node {
        labels.insert("modelgraph_node_id".to_owned(), json!(node));
    }
    let [summary, description] = words.map(|text| literal(&text));
    json!({
        "alert": name,
        "expr": expr,
        "for": lasting,
        "labels": labels,
        "annotations": {"summary": summary, "description": description},
    })
}

/// A text in which Prometheus finds no template of its own; ours stand as `⟦value⟧`.
fn literal(text: &str) -> String {
    let text = text.replace("{{", "{{ \"{{\" }}");
    text.replace("⟦value⟧", "{{ $value | humanizePercentage }}")
        .replace("⟦time⟧", "{{ $value | humanizeDuration }}")
}

fn of_node(cx: &Cx<'_, '_>, node: &Watched<'_>) -> Vec<Value> {
    let labels = cx.node(node.name);
    let name = node.name;
    let mut rules = Vec::new();
    if let Some(budget) = node.node.budget {
        let percent = cx.percentile();
        let taken = metrics::quantile(percent, DURATION, &labels, NOW);
        let words = [
            format!("{name} exceeds its budget of {}", budget.value),
            format!(
                "The p{percent} of {name} is ⟦time⟧; the graph allows {}.",
                budget.value
            ),
        ];
        let expr = format!("{taken} > {}", metrics::seconds(budget.value));
        let kind = ("ModelGraphNodeOverBudget", "warning");
        rules.push(alert(cx, kind, Some(name), &expr, LASTING, words));
    }
    let guards = node.role == Some(Role::Guardrail) && node.node.is_required();
    let severity = if guards { "critical" } else { "warning" };
    let words = [
        format!("Calls of {name} fail"),
        if guards {
            format!(
                "⟦value⟧ of the calls of {name} fail. It is a required guardrail: those requests are not answered."
            )
        } else {
            format!("⟦value⟧ of the calls of {name} fail.")
        },
    ];
    let expr = format!("{} > 0.01", metrics::failing(&labels, NOW));
    let kind = ("ModelGraphNodeFails", severity);
    rules.push(alert(cx, kind, Some(name), &expr, LASTING, words));
    rules.extend(of_dimension(cx, node, &labels));
    rules.extend(of_engine(cx, node));
    rules
}

/// An embedder whose vectors have another dimension than the contract.
fn of_dimension(cx: &Cx<'_, '_>, node: &Watched<'_>, labels: &str) -> Option<Value> {
    let dimension = node.dimension?.to_string();
    let label = "gen_ai_embeddings_dimension_count";
    let other = format!(
        "{},{}",
        metrics::is_not(label, &dimension),
        metrics::is_not(label, "")
    );
    let expr = format!("sum by ({label}) (rate({CALLS}{{{labels},{other}}}[{NOW}])) > 0");
    let name = node.name;
    let words = [
        format!("{name} gives vectors of another dimension"),
        format!(
            "{name} is to give {dimension} dimensions and gives {{{{ $labels.{label} }}}}: what it feeds compares what cannot be compared."
        ),
    ];
    let kind = ("ModelGraphDimensionDrift", "critical");
    let mut rule = alert(cx, kind, Some(name), &expr, "1m", words.clone());
    // This one names a label of the series.
    if let Some(place) = rule.pointer_mut("/annotations/description") {
        *place = json!(words[1]);
    }
    Some(rule)
}

/// What the serving program itself tells before calls fail.
fn of_engine(cx: &Cx<'_, '_>, node: &Watched<'_>) -> Vec<Value> {
    let name = node.name;
    let mut rules = Vec::new();
    let Some(engine) = node.engine.filter(|_| node.object.is_some()) else {
        return rules;
    };
    let labels = cx.node(name);
    if engine.name == "vllm" {
        let expr = format!("max({{__name__=~\"vllm:(kv|gpu)_cache_usage_perc\",{labels}}}) > 0.95");
        let words = [
            format!("The KV cache of {name} is full"),
            format!(
                "⟦value⟧ of the KV cache of {name} is used: requests wait, or are computed again."
            ),
        ];
        let kind = ("ModelGraphCacheFull", "warning");
        rules.push(alert(cx, kind, Some(name), &expr, LASTING, words));
    }
    let limit = node
        .node
        .placement
        .as_ref()
        .and_then(|placement| placement.queue_limit);
    if let (Some(limit), Some((queue, _))) = (limit, engine.queue) {
        let queue = queue.replacen("vllm_", "vllm:", 1);
        let expr = format!("max({queue}{{{labels}}}) >= {}", limit.value.0);
        let words = [
            format!("{} requests wait at {name}", limit.value.0),
            format!(
                "As many requests wait at a replica of {name} as the graph allows: more are turned away."
            ),
        ];
        let kind = ("ModelGraphQueueFull", "warning");
        rules.push(alert(cx, kind, Some(name), &expr, "2m", words));
    }
    rules
}

fn of_objectives(cx: &mut Cx<'_, '_>) -> Vec<Value> {
    let body = cx.subject.graph.spec.body();
    let Some(stated) = body.and_then(|body| body.objectives.as_ref()) else {
        return Vec::new();
    };
    let objectives = &stated.value;
    let mut rules = Vec::new();
    if let Some(latency) = &objectives.latency {
        for (percent, time) in percentiles(&latency.value) {
            rules.extend(of_latency(cx, percent, time));
        }
    }
    if let Some(availability) = objectives.availability {
        // Parts of a million: four nines and more.
        let kept = (availability.value.as_fraction() * 1e6).round();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Within 0 and 10⁶.
        let allowed = 1_000_000_u64.saturating_sub(kept.clamp(0.0, 1e6) as u64);
        let requests = cx.requests();
        let what = format!("{} of the requests are answered", availability.value);
        let parts = |window: &str| metrics::failing(&requests, window);
        rules.extend(budget(cx, "ModelGraphUnavailable", allowed, &what, &parts));
    }
    rules.extend(of_tokens(cx, objectives));
    unwatched(cx, objectives);
    rules
}

fn of_latency(cx: &Cx<'_, '_>, percent: u64, time: Duration) -> Vec<Value> {
    let requests = cx.requests();
    let allowed = 100_u64.saturating_sub(percent).saturating_mul(10_000);
    let what = format!("{percent} of 100 requests are answered within {time}");
    let parts = |window: &str| metrics::over(time, &requests, window);
    budget(cx, "ModelGraphTooSlow", allowed, &what, &parts)
}

/// Alerts on an error budget of so many parts of a million: that it is missed, and that it burns
/// fast. A budget so large that it cannot burn that fast has no such alert.
fn budget(
    cx: &Cx<'_, '_>,
    name: &str,
    allowed: u64,
    what: &str,
    parts: &dyn Fn(&str) -> String,
) -> Vec<Value> {
    let mut rules = Vec::new();
    for (severity, long, short, thousandths) in BURNS {
        let limit = allowed
            .saturating_mul(*thousandths)
            .checked_div(1_000)
            .unwrap_or(0);
        if allowed == 0 || limit >= 1_000_000 {
            continue;
        }
        let limit = metrics::share(limit);
        let expr = format!(
            "({}) > {limit} and ({}) > {limit}",
            parts(long),
            parts(short)
        );
        let words = [
            format!("{} burns its error budget", cx.subject.name),
            format!("The objective is that {what}; over {long} ⟦value⟧ of them missed it."),
        ];
        let kind = (format!("{name}Soon"), *severity);
        rules.push(alert(cx, (&kind.0, kind.1), None, &expr, "2m", words));
    }
    let expr = format!("({}) > {}", parts("1h"), metrics::share(allowed));
    let words = [
        format!("{} misses an objective", cx.subject.name),
        format!("The objective is that {what}; over the last hour ⟦value⟧ of them missed it."),
    ];
    rules.push(alert(cx, (name, "warning"), None, &expr, "15m", words));
    rules
}

/// Times between tokens, as the generators measure them themselves.
fn of_tokens(cx: &mut Cx<'_, '_>, objectives: &Objectives) -> Vec<Value> {
    let first = objectives.time_to_first_token.as_ref();
    let each = objectives.time_per_output_token.as_ref();
    let vllm = |node: &&Watched<'_>| {
        let engine = node.engine.filter(|_| node.object.is_some());
        engine.is_some_and(|engine| engine.name == "vllm") && node.role == Some(Role::Generator)
    };
    let (mut rules, mut told) = (Vec::new(), Vec::new());
    for node in cx.watched.iter().filter(vllm) {
        let name = node.name;
        for (stated, series, what) in [
            (first, "time_to_first_token", "the first token"),
            (
                each,
                "(inter_token_latency|time_per_output_token)",
                "the next token",
            ),
        ] {
            let Some(stated) = stated else { continue };
            for (percent, time) in percentiles(&stated.value) {
                let labels = format!(
                    "__name__=~\"vllm:{series}_seconds_bucket\",{}",
                    cx.node(name)
                );
                let quantile = metrics::share(percent.saturating_mul(10_000));
                let expr = format!(
                    "histogram_quantile({quantile}, sum by (le) (rate({{{labels}}}[{NOW}]))) > {}",
                    metrics::seconds(time)
                );
                let words = [
                    format!("{name} takes too long to {what}"),
                    format!(
                        "The p{percent} of {name} to {what} is ⟦time⟧; the objective is {time}."
                    ),
                ];
                let kind = ("ModelGraphTokensTooSlow", "warning");
                rules.push(alert(cx, kind, Some(name), &expr, LASTING, words));
                told.push((node, stated.span));
            }
        }
    }
    told.dedup_by_key(|(node, span)| (node.ix, *span));
    for (node, span) in told {
        let message = format!(
            "`{}` measures from when a request reaches it: what the graph does before is not in that figure",
            node.name
        );
        cx.artifacts
            .lose(&kinds::FIRST_TOKEN, Some(node.name), span, message);
    }
    if rules.is_empty() {
        for stated in [first, each].into_iter().flatten() {
            let message =
                "no server of this graph measures times between tokens that are known here";
            cx.artifacts
                .lose(&kinds::OBJECTIVE, None, stated.span, message);
        }
    }
    rules
}

/// Objectives that no figure shows.
fn unwatched(cx: &mut Cx<'_, '_>, objectives: &Objectives) {
    if let Some(throughput) = objectives.throughput {
        let message = "no alert says that the graph could not answer `throughput`: how many requests \
                       come is up to who asks";
        cx.artifacts
            .lose(&kinds::OBJECTIVE, None, throughput.span, message);
    }
    let cost = objectives.cost.map(|cost| cost.span);
    let each = objectives.cost_per_1k_requests.map(|cost| cost.span);
    for span in cost.into_iter().chain(each) {
        let message = "no figure of a cluster says what it costs";
        cx.artifacts.lose(&kinds::OBJECTIVE, None, span, message);
    }
}

/// Spans of another graph than this one.
fn of_digest(cx: &Cx<'_, '_>) -> Value {
    let label = "modelgraph_spec_digest";
    let digest = cx.subject.digest.to_string();
    let other = format!(
        "{},{}",
        metrics::is_not(label, &digest),
        metrics::is_not(label, "")
    );
    let expr = format!(
        "sum by ({label}) (rate({CALLS}{{{},{other}}}[{NOW}])) > 0",
        cx.graph()
    );
    let words = [
        format!(
            "Another {} runs than these alerts are about",
            cx.subject.name
        ),
        "Requests are answered by a graph of another digest: export the alerts anew, or the graph."
            .to_owned(),
    ];
    alert(
        cx,
        ("ModelGraphDrift", "warning"),
        None,
        &expr,
        "30m",
        words,
    )
}
