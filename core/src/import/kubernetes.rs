//! Kubernetes manifests: each workload a node, each host that its settings name an edge.

use serde_json::{Map as JsonMap, Value as Json, json};

use super::draft::{Draft, quote};
use super::services::pod::{self, Settings, items};
use super::services::routing::text;
use super::services::{self, Service};
use super::{File, Importer, Kind};
use crate::spec::to_json;
use crate::text::Span;
use crate::yaml::{Mapping, Node};

/// Kubernetes manifests.
pub(super) struct Kubernetes;

static FORM: Kind = Kind::refused("IM-KUBERNETES-FORM", "Objects that no cluster would take");
static TWICE: Kind = Kind::refused("IM-KUBERNETES-TWICE", "Two workloads of one name");
static NOTHING: Kind = Kind::refused("IM-KUBERNETES-NOTHING", "Manifests without a workload");
static SIDECAR: Kind = Kind::kept("IM-KUBERNETES-SIDECAR", "Containers beside the first");
static KEPT: Kind = Kind::kept("IM-KUBERNETES-KEPT", "Objects that a graph has no word for");

static OWN: &[&Kind] = services::kinds_with_services![FORM, TWICE, NOTHING, SIDECAR, KEPT];

/// The most objects that are read.
const MOST: usize = 20_000;

/// What becomes of an object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Workload,
    Service,
    Settings,
    Scaler,
    Kept,
    List,
}

/// What is read, by group and kind.
static OBJECTS: &[(&str, &str, Use)] = &[
    ("apps/", "Deployment", Use::Workload),
    ("apps/", "StatefulSet", Use::Workload),
    ("apps/", "DaemonSet", Use::Workload),
    ("v1", "Pod", Use::Workload),
    ("v1", "Service", Use::Service),
    ("v1", "ConfigMap", Use::Settings),
    ("autoscaling/", "HorizontalPodAutoscaler", Use::Scaler),
    ("v1", "List", Use::List),
    ("v1", "Secret", Use::Kept),
    ("v1", "Namespace", Use::Kept),
    ("v1", "ServiceAccount", Use::Kept),
    ("v1", "PersistentVolumeClaim", Use::Kept),
    ("batch/", "Job", Use::Kept),
    ("batch/", "CronJob", Use::Kept),
    ("policy/", "PodDisruptionBudget", Use::Kept),
    ("networking.k8s.io/", "NetworkPolicy", Use::Kept),
    ("networking.k8s.io/", "Ingress", Use::Kept),
    ("rbac.authorization.k8s.io/", "Role", Use::Kept),
    ("rbac.authorization.k8s.io/", "RoleBinding", Use::Kept),
];

fn use_of(tree: &Node) -> Option<Use> {
    let version = text(tree.get("apiVersion"))?.value;
    let kind = text(tree.get("kind"))?.value;
    let is = |(group, known, _): &&(&str, &str, Use)| {
        let in_group = if group.ends_with('/') {
            version.starts_with(group)
        } else {
            version == *group
        };
        in_group && *known == kind
    };
    OBJECTS.iter().find(is).map(|(_, _, what)| *what)
}

impl Importer for Kubernetes {
    fn name(&self) -> &'static str {
        "kubernetes"
    }

    fn title(&self) -> &'static str {
        "Kubernetes manifests"
    }

    fn about(&self) -> &'static str {
        "Deployments and the like, their images, resources and replicas, and the hosts they name"
    }

    fn kinds(&self) -> &'static [&'static Kind] {
        OWN
    }

    fn detect(&self, file: &File<'_>) -> bool {
        let parsed = file.parsed();
        let mut trees = parsed.iter().flat_map(|parsed| &parsed.documents);
        trees.any(|tree| use_of(tree).is_some())
    }

    fn read(&self, files: &[&File<'_>], draft: &mut Draft) {
        let mut objects = Vec::new();
        for file in files {
            for tree in draft.trees(file) {
                match use_of(tree) {
                    Some(Use::List) => {
                        let inner = items(tree.get("items")).iter();
                        objects.extend(inner.filter_map(|tree| Some((*file, tree, use_of(tree)?))));
                    }
                    Some(what) => objects.push((*file, tree, what)),
                    None => {}
                }
            }
        }
        if !draft.is_refused() {
            workloads(&objects, draft);
        }
    }
}

type Object<'o, 'f> = (&'o File<'f>, &'o Node, Use);

fn workloads(objects: &[Object<'_, '_>], draft: &mut Draft) {
    if let Some((file, ..)) = objects.get(MOST) {
        draft.refuse_more(file, MOST, "objects");
        return;
    }
    let mut settings = Settings::new();
    for (_, tree, _) in objects.iter().filter(|(_, _, what)| *what == Use::Settings) {
        pod::read_settings(tree, &mut settings);
    }
    let mut found: Vec<(Service, Vec<(String, String)>)> = Vec::new();
    for (file, tree, what) in objects {
        if *what != Use::Workload {
            continue;
        }
        if found.len() >= services::MOST {
            draft.refuse_more(file, services::MOST, "workloads");
            return;
        }
        let Some(workload) = workload(file, tree, &settings, draft) else {
            continue;
        };
        if found.iter().any(|(other, _)| other.name == workload.0.name) {
            let message = format!("`{}` is stated twice", quote(&workload.0.name));
            let help = "import the objects of one namespace, each once";
            draft.refuse(&TWICE, workload.0.place.clone(), message, help);
            continue;
        }
        found.push(workload);
    }
    for (file, tree, what) in objects {
        match what {
            Use::Service => reach(tree, &mut found),
            Use::Scaler => scale(tree, &mut found),
            Use::Kept => {
                let kind = text(tree.get("kind")).map_or_else(String::new, |kind| kind.value);
                let name = text(tree.at(["metadata", "name"]));
                let name = name.map_or_else(String::new, |name| name.value);
                let message = format!(
                    "the {kind} `{}` has no place in a graph: it is left out",
                    quote(&name)
                );
                draft.keep_aside(&KEPT, file.at(tree.span), None, message);
            }
            _ => {}
        }
    }
    if draft.is_refused() {
        return;
    }
    let Some((file, ..)) = objects.first() else {
        return;
    };
    if found.is_empty() {
        let message = "no Deployment, StatefulSet, DaemonSet or Pod is among the objects";
        let place = file.at(Span::at(0));
        // Beside files of another format they are merely of no use.
        if draft.has_nodes() {
            draft.keep_aside(&KEPT, place, None, message);
        } else {
            draft.refuse(
                &NOTHING,
                place,
                message,
                "import the manifests of what runs",
            );
        }
        return;
    }
    draft.name(file.stem());
    let services: Vec<Service> = found.into_iter().map(|(service, _)| service).collect();
    services::write("kubernetes", &services, draft);
}

/// A workload as a service, and the labels of its pods.
fn workload(
    file: &File<'_>,
    tree: &Node,
    settings: &Settings,
    draft: &mut Draft,
) -> Option<(Service, Vec<(String, String)>)> {
    let mut refuse = |what: &str, help: &str| {
        draft.refuse(&FORM, file.at(tree.span), what, help);
        None
    };
    let Some(name) = text(tree.at(["metadata", "name"])) else {
        return refuse("a workload has no `metadata.name`", "name it");
    };
    let (pod, labels) = match tree.at(["spec", "template"]) {
        Some(template) => (template.get("spec"), template.at(["metadata", "labels"])),
        None => (tree.get("spec"), tree.at(["metadata", "labels"])),
    };
    let containers = items(pod.and_then(|pod| pod.get("containers")));
    let Some((pod, container)) = pod.zip(containers.first()) else {
        let what = format!("`{}` has no container", quote(&name.value));
        return refuse(&what, "state `spec.template.spec.containers`");
    };
    let place = file.at(name.span);
    let mut placement = JsonMap::new();
    pod::resources(container, &mut placement);
    if let Some(gpu) = pod::gpu(pod) {
        placement.insert("gpu".to_owned(), json!(gpu));
    }
    if let Some(replicas) = pod::replicas(tree.at(["spec", "replicas"]), None) {
        placement.insert("replicas".to_owned(), replicas);
    }
    let (variables, secrets) = pod::environment(container, settings);
    let said = ["name", "image", "env", "envFrom", "ports"];
    let mut rest = left(container.as_mapping(), &said);
    rest.extend(left(pod.as_mapping(), &["containers", "nodeSelector"]));
    for other in containers.iter().skip(1) {
        let beside = text(other.get("name")).map_or_else(String::new, |name| name.value);
        let key = format!("container/{beside}");
        rest.insert(key, to_json(other));
        let message = format!(
            "the container `{}` of `{}` is kept in the node's annotations",
            quote(&beside),
            quote(&name.value)
        );
        draft.keep_aside(&SIDECAR, file.at(other.span), None, message);
    }
    let labels = labels
        .and_then(Node::as_mapping)
        .map_or(&[][..], |labels| &labels.entries);
    let labels = labels.iter().filter_map(|entry| {
        Some((
            entry.key.text.clone(),
            entry.value.as_scalar()?.text.clone(),
        ))
    });
    let service = Service {
        hosts: Vec::new(),
        place,
        image: text(container.get("image")).map(|image| image.value),
        variables,
        secrets,
        arguments: pod::arguments(container),
        port: pod::port(container),
        placement,
        rest,
        name: name.value,
    };
    Some((service, labels.collect()))
}

fn left(map: Option<&Mapping>, said: &[&str]) -> JsonMap<String, Json> {
    let entries = map.map_or(&[][..], |map| &map.entries).iter();
    let left = entries.filter(|entry| !said.contains(&entry.key.text.as_str()));
    left.map(|entry| (entry.key.text.clone(), to_json(&entry.value)))
        .collect()
}

/// Gives a workload the name of the Service that leads to it.
fn reach(tree: &Node, found: &mut [(Service, Vec<(String, String)>)]) {
    let name = text(tree.at(["metadata", "name"]));
    let selector = tree.at(["spec", "selector"]).and_then(Node::as_mapping);
    let Some((name, selector)) = name.zip(selector).filter(|(_, it)| !it.entries.is_empty()) else {
        return;
    };
    for (service, labels) in found {
        let selects = selector.entries.iter().all(|entry| {
            let value = entry.value.as_scalar().map(|value| value.text.as_str());
            labels
                .iter()
                .any(|(key, label)| *key == entry.key.text && Some(label.as_str()) == value)
        });
        if selects {
            service.hosts.push(name.value.clone());
        }
    }
}

/// Gives a workload the bounds of the autoscaler that scales it.
fn scale(tree: &Node, found: &mut [(Service, Vec<(String, String)>)]) {
    let Some(name) = text(tree.at(["spec", "scaleTargetRef", "name"])) else {
        return;
    };
    let at = |key| tree.at(["spec", key]);
    let Some(replicas) = pod::replicas(at("minReplicas"), at("maxReplicas")) else {
        return;
    };
    for (service, _) in found
        .iter_mut()
        .filter(|(service, _)| service.name == name.value)
    {
        service
            .placement
            .insert("replicas".to_owned(), replicas.clone());
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use crate::import::services::tests::{analysis, import, mutated, refused};

    const SHOP: &str = include_str!("samples/kubernetes.yaml");

    #[test]
    fn workloads_become_nodes() {
        let imported = import(&[("shop.yaml", SHOP)]).unwrap();
        insta::assert_snapshot!(imported.text);
    }

    #[test]
    fn what_no_cluster_would_take_is_refused() {
        for (before, after, code) in [
            (
                "metadata: {name: app}",
                "metadata: {}",
                "IM-KUBERNETES-FORM",
            ),
            ("          image: example/chat:1\n", "", ""),
            (
                "metadata: {name: tei}",
                "metadata: {name: app}",
                "IM-KUBERNETES-TWICE",
            ),
            (
                "      containers:\n        - name: app",
                "      others:\n        - name: app",
                "IM-KUBERNETES-FORM",
            ),
        ] {
            let broken = SHOP.replace(before, after);
            assert_ne!(broken, SHOP, "{before}");
            if code.is_empty() {
                analysis(&import(&[("shop.yaml", &broken)]).unwrap());
            } else {
                assert_eq!(refused(&[("shop.yaml", &broken)]), [code], "{after}");
            }
        }
        let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n";
        assert_eq!(refused(&[("x.yaml", map)]), ["IM-KUBERNETES-NOTHING"]);
    }

    proptest! {
        /// Whatever changes in a file, there is a graph that reads without an error, or a refusal.
        #[test]
        fn a_mutated_file_is_read_or_refused(
            edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, "[ -~\n]{0,6}"), 1..6)
        ) {
            if let Ok(imported) = import(&[("shop.yaml", &mutated(SHOP, &edits))]) {
                analysis(&imported);
            }
        }
    }
}
