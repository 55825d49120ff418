use modelspec_core::check::Severity;
use modelspec_core::edit::Point2;
use wasm_bindgen::JsCast as _;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement};

use super::board::Board;
use super::geometry::Rect;
use super::palette::Palette;
use super::scene::{Block, Scene};
use super::viewport::View;
use crate::platform;

/// Its size, in pixels; the style sheet says the same.
const SIZE: (f64, f64) = (148.0, 88.0);

/// The whole graph, small, with a frame around what is seen.
#[derive(Default)]
pub(super) struct Minimap {
    canvas: Option<HtmlCanvasElement>,
    seen: Option<HtmlElement>,
    drawn: bool,
    /// Points of the graph to its pixels.
    scale: Scale,
}

/// A scale, and where the origin is.
#[derive(Clone, Copy, Default)]
struct Scale {
    factor: f64,
    x: f64,
    y: f64,
}

impl Minimap {
    pub(super) fn new(canvas: HtmlCanvasElement, seen: HtmlElement) -> Self {
        Self {
            canvas: Some(canvas),
            seen: Some(seen),
            ..Self::default()
        }
    }

    /// Draws the boxes anew at the next frame.
    pub(super) fn renew(&mut self) {
        self.drawn = false;
    }

    pub(super) fn draw(&mut self, scene: &Scene, view: View, size: (f64, f64), palette: &Palette) {
        if !self.drawn {
            self.drawn = true;
            self.draw_boxes(scene, palette);
        }
        let Some(frame) = &self.seen else { return };
        let part = view.shown(size);
        let Scale {
            factor: scale,
            x,
            y,
        } = self.scale;
        let clamp = |value: f64, most: f64| value.clamp(1.0, most - 1.0);
        let left = clamp(part.left.mul_add(scale, x), SIZE.0);
        let top = clamp(part.top.mul_add(scale, y), SIZE.1);
        let right = clamp(part.right().mul_add(scale, x), SIZE.0);
        let bottom = clamp(part.bottom().mul_add(scale, y), SIZE.1);
        let style = frame.style();
        for (property, value) in [
            ("translate", format!("{left}px {top}px")),
            ("width", format!("{}px", (right - left).max(4.0))),
            ("height", format!("{}px", (bottom - top).max(4.0))),
        ] {
            let _ = style.set_property(property, &value);
        }
    }

    fn draw_boxes(&mut self, scene: &Scene, palette: &Palette) {
        let Some(canvas) = &self.canvas else { return };
        let ratio = platform::window().device_pixel_ratio();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Small and positive.
        let pixels = |side: f64| (side * ratio).round() as u32;
        canvas.set_width(pixels(SIZE.0));
        canvas.set_height(pixels(SIZE.1));
        let part = scene.bounds.grown(80.0);
        let scale = (SIZE.0 / part.width).min(SIZE.1 / part.height);
        let middle = part.middle();
        self.scale = Scale {
            factor: scale,
            x: middle.x.mul_add(-scale, SIZE.0 / 2.0),
            y: middle.y.mul_add(-scale, SIZE.1 / 2.0),
        };
        let context = canvas.get_context("2d").ok().flatten();
        let Some(context) =
            context.and_then(|context| context.dyn_into::<CanvasRenderingContext2d>().ok())
        else {
            return;
        };
        let Scale {
            factor: scale,
            x,
            y,
        } = self.scale;
        let _ = context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
        let fill = |color: &str, wanted: &dyn Fn(&Block) -> bool| {
            context.begin_path();
            for block in scene.boxes.iter().filter(|block| wanted(block)) {
                let Rect {
                    left,
                    top,
                    width,
                    height,
                } = block.rect;
                context.rect(
                    left.mul_add(scale, x),
                    top.mul_add(scale, y),
                    (width * scale).max(1.5),
                    (height * scale).max(1.5),
                );
            }
            context.set_fill_style_str(color);
            context.fill();
        };
        let is = |block: &Block, severity| {
            !block.selected
                && block
                    .finding
                    .as_ref()
                    .is_some_and(|finding| finding.severity == severity)
        };
        fill(&palette.line, &|block| !block.selected);
        fill(&palette.warning, &|block| is(block, Severity::Warning));
        fill(&palette.error, &|block| is(block, Severity::Error));
        fill(&palette.accent, &|block| block.selected);
    }
}

impl Board {
    /// Moves the view to where the minimap was pressed.
    pub(super) fn jump(self, event: &web_sys::PointerEvent) {
        if event.buttons() & 1 == 0 {
            return;
        }
        let at = Point2::new(f64::from(event.offset_x()), f64::from(event.offset_y()));
        self.update(|state| {
            let Scale {
                factor: scale,
                x,
                y,
            } = state.minimap.scale;
            if scale > 0.0 {
                let zoom = state.view.zoom;
                state.turn(View {
                    x: ((at.x - x) / scale).mul_add(-zoom, state.size.0 / 2.0),
                    y: ((at.y - y) / scale).mul_add(-zoom, state.size.1 / 2.0),
                    zoom,
                });
            }
        });
        self.remember();
    }
}
