use crate::check::Context;
use crate::graph::{Direction, NodeIx, PortIx, Type};
use crate::infer::mismatch;
use crate::order::Arrange as _;
use crate::spec::Kind;

/// The most sources that are offered for one input.
const MOST: usize = 3;

/// The outputs that may feed an input of a node, likely ones first: what nothing uses yet, then
/// what a port of that name gives, then what is nearest. Nothing that the node itself leads to.
/// O(ports + edges).
pub(crate) fn sources(cx: &Context<'_>, node: NodeIx, name: &str, taken: &Type) -> Vec<PortIx> {
    let graph = cx.graph;
    let mut behind = vec![false; graph.nodes.len()];
    let mut open = vec![node];
    while let Some(at) = open.pop() {
        match behind.get_mut(at.0 as usize) {
            Some(seen) if !*seen => *seen = true,
            _ => continue,
        }
        open.extend(graph.outgoing(at).map(|edge| edge.target));
    }
    let fits = |ix: PortIx, unused: bool| {
        let given = cx.typing.of(ix)?;
        // Of any value it is not known that it fits: only what is left over is worth a try.
        let known = given.kind == taken.kind && given.kind != Kind::Any;
        (mismatch(given, taken).is_none() && (known || unused)).then_some(known)
    };
    let mut found: Vec<_> = graph
        .all_ports()
        .filter(|(_, port)| port.direction == Direction::Output)
        .filter(|(_, port)| behind.get(port.node.0 as usize) == Some(&false))
        .filter_map(|(ix, port)| {
            let unused = graph.edges_at(ix).next().is_none();
            let known = fits(ix, unused)?;
            let rank = (
                !known,
                !unused,
                port.name != name,
                port.node.0.abs_diff(node.0),
            );
            Some((rank, ix))
        })
        .collect();
    found.arrange();
    found.truncate(MOST);
    found.into_iter().map(|(_, ix)| ix).collect()
}
