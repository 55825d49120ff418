//! How long each node may take, in KServe's whole seconds.

use std::collections::BTreeMap;

use super::kinds;
use crate::export::plan::{Plan, longest};
use crate::export::{Artifacts, Subject, quantity};
use crate::graph::NodeIx;
use crate::spec::Duration;

/// Seconds that a call may take where nothing says.
const USUAL: u64 = 60;

/// How long nodes may take.
pub(super) struct Limits {
    /// Seconds of each node, where stated.
    seconds: BTreeMap<NodeIx, u64>,
    /// Seconds of a call of any node: KServe has but one for the whole graph.
    pub(super) call: u64,
}

/// The whole seconds of a node's own service, where it states how long it may take; tells how much
/// they are above that.
pub(super) fn own(plan: &Plan<'_>, artifacts: &mut Artifacts) -> Option<u64> {
    let (time, span) = longest(plan.node)?;
    let (seconds, rounded) = quantity::seconds(time);
    if rounded {
        let above = Duration(seconds.saturating_mul(1_000_000_000).saturating_sub(time.0));
        let message = format!(
            "the timeout of the service of `{}` is {seconds}s, {above} above its {time}",
            plan.name
        );
        artifacts.lose(&kinds::SECONDS, Some(plan.name), span, message);
    }
    Some(seconds)
}

impl Limits {
    /// Reads all nodes, and tells where the one timeout is more than what a node states.
    pub(super) fn new(subject: &Subject<'_>, artifacts: &mut Artifacts) -> Self {
        let graph = subject.graph;
        let (mut seconds, mut call, mut slowest) = (BTreeMap::new(), 0, 0);
        let mut open = Vec::new();
        for (ix, indexed) in graph.model_nodes() {
            let Some(node) = graph.spec_of(ix) else {
                continue;
            };
            if crate::export::plan::is_routing(node) {
                continue;
            }
            if let Some((time, _)) = longest(node) {
                let (whole, _) = quantity::seconds(time);
                seconds.insert(ix, whole);
                call = whole.max(call);
            } else {
                open.push(indexed);
                let latency = node.latency.as_ref();
                let quantiles = latency.map(|it| [it.p50, it.p90, it.p95, it.p99]);
                for quantile in quantiles.into_iter().flatten().flatten() {
                    slowest = quantity::seconds(quantile.value).0.max(slowest);
                }
            }
        }
        if seconds.is_empty() {
            call = USUAL;
        }
        let limits = Self {
            call: call.max(slowest),
            seconds,
        };
        for node in open {
            let message = format!(
                "`{}` states no timeout, and KServe has one for the calls of the whole graph",
                node.name
            );
            let value = format!("{}s", limits.call);
            artifacts.assume(&kinds::TIMEOUT, Some(&node.name), node.span, message, value);
        }
        for &ix in limits.seconds.keys() {
            limits.tell(subject, ix, artifacts);
        }
        limits
    }

    fn tell(&self, subject: &Subject<'_>, ix: NodeIx, artifacts: &mut Artifacts) {
        let graph = subject.graph;
        let Some((time, span)) = graph.spec_of(ix).and_then(longest) else {
            return;
        };
        let name = graph.name(ix);
        let above = Duration(
            self.call
                .saturating_mul(1_000_000_000)
                .saturating_sub(time.0),
        );
        if above.0 > 0 {
            let message = format!(
                "KServe has one timeout for the calls of the whole graph, in whole seconds: a call \
                 of `{name}` may take {}s, {above} above its {time}",
                self.call
            );
            artifacts.lose(&kinds::SECONDS, Some(name), span, message);
        }
    }

    /// Seconds that a node may take.
    pub(super) fn of(&self, ix: NodeIx) -> u64 {
        self.seconds.get(&ix).copied().unwrap_or(self.call)
    }
}
