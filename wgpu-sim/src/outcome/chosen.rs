//! What exports take from a simulation.

use modelspec_core::Analysis;
use modelspec_core::export::{Chosen, ChosenNode};
use modelspec_core::spec::{Batch, Duration, Node};

use super::graph::{GraphOutcome, NodeResult};
use crate::program::network::Network;

/// The placement that was simulated, for exports: the replicas and batches that ran; as budget of
/// a node that states none its p99; and as the queue that calls for another replica, what one
/// replica serves in the p99 of the wait. None of a graph that does not keep up.
pub fn chosen(analysis: &Analysis, network: &Network, simulated: &GraphOutcome) -> Option<Chosen> {
    let (whole, ..) = analysis.whole()?;
    let (flat, ..) = analysis.flat()?;
    let rate = network.rate_in(simulated);
    let times = simulated.end_to_end.as_ref().filter(|_| simulated.stable)?;
    let nodes = simulated.nodes.iter().filter_map(|result| {
        let ix = whole.find(&result.name)?;
        let stage = network
            .stages
            .iter()
            .find(|stage| stage.name == result.name)?;
        let arrivals = stage.share * rate;
        let chosen = node(whole.spec_of(ix)?, result, arrivals)?;
        // Both graphs have the same nodes in the same places.
        Some((flat.node(ix)?.name.clone(), chosen))
    });
    Some(Chosen {
        origin: format!(
            "simulated at {} rps, p95 {:.0} ms, {} requests, seed {}",
            (rate * 1e3).round() / 1e3,
            times.p95_ms,
            simulated.requests,
            simulated.seed
        ),
        nodes: nodes.collect(),
    })
}

fn node(node: &Node, result: &NodeResult, arrivals: f64) -> Option<ChosenNode> {
    if node.external.is_some_and(|external| external.value) {
        return None;
    }
    let placement = node.placement.as_ref().map(|placement| &placement.value)?;
    let stated = placement.replicas.map(|replicas| replicas.value);
    let replicas = stated.map_or(1, |replicas| replicas.min);
    // The load is that of the most that an autoscaler may add.
    let varied = stated.filter(|replicas| replicas.autoscale.is_some());
    let most = varied.map_or(replicas, |replicas| replicas.max);
    let batch = match placement.batch.as_ref().map(|batch| &batch.value) {
        Some(Batch::Dynamic(batch)) => batch.max_size,
        Some(Batch::Continuous(batch)) => batch.max_sequences,
        Some(Batch::None) | None => None,
    };
    let wait = result.wait.as_ref().map(|wait| wait.p99_ms / 1e3);
    let load = result.load.filter(|&load| load > 0.0);
    let queue = wait.zip(load).map(|(wait, load)| {
        let served = arrivals / load / f64::from(most.max(1));
        let queue = (wait * served).ceil().clamp(1.0, f64::from(u32::MAX));
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let queue = queue as u32;
        queue
    });
    let measured = result.sojourn.as_ref().map(|sojourn| sojourn.p99_ms);
    let budget = measured.filter(|_| node.budget.is_none());
    Some(ChosenNode {
        replicas: Some(replicas).filter(|&replicas| replicas > 0),
        batch: batch.map(|batch| batch.value.0),
        queue,
        budget: budget.map(whole_milliseconds),
    })
}

/// Milliseconds, rounded up.
fn whole_milliseconds(ms: f64) -> Duration {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let whole = ms.ceil() as u64;
    Duration(whole.saturating_mul(1_000_000))
}
