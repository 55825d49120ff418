//! KEDA: a `ScaledObject` for each node whose replicas may vary, beside the manifests of the
//! Kubernetes target, by the queue of that node.

mod kinds;
#[cfg(test)]
mod tests;
mod triggers;

use serde_json::{Value, json};

use super::names::Names;
use super::{Artifacts, Kind, Language, Subject, Target, kubernetes, plan, scaling};
use crate::catalogue::Engine;
use crate::spec::{self, Replicas};
use crate::text::Span;
use crate::yaml;

/// The target.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keda;

/// Replicas of a node that states none.
const USUAL: Replicas = Replicas {
    max: 4,
    ..Replicas::fixed(1)
};

impl Target for Keda {
    fn name(&self) -> &'static str {
        "keda"
    }

    fn title(&self) -> &'static str {
        "KEDA"
    }

    fn about(&self) -> &'static str {
        "A ScaledObject for each node whose replicas may vary, by that node's own queue; beside the \
         manifests of `kubernetes`"
    }

    fn kinds(&self) -> &'static [&'static Kind] {
        kinds::ALL
    }

    fn words(&self) -> Vec<&'static str> {
        vec![
            "metadata.name",
            "metadata.version",
            "spec.execution",
            "spec.nodes.*.role",
            "spec.nodes.*.model.framework",
            "spec.nodes.*.serving.engine",
            "spec.nodes.*.placement.replicas.min",
            "spec.nodes.*.placement.replicas.max",
            "spec.nodes.*.placement.replicas.autoscale.target",
            "spec.nodes.*.placement.replicas.autoscale.scaleDownAfter",
            "spec.nodes.*.external",
        ]
    }

    fn export(&self, subject: &Subject<'_>) -> Artifacts {
        let mut artifacts = Artifacts::default();
        let mut names = Names::new(kubernetes::LONGEST_NAME);
        let objects = plan::objects(subject, &mut names);
        let mut cx = Cx {
            subject,
            artifacts: &mut artifacts,
            server: None,
        };
        for (ix, object) in objects {
            let (Some(indexed), Some(node)) = (subject.graph.node(ix), subject.graph.spec_of(ix))
            else {
                continue;
            };
            let scaled = Scaled {
                name: &indexed.name,
                span: indexed.span,
                node,
                engine: Engine::choose(node).engine,
                object,
            };
            if let Some(replicas) = cx.replicas(&scaled) {
                let value = cx.scaled_object(&scaled, replicas);
                let path = format!("{}.yaml", scaled.object);
                cx.artifacts
                    .file(path, Language::Yaml, yaml::document(&value));
            }
        }
        if !cx.artifacts.files.is_empty() {
            cx.about_graph();
            let (said, kind) = (self.words(), &kinds::WORD);
            super::words::lose_unsaid(subject, &said, kind, "KEDA", &mut artifacts);
        }
        artifacts
    }
}

/// A node that may be scaled.
struct Scaled<'n> {
    name: &'n str,
    span: Span,
    node: &'n spec::Node,
    engine: Option<&'static Engine>,
    /// The name of its Deployment.
    object: String,
}

impl Scaled<'_> {
    /// What replicas are added and taken away by, where that is stated.
    fn target(&self) -> Option<spec::ScaleBy> {
        let replicas = self.node.placement.as_ref()?.replicas?;
        Some(replicas.autoscale?.target)
    }
}

/// What every part of the export needs.
struct Cx<'c, 'a> {
    subject: &'c Subject<'a>,
    artifacts: &'c mut Artifacts,
    /// Where Prometheus answers, once a trigger needed it.
    server: Option<String>,
}

impl Cx<'_, '_> {
    /// Between how many replicas a node varies; `None` where it does not.
    fn replicas(&mut self, scaled: &Scaled<'_>) -> Option<Replicas> {
        let Scaled { name, span, .. } = *scaled;
        if scaled.engine.is_some_and(|engine| engine.data.is_some()) {
            let message = format!(
                "`{name}` is not scaled: a replica that is added would begin without an index"
            );
            self.artifacts
                .lose(&kinds::SCALE, Some(name), span, message);
            return None;
        }
        let placement = scaled.node.placement.as_ref();
        let Some(stated) = placement.and_then(|placement| placement.replicas) else {
            let message = format!(
                "between how many replicas `{name}` varies is not stated: the `replicas` of its \
                 Deployment go then"
            );
            let value = format!("{} to {}", USUAL.min, USUAL.max);
            self.artifacts
                .assume(&kinds::REPLICAS, Some(name), span, message, value);
            return Some(USUAL);
        };
        let Replicas { min, max, .. } = stated.value;
        let chosen = self.subject.chosen;
        if max <= min && chosen.is_some_and(|chosen| chosen.has_replicas(name)) {
            let max = min.saturating_mul(2);
            let message = format!(
                "up to how many replicas `{name}` grows beyond those that were chosen is not \
                 stated: twice as many are taken"
            );
            self.artifacts
                .assume(&kinds::REPLICAS, Some(name), span, message, max.to_string());
            return Some(Replicas {
                max,
                ..stated.value
            });
        }
        if max <= min {
            let message = format!("`{name}` keeps its {min} replicas: there is nothing to scale");
            self.artifacts
                .lose(&kinds::FIXED, Some(name), stated.span, message);
            return None;
        }
        Some(stated.value)
    }

    fn scaled_object(&mut self, scaled: &Scaled<'_>, replicas: Replicas) -> Value {
        let object = &scaled.object;
        let component = scaled.node.role.map_or("custom", |role| role.value.word());
        let trigger = self.trigger(scaled);
        let mut spec = json!({
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": object},
            "minReplicaCount": replicas.min.max(1),
            "maxReplicaCount": replicas.max,
            "advanced": {
                "horizontalPodAutoscalerConfig": {
                    // The autoscaler of that name, where there is one, becomes this one's.
                    "name": object,
                    "behavior": scaling::behavior(replicas.autoscale.as_ref(), replicas.max),
                },
            },
            "triggers": [trigger.value],
        });
        if let (true, Value::Object(spec)) = (trigger.may_be_missing, &mut spec) {
            // Without the metric nobody knows who waits: nothing is given up.
            let fallback = json!({
                "failureThreshold": 3,
                "replicas": replicas.min.max(1),
                "behavior": "currentReplicasIfHigher",
            });
            spec.insert("fallback".to_owned(), fallback);
        }
        json!({
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "ScaledObject",
            "metadata": {
                "name": object,
                "labels": {
                    "app.kubernetes.io/name": object,
                    "app.kubernetes.io/part-of": self.subject.name,
                    "app.kubernetes.io/component": component,
                    "app.kubernetes.io/managed-by": "modelspec",
                },
                "annotations": {
                    "modelgraph/spec-digest": self.subject.digest.to_string(),
                    "scaledobject.keda.sh/transfer-hpa-ownership": "true",
                },
            },
            "spec": spec,
        })
    }

    fn about_graph(&mut self) {
        let span = self.subject.name_span();
        let message = "two autoscalers of one Deployment work against each other: KEDA takes over \
                       the HorizontalPodAutoscalers that `modelspec export kubernetes` writes for \
                       these nodes; leave them out of what is applied from then on";
        self.artifacts.lose(&kinds::HPA, None, span, message);
    }
}
