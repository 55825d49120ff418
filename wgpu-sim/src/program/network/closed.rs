//! Clients who wait for their answer before they ask again: how often they ask is a result.

use super::flow::Clients;
use super::{Gaps, Network, load};
use crate::outcome::graph::GraphOutcome;
use crate::program::compile::ns;

impl Network {
    /// Requests a second that came in a simulation. Clients who wait for their answer ask for as
    /// much as they get.
    pub fn rate_in(&self, simulated: &GraphOutcome) -> f64 {
        match self.gaps {
            Gaps::Closed { .. } => simulated.throughput_rps.unwrap_or(0.0),
            _ => self.rate,
        }
    }
}

/// The network at the most that its clients can ask for: by the bounds of operational analysis,
/// `min(N / (Z + D), 1 / D_max)`. None if its arrivals are open.
pub(super) fn at_its_rate(network: &Network, moments: &[(f64, f64)]) -> Option<Network> {
    let Gaps::Closed { clients, think } = network.gaps else {
        return None;
    };
    // So few requests do not wait for one another.
    let mut alone = network.clone();
    alone.rate = 1e-6;
    let demands = load::demands(&network.stages, moments, &alone);
    let demands = network.stages.iter().zip(demands);
    let (mut cycle, mut most) = (ns(think), f64::INFINITY);
    for (stage, demand) in demands {
        cycle += demand.residence_ns * stage.share;
        if demand.load > 0.0 {
            most = most.min(alone.rate / demand.load);
        }
    }
    let rate = f64::from(clients) * 1e9 / cycle.max(1.0);
    // Short of what the fullest stage serves, so that figures of an open queue have an end.
    alone.rate = rate.min(0.95 * most);
    Some(alone)
}

/// The clients in ticks.
pub(super) fn clients(gaps: &Gaps, tick_ns: f64) -> Option<Clients> {
    let Gaps::Closed { clients, think } = *gaps else {
        return None;
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturates.
    let think = libm::round(ns(think) / tick_ns) as u32;
    Some(Clients {
        count: clients,
        think,
    })
}
