//! The times of all nodes as one drawing: a row a node, from p50 to p99 on a logarithmic scale, with
//! the distribution above it. The page and the file that is saved show the same shapes.

use core::fmt::Write as _;

use crate::simulation::{Bin, Figures, NodeFigures};
use crate::ui::{duration, figure};

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

/// A node's part of the drawing.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) name: String,
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

/// From milliseconds to a place.
#[derive(Clone, Copy, Debug)]
struct Scale {
    low: f64,
    high: f64,
    left: f64,
    right: f64,
}

impl Scale {
    /// Holds all that is drawn of the nodes.
    fn of<'a>(nodes: impl Iterator<Item = &'a NodeFigures>, left: f64, right: f64) -> Option<Self> {
        let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
        for node in nodes {
            let core = visible(&node.bins);
            let ends = core.first().zip(core.last());
            let times = [node.p50_ms, node.p99_ms, node.budget_ms];
            let bins = ends.map(|(first, last)| [first.low_ms, last.high_ms]);
            for time in times
                .into_iter()
                .flatten()
                .chain(bins.into_iter().flatten())
            {
                if time > 0.0 {
                    low = low.min(time);
                    high = high.max(time);
                }
            }
        }
        if high <= 0.0 {
            return None;
        }
        // One time alone still has something to either side.
        let room = libm::pow(high / low, 0.02).max(if high / low < 2.0 { 1.5 } else { 1.0 });
        Some(Self {
            low: low / room,
            high: high * room,
            left,
            right,
        })
    }

    fn at(self, ms: f64) -> f64 {
        let share = libm::log(ms.max(self.low) / self.low) / libm::log(self.high / self.low);
        self.left + share.min(1.0) * (self.right - self.left)
    }

    /// Round times with room between their labels.
    fn ticks(self) -> Vec<f64> {
        let mut ticks = Vec::new();
        let mut decade = libm::pow(10.0, libm::log10(self.low).floor());
        let mut last = f64::NEG_INFINITY;
        while decade <= self.high {
            for step in [1.0, 2.0, 5.0] {
                let tick = decade * step;
                let x = self.at(tick);
                if tick >= self.low && tick <= self.high && x - last >= 44.0 {
                    ticks.push(tick);
                    last = x;
                }
            }
            decade *= 10.0;
        }
        ticks
    }
}

/// The bins without the last thousandth at either end, which would only stretch the scale.
fn visible(bins: &[Bin]) -> &[Bin] {
    const CUT: f64 = 0.001;
    let beyond = |bins: &mut dyn Iterator<Item = &Bin>| {
        let mut sum = 0.0;
        bins.take_while(|bin| {
            sum += bin.share;
            sum < CUT
        })
        .count()
    };
    let low = beyond(&mut bins.iter());
    let high = bins.len() - beyond(&mut bins.iter().rev());
    bins.get(low..high).unwrap_or(bins)
}

impl Chart {
    /// The drawing of a width; none where no node has times.
    pub(super) fn new(figures: &Figures, width: f64) -> Option<Self> {
        let left = (width * 0.24).clamp(72.0, 132.0);
        let nodes = || figures.rows().map(|(_, node)| node);
        let scale = Scale::of(nodes(), left, (width - RIGHT).max(left + 40.0))?;
        let count = figures.order.len() as f64;
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
        let rows = figures.rows().enumerate().map(|(at, (name, node))| {
            let top = TOP + ROW * at as f64;
            let shapes = row(name, node, top, scale, legend && node.stable);
            legend &= !node.stable;
            Row {
                name: name.to_owned(),
                top,
                label: label(name, node),
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

    /// The drawing as a file of its own, on white.
    pub(super) fn to_svg(&self, title: &str) -> String {
        let (width, height) = (self.width, self.height);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\">\n\
             <title>{}</title>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n",
            escaped(title)
        );
        let rows = self.rows.iter().flat_map(|row| &row.shapes);
        for shape in self.frame.iter().chain(rows) {
            shape.write(&mut svg);
        }
        svg.push_str("</svg>\n");
        svg
    }
}

/// The colours of a class in a file, as attributes: a page that holds the file may forbid styles.
const fn paint(class: &str) -> &'static str {
    match class.as_bytes() {
        b"grid" => "stroke=\"#e5e8ee\"",
        b"base" => "stroke=\"#cdd3dd\"",
        b"body" => "fill=\"#4338ca\" fill-opacity=\"0.55\"",
        b"tail" => "fill=\"#4338ca\" fill-opacity=\"0.25\"",
        b"range" | b"p95" | b"p99" => "stroke=\"#4338ca\" stroke-width=\"1.5\"",
        b"p50" => "fill=\"#4338ca\"",
        b"name" => "fill=\"#171c26\" font-size=\"12\"",
        b"budget" => "stroke=\"#566073\" stroke-dasharray=\"2 2\"",
        b"over" => "stroke=\"#b91c28\" stroke-dasharray=\"2 2\"",
        b"over-text" | b"unstable" => "fill=\"#b91c28\" font-size=\"10.5\"",
        _ => "fill=\"#566073\" font-size=\"10.5\"",
    }
}

impl Shape {
    fn write(&self, svg: &mut String) {
        // Writing to a string cannot fail.
        let _ = match self {
            Self::Line { class, from, to } => writeln!(
                svg,
                "<line {} x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
                paint(class),
                from[0],
                from[1],
                to[0],
                to[1]
            ),
            Self::Dot { class, at } => writeln!(
                svg,
                "<circle {} cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\"/>",
                paint(class),
                at[0],
                at[1]
            ),
            Self::Area { class, path } => writeln!(svg, "<path {} d=\"{path}\"/>", paint(class)),
            Self::Text {
                class,
                at,
                anchor,
                text,
            } => writeln!(
                svg,
                "<text {} x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
                paint(class),
                at[0],
                at[1],
                escaped(text)
            ),
        };
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// What a node asks for that cannot keep up, in multiples of what it has: `1.3`.
fn overload(share: f64) -> String {
    // A node that asks for all that it has is over it already.
    if share < 1.05 {
        "all".to_owned()
    } else {
        figure((share * 10.0).round() / 10.0)
    }
}

/// The whole sentence about a node that cannot keep up.
pub(super) fn cannot_keep_up(share: f64) -> String {
    let asked = overload(share);
    format!("cannot keep up: {asked} of its capacity asked; add replicas or lower the rate")
}

fn label(name: &str, node: &NodeFigures) -> String {
    if !node.stable {
        return format!("{name} {}", cannot_keep_up(node.utilisation));
    }
    let [p50, p95, p99] = [node.p50_ms, node.p95_ms, node.p99_ms]
        .map(|time| time.map_or_else(|| "–".to_owned(), duration));
    let budget = node
        .budget_ms
        .map(|budget| format!(", budget {}", duration(budget)));
    format!(
        "{name}: p50 {p50}, p95 {p95}, p99 {p99}{}",
        budget.unwrap_or_default()
    )
}

fn row(name: &str, node: &NodeFigures, top: f64, scale: Scale, legend: bool) -> Vec<Shape> {
    let base = top + 26.0;
    let text = |class, at, anchor, text| Shape::Text {
        class,
        at,
        anchor,
        text,
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A few letters.
    let letters = ((scale.left - 12.0) / 6.8) as usize;
    let mut shapes = vec![
        text("name", [0.0, base + 1.0], "start", shortened(name, letters)),
        Shape::Line {
            class: "base",
            from: [scale.left, base],
            to: [scale.right, base],
        },
    ];
    if !node.stable {
        let asked = overload(node.utilisation);
        let said = format!("cannot keep up: {asked} of its capacity asked");
        shapes.push(text(
            "unstable",
            [scale.left + 4.0, base - 6.0],
            "start",
            said,
        ));
        return shapes;
    }
    let (Some(p50), Some(p95), Some(p99)) = (node.p50_ms, node.p95_ms, node.p99_ms) else {
        return shapes;
    };
    let [x50, x95, x99] = [p50, p95, p99].map(|time| scale.at(time));
    let curve = curve(&node.bins, scale);
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
    if let Some(budget) = node.budget_ms {
        let x = scale.at(budget);
        let over = p95 > budget;
        let (line, words_class) = if over {
            ("over", "over-text")
        } else {
            ("budget", "budget-text")
        };
        shapes.push(Shape::Line {
            class: line,
            from: [x, top + 4.0],
            to: [x, base + 3.0],
        });
        let said = format!("budget {}", duration(budget));
        // Without room the line stands alone; the row's title and the table say the same.
        if x + 4.0 + 5.8 * said.len() as f64 <= scale.right {
            shapes.push(text(words_class, [x + 4.0, top + 11.0], "start", said));
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

/// The density over the scale's logarithm: places and heights, the highest 1.
fn curve(bins: &[Bin], scale: Scale) -> Vec<[f64; 2]> {
    let bins = visible(bins);
    let density = |bin: &Bin| {
        let low = bin.low_ms.max(f64::MIN_POSITIVE);
        bin.share / libm::log(bin.high_ms / low).max(f64::EPSILON)
    };
    let highest = bins.iter().map(density).fold(0.0, f64::max);
    let (Some(first), Some(last)) = (bins.first(), bins.last()) else {
        return Vec::new();
    };
    if highest <= 0.0 {
        return Vec::new();
    }
    let mut points = vec![[scale.at(first.low_ms), 0.0]];
    points.extend(bins.iter().map(|bin| {
        let middle = (bin.low_ms * bin.high_ms).sqrt();
        [scale.at(middle), density(bin) / highest]
    }));
    points.push([scale.at(last.high_ms), 0.0]);
    points
}

/// The part of a curve between two places, as the path of an area above `base`.
fn area(curve: &[[f64; 2]], from: f64, to: f64, base: f64) -> Option<String> {
    const HEIGHT: f64 = 20.0;
    let height_at = |x: f64| {
        let pair = curve
            .windows(2)
            .find(|pair| pair[0][0] <= x && x <= pair[1][0]);
        pair.map(|pair| {
            let span = (pair[1][0] - pair[0][0]).max(f64::EPSILON);
            pair[0][1] + (pair[1][1] - pair[0][1]) * (x - pair[0][0]) / span
        })
    };
    let (first, last) = (curve.first()?[0].max(from), curve.last()?[0].min(to));
    if last - first < 0.1 {
        return None;
    }
    let mut path = format!("M{first:.1} {base:.1}");
    let within = curve
        .iter()
        .filter(|[x, _]| *x > first && *x < last)
        .copied();
    let ends = |x: f64| height_at(x).map(|height| [x, height]);
    for [x, height] in ends(first).into_iter().chain(within).chain(ends(last)) {
        let _ = write!(path, "L{x:.1} {:.1}", base - height * HEIGHT);
    }
    let _ = write!(path, "L{last:.1} {base:.1}Z");
    Some(path)
}

/// All figures as a table for other programs: times in milliseconds, to the last digit.
pub(super) fn csv(figures: &Figures) -> String {
    let mut csv = String::from(
        "node,requests_per_second,servers,utilisation,keeps_up,mean_wait_ms,mean_service_ms,mean_ms,\
         p50_ms,p95_ms,p99_ms,p99_low_ms,p99_high_ms,budget_ms,service_time\n",
    );
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    for (name, node) in figures.rows() {
        let [low, high] = node.p99_ci_ms.map_or([None; 2], |ends| ends.map(Some));
        let times = [
            node.wait_mean_ms,
            node.service_mean_ms,
            node.mean_ms,
            node.p50_ms,
            node.p95_ms,
            node.p99_ms,
            low,
            high,
            node.budget_ms,
        ]
        .map(number);
        let _ = writeln!(
            csv,
            "{name},{},{},{},{},{},{}",
            node.rate,
            node.servers,
            node.utilisation,
            node.stable,
            times.join(","),
            node.origin
        );
    }
    csv
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(p50: f64, budget: Option<f64>) -> NodeFigures {
        NodeFigures {
            stable: true,
            utilisation: 0.5,
            p50_ms: Some(p50),
            p95_ms: Some(p50 * 3.0),
            p99_ms: Some(p50 * 5.0),
            budget_ms: budget,
            bins: (0..20)
                .map(|at| Bin {
                    low_ms: p50 * 0.5 + f64::from(at),
                    high_ms: p50 * 0.5 + f64::from(at) + 1.0,
                    share: 0.05,
                })
                .collect(),
            ..NodeFigures::default()
        }
    }

    fn figures() -> Figures {
        let full = NodeFigures {
            utilisation: 1.3,
            ..NodeFigures::default()
        };
        let nodes = [
            ("a", node(4.0, Some(10.0))),
            ("b", node(100.0, None)),
            ("c", full),
        ];
        Figures {
            order: nodes.iter().map(|(name, _)| (*name).to_owned()).collect(),
            nodes: nodes.map(|(name, node)| (name.to_owned(), node)).into(),
            ..Figures::default()
        }
    }

    #[test]
    fn every_node_has_a_row_within_the_drawing() {
        let chart = Chart::new(&figures(), 500.0).unwrap();
        assert_eq!(chart.rows.len(), 3);
        for shape in chart.rows.iter().flat_map(|row| &row.shapes) {
            let places = match shape {
                Shape::Line { from, to, .. } => vec![*from, *to],
                Shape::Dot { at, .. } | Shape::Text { at, .. } => vec![*at],
                Shape::Area { .. } => vec![],
            };
            for [x, y] in places {
                assert!((0.0..=500.0).contains(&x) && (0.0..=chart.height).contains(&y));
            }
        }
    }

    #[test]
    fn rows_say_in_words_what_they_draw() {
        let chart = Chart::new(&figures(), 500.0).unwrap();
        let labels: Vec<&str> = chart.rows.iter().map(|row| &*row.label).collect();
        assert_eq!(
            labels,
            [
                "a: p50 4 ms, p95 12 ms, p99 20 ms, budget 10 ms",
                "b: p50 100 ms, p95 300 ms, p99 500 ms",
                "c cannot keep up: 1.3 of its capacity asked; add replicas or lower the rate",
            ]
        );
    }

    #[test]
    fn an_overload_is_a_multiple() {
        assert_eq!(overload(1.0), "all");
        assert_eq!(overload(1.34), "1.3");
    }

    #[test]
    fn later_times_stand_farther_right() {
        let figures = figures();
        let nodes = figures.rows().map(|(_, node)| node);
        let scale = Scale::of(nodes, 100.0, 500.0).unwrap();
        let places: Vec<f64> = [3.0, 10.0, 100.0, 500.0].map(|ms| scale.at(ms)).into();
        assert!(places.is_sorted(), "{places:?}");
        assert!(scale.ticks().is_sorted() && scale.ticks().len() > 2);
    }

    #[test]
    fn a_saved_drawing_escapes_what_it_is_called() {
        let svg = Chart::new(&figures(), 400.0).unwrap().to_svg("a < b & c");
        assert!(svg.contains("<title>a &lt; b &amp; c</title>"));
        assert!(svg.ends_with("</svg>\n"));
    }

    #[test]
    fn the_table_has_a_line_a_node() {
        let table = csv(&figures());
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 4);
        let columns = lines.iter().map(|line| line.split(',').count());
        assert!(columns.clone().all(|count| count == 15), "{table}");
        assert!(lines[1].starts_with("a,0,0,0.5,true,,,,4,12,20,,,10,"));
    }

    #[test]
    fn nothing_with_times_draws_nothing() {
        assert_eq!(Chart::new(&Figures::default(), 400.0), None);
    }
}
