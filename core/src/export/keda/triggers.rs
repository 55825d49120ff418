//! What calls for another replica.

use serde_json::{Value, json};

use super::super::scaling;
use super::{Cx, Scaled, kinds};
use crate::spec::ScaleBy;

/// The annotation of the graph that says where Prometheus answers.
const SERVER: &str = "keda/prometheus";
/// Where the Service of the Prometheus operator leads, in its usual namespace.
const USUAL_SERVER: &str = "http://prometheus-operated.monitoring.svc:9090";

/// A trigger.
pub(super) struct Trigger {
    pub(super) value: Value,
    /// Whether its metric comes from elsewhere, and may fail to.
    pub(super) may_be_missing: bool,
}

impl Cx<'_, '_> {
    /// Where Prometheus answers.
    fn server(&mut self) -> String {
        if let Some(known) = &self.server {
            return known.clone();
        }
        let server = self.stated_server();
        self.server = Some(server.clone());
        server
    }

    fn stated_server(&mut self) -> String {
        let metadata = self.subject.graph.spec.metadata.as_ref();
        let annotations = metadata.and_then(|metadata| metadata.annotations.as_ref());
        let stated = annotations.and_then(|annotations| annotations.get(SERVER));
        if let Some(Value::String(stated)) = stated.map(|stated| &stated.0) {
            return stated.clone();
        }
        let span = self.subject.name_span();
        let message = format!(
            "Prometheus answers at this address; state another with the annotation `{SERVER}`"
        );
        self.artifacts
            .assume(&kinds::SERVER, None, span, message, USUAL_SERVER);
        USUAL_SERVER.to_owned()
    }

    /// How many requests that wait at each replica call for another: as chosen, else as usual.
    fn threshold(&mut self, scaled: &Scaled<'_>, usual: u32) -> String {
        let Scaled { name, span, .. } = *scaled;
        if let Some(ScaleBy::Waiting(stated)) = scaled.target() {
            return stated.to_string();
        }
        if let Some(chosen) = self.subject.chosen.and_then(|chosen| chosen.queue(name)) {
            return chosen.to_string();
        }
        let value = usual.to_string();
        let message =
            format!("so many requests waiting at each replica of `{name}` call for another");
        self.artifacts
            .assume(&kinds::THRESHOLD, Some(name), span, message, &*value);
        value
    }

    /// The queue of a node where its program counts it, else its cores.
    pub(super) fn trigger(&mut self, scaled: &Scaled<'_>) -> Trigger {
        let Scaled { name, span, .. } = *scaled;
        let queue = scaled.engine.and_then(|engine| engine.queue);
        let share = match scaled.target() {
            Some(ScaleBy::Utilisation(stated)) => Some(scaling::whole_percent(stated)),
            _ => None,
        };
        let Some((metric, waiting)) = queue.filter(|_| share.is_none()) else {
            let message = match share {
                Some(_) => format!("`{name}` needs more replicas when its cores are busy"),
                None => format!(
                    "no program that is known to count who waits serves `{name}`: it needs more \
                     replicas when its cores are busy"
                ),
            };
            let share = share.unwrap_or(70);
            let value = format!("{share}% of the cores");
            self.artifacts
                .assume(&kinds::METRIC, Some(name), span, message, value);
            return Trigger {
                value: json!({
                    "type": "cpu",
                    "metricType": "Utilization",
                    "metadata": {"value": share.to_string()},
                }),
                may_be_missing: false,
            };
        };
        let metric = in_prometheus(metric);
        let query = format!("sum({metric}{{service=\"{}\"}})", scaled.object);
        let message = format!(
            "a ServiceMonitor has Prometheus collect this of the pods of `{name}`, and names their \
             Service in the label `service`"
        );
        self.artifacts
            .assume(&kinds::METRIC, Some(name), span, message, &*query);
        let threshold = self.threshold(scaled, waiting);
        Trigger {
            value: json!({
                "type": "prometheus",
                "name": "queue",
                // Of the sum, for each replica.
                "metricType": "AverageValue",
                "metadata": {
                    "serverAddress": self.server(),
                    "query": query,
                    "threshold": threshold,
                    // No answer is a failure, not an empty queue.
                    "ignoreNullValues": "false",
                },
            }),
            may_be_missing: true,
        }
    }
}

/// The name that Prometheus has for a metric: vLLM's begin with its name and a colon, which adapters
/// write otherwise.
fn in_prometheus(metric: &str) -> String {
    match metric.strip_prefix("vllm_") {
        Some(rest) => format!("vllm:{rest}"),
        None => metric.to_owned(),
    }
}
