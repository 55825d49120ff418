//! The objects of a node.

use serde_json::{Map, Value, json};

use super::{Cx, kinds, network, pod};
use crate::export::json::object;
use crate::export::plan::Plan;
use crate::export::{quantity, scaling};
use crate::lock::{Digest, canonical_json};
use crate::spec::{Autoscaling, ScaleBy};

/// All of them, in the order in which they are to be made.
pub(super) fn of_node(cx: &mut Cx<'_, '_>, plan: &Plan<'_>, plans: &[Plan<'_>]) -> Vec<Value> {
    let component = plan.role.map_or("custom", |role| role.word());
    let metadata = cx.metadata(&plan.object, component);
    let variables = Value::Object(pod::variables(cx, plan, plans));
    let scaled = scaled(cx, plan);
    let workload = workload(cx, plan, plans, &variables, scaled);
    let mut objects = vec![
        object([
            ("apiVersion", json!("v1")),
            ("kind", json!("ConfigMap")),
            ("metadata", metadata),
            ("data", variables),
        ]),
        network::of_node(cx, plan, plans),
        service(cx, &plan.object, component, plan.port, pod::port_name(plan)),
        workload,
        disruption(cx, &plan.object, component),
    ];
    if scaled {
        objects.push(autoscaler(cx, plan));
    }
    objects
}

/// A Service before the pods of an object.
pub(super) fn service(
    cx: &Cx<'_, '_>,
    object: &str,
    component: &str,
    port: u32,
    name: &str,
) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": cx.metadata(object, component),
        "spec": {
            "type": "ClusterIP",
            "selector": cx.selector(object),
            "ports": [{"name": name, "port": port, "targetPort": name, "appProtocol": name}],
        },
    })
}

/// One pod at a time may go when machines are emptied, and one that is not ready any time.
pub(super) fn disruption(cx: &Cx<'_, '_>, object: &str, component: &str) -> Value {
    json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": cx.metadata(object, component),
        "spec": {
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": cx.selector(object)},
        },
    })
}

/// Whether the number of replicas varies. A store's does not: a new replica would be empty.
fn scaled(cx: &mut Cx<'_, '_>, plan: &Plan<'_>) -> bool {
    let varies = plan.replicas.max > plan.replicas.min;
    if varies && plan.data.is_some() {
        let message = format!(
            "`{}` keeps {} replicas: one that is added would begin without an index",
            plan.name, plan.replicas.min
        );
        cx.lose(&kinds::SCALE, plan.name, plan.span, message);
        return false;
    }
    varies
}

fn workload(
    cx: &mut Cx<'_, '_>,
    plan: &Plan<'_>,
    plans: &[Plan<'_>],
    variables: &Value,
    scaled: bool,
) -> Value {
    let component = plan.role.map_or("custom", |role| role.word());
    let digest = Digest::of(canonical_json(variables).as_bytes());
    let labels = Value::Object(cx.pod_labels(&plan.object, component));
    // A changed ConfigMap alone restarts nothing.
    let annotations = json!({"modelgraph/config-digest": digest.to_string()});
    let metadata = object([("labels", labels), ("annotations", annotations)]);
    let template = object([("metadata", metadata), ("spec", pod::spec(cx, plan, plans))]);
    let mut spec = Map::new();
    if !scaled {
        // Under an autoscaler a stated number would undo its work at each deployment.
        spec.insert("replicas".to_owned(), json!(plan.replicas.min));
    }
    spec.insert("revisionHistoryLimit".to_owned(), json!(3));
    spec.insert(
        "selector".to_owned(),
        json!({"matchLabels": cx.selector(&plan.object)}),
    );
    let kind = if let Some((_, size)) = plan.data {
        spec.insert("serviceName".to_owned(), json!(plan.object));
        spec.insert("podManagementPolicy".to_owned(), json!("Parallel"));
        spec.insert("template".to_owned(), template);
        let claim = json!([{
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data", "labels": cx.selector(&plan.object)},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": quantity::bytes(size)}},
            },
        }]);
        spec.insert("volumeClaimTemplates".to_owned(), claim);
        "StatefulSet"
    } else {
        // Loading counts as progress only when it is over.
        let deadline = plan.startup.saturating_add(300);
        spec.insert("progressDeadlineSeconds".to_owned(), json!(deadline));
        // With several replicas one makes room for its successor, which finds no GPU else.
        let makes_room = plan.gpu.is_some() && plan.replicas.min > 1;
        let (surge, unavailable) = if makes_room { (0, 1) } else { (1, 0) };
        let rolling = json!({"maxSurge": surge, "maxUnavailable": unavailable});
        let strategy = json!({"type": "RollingUpdate", "rollingUpdate": rolling});
        spec.insert("strategy".to_owned(), strategy);
        spec.insert("template".to_owned(), template);
        "Deployment"
    };
    object([
        ("apiVersion", json!("apps/v1")),
        ("kind", json!(kind)),
        ("metadata", cx.metadata(&plan.object, component)),
        ("spec", Value::Object(spec)),
    ])
}

fn autoscaler(cx: &mut Cx<'_, '_>, plan: &Plan<'_>) -> Value {
    let component = plan.role.map_or("custom", |role| role.word());
    let queue = plan.engine.and_then(|engine| engine.queue);
    let scaling = plan.replicas.autoscale;
    let stated = scaling.map(|scaling| scaling.target);
    let queue = queue.filter(|_| match stated {
        Some(ScaleBy::Waiting(_)) => true,
        Some(ScaleBy::Utilisation(_)) => false,
        None => plan.gpu.is_some(),
    });
    if let (Some(ScaleBy::Waiting(_)), None) = (stated, queue) {
        let message = format!(
            "no program that is known to count who waits serves `{}`: its target is left out",
            plan.name
        );
        cx.lose(&kinds::METRIC, plan.name, plan.span, message);
    }
    let metric = if let Some((name, usual)) = queue {
        let waiting = match stated {
            Some(ScaleBy::Waiting(stated)) => stated,
            _ => usual,
        };
        // A busy GPU says nothing of who waits for it, and its host's cores even less.
        let message = format!(
            "a metrics adapter serves this metric of the pods of `{}`, and a NetworkPolicy of \
             your own admits who collects it",
            plan.name
        );
        cx.assume(&kinds::METRIC, plan.name, plan.span, &message, name);
        json!({
            "type": "Pods",
            "pods": {
                "metric": {"name": name},
                "target": {"type": "AverageValue", "averageValue": waiting.to_string()},
            },
        })
    } else {
        let message = format!(
            "`{}` needs more replicas when its cores are busy",
            plan.name
        );
        let share = match stated {
            Some(ScaleBy::Utilisation(stated)) => scaling::whole_percent(stated),
            _ => USUAL_CORES,
        };
        let value = format!("{share}% of the cores");
        cx.assume(&kinds::METRIC, plan.name, plan.span, &message, &value);
        cpu_metric(share)
    };
    if scaling.is_some_and(|scaling| scaling.every != Autoscaling::EVERY) {
        let message = format!(
            "`{}` is looked at as often as the cluster has its autoscalers look: its `every` is \
             left out",
            plan.name
        );
        cx.lose(&kinds::SCALE, plan.name, plan.span, message);
    }
    if scaling.is_some_and(|scaling| scaling.scale_down_after > scaling::LONGEST_CALM) {
        let message = format!(
            "`{}` gives replicas up after an hour of calm: Kubernetes waits no longer",
            plan.name
        );
        cx.lose(&kinds::SCALE, plan.name, plan.span, message);
    }
    let target = (&*plan.object, component);
    let bounds = (plan.replicas.min, plan.replicas.max);
    scaler(cx, target, bounds, &metric, scaling.as_ref())
}

/// Seven tenths of the cores that are asked for.
pub(super) const USUAL_CORES: u64 = 70;

/// A share of the cores that are asked for.
pub(super) fn cpu_metric(percent: u64) -> Value {
    json!({
        "type": "Resource",
        "resource": {
            "name": "cpu",
            "target": {"type": "Utilization", "averageUtilization": percent},
        },
    })
}

/// An autoscaler of a Deployment, by its name and component.
pub(super) fn scaler(
    cx: &Cx<'_, '_>,
    (object, component): (&str, &str),
    (least, most): (u32, u32),
    metric: &Value,
    scaling: Option<&Autoscaling>,
) -> Value {
    json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": cx.metadata(object, component),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": object},
            "minReplicas": least,
            "maxReplicas": most,
            "metrics": [metric],
            "behavior": scaling::behavior(scaling, most),
        },
    })
}
