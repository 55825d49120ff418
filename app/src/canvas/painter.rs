use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use modelspec_core::check::Severity;
use modelspec_core::order::Gather as _;
use modelspec_core::spec::Kind;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, Path2d};

use super::geometry::Rect;
use super::palette::Palette;
use super::route::Pen as _;
use super::scene::{Link, Scene};
use super::viewport::View;

/// Below this zoom names cannot be read.
const NAMES: f64 = 0.14;
/// Below this zoom a curve looks like a line.
const CURVES: f64 = 0.2;
/// So many links are drawn as paths that are kept, since telling each anew takes longer.
const KEPT: usize = 1500;

/// What lines share a path: a colour and whether they are dashed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ink {
    Kind(Kind),
    Control,
    Warning,
    Error,
    Selected,
}

/// The 2D canvas below the cards: links, and the boxes that are too small or many to be elements.
#[derive(Default)]
pub(super) struct Painter {
    context: Option<CanvasRenderingContext2d>,
    pub(super) palette: Palette,
    /// Straight lines of all links, kept until the scene changes.
    kept: Vec<(Ink, Path2d)>,
    dash: Option<js_sys::Array>,
    short_dash: Option<js_sys::Array>,
    solid: js_sys::Array,
}

/// What is to be painted.
pub(super) struct Picture<'a> {
    pub(super) scene: &'a Scene,
    pub(super) view: View,
    pub(super) size: (f64, f64),
    pub(super) ratio: f64,
    /// The boxes to paint; none where they are elements.
    pub(super) boxes: &'a [usize],
    pub(super) links: &'a [usize],
    pub(super) hovered: Option<usize>,
}

impl Painter {
    pub(super) fn attach(&mut self, canvas: &HtmlCanvasElement) {
        let context = canvas.get_context("2d").ok().flatten();
        self.context = context.and_then(|context| context.dyn_into().ok());
        self.palette = Palette::read(canvas);
        let numbers =
            |on: f64, off: f64| js_sys::Array::of2(&JsValue::from_f64(on), &JsValue::from_f64(off));
        self.dash = Some(numbers(6.0, 4.0));
        self.short_dash = Some(numbers(2.0, 4.0));
    }

    /// Forgets what was kept of a scene.
    pub(super) fn forget(&mut self) {
        self.kept.clear();
    }

    pub(super) fn paint(&mut self, picture: &Picture<'_>) {
        let Some(context) = self.context.clone() else {
            return;
        };
        let Picture {
            view, size, ratio, ..
        } = *picture;
        // None of these fails for finite numbers.
        let _ = context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
        context.clear_rect(0.0, 0.0, size.0, size.1);
        let _ = context.set_transform(
            ratio * view.zoom,
            0.0,
            0.0,
            ratio * view.zoom,
            ratio * view.x,
            ratio * view.y,
        );
        context.set_line_cap("round");
        context.set_line_join("round");
        if picture.links.len() > KEPT {
            self.paint_kept(&context, picture);
        } else {
            self.paint_links(&context, picture);
        }
        if !picture.boxes.is_empty() {
            self.paint_boxes(&context, picture);
        }
    }

    fn paint_links(&self, context: &CanvasRenderingContext2d, picture: &Picture<'_>) {
        let mut inks: BTreeMap<Ink, Vec<&Link>> = BTreeMap::new();
        for &slot in picture.links {
            let Some(link) = picture.scene.links.get(slot) else {
                continue;
            };
            inks.entry(ink(link)).or_default().push(link);
        }
        let straight = picture.view.zoom < CURVES;
        for (ink, links) in inks {
            context.begin_path();
            for link in links {
                let mut pen = context;
                if straight {
                    let (from, to) = link.route.ends();
                    pen.start(from);
                    pen.line(to);
                } else {
                    link.route.draw(&mut pen);
                }
            }
            self.ready(context, ink, picture.view.zoom);
            context.stroke();
        }
        if let Some(link) = picture
            .hovered
            .and_then(|slot| picture.scene.links.get(slot))
        {
            context.begin_path();
            link.route.draw(&mut &*context);
            self.ready(context, ink(link), picture.view.zoom);
            context.set_line_width(4.0 / picture.view.zoom.max(0.5));
            context.stroke();
        }
    }

    /// All links as straight lines; those of one ink were made a path before.
    fn paint_kept(&mut self, context: &CanvasRenderingContext2d, picture: &Picture<'_>) {
        if self.kept.is_empty() {
            let mut paths: BTreeMap<Ink, Path2d> = BTreeMap::new();
            for link in &picture.scene.links {
                let ink = ink(link);
                let mut path: &Path2d = match paths.entry(ink) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(place) => {
                        let Ok(path) = Path2d::new() else { return };
                        place.insert(path)
                    }
                };
                let (from, to) = link.route.ends();
                path.start(from);
                path.line(to);
            }
            self.kept = paths.into_iter().gather();
        }
        for (ink, path) in &self.kept {
            self.ready(context, *ink, picture.view.zoom);
            // Dashes of ten thousand lines cost more than they tell.
            let _ = context.set_line_dash(&self.solid);
            context.stroke_with_path(path);
        }
    }

    /// Takes up a pen.
    fn ready(&self, context: &CanvasRenderingContext2d, ink: Ink, zoom: f64) {
        let palette = &self.palette;
        let (color, dash, width) = match ink {
            Ink::Kind(kind) => (palette.kind(kind), None, 1.75),
            Ink::Control => (palette.faint.as_str(), self.short_dash.as_ref(), 1.5),
            Ink::Warning => (palette.warning.as_str(), None, 2.0),
            Ink::Error => (palette.error.as_str(), self.dash.as_ref(), 2.0),
            Ink::Selected => (palette.accent.as_str(), None, 3.0),
        };
        context.set_stroke_style_str(color);
        // Thin lines stay visible from afar.
        context.set_line_width(width / zoom.clamp(0.5, 1.0) * (zoom / 0.2).clamp(0.5, 1.0));
        let _ = context.set_line_dash(dash.unwrap_or(&self.solid));
    }

    fn paint_boxes(&self, context: &CanvasRenderingContext2d, picture: &Picture<'_>) {
        let zoom = picture.view.zoom;
        let palette = &self.palette;
        let blocks = || {
            picture
                .boxes
                .iter()
                .filter_map(|&slot| picture.scene.boxes.get(slot))
        };
        let fill = |color: &str, rects: &mut dyn Iterator<Item = Rect>| {
            context.begin_path();
            for rect in rects {
                context.rect(rect.left, rect.top, rect.width, rect.height);
            }
            context.set_fill_style_str(color);
            context.fill();
        };
        fill(&palette.surface, &mut blocks().map(|block| block.rect));
        context.set_stroke_style_str(&palette.line);
        context.set_line_width(1.0 / zoom);
        let _ = context.set_line_dash(&self.solid);
        context.stroke();
        let strip =
            |rect: Rect| Rect::new(rect.left, rect.top, rect.width, 10.0_f64.max(2.0 / zoom));
        for (severity, color) in [
            (Severity::Warning, &palette.warning),
            (Severity::Error, &palette.error),
        ] {
            let found = blocks().filter(|block| {
                block
                    .finding
                    .as_ref()
                    .is_some_and(|finding| finding.severity == severity)
            });
            fill(color, &mut found.map(|block| strip(block.rect)));
        }
        context.begin_path();
        for block in blocks().filter(|block| block.selected) {
            let Rect {
                left,
                top,
                width,
                height,
            } = block.rect;
            context.rect(left, top, width, height);
        }
        context.set_stroke_style_str(&palette.accent);
        context.set_line_width(3.0 / zoom);
        context.stroke();
        if zoom >= NAMES {
            // Larger than on a card, so that it can be read from where cards cannot.
            let height = (11.0 / zoom).clamp(13.0, 34.0);
            context.set_font(&format!("600 {}px system-ui, sans-serif", height.round()));
            context.set_fill_style_str(&palette.text);
            context.set_text_baseline("middle");
            for block in blocks() {
                let (middle, name) = (block.rect.middle(), block.item.name());
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                // Small and positive.
                let most = (block.rect.width / height * 2.0) as usize;
                let name: String = if name.len() > most {
                    name.chars()
                        .take(most.saturating_sub(1))
                        .chain(['…'])
                        .collect()
                } else {
                    name.to_owned()
                };
                let (left, room) = (block.rect.left + 10.0, block.rect.width - 20.0);
                let _ = context.fill_text_with_max_width(&name, left, middle.y, room);
            }
        }
    }
}

fn ink(link: &Link) -> Ink {
    if link.selected {
        return Ink::Selected;
    }
    match link.finding.as_ref().map(|finding| finding.severity) {
        Some(Severity::Error) => Ink::Error,
        Some(Severity::Warning) => Ink::Warning,
        _ if link.control => Ink::Control,
        _ => Ink::Kind(link.kind),
    }
}
