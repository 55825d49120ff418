//! Containers as Kubernetes writes them: environment, ports, resources.

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value as Json, json};

use super::routing::text;
use crate::yaml::{Node, Value};

/// Values that other objects of the bundle hold: `(config map, key)`.
pub(in crate::import) type Settings = BTreeMap<(String, String), String>;

/// Variables with their values, and those that come from a key of a secret.
pub(in crate::import) type Environment = (Vec<(String, String)>, Vec<(String, String, String)>);

/// The most variables that a container takes from whole config maps; more would multiply.
const MOST_FROM_MAPS: usize = 1_000;

/// A list's items, if it is one.
pub(in crate::import) fn items(node: Option<&Node>) -> &[Node] {
    node.and_then(Node::as_sequence)
        .map_or(&[], |list| &list.items)
}

/// The environment of a container, with what config maps of the bundle say.
pub(in crate::import) fn environment(container: &Node, settings: &Settings) -> Environment {
    let mut variables = Vec::new();
    let mut secrets = Vec::new();
    for item in items(container.get("envFrom")) {
        let Some(name) = text(item.at(["configMapRef", "name"])) else {
            continue;
        };
        let prefix = text(item.get("prefix")).map_or(String::new(), |prefix| prefix.value);
        let first = (name.value.clone(), String::new());
        let room = MOST_FROM_MAPS.saturating_sub(variables.len());
        let of_map = settings
            .range(first..)
            .take_while(|((map, _), _)| *map == name.value)
            .take(room);
        variables.extend(of_map.map(|((_, key), value)| (format!("{prefix}{key}"), value.clone())));
    }
    for item in items(container.get("env")) {
        let Some(name) = text(item.get("name")) else {
            continue;
        };
        if let Some(value) = item.get("value").and_then(Node::as_scalar) {
            variables.push((name.value, value.text.clone()));
            continue;
        }
        let reference = |kind: &str| {
            let of = item.at(["valueFrom", kind])?;
            Some((text(of.get("name"))?.value, text(of.get("key"))?.value))
        };
        if let Some((secret, key)) = reference("secretKeyRef") {
            secrets.push((name.value, secret, key));
        } else if let Some(value) = reference("configMapKeyRef").and_then(|at| settings.get(&at)) {
            variables.push((name.value, value.clone()));
        }
    }
    (variables, secrets)
}

/// The command and arguments of a container.
pub(in crate::import) fn arguments(container: &Node) -> Vec<String> {
    ["command", "args"]
        .into_iter()
        .flat_map(|key| items(container.get(key)))
        .filter_map(|item| Some(item.as_scalar()?.text.clone()))
        .collect()
}

/// The first port of a container.
pub(in crate::import) fn port(container: &Node) -> Option<u32> {
    let first = items(container.get("ports")).first()?;
    let port = text(first.get("containerPort"))?.value.parse().ok();
    port.filter(|port| (1..=65_535).contains(port))
}

/// The resources of a container, in the words of a graph's placement.
pub(in crate::import) fn resources(container: &Node, placement: &mut JsonMap<String, Json>) {
    let of = |what: &str| {
        let of = |side: &str| text(container.at(["resources", side, what]));
        let stated = of("requests").or_else(|| of("limits"))?;
        Some(stated.value)
    };
    if let Some(cores) = of("cpu").and_then(|cores| cpu(&cores)) {
        placement.entry("cpu").or_insert(cores);
    }
    if let Some(bytes) = of("memory").and_then(|bytes| memory(&bytes)) {
        placement.entry("memory").or_insert(json!(bytes));
    }
    let gpus = ["nvidia.com/gpu", "amd.com/gpu"].into_iter().find_map(of);
    let gpus = gpus.and_then(|count| count.parse::<u32>().ok());
    if let Some(gpus) = gpus.filter(|count| *count > 0) {
        placement.entry("gpusPerReplica").or_insert(json!(gpus));
    }
}

/// The GPU that a pod asks for by its labels.
pub(in crate::import) fn gpu(pod: &Node) -> Option<String> {
    let selector = pod.get("nodeSelector")?.as_mapping()?;
    let keys = ["nvidia.com/gpu.product", "cloud.google.com/gke-accelerator"];
    keys.into_iter()
        .find_map(|key| Some(text(selector.get(key))?.value))
}

fn cpu(quantity: &str) -> Option<Json> {
    let digits = quantity.strip_suffix('m').unwrap_or(quantity);
    let plain =
        !digits.is_empty() && digits.len() <= 9 && digits.bytes().all(|b| b.is_ascii_digit());
    let zero = digits.bytes().all(|b| b == b'0');
    (plain && !zero).then(|| json!(quantity))
}

fn memory(quantity: &str) -> Option<String> {
    let length = quantity.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, unit) = quantity.split_at_checked(length)?;
    let unit = match unit {
        "" => "B",
        "k" => "kB",
        "M" => "MB",
        "G" => "GB",
        "T" => "TB",
        "Ki" => "KiB",
        "Mi" => "MiB",
        "Gi" => "GiB",
        "Ti" => "TiB",
        _ => return None,
    };
    let zero = digits.bytes().all(|b| b == b'0');
    (!zero && digits.len() <= 6 || unit == "B" && digits.len() <= 15 && !zero)
        .then(|| format!("{digits}{unit}"))
}

/// How many replicas a pair of bounds means.
pub(in crate::import) fn replicas(min: Option<&Node>, max: Option<&Node>) -> Option<Json> {
    let count = |node: Option<&Node>| text(node)?.value.parse::<u32>().ok().filter(|it| *it > 0);
    match (count(min), count(max)) {
        (Some(min), Some(max)) if max > min => Some(json!({"min": min, "max": max})),
        (Some(count), _) => Some(json!(count)),
        (None, _) => None,
    }
}

/// The values of a config map.
pub(in crate::import) fn read_settings(object: &Node, settings: &mut Settings) {
    let (Some(name), Some(Value::Mapping(data))) = (
        text(object.at(["metadata", "name"])),
        object.get("data").map(|data| &data.value),
    ) else {
        return;
    };
    for entry in &data.entries {
        if let Some(value) = entry.value.as_scalar() {
            let at = (name.value.clone(), entry.key.text.clone());
            settings.entry(at).or_insert_with(|| value.text.clone());
        }
    }
}
