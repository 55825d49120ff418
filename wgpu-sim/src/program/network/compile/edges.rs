//! The edges of the integer program, and the order of the nodes that they join.

use super::super::{Chance, Edge, Gather, Link, Network, Node, Share, Stage, Wait};
use super::ticks;
use crate::error::SimulationError;

/// The most edges that may enter one node: they share a word of bits.
const MAX_INPUTS: usize = 64;

/// Joins the nodes by their edges; a stage that leads nowhere leads to the sink.
pub(super) fn join(
    network: &Network,
    nodes: &mut [Node],
    tick_ns: f64,
) -> Result<(Vec<Edge>, Vec<usize>), SimulationError> {
    let sink = nodes.len().saturating_sub(1);
    let links = network.links.iter();
    let mut edges: Vec<Edge> = links
        .map(|link| Edge {
            from: link.from,
            to: link.to.unwrap_or(sink),
            place: 0,
            chance: Chance::ALWAYS,
            hop: ticks(link.hop, tick_ns),
            timeout: link.timeout.map_or(0, |time| ticks(time, tick_ns).max(1)),
            rounds: match link.chance {
                Share::Back(back) => back.rounds.max(1),
                _ => 0,
            },
        })
        .collect();
    for stage in 0..sink {
        if !edges.iter().any(|edge| edge.from == Some(stage)) {
            edges.push(Edge {
                from: Some(stage),
                to: sink,
                place: 0,
                chance: Chance::ALWAYS,
                hop: 0,
                timeout: 0,
                rounds: 0,
            });
        }
    }
    // A stage without inputs gives its value to every request.
    for stage in 0..sink {
        if !edges
            .iter()
            .any(|edge| edge.to == stage && edge.rounds == 0)
        {
            edges.push(Edge {
                from: None,
                to: stage,
                place: 0,
                chance: Chance::ALWAYS,
                hop: 0,
                timeout: 0,
                rounds: 0,
            });
        }
    }
    let mut entries = Vec::new();
    for (index, edge) in edges.iter_mut().enumerate() {
        let leaving = match edge.from {
            Some(from) => {
                let node = nodes.get_mut(from);
                let node = node.ok_or_else(|| {
                    SimulationError::station("edge", "it leaves a stage that does not exist")
                })?;
                &mut node.outputs
            }
            None => &mut entries,
        };
        let visit = u32::try_from(leaving.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        leaving.push(index);
        edge.chance = chance(network.links.get(index).map(|link| link.chance), visit);
        let node = nodes.get_mut(edge.to).ok_or_else(|| {
            SimulationError::station("edge", "it enters a stage that does not exist")
        })?;
        edge.place = u16::try_from(node.inputs.len()).unwrap_or(u16::MAX);
        node.inputs.push(index);
        if node.inputs.len() > MAX_INPUTS {
            return Err(SimulationError::station(
                &node.name,
                format!("more than {MAX_INPUTS} edges enter it; join some of them before it"),
            ));
        }
    }
    Ok((edges, entries))
}

fn chance(share: Option<Share>, own_visit: u32) -> Chance {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let bits = |share: f64| libm::round(share.clamp(0.0, 1.0) * 4_294_967_296.0) as u64;
    match share {
        None | Some(Share::Always) => Chance::ALWAYS,
        Some(Share::Between(low, high)) => Chance {
            visit: 0,
            low: bits(low),
            high: bits(high),
        },
        Some(Share::Back(back)) => Chance {
            visit: if back.is_own { own_visit } else { 0 },
            low: bits(back.range.0),
            high: bits(back.range.1),
        },
        Some(Share::Own(share)) => Chance {
            visit: own_visit,
            low: 0,
            high: bits(share),
        },
    }
}

pub(super) fn gather(stage: &Stage, index: usize, inputs: &[usize], links: &[Link]) -> Gather {
    match stage.gather {
        Wait::All => Gather::All,
        Wait::Any => Gather::Values(1),
        Wait::Quorum(count) => Gather::Values(count.max(1)),
        Wait::Ports => {
            let mut ports: Vec<(u32, bool, u64)> = Vec::new();
            for (place, &input) in (0_u32..).zip(inputs) {
                let Some(link) = links.get(input).filter(|link| link.to == Some(index)) else {
                    continue;
                };
                // The first round does not wait for what the next is to bring.
                if matches!(link.chance, Share::Back(_)) {
                    continue;
                }
                let bit = 1_u64.wrapping_shl(place);
                match ports.iter_mut().find(|(port, ..)| *port == link.port) {
                    Some((_, required, edges)) => {
                        *required |= link.required;
                        *edges |= bit;
                    }
                    None => ports.push((link.port, link.required, bit)),
                }
            }
            let of = |wanted: bool| {
                let ports = ports.iter().filter(|(_, required, _)| *required == wanted);
                ports.map(|&(.., edges)| edges).collect()
            };
            Gather::Ports {
                required: of(true),
                optional: of(false),
            }
        }
    }
}

/// Each node after all that lead to it, the first of the document first.
pub(super) fn order(nodes: &[Node], edges: &[Edge]) -> Result<Vec<usize>, SimulationError> {
    let mut order: Vec<usize> = Vec::new();
    let mut placed = vec![false; nodes.len()];
    while order.len() < nodes.len() {
        let ready = |node: &Node| {
            let before = node.inputs.iter().filter_map(|&edge| edges.get(edge));
            let before = before.filter(|edge| edge.rounds == 0);
            let before = before.filter_map(|edge| edge.from);
            before
                .into_iter()
                .all(|from| placed.get(from) == Some(&true))
        };
        let waiting = nodes
            .iter()
            .enumerate()
            .filter(|(index, _)| placed.get(*index) == Some(&false));
        let layer: Vec<usize> = waiting
            .filter(|(_, node)| ready(node))
            .map(|(index, _)| index)
            .collect();
        if layer.is_empty() {
            let stuck = placed.iter().position(|placed| !placed).unwrap_or(0);
            let name = nodes.get(stuck).map_or("", |node| &node.name);
            return Err(SimulationError::station(
                name,
                "it lies on or behind a loop of which no edge is bounded by `loop`",
            ));
        }
        for index in layer {
            if let Some(slot) = placed.get_mut(index) {
                *slot = true;
            }
            order.push(index);
        }
    }
    Ok(order)
}
