use crate::check::{Context, Fix};
use crate::edit::{Command, plan};

/// A plan may cost a reading of the whole text; so many bytes may be read for the fixes of a rule.
const BYTES: usize = 1 << 20;

/// Makes fixes of commands, as many as the length of the text allows: of a short text each finding
/// gets its fixes, of a long one the first, of one that is longer than may be read at a keystroke
/// none.
pub(crate) struct Planner<'a> {
    cx: Context<'a>,
}

impl<'a> Planner<'a> {
    /// For the findings of the rule that is running.
    pub(crate) fn new(cx: &Context<'a>) -> Self {
        Self { cx: *cx }
    }

    /// Lets a rule plan as much as one may.
    pub(crate) fn open(cx: &Context<'a>) {
        let most = BYTES.checked_div(cx.text.len()).unwrap_or(1);
        let left = if cx.editable { most } else { 0 };
        cx.analysis.derived.plans.set(left);
    }

    fn left(&self) -> usize {
        self.cx.analysis.derived.plans.get()
    }

    /// Whether another plan may be made; what only a plan needs need not be looked for otherwise.
    pub(crate) fn is_open(&self) -> bool {
        self.left() > 0
    }

    /// A fix that a person should choose; `None` where the command cannot be carried out, or enough
    /// was planned.
    pub(crate) fn choice(&mut self, label: impl Into<String>, command: &Command) -> Option<Fix> {
        let left = self.left().checked_sub(1)?;
        self.cx.analysis.derived.plans.set(left);
        let change = plan(self.cx.analysis, command).ok()?;
        Some(Fix::choice(label, change.edits))
    }
}
