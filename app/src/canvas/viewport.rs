use modelspec_core::edit::Point2;

use super::geometry::Rect;
use crate::platform;

/// The farthest that zooming leads; showing all of a large graph goes beyond.
const FARTHEST: f64 = 0.05;
/// The nearest.
const NEAREST: f64 = 3.0;
/// What stays free around all that is shown, in pixels.
const MARGIN: f64 = 56.0;

/// What part of the graph is seen: a point of it stands at `point · zoom + (x, y)` on the screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct View {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) zoom: f64,
}

impl View {
    /// Where the graph's origin is in the upper left corner.
    pub(super) const START: Self = Self {
        x: MARGIN,
        y: MARGIN,
        zoom: 1.0,
    };

    pub(super) fn to_screen(self, point: Point2) -> Point2 {
        Point2::new(
            point.x.mul_add(self.zoom, self.x),
            point.y.mul_add(self.zoom, self.y),
        )
    }

    pub(super) fn to_graph(self, point: Point2) -> Point2 {
        Point2::new(
            (point.x - self.x) / self.zoom,
            (point.y - self.y) / self.zoom,
        )
    }

    /// The part that a screen of a size shows.
    pub(super) fn shown(self, size: (f64, f64)) -> Rect {
        let corner = self.to_graph(Point2::new(0.0, 0.0));
        Rect::new(corner.x, corner.y, size.0 / self.zoom, size.1 / self.zoom)
    }

    pub(super) fn moved(self, x: f64, y: f64) -> Self {
        Self {
            x: self.x + x,
            y: self.y + y,
            ..self
        }
    }

    /// Nearer or farther, while what is at a place of the screen stays there.
    pub(super) fn zoomed(self, factor: f64, at: Point2) -> Self {
        let least = FARTHEST.min(self.zoom);
        self.zoomed_to((self.zoom * factor).clamp(least, NEAREST), at)
    }

    /// At a zoom, while what is at a place of the screen stays there.
    pub(super) fn zoomed_to(self, zoom: f64, at: Point2) -> Self {
        let fixed = self.to_graph(at);
        Self {
            x: fixed.x.mul_add(-zoom, at.x),
            y: fixed.y.mul_add(-zoom, at.y),
            zoom,
        }
    }

    /// All of a part, in the middle, at full size at most.
    pub(super) fn fitting(part: Rect, size: (f64, f64)) -> Self {
        let margin = MARGIN.min(size.0 / 10.0);
        let room = |side: f64| 2.0f64.mul_add(-margin, side).max(1.0);
        let zoom = (room(size.0) / part.width.max(1.0))
            .min(room(size.1) / part.height.max(1.0))
            .min(1.0);
        let middle = part.middle();
        Self {
            x: middle.x.mul_add(-zoom, size.0 / 2.0).round(),
            y: middle.y.mul_add(-zoom, size.1 / 2.0).round(),
            zoom,
        }
    }

    /// Moved by the least that shows a part, where it is not shown.
    pub(super) fn showing(self, part: Rect, size: (f64, f64)) -> Self {
        let corner = self.to_screen(part.corner());
        let end = self.to_screen(Point2::new(part.right(), part.bottom()));
        let slide = |from: f64, to: f64, side: f64| {
            let margin = 32.0_f64.min(side / 8.0);
            if from < margin {
                margin - from
            } else if to > side - margin {
                // What is larger than the screen shows its beginning.
                (side - margin - to).max(margin - from)
            } else {
                0.0
            }
        };
        self.moved(
            slide(corner.x, end.x, size.0),
            slide(corner.y, end.y, size.1),
        )
    }

    /// Remembers it for a document of a name.
    pub(super) fn remember(self, name: &str) {
        let whole = |value: f64| value.round().to_string();
        let words = [whole(self.x), whole(self.y), whole(self.zoom * 1000.0)];
        platform::remember(&format!("view:{name}"), &words.join(" "));
    }

    /// What was seen last of a document of a name.
    pub(super) fn remembered(name: &str) -> Option<Self> {
        let words = platform::remembered(&format!("view:{name}"))?;
        let mut numbers = words.split(' ').map(|word| word.parse::<f64>().ok());
        let (x, y, zoom) = (
            numbers.next()??,
            numbers.next()??,
            numbers.next()?? / 1000.0,
        );
        let sound = x.is_finite() && y.is_finite() && (0.001..=NEAREST).contains(&zoom);
        sound.then_some(Self { x, y, zoom })
    }
}
