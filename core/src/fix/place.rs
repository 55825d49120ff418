use crate::check::Context;
use crate::graph::EdgeIx;
use crate::text::Span;
use crate::yaml::{Node, Value};

/// The path of an edge in the tree. What could not be read as an edge has a place there too, so
/// that its number may be lower than its place.
pub(crate) fn edge_path(cx: &Context<'_>, ix: EdgeIx, span: Span) -> Option<Vec<String>> {
    let list = cx.tree.at(["spec", "edges"]).and_then(Node::as_sequence)?;
    let at = ix.0 as usize;
    let rest = list.items.get(at..)?;
    let skipped = rest.iter().position(|item| item.span == span)?;
    let index = at.saturating_add(skipped).to_string();
    Some(["spec", "edges", &index].map(str::to_owned).to_vec())
}

/// The path of a port where the document states it as a map of its own.
pub(crate) fn port_path(
    cx: &Context<'_>,
    node: &str,
    side: &'static str,
    port: &str,
) -> Option<Vec<String>> {
    let path = if node == side {
        vec!["spec", side, port]
    } else {
        vec!["spec", "nodes", node, side, port]
    };
    let stated = cx.tree.at(path.iter().copied())?;
    let open = matches!(stated.value, Value::Mapping(_));
    open.then(|| path.into_iter().map(str::to_owned).collect())
}
