//! Which requests take which edge.

use std::collections::BTreeMap;

use modelspec_core::graph::{Edge, EdgeIx, Graph, NodeIx};
use modelspec_core::spec::Role;

use super::super::Share;

/// The share of each edge that not every request takes.
pub(super) fn shares(graph: &Graph) -> BTreeMap<EdgeIx, Share> {
    let mut shares = BTreeMap::new();
    for (ix, node) in graph.model_nodes() {
        match node.role {
            Some(Role::Router | Role::Splitter) => divide(graph, ix, &mut shares),
            Some(Role::Cache) => look_up(graph, ix, &mut shares),
            _ => {
                for edge in graph.outgoing(ix) {
                    if let Some(share) = stated(graph, edge) {
                        shares.insert(edge.ix, Share::Own(share));
                    }
                }
            }
        }
    }
    shares
}

fn stated(graph: &Graph, edge: &Edge) -> Option<f64> {
    let spec = graph.edge_spec(edge.ix)?;
    let share = spec.probability.or(spec.weight)?;
    Some(share.value.as_fraction())
}

/// A router's and a splitter's edges exclude each other. Those without a share divide what the
/// others leave; shares of more than the whole keep their proportions.
fn divide(graph: &Graph, ix: NodeIx, shares: &mut BTreeMap<EdgeIx, Share>) {
    let edges: Vec<&Edge> = graph.outgoing(ix).collect();
    let known: f64 = edges.iter().filter_map(|edge| stated(graph, edge)).sum();
    let open = edges.iter().filter(|edge| stated(graph, edge).is_none());
    let rest = (1.0 - known).max(0.0) / open.count().max(1) as f64;
    let scale = known.max(1.0);
    let mut low = 0.0;
    for edge in edges {
        let high = low + stated(graph, edge).unwrap_or(rest) / scale;
        // Shares that sum up to the whole but for rounding are the whole.
        let end = if high > 1.0 - 1e-9 { 1.0 } else { high };
        shares.insert(edge.ix, Share::Between(low, end));
        low = high;
    }
}

/// A cache's hits and misses exclude each other.
fn look_up(graph: &Graph, ix: NodeIx, shares: &mut BTreeMap<EdgeIx, Share>) {
    let rate = graph.spec_of(ix).and_then(|node| node.hit_rate);
    let rate = rate.map_or(0.0, |rate| rate.value.as_fraction());
    for edge in graph.outgoing(ix) {
        let port = edge.ports.and_then(|(from, _)| graph.port(from));
        let share = match port.map(|port| port.name.as_str()) {
            Some("hit") => Share::Between(0.0, rate),
            Some("miss") => Share::Between(rate, 1.0),
            _ => Share::Always,
        };
        shares.insert(edge.ix, share);
    }
}
