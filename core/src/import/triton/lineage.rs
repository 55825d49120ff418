//! Whose answers the values of an ensemble belong to.
//!
//! A decoupled model answers a request any number of times, and what follows runs once for each
//! answer. Values are paired where the answers of one are made from those of the other.

use std::collections::{BTreeMap, BTreeSet};

/// The decoupled step that a value stems from, if any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Origin(Option<usize>);

/// The decoupled steps of an ensemble, each with the one that makes it run and its depth.
#[derive(Debug, Default)]
pub(super) struct Lineage {
    parents: Vec<(Origin, usize)>,
}

impl Lineage {
    fn depth(&self, step: usize) -> usize {
        self.parents.get(step).map_or(0, |(_, depth)| *depth)
    }

    /// A decoupled step that runs on values of some origin; gives that of its answers.
    pub(super) fn add(&mut self, parent: Origin) -> Origin {
        let above = parent.0.map_or(0, |parent| self.depth(parent));
        self.parents.push((parent, above.saturating_add(1)));
        Origin(Some(self.parents.len().saturating_sub(1)))
    }

    /// The deepest origin of some tensors; `None` where two of them are not of one line.
    pub(super) fn common<'t>(
        &self,
        tensors: impl Iterator<Item = &'t str>,
        origins: &BTreeMap<&str, Origin>,
    ) -> Option<Origin> {
        let own: BTreeSet<usize> = tensors
            .filter_map(|tensor| origins.get(tensor)?.0)
            .collect();
        let deepest = own.iter().copied().max_by_key(|step| self.depth(*step));
        let mut line = deepest;
        let mut met = 0_usize;
        while let Some(step) = line {
            if own.contains(&step) {
                met = met.saturating_add(1);
            }
            line = self.parents.get(step).and_then(|(parent, _)| parent.0);
        }
        (met == own.len()).then_some(Origin(deepest))
    }
}
