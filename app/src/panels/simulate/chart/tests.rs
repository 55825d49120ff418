use super::line::overload;
use super::*;
use crate::simulation::{Bin, Judged, NodeFigures, Times, Whole};

fn times(p50: f64) -> Times {
    Times {
        p50_ms: Some(p50),
        p95_ms: Some(p50 * 3.0),
        p99_ms: Some(p50 * 5.0),
        bins: (0..20)
            .map(|at| Bin {
                low_ms: p50 * 0.5 + f64::from(at),
                high_ms: p50 * 0.5 + f64::from(at) + 1.0,
                share: 0.05,
            })
            .collect(),
        ..Times::default()
    }
}

fn node(p50: f64, budget: Option<f64>) -> NodeFigures {
    NodeFigures {
        stable: true,
        utilisation: Some(0.5),
        load: Some(0.5),
        times: times(p50),
        budget_ms: budget,
        ..NodeFigures::default()
    }
}

/// A request of 120 ms at p50, which is promised within 500 ms at p95 and within 550 ms at p99.
fn whole() -> Whole {
    let promise = |objective: &str, goal, found| Judged {
        objective: objective.to_owned(),
        goal,
        found: Some(found),
        unit: "ms".to_owned(),
        is_met: found <= goal,
    };
    Whole {
        request: times(120.0),
        judged: vec![
            promise("latency p95", 500.0, 360.0),
            promise("latency p99", 550.0, 600.0),
        ],
        ..Whole::default()
    }
}

fn figures() -> Figures {
    let full = NodeFigures {
        load: Some(1.3),
        utilisation: Some(1.3),
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
    let lines: Vec<Line<'_>> = Line::all(&figures).collect();
    let scale = Scale::of(lines.iter(), 100.0, 500.0).unwrap();
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
    assert!(columns.clone().all(|count| count == 17), "{table}");
    assert!(lines[1].starts_with("a,0,,0.5,true,,,,,4,,12,20,,,10,"));
}

#[test]
fn nothing_with_times_draws_nothing() {
    assert_eq!(Chart::new(&Figures::default(), 400.0), None);
}

#[test]
fn requests_stand_above_the_nodes_with_their_last_promise() {
    let figures = Figures {
        whole: Some(whole()),
        ..figures()
    };
    let chart = Chart::new(&figures, 500.0).unwrap();
    assert_eq!(chart.rows.len(), 4);
    assert_eq!(chart.rows[0].node, None);
    assert_eq!(
        chart.rows[0].label,
        "request: p50 120 ms, p95 360 ms, p99 600 ms, p99 within 550 ms"
    );
    let missed = chart.rows[0].shapes.iter();
    let missed = missed.filter(|shape| matches!(shape, Shape::Line { class: "over", .. }));
    assert_eq!(missed.count(), 1);
    assert_eq!(csv(&figures).lines().count(), 5);
}

#[test]
fn what_takes_no_time_is_not_drawn() {
    let mut figures = figures();
    figures.nodes.insert("a".to_owned(), node(0.0, None));
    let chart = Chart::new(&figures, 500.0).unwrap();
    assert_eq!(chart.rows.len(), 2);
    assert_eq!(csv(&figures).lines().count(), 4);
}
