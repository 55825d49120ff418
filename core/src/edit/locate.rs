use super::Item;
use super::view::{View, section};
use crate::Analysis;
use crate::text::Span;
use crate::yaml::{Entry, Node};

/// The thing that a byte offset of the text is about: the innermost of `spec`, or the one whose
/// place on the canvas stands there.
pub fn item_at(analysis: &Analysis, offset: usize) -> Option<Item> {
    let view = View::new(analysis);
    for part in ["spec", "layout"] {
        for section in ["nodes", "inputs", "outputs"] {
            let entries = view.tree?.at([part, section]).and_then(Node::as_mapping);
            let mut entries = entries.into_iter().flat_map(|mapping| &mapping.entries);
            if let Some(entry) = entries.find(|entry| entry.span().touches(offset)) {
                let name = entry.key.text.clone();
                let item = match section {
                    "nodes" => Item::Node(name),
                    "inputs" => Item::Input(name),
                    _ => Item::Output(name),
                };
                return view.has(&item).then_some(item);
            }
        }
    }
    let edge = view.edges().find(|edge| edge.node.span.touches(offset))?;
    Some(Item::Edge(edge.id()))
}

/// Where the document states a thing: its name and all that stands behind it, or the whole edge.
pub fn span_of(analysis: &Analysis, item: &Item) -> Option<Span> {
    let view = View::new(analysis);
    if let Some(section) = section(item) {
        let mapping = view.tree?.at(["spec", section])?.as_mapping()?;
        return mapping.entry(item.name()).map(Entry::span);
    }
    let edge = view.edges().find(|edge| edge.id() == item.name())?;
    Some(edge.node.span)
}
