//! The drawing and the figures as files.

use core::fmt::Write as _;

use super::{Chart, Line, Shape};
use crate::simulation::Figures;

impl Chart {
    /// The drawing as a file of its own, on white.
    pub(in super::super) fn to_svg(&self, title: &str) -> String {
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
        b"name whole" => "fill=\"#171c26\" font-size=\"12\" font-weight=\"600\"",
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

/// All figures as a table for other programs: times in milliseconds, to the last digit.
pub(in super::super) fn csv(figures: &Figures) -> String {
    let mut csv = String::from(
        "what,requests_per_second,servers,utilisation,keeps_up,mean_wait_ms,mean_service_ms,\
         mean_batch,mean_ms,p50_ms,p90_ms,p95_ms,p99_ms,p99_low_ms,p99_high_ms,goal_ms,\
         service_time\n",
    );
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    for line in Line::all(figures) {
        let Line { name, times, .. } = line;
        let node = line.node;
        let [low, high] = times.p99_ci_ms.map_or([None; 2], |ends| ends.map(Some));
        let servers = node.and_then(|node| node.servers);
        let is_stable = node.map_or_else(String::new, |node| node.stable.to_string());
        let measured = [
            node.and_then(|node| node.wait_mean_ms),
            node.and_then(|node| node.service_mean_ms),
            node.and_then(|node| node.batch_mean),
            times.mean_ms,
            times.p50_ms,
            times.p90_ms,
            times.p95_ms,
            times.p99_ms,
            low,
            high,
            line.goal.map(|goal| goal.ms),
        ]
        .map(number);
        let _ = writeln!(
            csv,
            "{name},{},{},{},{is_stable},{},{}",
            number(node.map_or(Some(figures.rate), |node| Some(node.rate))),
            servers.map_or_else(String::new, |servers| servers.to_string()),
            number(node.and_then(|node| node.utilisation)),
            measured.join(","),
            node.map_or("", |node| &*node.origin),
        );
    }
    csv
}
