//! Layers by longest path, order by medians, coordinates by pulling each box towards its
//! neighbours.

use std::collections::{BTreeMap, BTreeSet};

use crate::edit::Item;
use crate::graph::{Graph, NodeIx, PortIx};
use crate::order::{Arrange as _, Gather as _};

/// The boxes of a graph and the edges between them, none of which closes a cycle.
pub(super) struct Boxes {
    pub(super) items: Vec<Item>,
    edges: Vec<(usize, usize)>,
    /// Boxes of graph outputs: they stand in the last layer.
    last: BTreeSet<usize>,
}

impl Boxes {
    pub(super) fn new(graph: &Graph) -> Self {
        let mut items = Vec::new();
        let mut of_port: BTreeMap<PortIx, usize> = BTreeMap::new();
        let mut of_node: BTreeMap<NodeIx, usize> = BTreeMap::new();
        let boundary = |node: NodeIx| {
            let node = graph.node(node);
            let ports = node.map(|node| node.inputs.iter().chain(&node.outputs).copied());
            ports.into_iter().flatten()
        };
        let name = |port| graph.port(port).map_or("", |port| &port.name).to_owned();
        for port in boundary(NodeIx::INPUTS) {
            of_port.insert(port, items.len());
            items.push(Item::Input(name(port)));
        }
        for (ix, node) in graph.model_nodes() {
            of_node.insert(ix, items.len());
            items.push(Item::Node(node.name.clone()));
        }
        let mut last = BTreeSet::new();
        for port in boundary(NodeIx::OUTPUTS) {
            of_port.insert(port, items.len());
            last.insert(items.len());
            items.push(Item::Output(name(port)));
        }
        let mut pairs = BTreeSet::new();
        for edge in &graph.edges {
            let ports = edge.ports.map(|(from, to)| (Some(from), Some(to)));
            let (from, to) = ports.unwrap_or((None, None));
            let find = |node: NodeIx, port: Option<PortIx>| {
                let by_port = port.and_then(|port| of_port.get(&port));
                by_port.or_else(|| of_node.get(&node)).copied()
            };
            if let (Some(a), Some(b)) = (find(edge.source, from), find(edge.target, to))
                && a != b
            {
                pairs.insert(if edge.is_loop { (b, a) } else { (a, b) });
            }
        }
        let edges = without_cycles(items.len(), pairs);
        Self { items, edges, last }
    }
}

/// Turns each edge that leads back to a box that is still open in a walk from the first box.
fn without_cycles(count: usize, pairs: BTreeSet<(usize, usize)>) -> Vec<(usize, usize)> {
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); count];
    for &(a, b) in &pairs {
        if let Some(list) = out.get_mut(a) {
            list.push(b);
        }
    }
    // 0 new, 1 open, 2 done.
    let mut state = vec![0_u8; count];
    let mut turned = BTreeSet::new();
    for start in 0..count {
        if state.get(start) != Some(&0) {
            continue;
        }
        let mut stack = vec![(start, 0_usize)];
        set(&mut state, start, 1);
        while let Some((node, next)) = stack.pop() {
            let Some(&to) = out.get(node).and_then(|list| list.get(next)) else {
                set(&mut state, node, 2);
                continue;
            };
            stack.push((node, next.saturating_add(1)));
            match state.get(to) {
                Some(0) => {
                    set(&mut state, to, 1);
                    stack.push((to, 0));
                }
                Some(1) => {
                    turned.insert((node, to));
                }
                _ => {}
            }
        }
    }
    let edges: BTreeSet<(usize, usize)> = pairs
        .into_iter()
        .map(|(a, b)| {
            if turned.contains(&(a, b)) {
                (b, a)
            } else {
                (a, b)
            }
        })
        .gather();
    edges.into_iter().collect()
}

fn set<T>(list: &mut [T], at: usize, value: T) {
    if let Some(slot) = list.get_mut(at) {
        *slot = value;
    }
}

fn get<T: Copy + Default>(list: &[T], at: usize) -> T {
    list.get(at).copied().unwrap_or_default()
}

/// Boxes and the bends of long edges, in layers.
struct Layered {
    layers: Vec<Vec<usize>>,
    up: Vec<Vec<usize>>,
    down: Vec<Vec<usize>>,
    /// Extent across the layer; bends have little.
    extent: Vec<f64>,
}

/// Corners along and across the flow, for sizes along and across it.
pub(super) fn place(
    boxes: &Boxes,
    sizes: &[(f64, f64)],
    layer_gap: f64,
    gap: f64,
) -> Vec<(f64, f64)> {
    let count = boxes.items.len();
    let layer = longest_paths(boxes);
    let mut layered = bend(boxes, &layer, sizes);
    reduce_crossings(&mut layered);
    let centres = coordinates(&layered, gap);
    let depth = layered.layers.len();
    let mut thickness = vec![0.0_f64; depth];
    for (at, &(along, _)) in sizes.iter().enumerate() {
        let own = get(&layer, at);
        let thickest = get(&thickness, own).max(along);
        set(&mut thickness, own, thickest);
    }
    let mut begin = 0.0;
    let begins: Vec<f64> = thickness
        .iter()
        .map(|thick| {
            let here = begin;
            begin += thick + layer_gap;
            here
        })
        .collect();
    let top = (0..count)
        .map(|at| get(&centres, at) - get(&layered.extent, at) / 2.0)
        .fold(f64::INFINITY, f64::min);
    (0..count)
        .map(|at| {
            let own = get(&layer, at);
            let (along, across) = sizes.get(at).copied().unwrap_or_default();
            let middle = (get(&thickness, own) - along) / 2.0;
            let side = get(&centres, at) - across / 2.0 - top;
            ((get(&begins, own) + middle).round(), side.round())
        })
        .collect()
}

/// The layer of each box: one behind the last of those that feed it; graph outputs in the last.
fn longest_paths(boxes: &Boxes) -> Vec<usize> {
    let count = boxes.items.len();
    let mut missing = vec![0_usize; count];
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); count];
    for &(a, b) in &boxes.edges {
        let more = get(&missing, b).saturating_add(1);
        set(&mut missing, b, more);
        if let Some(list) = out.get_mut(a) {
            list.push(b);
        }
    }
    let mut layer = vec![0_usize; count];
    let mut open: Vec<usize> = (0..count).filter(|&at| get(&missing, at) == 0).collect();
    while let Some(node) = open.pop() {
        for &to in out.get(node).into_iter().flatten() {
            let behind = get(&layer, node).saturating_add(1);
            let deepest = get(&layer, to).max(behind);
            set(&mut layer, to, deepest);
            let left = get(&missing, to).saturating_sub(1);
            set(&mut missing, to, left);
            if get(&missing, to) == 0 {
                open.push(to);
            }
        }
    }
    let deepest = layer.iter().copied().max().unwrap_or(0);
    for &at in &boxes.last {
        set(&mut layer, at, deepest);
    }
    layer
}

/// Gives an edge that passes layers a bend in each of them.
fn bend(boxes: &Boxes, layer: &[usize], sizes: &[(f64, f64)]) -> Layered {
    let depth = layer
        .iter()
        .copied()
        .max()
        .map_or(0, |last| last.saturating_add(1));
    let mut layers: Vec<Vec<usize>> = vec![Vec::new(); depth];
    for (at, &own) in layer.iter().enumerate() {
        if let Some(list) = layers.get_mut(own) {
            list.push(at);
        }
    }
    let mut extent: Vec<f64> = sizes.iter().map(|size| size.1).collect();
    let mut up: Vec<Vec<usize>> = vec![Vec::new(); extent.len()];
    let mut down = up.clone();
    for &(a, b) in &boxes.edges {
        let mut from = a;
        for between in get(layer, a).saturating_add(1)..get(layer, b) {
            let bend = extent.len();
            extent.push(8.0);
            up.push(vec![from]);
            down.push(Vec::new());
            if let Some(list) = down.get_mut(from) {
                list.push(bend);
            }
            if let Some(list) = layers.get_mut(between) {
                list.push(bend);
            }
            from = bend;
        }
        if let Some(list) = down.get_mut(from) {
            list.push(b);
        }
        if let Some(list) = up.get_mut(b) {
            list.push(from);
        }
    }
    Layered {
        layers,
        up,
        down,
        extent,
    }
}

/// Sweeps of medians, down and up; the order with the fewest crossings is kept.
fn reduce_crossings(layered: &mut Layered) {
    let mut best = (crossings(layered), layered.layers.clone());
    for sweep in 0..12_usize {
        let downwards = sweep % 2 == 0;
        let mut position = positions(layered);
        let depth = layered.layers.len();
        for nth in 0..depth {
            let at = if downwards {
                nth
            } else {
                depth.saturating_sub(nth).saturating_sub(1)
            };
            let sides = if downwards {
                &layered.up
            } else {
                &layered.down
            };
            let Some(list) = layered.layers.get_mut(at) else {
                continue;
            };
            let mut keyed: Vec<(f64, usize)> = list
                .iter()
                .map(|&node| {
                    let near = sides.get(node).map_or(&[][..], Vec::as_slice);
                    let sum: f64 = near.iter().map(|&other| get(&position, other)).sum();
                    let own = get(&position, node);
                    let mean = if near.is_empty() {
                        own
                    } else {
                        sum / near.len() as f64
                    };
                    (mean, node)
                })
                .collect();
            keyed.arrange_by(|a, b| a.0.total_cmp(&b.0));
            let width = keyed.len().max(1) as f64;
            for (place, (_, node)) in keyed.iter().enumerate() {
                set(&mut position, *node, (place as f64 + 0.5) / width);
            }
            *list = keyed.into_iter().map(|(_, node)| node).collect();
        }
        let found = crossings(layered);
        if found < best.0 {
            best = (found, layered.layers.clone());
        }
        if best.0 == 0 {
            break;
        }
    }
    layered.layers = best.1;
}

/// Where each box stands in its layer, from 0 to 1.
fn positions(layered: &Layered) -> Vec<f64> {
    let mut position = vec![0.0; layered.extent.len()];
    for layer in &layered.layers {
        let width = layer.len().max(1) as f64;
        for (place, &node) in layer.iter().enumerate() {
            set(&mut position, node, (place as f64 + 0.5) / width);
        }
    }
    position
}

/// Pairs of edges that cross. O(edges · log edges).
fn crossings(layered: &Layered) -> usize {
    let mut rank = vec![0_usize; layered.extent.len()];
    for layer in &layered.layers {
        for (place, &node) in layer.iter().enumerate() {
            set(&mut rank, node, place);
        }
    }
    let mut total = 0_usize;
    for layer in &layered.layers {
        let mut ends = Vec::new();
        for node in layer {
            let mut of_node: Vec<usize> = layered
                .down
                .get(*node)
                .into_iter()
                .flatten()
                .map(|&to| get(&rank, to))
                .collect();
            of_node.arrange();
            ends.extend(of_node);
        }
        total = total.saturating_add(inversions(&mut ends));
    }
    total
}

/// Pairs in the wrong order, by merging; the list is sorted afterwards.
fn inversions(list: &mut Vec<usize>) -> usize {
    if list.len() < 2 {
        return 0;
    }
    let mut right = list.split_off(list.len() / 2);
    let mut found = inversions(list).saturating_add(inversions(&mut right));
    let left = core::mem::take(list);
    let mut a = left.into_iter().peekable();
    let mut b = right.into_iter().peekable();
    loop {
        match (a.peek(), b.peek()) {
            (Some(x), Some(y)) if y < x => {
                found = found.saturating_add(a.len());
                list.extend(b.next());
            }
            (Some(_), _) => list.extend(a.next()),
            (None, Some(_)) => list.extend(b.next()),
            (None, None) => return found,
        }
    }
}

/// Centres across the flow: each layer in turn is pulled towards its neighbours' mean as far as its
/// order and gaps allow.
fn coordinates(layered: &Layered, gap: f64) -> Vec<f64> {
    let mut centre = vec![0.0; layered.extent.len()];
    for layer in &layered.layers {
        let wanted = vec![0.0; layer.len()];
        settle(layer, &wanted, layered, gap, &mut centre);
    }
    let depth = layered.layers.len();
    for sweep in 0..8_usize {
        let downwards = sweep % 2 == 0;
        for nth in 0..depth {
            let at = if downwards {
                nth
            } else {
                depth.saturating_sub(nth).saturating_sub(1)
            };
            let Some(layer) = layered.layers.get(at) else {
                continue;
            };
            let sides = if downwards {
                &layered.up
            } else {
                &layered.down
            };
            let wanted: Vec<f64> = layer
                .iter()
                .map(|&node| {
                    let near = sides.get(node).map_or(&[][..], Vec::as_slice);
                    if near.is_empty() {
                        return get(&centre, node);
                    }
                    let sum: f64 = near.iter().map(|&other| get(&centre, other)).sum();
                    sum / near.len() as f64
                })
                .collect();
            settle(layer, &wanted, layered, gap, &mut centre);
        }
    }
    centre
}

/// The centres nearest to those wanted (least squares) that keep order and gaps: boxes that would
/// overlap become one block at the mean of what they want.
fn settle(layer: &[usize], wanted: &[f64], layered: &Layered, gap: f64, centre: &mut [f64]) {
    // A block: sum of wanted minus offset, number of boxes, its first box.
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    let mut offsets = Vec::with_capacity(layer.len());
    let mut offset = 0.0;
    let mut before: Option<usize> = None;
    for (&node, &want) in layer.iter().zip(wanted) {
        if let Some(last) = before {
            offset += f64::midpoint(get(&layered.extent, last), get(&layered.extent, node)) + gap;
        }
        before = Some(node);
        offsets.push(offset);
        blocks.push((want - offset, 1));
        while let [.., a, b] = blocks.as_slice() {
            let (a, b) = (*a, *b);
            if a.0 / a.1 as f64 <= b.0 / b.1 as f64 {
                break;
            }
            blocks.truncate(blocks.len().saturating_sub(2));
            blocks.push((a.0 + b.0, a.1.saturating_add(b.1)));
        }
    }
    let mut boxes = layer.iter().zip(&offsets);
    for (sum, count) in blocks {
        let mean = sum / count as f64;
        for (&node, offset) in boxes.by_ref().take(count) {
            set(centre, node, mean + offset);
        }
    }
}
