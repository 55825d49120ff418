//! The graph for those who hear it: an element for each thing, to which the board points.

use std::fmt::Write as _;

use modelspec_core::check::Severity;
use modelspec_core::edit::Item;

use super::board::State;
use super::cards::{escape, hook};
use super::facts::Facts;
use super::findings::Finding;
use super::scene::Scene;

/// So many elements at most; of a larger graph those with findings, and the one that is pointed to.
const MOST: usize = 600;

/// Lists the things of the scene anew.
pub(super) fn list(state: &State, primary: Option<&Item>) {
    let Some(elements) = &state.elements else {
        return;
    };
    let items = state.scene.walk();
    let is_small = items.len() <= MOST;
    let wanted = items
        .iter()
        .filter(|item| is_small || finding(&state.scene, item).is_some())
        .take(MOST);
    let mut html = String::new();
    for item in wanted {
        push(&mut html, &state.scene, item);
    }
    elements.reader.set_inner_html(&html);
    let words = summary(&state.scene);
    let _ = elements.board.set_attribute("aria-label", &words);
    point(state, primary);
}

/// Points to the thing that was selected last.
pub(super) fn point(state: &State, primary: Option<&Item>) {
    let Some(elements) = &state.elements else {
        return;
    };
    let Some(item) = primary else {
        let _ = elements.board.remove_attribute("aria-activedescendant");
        return;
    };
    let id = id(item);
    if crate::platform::document().get_element_by_id(&id).is_none() {
        let mut html = String::new();
        push(&mut html, &state.scene, item);
        let _ = elements.reader.insert_adjacent_html("beforeend", &html);
    }
    let _ = elements.board.set_attribute("aria-activedescendant", &id);
}

/// An id may not hold spaces; names and edges' ids hold none but where they are wrong.
fn id(item: &Item) -> String {
    format!("canvas-{}", hook(item).replace(char::is_whitespace, "_"))
}

fn push(html: &mut String, scene: &Scene, item: &Item) {
    let what = match item {
        Item::Input(_) => "graph input",
        Item::Node(_) => "node",
        Item::Output(_) => "graph output",
        Item::Edge(_) => "edge",
    };
    html.push_str("<div role=\"graphics-symbol\" aria-roledescription=\"");
    html.push_str(what);
    html.push_str("\" id=\"");
    escape(html, &id(item));
    if let Item::Edge(id) = item {
        html.push_str("\" data-edge=\"");
        escape(html, id);
    }
    let state = match finding(scene, item).map(|finding| finding.severity) {
        Some(Severity::Error) => "error",
        Some(_) => "warning",
        None => "ok",
    };
    let _ = write!(html, "\" data-state=\"{state}\" aria-label=\"");
    escape(html, &label(scene, item));
    html.push_str("\"></div>");
}

fn finding<'a>(scene: &'a Scene, item: &Item) -> Option<&'a Finding> {
    match item {
        Item::Edge(id) => scene.links.get(scene.link(id)?)?.finding.as_ref(),
        item => scene.boxes.get(scene.slot(item)?)?.finding.as_ref(),
    }
}

/// A thing in words: `embedder, embedder, bge-large, 2 ports, 1 error: …`.
fn label(scene: &Scene, item: &Item) -> String {
    let mut words = Vec::new();
    let graph = scene
        .analysis
        .as_ref()
        .and_then(|analysis| analysis.graph.as_ref());
    match item {
        Item::Edge(id) => {
            let link = scene.link(id).and_then(|slot| scene.links.get(slot));
            let edge = link.and_then(|link| graph?.edges.get(link.edge?));
            if let (Some(edge), Some(graph), Some(link)) = (edge, graph, link) {
                let ends = match edge.ports {
                    Some((from, to)) => (graph.port_path(from), graph.port_path(to)),
                    None => (
                        graph.name(edge.source).to_owned(),
                        graph.name(edge.target).to_owned(),
                    ),
                };
                words.push(format!("{} to {}", ends.0, ends.1));
                words.push(if link.control {
                    "order only".to_owned()
                } else {
                    link.kind.word().to_owned()
                });
            } else {
                words.push(id.replace('→', " to "));
            }
        }
        item => {
            words.push(item.name().to_owned());
            let block = scene.slot(item).and_then(|slot| scene.boxes.get(slot));
            if let (Some(block), Some(graph)) = (block, graph) {
                if let Some(role) = graph.node(block.node).and_then(|node| node.role) {
                    words.push(role.word().to_owned());
                }
                if block.node.is_model() {
                    let facts = Facts::new(graph, block.node, None);
                    words.push(if facts.full.is_empty() {
                        facts.subtitle
                    } else {
                        facts.full
                    });
                    words.push(count(block.ports.len(), "port"));
                } else if let Some(dot) = block.ports.first() {
                    words.push(dot.kind.word().to_owned());
                }
            }
        }
    }
    if let Some(finding) = finding(scene, item) {
        if finding.count.0 > 0 {
            words.push(count(finding.count.0, "error"));
        }
        if finding.count.1 > 0 {
            words.push(count(finding.count.1, "warning"));
        }
        return format!("{}: {}", words.join(", "), finding.message);
    }
    words.join(", ")
}

fn summary(scene: &Scene) -> String {
    let nodes = scene
        .boxes
        .iter()
        .filter(|block| block.node.is_model())
        .count();
    if nodes == 0 {
        return "Graph without nodes; press A to add one".to_owned();
    }
    format!(
        "Graph of {} and {}; arrow keys walk through it",
        count(nodes, "node"),
        count(scene.links.len(), "edge")
    )
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
