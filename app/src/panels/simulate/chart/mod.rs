//! The times of requests and of all nodes as one drawing: a row each, from p50 to p99 on a
//! logarithmic scale, with the distribution above it. The page and the file that is saved show the
//! same shapes.

mod file;
mod line;
mod scale;

use crate::simulation::Figures;
use crate::ui::duration;
pub(super) use file::csv;
use line::overload;
pub(super) use line::{Line, cannot_keep_up};
use scale::{Scale, area, curve};

/// Something drawn; `class` gives its colours.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    Line {
        class: &'static str,
        from: [f64; 2],
        to: [f64; 2],
    },
    Dot {
        class: &'static str,
        at: [f64; 2],
    },
    Area {
        class: &'static str,
        path: String,
    },
    Text {
        class: &'static str,
        at: [f64; 2],
        anchor: &'static str,
        text: String,
    },
}

/// The part of the drawing that is about one thing.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    /// The node that it is about; none for requests.
    pub(super) node: Option<String>,
    /// Its upper edge.
    pub(super) top: f64,
    /// What it shows, in words.
    pub(super) label: String,
    pub(super) shapes: Vec<Shape>,
}

/// The drawing.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chart {
    pub(super) width: f64,
    pub(super) height: f64,
    /// Scale and grid.
    pub(super) frame: Vec<Shape>,
    pub(super) rows: Vec<Row>,
}

pub(super) const ROW: f64 = 32.0;
const TOP: f64 = 14.0;
const FOOT: f64 = 22.0;
const RIGHT: f64 = 14.0;

impl Chart {
    /// The drawing of a width; none where nothing has times.
    pub(super) fn new(figures: &Figures, width: f64) -> Option<Self> {
        let left = (width * 0.24).clamp(88.0, 132.0);
        let lines: Vec<Line<'_>> = Line::all(figures).filter(Line::is_drawn).collect();
        let scale = Scale::of(lines.iter(), left, (width - RIGHT).max(left + 40.0))?;
        let count = lines.len() as f64;
        let foot = TOP + ROW * count;
        let mut frame = Vec::new();
        for tick in scale.ticks() {
            let x = scale.at(tick);
            frame.push(Shape::Line {
                class: "grid",
                from: [x, TOP],
                to: [x, foot],
            });
            frame.push(Shape::Text {
                class: "tick",
                at: [x, foot + 15.0],
                anchor: "middle",
                text: duration(tick),
            });
        }
        let mut legend = true;
        let rows = lines.iter().enumerate().map(|(at, line)| {
            let top = TOP + ROW * at as f64;
            let is_timed = line.overload().is_none();
            let shapes = row(line, top, scale, legend && is_timed);
            legend &= !is_timed;
            Row {
                node: line.node.is_some().then(|| line.name.to_owned()),
                top,
                label: line.label(),
                shapes,
            }
        });
        Some(Self {
            width,
            height: foot + FOOT,
            rows: rows.collect(),
            frame,
        })
    }
}

fn row(line: &Line<'_>, top: f64, scale: Scale, legend: bool) -> Vec<Shape> {
    let base = top + 26.0;
    let text = |class, at, anchor, text| Shape::Text {
        class,
        at,
        anchor,
        text,
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A few letters.
    let letters = ((scale.left - 12.0) / 6.8) as usize;
    let name = if line.node.is_some() {
        "name"
    } else {
        "name whole"
    };
    let mut shapes = vec![
        text(
            name,
            [0.0, base + 1.0],
            "start",
            shortened(line.name, letters),
        ),
        Shape::Line {
            class: "base",
            from: [scale.left, base],
            to: [scale.right, base],
        },
    ];
    if let Some(asked) = line.overload() {
        let asked = overload(asked);
        let said = format!("cannot keep up: {asked} of its capacity asked");
        shapes.push(text(
            "unstable",
            [scale.left + 4.0, base - 6.0],
            "start",
            said,
        ));
        return shapes;
    }
    let (Some(p50), Some(p95), Some(p99)) =
        (line.times.p50_ms, line.times.p95_ms, line.times.p99_ms)
    else {
        return shapes;
    };
    let [x50, x95, x99] = [p50, p95, p99].map(|time| scale.at(time));
    let curve = curve(&line.times.bins, scale);
    for (class, from, to) in [("body", scale.left, x95), ("tail", x95, scale.right)] {
        if let Some(path) = area(&curve, from, to, base) {
            shapes.push(Shape::Area { class, path });
        }
    }
    let upright = |class, x, height| Shape::Line {
        class,
        from: [x, base - height],
        to: [x, base + 3.0],
    };
    shapes.push(Shape::Line {
        class: "range",
        from: [x50, base],
        to: [x99, base],
    });
    shapes.push(upright("p95", x95, 7.0));
    shapes.push(upright("p99", x99, 4.0));
    shapes.push(Shape::Dot {
        class: "p50",
        at: [x50, base],
    });
    if let Some(goal) = &line.goal {
        let x = scale.at(goal.ms);
        let (class, words_class) = if goal.is_missed {
            ("over", "over-text")
        } else {
            ("budget", "budget-text")
        };
        shapes.push(Shape::Line {
            class,
            from: [x, top + 4.0],
            to: [x, base + 3.0],
        });
        // Without room the line stands alone; the row's title and the table say the same.
        if x + 4.0 + 5.8 * goal.words.len() as f64 <= scale.right {
            shapes.push(text(
                words_class,
                [x + 4.0, top + 11.0],
                "start",
                goal.words.clone(),
            ));
        }
    }
    if legend {
        let mut last = f64::NEG_INFINITY;
        for (x, what) in [(x50, "p50"), (x95, "p95"), (x99, "p99")] {
            if x - last > 26.0 {
                shapes.push(text("mark", [x, top - 4.0], "middle", what.to_owned()));
                last = x;
            }
        }
    }
    shapes
}

fn shortened(name: &str, letters: usize) -> String {
    if name.chars().count() <= letters {
        return name.to_owned();
    }
    let kept: String = name.chars().take(letters.saturating_sub(1)).collect();
    kept + "…"
}

#[cfg(test)]
mod tests;
