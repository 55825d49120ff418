//! Where two types cannot both hold.

use super::{Side, Slot};
use crate::graph::{Fact, FactValue, Param, Type};
use crate::spec::{Dimension, Kind};

/// The first difference of two types.
pub(super) fn first_difference(given: &Type, taken: &Type) -> Option<(Slot, Side, Side)> {
    let mut found = Vec::new();
    differences(given, taken, 0, &mut found);
    found.into_iter().next()
}

/// Where what an output gives does not satisfy what an input takes.
pub(super) fn differences(
    given: &Type,
    taken: &Type,
    depth: usize,
    found: &mut Vec<(Slot, Side, Side)>,
) {
    if given.kind == Kind::Any || taken.kind == Kind::Any {
        return;
    }
    if given.kind != taken.kind {
        found.push((
            Slot { depth, param: None },
            Side::Kind(given.kind, given.span),
            Side::Kind(taken.kind, taken.span),
        ));
        return;
    }
    for (&param, b) in taken.facts.iter() {
        let Some(a) = given.fact(param) else {
            continue;
        };
        if !holds(param, a, b) {
            found.push((
                Slot {
                    depth,
                    param: Some(param),
                },
                Side::Value(a.value.clone(), a.span),
                Side::Value(b.value.clone(), b.span),
            ));
        }
    }
    if let (Some(given), Some(taken)) = (&given.inner, &taken.inner) {
        differences(given, taken, depth.saturating_add(1), found);
    }
}

/// Whether what an output gives satisfies what an input states.
fn holds(param: Param, given: &Fact, taken: &Fact) -> bool {
    match (&given.value, &taken.value) {
        (FactValue::Number(given), FactValue::Number(taken)) if param.is_bound() => given <= taken,
        (FactValue::Dimension(given), FactValue::Dimension(taken)) => same(given, taken),
        (FactValue::Shape(given), FactValue::Shape(taken)) => {
            given.len() == taken.len() && given.iter().zip(taken).all(|(a, b)| same(a, b))
        }
        (FactValue::Words(given), FactValue::Words(taken)) if param == Param::Classes => {
            given.iter().all(|class| taken.contains(class))
        }
        // Whether one schema implies another is not decidable here: it is unknown.
        (FactValue::Json(_), FactValue::Json(_)) => true,
        (given, taken) => given == taken,
    }
}

fn same(a: &Dimension, b: &Dimension) -> bool {
    match (a, b) {
        (Dimension::Fixed(a), Dimension::Fixed(b)) => a == b,
        // A symbol that nothing forces may still be anything.
        _ => true,
    }
}
