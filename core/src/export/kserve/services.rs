//! The services behind the steps: an `LLMInferenceService` for a generator whose model is named,
//! an `InferenceService` for every other node.

use serde_json::{Map, Value, json};

use super::{Cx, kinds, timeouts};
use crate::catalogue::Engine;
use crate::export::api;
use crate::export::plan::Plan;
use crate::export::quantity;
use crate::spec::{self, Protocol, Role};

/// Where the Service that KServe puts before an `LLMInferenceService` leads, whatever listens.
const LLM_PORT: u32 = 8000;
/// Where KServe's storage initializer leaves a model.
const FETCHED: &str = "/mnt/models";

/// The kinds of service.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `LLMInferenceService`.
    Llm,
    /// `InferenceService`.
    Plain,
}

/// Which service a node gets.
pub(super) fn kind(plan: &Plan<'_>) -> Kind {
    let model = plan.node.model.as_ref();
    let named = model.is_some_and(|model| model.id.is_some() || model.uri.is_some());
    let is_vllm = plan.engine.is_some_and(|engine| engine.name == "vllm");
    if plan.role == Some(Role::Generator) && named && is_vllm {
        Kind::Llm
    } else {
        Kind::Plain
    }
}

/// The path of a call, as the program that answers it has it; `None` for a call by KServe's own
/// protocol, whose path KServe knows.
pub(super) fn path(node: &spec::Node, engine: Option<&Engine>) -> Option<String> {
    api::stated_path(node).or_else(|| api::usual_path(api::of(node, engine)).map(str::to_owned))
}

/// How the router calls a node: a key of a step, and its value; `None` for gRPC.
pub(super) fn call(plan: &Plan<'_>) -> Option<(&'static str, String)> {
    if plan.protocol == Protocol::Grpc && !is_v2(plan) {
        return None;
    }
    let object = &plan.object;
    Some(match (kind(plan), path(plan.node, plan.engine)) {
        (Kind::Llm, path) => {
            let path = path.unwrap_or_default();
            let url = format!("http://{object}-kserve-workload-svc:{LLM_PORT}{path}");
            ("serviceUrl", url)
        }
        (Kind::Plain, None) => ("serviceName", object.clone()),
        (Kind::Plain, Some(path)) => ("serviceUrl", format!("http://{object}-predictor{path}")),
    })
}

/// The Open Inference Protocol is served by HTTP beside gRPC.
fn is_v2(plan: &Plan<'_>) -> bool {
    path(plan.node, plan.engine).is_none()
}

/// The object of a node.
pub(super) fn object(cx: &mut Cx<'_, '_>, plan: &Plan<'_>) -> Value {
    let port = plan.node.serving.as_ref().and_then(|serving| serving.port);
    if let Some(port) = port.filter(|port| kind(plan) == Kind::Llm && port.value.0 != LLM_PORT) {
        let message = format!(
            "`{}` listens at {LLM_PORT}: the Service of an LLMInferenceService leads there alone",
            plan.name
        );
        let node = Some(plan.name);
        cx.artifacts.lose(&kinds::LISTENS, node, port.span, message);
    }
    let (version, kind, spec) = match kind(plan) {
        Kind::Llm => ("v1alpha2", "LLMInferenceService", llm(cx, plan)),
        Kind::Plain => ("v1beta1", "InferenceService", plain(cx, plan)),
    };
    json!({
        "apiVersion": format!("serving.kserve.io/{version}"),
        "kind": kind,
        "metadata": metadata(cx, plan),
        "spec": spec,
    })
}

fn metadata(cx: &Cx<'_, '_>, plan: &Plan<'_>) -> Value {
    let component = plan.role.map_or("custom", |role| role.word());
    json!({
        "name": plan.object,
        "labels": {
            "app.kubernetes.io/name": plan.object,
            "app.kubernetes.io/part-of": cx.subject.name,
            "app.kubernetes.io/component": component,
            "app.kubernetes.io/managed-by": "modelspec",
            // Else KServe gives it an address for all the world, past every guardrail.
            "networking.kserve.io/visibility": "cluster-local",
        },
        "annotations": {
            "modelgraph/node": plan.name,
            "modelgraph/spec-digest": cx.subject.digest.to_string(),
        },
    })
}

fn plain(cx: &mut Cx<'_, '_>, plan: &Plan<'_>) -> Value {
    let mut predictor = Map::new();
    predictor.insert("minReplicas".to_owned(), json!(plan.replicas.min));
    predictor.insert("maxReplicas".to_owned(), json!(plan.replicas.max));
    if let Some(seconds) = timeouts::own(plan, cx.artifacts) {
        predictor.insert("timeout".to_owned(), json!(seconds));
    }
    let placement = plan.node.placement.as_ref();
    if let Some(concurrency) = placement.and_then(|placement| placement.concurrency) {
        predictor.insert(
            "containerConcurrency".to_owned(),
            json!(concurrency.value.0),
        );
    }
    placed(plan, &mut predictor);
    let container = container(cx, plan, "kserve-container", plan.port);
    predictor.insert("containers".to_owned(), json!([container]));
    json!({"predictor": predictor})
}

fn llm(cx: &mut Cx<'_, '_>, plan: &Plan<'_>) -> Value {
    let model = plan.node.model.as_ref();
    let id = model
        .and_then(|model| model.id.as_ref())
        .map(|id| id.value.0.clone());
    let uri = model
        .and_then(|model| model.uri.as_ref())
        .map(|uri| uri.value.0.clone());
    let fetched = uri
        .as_ref()
        .is_some_and(|uri| uri.contains("://") && !uri.starts_with("hf://"));
    let uri = uri.or(id.as_ref().map(|id| format!("hf://{id}")));
    let mut described = Map::new();
    described.insert("uri".to_owned(), json!(uri.unwrap_or_default()));
    if let Some(id) = id {
        described.insert("name".to_owned(), json!(id));
    }
    let mut spec = Map::new();
    spec.insert("model".to_owned(), Value::Object(described));
    if plan.replicas.max > plan.replicas.min {
        let message = format!(
            "`{}` keeps {} replicas: an LLMInferenceService scales by a controller of its own, \
             which the graph does not name",
            plan.name, plan.replicas.min
        );
        let node = Some(plan.name);
        cx.artifacts.lose(&kinds::SCALE, node, plan.span, message);
    }
    spec.insert("replicas".to_owned(), json!(plan.replicas.min));
    if let Some(gpu) = plan.gpu.as_ref().filter(|gpu| gpu.count > 1) {
        spec.insert("parallelism".to_owned(), json!({"tensor": gpu.count}));
    }
    let mut template = Map::new();
    placed(plan, &mut template);
    let mut container = container(cx, plan, "main", LLM_PORT);
    if let (Some(engine), Value::Object(map)) = (plan.engine, &mut container) {
        let mut arguments = engine.start(plan.node, LLM_PORT).arguments;
        match arguments.first_mut().filter(|_| fetched) {
            Some(model) => FETCHED.clone_into(model),
            // The program fetches it by its name, once.
            None => {
                spec.insert("storageInitializer".to_owned(), json!({"enabled": false}));
            }
        }
        map.insert("args".to_owned(), json!(arguments));
    }
    template.insert("containers".to_owned(), json!([container]));
    spec.insert("template".to_owned(), Value::Object(template));
    Value::Object(spec)
}

/// Which machines it runs on.
fn placed(plan: &Plan<'_>, spec: &mut Map<String, Value>) {
    let Some(gpu) = &plan.gpu else { return };
    if let Some(product) = &gpu.product {
        spec.insert("nodeSelector".to_owned(), json!({gpu.label: product}));
    }
    let toleration = json!([{"key": gpu.taint, "operator": "Exists", "effect": "NoSchedule"}]);
    spec.insert("tolerations".to_owned(), toleration);
}

fn container(cx: &mut Cx<'_, '_>, plan: &Plan<'_>, name: &str, listens: u32) -> Value {
    let mut map = Map::new();
    map.insert("name".to_owned(), json!(name));
    map.insert("image".to_owned(), json!(plan.image));
    if !plan.start.command.is_empty() {
        map.insert("command".to_owned(), json!(plan.start.command));
    }
    if !plan.start.arguments.is_empty() {
        map.insert("args".to_owned(), json!(plan.start.arguments));
    }
    let env = variables(cx, plan);
    if !env.is_empty() {
        map.insert("env".to_owned(), json!(env));
    }
    let port = match plan.protocol {
        Protocol::Http => json!({"containerPort": listens, "protocol": "TCP"}),
        // Knative's name for HTTP/2 without encryption.
        Protocol::Grpc => json!({"name": "h2c", "containerPort": listens, "protocol": "TCP"}),
    };
    map.insert("ports".to_owned(), json!([port]));
    let mut limits = Map::new();
    limits.insert("cpu".to_owned(), json!(quantity::cores(plan.cpu)));
    limits.insert("memory".to_owned(), json!(quantity::bytes(plan.memory)));
    if let Some(gpu) = &plan.gpu {
        limits.insert(gpu.resource.clone(), json!(gpu.count.to_string()));
    }
    let resources = json!({"requests": limits, "limits": limits});
    map.insert("resources".to_owned(), resources);
    for (probe, action) in probes(plan, listens) {
        map.insert(probe.to_owned(), action);
    }
    Value::Object(map)
}

/// Ready once the model is loaded, and not killed while it loads.
fn probes(plan: &Plan<'_>, listens: u32) -> Vec<(&'static str, Value)> {
    let stated = plan
        .node
        .serving
        .as_ref()
        .and_then(|serving| serving.probes.as_ref());
    let stated = stated
        .and_then(|probes| probes.ready.as_ref())
        .map(|ready| &ready.value);
    let path = stated
        .and_then(|ready| ready.path.as_ref())
        .map(|path| &*path.value.0);
    let is_http = plan.protocol == Protocol::Http;
    let path = path.or(plan.engine.filter(|_| is_http).map(|engine| engine.ready));
    let port = stated.and_then(|ready| ready.port).map(|port| port.value.0);
    let port = port.filter(|&port| port <= 65_535).unwrap_or(listens);
    let action = match path {
        Some(path) => json!({"path": format!("/{}", path.trim_start_matches('/')), "port": port}),
        None => json!({"port": port}),
    };
    let way = if path.is_some() {
        "httpGet"
    } else {
        "tcpSocket"
    };
    let probe = |period: u64, failures: u64| json!({way: action, "periodSeconds": period, "failureThreshold": failures});
    let loading = plan.startup.div_ceil(10).max(1);
    vec![
        ("startupProbe", probe(10, loading)),
        ("readinessProbe", probe(5, 2)),
    ]
}

fn variables(cx: &mut Cx<'_, '_>, plan: &Plan<'_>) -> Vec<Value> {
    let mut list: Vec<Value> = Vec::new();
    for (name, value) in &plan.start.variables {
        list.push(json!({"name": name, "value": value}));
    }
    let serving = plan.node.serving.as_ref();
    let env = serving.and_then(|serving| serving.env.as_ref());
    let secrets = serving.and_then(|serving| serving.secrets.as_ref());
    let open = env.into_iter().flat_map(|env| env.iter()).map(|variable| {
        let value = json!({"name": variable.name.value, "value": variable.value.0});
        (&variable.name, Some(value))
    });
    let secret = secrets
        .into_iter()
        .flat_map(|secrets| secrets.iter())
        .map(|secret| {
            let key = secret.value.name.as_ref().zip(secret.value.key.as_ref());
            let value = key.map(|(name, key)| {
                let source = json!({"secretKeyRef": {"name": name.value.0, "key": key.value.0}});
                json!({"name": secret.name.value, "valueFrom": source})
            });
            (&secret.name, value)
        });
    for (name, value) in open.chain(secret).collect::<Vec<_>>() {
        if !quantity::is_variable(&name.value) {
            let message = format!(
                "`{}` of `{}` is no name of a variable",
                name.value, plan.name
            );
            let node = Some(plan.name);
            cx.artifacts
                .lose(&kinds::VARIABLE, node, name.span, message);
            continue;
        }
        // A later one of the same name would be refused.
        list.retain(|known| known.get("name") != Some(&json!(name.value)));
        list.extend(value);
    }
    list
}
