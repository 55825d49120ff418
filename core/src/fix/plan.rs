use crate::check::{Context, Fix};
use crate::edit::{Command, plan};

/// A plan may cost a reading of the whole text; so many bytes may be read for the fixes of a rule.
const BYTES: usize = 1 << 20;

/// Makes fixes of commands, as many as the length of the text allows: of a short text each finding
/// gets its fixes, of a very long one the first.
pub(crate) struct Planner<'a> {
    cx: Context<'a>,
    left: usize,
}

impl<'a> Planner<'a> {
    /// For the findings of one rule.
    pub(crate) fn new(cx: &Context<'a>) -> Self {
        let most = BYTES.checked_div(cx.text.len()).unwrap_or(1).max(1);
        Self {
            cx: *cx,
            left: if cx.editable { most } else { 0 },
        }
    }

    /// Whether another plan may be made; what only a plan needs need not be looked for otherwise.
    pub(crate) const fn is_open(&self) -> bool {
        self.left > 0
    }

    /// A fix that a person should choose; `None` where the command cannot be carried out, or enough
    /// was planned.
    pub(crate) fn choice(&mut self, label: impl Into<String>, command: &Command) -> Option<Fix> {
        self.left = self.left.checked_sub(1)?;
        let change = plan(self.cx.analysis, command).ok()?;
        Some(Fix::choice(label, change.edits))
    }
}
