//! An analysis after an edit: what the edit did not touch is taken over from the analysis before.
//!
//! Equal to a new analysis in all that it says; the property tests of the workspace hold it to
//! that. The text is read and indexed anew. Where the edit changes what stands outside of nodes and
//! edges, renumbers nodes or ports, or the text has a slip of syntax, an anchor or a key twice, all
//! rules are asked anew as well.

mod changes;
mod hunks;

pub(crate) use changes::Changes;

use crate::Analysis;
use crate::check;
use crate::graph::PortIx;
use crate::order::Arrange as _;
use crate::text::TextEdit;

impl Analysis {
    /// The analysis of `text`, which is this one's after `edits`. Equal to `Analysis::new(text)`,
    /// and sooner there where little changed. Edits that do not lead to `text` make it no faster.
    #[must_use]
    pub fn after(&self, text: impl Into<String>, edits: &[TextEdit]) -> Self {
        Self::read(text).checked_after(self, edits)
    }

    /// With the findings of the rules, given the analysis of the text before `edits`.
    #[must_use]
    pub fn checked_after(mut self, before: &Self, edits: &[TextEdit]) -> Self {
        if self.own_gpus.is_none() {
            self.own_gpus.clone_from(&before.own_gpus);
        }
        if !before.is_checked || self.is_checked {
            return self.checked();
        }
        let Some((found, noise)) = again(&self, before, edits) else {
            return self.checked();
        };
        self.diagnostics.extend(found);
        self.diagnostics
            .arrange_by_key(|found| (found.span, found.code));
        self.noise = noise.into();
        self.is_checked = true;
        self.is_incremental = true;
        self
    }
}

fn again(
    now: &Analysis,
    before: &Analysis,
    edits: &[TextEdit],
) -> Option<(Vec<check::Diagnostic>, check::Noise)> {
    let changes = changes::find(before, now, edits)?;
    let (old, new) = (before.context()?, now.context()?);
    let mut typed: Vec<PortIx> = Vec::new();
    let mut kinds = false;
    for (ix, _) in new.graph.all_ports() {
        let (one, other) = (old.typing.of(ix), new.typing.of(ix));
        let (Some(one), Some(other)) = (one, other) else {
            typed.push(ix);
            kinds = true;
            continue;
        };
        if !one.says_the_same(other) {
            typed.push(ix);
            kinds |= one.kind != other.kind;
        }
    }
    check::again(&new, &old, &changes, (&typed, kinds))
}
