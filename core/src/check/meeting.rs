//! What conflicts of types have in common: which rule tells of one, and how.

use super::{Context, Diagnostic, Rule};
use crate::edit::Command;
use crate::fix::Planner;
use crate::graph::{PortIx, Type};
use crate::infer::{Conflict, Slot};
use crate::spec::Kind;

/// The most steps of an explanation that a finding shows.
const STEPS: usize = 8;

/// What it means that two kinds differ: one fault, one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meeting {
    /// They are different things.
    Kinds,
    /// One is a list, the other an item.
    List,
    /// The output gives pieces, the input takes the whole.
    Stream,
}

/// The type of a port, or of its items.
fn type_at(cx: &Context<'_>, port: PortIx, slot: Slot) -> Option<Type> {
    let mut ty = cx.typing.of(port)?;
    for _ in 0..slot.depth {
        ty = ty.inner.as_deref()?;
    }
    Some(ty.clone())
}

/// How the kinds of a conflict meet; `None` where a parameter differs.
pub(super) fn meeting(cx: &Context<'_>, conflict: &Conflict) -> Option<Meeting> {
    if conflict.slot.param.is_some() {
        return None;
    }
    let given = type_at(cx, conflict.from, conflict.slot)?;
    let taken = type_at(cx, conflict.to, conflict.slot)?;
    Some(match (given.kind, taken.kind) {
        (Kind::Stream, _) => Meeting::Stream,
        (_, Kind::Stream) => Meeting::Kinds,
        (Kind::List, _) | (_, Kind::List) => Meeting::List,
        (Kind::Candidates, item) if may_be_item(&given, item) => Meeting::List,
        (item, Kind::Candidates) if may_be_item(&taken, item) => Meeting::List,
        _ => Meeting::Kinds,
    })
}

/// Whether candidates may be scored items of a kind.
fn may_be_item(candidates: &Type, kind: Kind) -> bool {
    let stated = candidates.inner.as_ref().map(|item| item.kind);
    match stated.filter(|&stated| stated != Kind::Any) {
        Some(stated) => stated == kind,
        None => matches!(
            kind,
            Kind::Text | Kind::Messages | Kind::Json | Kind::Image | Kind::Audio | Kind::Bytes
        ),
    }
}

/// A finding about a conflict: on its edge and its input, with the places that say what each side
/// has.
pub(super) fn finding(
    cx: &Context<'_>,
    rule: &Rule,
    conflict: &Conflict,
    message: String,
) -> Option<Diagnostic> {
    let edge = cx.graph.edge(conflict.edge)?;
    let mut diagnostic = rule.at(edge.span, message).on_edge(&edge.id);
    if let Some(port) = cx.graph.port(conflict.to) {
        diagnostic = diagnostic.on_port(cx.graph.name(port.node), &port.name);
    }
    for port in [conflict.from, conflict.to] {
        let steps = cx.typing.why(cx.graph, port, conflict.slot);
        // The way there matters where symbols meet; else the place that states it.
        let symbols = !cx.typing.symbols(port, conflict.slot).is_empty();
        let skip = if symbols {
            0
        } else {
            steps.len().saturating_sub(1)
        };
        for step in steps.into_iter().skip(skip).take(STEPS) {
            diagnostic = diagnostic.relate(step.span, step.text);
        }
    }
    Some(diagnostic)
}

/// Offers to put an adapter into the edge of a conflict.
pub(super) fn offer_adapter(
    cx: &Context<'_>,
    planner: &mut Planner<'_>,
    conflict: &Conflict,
    diagnostic: Diagnostic,
) -> Diagnostic {
    let Some(edge) = cx.graph.edge(conflict.edge) else {
        return diagnostic;
    };
    let command = Command::InsertAdapter {
        edge: edge.id.clone(),
    };
    match planner.choice("Insert an adapter", &command) {
        Some(fix) => diagnostic.with_fix(fix),
        None => diagnostic,
    }
}

/// `kind`, or `items of kind`, with the word before it.
pub(super) fn of_items(slot: Slot) -> &'static str {
    if slot.depth == 0 { "" } else { "items of " }
}
