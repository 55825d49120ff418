//! KServe: inference graphs as they route, and the inference services behind their steps.

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value as Json, json};

use super::draft::{Draft, quote};
use super::services::pod::{self, Settings};
use super::services::routing::{self, Kinds, Step, Target, Way, Writer, text};
use super::services::{SECRET, environment, redact};
use super::{File, Importer, Kind, Place};
use crate::spec::to_json;
use crate::yaml::{Node, Value};

/// KServe's `InferenceGraph` and `InferenceService`.
pub(super) struct KServe;

static FORM: Kind = Kind::refused(
    "IM-KSERVE-FORM",
    "Routers that are not written as KServe wants",
);
static ROOT: Kind = Kind::refused("IM-KSERVE-ROOT", "Graphs without a router `root`");
static TARGET: Kind = Kind::refused(
    "IM-KSERVE-TARGET",
    "Steps that lead nowhere, or to several places",
);
static UNKNOWN: Kind = Kind::refused("IM-KSERVE-UNKNOWN", "Steps to routers that are not there");
static CIRCLE: Kind = Kind::refused("IM-KSERVE-CIRCLE", "Routers that lead back to themselves");
static WEIGHTS: Kind = Kind::refused("IM-KSERVE-WEIGHTS", "Weights that do not add up to 100");
static SEVERAL: Kind = Kind::refused("IM-KSERVE-SEVERAL", "Several graphs at once");
static CONDITION: Kind = Kind::kept("IM-KSERVE-CONDITION", "Conditions in GJSON");
static SOFT: Kind = Kind::kept("IM-KSERVE-SOFT", "Steps whose failure stops nothing");
static KEPT: Kind = Kind::kept("IM-KSERVE-KEPT", "Settings that a graph has no word for");
static NODE: Kind = Kind::understood("IM-KSERVE-NODE", "Steps that are nodes");
static TYPE: Kind = Kind::guessed("IM-KSERVE-TYPE", "Types of requests");

static KINDS: &[&Kind] = &[
    &FORM, &ROOT, &TARGET, &UNKNOWN, &CIRCLE, &WEIGHTS, &SEVERAL, &CONDITION, &SOFT, &KEPT,
    &SECRET, &NODE, &TYPE,
];

static ROUTING: Kinds = Kinds {
    form: &FORM,
    root: &ROOT,
    target: &TARGET,
    unknown: &UNKNOWN,
    circle: &CIRCLE,
    weights: &WEIGHTS,
    condition: &CONDITION,
    soft: &SOFT,
};

/// The annotation by which exports name the node of an object.
const OWN_NAME: &str = "modelgraph/node";

const WAYS: &[(&str, Way)] = &[
    ("Sequence", Way::Sequence),
    ("Splitter", Way::Splitter),
    ("Ensemble", Way::Ensemble),
    ("Switch", Way::Switch),
];

fn kind(tree: &Node) -> Option<&'static str> {
    let version = text(tree.get("apiVersion"))?.value;
    let kind = text(tree.get("kind"))?.value;
    let kinds = ["InferenceGraph", "InferenceService", "LLMInferenceService"];
    let known = kinds.into_iter().find(|known| *known == kind)?;
    version.starts_with("serving.kserve.io/").then_some(known)
}

impl Importer for KServe {
    fn name(&self) -> &'static str {
        "kserve"
    }

    fn title(&self) -> &'static str {
        "KServe InferenceGraph"
    }

    fn about(&self) -> &'static str {
        "The routers and steps of an InferenceGraph, and the InferenceServices behind them"
    }

    fn kinds(&self) -> &'static [&'static Kind] {
        KINDS
    }

    fn detect(&self, file: &File<'_>) -> bool {
        let parsed = file.parsed();
        let mut trees = parsed.iter().flat_map(|parsed| &parsed.documents);
        trees.any(|tree| kind(tree).is_some())
    }

    fn read(&self, files: &[&File<'_>], draft: &mut Draft) {
        let mut graphs: Vec<(&File<'_>, &Node)> = Vec::new();
        let mut services: BTreeMap<String, (Place, &Node)> = BTreeMap::new();
        for file in files {
            for tree in draft.trees(file) {
                match kind(tree) {
                    Some("InferenceGraph") => graphs.push((file, tree)),
                    Some(_) => {
                        let name = text(tree.at(["metadata", "name"]));
                        let name = name.map_or_else(String::new, |name| name.value);
                        services.entry(name).or_insert((file.at(tree.span), tree));
                    }
                    None => {}
                }
            }
        }
        if draft.is_refused() {
            return;
        }
        match graphs.as_slice() {
            [] => alone(&services, draft),
            [(file, tree)] => graph(file, tree, &services, draft),
            [_, (file, tree), ..] => {
                let message = "a second InferenceGraph stands there, and one graph is imported";
                draft.refuse(
                    &SEVERAL,
                    file.at(tree.span),
                    message,
                    "import each by itself",
                );
            }
        }
    }
}

fn graph(
    file: &File<'_>,
    tree: &Node,
    services: &BTreeMap<String, (Place, &Node)>,
    draft: &mut Draft,
) {
    if let Some(name) = text(tree.at(["metadata", "name"])) {
        draft.name(&name.value);
    }
    let Some(nodes) = tree.at(["spec", "nodes"]) else {
        let help = "it names the routers, `root` first";
        draft.refuse(
            &ROOT,
            file.at(tree.span),
            "the graph has no `spec.nodes`",
            help,
        );
        return;
    };
    let Some(routers) = routing::read(nodes, WAYS, &ROUTING, file, draft) else {
        return;
    };
    let mut node = |step: &Step<'_>, draft: &mut Draft| {
        let place = file.at(step.span);
        let (wanted, url) = match &step.target {
            Target::Service(name) | Target::Router(name) => (name.clone(), None),
            Target::Url(url) => {
                let name = step.name.clone().unwrap_or_else(|| host(url).to_owned());
                (name, Some(url))
            }
        };
        let service = services.get(&wanted);
        let node = model(&wanted, service, &place, draft);
        if let Some(url) = url {
            draft.keep(&node, "kserve/serviceUrl", url.as_str());
            let message =
                format!("the annotation `kserve/serviceUrl` of `{node}` keeps its address");
            draft.keep_aside(&KEPT, place, Some(&node), message);
        }
        node
    };
    let request = draft.input("request", json!({"type": "json"}));
    let mut writer = Writer {
        format: "kserve",
        answer: "json",
        kinds: &ROUTING,
        routers: &routers,
        file,
        node: &mut node,
        steps: 0,
    };
    let end = writer.walk("root", &format!("inputs.{request}"), draft);
    let response = draft.output("response", json!({"type": "json"}));
    draft.edge(&end, &format!("outputs.{response}"));
    let message = "what requests and answers hold is not said: JSON is taken";
    draft.guess(&TYPE, file.at(nodes.span), None, message, "json");
    let Some(Value::Mapping(spec)) = tree.get("spec").map(|spec| &spec.value) else {
        return;
    };
    for entry in spec
        .entries
        .iter()
        .filter(|entry| entry.key.text != "nodes")
    {
        let key = format!("kserve/{}", quote(&entry.key.text));
        draft.annotate(&key, to_json(&entry.value));
        let message = format!(
            "the annotation `{key}` of the graph keeps `{}`",
            quote(&entry.key.text)
        );
        draft.keep_aside(&KEPT, file.at(entry.key.span), None, message);
    }
}

/// The host of a URL.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', ':', '.', '?']).unwrap_or(rest.len());
    rest.get(..end)
        .filter(|host| !host.is_empty())
        .unwrap_or("service")
}

/// Services that no graph joins: each is asked by itself.
fn alone(services: &BTreeMap<String, (Place, &Node)>, draft: &mut Draft) {
    let many = services.len() > 1;
    for (name, service) in services {
        draft.name(name);
        let node = model(name, Some(service), &service.0, draft);
        let port = |what: &str| {
            if many {
                format!("{node}-{what}")
            } else {
                what.to_owned()
            }
        };
        let request = draft.input(&port("request"), json!({"type": "json"}));
        let response = draft.output(&port("response"), json!({"type": "json"}));
        draft.edge(&format!("inputs.{request}"), &format!("{node}.in"));
        draft.edge(&format!("{node}.out"), &format!("outputs.{response}"));
    }
}

/// A node of a service that answers requests with JSON.
fn model(name: &str, service: Option<&(Place, &Node)>, place: &Place, draft: &mut Draft) -> String {
    // An export of ours says what the node was called.
    let own = service.and_then(|(_, tree)| text(tree.at(["metadata", "annotations", OWN_NAME])));
    let called = own.as_ref().map_or(name, |own| &own.value);
    let node = draft.node(called, place);
    draft.put(&node, &["role"], "custom");
    draft.put(&node, &["inputs", "in", "type"], "json");
    draft.put(&node, &["outputs", "out", "type"], "json");
    let message = match service {
        Some(_) => format!(
            "`{}` is a node, with what its InferenceService says",
            quote(name)
        ),
        None => format!(
            "`{}` is a node; no InferenceService among the files describes it",
            quote(name)
        ),
    };
    draft.understand(&NODE, place.clone(), Some(&node), message);
    if let Some((place, tree)) = service {
        facts(&node, tree, place, draft);
    }
    node
}

/// What an `InferenceService` says of its model and of what it runs on.
fn facts(node: &str, tree: &Node, place: &Place, draft: &mut Draft) {
    if kind(tree) == Some("LLMInferenceService") {
        llm(node, tree, place, draft);
        return;
    }
    let Some(predictor) = tree.at(["spec", "predictor"]) else {
        return;
    };
    let mut rest = JsonMap::new();
    let mut placement = JsonMap::new();
    if let Some(replicas) =
        pod::replicas(predictor.get("minReplicas"), predictor.get("maxReplicas"))
    {
        placement.insert("replicas".to_owned(), replicas);
    }
    if let Some(gpu) = pod::gpu(predictor) {
        placement.insert("gpu".to_owned(), json!(gpu));
    }
    let entries = predictor.as_mapping().map_or(&[][..], |map| &map.entries);
    for entry in entries {
        let key = entry.key.text.as_str();
        let named = entry.value.at(["modelFormat", "name"]);
        let uri = text(entry.value.get("storageUri"));
        if key == "model" || uri.is_some() {
            let framework = text(named).map_or_else(|| key.to_owned(), |name| name.value);
            if key != "model" || named.is_some() {
                draft.put(node, &["model", "framework"], framework);
            }
            if let Some(uri) = uri {
                draft.put(node, &["model", "uri"], uri.value);
            }
            let protocol = text(entry.value.get("protocolVersion"));
            if protocol.is_some_and(|protocol| protocol.value == "v2") {
                draft.put(node, &["serving", "api"], "kserve-v2");
            }
            container(node, &entry.value, place, &mut placement, draft);
            rest.extend(left(
                &entry.value,
                &["modelFormat", "storageUri", "resources", "env"],
            ));
        } else if key == "containers" {
            if let Some(first) = pod::items(Some(&entry.value)).first() {
                container(node, first, place, &mut placement, draft);
                rest.extend(left(first, &["image", "resources", "env", "ports"]));
            }
        } else if !matches!(key, "minReplicas" | "maxReplicas") {
            rest.insert(key.to_owned(), to_json(&entry.value));
        }
    }
    for (key, value) in placement {
        draft.put(node, &["placement", &key], value);
    }
    for part in ["transformer", "explainer"] {
        if let Some(stated) = tree.at(["spec", part]) {
            rest.insert(part.to_owned(), to_json(stated));
        }
    }
    keep(node, rest, place, draft);
}

/// What an `LLMInferenceService` says.
fn llm(node: &str, tree: &Node, place: &Place, draft: &mut Draft) {
    let Some(spec) = tree.get("spec") else {
        return;
    };
    let mut placement = JsonMap::new();
    let scaling = spec.get("scaling");
    let bound = |key: &str| scaling.and_then(|scaling| scaling.get(key));
    let replicas = pod::replicas(spec.get("replicas"), None);
    let scaled = pod::replicas(bound("minReplicas"), bound("maxReplicas"));
    if let Some(replicas) = replicas.or(scaled) {
        placement.insert("replicas".to_owned(), replicas);
    }
    let uri = text(spec.at(["model", "uri"])).map(|uri| uri.value);
    let id = text(spec.at(["model", "name"])).map(|name| name.value);
    let hub = uri.as_ref().and_then(|uri| uri.strip_prefix("hf://"));
    if let Some(id) = id.as_deref().or(hub) {
        draft.put(node, &["model", "id"], id);
    }
    if let Some(uri) = uri.as_ref().filter(|_| hub.is_none()) {
        draft.put(node, &["model", "uri"], uri.as_str());
    }
    draft.put(node, &["serving", "api"], "openai-chat");
    let mut rest = left(
        spec,
        &["model", "replicas", "scaling", "template", "parallelism"],
    );
    if let Some(template) = spec.get("template") {
        if let Some(gpu) = pod::gpu(template) {
            placement.insert("gpu".to_owned(), json!(gpu));
        }
        if let Some(first) = pod::items(template.get("containers")).first() {
            container(node, first, place, &mut placement, draft);
            rest.extend(left(first, &["image", "resources", "env", "ports", "name"]));
        }
        rest.extend(left(template, &["containers", "nodeSelector"]));
    }
    for (key, value) in placement {
        draft.put(node, &["placement", &key], value);
    }
    keep(node, rest, place, draft);
}

/// Keeps what a graph has no word for.
fn keep(node: &str, rest: JsonMap<String, Json>, place: &Place, draft: &mut Draft) {
    if rest.is_empty() {
        return;
    }
    let keys: Vec<String> = rest.keys().map(|key| format!("`{}`", quote(key))).collect();
    let message = format!(
        "the annotation `kserve` of `{node}` keeps {}",
        keys.join(", ")
    );
    let mut rest = Json::Object(rest);
    redact(&mut rest);
    draft.keep(node, "kserve", rest);
    draft.keep_aside(&KEPT, place.clone(), Some(node), message);
}

fn container(
    node: &str,
    container: &Node,
    place: &Place,
    placement: &mut JsonMap<String, Json>,
    draft: &mut Draft,
) {
    pod::resources(container, placement);
    if let Some(image) = text(container.get("image")) {
        draft.put(node, &["serving", "image"], image.value);
    }
    if let Some(port) = pod::port(container) {
        draft.put(node, &["serving", "port"], port);
    }
    let (variables, secrets) = pod::environment(container, &Settings::new());
    environment(node, &variables, &secrets, place, draft);
}

/// The keys of a map beside those that are in the graph.
fn left(node: &Node, said: &[&str]) -> JsonMap<String, Json> {
    let entries = node.as_mapping().map_or(&[][..], |map| &map.entries);
    entries
        .iter()
        .filter(|entry| !said.contains(&entry.key.text.as_str()))
        .map(|entry| (entry.key.text.clone(), to_json(&entry.value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use crate::import::services::tests::{
        NONE, analysis, edges, errors, example, import, mutated, nodes, refused,
    };

    const ROUTED: &str = include_str!("samples/kserve.yaml");

    #[test]
    fn routers_become_edges() {
        let imported = import(&[("graph.yaml", ROUTED)]).unwrap();
        assert_eq!(
            nodes(&imported),
            [
                "is-animal custom",
                "which router",
                "dogs custom",
                "cats splitter",
                "old-cats custom",
                "both transformer",
                "new-cats custom",
                "dogs-2 custom",
                "both-join join",
                "cats-join join",
                "which-join join",
            ]
        );
        insta::assert_snapshot!(imported.text);
    }

    #[test]
    fn kserve_s_own_samples_are_read() {
        for (name, count) in [("ig-sequence", 2), ("ig-ensemble", 3)] {
            let Some(text) = example(&format!("kserve/{name}.yaml")) else {
                return;
            };
            let imported = import(&[("graph.yaml", &text)]).unwrap();
            assert_eq!(nodes(&imported).len(), count, "{name}");
            assert!(
                imported.text.contains("framework: sklearn"),
                "{}",
                imported.text
            );
            assert_eq!(errors(&imported), NONE);
        }
        let Some(text) = example("kserve/ig-sequence.yaml") else {
            return;
        };
        let imported = import(&[("graph.yaml", &text)]).unwrap();
        // Without `data: $response`, the second step takes the request.
        assert_eq!(edges(&imported)[1], "inputs.request xgboost-iris.in");
    }

    #[test]
    fn what_no_server_could_run_is_refused() {
        for (before, after, code) in [
            ("    root:", "    start:", "IM-KSERVE-ROOT"),
            ("nodeName: both", "nodeName: bth", "IM-KSERVE-UNKNOWN"),
            (
                "{serviceName: new-cats}",
                "{nodeName: which}",
                "IM-KSERVE-CIRCLE",
            ),
            ("weight: 80", "weight: 70", "IM-KSERVE-WEIGHTS"),
            (
                "{serviceName: new-cats}",
                "{name: new-cats}",
                "IM-KSERVE-TARGET",
            ),
            (
                "{serviceName: new-cats}",
                "{serviceName: a, nodeName: cats}",
                "IM-KSERVE-TARGET",
            ),
            (
                "routerType: Ensemble",
                "routerType: Ensembel",
                "IM-KSERVE-FORM",
            ),
            ("metadata: {name: animals}", "metadata: [", "IM-SYNTAX"),
        ] {
            let broken = ROUTED.replace(before, after);
            assert_ne!(broken, ROUTED, "{before}");
            let codes = refused(&[("graph.yaml", &broken)]);
            assert!(codes.contains(&code), "{after}: {codes:?}");
        }
        let twice = format!("{ROUTED}---\n{ROUTED}");
        assert_eq!(refused(&[("graph.yaml", &twice)]), ["IM-KSERVE-SEVERAL"]);
    }

    #[test]
    fn routers_that_multiply_are_bounded() {
        let router = |name: usize| {
            let step = format!("{{nodeName: n{}}}", name + 1);
            format!("    n{name}: {{routerType: Sequence, steps: [{step}, {step}]}}\n")
        };
        let routers: String = (0..25).map(router).collect();
        let text = format!(
            "apiVersion: serving.kserve.io/v1alpha1\nkind: InferenceGraph\nmetadata: {{name: x}}\n\
             spec:\n  nodes:\n    root: {{routerType: Sequence, steps: [{{nodeName: n0}}]}}\n{routers}    \
             n25: {{routerType: Sequence, steps: [{{serviceName: s}}]}}\n"
        );
        assert_eq!(refused(&[("graph.yaml", &text)]), ["IM-LIMIT"]);
    }

    proptest! {
        /// Whatever changes in a file, there is a graph that reads without an error, or a refusal.
        #[test]
        fn a_mutated_file_is_read_or_refused(
            edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, "[ -~\n]{0,6}"), 1..6)
        ) {
            if let Ok(imported) = import(&[("graph.yaml", &mutated(ROUTED, &edits))]) {
                analysis(&imported);
            }
        }
    }
}
