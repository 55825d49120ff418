//! Findings, and the rules that make them.

mod again;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod cases_of_contracts;
#[cfg(test)]
mod cases_of_paths;
#[cfg(test)]
mod cases_of_placement;
pub(crate) mod derived;
mod diagnostic;
mod latency;
mod meeting;
mod placed;
#[macro_use]
mod rule;
mod rules;
mod run;
mod scope;
mod settings;
mod structure;
#[cfg(test)]
mod tests;
mod tokens;

pub use diagnostic::{Applicability, Code, Diagnostic, Fix, Related, Row, Severity};
pub use rule::{Context, Rule};
pub use rules::RULES;
pub(crate) use run::Noise;
pub use scope::{Ask, Part, Scope};

pub(crate) use again::again;

use crate::order::Arrange as _;
use crate::text::Span;

/// The rule of a code, in any case.
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES
        .iter()
        .copied()
        .find(|rule| rule.code.0.eq_ignore_ascii_case(code))
}

/// The pages of all rules as one Markdown text, by code.
pub fn reference() -> String {
    let mut text = String::from("# Rules\n");
    for rule in RULES {
        text.push_str("\n## ");
        text.push_str(rule.code.0);
        text.push_str(": ");
        text.push_str(rule.title);
        text.push_str("\n\nSeverity: ");
        text.push_str(rule.severity.word());
        text.push_str(".\n\n");
        for line in rule.markdown().lines() {
            if line.starts_with("## ") {
                text.push('#');
            }
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// Gives findings that were made outside of the rules the severities that the document sets.
pub(crate) fn settle(cx: &Context<'_>, found: &mut Vec<Diagnostic>) {
    settings::apply(cx, found);
}

/// Runs every rule over a graph, and applies the severities that the document sets. The findings
/// come in the order of the text.
pub fn check(cx: &Context<'_>) -> Vec<Diagnostic> {
    check_and_note(cx).0
}

/// The same, with a note of what there was a finding about.
pub(crate) fn check_and_note(cx: &Context<'_>) -> (Vec<Diagnostic>, Noise) {
    let mut found = Vec::new();
    let noise = run::everything(cx, &mut found);
    settle_all(cx, &mut found);
    (found, noise)
}

/// Applies the severities that the document sets, and puts the findings in order.
fn settle_all(cx: &Context<'_>, found: &mut Vec<Diagnostic>) {
    settings::apply(cx, found);
    settings::unknown_codes(cx, found);
    found.arrange_by(|a, b| order(a).cmp(&order(b)));
    found.dedup();
}

/// What one rule finds in a graph, before the severities that the document sets.
pub fn ask(cx: &Context<'_>, rule: &Rule) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    run::rule(cx, rule, &mut found);
    found
}

fn order(found: &Diagnostic) -> (Span, &str, &str) {
    (found.span, found.code.0, &found.message)
}
