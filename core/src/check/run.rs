//! Asking the rules, and noting what they had something to say about.

use super::{Ask, Context, Diagnostic, Part, RULES, Rule};
use crate::fix::Planner;
use crate::graph::{NodeIx, PortIx};
use crate::order::Arrange as _;

/// What there was a finding about, before the document's own severities: a place for each question
/// of each rule. All else was silent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Noise(Vec<Noisy>);

/// What one question found something about.
#[derive(Clone, Debug, Default)]
pub(super) struct Noisy {
    pub(super) nodes: Vec<NodeIx>,
    pub(super) ports: Vec<PortIx>,
    /// Positions among the graph's edges.
    pub(super) edges: Vec<usize>,
    pub(super) graph: bool,
}

/// What one question is asked about: of an edge its position.
pub(super) struct Asked {
    pub(super) nodes: Vec<NodeIx>,
    pub(super) ports: Vec<PortIx>,
    pub(super) edges: Vec<usize>,
    pub(super) graph: bool,
}

/// Asks every rule about everything.
pub(super) fn everything(cx: &Context<'_>, found: &mut Vec<Diagnostic>) -> Noise {
    let mut noise = Noise::default();
    for one in RULES {
        Planner::open(cx);
        for part in one.parts {
            noise.0.push(ask_all(cx, part, found));
        }
    }
    noise
}

/// Asks every rule about some things. `choose` has the number of a question, and what it found
/// something about before.
pub(super) fn some(
    cx: &Context<'_>,
    before: &Noise,
    choose: impl Fn(&Part, &Noisy) -> Asked,
    found: &mut Vec<Diagnostic>,
) -> Noise {
    let mut noise = Noise::default();
    let mut known = before.0.iter();
    let silent = Noisy::default();
    for one in RULES {
        Planner::open(cx);
        for part in one.parts {
            let asked = choose(part, known.next().unwrap_or(&silent));
            noise.0.push(ask(cx, part, asked, found));
        }
    }
    noise
}

/// Asks one rule about everything.
pub(super) fn rule(cx: &Context<'_>, rule: &Rule, found: &mut Vec<Diagnostic>) {
    Planner::open(cx);
    for part in rule.parts {
        ask_all(cx, part, found);
    }
}

fn ask_all(cx: &Context<'_>, part: &Part, found: &mut Vec<Diagnostic>) -> Noisy {
    let nodes = || cx.graph.model_nodes().map(|(ix, _)| ix);
    let ports = || cx.graph.all_ports().map(|(ix, _)| ix);
    let mut noisy = Noisy::default();
    match part.ask {
        Ask::Node(ask) => noisy.nodes = note(nodes(), found, |ix, found| ask(cx, ix, found)),
        Ask::Port(ask) => noisy.ports = note(ports(), found, |ix, found| ask(cx, ix, found)),
        Ask::Edge(ask) => {
            noisy.edges = note(0..cx.graph.edges.len(), found, |at, found| {
                if let Some(edge) = cx.graph.edges.get(at) {
                    ask(cx, edge, found);
                }
            });
        }
        Ask::Conflict(ask) => {
            for conflict in &cx.typing.conflicts {
                ask(cx, conflict, found);
            }
        }
        Ask::Graph(ask) => {
            noisy.graph = !note([()], found, |(), found| ask(cx, found)).is_empty();
        }
    }
    noisy
}

fn ask(cx: &Context<'_>, part: &Part, asked: Asked, found: &mut Vec<Diagnostic>) -> Noisy {
    let mut noisy = Noisy::default();
    match part.ask {
        Ask::Node(ask) => {
            let nodes = in_order(asked.nodes).into_iter();
            let nodes = nodes.filter(|ix| ix.is_model() && cx.graph.node(*ix).is_some());
            noisy.nodes = note(nodes, found, |ix, found| ask(cx, ix, found));
        }
        Ask::Port(ask) => {
            let ports = in_order(asked.ports).into_iter();
            let ports = ports.filter(|ix| cx.graph.port(*ix).is_some());
            noisy.ports = note(ports, found, |ix, found| ask(cx, ix, found));
        }
        Ask::Edge(ask) => {
            noisy.edges = note(in_order(asked.edges), found, |at, found| {
                if let Some(edge) = cx.graph.edges.get(at) {
                    ask(cx, edge, found);
                }
            });
        }
        Ask::Graph(ask) if asked.graph => {
            noisy.graph = !note([()], found, |(), found| ask(cx, found)).is_empty();
        }
        Ask::Graph(_) => {}
        Ask::Conflict(_) => return ask_all(cx, part, found),
    }
    noisy
}

/// Asks about each, and keeps those of which something was found.
fn note<T: Copy>(
    things: impl IntoIterator<Item = T>,
    found: &mut Vec<Diagnostic>,
    mut ask: impl FnMut(T, &mut Vec<Diagnostic>),
) -> Vec<T> {
    let mut noisy = Vec::new();
    for thing in things {
        let before = found.len();
        ask(thing, found);
        if found.len() > before {
            noisy.push(thing);
        }
    }
    noisy
}

/// Sorted, each once: rules ask in the order of the document, which decides who gets a fix.
fn in_order<T: Ord>(mut things: Vec<T>) -> Vec<T> {
    if !things.is_sorted() {
        things.arrange();
    }
    things.dedup();
    things
}
