//! Layered automatic layout: nodes in columns (or rows) so that edges lead forward, ordered so that
//! few of them cross.

mod layers;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::Analysis;
use crate::edit::{Item, Point2};
use crate::graph::{Graph, NodeIx};
use crate::order::Gather as _;

/// Width of a node's card, in pixels at full size.
pub const NODE_WIDTH: f64 = 196.0;
/// Height of a card's head: role, name and model.
pub const NODE_HEAD: f64 = 69.0;
/// Height of one port's line.
pub const PORT_HEIGHT: f64 = 22.0;
/// Height of a card's foot: hardware, utilisation and p95.
pub const NODE_FOOT: f64 = 31.0;
/// Width of the box of a graph input or output.
pub const BOUNDARY_WIDTH: f64 = 120.0;
/// Height of the box of a graph input or output.
pub const BOUNDARY_HEIGHT: f64 = 64.0;

/// Where edges lead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flow {
    /// From left to right.
    #[default]
    Right,
    /// From top to bottom.
    Down,
}

/// How to lay out.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Where edges lead.
    pub flow: Flow,
    /// Between layers, in pixels.
    pub layer_gap: f64,
    /// Between the boxes of a layer, in pixels.
    pub gap: f64,
    /// Boxes that stay where they are.
    pub pinned: BTreeMap<Item, Point2>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            flow: Flow::Right,
            layer_gap: 96.0,
            gap: 40.0,
            pinned: BTreeMap::new(),
        }
    }
}

/// Width and height of a node's card, in pixels at full size.
pub fn node_size(graph: &Graph, node: NodeIx) -> (f64, f64) {
    let ports = graph.node(node).map_or(0, |node| {
        node.inputs.len().saturating_add(node.outputs.len())
    });
    let height = (ports as f64).mul_add(PORT_HEIGHT, NODE_HEAD + NODE_FOOT);
    (NODE_WIDTH, height)
}

/// Width and height of the box of a thing.
pub fn size(graph: &Graph, item: &Item) -> (f64, f64) {
    match item {
        Item::Node(name) => graph
            .find(name)
            .map_or((NODE_WIDTH, NODE_HEAD + NODE_FOOT), |ix| {
                node_size(graph, ix)
            }),
        _ => (BOUNDARY_WIDTH, BOUNDARY_HEIGHT),
    }
}

/// The upper left corners of all boxes: graph inputs, nodes, graph outputs, in this order and that
/// of the document. Equal graphs get equal places. O((nodes + edges · span) log edges).
pub fn arrange(graph: &Graph, options: &Options) -> Vec<(Item, Point2)> {
    let boxes = layers::Boxes::new(graph);
    let down = options.flow == Flow::Down;
    let sizes: Vec<(f64, f64)> = boxes
        .items
        .iter()
        .map(|item| size(graph, item))
        .map(|(width, height)| {
            if down {
                (height, width)
            } else {
                (width, height)
            }
        })
        .collect();
    let places = layers::place(&boxes, &sizes, options.layer_gap, options.gap);
    boxes
        .items
        .iter()
        .zip(places)
        .map(|(item, (along, across))| {
            let at = if down {
                Point2::new(across, along)
            } else {
                Point2::new(along, across)
            };
            let at = options.pinned.get(item).copied().unwrap_or(at);
            (item.clone(), at)
        })
        .collect()
}

/// Where everything stands: as the document says, the rest laid out around it. Empty without a
/// graph.
pub fn positions(analysis: &Analysis, options: &Options) -> BTreeMap<Item, Point2> {
    let Some(graph) = &analysis.graph else {
        return BTreeMap::new();
    };
    let mut options = options.clone();
    if let Some(layout) = &graph.spec.layout {
        let nodes = layout.nodes.iter().flat_map(|map| map.value.iter());
        let nodes = nodes.map(|point| (Item::Node as fn(String) -> Item, point));
        let inputs = layout.inputs.iter().flat_map(|map| map.value.iter());
        let inputs = inputs.map(|point| (Item::Input as fn(String) -> Item, point));
        let outputs = layout.outputs.iter().flat_map(|map| map.value.iter());
        let outputs = outputs.map(|point| (Item::Output as fn(String) -> Item, point));
        for (item, point) in nodes.chain(inputs).chain(outputs) {
            if let (Some(x), Some(y)) = (point.value.x, point.value.y) {
                let at = Point2::new(x.value, y.value);
                options.pinned.insert(item(point.name.value.clone()), at);
            }
        }
    }
    let boxes = layers::Boxes::new(graph);
    if boxes
        .items
        .iter()
        .all(|item| options.pinned.contains_key(item))
    {
        // Laying out what is not used would cost most of the time that a large graph takes.
        let pinned = |item: Item| {
            let at = options.pinned.get(&item).copied()?;
            Some((item, at))
        };
        return boxes.items.into_iter().filter_map(pinned).collect();
    }
    let free = arrange(
        graph,
        &Options {
            pinned: BTreeMap::new(),
            ..options.clone()
        },
    );
    let mut places = free.clone();
    for (item, at) in &mut places {
        if let Some(pinned) = options.pinned.get(item) {
            *at = *pinned;
        }
    }
    // What is not pinned keeps its place relative to the first box that is.
    let anchor = places
        .iter()
        .zip(&free)
        .find(|((item, _), _)| options.pinned.contains_key(item))
        .map(|((_, at), (_, was))| (at.x - was.x, at.y - was.y));
    if let Some((dx, dy)) = anchor {
        let mut taken: Vec<(Point2, (f64, f64))> = places
            .iter()
            .filter(|(item, _)| options.pinned.contains_key(item))
            .map(|(item, at)| (*at, size(graph, item)))
            .collect();
        for (item, at) in &mut places {
            if options.pinned.contains_key(item) {
                continue;
            }
            at.x += dx;
            at.y += dy;
            let own = size(graph, item);
            // Downwards until it is free; each step passes at least one box.
            while let Some((other, size)) = taken.iter().find(|(other, size)| {
                at.x < other.x + size.0
                    && other.x < at.x + own.0
                    && at.y < other.y + size.1
                    && other.y < at.y + own.1
            }) {
                at.y = other.y + size.1 + options.gap;
            }
            taken.push((*at, own));
        }
    }
    places.into_iter().gather()
}
