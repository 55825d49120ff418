//! Findings, and the rules that make them.

mod diagnostic;
#[macro_use]
mod rule;
mod rules;
mod settings;

pub use diagnostic::{Applicability, Code, Diagnostic, Fix, Related, Severity};
pub use rule::{Context, Rule};
pub use rules::RULES;

use crate::text::Span;

/// The rule of a code, in any case.
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES
        .iter()
        .copied()
        .find(|rule| rule.code.0.eq_ignore_ascii_case(code))
}

/// Runs every rule over a graph, and applies the severities that the document sets. The findings
/// come in the order of the text.
pub fn check(cx: &Context<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for check in RULES.iter().filter_map(|rule| rule.check) {
        check(cx, &mut found);
    }
    settings::apply(cx, &mut found);
    found.sort_by(|a, b| order(a).cmp(&order(b)));
    found.dedup();
    found
}

fn order(found: &Diagnostic) -> (Span, &str, &str) {
    (found.span, found.code.0, &found.message)
}
