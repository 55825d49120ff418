//! Routes of Gateway API, and with Linkerd's annotations.

use serde_json::{Map, Value, json};

use super::calls::Call;
use super::times::Millis;
use super::{Cx, kinds};
use crate::spec::Protocol;

/// Failures that are tried again; a model is asked a second time without harm.
const RETRY_ON: &str = "5xx";

/// Where a route stands before.
pub(super) enum Parent<'p> {
    /// A Service, within a mesh.
    Service(&'p str, u32),
    /// A gateway.
    Gateway(&'p str),
}

/// A route of all requests to a Service.
pub(super) fn route(
    kind: &str,
    metadata: &Value,
    parent: &Parent<'_>,
    (service, port): (&str, u32),
    timeouts: &Value,
) -> Value {
    let parent = match parent {
        Parent::Service(name, port) => {
            json!({"group": "", "kind": "Service", "name": name, "port": port})
        }
        Parent::Gateway(name) => json!({"name": name}),
    };
    let mut rule = Map::new();
    let backend = json!([{"name": service, "port": port}]);
    rule.insert("backendRefs".to_owned(), backend);
    if timeouts.as_object().is_some_and(|map| !map.is_empty()) {
        rule.insert("timeouts".to_owned(), timeouts.clone());
    }
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": kind,
        "metadata": metadata,
        "spec": {"parentRefs": [parent], "rules": [rule]},
    })
}

/// `timeouts` of a rule.
pub(super) fn timeouts(request: Option<Millis>, per_try: Option<Millis>) -> Value {
    let mut map = Map::new();
    let mut put = |key: &str, time: Option<Millis>| {
        if let Some(time) = time.and_then(Millis::gateway) {
            map.insert(key.to_owned(), json!(time));
        }
    };
    put("request", request);
    put("backendRequest", per_try.or(request));
    Value::Object(map)
}

impl Cx<'_, '_> {
    /// The route of a node in Gateway API's standard channel.
    pub(super) fn standard(&mut self, call: &Call<'_>) -> Option<Value> {
        if call.is_grpc {
            let message = format!(
                "`{}` speaks {}, and such a route of Gateway API has no timeouts",
                call.name,
                Protocol::Grpc
            );
            self.artifacts
                .lose(&kinds::GRPC, Some(call.name), call.span, message);
            return None;
        }
        if call.tries > 1 {
            let message = format!(
                "`{}` is tried {} times: routes of Gateway API's standard channel try once, those \
                 of Istio and Linkerd again",
                call.name, call.tries
            );
            self.artifacts
                .lose(&kinds::STANDARD, Some(call.name), call.span, message);
        }
        let timeouts = timeouts(call.request, call.per_try);
        let is_empty = timeouts.as_object().is_none_or(Map::is_empty);
        (!is_empty).then(|| self.to_service(call, "HTTPRoute", &[], &timeouts))
    }

    /// The route of a node with Linkerd's annotations.
    pub(super) fn linkerd(&mut self, call: &Call<'_>) -> Value {
        let (kind, protocol, failures) = if call.is_grpc {
            ("GRPCRoute", "grpc", "internal,unavailable")
        } else {
            ("HTTPRoute", "http", RETRY_ON)
        };
        let mut annotations = Vec::new();
        if let Some(request) = call.request {
            annotations.push(("timeout.linkerd.io/request".to_owned(), request.linkerd()));
        }
        if call.tries > 1 {
            annotations.push((format!("retry.linkerd.io/{protocol}"), failures.to_owned()));
            // Tries behind the first.
            let again = call.tries.saturating_sub(1).min(u16::MAX.into());
            annotations.push(("retry.linkerd.io/limit".to_owned(), again.to_string()));
            if let Some(per_try) = call.per_try {
                annotations.push(("retry.linkerd.io/timeout".to_owned(), per_try.linkerd()));
            }
            let message = format!("a call of `{}` that fails so is tried again", call.name);
            self.artifacts.assume(
                &kinds::RETRY_ON,
                Some(call.name),
                call.span,
                message,
                failures,
            );
        }
        self.to_service(call, kind, &annotations, &json!({}))
    }

    fn to_service(
        &self,
        call: &Call<'_>,
        kind: &str,
        annotations: &[(String, String)],
        timeouts: &Value,
    ) -> Value {
        let metadata = self.metadata(&call.object, annotations);
        let parent = Parent::Service(&call.object, call.port);
        route(
            kind,
            &metadata,
            &parent,
            (&call.object, call.port),
            timeouts,
        )
    }
}
