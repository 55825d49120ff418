use std::collections::BTreeSet;

use modelspec_core::graph::{Direction, Graph, NodeIx, Param, PortIx};
use modelspec_core::infer::{self, Side, Slot};
use modelspec_core::order::{Arrange as _, Gather as _};
use modelspec_core::spec::Role;

use super::Document;

/// A port that another might be joined with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The port.
    pub(crate) port: PortIx,
    /// As an edge writes it.
    pub(crate) path: String,
    /// Whether an edge between the two raises no error.
    pub(crate) fits: bool,
    /// Why not, to follow on the path: `takes 1024 dimensions, this gives 768`.
    pub(crate) reason: Option<String>,
    /// Whether their types alone keep them apart, so that an adapter between them helps.
    pub(crate) adapter: bool,
}

impl Target {
    /// The reason of the other ports of the port's own node.
    pub(crate) const OWN: &'static str = "belongs to the same node";
}

/// What a port of the drawn graph can be joined with: of an output all inputs, of an input all
/// outputs; those that fit come first. O(ports + edges).
pub(crate) fn targets(document: &Document, from: PortIx) -> Vec<Target> {
    let drawn = &document.drawn;
    let Some((graph, port)) = drawn
        .graph
        .as_ref()
        .and_then(|graph| Some((graph, graph.port(from)?)))
    else {
        return Vec::new();
    };
    let gives = port.direction == Direction::Output;
    let before = reached(graph, port.node, gives);
    let joined: BTreeSet<PortIx> = graph
        .edges_at(from)
        .filter_map(|edge| edge.ports)
        .map(|(output, input)| if gives { input } else { output })
        .gather();
    let mut found: Vec<Target> = graph
        .all_ports()
        .filter(|(_, other)| other.direction != port.direction)
        .map(|(ix, other)| {
            let (output, input) = if gives { (from, ix) } else { (ix, from) };
            let mut adapter = false;
            let reason = if other.node == port.node {
                Some(Target::OWN.to_owned())
            } else if joined.contains(&ix) {
                Some("is joined with it already".to_owned())
            } else if before.contains(&other.node) {
                Some("would close a cycle".to_owned())
            } else if let Some(reason) = difference(document, (output, input), gives) {
                adapter = true;
                Some(reason)
            } else {
                fed(graph, input, output, gives)
            };
            Target {
                port: ix,
                path: graph.port_path(ix),
                fits: reason.is_none(),
                reason,
                adapter,
            }
        })
        .collect();
    found.arrange_by_key(|target| !target.fits);
    found
}

/// The nodes that lie before a node, or behind it.
fn reached(graph: &Graph, node: NodeIx, before: bool) -> BTreeSet<NodeIx> {
    let mut found = BTreeSet::new();
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        let mut visit = |next: NodeIx| {
            if found.insert(next) {
                open.push(next);
            }
        };
        if before {
            graph
                .incoming(node)
                .filter(|edge| !edge.is_loop)
                .for_each(|edge| visit(edge.source));
        } else {
            graph
                .outgoing(node)
                .filter(|edge| !edge.is_loop)
                .for_each(|edge| visit(edge.target));
        }
    }
    found
}

/// What keeps their types apart, as words on the far end.
fn difference(
    document: &Document,
    (output, input): (PortIx, PortIx),
    gives: bool,
) -> Option<String> {
    let typing = &document.drawn.typing;
    let (slot, gift, want) = infer::mismatch(typing.of(output)?, typing.of(input)?)?;
    // The unit is said once, at the end that is read first.
    let unit = match slot.param {
        Some(Param::Dim) => " dimensions",
        Some(Param::MaxTokens) => " tokens",
        Some(Param::MaxItems) => " items",
        _ => "",
    };
    let (gift, want) = (said(slot, &gift, true), said(slot, &want, false));
    Some(if gives {
        format!("takes {want}{unit}, this gives {gift}")
    } else {
        format!("gives {gift}{unit}, this takes {want}")
    })
}

fn said(slot: Slot, side: &Side, given: bool) -> String {
    let of_items = if slot.depth > 0 { " in its items" } else { "" };
    let bound = if given { "up to" } else { "at most" };
    let value = match slot.param {
        None | Some(Param::Dim) => side.to_string(),
        Some(Param::MaxTokens | Param::MaxItems) => format!("{bound} {side}"),
        Some(param @ (Param::Normalized | Param::Sparse)) => {
            let no = if side.to_string() == "true" {
                ""
            } else {
                "not "
            };
            format!("{no}{}", param.key())
        }
        Some(param) => format!("{} {side}", param.key()),
    };
    value + of_items
}

/// What feeds an input that takes one edge only.
fn fed(graph: &Graph, input: PortIx, output: PortIx, gives: bool) -> Option<String> {
    let node = graph.node(graph.port(input)?.node)?;
    if node.role == Some(Role::Join) {
        return None;
    }
    let other = graph
        .edges_at(input)
        .filter_map(|edge| edge.ports)
        .map(|(from, _)| from)
        .find(|from| *from != output)?;
    let other = graph.port_path(other);
    Some(if gives {
        format!("is fed by {other} already: put a join before it")
    } else {
        format!("cannot be added: {other} feeds this already")
    })
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use modelspec_core::Analysis;

    use super::*;

    const TEXT: &str = "apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: search}
spec:
  inputs: {question: {type: text}}
  outputs: {hits: {type: candidates}}
  nodes:
    embedder: {role: embedder, outputs: {vector: {dim: 768}}}
    store: {role: retriever, inputs: {query: {dim: 1024}}}
  edges:
    - {from: inputs.question, to: embedder.text}
";

    fn answers(from: &str, direction: Direction) -> Vec<String> {
        let (node, port) = from.split_once('.').unwrap();
        let document =
            Document::empty().opened(String::new(), Rc::new(Analysis::new(TEXT.to_owned())));
        let graph = document.drawn.graph.as_ref().unwrap();
        let from = graph
            .find_port(graph.find(node).unwrap(), direction, port)
            .unwrap();
        targets(&document, from)
            .into_iter()
            .map(|target| {
                format!(
                    "{}: {}",
                    target.path,
                    target.reason.as_deref().unwrap_or("fits")
                )
            })
            .collect()
    }

    #[test]
    fn an_output_fits_inputs_of_its_kind_and_the_others_say_why_not() {
        assert_eq!(
            answers("embedder.vector", Direction::Output),
            [
                "outputs.hits: takes candidates, this gives vector",
                "embedder.text: belongs to the same node",
                "store.query: takes 1024 dimensions, this gives 768",
            ]
        );
        assert_eq!(
            answers("store.hits", Direction::Output)[0],
            "outputs.hits: fits"
        );
        assert_eq!(
            answers("inputs.question", Direction::Output)[1],
            "embedder.text: is joined with it already"
        );
    }

    #[test]
    fn an_input_asks_the_outputs() {
        assert_eq!(
            answers("store.query", Direction::Input),
            [
                "inputs.question: gives text, this takes vector",
                "embedder.vector: gives 768 dimensions, this takes 1024",
                "store.hits: belongs to the same node",
            ]
        );
    }
}
