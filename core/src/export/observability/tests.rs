use std::fmt::Write as _;

use serde_json::Value;

use super::{Observability, metrics};
use crate::Analysis;
use crate::export::{self, Artifacts, Options};
use crate::spec::{Duration, to_json};
use crate::yaml::{Limits, read};

const GUARDED: &str = include_str!("../../../../public/examples/rag-guarded.modelspec.yaml");

fn export(text: &str) -> Artifacts {
    export::run(&Observability, &Analysis::new(text), &Options::default()).unwrap()
}

fn file<'a>(artifacts: &'a Artifacts, path: &str) -> &'a str {
    let file = artifacts.files.iter().find(|file| file.path == path);
    &file.unwrap().text
}

fn yaml(text: &str) -> Value {
    to_json(&read(text, &Limits::default()).documents[0])
}

#[test]
fn a_guarded_graph_is_watched() {
    let artifacts = export(GUARDED);
    let paths: Vec<&str> = artifacts.files.iter().map(|file| &*file.path).collect();
    let all = [
        "collector.yaml",
        "dashboard.json",
        "monitors.yaml",
        "prometheus-rules.yaml",
        "spans.yaml",
    ];
    assert_eq!(paths, all);
    for path in all {
        insta::assert_snapshot!(path.replace('.', "-"), file(&artifacts, path));
    }
}

#[test]
fn numbers_are_written_as_prometheus_does() {
    let of = |nanos| metrics::seconds(Duration(nanos));
    assert_eq!(of(60_000_000), "0.06");
    assert_eq!(of(8_000_000_000), "8");
    assert_eq!(of(1_500_000_000), "1.5");
    assert_eq!(of(1), "0.000000001");
    assert_eq!(metrics::share(950_000), "0.95");
    assert_eq!(metrics::share(999_900), "0.9999");
    assert_eq!(metrics::share(0), "0");
    assert_eq!(metrics::go_duration(Duration(60_000_000)), "60ms");
    assert_eq!(metrics::go_duration(Duration(90_000_000_000)), "90s");
    assert_eq!(metrics::go_duration(Duration(1_500)), "1500ns");
}

/// Budgets and objectives are bounds of the histogram: how many calls exceed one is counted.
#[test]
fn what_is_promised_is_a_bound() {
    let text = GUARDED.replacen("budget: 60ms", "budget: 61ms", 1);
    let artifacts = export(&text);
    let collector = yaml(file(&artifacts, "collector.yaml"));
    let bounds = &collector["connectors"]["spanmetrics"]["histogram"]["explicit"]["buckets"];
    let bounds = bounds.as_array().unwrap();
    assert!(bounds.contains(&Value::from("61ms")), "{bounds:?}");
    assert!(file(&artifacts, "prometheus-rules.yaml").contains("> 0.061"));
}

/// A wide error budget cannot burn fourteen times as fast, and has no alert that never fires.
#[test]
fn no_alert_waits_for_the_impossible() {
    let text = GUARDED.replacen("latency: {p95:", "latency: {p50: 2s, p95:", 1);
    assert_ne!(text, GUARDED);
    let rules = yaml(file(&export(&text), "prometheus-rules.yaml"));
    for group in rules["spec"]["groups"].as_array().unwrap() {
        for rule in group["rules"].as_array().unwrap() {
            let expr = rule["expr"].as_str().unwrap();
            let limit = expr.rsplit(['>', '=']).next().unwrap().trim();
            let limit: f64 = limit.parse().unwrap();
            let is_share = expr.starts_with("(1 - ") || expr.starts_with("(sum(");
            assert!(!is_share || limit < 1.0, "{expr}");
        }
    }
}

/// Panels stand beside one another, within the grid.
#[test]
fn the_dashboard_fits_its_grid() {
    let (mut many, mut chain) = (String::new(), String::new());
    for at in 0..40 {
        let _ = writeln!(many, "    n{at}: {{role: transformer}}");
    }
    for at in 1..40 {
        let _ = writeln!(chain, "    - {{from: n{}.out, to: n{at}.in}}", at - 1);
    }
    let text = format!(
        "apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\nmetadata: {{name: long}}\nspec:\n  \
         inputs: {{question: {{type: text}}}}\n  outputs: {{answer: {{type: text}}}}\n  nodes:\n{many}  \
         edges:\n    - {{from: inputs.question, to: n0.in}}\n{chain}    - {{from: n39.out, to: outputs.answer}}\n"
    );
    for text in [&text, GUARDED] {
        let dashboard: Value = serde_json::from_str(file(&export(text), "dashboard.json")).unwrap();
        let mut taken = std::collections::BTreeSet::new();
        for panel in dashboard["panels"].as_array().unwrap() {
            let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
            assert!(at("x") + at("w") <= 24, "{panel}");
            for x in at("x")..at("x") + at("w") {
                for y in at("y")..at("y") + at("h") {
                    assert!(taken.insert((x, y)), "two panels at {x}, {y}");
                }
            }
        }
    }
}
