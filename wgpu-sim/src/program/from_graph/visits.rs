use std::collections::BTreeMap;

use modelspec_core::graph::{Edge, Graph, NodeIx, PortIx, topological_order};
use modelspec_core::spec::Role;

/// How often a request visits each node, on average; by the node's number.
///
/// Where a node needs several values, it runs as often as the rarest of them comes. Rounds of a
/// loop are not counted.
pub(super) fn expected(graph: &Graph) -> Vec<f64> {
    let mut visits = vec![0.0_f64; graph.nodes.len()];
    for ix in topological_order(graph) {
        let own = if ix == NodeIx::INPUTS {
            1.0
        } else {
            arriving(graph, ix, &visits)
        };
        if let Some(slot) = visits.get_mut(ix.0 as usize) {
            *slot = own;
        }
    }
    visits
}

fn arriving(graph: &Graph, ix: NodeIx, visits: &[f64]) -> f64 {
    let mut by_port: BTreeMap<Option<PortIx>, f64> = BTreeMap::new();
    let mut any = false;
    for edge in graph.incoming(ix).filter(|edge| !edge.is_loop) {
        any = true;
        let port = edge.ports.map(|(_, to)| to);
        let needed = edge.required
            && port
                .and_then(|port| graph.port(port))
                .is_none_or(|port| port.required);
        if needed {
            let flow = visits.get(edge.source.0 as usize).unwrap_or(&0.0) * share(graph, edge);
            *by_port.entry(port).or_insert(0.0) += flow;
        }
    }
    if !any {
        // A node without inputs gives its value to every request.
        return if ix.is_model() { 1.0 } else { 0.0 };
    }
    by_port.values().fold(1.0, |least, &flow| least.min(flow))
}

/// The share of a node's requests that take one of its edges.
fn share(graph: &Graph, edge: &Edge) -> f64 {
    let role = graph.node(edge.source).and_then(|node| node.role);
    let stated = |edge: &Edge| {
        let spec = graph.edge_spec(edge.ix)?;
        let share = spec.probability.or(spec.weight)?;
        Some(share.value.as_fraction())
    };
    if let Some(stated) = stated(edge) {
        return stated;
    }
    match role {
        Some(Role::Router | Role::Splitter) => {
            let branches: Vec<&Edge> = graph.outgoing(edge.source).collect();
            let taken: f64 = branches.iter().filter_map(|branch| stated(branch)).sum();
            let open = branches
                .iter()
                .filter(|branch| stated(branch).is_none())
                .count();
            (1.0 - taken).max(0.0) / open.max(1) as f64
        }
        Some(Role::Cache) => {
            let spec = graph.spec_of(edge.source);
            let rate = spec
                .and_then(|spec| spec.hit_rate)
                .map_or(0.0, |r| r.value.as_fraction());
            let port = edge.ports.and_then(|(from, _)| graph.port(from));
            match port.map(|port| port.name.as_str()) {
                Some("miss") => 1.0 - rate,
                Some("hit") => rate,
                _ => 1.0,
            }
        }
        _ => 1.0,
    }
}
