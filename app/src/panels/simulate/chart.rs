use std::fmt::Write as _;
use std::rc::Rc;

use leptos::prelude::*;

use crate::simulation::Figures;
use crate::storage::download;
use crate::ui::{Glyph, Icon, duration, figure};

const WIDTH: f64 = 520.0;
const LEFT: f64 = 96.0;
const RIGHT: f64 = 16.0;
const ROW: f64 = 24.0;
const TOP: f64 = 6.0;

/// One node's line: its p50, p95 and p99, in milliseconds.
struct Line {
    name: String,
    p50: f64,
    p95: f64,
    p99: f64,
}

/// From p50 to p99 of every node, on a logarithmic scale. The table beside it holds the same.
#[component]
pub(super) fn Chart(figures: Rc<Figures>) -> impl IntoView {
    let lines: Vec<Line> = figures
        .nodes
        .iter()
        .filter_map(|(name, node)| {
            Some(Line {
                name: name.clone(),
                p50: node.p50_ms?,
                p95: node.p95_ms?,
                p99: node.p99_ms?,
            })
        })
        .collect();
    if lines.is_empty() {
        return ().into_any();
    }
    let log = |value: f64| js_sys::Math::log10(value.max(1e-3));
    let least = lines
        .iter()
        .map(|line| log(line.p50))
        .fold(f64::INFINITY, f64::min)
        .floor();
    let most = lines
        .iter()
        .map(|line| log(line.p99))
        .fold(f64::NEG_INFINITY, f64::max)
        .ceil()
        .max(least + 1.0);
    let x = move |value: f64| LEFT + (log(value) - least) / (most - least) * (WIDTH - LEFT - RIGHT);
    let height = ROW.mul_add(lines.len() as f64, TOP + 24.0);
    let bottom = height - 20.0;
    #[allow(clippy::cast_possible_truncation)]
    let ticks: Vec<f64> = (least as i32..=most as i32)
        .map(|power| js_sys::Math::pow(10.0, f64::from(power)))
        .collect();
    let picture = picture(&lines, &ticks, height, bottom, x);
    let csv = csv(&figures);
    let grid = ticks.iter().map(|tick| {
        view! {
            <line class="chart-grid" x1=x(*tick) x2=x(*tick) y1=TOP y2=bottom></line>
            <text class="chart-tick" x=x(*tick) y=height - 5.0 text-anchor="middle">{duration(*tick)}</text>
        }
    });
    let rows = lines.iter().enumerate().map(|(at, line)| {
        let y = ROW.mul_add(at as f64 + 0.5, TOP);
        view! {
            <text class="chart-name" x=LEFT - 8.0 y=y + 4.0 text-anchor="end">{shortened(&line.name)}</text>
            <line class="chart-range" x1=x(line.p50) x2=x(line.p99) y1=y y2=y></line>
            <circle class="chart-p50" cx=x(line.p50) cy=y r="4"></circle>
            <rect class="chart-p95" x=x(line.p95) - 2.0 y=y - 6.0 width="4" height="12" rx="2"></rect>
            <path class="chart-p99" d=format!("M{0} {1}v10", x(line.p99), y - 5.0)></path>
        }
    });
    view! {
        <figure class="simulate-chart">
            <svg viewBox=format!("0 0 {WIDTH} {height}") role="img" aria-label="From the median to the 99th percentile of each node; the table holds the figures">
                {grid.collect_view()}
                {rows.collect_view()}
            </svg>
            <figcaption>
                <span class="chart-key p50">"p50"</span>
                <span class="chart-key p95">"p95"</span>
                <span class="chart-key p99">"p99"</span>
                <span class="grow"></span>
                <button class="quiet small" on:click=move |_| download("simulation.svg", "image/svg+xml", picture.as_bytes())>
                    <Icon glyph=Glyph::Download />"SVG"
                </button>
                <button class="quiet small" on:click=move |_| download("simulation.csv", "text/csv", csv.as_bytes())>
                    <Icon glyph=Glyph::Download />"CSV"
                </button>
            </figcaption>
        </figure>
    }
    .into_any()
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= 14 {
        return name.to_owned();
    }
    let start: String = name.chars().take(13).collect();
    format!("{start}…")
}

/// The same drawing as a file of its own.
fn picture(
    lines: &[Line],
    ticks: &[f64],
    height: f64,
    bottom: f64,
    x: impl Fn(f64) -> f64,
) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"system-ui, sans-serif\" font-size=\"11\">"
    );
    for tick in ticks {
        let at = x(*tick);
        let _ = write!(
            svg,
            "<path d=\"M{at} {TOP}V{bottom}\" stroke=\"#ccc\"/><text x=\"{at}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            height - 5.0,
            duration(*tick)
        );
    }
    for (at, line) in lines.iter().enumerate() {
        let y = ROW.mul_add(at as f64 + 0.5, TOP);
        let _ = write!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text><path d=\"M{} {y}H{}\" stroke=\"#4338ca\" stroke-width=\"3\"/><circle cx=\"{}\" cy=\"{y}\" r=\"4\" fill=\"#4338ca\"/><path d=\"M{} {}v12\" stroke=\"#4338ca\" stroke-width=\"4\"/>",
            LEFT - 8.0,
            y + 4.0,
            shortened(&line.name),
            x(line.p50),
            x(line.p99),
            x(line.p50),
            x(line.p95),
            y - 6.0
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn csv(figures: &Figures) -> String {
    let mut text =
        "node,utilisation,mean_wait_ms,mean_service_ms,p50_ms,p95_ms,p99_ms,service_time\n"
            .to_owned();
    let cell = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    for (name, node) in &figures.nodes {
        let _ = writeln!(
            text,
            "{name},{},{},{},{},{},{},{}",
            figure(node.utilisation),
            cell(node.wait_mean_ms),
            cell(node.service_mean_ms),
            cell(node.p50_ms),
            cell(node.p95_ms),
            cell(node.p99_ms),
            node.origin
        );
    }
    text
}
