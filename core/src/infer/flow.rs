//! How facts pass from one type to another.

use super::Slot;
use crate::graph::{Fact, FactValue, Param, Type};
use crate::spec::Kind;

/// Fills what `target` leaves open with what `source` knows, bounds left out, and notes what was
/// filled.
pub(super) fn fill(
    source: &Type,
    target: &mut Type,
    forward: bool,
    depth: usize,
    added: &mut Vec<Slot>,
) {
    if target.kind == Kind::Any && source.kind != Kind::Any && forward {
        target.kind = source.kind;
        target.span = source.span;
        added.push(Slot { depth, param: None });
    }
    if target.kind != source.kind || target.kind == Kind::Any {
        return;
    }
    for (&param, fact) in source.facts.iter() {
        if !param.is_bound() && !target.facts.contains_key(&param) {
            target.facts.insert(param, fact.clone());
            added.push(Slot {
                depth,
                param: Some(param),
            });
        }
    }
    let depth = depth.saturating_add(1);
    match (&source.inner, &mut target.inner) {
        (Some(source), Some(target)) => fill(source, target, forward, depth, added),
        (Some(source), empty) if forward => {
            let mut inner = source.clone();
            drop_bounds(&mut inner);
            record(&inner, depth, added);
            *empty = Some(inner);
        }
        _ => {}
    }
}

fn drop_bounds(ty: &mut Type) {
    ty.facts.retain(|param| !param.is_bound());
    if let Some(inner) = &mut ty.inner {
        drop_bounds(inner);
    }
}

/// Every slot of a type that was copied whole.
fn record(ty: &Type, depth: usize, added: &mut Vec<Slot>) {
    added.push(Slot { depth, param: None });
    added.extend(ty.facts.keys().map(|&param| Slot {
        depth,
        param: Some(param),
    }));
    if let Some(inner) = &ty.inner {
        record(inner, depth.saturating_add(1), added);
    }
}

pub(super) fn fill_bounds<O: Copy>(
    sources: &[(&Type, O)],
    target: &mut Type,
    depth: usize,
    added: &mut Vec<(Slot, O)>,
) {
    let same = |&(ty, _): &(&Type, O)| ty.kind == target.kind;
    if sources.is_empty() || target.kind == Kind::Any || !sources.iter().all(same) {
        return;
    }
    for param in [Param::MaxTokens, Param::MaxItems] {
        if target.facts.contains_key(&param) {
            continue;
        }
        let known: Vec<(&Fact, O)> = sources
            .iter()
            .filter_map(|&(ty, origin)| Some((ty.fact(param)?, origin)))
            .collect();
        let number = |fact: &Fact| match fact.value {
            FactValue::Number(value) => value,
            _ => 0,
        };
        let largest = known.iter().max_by_key(|(fact, _)| number(fact));
        if let Some(&(fact, origin)) = largest.filter(|_| known.len() == sources.len()) {
            target.facts.insert(param, fact.clone());
            let param = Some(param);
            added.push((Slot { depth, param }, origin));
        }
    }
    if let Some(target) = &mut target.inner {
        let inner: Vec<(&Type, O)> = sources
            .iter()
            .filter_map(|&(ty, origin)| Some((ty.inner.as_deref()?, origin)))
            .collect();
        if inner.len() == sources.len() {
            fill_bounds(&inner, target, depth.saturating_add(1), added);
        }
    }
}
