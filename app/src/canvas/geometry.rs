use modelspec_core::edit::Point2;

/// An upright rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rect {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Rect {
    pub(super) const fn new(left: f64, top: f64, width: f64, height: f64) -> Self {
        Self {
            left,
            top,
            width,
            height,
        }
    }

    /// The least that holds two points.
    pub(super) fn between(a: Point2, b: Point2) -> Self {
        let (left, top) = (a.x.min(b.x), a.y.min(b.y));
        Self::new(left, top, (a.x - b.x).abs(), (a.y - b.y).abs())
    }

    /// The least that holds all points.
    pub(super) fn around(points: impl IntoIterator<Item = Point2>) -> Self {
        let mut points = points.into_iter();
        let Some(first) = points.next() else {
            return Self::default();
        };
        points.fold(Self::new(first.x, first.y, 0.0, 0.0), |rect, point| {
            rect.union(Self::new(point.x, point.y, 0.0, 0.0))
        })
    }

    pub(super) fn right(self) -> f64 {
        self.left + self.width
    }

    pub(super) fn bottom(self) -> f64 {
        self.top + self.height
    }

    pub(super) fn corner(self) -> Point2 {
        Point2::new(self.left, self.top)
    }

    pub(super) fn middle(self) -> Point2 {
        Point2::new(self.left + self.width / 2.0, self.top + self.height / 2.0)
    }

    pub(super) fn contains(self, point: Point2) -> bool {
        (self.left..=self.right()).contains(&point.x)
            && (self.top..=self.bottom()).contains(&point.y)
    }

    pub(super) fn overlaps(self, other: Self) -> bool {
        self.left <= other.right()
            && other.left <= self.right()
            && self.top <= other.bottom()
            && other.top <= self.bottom()
    }

    pub(super) fn union(self, other: Self) -> Self {
        let (left, top) = (self.left.min(other.left), self.top.min(other.top));
        let right = self.right().max(other.right());
        let bottom = self.bottom().max(other.bottom());
        Self::new(left, top, right - left, bottom - top)
    }

    /// Wider by so much on each side.
    pub(super) fn grown(self, by: f64) -> Self {
        let twice = by * 2.0;
        Self::new(
            self.left - by,
            self.top - by,
            self.width + twice,
            self.height + twice,
        )
    }
}

/// How far two points are apart, squared.
pub(super) fn distance2(a: Point2, b: Point2) -> f64 {
    let (x, y) = (a.x - b.x, a.y - b.y);
    x.mul_add(x, y * y)
}

/// How far a point is from a straight line between two others, squared.
pub(super) fn distance2_to_line(point: Point2, a: Point2, b: Point2) -> f64 {
    let length2 = distance2(a, b);
    if length2 == 0.0 {
        return distance2(point, a);
    }
    let along = (point.x - a.x).mul_add(b.x - a.x, (point.y - a.y) * (b.y - a.y)) / length2;
    let along = along.clamp(0.0, 1.0);
    let nearest = Point2::new(
        (b.x - a.x).mul_add(along, a.x),
        (b.y - a.y).mul_add(along, a.y),
    );
    distance2(point, nearest)
}
