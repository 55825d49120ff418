//! What the API server and its controllers ask beyond the schemas.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// Checks a set of objects that are made together.
pub(crate) fn check(objects: &[Value]) {
    let mut seen = BTreeSet::new();
    let mut pods: Vec<&Value> = Vec::new();
    for object in objects {
        let name = object["metadata"]["name"].as_str().unwrap();
        assert!(is_label_name(name) && name.len() <= 63, "{name}");
        assert!(
            seen.insert((object["kind"].to_string(), name)),
            "two of {name}"
        );
        labels(&object["metadata"]["labels"]);
        if !object["spec"]["template"].is_null() {
            workload(object, objects);
            pods.push(&object["spec"]["template"]);
        }
    }
    for object in objects {
        let selected = |selector: &Value| -> Vec<&Value> {
            let matches = |pod: &&&Value| is_within(selector, &pod["metadata"]["labels"]);
            pods.iter().filter(matches).copied().collect()
        };
        match object["kind"].as_str().unwrap() {
            "Service" => {
                let found = selected(&object["spec"]["selector"]);
                assert_eq!(found.len(), 1, "a Service of one workload: {object:#}");
                for port in array(&object["spec"]["ports"]) {
                    assert!(has_port(found[0], port["targetPort"].as_str().unwrap()));
                    assert!((1..=65_535).contains(&port["port"].as_u64().unwrap()));
                }
            }
            "PodDisruptionBudget" => {
                assert_eq!(
                    selected(&object["spec"]["selector"]["matchLabels"]).len(),
                    1
                );
            }
            "NetworkPolicy" => {
                let found = selected(&object["spec"]["podSelector"]["matchLabels"]);
                assert_eq!(found.len(), 1);
                for rule in array(&object["spec"]["ingress"]) {
                    for port in array(&rule["ports"]) {
                        assert!(has_number(found[0], &port["port"]), "{object:#}");
                    }
                    for peer in rule["from"].as_array().into_iter().flatten() {
                        // Who is admitted exists.
                        let labels = &peer["podSelector"]["matchLabels"];
                        assert!(
                            labels.is_null() || !selected(labels).is_empty(),
                            "{object:#}"
                        );
                    }
                }
                for rule in array(&object["spec"]["egress"]) {
                    for peer in rule["to"].as_array().into_iter().flatten() {
                        let found = selected(&peer["podSelector"]["matchLabels"]);
                        assert_eq!(found.len(), 1);
                        for port in array(&rule["ports"]) {
                            assert!(has_number(found[0], &port["port"]), "{object:#}");
                        }
                    }
                }
            }
            "HorizontalPodAutoscaler" => {
                let target = &object["spec"]["scaleTargetRef"];
                let found = objects.iter().find(|other| {
                    other["kind"] == target["kind"] && other["metadata"]["name"] == target["name"]
                });
                let found = found.expect("what is scaled exists");
                assert!(
                    found["spec"]["replicas"].is_null(),
                    "two would set the number of replicas"
                );
                assert!(
                    object["spec"]["minReplicas"].as_u64() < object["spec"]["maxReplicas"].as_u64()
                );
            }
            "ConfigMap" => {
                assert!(object["data"].to_string().len() < 1_048_576);
                for key in object["data"].as_object().unwrap().keys() {
                    assert!(
                        key.chars()
                            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)),
                        "{key}"
                    );
                }
            }
            _ => {}
        }
    }
}

fn workload(object: &Value, objects: &[Value]) {
    let template = &object["spec"]["template"];
    labels(&template["metadata"]["labels"]);
    let selector = &object["spec"]["selector"]["matchLabels"];
    assert!(
        is_within(selector, &template["metadata"]["labels"]),
        "{object:#}"
    );
    let spec = &template["spec"];
    labels(&spec["nodeSelector"]);
    assert_eq!(spec["securityContext"]["runAsNonRoot"], true);
    let claims = object["spec"]["volumeClaimTemplates"].as_array();
    let claimed = claims
        .into_iter()
        .flatten()
        .map(|claim| &claim["metadata"]["name"]);
    let volumes: BTreeSet<&str> = array(&spec["volumes"])
        .iter()
        .map(|volume| &volume["name"])
        .chain(claimed)
        .map(|name| name.as_str().unwrap())
        .collect();
    let exists = |kind: &str, name: &Value| {
        objects
            .iter()
            .any(|other| other["kind"] == kind && &other["metadata"]["name"] == name)
    };
    for container in array(&spec["containers"]) {
        for mount in array(&container["volumeMounts"]) {
            assert!(volumes.contains(mount["name"].as_str().unwrap()), "{mount}");
        }
        for from in container["envFrom"].as_array().into_iter().flatten() {
            assert!(exists("ConfigMap", &from["configMapRef"]["name"]), "{from}");
        }
        let mut numbers = BTreeSet::new();
        for port in array(&container["ports"]) {
            let name = port["name"].as_str().unwrap();
            // At most 15, by the registry of service names.
            assert!(is_label_name(name) && name.len() <= 15, "{name}");
            assert!(
                numbers.insert(port["containerPort"].as_u64().unwrap()),
                "{container:#}"
            );
        }
        for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
            let probe = &container[probe];
            let ways = ["httpGet", "grpc", "tcpSocket"].map(|way| &probe[way]);
            let [port] = ways
                .iter()
                .filter(|way| !way.is_null())
                .map(|way| &way["port"])
                .collect::<Vec<_>>()[..]
            else {
                panic!("a probe asks in one way: {probe}");
            };
            let known = port.as_u64().is_some_and(|port| numbers.contains(&port))
                || port.as_str().is_some_and(|port| has_port(template, port));
            assert!(known, "{probe}");
            assert!(probe["periodSeconds"].as_u64().unwrap() >= 1);
        }
        let resources = &container["resources"];
        assert_eq!(resources["limits"], resources["requests"]);
        assert_eq!(
            container["securityContext"]["allowPrivilegeEscalation"],
            false
        );
        assert!(
            !container["image"].as_str().unwrap().contains(' '),
            "{container:#}"
        );
    }
    // An update that may change nothing would never end.
    let rolling = &object["spec"]["strategy"]["rollingUpdate"];
    assert!(rolling.is_null() || rolling["maxSurge"] != rolling["maxUnavailable"]);
}

fn array(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

fn has_port(pod: &Value, name: &str) -> bool {
    let containers = array(&pod["spec"]["containers"]).iter();
    let mut ports = containers.flat_map(|container| array(&container["ports"]));
    ports.any(|port| port["name"] == name)
}

fn has_number(pod: &Value, number: &Value) -> bool {
    let containers = array(&pod["spec"]["containers"]).iter();
    let mut ports = containers.flat_map(|container| array(&container["ports"]));
    number.is_u64() && ports.any(|port| &port["containerPort"] == number)
}

fn is_within(selector: &Value, labels: &Value) -> bool {
    let empty = Map::new();
    let selector = selector.as_object().unwrap_or(&empty);
    selector
        .iter()
        .all(|(key, value)| labels.get(key) == Some(value))
}

fn labels(map: &Value) {
    let map: BTreeMap<&String, &Value> = map.as_object().into_iter().flatten().collect();
    for (key, value) in map {
        let name = key.rsplit('/').next().unwrap();
        for word in [name, value.as_str().unwrap()] {
            let inside = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            assert!(
                word.len() <= 63 && word.chars().all(inside),
                "{key}: {word}"
            );
            assert!(
                !word.starts_with(['-', '_', '.']) && !word.ends_with(['-', '_', '.']),
                "{key}: {word}"
            );
        }
    }
}

fn is_label_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}
