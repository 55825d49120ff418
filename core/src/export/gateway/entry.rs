//! The way into the graph: a route from a gateway to who answers first.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::calls::Call;
use super::routes::{Parent, route, timeouts};
use super::times::Millis;
use super::{Cx, kinds};
use crate::graph::{NodeIx, topological_order};

/// The annotation of the graph that names the gateway before it.
const GATEWAY: &str = "gateway/name";
const USUAL_GATEWAY: &str = "gateway";

impl Cx<'_, '_> {
    /// The Service that requests enter at, and its port: the orchestrator's, else that of the one
    /// node that the inputs flow to.
    pub(super) fn entry(
        &mut self,
        orchestrator: Option<(String, u32)>,
        calls: &BTreeMap<NodeIx, Call<'_>>,
    ) -> Option<(String, u32)> {
        if orchestrator.is_some() {
            return orchestrator;
        }
        let graph = self.subject.graph;
        let mut first: Vec<NodeIx> = graph
            .outgoing(NodeIx::INPUTS)
            .map(|edge| edge.target)
            .filter(|target| target.is_model())
            .collect();
        first.dedup();
        let called: Option<&Call<'_>> = match first.as_slice() {
            [one] => calls.get(one),
            _ => None,
        };
        if called.is_none() {
            let span = self.subject.name_span();
            let message = "a chain is entered at several nodes, or at one that does not run here: no \
                           route leads into it";
            self.artifacts.lose(&kinds::ENTRY, None, span, message);
        }
        called.map(|call| (call.object.clone(), call.port))
    }

    /// How long the whole graph may take: as its slowest way may, and at least as it promises.
    pub(super) fn whole(&self, calls: &BTreeMap<NodeIx, Call<'_>>) -> Option<Millis> {
        let graph = self.subject.graph;
        let body = graph.spec.body();
        let objectives = body.and_then(|body| body.objectives.as_ref());
        let latency = objectives.and_then(|objectives| objectives.latency.as_ref());
        let promised = latency.and_then(|it| it.p99.or(it.p95));
        let promised = promised.map_or(0, |time| Millis::of(time.value).0);
        let mut until: BTreeMap<NodeIx, u64> = BTreeMap::new();
        for ix in topological_order(graph) {
            let before = graph.incoming(ix).filter(|edge| !edge.is_loop);
            let before = before.filter_map(|edge| until.get(&edge.source)).max();
            let own = calls.get(&ix).and_then(Call::longest).map_or(0, |it| it.0);
            let total = before.copied().unwrap_or(0).saturating_add(own);
            until.insert(ix, total);
        }
        let mut slowest = until.values().max().copied().unwrap_or(0);
        // How often a loop is run through, and with it how long, is not known.
        if graph.edges.iter().any(|edge| edge.is_loop) {
            slowest = 0;
        }
        let total = Millis(slowest.max(promised));
        (total.0 > 0 && total.gateway().is_some()).then_some(total)
    }

    /// The routes from a gateway: Gateway API's, and Envoy Gateway's with its policy.
    pub(super) fn entrance(
        &mut self,
        object: &str,
        (service, port): (&str, u32),
        whole: Option<Millis>,
    ) -> (Value, Vec<Value>) {
        let gateway = self.gateway();
        let parent = Parent::Gateway(&gateway);
        let metadata = self.metadata(object, &[]);
        let limits = timeouts(whole, None);
        let plain = route("HTTPRoute", &metadata, &parent, (service, port), &limits);
        let mut envoy = vec![plain.clone()];
        if let Some(time) = whole.and_then(Millis::gateway) {
            envoy.push(json!({
                "apiVersion": "gateway.envoyproxy.io/v1alpha1",
                "kind": "BackendTrafficPolicy",
                "metadata": metadata,
                "spec": {
                    "targetRefs": [{
                        "group": "gateway.networking.k8s.io",
                        "kind": "HTTPRoute",
                        "name": object,
                    }],
                    "timeout": {"http": {"requestTimeout": time}},
                },
            }));
        }
        (plain, envoy)
    }

    fn gateway(&mut self) -> String {
        let metadata = self.subject.graph.spec.metadata.as_ref();
        let annotations = metadata.and_then(|metadata| metadata.annotations.as_ref());
        let stated = annotations.and_then(|annotations| annotations.get(GATEWAY));
        if let Some(Value::String(stated)) = stated.map(|stated| &stated.0)
            && crate::export::dns_label(stated) == *stated
            && stated.len() <= 63
        {
            return stated.clone();
        }
        let span = self.subject.name_span();
        let message = format!(
            "a Gateway of this name stands before the graph; name another with the annotation \
             `{GATEWAY}`"
        );
        self.artifacts
            .assume(&kinds::GATEWAY, None, span, message, USUAL_GATEWAY);
        USUAL_GATEWAY.to_owned()
    }
}
