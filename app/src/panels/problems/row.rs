use modelspec_core::check;
use modelspec_core::edit::Command;
use modelspec_core::order::Arrange as _;

use super::found::{Problem, glyph, subject};
use super::suppress::Suppress;
use crate::panels::prose::prose;
use crate::ui::prelude::*;
use crate::ui::{App, Dialog, Icon, ViewRequest, use_app};
use crate::workspace::{Action, Selection};

/// Selects what a finding is about, and moves the canvas there; without such a thing the text is
/// shown.
pub(super) fn go_to(app: App, problem: &Problem) {
    let document = app.workspace.document_now();
    match subject(&document, &problem.diagnostic) {
        Some(item) => {
            app.workspace.select(Selection::one(item.clone()));
            app.ui.view.set(Some(ViewRequest::Reveal(item)));
        }
        None => app.ui.reveal_text(problem.diagnostic.span),
    }
}

/// The buttons of a finding's fixes, the preferred one first.
#[component]
pub(crate) fn Fixes(
    /// The finding.
    problem: Problem,
    /// Called when one is applied.
    done: Callback<()>,
) -> impl IntoView {
    let app = use_app();
    let Problem { diagnostic, .. } = problem;
    let mut fixes = diagnostic.fixes.clone();
    fixes.arrange_by_key(|fix| (!fix.preferred, fix.applicability));
    fixes
        .into_iter()
        .enumerate()
        .map(|(at, fix)| {
            let edits = fix.edits;
            let apply = move |_| {
                let edits = edits.clone();
                let action = Action::edit(Command::ApplyFix { edits });
                if app.workspace.dispatch(action) {
                    done.run(());
                }
            };
            view! {
                <button class="small" class:quiet=at != 0 type="button" on:click=apply>{prose(&fix.label)}</button>
            }
        })
        .collect_view()
}

/// A rule's code; it opens the rule's page.
#[component]
pub(crate) fn CodeButton(code: &'static str) -> impl IntoView {
    let app = use_app();
    let title = check::rule(code).map(|rule| rule.title);
    view! {
        <button
            class="problem-code"
            type="button"
            disabled=title.is_none()
            title=title.map(|title| format!("{code}: {title}. Read more"))
            on:click=move |_| app.ui.dialog.set(Some(Dialog::Rule(code)))
        >{code}</button>
    }
}

/// A finding in the list.
#[component]
pub(super) fn Row(problem: Problem, done: Callback<()>) -> impl IntoView {
    let app = use_app();
    let found = problem.diagnostic.clone();
    let code = found.code.0;
    let span = found.span;
    let suppressing = RwSignal::new(false);
    // What reading itself finds is no rule's to silence.
    let suppressible = check::rule(code).is_some_and(|rule| !rule.parts.is_empty());
    let related = found.related.iter().map(|related| {
        let span = related.span;
        view! {
            <li>
                <button class="link" type="button" on:click=move |_| app.ui.reveal_text(span)>
                    {prose(&related.message)}
                </button>
            </li>
        }
    });
    let related = (!found.related.is_empty())
        .then(|| view! { <ul class="related">{related.collect_view()}</ul> });
    let rows = found.table.iter().map(|row| {
        view! {
            <tr><th scope="row">{prose(&row.what)}</th><td>{row.amount.clone()}</td></tr>
        }
    });
    let table = (!found.table.is_empty())
        .then(|| view! { <table class="sum"><tbody>{rows.collect_view()}</tbody></table> });
    let help = found
        .help
        .as_ref()
        .map(|help| view! { <p class="hint">{prose(help)}</p> });
    let position = format!("{}:{}", problem.position.line, problem.position.column);
    let place = format!(
        "Line {}, column {} of the text",
        problem.position.line, problem.position.column
    );
    let severity = found.severity;
    let sentence = prose(&found.message);
    let target = problem.clone();
    let found = StoredValue::new(found);
    let form = move || {
        suppressing.get().then(|| {
            view! { <Suppress found=found open=suppressing done=done /> }
        })
    };
    view! {
        <li class=format!("problem {}", severity.word())>
            <Icon glyph=glyph(severity) />
            <span class="visually-hidden">{severity.word()}</span>
            <CodeButton code=code />
            <div class="problem-body">
                <button class="problem-main" type="button" on:click=move |_| go_to(app, &target)>{sentence}</button>
                {table}
                {help}
                {related}
                {form}
            </div>
            <div class="problem-actions">
                <Fixes problem=problem done=done />
                {suppressible.then(|| view! {
                    <button
                        class="small quiet suppress-button"
                        type="button"
                        aria-expanded=move || suppressing.get().to_string()
                        on:click=move |_| suppressing.update(|open| *open = !*open)
                    >"Suppress…"</button>
                })}
                <button class="small quiet place" type="button" title="Show it in the text" aria-label=place
                    on:click=move |_| app.ui.reveal_text(span)>{position}</button>
            </div>
        </li>
    }
}
