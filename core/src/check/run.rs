//! Asking the rules.

use super::{Ask, Context, Diagnostic, Part, RULES, Rule};
use crate::fix::Planner;

/// Asks every rule about everything.
pub(super) fn everything(cx: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for one in RULES {
        rule(cx, one, found);
    }
}

/// Asks one rule about everything.
pub(super) fn rule(cx: &Context<'_>, rule: &Rule, found: &mut Vec<Diagnostic>) {
    Planner::open(cx);
    for part in rule.parts {
        ask_all(cx, part, found);
    }
}

fn ask_all(cx: &Context<'_>, part: &Part, found: &mut Vec<Diagnostic>) {
    match part.ask {
        Ask::Node(ask) => {
            for (ix, _) in cx.graph.model_nodes() {
                ask(cx, ix, found);
            }
        }
        Ask::Port(ask) => {
            for (ix, _) in cx.graph.all_ports() {
                ask(cx, ix, found);
            }
        }
        Ask::Edge(ask) => {
            for edge in &cx.graph.edges {
                ask(cx, edge, found);
            }
        }
        Ask::Conflict(ask) => {
            for conflict in &cx.typing.conflicts {
                ask(cx, conflict, found);
            }
        }
        Ask::Graph(ask) => ask(cx, found),
    }
}
