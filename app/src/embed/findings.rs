use modelspec_core::check::Severity;
use modelspec_core::order::Arrange as _;

use crate::panels::problems::{Problem, glyph, problems, subject};
use crate::panels::prose::prose;
use crate::ui::prelude::*;
use crate::ui::{Icon, ViewRequest, use_app};
use crate::workspace::Selection;

/// More findings than these are told by their number.
const MOST: usize = 100;

/// The findings, folded under a line that counts them.
#[component]
pub(super) fn Findings() -> impl IntoView {
    let app = use_app();
    let found = Memo::new(move |_| {
        let document = app.workspace.document();
        let mut found: Vec<Problem> = problems(&document, |_| true).collect();
        found.arrange_by_key(|problem| core::cmp::Reverse(problem.diagnostic.severity));
        found
    });
    let show = move |problem: &Problem| {
        let document = app.workspace.document_now();
        if let Some(item) = subject(&document, &problem.diagnostic) {
            app.workspace.select(Selection::one(item.clone()));
            app.ui.view.set(Some(ViewRequest::Reveal(item)));
        }
    };
    let row = move |problem: Problem| {
        let diagnostic = problem.diagnostic.clone();
        let class = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info | Severity::Off => "info",
        };
        let line = problem.position.line;
        view! {
            <li>
                <button class=format!("quiet embed-finding {class}") on:click=move |_| show(&problem)>
                    <Icon glyph=glyph(diagnostic.severity) />
                    <span class="visually-hidden">{class}": "</span>
                    <span class="grow">{prose(&diagnostic.message)}</span>
                    <span class="embed-place">{diagnostic.code.0}" · line "{line}</span>
                </button>
            </li>
        }
    };
    move || {
        let found = found.get();
        if found.is_empty() {
            return ().into_any();
        }
        let count = found.len();
        let only_told = found
            .iter()
            .all(|problem| problem.diagnostic.severity <= Severity::Info);
        let word = if only_told { "remark" } else { "finding" };
        let plural = if count == 1 { "" } else { "s" };
        let more = count.saturating_sub(MOST);
        view! {
            <details class="embed-findings">
                <summary>{format!("{count} {word}{plural}")}</summary>
                <ul>
                    {found.into_iter().take(MOST).map(row).collect_view()}
                    {(more > 0).then(|| view! { <li class="hint">{format!("{more} more: open the graph in the designer.")}</li> })}
                </ul>
            </details>
        }
        .into_any()
    }
}
