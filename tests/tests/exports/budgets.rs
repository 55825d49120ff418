//! Latency budgets survive: the timeout in each target, converted back, is never below what the
//! node states, and where it is above, a loss says by how much.

use std::collections::BTreeMap;

use modelspec_core::export::Artifacts;
use proptest::prelude::*;
use serde_json::Value;

use super::{documents, export, temporal};

/// A graph of one generator between a transformer and the outputs, and what the two state at most,
/// in nanoseconds.
#[derive(Clone, Debug)]
struct Stated {
    text: String,
    nodes: Vec<(&'static str, u64)>,
    promised: u64,
}

/// How often a call is tried, and how long one try may take.
type Tries = Option<(u32, Option<u64>)>;

fn time() -> impl Strategy<Value = u64> {
    prop_oneof![
        1..5_000_u64,
        1..5_000_000_u64,
        1..5_000_000_000_u64,
        1..5_000_000_000_000_u64
    ]
}

fn stated() -> impl Strategy<Value = Stated> {
    let node = || {
        let tries = prop::option::of((1..6_u32, prop::option::of(time())));
        (time(), prop::option::of(time()), tries)
    };
    (node(), node(), time()).prop_map(|(one, two, promised)| {
        let mut nodes = Vec::new();
        let mut write = |name, (timeout, budget, tries): (u64, Option<u64>, Tries)| {
            nodes.push((name, timeout.max(budget.unwrap_or(0))));
            let budget = budget.map_or_else(String::new, |time| format!("budget: {time}ns, "));
            let tries = tries.map_or_else(String::new, |(attempts, per_try)| {
                let per_try = per_try.map_or_else(String::new, |time| format!(", perTry: {time}ns"));
                format!(", retries: {{attempts: {attempts}{per_try}}}")
            });
            format!("{budget}serving: {{image: x, port: 8080, timeout: {timeout}ns{tries}}}, placement: {{cpu: 1}}")
        };
        let (first, second) = (write("clean", one), write("writer", two));
        let text = format!(
            "apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {{name: g}}
spec:
  checks: {{{}}}
  inputs: {{q: {{type: text}}}}
  outputs: {{a: {{type: text}}}}
  nodes:
    clean: {{role: transformer, inputs: {{in: {{type: text}}}}, outputs: {{out: {{type: text}}}}, {first}}}
    writer: {{role: generator, {second}}}
  edges:
    - {{from: inputs.q, to: clean.in}}
    - {{from: clean.out, to: writer.prompt}}
    - {{from: writer.text, to: outputs.a}}
  objectives: {{latency: {{p95: {promised}ns}}}}
",
            ["MG401", "MG402", "MG403", "MG404"]
                .map(|rule| format!("{rule}: {{severity: info, reason: tried}}"))
                .join(", ")
        );
        Stated { text, nodes, promised }
    })
}

/// Nanoseconds of a time in any of the notations: `1h30m`, `1.5s`, `1500ms`, or whole seconds.
fn nanos(value: &Value) -> u64 {
    if let Some(seconds) = value.as_u64() {
        return seconds * 1_000_000_000;
    }
    let mut rest = value.as_str().unwrap();
    let mut total = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| c.is_ascii_alphabetic()).unwrap();
        let (number, behind) = rest.split_at(end);
        let end = behind
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(end);
        let unit: u64 = match unit {
            "h" => 3_600_000_000_000,
            "m" => 60_000_000_000,
            "s" => 1_000_000_000,
            "ms" => 1_000_000,
            other => panic!("{other}"),
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        total += whole.parse::<u64>().unwrap() * unit;
        if !part.is_empty() {
            let scale = 10_u64.pow(u32::try_from(part.len()).unwrap());
            total += part.parse::<u64>().unwrap() * unit / scale;
        }
        rest = behind;
    }
    total
}

/// The exports of one graph, each made and read once.
struct Exports(BTreeMap<&'static str, (Artifacts, BTreeMap<String, Vec<Value>>)>);

impl Exports {
    fn of(text: &str) -> Self {
        let exported = ["kserve", "gateway"].map(|target| {
            let artifacts = export(target, text).unwrap();
            let files = artifacts.files.iter();
            let files = files.map(|file| (file.path.clone(), documents(&file.text)));
            let files = files.collect();
            (target, (artifacts, files))
        });
        Self(exported.into())
    }

    fn object(&self, target: &str, path: &str, at: usize) -> &Value {
        &self.0[target].1[path][at]
    }
}

/// Where each target says how long a call of a node may take: its file, and the place in it.
const TIMEOUTS: &[(&str, &str, &str)] = &[
    ("kserve", "g-NODE.yaml", "/spec/predictor/timeout"),
    ("kserve", "g.yaml", "/spec/routerTimeouts/serviceClient"),
    (
        "gateway",
        "gateway-api/g-NODE.yaml",
        "/spec/rules/0/timeouts/request",
    ),
    ("gateway", "istio/g-NODE.yaml", "/spec/http/0/timeout"),
    (
        "gateway",
        "linkerd/g-NODE.yaml",
        "/metadata/annotations/timeout.linkerd.io~1request",
    ),
];

fn check_node(node: &str, longest: u64, exports: &Exports) {
    for (target, path, pointer) in TIMEOUTS {
        let object = exports.object(target, &path.replace("NODE", node), 0);
        let found = object.pointer(pointer);
        let found = nanos(found.unwrap_or_else(|| panic!("{target} {path}: {object:#}")));
        assert!(found >= longest, "{target} {path}: {found} < {longest}");
        let above = modelspec_core::spec::Duration(found - longest);
        let mut losses = exports.0[target].0.losses.iter();
        let told = losses.any(|loss| {
            loss.node.as_deref() == Some(node)
                && loss.message.contains(&format!("{above} above its"))
        });
        assert_eq!(told, above.0 > 0, "{target} {path}: {above}");
    }
}

/// Tries together never take longer than the call, in no notation.
fn check_tries(node: &str, exports: &Exports) {
    let istio = exports.object("gateway", &format!("istio/g-{node}.yaml"), 0);
    let istio = &istio["spec"]["http"][0];
    let tries = istio["retries"]["attempts"].as_u64().unwrap() + 1;
    let request = nanos(&istio["timeout"]);
    if !istio["retries"]["perTryTimeout"].is_null() {
        let per_try = nanos(&istio["retries"]["perTryTimeout"]);
        assert!(tries * per_try <= request, "{istio:#}");
    }
    let linkerd = exports.object("gateway", &format!("linkerd/g-{node}.yaml"), 0);
    let annotations = &linkerd["metadata"]["annotations"];
    if !annotations["retry.linkerd.io/timeout"].is_null() {
        let per_try = nanos(&annotations["retry.linkerd.io/timeout"]);
        let again = annotations["retry.linkerd.io/limit"].as_str().unwrap();
        let again: u64 = again.parse().unwrap();
        assert!((again + 1) * per_try <= request, "{annotations:#}");
    }
    let standard = exports.object("gateway", &format!("gateway-api/g-{node}.yaml"), 0);
    let timeouts = &standard["spec"]["rules"][0]["timeouts"];
    assert!(nanos(&timeouts["backendRequest"]) <= nanos(&timeouts["request"]));
}

/// A worker's activities get what the node states, all tries together; a try is cut off earlier only
/// where the node says so.
fn check_activities(stated: &Stated) {
    let artifacts = export("temporal", &stated.text).unwrap();
    let graph = temporal::graph(&artifacts);
    for (node, longest) in &stated.nodes {
        let limits = &graph["nodes"][node]["limits"];
        let once = limits["once_us"].as_u64().unwrap() * 1000;
        let whole = limits["whole_us"].as_u64().unwrap() * 1000;
        assert!(whole >= *longest && once <= whole, "{node}: {limits}");
        let is_cut = stated.text.contains("perTry");
        assert!(once >= *longest || is_cut, "{node}: {once} < {longest}");
        let above = longest.div_ceil(1000) * 1000 - longest;
        let above = modelspec_core::spec::Duration(above);
        let told = artifacts.losses.iter().any(|loss| {
            loss.node.as_deref() == Some(node)
                && loss.message.contains(&format!("{above} above its"))
        });
        assert_eq!(told, above.0 > 0, "{node}: {above}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn latency_budgets_survive(stated in stated()) {
        let exports = Exports::of(&stated.text);
        for (node, longest) in &stated.nodes {
            check_node(node, *longest, &exports);
            check_tries(node, &exports);
        }
        check_activities(&stated);
        // The whole is given what it promises, and what its nodes may take one after the other.
        let longest: u64 = stated.nodes.iter().map(|(_, longest)| longest).sum();
        let longest = longest.max(stated.promised);
        for (target, path, at, pointer) in [
            ("kserve", "g.yaml", 0, "/spec/timeout"),
            ("gateway", "gateway-api/g.yaml", 0, "/spec/rules/0/timeouts/request"),
            ("gateway", "envoy-gateway/g.yaml", 1, "/spec/timeout/http/requestTimeout"),
        ] {
            let object = exports.object(target, path, at);
            prop_assert!(nanos(object.pointer(pointer).unwrap()) >= longest, "{target}");
        }
    }
}
