//! What stands on GPUs: which nodes share one, what of it each has, and how memory is written.

use super::Context;
use super::tokens::grouped;
use crate::graph::NodeIx;
use crate::order::Arrange as _;
use crate::spec::{NodeName, Placement, Ratio, Share};
use crate::text::Spanned;

/// Which nodes share GPUs with others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shares {
    /// Of each node that shares, the first of its group.
    of: Vec<Option<NodeIx>>,
}

impl Shares {
    /// O(nodes + names), nearly.
    pub(super) fn new(cx: &Context<'_>) -> Self {
        let graph = cx.graph;
        let all = 0..u32::try_from(graph.nodes.len()).unwrap_or(u32::MAX);
        let mut first: Vec<u32> = all.collect();
        let mut of = vec![None; first.len()];
        for (ix, _) in graph.model_nodes() {
            let placement = graph.spec_of(ix).and_then(|node| node.placement.as_ref());
            for name in placement.map_or(&[][..], |placement| with(&placement.value)) {
                let other = graph.find(&name.value.0);
                let Some(other) = other.filter(|&other| other.is_model() && other != ix) else {
                    continue;
                };
                let (a, b) = (root(&mut first, ix.0), root(&mut first, other.0));
                if let Some(slot) = first.get_mut(a.max(b) as usize) {
                    *slot = a.min(b);
                }
                for node in [ix, other] {
                    if let Some(slot) = of.get_mut(node.0 as usize) {
                        *slot = Some(node);
                    }
                }
            }
        }
        for slot in of.iter_mut().flatten() {
            *slot = NodeIx(root(&mut first, slot.0));
        }
        Self { of }
    }

    /// Whether nothing is shared.
    pub(super) fn is_empty(&self) -> bool {
        self.of.iter().all(Option::is_none)
    }

    /// The first of the nodes that share a node's GPUs; `None` where it shares none.
    pub(super) fn first(&self, ix: NodeIx) -> Option<NodeIx> {
        self.of.get(ix.0 as usize).copied().flatten()
    }

    /// Each group, in the order of its first node.
    pub(super) fn groups(&self) -> Vec<Vec<NodeIx>> {
        let all = (0_u32..).map(NodeIx).zip(&self.of);
        let mut members: Vec<(NodeIx, NodeIx)> = all
            .filter_map(|(ix, first)| Some(((*first)?, ix)))
            .collect();
        members.arrange();
        let groups = members.chunk_by(|(a, _), (b, _)| a == b);
        groups
            .map(|group| group.iter().map(|&(_, member)| member).collect())
            .collect()
    }
}

/// The first of a node's group, as far as is known; shortens the way there.
fn root(first: &mut [u32], mut at: u32) -> u32 {
    loop {
        let up = first.get(at as usize).copied().unwrap_or(at);
        if up == at {
            return at;
        }
        let over = first.get(up as usize).copied().unwrap_or(up);
        if let Some(slot) = first.get_mut(at as usize) {
            *slot = over;
        }
        at = up;
    }
}

/// The nodes that a placement shares its GPUs with.
pub(super) fn with(placement: &Placement) -> &[Spanned<NodeName>] {
    let names = match placement.share.as_ref().map(|share| &share.value) {
        Some(Share::Mps(mps)) => mps.with.as_ref(),
        Some(Share::TimeSlice(slices)) => slices.with.as_ref(),
        _ => None,
    };
    names.map_or(&[], |names| &names.value)
}

/// `each L4`, `3/7 of an H100-80GB-SXM`
pub(super) fn written(slice: Option<Ratio>, gpu: &str) -> String {
    match slice {
        Some(slice) => format!("{}/{} of a {gpu}", slice.part, slice.whole),
        None => format!("each {gpu}"),
    }
}

/// Bytes in 10⁹, rounded to hundredths.
pub(super) fn gigabytes(bytes: u64) -> String {
    let hundredths = bytes.saturating_add(5_000_000) / 10_000_000;
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    format!("{}.{rest:02} GB", grouped(whole))
}
