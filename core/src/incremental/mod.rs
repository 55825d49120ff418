//! An analysis after an edit: what the edit did not touch is taken over from the analysis before.
//!
//! Equal to a new analysis in all that it says; the property tests of the workspace hold it to
//! that. The text is read and indexed anew. Where the edit changes what stands outside of nodes and
//! edges, renumbers nodes or ports, or the text has a slip of syntax, an anchor or a key twice, all
//! rules are asked anew as well.

mod changes;
mod hunks;

pub(crate) use changes::Changes;
pub use hunks::Hunks;

use std::rc::Rc;

use crate::order::Arrange as _;
use crate::text::TextEdit;
use crate::{Analysis, check, infer};

impl Analysis {
    /// The analysis of `text`, which is this one's after `edits`. Equal to `Analysis::new(text)`,
    /// beside the same files, and sooner there where little changed. Edits that do not lead to `text` make it no faster.
    #[must_use]
    pub fn after(&self, text: impl Into<String>, edits: &[TextEdit]) -> Self {
        let text = text.into();
        let hunks = Hunks::new(&self.text, &text, edits);
        let mut next = Self::index_beside(text, self.bundle.clone());
        next.own_gpus.clone_from(&self.own_gpus);
        match hunks {
            Some(hunks) => next.checked_after(self, &hunks),
            None => next.checked(),
        }
    }

    /// With the findings of the rules, given the analysis of the text before an edit, and what the
    /// edit left where.
    #[must_use]
    pub fn checked_after(mut self, before: &Self, hunks: &Hunks) -> Self {
        // What a node refers to reaches further than an edit of the text says.
        let composed = before.composition().or(self.composition()).is_some();
        let is_fresh = before.is_checked && !self.is_checked && !self.is_inferred && !composed;
        // Other GPUs that are known count everywhere.
        let alike = match (&before.own_gpus, &self.own_gpus) {
            (Some(old), Some(new)) => Rc::ptr_eq(old, new),
            (old, new) => old.is_none() && new.is_none(),
        };
        match changes::find(before, &self, hunks).filter(|_| is_fresh && alike) {
            Some(changes) if self.follow(before, &changes).is_some() => self,
            _ => self.checked(),
        }
    }

    /// Infers and checks what changed; `None` where that cannot be done in part.
    fn follow(&mut self, before: &Self, changes: &Changes) -> Option<()> {
        let old = before.context()?;
        let again = infer::again((old.graph, old.typing), self.graph.as_ref()?, changes)?;
        self.typing = again.typing;
        self.is_inferred = true;
        let types = (&*again.typed, again.kinds);
        let (found, noise) = check::again(&self.context()?, &old, changes, types)?;
        self.diagnostics.extend(found);
        self.diagnostics
            .arrange_by_key(|found| (found.span, found.code));
        self.noise = noise.into();
        self.is_checked = true;
        self.is_incremental = true;
        Some(())
    }
}
