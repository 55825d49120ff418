//! A link that is being drawn from a port.

use modelspec_core::Analysis;
use modelspec_core::edit::Point2;
use modelspec_core::graph::{Direction, Graph, PortIx, find_path};
use modelspec_core::spec::Kind;

use super::board::{Board, Offer, State, Tip};
use super::connect::{self, Refusal};
use super::gestures::Gesture;
use super::route::Route;
use super::scene::{Hit, Scene};
use super::viewport::View;

/// How near a port the pointer finds it, in pixels.
const REACH: f64 = 18.0;

/// A link that is being drawn.
pub(super) struct Wire {
    pub(super) port: PortIx,
    pub(super) direction: Direction,
    pub(super) kind: Kind,
    /// Where it begins, in the graph.
    start: Point2,
    /// Where it ends now, in the graph.
    end: Point2,
    /// The port that it would be joined with.
    target: Option<PortIx>,
    refusal: Option<Refusal>,
}

impl Wire {
    pub(super) fn new(scene: &Scene, slot: usize, row: usize) -> Option<Self> {
        let dot = scene.boxes.get(slot)?.ports.get(row)?;
        let start = scene.dot(slot, row)?;
        Some(Self {
            port: dot.port,
            direction: dot.direction,
            kind: dot.kind,
            start,
            end: start,
            target: None,
            refusal: None,
        })
    }

    /// Whether the port of a row cannot be joined with it.
    pub(super) fn refuses(&self, scene: &Scene, slot: usize, row: usize) -> bool {
        let port = scene
            .boxes
            .get(slot)
            .and_then(|block| block.ports.get(row))
            .map(|dot| dot.port);
        let (Some(port), Some(analysis)) = (port, &scene.analysis) else {
            return false;
        };
        port != self.port && verdict(analysis, self.port, port).is_some()
    }

    /// Its line on the board, as an SVG path.
    pub(super) fn path(&self, view: View) -> String {
        let (start, end) = (view.to_screen(self.start), view.to_screen(self.end));
        let route = match self.direction {
            Direction::Output => Route::curve(start, end),
            Direction::Input => Route::curve(end, start),
        };
        let mut path = String::new();
        route.draw(&mut path);
        path
    }
}

/// Why two ports cannot be joined; `None` where they can.
pub(super) fn verdict(analysis: &Analysis, a: PortIx, b: PortIx) -> Option<Refusal> {
    let graph = analysis.graph.as_ref()?;
    match connect::in_order(graph, a, b) {
        Ok((from, to)) => connect::refusal(analysis, from, to),
        Err(refusal) => Some(refusal),
    }
}

/// Whether what an input feeds leads back to the output.
fn closes_cycle(graph: &Graph, a: PortIx, b: PortIx) -> bool {
    let Ok((from, to)) = connect::in_order(graph, a, b) else {
        return false;
    };
    let node = |port| graph.port(port).map(|port| port.node);
    let (Some(source), Some(target)) = (node(from), node(to)) else {
        return false;
    };
    find_path(graph, &[target], source, |_| false).is_some()
}

impl State {
    /// Draws the link to where the pointer is; what is said of it.
    pub(super) fn draw_wire(&mut self, at: Point2) -> Option<Tip> {
        let to = self.view.to_graph(at);
        let hit = self.scene.hit(to, REACH / self.view.zoom.min(1.0), true);
        let Gesture::Wire(wire) = &mut self.gesture else {
            return None;
        };
        let analysis = self.scene.analysis.clone()?;
        let graph = analysis.graph.as_ref()?;
        // On a card beside its ports, the first that fits is meant.
        let target = match hit {
            Some(Hit::Port(slot, row)) => self
                .scene
                .boxes
                .get(slot)?
                .ports
                .get(row)
                .map(|dot| dot.port),
            Some(Hit::Block(slot)) => {
                let mut ports = self.scene.boxes.get(slot)?.ports.iter().map(|dot| dot.port);
                ports.find(|&port| verdict(&analysis, wire.port, port).is_none())
            }
            _ => None,
        };
        let target = target.filter(|&port| port != wire.port);
        wire.target = target;
        wire.refusal = target.and_then(|port| verdict(&analysis, wire.port, port));
        wire.end = match target.filter(|_| wire.refusal.is_none()) {
            Some(port) => self.scene.place_of(port).unwrap_or(to),
            None => to,
        };
        let own = graph.port_path(wire.port);
        let (text, tone) = match (target, &wire.refusal) {
            (Some(port), Some(refusal)) => (
                format!("{} {}", graph.port_path(port), refusal.why),
                "refused",
            ),
            (Some(port), None) => {
                let closes = closes_cycle(graph, wire.port, port);
                let other = graph.port_path(port);
                let (from, to) = match wire.direction {
                    Direction::Output => (own, other),
                    Direction::Input => (other, own),
                };
                let warning = if closes {
                    " · closes a cycle: give it a bound"
                } else {
                    ""
                };
                (format!("{from} → {to}{warning}"), "fits")
            }
            (None, _) if hit.is_none() => ("drop here to add a node".to_owned(), ""),
            (None, _) => return None,
        };
        Some(Tip { at, text, tone })
    }
}

impl Board {
    /// Joins what the link was dropped on, or offers what else can be done.
    pub(super) fn drop_wire(self, wire: &Wire, at: Point2) {
        use leptos::prelude::Set as _;
        let found = self.read(|state| {
            let graph = state.scene.analysis.as_ref()?.graph.as_ref()?;
            let other = wire.target?;
            let (from, to) = connect::in_order(graph, wire.port, other).ok()?;
            Some((graph.port_path(from), graph.port_path(to)))
        });
        match (found.flatten(), &wire.refusal) {
            (Some((from, to)), None) => self.connect(from, to),
            (Some((from, to)), Some(refusal)) if refusal.adapter => {
                let why = format!("{to} {}", refusal.why);
                self.offer.set(Some(Offer { at, why, from, to }));
            }
            (_, Some(refusal)) => {
                let why = format!("Not joined: the port {}.", refusal.why);
                self.app()
                    .workspace
                    .say(crate::workspace::Notice::plain(why));
            }
            (None, None) => {
                let is_free = self.update(|state| {
                    let (from, to) = (wire.start, state.view.to_graph(at));
                    let far = super::geometry::distance2(from, to).sqrt() * state.view.zoom > 24.0;
                    far && state
                        .scene
                        .hit(to, 2.0, false)
                        .is_none_or(|hit| matches!(hit, Hit::Link(_)))
                });
                if is_free == Some(true) {
                    let to = self.read(|state| state.view.to_graph(at));
                    self.choose_role(to, Some(wire.port));
                }
            }
        }
    }
}
