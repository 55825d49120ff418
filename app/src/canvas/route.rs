use std::fmt::Write as _;

use modelspec_core::edit::Point2;

use super::geometry::{Rect, distance2, distance2_to_line};

/// How far an edge runs straight out of a port before it turns.
const STUB: f64 = 20.0;
/// The radius of a turn.
const TURN: f64 = 8.0;
/// What an edge keeps between itself and the boxes that it passes.
const CLEARANCE: f64 = 18.0;

/// The way of an edge over the canvas.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Route {
    /// A curve with its two handles.
    Curve([Point2; 4]),
    /// Straight pieces around boxes, with round turns.
    Turns(Vec<Point2>),
}

/// What a route is drawn with.
pub(super) trait Pen {
    fn start(&mut self, at: Point2);
    fn line(&mut self, to: Point2);
    fn turn(&mut self, corner: Point2, to: Point2);
    fn curve(&mut self, handles: [Point2; 2], to: Point2);
}

impl Route {
    /// From an output to an input. `lane` tells edges of one box apart, and `ahead` gives the boxes
    /// that a part of the plane holds, those at both ends left out.
    pub(super) fn new(
        from: Point2,
        to: Point2,
        ends: (Rect, Rect),
        lane: f64,
        mut ahead: impl FnMut(Rect) -> Vec<Rect>,
    ) -> Self {
        let stub = lane.mul_add(5.0, STUB);
        if to.x < from.x + STUB {
            return Self::around(from, to, ends, lane);
        }
        let curve = Self::curve(from, to);
        let passed = ahead(Rect::between(from, to).grown(1.0));
        let blocking = |route: &Self, boxes: &[Rect]| -> Option<Rect> {
            let points = route.points();
            let hit = boxes.iter().filter(|rect| {
                let rect = rect.grown(-4.0);
                points.iter().any(|point| rect.contains(*point))
            });
            hit.copied().reduce(Rect::union)
        };
        let Some(mut wall) = blocking(&curve, &passed) else {
            return curve;
        };
        // Over or under what is in the way, whichever is nearer; what that meets joins the wall.
        for _ in 0..3 {
            let middle = f64::midpoint(from.y, to.y);
            let (over, under) = (wall.top - CLEARANCE, wall.bottom() + CLEARANCE);
            let over_is_near = (over - middle).abs() <= (under - middle).abs();
            let level = if over_is_near { over } else { under };
            let sign = if over_is_near { -1.0 } else { 1.0 };
            let level = (lane * sign).mul_add(3.0, level);
            let (left, right) = (from.x + stub, to.x - stub);
            if left >= right {
                break;
            }
            let route = Self::Turns(vec![
                from,
                Point2::new(left, from.y),
                Point2::new(left, level),
                Point2::new(right, level),
                Point2::new(right, to.y),
                to,
            ]);
            let met = ahead(Rect::around(route.points()));
            match blocking(&route, &met) {
                Some(more) => wall = wall.union(more),
                None => return route,
            }
        }
        curve
    }

    /// A plain curve to the right.
    pub(super) fn curve(from: Point2, to: Point2) -> Self {
        let reach = ((to.x - from.x).abs() / 2.0).clamp(24.0, 160.0);
        Self::Curve([
            from,
            Point2::new(from.x + reach, from.y),
            Point2::new(to.x - reach, to.y),
            to,
        ])
    }

    /// Back to the left: between the boxes where there is room, else under both.
    fn around(from: Point2, to: Point2, ends: (Rect, Rect), lane: f64) -> Self {
        let (source, target) = ends;
        let stub = lane.mul_add(5.0, STUB);
        // What runs in one gap runs side by side.
        let aside = (lane - 1.5) * 5.0;
        let level = if target.top - source.bottom() >= 2.0 * TURN {
            f64::midpoint(target.top, source.bottom()) + aside
        } else if source.top - target.bottom() >= 2.0 * TURN {
            f64::midpoint(source.top, target.bottom()) + aside
        } else {
            source.bottom().max(target.bottom()) + stub
        };
        let (right, left) = (from.x + stub, to.x - stub);
        Self::Turns(vec![
            from,
            Point2::new(right, from.y),
            Point2::new(right, level),
            Point2::new(left, level),
            Point2::new(left, to.y),
            to,
        ])
    }

    pub(super) fn ends(&self) -> (Point2, Point2) {
        match self {
            Self::Curve([from, _, _, to]) => (*from, *to),
            Self::Turns(points) => (
                points.first().copied().unwrap_or_default(),
                points.last().copied().unwrap_or_default(),
            ),
        }
    }

    pub(super) fn bounds(&self) -> Rect {
        match self {
            Self::Curve(points) => Rect::around(*points),
            Self::Turns(points) => Rect::around(points.iter().copied()),
        }
    }

    /// Points along it, near enough to one another to measure by.
    fn points(&self) -> Vec<Point2> {
        match self {
            Self::Curve(curve) => (0..=24)
                .map(|step| on_curve(curve, f64::from(step) / 24.0))
                .collect(),
            Self::Turns(points) => points
                .windows(2)
                .flat_map(|pair| {
                    let (a, b) = (pair[0], pair[1]);
                    (0..=12).map(move |step| between(a, b, f64::from(step) / 12.0))
                })
                .collect(),
        }
    }

    /// Half way along it.
    pub(super) fn middle(&self) -> Point2 {
        match self {
            Self::Curve(curve) => on_curve(curve, 0.5),
            Self::Turns(points) => {
                let longest = points
                    .windows(2)
                    .max_by(|a, b| distance2(a[0], a[1]).total_cmp(&distance2(b[0], b[1])));
                longest.map_or_else(Point2::default, |pair| between(pair[0], pair[1], 0.5))
            }
        }
    }

    /// How far a point is from it, squared.
    pub(super) fn distance2(&self, point: Point2) -> f64 {
        let near = |points: &[Point2]| {
            points
                .windows(2)
                .map(|pair| distance2_to_line(point, pair[0], pair[1]))
                .fold(f64::INFINITY, f64::min)
        };
        match self {
            Self::Curve(_) => near(&self.points()),
            Self::Turns(points) => near(points),
        }
    }

    pub(super) fn draw(&self, pen: &mut impl Pen) {
        match self {
            Self::Curve([from, a, b, to]) => {
                pen.start(*from);
                pen.curve([*a, *b], *to);
            }
            Self::Turns(points) => {
                let Some((first, rest)) = points.split_first() else {
                    return;
                };
                pen.start(*first);
                let mut at = *first;
                for (step, corner) in rest.iter().enumerate() {
                    let Some(next) = rest.get(step + 1) else {
                        pen.line(*corner);
                        break;
                    };
                    pen.line(towards(*corner, at));
                    pen.turn(*corner, towards(*corner, *next));
                    at = *corner;
                }
            }
        }
    }
}

/// Where a turn at a corner begins on the way to another point.
fn towards(corner: Point2, other: Point2) -> Point2 {
    let length = distance2(corner, other).sqrt();
    if length == 0.0 {
        return corner;
    }
    between(corner, other, (TURN / length).min(0.5))
}

fn between(a: Point2, b: Point2, share: f64) -> Point2 {
    Point2::new(
        (b.x - a.x).mul_add(share, a.x),
        (b.y - a.y).mul_add(share, a.y),
    )
}

fn on_curve(curve: &[Point2; 4], t: f64) -> Point2 {
    let [from, out, back, to] = *curve;
    let middle = between(out, back, t);
    let first = between(between(from, out, t), middle, t);
    let last = between(middle, between(back, to, t), t);
    between(first, last, t)
}

impl Pen for String {
    fn start(&mut self, at: Point2) {
        word(self, "M", &[at]);
    }

    fn line(&mut self, to: Point2) {
        word(self, "L", &[to]);
    }

    fn turn(&mut self, corner: Point2, to: Point2) {
        word(self, "Q", &[corner, to]);
    }

    fn curve(&mut self, handles: [Point2; 2], to: Point2) {
        word(self, "C", &[handles[0], handles[1], to]);
    }
}

/// One command of an SVG path, in whole pixels.
fn word(path: &mut String, command: &str, points: &[Point2]) {
    path.push_str(command);
    for point in points {
        let _ = write!(path, "{} {} ", point.x.round(), point.y.round());
    }
}

impl Pen for &web_sys::Path2d {
    fn start(&mut self, at: Point2) {
        self.move_to(at.x, at.y);
    }

    fn line(&mut self, to: Point2) {
        self.line_to(to.x, to.y);
    }

    fn turn(&mut self, corner: Point2, to: Point2) {
        self.quadratic_curve_to(corner.x, corner.y, to.x, to.y);
    }

    fn curve(&mut self, handles: [Point2; 2], to: Point2) {
        let [a, b] = handles;
        self.bezier_curve_to(a.x, a.y, b.x, b.y, to.x, to.y);
    }
}

impl Pen for &web_sys::CanvasRenderingContext2d {
    fn start(&mut self, at: Point2) {
        self.move_to(at.x, at.y);
    }

    fn line(&mut self, to: Point2) {
        self.line_to(to.x, to.y);
    }

    fn turn(&mut self, corner: Point2, to: Point2) {
        self.quadratic_curve_to(corner.x, corner.y, to.x, to.y);
    }

    fn curve(&mut self, handles: [Point2; 2], to: Point2) {
        let [a, b] = handles;
        self.bezier_curve_to(a.x, a.y, b.x, b.y, to.x, to.y);
    }
}
