//! Istio: a `VirtualService` with timeouts and tries, a `DestinationRule` with how a replica is
//! found and how many may wait.

use serde_json::{Map, Value, json};

use super::calls::Call;
use super::{Cx, kinds};
use crate::spec::Routing;

/// Failures that are tried again, as Envoy names them.
const RETRY_ON: &str = "5xx,reset,connect-failure";

impl Cx<'_, '_> {
    /// The objects of a node.
    pub(super) fn istio(&mut self, call: &Call<'_>) -> Vec<Value> {
        let mut objects = Vec::new();
        if call.is_limited() {
            objects.push(self.virtual_service(call));
        }
        objects.extend(self.destination_rule(call));
        objects
    }

    fn virtual_service(&self, call: &Call<'_>) -> Value {
        let destination = json!({"host": call.object, "port": {"number": call.port}});
        let mut http = Map::new();
        http.insert("route".to_owned(), json!([{"destination": destination}]));
        if let Some(request) = call.request {
            http.insert("timeout".to_owned(), json!(request.protobuf()));
        }
        // Istio counts the tries behind the first, and takes two where nothing is said.
        let mut retries = Map::new();
        let again = call.tries.saturating_sub(1);
        retries.insert("attempts".to_owned(), json!(again));
        if let Some(per_try) = call.per_try {
            retries.insert("perTryTimeout".to_owned(), json!(per_try.protobuf()));
        }
        if again > 0 {
            retries.insert("retryOn".to_owned(), json!(RETRY_ON));
        }
        http.insert("retries".to_owned(), Value::Object(retries));
        json!({
            "apiVersion": "networking.istio.io/v1",
            "kind": "VirtualService",
            "metadata": self.metadata(&call.object, &[]),
            "spec": {"hosts": [call.object], "http": [http]},
        })
    }

    fn destination_rule(&mut self, call: &Call<'_>) -> Option<Value> {
        let mut policy = Map::new();
        let placement = call.node.placement.as_ref()?;
        if let Some(routing) = placement.routing {
            let simple = match routing.value {
                Routing::Central | Routing::LeastLoaded | Routing::PowerOfTwo => "LEAST_REQUEST",
                Routing::RoundRobin => "ROUND_ROBIN",
                Routing::Random => "RANDOM",
            };
            policy.insert("loadBalancer".to_owned(), json!({"simple": simple}));
            let how = match routing.value {
                Routing::Central | Routing::LeastLoaded => {
                    ", by which each caller takes the lesser of two replicas as far as it sees"
                }
                _ => "",
            };
            let message = format!(
                "`routing: {}` of `{}` is `{simple}` of Istio{how}; the other files do not say it",
                routing.value, call.name
            );
            self.artifacts
                .lose(&kinds::ROUTING, Some(call.name), routing.span, message);
        }
        if let Some(limit) = placement.queue_limit {
            let most = limit.value.0.min(i32::MAX.unsigned_abs().into());
            let pool = json!({"http": {"http1MaxPendingRequests": most}});
            policy.insert("connectionPool".to_owned(), pool);
            let message = format!(
                "`queueLimit` of `{}` holds for each caller apart, and only Istio's files say it",
                call.name
            );
            self.artifacts
                .lose(&kinds::QUEUE, Some(call.name), limit.span, message);
        }
        (!policy.is_empty()).then(|| {
            json!({
                "apiVersion": "networking.istio.io/v1",
                "kind": "DestinationRule",
                "metadata": self.metadata(&call.object, &[]),
                "spec": {"host": call.object, "trafficPolicy": policy},
            })
        })
    }
}
