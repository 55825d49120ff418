//! What the pointer does.

use modelspec_core::edit::{Item, Point2};
use modelspec_core::order::Arrange as _;
use web_sys::{MouseEvent, PointerEvent, WheelEvent};

use super::board::{Board, State, Tip};
use super::geometry::{Rect, distance2};
use super::scene::Hit;
use super::viewport::View;
use super::wire::Wire;
use crate::ui::prelude::*;
use crate::workspace::Selection;

/// What a pointer moves before that is a drag, in pixels.
const SLACK: f64 = 4.0;
/// How near is near enough, in pixels; fingers are wider.
const REACH: (f64, f64) = (8.0, 18.0);
/// What places are multiples of, unless Alt is held.
const STEP: f64 = 8.0;
/// How far a wheel's line and page are, in pixels.
const LINE: f64 = 16.0;

/// What is going on.
pub(super) enum Gesture {
    None,
    /// The view follows the pointer: where both were.
    Pan((Point2, View)),
    /// Two fingers: how far apart, the point of the graph between them, and the zoom.
    Pinch((f64, Point2, f64)),
    /// A button is down, and nothing has moved.
    Press(Press),
    Drag(Drag),
    Area(Area),
    Wire(Wire),
}

/// A button is down, and nothing has moved.
pub(super) struct Press {
    hit: Option<Hit>,
    at: Point2,
    extend: bool,
    is_touch: bool,
    /// Whether what was hit was selected before.
    was_selected: bool,
}

/// Boxes follow the pointer.
pub(super) struct Drag {
    /// The boxes and where they stood.
    pub(super) boxes: Vec<(usize, Point2)>,
    /// Where the pointer took hold, in the graph.
    from: Point2,
}

/// A box is drawn around what is to be selected.
pub(super) struct Area {
    /// Where it began, in the graph.
    pub(super) from: Point2,
    /// Where the pointer is, in the graph.
    pub(super) to: Point2,
    /// What was selected before and stays so.
    kept: Selection,
}

/// The fingers on the board: two at most are of interest.
#[derive(Default)]
pub(super) struct Touches(Vec<(i32, Point2)>);

impl Touches {
    fn set(&mut self, id: i32, at: Point2) {
        match self.0.iter_mut().find(|(known, _)| *known == id) {
            Some(touch) => touch.1 = at,
            None => self.0.push((id, at)),
        }
    }

    fn lift(&mut self, id: i32) {
        self.0.retain(|(known, _)| *known != id);
    }

    /// How far the first two are apart, and what is between them.
    fn pair(&self) -> Option<(f64, Point2)> {
        let [(_, a), (_, b), ..] = self.0.as_slice() else {
            return None;
        };
        let middle = Point2::new(f64::midpoint(a.x, b.x), f64::midpoint(a.y, b.y));
        Some((distance2(*a, *b).sqrt().max(1.0), middle))
    }
}

fn is_touch(event: &PointerEvent) -> bool {
    event.pointer_type() == "touch"
}

fn extends(event: &MouseEvent) -> bool {
    event.shift_key() || event.ctrl_key() || event.meta_key()
}

impl State {
    /// What is at a place of the board.
    pub(super) fn hit(&mut self, at: Point2, touch: bool) -> Option<Hit> {
        let reach = if touch { REACH.1 } else { REACH.0 } / self.view.zoom.min(1.0);
        self.scene.hit(self.view.to_graph(at), reach, self.near)
    }

    /// Ends what is going on as if it had not begun.
    pub(super) fn drop_gesture(&mut self) -> bool {
        match core::mem::replace(&mut self.gesture, Gesture::None) {
            Gesture::None => false,
            Gesture::Drag(drag) => {
                self.scene.shift(&drag.boxes);
                self.painter.forget();
                true
            }
            Gesture::Pan((_, view)) => {
                self.view = view;
                true
            }
            _ => true,
        }
    }

    fn drag_to(&mut self, at: Point2, exact: bool) {
        let Gesture::Drag(drag) = &self.gesture else {
            return;
        };
        let to = self.view.to_graph(at);
        let (mut x, mut y) = (to.x - drag.from.x, to.y - drag.from.y);
        if let Some((_, first)) = drag.boxes.first() {
            // The first comes to stand on the grid, the others keep their distance to it.
            let step = if exact { 1.0 } else { STEP };
            x = ((first.x + x) / step).round().mul_add(step, -first.x);
            y = ((first.y + y) / step).round().mul_add(step, -first.y);
        }
        let places: Vec<(usize, Point2)> = drag
            .boxes
            .iter()
            .map(|&(slot, was)| (slot, Point2::new(was.x + x, was.y + y)))
            .collect();
        self.scene.shift(&places);
        self.painter.forget();
    }

    /// What the box that is drawn selects.
    fn within(&mut self, area: Rect) -> Vec<Item> {
        let mut found = Vec::new();
        self.scene.boxes_in(area, &mut found);
        found.arrange();
        found
            .iter()
            .filter_map(|&slot| self.scene.item(Hit::Block(slot)))
            .collect()
    }

    /// What is said of what the pointer is over.
    fn tip(&self, at: Point2) -> Option<Tip> {
        let Some(Hit::Link(slot)) = self.hovered else {
            return None;
        };
        let link = self.scene.links.get(slot)?;
        if let Some(finding) = &link.finding {
            return Some(Tip {
                at,
                text: finding.message.clone(),
                tone: if finding.severity == modelspec_core::check::Severity::Error {
                    "error"
                } else {
                    "warning"
                },
            });
        }
        let analysis = self.scene.analysis.as_ref()?;
        let edge = analysis.graph.as_ref()?.edges.get(link.edge?)?;
        let text = match edge.ports {
            Some((from, to)) => {
                let ty = [from, to]
                    .into_iter()
                    .filter_map(|port| analysis.typing.of(port))
                    .find(|ty| ty.kind == link.kind)?;
                ty.to_string()
            }
            None => "only the order: one runs after the other".to_owned(),
        };
        Some(Tip { at, text, tone: "" })
    }
}

impl Board {
    pub(super) fn pointer_down(self, event: &PointerEvent) {
        self.measure();
        self.focus_quietly();
        leptos::prelude::Set::set(&self.offer, None);
        let workspace = self.app().workspace;
        let selection = workspace.selection_now();
        let editable = self.editable;
        let select = self.update(|state| {
            let at = state.on_board(event);
            state.pointer = Some(at);
            if is_touch(event) {
                state.touches.set(event.pointer_id(), at);
                if let Some((apart, middle)) = state.touches.pair() {
                    state.drop_gesture();
                    state.gesture =
                        Gesture::Pinch((apart, state.view.to_graph(middle), state.view.zoom));
                    return None;
                }
            }
            if event.button() == 1 || (event.button() == 0 && state.space) {
                state.gesture = Gesture::Pan((at, state.view));
                return None;
            }
            if event.button() != 0 {
                return None;
            }
            let hit = state.hit(at, is_touch(event));
            let can_edit = editable && !state.stale;
            if let Some(Hit::Port(slot, row)) = hit
                && can_edit
                && let Some(wire) = Wire::new(&state.scene, slot, row)
            {
                state.gesture = Gesture::Wire(wire);
                return None;
            }
            let item = hit.and_then(|hit| state.scene.item(hit));
            let was_selected = item.as_ref().is_some_and(|item| selection.contains(item));
            let extend = extends(event);
            state.gesture = Gesture::Press(Press {
                hit,
                at,
                extend,
                is_touch: is_touch(event),
                was_selected,
            });
            item.filter(|_| !was_selected).map(|item| (item, extend))
        });
        if let Some((item, extend)) = select.flatten() {
            let mut next = if extend {
                selection
            } else {
                Selection::default()
            };
            next.add(item);
            workspace.select(next);
        }
        if event.button() == 1 {
            // Else the browser scrolls by itself.
            event.prevent_default();
        }
        let board = self.read(|state| {
            state
                .elements
                .as_ref()
                .map(|elements| elements.board.clone())
        });
        if let Some(board) = board.flatten() {
            // A pointer that is gone already needs no capture.
            let _ = board.set_pointer_capture(event.pointer_id());
        }
    }

    pub(super) fn pointer_move(self, event: &PointerEvent) {
        if self.read(|state| matches!(state.gesture, Gesture::None)) == Some(true) {
            self.hover(event);
            return;
        }
        let selection = self.app().workspace.selection_now();
        let editable = self.editable;
        let answer = self.update(|state| {
            let at = state.on_board(event);
            state.pointer = Some(at);
            if is_touch(event) {
                state.touches.set(event.pointer_id(), at);
            }
            if let Gesture::Press(press) = &state.gesture
                && distance2(press.at, at) > SLACK * SLACK
            {
                let from = state.view.to_graph(press.at);
                let is_free = !editable || state.stale;
                state.gesture = match press.hit {
                    Some(Hit::Block(_) | Hit::Port(..)) if !is_free => {
                        let boxes = selection
                            .items()
                            .iter()
                            .filter_map(|item| state.scene.slot(item));
                        let mut boxes: Vec<(usize, Point2)> = boxes
                            .filter_map(|slot| {
                                Some((slot, state.scene.boxes.get(slot)?.rect.corner()))
                            })
                            .collect();
                        // What was taken hold of leads.
                        if let Some(Hit::Block(held) | Hit::Port(held, _)) = press.hit {
                            boxes.arrange_by_key(|(slot, _)| *slot != held);
                        }
                        Gesture::Drag(Drag { boxes, from })
                    }
                    _ if press.is_touch || is_free => Gesture::Pan((press.at, state.view)),
                    _ => Gesture::Area(Area {
                        from,
                        to: from,
                        kept: if press.extend {
                            selection.clone()
                        } else {
                            Selection::default()
                        },
                    }),
                };
            }
            let to = state.view.to_graph(at);
            match &mut state.gesture {
                Gesture::None | Gesture::Press(_) => {}
                Gesture::Pan((from, view)) => {
                    let view = view.moved(at.x - from.x, at.y - from.y);
                    state.turn(view);
                }
                Gesture::Pinch((apart, fixed, zoom)) => {
                    if let Some((now, middle)) = state.touches.pair() {
                        let wanted = (*zoom * now / *apart).clamp(0.05, 3.0);
                        let fixed = *fixed;
                        state.turn(View {
                            x: fixed.x.mul_add(-wanted, middle.x),
                            y: fixed.y.mul_add(-wanted, middle.y),
                            zoom: wanted,
                        });
                    }
                }
                Gesture::Drag(_) => state.drag_to(at, event.alt_key()),
                Gesture::Area(area) => {
                    area.to = to;
                    let part = Rect::between(area.from, to);
                    let mut next = area.kept.clone();
                    for item in state.within(part) {
                        next.add(item);
                    }
                    return (None, Some(next));
                }
                Gesture::Wire(_) => return (state.draw_wire(at), None),
            }
            (None, None)
        });
        let Some((tip, selection)) = answer else {
            return;
        };
        self.say_beside(tip);
        if let Some(selection) = selection {
            self.app().workspace.select(selection);
        }
    }

    /// Says what the pointer is over.
    fn hover(self, event: &PointerEvent) {
        let mut tip = None;
        self.consider(|state| {
            let at = state.on_board(event);
            state.pointer = Some(at);
            let hovered = state.hit(at, false);
            let is_new = core::mem::replace(&mut state.hovered, hovered) != hovered;
            tip = state.tip(at);
            is_new
        });
        self.say_beside(tip);
    }

    pub(super) fn pointer_up(self, event: &PointerEvent) {
        let workspace = self.app().workspace;
        let at = self.read(|state| state.on_board(event)).unwrap_or_default();
        let gesture = self.update(|state| {
            state.touches.lift(event.pointer_id());
            core::mem::replace(&mut state.gesture, Gesture::None)
        });
        self.say_beside(None);
        match gesture {
            Some(Gesture::Press(press)) => {
                let item = press
                    .hit
                    .and_then(|hit| self.read(|state| state.scene.item(hit)).flatten());
                match item {
                    Some(item) if press.extend && press.was_selected => {
                        let mut next = workspace.selection_now();
                        next.toggle(item);
                        workspace.select(next);
                    }
                    Some(item) if !press.extend => workspace.select(Selection::one(item)),
                    Some(_) => {}
                    None if !press.extend => workspace.select(Selection::default()),
                    None => {}
                }
            }
            Some(Gesture::Drag(drag)) => self.drop_boxes(&drag),
            Some(Gesture::Wire(wire)) => self.drop_wire(&wire, at),
            Some(Gesture::Pan(_) | Gesture::Pinch(_)) => self.remember(),
            _ => {}
        }
    }

    /// The pointer was taken away.
    pub(super) fn pointer_cancel(self, event: &PointerEvent) {
        self.update(|state| {
            state.touches.lift(event.pointer_id());
            state.drop_gesture();
        });
        self.say_beside(None);
    }

    pub(super) fn pointer_leave(self) {
        self.update(|state| {
            state.pointer = None;
            state.hovered = None;
        });
        self.say_beside(None);
    }

    pub(super) fn wheel(self, event: &WheelEvent) {
        event.prevent_default();
        let unit = match event.delta_mode() {
            WheelEvent::DOM_DELTA_LINE => LINE,
            WheelEvent::DOM_DELTA_PAGE => LINE * 20.0,
            _ => 1.0,
        };
        let (x, y) = (event.delta_x() * unit, event.delta_y() * unit);
        self.measure();
        self.update(|state| {
            let at = state.on_board(event);
            let view = if event.ctrl_key() || event.meta_key() {
                // A pinch on a touchpad comes in small steps, a wheel in steps of a hundred.
                let rate = if y.abs() < 40.0 { 0.01 } else { 0.002 };
                state.view.zoomed(js_sys::Math::exp(-y * rate), at)
            } else if event.shift_key() && x == 0.0 {
                state.view.moved(-y, 0.0)
            } else {
                state.view.moved(-x, -y)
            };
            state.turn(view);
        });
        self.say_beside(None);
        self.remember();
    }

    /// Gives the board the keyboard without moving the page.
    pub(super) fn focus_quietly(self) {
        let board = self
            .read(|state| {
                state
                    .elements
                    .as_ref()
                    .map(|elements| elements.board.clone())
            })
            .flatten();
        let Some(board) = board else { return };
        let is_focused = crate::platform::document()
            .active_element()
            .is_some_and(|active| active.is_same_node(Some(&board)));
        if !is_focused {
            // An element that cannot take the focus leaves it where it is.
            let _ = board.focus();
        }
    }

    fn say_beside(self, tip: Option<Tip>) {
        if self.tip.with_untracked(|now| *now != tip) {
            self.tip.set(tip);
        }
    }
}
