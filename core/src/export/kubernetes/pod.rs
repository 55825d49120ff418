//! The pod of a node.

use serde_json::{Map, Value, json};

use super::{Cx, kinds};
use crate::export::json::object;
use crate::export::plan::Plan;
use crate::export::quantity;
use crate::spec::{self, Execution, Probe, Protocol};
use crate::text::Span;

/// Seconds between a pod's leaving the Service and the end of its program.
const LEAVING: u64 = 5;
/// Seconds that a request may last where no timeout is stated.
const LONGEST_REQUEST: u64 = 60;
/// Pages that processes of one pod share, for GPUs that work together.
const SHARED_MEMORY_GIB: u64 = 8;

/// As whom everything runs.
pub(super) fn security() -> Value {
    json!({
        "runAsNonRoot": true,
        "runAsUser": 1000,
        "runAsGroup": 1000,
        "fsGroup": 1000,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    })
}

/// What a container may do.
pub(super) fn container_security() -> Value {
    json!({
        "allowPrivilegeEscalation": false,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": true,
    })
}

/// Spread over machines and zones, where there are several.
pub(super) fn spread(cx: &Cx<'_, '_>, object: &str, zoned: bool, rolls: bool) -> Value {
    let keys = ["kubernetes.io/hostname", "topology.kubernetes.io/zone"];
    let keys = keys.iter().filter(|key| !zoned || !key.ends_with("zone"));
    keys.map(|key| {
        let mut constraint = json!({
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": cx.selector(object)},
        });
        if let (true, Value::Object(map)) = (rolls, &mut constraint) {
            // Else the pods of the version that goes would count.
            map.insert("matchLabelKeys".to_owned(), json!(["pod-template-hash"]));
        }
        constraint
    })
    .collect()
}

/// `spec` of the pods of a node.
pub(super) fn spec(cx: &mut Cx<'_, '_>, plan: &Plan<'_>, plans: &[Plan<'_>]) -> Value {
    let serving = plan.node.serving.as_ref();
    let timeout = serving.and_then(|serving| serving.timeout);
    let timeout = timeout.map_or(LONGEST_REQUEST, |timeout| {
        quantity::seconds(timeout.value).0
    });
    let mut spec = Map::new();
    spec.insert("automountServiceAccountToken".to_owned(), json!(false));
    // Variables such as `VLLM_PORT` that Services bring would be taken for settings.
    spec.insert("enableServiceLinks".to_owned(), json!(false));
    spec.insert("securityContext".to_owned(), security());
    let grace = timeout.saturating_add(LEAVING).saturating_add(5);
    spec.insert("terminationGracePeriodSeconds".to_owned(), json!(grace));
    let zone = placed(cx, plan, &mut spec);
    let is_stateful = plan.data.is_some();
    spec.insert(
        "topologySpreadConstraints".to_owned(),
        spread(cx, &plan.object, zone, !is_stateful),
    );
    beside(plan, plans, &mut spec, cx);
    let container = container(cx, plan);
    spec.insert("containers".to_owned(), Value::Array(vec![container]));
    let mut volumes = vec![
        json!({"name": "tmp", "emptyDir": {}}),
        json!({"name": "cache", "emptyDir": {}}),
    ];
    if shares_memory(plan) {
        let size = format!("{SHARED_MEMORY_GIB}Gi");
        volumes.push(json!({"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": size}}));
    }
    spec.insert("volumes".to_owned(), Value::Array(volumes));
    Value::Object(spec)
}

/// Which machines it runs on; whether their zone is settled.
fn placed(cx: &mut Cx<'_, '_>, plan: &Plan<'_>, spec: &mut Map<String, Value>) -> bool {
    let mut selector = Map::new();
    if let Some(gpu) = &plan.gpu {
        if let Some(product) = &gpu.product {
            selector.insert(gpu.label.to_owned(), json!(product));
        }
        let toleration = json!([{"key": gpu.taint, "operator": "Exists", "effect": "NoSchedule"}]);
        spec.insert("tolerations".to_owned(), toleration);
    }
    let placement = plan.node.placement.as_ref();
    let mut zoned = false;
    if let Some(stated) = placement.and_then(|placement| placement.pool.as_ref()) {
        let name = &stated.value.0;
        let body = cx.subject.graph.spec.body();
        let hardware = body.and_then(|body| body.hardware.as_ref());
        let pools = hardware.and_then(|hardware| hardware.pools.as_ref());
        let pool = pools.and_then(|pools| {
            let named = |pool: &&crate::text::Spanned<crate::spec::Pool>| {
                pool.name.as_ref().is_some_and(|own| own.value.0 == *name)
            };
            pools.iter().find(named)
        });
        let zone = pool
            .and_then(|pool| pool.zone.as_ref())
            .map(|zone| &zone.value.0);
        if let Some(zone) = zone.filter(|zone| quantity::is_label_value(zone)) {
            selector.insert("topology.kubernetes.io/zone".to_owned(), json!(zone));
            zoned = true;
        }
        let label = quantity::label_value(name);
        if !label.is_empty() {
            let message = format!(
                "the machines of pool `{name}`, on which `{}` runs, carry this label",
                plan.name
            );
            let value = format!("modelgraph/pool={label}");
            cx.assume(&kinds::SELECTOR, plan.name, stated.span, &message, &value);
            selector.insert("modelgraph/pool".to_owned(), json!(label));
        }
    }
    if !selector.is_empty() {
        spec.insert("nodeSelector".to_owned(), Value::Object(selector));
    }
    zoned
}

/// Puts it beside the nodes that it must stand beside. Of two nodes the later one in the document
/// waits for the earlier, whichever says so: two that wait for each other would never start.
fn beside(plan: &Plan<'_>, plans: &[Plan<'_>], spec: &mut Map<String, Value>, cx: &Cx<'_, '_>) {
    let Some(others) = cx.beside.get(plan.name) else {
        return;
    };
    let earlier = plans.iter().take_while(|other| other.ix != plan.ix);
    let terms: Vec<Value> = earlier
        .filter(|other| others.contains(other.name))
        .map(|other| {
            json!({
                "labelSelector": {"matchLabels": cx.selector(&other.object)},
                "topologyKey": "kubernetes.io/hostname",
            })
        })
        .collect();
    if !terms.is_empty() {
        let rule =
            json!({"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}});
        spec.insert("affinity".to_owned(), rule);
    }
}

/// GPUs that work together talk through shared memory, of which containers get 64 MiB.
fn shares_memory(plan: &Plan<'_>) -> bool {
    plan.gpu.as_ref().is_some_and(|gpu| gpu.count > 1)
}

fn container(cx: &mut Cx<'_, '_>, plan: &Plan<'_>) -> Value {
    let mut map = Map::new();
    map.insert("name".to_owned(), json!("server"));
    map.insert("image".to_owned(), json!(plan.image));
    if !plan.start.command.is_empty() {
        map.insert("command".to_owned(), json!(plan.start.command));
    }
    if !plan.start.arguments.is_empty() {
        map.insert("args".to_owned(), json!(plan.start.arguments));
    }
    let mut ports = vec![json!({"name": port_name(plan), "containerPort": plan.port})];
    let probes = probes(cx, plan);
    for extra in &probes.ports {
        ports.push(json!({"name": format!("probe-{extra}"), "containerPort": extra}));
    }
    map.insert("ports".to_owned(), Value::Array(ports));
    map.insert(
        "envFrom".to_owned(),
        json!([{"configMapRef": {"name": plan.object}}]),
    );
    let secrets = secrets(cx, plan);
    if !secrets.is_empty() {
        map.insert("env".to_owned(), json!(secrets));
    }
    let mut limits = Map::new();
    limits.insert("cpu".to_owned(), json!(quantity::cores(plan.cpu)));
    limits.insert("memory".to_owned(), json!(quantity::bytes(plan.memory)));
    if let Some(gpu) = &plan.gpu {
        limits.insert(gpu.resource.clone(), json!(gpu.count.to_string()));
    }
    map.insert(
        "resources".to_owned(),
        object([
            ("requests", Value::Object(limits.clone())),
            ("limits", Value::Object(limits)),
        ]),
    );
    map.insert("startupProbe".to_owned(), probes.startup);
    map.insert("readinessProbe".to_owned(), probes.ready);
    map.insert("livenessProbe".to_owned(), probes.live);
    // Whoever was just told this address may still call it.
    map.insert(
        "lifecycle".to_owned(),
        json!({"preStop": {"sleep": {"seconds": LEAVING}}}),
    );
    map.insert("securityContext".to_owned(), container_security());
    let mut mounts = vec![
        json!({"name": "tmp", "mountPath": "/tmp"}),
        json!({"name": "cache", "mountPath": "/cache"}),
    ];
    if shares_memory(plan) {
        mounts.push(json!({"name": "shm", "mountPath": "/dev/shm"}));
    }
    if let Some((path, _)) = plan.data {
        mounts.push(json!({"name": "data", "mountPath": path}));
    }
    map.insert("volumeMounts".to_owned(), Value::Array(mounts));
    Value::Object(map)
}

/// The name of the serving port.
pub(super) const fn port_name(plan: &Plan<'_>) -> &'static str {
    match plan.protocol {
        Protocol::Http => "http",
        Protocol::Grpc => "grpc",
    }
}

fn secrets(cx: &mut Cx<'_, '_>, plan: &Plan<'_>) -> Vec<Value> {
    secret_variables(plan.node, &mut |variable, span| {
        let message = format!("`{variable}` of `{}` is no name of a variable", plan.name);
        cx.lose(&kinds::VARIABLE, plan.name, span, message);
    })
}

/// The variables of a container that hold a node's keys; `refuse` hears of what is no name of one.
pub(in crate::export) fn secret_variables(
    node: &spec::Node,
    refuse: &mut dyn FnMut(&str, Span),
) -> Vec<Value> {
    let serving = node.serving.as_ref();
    let secrets = serving.and_then(|serving| serving.secrets.as_ref());
    let mut list = Vec::new();
    for secret in secrets.into_iter().flat_map(|secrets| secrets.iter()) {
        let variable = &secret.name.value;
        let (Some(name), Some(key)) = (&secret.value.name, &secret.value.key) else {
            continue;
        };
        if quantity::is_variable(variable) {
            let source = json!({"secretKeyRef": {"name": name.value.0, "key": key.value.0}});
            list.push(json!({"name": variable, "valueFrom": source}));
        } else {
            refuse(variable, secret.name.span);
        }
    }
    list
}

struct Probes {
    startup: Value,
    ready: Value,
    live: Value,
    /// Ports that only probes use.
    ports: Vec<u32>,
}

/// How health is asked: a pod is ready once its model is loaded, and not killed while it loads.
fn probes(cx: &mut Cx<'_, '_>, plan: &Plan<'_>) -> Probes {
    let serving = plan.node.serving.as_ref();
    let stated = serving.and_then(|serving| serving.probes.as_ref());
    let stated_ready = stated
        .and_then(|probes| probes.ready.as_ref())
        .map(|ready| &ready.value);
    let stated_live = stated
        .and_then(|probes| probes.live.as_ref())
        .map(|live| &live.value);
    let mut ports = Vec::new();
    let ready = action(
        plan,
        stated_ready,
        plan.engine.map(|engine| engine.ready),
        &mut ports,
    );
    let live = stated_live.or(stated_ready);
    let live = action(
        plan,
        live,
        plan.engine.map(|engine| engine.live),
        &mut ports,
    );
    if ready.get("tcpSocket").is_some() && plan.node.model.is_some() {
        let message = format!(
            "nothing says how `{}` is asked whether its model is loaded: it counts as ready once \
             its port is open; state `serving.probes.ready.path`",
            plan.name
        );
        cx.lose(&kinds::READINESS, plan.name, plan.span, message);
    }
    let mut times = |probe: Option<&Probe>, period: u64, timeout: u64| {
        let mut of = |time: Option<crate::text::Spanned<crate::spec::Duration>>, usual: u64| {
            let Some(time) = time else { return usual };
            let (seconds, rounded) = quantity::seconds(time.value);
            if rounded {
                let message = format!(
                    "probes count whole seconds: `{}` of `{}` becomes {seconds}s",
                    time.value, plan.name
                );
                cx.lose(&kinds::SECONDS, plan.name, time.span, message);
            }
            seconds
        };
        (
            of(probe.and_then(|probe| probe.period), period),
            of(probe.and_then(|probe| probe.timeout), timeout),
        )
    };
    let (ready_period, ready_timeout) = times(stated_ready, 5, 2);
    let (live_period, live_timeout) = times(stated_live, 10, 5);
    let probe = |action: &Value, period: u64, timeout: u64, failures: u64| {
        let mut probe = action.as_object().cloned().unwrap_or_default();
        probe.insert("periodSeconds".to_owned(), json!(period));
        probe.insert("timeoutSeconds".to_owned(), json!(timeout));
        probe.insert("failureThreshold".to_owned(), json!(failures));
        Value::Object(probe)
    };
    let loading = plan.startup.div_ceil(10).max(1);
    Probes {
        startup: probe(&ready, 10, ready_timeout.max(5), loading),
        ready: probe(&ready, ready_period, ready_timeout, 2),
        live: probe(&live, live_period, live_timeout, 6),
        ports,
    }
}

fn action(
    plan: &Plan<'_>,
    stated: Option<&Probe>,
    usual: Option<&str>,
    ports: &mut Vec<u32>,
) -> Value {
    let own_port = stated.and_then(|probe| probe.port).map(|port| port.value.0);
    let path = stated
        .and_then(|probe| probe.path.as_ref())
        .map(|path| &*path.value.0);
    let is_grpc = plan.protocol == Protocol::Grpc;
    // Triton answers for its gRPC port by HTTP at another one.
    let beside = plan
        .engine
        .filter(|engine| engine.name == "triton" && is_grpc);
    let port = own_port
        .or(beside.map(|engine| engine.port))
        .unwrap_or(plan.port);
    let port = if port <= 65_535 { port } else { plan.port };
    if port != plan.port && !ports.contains(&port) {
        ports.push(port);
    }
    let path = path.or(usual.filter(|_| !is_grpc || beside.is_some()));
    match path {
        Some(path) => {
            let slash = if path.starts_with('/') { "" } else { "/" };
            json!({"httpGet": {"path": format!("{slash}{path}"), "port": port}})
        }
        None if is_grpc => json!({"grpc": {"port": port}}),
        None => json!({"tcpSocket": {"port": port}}),
    }
}

/// The variables of a node's pods, and where its successors are when it calls them itself.
pub(super) fn variables(
    cx: &mut Cx<'_, '_>,
    plan: &Plan<'_>,
    plans: &[Plan<'_>],
) -> Map<String, Value> {
    let mut map = Map::new();
    let mut put = |name: &str, value: String| map.insert(name.to_owned(), json!(value));
    put("MODELGRAPH_NODE", plan.name.to_owned());
    if let Some(role) = plan.role {
        put("MODELGRAPH_ROLE", role.word().to_owned());
    }
    put("HOME", "/cache".to_owned());
    put("HF_HOME", "/cache/huggingface".to_owned());
    for (name, value) in &plan.start.variables {
        put(name, value.clone());
    }
    if cx.execution == Execution::Chained {
        let successors = successors(cx, plan, plans);
        put(
            "MODELGRAPH_SUCCESSORS",
            Value::Object(successors).to_string(),
        );
    }
    let serving = plan.node.serving.as_ref();
    let env = serving.and_then(|serving| serving.env.as_ref());
    for variable in env.into_iter().flat_map(|env| env.iter()) {
        let name = &variable.name.value;
        if quantity::is_variable(name) {
            map.insert(name.clone(), json!(variable.value.0));
        } else {
            let message = format!("`{name}` of `{}` is no name of a variable", plan.name);
            cx.lose(&kinds::VARIABLE, plan.name, variable.name.span, message);
        }
    }
    map
}

/// The edges that leave a node, and the address at the end of each.
fn successors(cx: &Cx<'_, '_>, plan: &Plan<'_>, plans: &[Plan<'_>]) -> Map<String, Value> {
    let graph = cx.subject.graph;
    let address = |edge: &crate::graph::Edge| {
        let at = plans.binary_search_by_key(&edge.target, |other| other.ix);
        let target = plans.get(at.ok()?)?;
        Some((edge.id.clone(), json!(url(target))))
    };
    graph.outgoing(plan.ix).filter_map(address).collect()
}

/// Where a node is called.
pub(super) fn url(plan: &Plan<'_>) -> String {
    let serving = plan.node.serving.as_ref();
    let path = serving.and_then(|serving| serving.path.as_ref());
    let path = path.map_or("", |path| &*path.value.0);
    let slash = if path.is_empty() || path.starts_with('/') {
        ""
    } else {
        "/"
    };
    let scheme = port_name(plan);
    format!("{scheme}://{}:{}{slash}{path}", plan.object, plan.port)
}
