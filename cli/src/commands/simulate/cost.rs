//! What a simulated graph costs, in US dollars.

use modelspec_core::graph::Graph;
use modelspec_core::hardware::Catalogue;
use wgpu_sim::{GraphOutcome, cost_per_hour};

/// None where a price is not known: it is not zero.
pub(super) struct Cost {
    /// For an hour.
    pub(super) per_hour: Option<f64>,
    /// For 1,000 requests answered, at the simulated throughput.
    pub(super) per_1k: Option<f64>,
}

impl Cost {
    pub(super) fn new(graph: &Graph, simulated: &GraphOutcome) -> Self {
        let per_hour = cost_per_hour(graph, &Catalogue::builtin());
        let answered = simulated.throughput_rps.map(|rate| rate * 3_600.0);
        let answered = answered.filter(|&answered| answered > 0.0);
        let per_1k = per_hour
            .zip(answered)
            .map(|(cost, answered)| 1_000.0 * cost / answered);
        Self { per_hour, per_1k }
    }
}
