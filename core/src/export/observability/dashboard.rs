//! A Grafana dashboard laid out as the graph: what stands behind stands to the right.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::metrics::{self, CALLS, DURATION};
use super::{Cx, Watched, percentiles};
use crate::graph::{NodeIx, topological_order};
use crate::lock::Digest;
use crate::spec::Duration;

/// Grafana's grid is so wide.
const WIDE: usize = 24;
/// A node's panel is as wide as this at least, so that its title can be read.
const NARROWEST: usize = 4;
const HIGH: usize = 7;
/// Where panels of nodes begin.
const BELOW: usize = 9;

pub(super) fn write(cx: &Cx<'_, '_>) -> Value {
    let mut panels = overview(cx);
    panels.push(row(
        "Nodes, left to right as requests pass them",
        BELOW.saturating_sub(1),
    ));
    let (places, across) = places(cx);
    let wide = WIDE.checked_div(across).unwrap_or(WIDE);
    // How many rows the bands above each band take.
    let mut rows: Vec<usize> = Vec::new();
    for place in &places {
        let needed = place.row.saturating_add(1);
        rows.resize(rows.len().max(place.band.saturating_add(1)), 0);
        if let Some(own) = rows.get_mut(place.band) {
            *own = (*own).max(needed);
        }
    }
    for (node, place) in cx.watched.iter().zip(&places) {
        let above: usize = rows.iter().take(place.band).sum();
        let row = above.saturating_add(place.row).saturating_mul(HIGH);
        let x = place.column.saturating_mul(wide);
        panels.push(of_node(
            cx,
            node,
            [x, BELOW.saturating_add(row), wide, HIGH],
        ));
    }
    for (at, panel) in panels.iter_mut().enumerate() {
        if let Some(map) = panel.as_object_mut() {
            map.insert("id".to_owned(), json!(at.saturating_add(1)));
        }
    }
    let version = cx
        .subject
        .version
        .map_or_else(String::new, |version| format!(" {version}"));
    let digest = cx.subject.digest.to_string();
    let uid = Digest::of(cx.subject.name.as_bytes()).hex();
    let uid: String = uid.chars().take(16).collect();
    json!({
        "uid": format!("modelgraph-{uid}"),
        "title": format!("Graph {}", cx.subject.name),
        "description": format!("{}{version}, {digest}", cx.subject.name),
        "tags": ["modelgraph"],
        "schemaVersion": 39,
        "editable": true,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [{
            "name": "datasource",
            "label": "Prometheus",
            "type": "datasource",
            "query": "prometheus",
        }]},
        "annotations": {"list": []},
        "panels": panels,
    })
}

/// Where a node stands. A graph that is longer than the grid is wide goes on below, band under band.
struct Place {
    band: usize,
    column: usize,
    row: usize,
}

/// The place of each node, and how many columns there are.
fn places(cx: &Cx<'_, '_>) -> (Vec<Place>, usize) {
    let graph = cx.subject.graph;
    // The longest way to each.
    let mut depth: BTreeMap<NodeIx, usize> = BTreeMap::new();
    for ix in topological_order(graph) {
        let feeding = graph
            .incoming(ix)
            .filter(|edge| !edge.is_loop && edge.source.is_model());
        let before = feeding.filter_map(|edge| depth.get(&edge.source)).max();
        let own = before.map_or(0, |depth| depth.saturating_add(1));
        depth.insert(ix, own);
    }
    let depth_of = |node: &Watched<'_>| depth.get(&node.ix).copied().unwrap_or(0);
    let deepest = cx.watched.iter().map(depth_of).max().unwrap_or(0);
    let across = deepest.saturating_add(1).min(WIDE / NARROWEST);
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    let places = cx.watched.iter().map(|node| {
        let depth = depth_of(node);
        let row = taken.entry(depth).or_insert(0);
        let place = Place {
            band: depth.checked_div(across).unwrap_or(0),
            column: depth.checked_rem(across).unwrap_or(0),
            row: *row,
        };
        *row = row.saturating_add(1);
        place
    });
    (places.collect(), across)
}

fn row(title: &str, y: usize) -> Value {
    json!({
        "type": "row",
        "title": title,
        "collapsed": false,
        "gridPos": {"x": 0, "y": y, "w": WIDE, "h": 1},
        "panels": [],
    })
}

/// One question of a panel: its expression, and how its line is called.
type Line = (String, String);

struct Panel {
    title: String,
    about: String,
    unit: &'static str,
    lines: Vec<Line>,
    /// Above which lines are red, in the panel's unit.
    limit: Option<f64>,
}

impl Panel {
    fn write(self, [x, y, w, h]: [usize; 4]) -> Value {
        let source = json!({"type": "prometheus", "uid": "${datasource}"});
        let targets = self
            .lines
            .iter()
            .zip('A'..='Z')
            .map(|((expr, legend), letter)| {
                json!({
                    "refId": letter.to_string(),
                    "datasource": source,
                    "expr": expr,
                    "legendFormat": legend,
                    "range": true,
                })
            });
        let targets: Vec<Value> = targets.collect();
        let mut steps = vec![json!({"color": "green", "value": null})];
        steps.extend(
            self.limit
                .map(|limit| json!({"color": "red", "value": limit})),
        );
        let style = if self.limit.is_some() { "line" } else { "off" };
        json!({
            "type": "timeseries",
            "title": self.title,
            "description": self.about,
            "datasource": source,
            "gridPos": {"x": x, "y": y, "w": w, "h": h},
            "targets": targets,
            "fieldConfig": {
                "defaults": {
                    "unit": self.unit,
                    "min": 0,
                    "thresholds": {"mode": "absolute", "steps": steps},
                    "custom": {"thresholdsStyle": {"mode": style}, "fillOpacity": 8, "lineWidth": 1},
                },
                "overrides": [],
            },
            "options": {
                "legend": {"displayMode": "list", "placement": "bottom"},
                "tooltip": {"mode": "multi"},
            },
        })
    }
}

fn plain_seconds(time: Duration) -> f64 {
    time.0 as f64 / 1e9
}

fn overview(cx: &Cx<'_, '_>) -> Vec<Value> {
    let requests = cx.requests();
    let latency = cx.objectives().and_then(|stated| stated.latency.as_ref());
    let stated = latency
        .map(|latency| percentiles(&latency.value))
        .unwrap_or_default();
    let shown = [50, 95, 99]
        .into_iter()
        .chain(stated.iter().map(|(percent, _)| *percent));
    let mut shown: Vec<u64> = shown.collect();
    shown.sort_unstable();
    shown.dedup();
    let lines = shown.iter().map(|&percent| {
        let expr = metrics::quantile(percent, DURATION, &requests, "$__rate_interval");
        (expr, format!("p{percent}"))
    });
    let objectives: Vec<String> = stated
        .iter()
        .map(|(percent, time)| format!("p{percent} {time}"))
        .collect();
    let about = if objectives.is_empty() {
        "From a request to the last of its answer.".to_owned()
    } else {
        format!(
            "From a request to the last of its answer. The objective: {}.",
            objectives.join(", ")
        )
    };
    let latency = Panel {
        title: "How long requests take".to_owned(),
        about,
        unit: "s",
        lines: lines.collect(),
        limit: stated.last().map(|(_, time)| plain_seconds(*time)),
    };
    let traffic = Panel {
        title: "Requests".to_owned(),
        about: "How many come a second, and which of them fail.".to_owned(),
        unit: "reqps",
        lines: vec![(
            format!("sum by (status_code) (rate({CALLS}{{{requests}}}[$__rate_interval]))"),
            "{{status_code}}".to_owned(),
        )],
        limit: None,
    };
    let top = BELOW.saturating_sub(1);
    let half = WIDE / 2;
    vec![
        latency.write([0, 0, half, top]),
        traffic.write([half, 0, half, top]),
    ]
}

fn of_node(cx: &Cx<'_, '_>, node: &Watched<'_>, place: [usize; 4]) -> Value {
    let labels = cx.node(node.name);
    let percent = cx.percentile();
    let mut lines = vec![
        (
            metrics::quantile(50, DURATION, &labels, "$__rate_interval"),
            "p50".to_owned(),
        ),
        (
            metrics::quantile(percent, DURATION, &labels, "$__rate_interval"),
            format!("p{percent}"),
        ),
    ];
    lines.dedup();
    let model = node.node.model.as_ref().and_then(|model| model.id.as_ref());
    let what = model.map_or_else(
        || node.role_word().to_owned(),
        |model| model.value.0.clone(),
    );
    let budget = node.node.budget.map(|budget| budget.value);
    let about = match budget {
        Some(budget) => format!("{what}. It may take {budget}."),
        None => format!("{what}. The graph states no budget for it."),
    };
    Panel {
        title: node.name.to_owned(),
        about,
        unit: "s",
        lines,
        limit: budget.map(plain_seconds),
    }
    .write(place)
}
