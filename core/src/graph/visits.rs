use super::{Edge, Graph, NodeIx, PortIx, topological_order};
use crate::spec::{Join, Role};

/// How often a request visits each node, on average; by the node's number.
///
/// Where a node needs several values, it runs as often as the rarest of them comes. Rounds of a
/// loop are not counted. O(nodes + edges · ports of a node).
pub fn expected_visits(graph: &Graph) -> Vec<f64> {
    expected_visits_in(graph, &topological_order(graph))
}

/// The same, where the topological order is known.
pub fn expected_visits_in(graph: &Graph, order: &[NodeIx]) -> Vec<f64> {
    let fair = fair_shares(graph);
    let mut visits = vec![0.0_f64; graph.nodes.len()];
    let mut flows = Vec::new();
    for &ix in order {
        let own = if ix == NodeIx::INPUTS {
            1.0
        } else {
            arriving(graph, ix, &visits, &fair, &mut flows)
        };
        if let Some(slot) = visits.get_mut(ix.0 as usize) {
            *slot = own;
        }
    }
    visits
}

/// The same after an edit, where neither graph has a cycle without a bound: `known` are those
/// before it, `doubtful` the nodes that state something else, or at which edges came or went.
/// O(nodes + edges), quick where little changed.
pub(crate) fn revised_visits(
    graph: &Graph,
    order: &[NodeIx],
    known: &[f64],
    doubtful: impl IntoIterator<Item = NodeIx>,
) -> Vec<f64> {
    let mut visits = known.to_vec();
    visits.resize(graph.nodes.len(), 0.0);
    // What a node states, and which edges it has, counts for those that it leads to.
    let mut open = vec![false; graph.nodes.len()];
    for ix in doubtful {
        for ix in core::iter::once(ix).chain(graph.targets(ix)) {
            if let Some(slot) = open.get_mut(ix.0 as usize) {
                *slot = true;
            }
        }
    }
    let fair = fair_shares(graph);
    let mut flows = Vec::new();
    for &ix in order.iter().filter(|&&ix| ix != NodeIx::INPUTS) {
        if open.get(ix.0 as usize) != Some(&true) {
            continue;
        }
        let own = arriving(graph, ix, &visits, &fair, &mut flows);
        let Some(slot) = visits.get_mut(ix.0 as usize) else {
            continue;
        };
        if core::mem::replace(slot, own).to_bits() == own.to_bits() {
            continue;
        }
        for target in graph.targets(ix) {
            if let Some(slot) = open.get_mut(target.0 as usize) {
                *slot = true;
            }
        }
    }
    visits
}

/// What each branch of a router or splitter gets that states no share of its own.
fn fair_shares(graph: &Graph) -> Vec<f64> {
    let mut fair = vec![1.0_f64; graph.nodes.len()];
    let routers = graph.of_role(Role::Router);
    for ix in routers.chain(graph.of_role(Role::Splitter)) {
        let (mut taken, mut open) = (0.0, 0.0_f64);
        for branch in graph.outgoing(ix) {
            match branch.share {
                Some(share) => taken += share,
                None => open += 1.0,
            }
        }
        if let Some(slot) = fair.get_mut(ix.0 as usize) {
            *slot = (1.0 - taken).max(0.0) / open.max(1.0);
        }
    }
    fair
}

/// How often a node's rarest value comes. `by_port` is room to work in.
fn arriving(
    graph: &Graph,
    ix: NodeIx,
    visits: &[f64],
    fair: &[f64],
    by_port: &mut Vec<(Option<PortIx>, f64)>,
) -> f64 {
    by_port.clear();
    let mut any = false;
    for edge in graph.incoming(ix).filter(|edge| !edge.is_loop) {
        any = true;
        let port = edge.ports.map(|(_, to)| to);
        let needed = edge.required
            && port
                .and_then(|port| graph.brief(port))
                .is_none_or(|port| port.required);
        if !needed {
            continue;
        }
        let at = |list: &[f64]| list.get(edge.source.0 as usize).copied().unwrap_or(0.0);
        let flow = at(visits) * share(graph, edge, at(fair));
        match by_port.iter_mut().find(|(known, _)| *known == port) {
            Some((_, sum)) => *sum += flow,
            None => by_port.push((port, flow)),
        }
    }
    if !any {
        // A node without inputs gives its value to every request.
        return if ix.is_model() { 1.0 } else { 0.0 };
    }
    let flows = by_port.iter().map(|(_, flow)| *flow);
    flows.fold(1.0, f64::min)
}

/// The share of a node's requests that take one of its edges.
fn share(graph: &Graph, edge: &Edge, fair: f64) -> f64 {
    if let Some(stated) = edge.share {
        return stated;
    }
    if graph.role(edge.source) != Some(Role::Cache) {
        return fair;
    }
    let rate = graph
        .spec_of(edge.source)
        .and_then(|spec| spec.hit_rate)
        .map_or(0.0, |rate| rate.value.as_fraction());
    let port = edge.ports.and_then(|(from, _)| graph.port(from));
    match port.map(|port| port.name.as_str()) {
        Some("miss") => 1.0 - rate,
        Some("hit") => rate,
        _ => 1.0,
    }
}

/// The nodes that every request surely runs and waits for, the graph's own inputs among them, by
/// their numbers.
/// `order` is the topological order. O(nodes + edges · ports of a node).
pub fn always_visited(graph: &Graph, order: &[NodeIx]) -> Vec<NodeIx> {
    let mut sure = vec![false; graph.nodes.len()];
    for &node in order {
        let runs = surely_runs(graph, node, &sure);
        if let Some(slot) = sure.get_mut(node.0 as usize) {
            *slot = runs;
        }
    }
    let mut awaited = vec![false; graph.nodes.len()];
    for &node in order.iter().rev() {
        let waits = |edge: &Edge| {
            let target = edge.target.0 as usize;
            let may = !edge.is_loop && edge.required && awaited.get(target) == Some(&true);
            may && !is_left_behind(graph, edge)
        };
        let waited_for = node == NodeIx::OUTPUTS || graph.outgoing(node).any(waits);
        if let Some(slot) = awaited.get_mut(node.0 as usize) {
            *slot = waited_for;
        }
    }
    let both = sure
        .iter()
        .zip(&awaited)
        .map(|(&sure, &awaited)| sure && awaited);
    let nodes = (0_u32..).map(NodeIx).zip(both);
    nodes
        .filter_map(|(ix, passed)| passed.then_some(ix))
        .collect()
}

/// Whether the end of an edge may go on without its value: it has a timeout, or the join takes
/// what comes first.
fn is_left_behind(graph: &Graph, edge: &Edge) -> bool {
    if edge.has_timeout {
        return true;
    }
    if graph.role(edge.target) != Some(Role::Join) {
        return false;
    }
    let join = graph
        .spec_of(edge.target)
        .and_then(|node| node.join.as_ref());
    matches!(
        join.map(|join| &join.value),
        Some(Join::Any | Join::Quorum(_))
    )
}

/// Whether every request runs a node, as far as its own inputs show.
fn surely_runs(graph: &Graph, node: NodeIx, sure: &[bool]) -> bool {
    let comes = |edge: &Edge| {
        let surely = sure.get(edge.source.0 as usize) == Some(&true);
        surely && !edge.is_loop && !is_branch(graph, edge)
    };
    let mut needed = graph.incoming(node).filter(|edge| !edge.is_loop);
    needed.all(|edge| {
        comes(edge)
            || match edge.ports {
                Some((_, to)) => graph.edges_at(to).any(comes),
                None => graph
                    .incoming(node)
                    .filter(|edge| edge.ports.is_none())
                    .any(comes),
            }
    })
}

/// Whether not every request takes an edge from its source.
fn is_branch(graph: &Graph, edge: &Edge) -> bool {
    let branches = match graph.role(edge.source) {
        Some(Role::Router | Role::Splitter) => graph.outgoing(edge.source).count() > 1,
        Some(Role::Cache) => true,
        _ => false,
    };
    branches || edge.conditional
}
