//! The service of a node.

use serde_json::{Map, Value, json};

use super::{Cx, called, kinds, literal};
use crate::export::plan::Plan;
use crate::export::quantity;
use crate::spec::{Bytes, Cores, Execution, Protocol};

/// Where a model is kept between starts.
const CACHE: &str = "/cache";
/// Pages that processes of one container share, for GPUs that work together.
const SHARED_MEMORY: &str = "8gb";

/// `services.NAME`.
pub(super) fn service(cx: &mut Cx<'_, '_>, plan: &Plan<'_>, plans: &[Plan<'_>]) -> Value {
    let mut map = Map::new();
    map.insert("image".to_owned(), json!(literal(&plan.image)));
    let start = &plan.start;
    if !start.command.is_empty() {
        map.insert("entrypoint".to_owned(), words(&start.command));
    }
    if !start.arguments.is_empty() {
        map.insert("command".to_owned(), words(&start.arguments));
    }
    map.insert("environment".to_owned(), environment(cx, plan, plans));
    map.insert("expose".to_owned(), json!([plan.port.to_string()]));
    map.insert("networks".to_owned(), json!(cx.networks_of(&plan.object)));
    let mut mounts = Vec::new();
    if plan.node.model.is_some() {
        mounts.push(format!("{}-cache:{CACHE}", plan.object));
    }
    if let Some((path, _)) = plan.data {
        mounts.push(format!("{}-data:{path}", plan.object));
    }
    if !mounts.is_empty() {
        map.insert("volumes".to_owned(), json!(mounts));
    }
    map.insert("healthcheck".to_owned(), health(cx, plan));
    map.insert("deploy".to_owned(), deploy(cx, plan));
    if plan.gpu.as_ref().is_some_and(|gpu| gpu.count > 1) {
        map.insert("shm_size".to_owned(), json!(SHARED_MEMORY));
    }
    map.insert("restart".to_owned(), json!("unless-stopped"));
    let safe = json!(["no-new-privileges:true"]);
    map.insert("security_opt".to_owned(), safe);
    map.insert(
        "labels".to_owned(),
        json!({
            "modelgraph.node": plan.name,
            "modelgraph.spec.digest": cx.subject.digest.to_string(),
        }),
    );
    Value::Object(map)
}

/// The volumes of a node.
pub(super) fn volumes(plan: &Plan<'_>) -> Vec<String> {
    let cache = plan.node.model.as_ref().map(|_| "cache");
    let data = plan.data.map(|_| "data");
    let parts = [cache, data].into_iter().flatten();
    parts
        .map(|part| format!("{}-{part}", plan.object))
        .collect()
}

fn words(list: &[String]) -> Value {
    list.iter().map(|word| literal(word)).collect()
}

/// Where a node is called.
pub(super) fn url(plan: &Plan<'_>) -> String {
    let serving = plan.node.serving.as_ref();
    let path = serving.and_then(|serving| serving.path.as_ref());
    let path = path.map_or_else(String::new, |path| {
        format!("/{}", path.value.0.trim_start_matches('/'))
    });
    let scheme = match plan.protocol {
        Protocol::Http => "http",
        Protocol::Grpc => "grpc",
    };
    format!("{scheme}://{}:{}{path}", plan.object, plan.port)
}

fn environment(cx: &mut Cx<'_, '_>, plan: &Plan<'_>, plans: &[Plan<'_>]) -> Value {
    let mut map = Map::new();
    let mut put = |name: &str, value: &str| map.insert(name.to_owned(), json!(literal(value)));
    put("MODELGRAPH_NODE", plan.name);
    if let Some(role) = plan.role {
        put("MODELGRAPH_ROLE", role.word());
    }
    put("HF_HOME", "/cache/huggingface");
    for (name, value) in &plan.start.variables {
        put(name, value);
    }
    if cx.execution == Execution::Chained {
        let targets = called(cx.subject, plan.ix);
        let known = plans.iter().filter(|other| targets.contains(&other.ix));
        let addresses: Map<String, Value> = known
            .map(|other| (other.name.to_owned(), json!(url(other))))
            .collect();
        put(
            "MODELGRAPH_SUCCESSORS",
            &Value::Object(addresses).to_string(),
        );
    }
    let serving = plan.node.serving.as_ref();
    let env = serving.and_then(|serving| serving.env.as_ref());
    for variable in env.into_iter().flat_map(|env| env.iter()) {
        let name = &variable.name;
        if quantity::is_variable(&name.value) {
            map.insert(name.value.clone(), json!(literal(&variable.value.0)));
        } else {
            refuse_variable(cx, plan, &name.value, name.span);
        }
    }
    let secrets = serving.and_then(|serving| serving.secrets.as_ref());
    for secret in secrets.into_iter().flat_map(|secrets| secrets.iter()) {
        let name = &secret.name;
        if !quantity::is_variable(&name.value) || name.value.contains(['.', '-']) {
            refuse_variable(cx, plan, &name.value, name.span);
            continue;
        }
        let value = format!("${{{0}:?set {0}}}", name.value);
        let message = format!(
            "`{}` of `{}` comes from the shell, or from a file `.env` beside the other",
            name.value, plan.name
        );
        let node = Some(plan.name);
        cx.artifacts
            .assume(&kinds::SECRETS, node, name.span, message, &*value);
        map.insert(name.value.clone(), json!(value));
    }
    Value::Object(map)
}

fn refuse_variable(cx: &mut Cx<'_, '_>, plan: &Plan<'_>, name: &str, span: crate::text::Span) {
    let message = format!("`{name}` of `{}` is no name of a variable", plan.name);
    let node = Some(plan.name);
    cx.artifacts.lose(&kinds::VARIABLE, node, span, message);
}

/// How a container asks after its own health; healthy once the model is loaded.
fn health(cx: &mut Cx<'_, '_>, plan: &Plan<'_>) -> Value {
    let serving = plan.node.serving.as_ref();
    let ready = serving
        .and_then(|serving| serving.probes.as_ref())
        .and_then(|probes| probes.ready.as_ref())
        .map(|ready| &ready.value);
    let stated = ready.and_then(|ready| ready.path.as_ref());
    let is_http = plan.protocol == Protocol::Http;
    let usual = plan.engine.filter(|_| is_http).map(|engine| engine.ready);
    let path = stated.map(|path| &*path.value.0).or(usual);
    let port = ready.and_then(|ready| ready.port).map(|port| port.value.0);
    let port = port.filter(|&port| port <= 65_535).unwrap_or(plan.port);
    let test = if let Some(path) = path {
        let url = format!("http://127.0.0.1:{port}/{}", path.trim_start_matches('/'));
        // A shell reads nothing in it, and Compose no variable.
        let url = format!("'{}'", literal(&url).replace('\'', r"'\''"));
        format!("curl -fsS {url} || wget -qO- {url}")
    } else {
        if plan.node.model.is_some() {
            let message = format!(
                "nothing says how `{}` is asked whether its model is loaded: it counts as ready \
                 once its port is open; state `serving.probes.ready.path`",
                plan.name
            );
            let node = Some(plan.name);
            cx.artifacts
                .lose(&kinds::READINESS, node, plan.span, message);
        }
        format!("bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}'")
    };
    let message = format!("the image of `{}` has what this command needs", plan.name);
    let node = Some(plan.name);
    cx.artifacts
        .assume(&kinds::HEALTH, node, plan.span, message, &*test);
    let time = |stated: Option<crate::text::Spanned<crate::spec::Duration>>, usual: &str| {
        stated.map_or_else(|| usual.to_owned(), |time| duration(time.value))
    };
    json!({
        "test": ["CMD-SHELL", test],
        "interval": time(ready.and_then(|ready| ready.period), "5s"),
        "timeout": time(ready.and_then(|ready| ready.timeout), "5s"),
        "retries": 3,
        "start_period": format!("{}s", plan.startup),
    })
}

/// A time as Compose writes it: whole microseconds, rounded up, with the largest unit that fits.
fn duration(time: crate::spec::Duration) -> String {
    let micros = time.0.div_ceil(1000).max(1);
    for (unit, word) in [(1_000_000, "s"), (1000, "ms")] {
        if micros.checked_rem(unit) == Some(0) {
            return format!("{}{word}", micros.checked_div(unit).unwrap_or(micros));
        }
    }
    format!("{micros}us")
}

fn deploy(cx: &mut Cx<'_, '_>, plan: &Plan<'_>) -> Value {
    let mut resources = Map::new();
    let limits = json!({"cpus": cores(plan.cpu), "memory": memory(plan.memory)});
    resources.insert("limits".to_owned(), limits);
    if let Some(gpu) = &plan.gpu {
        let node = Some(plan.name);
        if gpu.resource.contains("mig-") {
            let message = format!(
                "`{}` gets a whole GPU: Compose hands out no parts",
                plan.name
            );
            cx.artifacts.lose(&kinds::SHARE, node, plan.span, message);
        }
        let driver = match gpu.resource.split('.').next() {
            Some("amd") => "amd",
            _ => "nvidia",
        };
        let product = gpu.product.as_deref().unwrap_or("any");
        let message = format!("the machine of `{}` has GPUs of this product", plan.name);
        cx.artifacts
            .assume(&kinds::GPU, node, plan.span, message, product);
        let device = json!({"driver": driver, "count": gpu.count, "capabilities": ["gpu"]});
        resources.insert("reservations".to_owned(), json!({"devices": [device]}));
    }
    // Two stores would write to one volume, and each would ruin what the other wrote.
    let replicas = if plan.data.is_some() {
        1
    } else {
        plan.replicas.min
    };
    if plan.replicas.max > replicas {
        let why = if plan.data.is_some() {
            "its replicas would share one volume"
        } else {
            "nothing in Compose adds one"
        };
        let message = format!("`{}` keeps to {replicas} replicas: {why}", plan.name);
        let node = Some(plan.name);
        cx.artifacts.lose(&kinds::SCALE, node, plan.span, message);
    }
    json!({"replicas": replicas, "resources": resources})
}

fn cores(cores: Cores) -> String {
    let (whole, rest) = (cores.0.div_euclid(1000), cores.0.rem_euclid(1000));
    if rest == 0 {
        return whole.to_string();
    }
    let text = format!("{whole}.{rest:03}");
    text.trim_end_matches('0').to_owned()
}

/// Bytes by Compose's units, which are powers of 1024.
fn memory(size: Bytes) -> String {
    for (unit, word) in [(1 << 30, "g"), (1 << 20, "m"), (1 << 10, "k")] {
        if size.0.checked_rem(unit) == Some(0) {
            return format!("{}{word}", size.0.checked_div(unit).unwrap_or(size.0));
        }
    }
    format!("{}b", size.0)
}
