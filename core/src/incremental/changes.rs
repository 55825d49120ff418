//! What an edit changed in the graph.

use super::hunks::Hunks;
use crate::Analysis;
use crate::check::Code;
use crate::graph::{Edge, Graph, Node, NodeIx, Port, PortIx};
use crate::spec::{self, ModelGraph};
use crate::text::Span;

/// Where more than this changed, everything is asked again.
const MOST: usize = 256;

/// What differs between two graphs whose nodes and ports have the same numbers; nodes at the end
/// may be new or gone.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// The nodes that state something else, or are new.
    pub(crate) nodes: Vec<NodeIx>,
    /// Positions of edges before that are gone or state something else.
    pub(crate) gone: Vec<usize>,
    /// Positions of edges that are new or state something else.
    pub(crate) added: Vec<usize>,
    /// Of each edge before its position now.
    pub(crate) moved: Vec<Option<usize>>,
    /// Whether names, roles, ports or what else gives the graph its shape differ.
    pub(crate) shape: bool,
    /// Whether edges begin or end elsewhere, or count otherwise.
    pub(crate) edges: bool,
    /// Whether nodes came, went or got another name.
    pub(crate) names: bool,
}

/// Finds what differs; `None` where too much does, or what is outside of nodes and edges.
/// O(nodes + edges).
pub(super) fn find(before: &Analysis, after: &Analysis, hunks: &Hunks) -> Option<Changes> {
    let (old, new) = (before.graph.as_ref()?, after.graph.as_ref()?);
    let readable = |analysis: &Analysis| {
        let twice = |code| code == Code::DUPLICATE_KEY;
        let all = &analysis.reading.diagnostics;
        analysis.reading.is_well_formed()
            && !analysis.may_alias
            && !all.iter().any(|found| twice(found.code))
    };
    if !readable(before) || !readable(after) {
        return None;
    }
    if !hunks.lie_in(&ranges(&old.spec, &new.spec)?, &before.text, &after.text) {
        return None;
    }
    let mut changes = Changes::default();
    nodes(old, new, hunks, &mut changes)?;
    edges(old, new, hunks, &mut changes)?;
    Some(changes)
}

/// The parts of the document that may differ: nodes, edges and the layout.
fn ranges(old: &ModelGraph, new: &ModelGraph) -> Option<Vec<(Span, Span)>> {
    let parts = |graph: &ModelGraph| {
        let body = graph.body();
        let nodes = body.and_then(|body| Some(body.nodes.as_ref()?.span));
        let edges = body.and_then(|body| Some(body.edges.as_ref()?.span));
        [
            nodes,
            edges,
            graph.layout.as_ref().map(|layout| layout.span),
        ]
    };
    let mut ranges = Vec::with_capacity(3);
    for part in parts(old).into_iter().zip(parts(new)) {
        match part {
            (Some(old), Some(new)) => ranges.push((old, new)),
            (None, None) => {}
            // A part that comes or goes changes what stands around it.
            _ => return None,
        }
    }
    Some(ranges)
}

fn nodes(old: &Graph, new: &Graph, hunks: &Hunks, changes: &mut Changes) -> Option<()> {
    changes.names = old.nodes.len() != new.nodes.len();
    changes.shape = changes.names;
    let extents = old.extents().iter().zip(new.extents());
    for (ix, (&before, &after)) in (0_u32..).map(NodeIx).zip(extents) {
        if !ix.is_model() || hunks.behind(before) == Some(after) {
            continue;
        }
        let (before, node) = (old.node(ix)?, new.node(ix)?);
        if before.inputs != node.inputs || before.outputs != node.outputs {
            return None;
        }
        changes.nodes.push(ix);
        changes.names |= before.name != node.name;
        changes.shape |= !is_alike(old, new, ix);
        if changes.nodes.len() > MOST {
            return None;
        }
    }
    let kept = old.nodes.len().min(new.nodes.len());
    let added = new.model_nodes().skip(kept.saturating_sub(2));
    changes.nodes.extend(added.map(|(ix, _)| ix));
    // Ports have the numbers of their nodes' places: what is left over at the end may differ.
    let ports = |graph: &Graph| {
        let belongs = |port: &Port| (port.node.0 as usize) < kept;
        graph.ports.partition_point(belongs)
    };
    (changes.nodes.len() <= MOST && ports(old) == ports(new)).then_some(())
}

/// Whether a node has the same shape in both.
fn is_alike(old: &Graph, new: &Graph, ix: NodeIx) -> bool {
    let (Some(before), Some(after)) = (old.node(ix), new.node(ix)) else {
        return false;
    };
    let (Some(stated), Some(now)) = (old.spec_of(ix), new.spec_of(ix)) else {
        return false;
    };
    before.name == after.name
        && before.role == after.role
        && traits(stated) == traits(now)
        && ports(before)
            .zip(ports(after))
            .all(|(one, other)| same_port(old, new, one, other))
}

fn ports(node: &Node) -> impl Iterator<Item = PortIx> {
    node.inputs.iter().chain(&node.outputs).copied()
}

fn same_port(old: &Graph, new: &Graph, one: PortIx, other: PortIx) -> bool {
    let facts = |graph: &Graph, ix: PortIx| {
        let port = graph.port(ix)?;
        Some((port.direction, port.required, port.stated, port.data_class))
    };
    let name = |graph: &Graph, ix: PortIx| graph.port(ix).map(|port| port.name.clone());
    facts(old, one) == facts(new, other) && name(old, one) == name(new, other)
}

/// What a node states that gives the graph its shape.
fn traits(node: &spec::Node) -> impl PartialEq {
    let text = |name: &crate::text::Spanned<spec::Text>| name.value.0.clone();
    (
        node.is_required(),
        node.on_failure.as_ref().map(|stated| stated.value.clone()),
        node.join.as_ref().map(|stated| stated.value.clone()),
        node.external.map(|stated| stated.value),
        node.external_name.as_ref().map(text),
        node.hit_rate.map(|stated| stated.value),
    )
}

fn edges(old: &Graph, new: &Graph, hunks: &Hunks, changes: &mut Changes) -> Option<()> {
    changes.moved = vec![None; old.edges.len()];
    let (mut at, mut to) = (0_usize, 0_usize);
    loop {
        match (old.edges.get(at), new.edges.get(to)) {
            (None, None) => break,
            (None, Some(_)) => {
                changes.added.push(to);
                to = to.saturating_add(1);
            }
            (Some(_), None) => {
                changes.gone.push(at);
                at = at.saturating_add(1);
            }
            (Some(before), Some(after)) => match hunks.behind(before.span) {
                Some(span) if span == after.span && leads_alike(before, after) => {
                    if let Some(slot) = changes.moved.get_mut(at) {
                        *slot = Some(to);
                    }
                    (at, to) = (at.saturating_add(1), to.saturating_add(1));
                }
                Some(span) if after.span.start < span.start => {
                    changes.added.push(to);
                    to = to.saturating_add(1);
                }
                _ => {
                    changes.gone.push(at);
                    at = at.saturating_add(1);
                }
            },
        }
        if changes.added.len().max(changes.gone.len()) > MOST {
            return None;
        }
    }
    let same = |(&gone, &added): (&usize, &usize)| match (old.edges.get(gone), new.edges.get(added))
    {
        (Some(one), Some(other)) => counts_alike(one, other),
        _ => false,
    };
    changes.edges = changes.gone.len() != changes.added.len()
        || !changes.gone.iter().zip(&changes.added).all(same);
    changes.shape |= changes.edges;
    Some(())
}

/// Whether two edges join the same ports.
fn leads_alike(one: &Edge, other: &Edge) -> bool {
    one.source == other.source && one.target == other.target && one.ports == other.ports
}

fn counts_alike(one: &Edge, other: &Edge) -> bool {
    leads_alike(one, other)
        && one.id == other.id
        && one.role == other.role
        && one.required == other.required
        && one.is_loop == other.is_loop
}
