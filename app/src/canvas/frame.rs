//! What one frame draws.

use web_sys::HtmlElement;

use super::board::State;
use super::cards::Context;
use super::geometry::Rect;
use super::gestures::Gesture;
use super::painter::Picture;
use super::scene::Hit;
use crate::platform;

/// So many boxes are elements at most; more are painted.
const MOST_CARDS: usize = 300;
/// Below this zoom boxes are painted.
pub(super) const CARDS: f64 = 0.35;

impl State {
    pub(super) fn draw(&mut self) {
        if self.size.0 <= 0.0 || self.elements.is_none() {
            return;
        }
        let shown = self.view.shown(self.size).grown(12.0 / self.view.zoom);
        let (mut boxes, mut links) = (
            core::mem::take(&mut self.boxes),
            core::mem::take(&mut self.links),
        );
        self.scene.boxes_in(shown, &mut boxes);
        self.scene.links_in(shown, &mut links);
        // The grid knows nothing of what is being dragged.
        if let Gesture::Drag(drag) = &self.gesture {
            for &(slot, _) in &drag.boxes {
                if !boxes.contains(&slot) {
                    boxes.push(slot);
                }
                let ends = self
                    .scene
                    .boxes
                    .get(slot)
                    .map_or(&[][..], |block| &block.links);
                links.extend(
                    ends.iter()
                        .filter(|link| !links.contains(link))
                        .copied()
                        .collect::<Vec<_>>(),
                );
            }
        }
        self.near = self.view.zoom > CARDS && boxes.len() <= MOST_CARDS;
        let none = Vec::new();
        let (cards, painted) = if self.near {
            (&boxes, &none)
        } else {
            (&none, &boxes)
        };
        let hovered_link = match self.hovered {
            Some(Hit::Link(slot)) => Some(slot),
            _ => None,
        };
        let hovered_box = match self.hovered {
            Some(Hit::Block(slot) | Hit::Port(slot, _)) => Some(slot),
            _ => None,
        };
        self.painter.paint(&Picture {
            scene: &self.scene,
            view: self.view,
            size: self.size,
            ratio: platform::window().device_pixel_ratio(),
            boxes: painted,
            links: &links,
            hovered: hovered_link,
        });
        let refused = match &self.gesture {
            Gesture::Wire(wire) => Some(|slot, row| wire.refuses(&self.scene, slot, row)),
            _ => None,
        };
        let context = Context {
            scene: &self.scene,
            figures: self.figures.as_deref(),
            refused: refused
                .as_ref()
                .map(|refused| refused as &dyn Fn(usize, usize) -> bool),
            hovered: hovered_box,
        };
        let labels = if self.near { &links } else { &none };
        self.cards.show(&context, self.view, cards, labels);
        self.minimap
            .draw(&self.scene, self.view, self.size, &self.painter.palette);
        self.draw_overlays();
        (self.boxes, self.links) = (boxes, links);
    }

    /// The dots of the ground, the link that is being drawn, and the box that selects.
    fn draw_overlays(&self) {
        let Some(elements) = &self.elements else {
            return;
        };
        let set = |element: &HtmlElement, property: &str, value: &str| {
            let _ = element.style().set_property(property, value);
        };
        let mut step = 24.0 * self.view.zoom;
        while step < 14.0 {
            step *= 2.0;
        }
        set(
            &elements.dots,
            "background-size",
            &format!("{step}px {step}px"),
        );
        let (x, y) = (self.view.x.rem_euclid(step), self.view.y.rem_euclid(step));
        set(&elements.dots, "translate", &format!("{x}px {y}px"));
        let path = match &self.gesture {
            Gesture::Wire(wire) => {
                let _ = elements
                    .wire
                    .set_attribute("class", &format!("kind-{}", wire.kind.word()));
                wire.path(self.view)
            }
            _ => String::new(),
        };
        let _ = elements.wire.set_attribute("d", &path);
        match &self.gesture {
            Gesture::Area(area) => {
                let part =
                    Rect::between(self.view.to_screen(area.from), self.view.to_screen(area.to));
                set(
                    &elements.area,
                    "translate",
                    &format!("{}px {}px", part.left, part.top),
                );
                set(&elements.area, "width", &format!("{}px", part.width));
                set(&elements.area, "height", &format!("{}px", part.height));
                elements.area.set_hidden(false);
            }
            _ => elements.area.set_hidden(true),
        }
        let doing = match (&self.gesture, self.hovered) {
            (Gesture::Pan(_) | Gesture::Pinch(_), _) => "panning",
            (Gesture::Drag(_), _) => "dragging",
            (Gesture::Wire(_), _) => "connecting",
            _ if self.space => "ready",
            (Gesture::None, Some(Hit::Port(..))) => "port",
            (Gesture::None, Some(Hit::Block(_) | Hit::Link(_))) => "item",
            _ => "",
        };
        if elements.board.get_attribute("data-doing").as_deref() != Some(doing) {
            let _ = elements.board.set_attribute("data-doing", doing);
        }
    }
}
