use std::sync::Arc;

use modelspec_core::check::Diagnostic;
use modelspec_core::edit::{Command, Item};
use modelspec_core::yaml::Fragment;

use super::found::subject;
use crate::ui::prelude::*;
use crate::ui::use_app;
use crate::workspace::{Action, Document, Notice};

/// Where a setting that silences a finding may stand: words for it, and its path.
fn places(document: &Document, found: &Diagnostic) -> Vec<(String, Vec<String>)> {
    let spec = || vec!["spec".to_owned()];
    let mut places = Vec::new();
    if let Some(Item::Node(name)) = subject(document, found) {
        let mut path = spec();
        path.extend(["nodes".to_owned(), name.clone()]);
        places.push((format!("at {name}"), path));
    }
    if let Some(id) = &found.edge
        && let Some(index) = document.edge_index(id)
    {
        let mut path = spec();
        path.extend(["edges".to_owned(), index.to_string()]);
        places.push(("at this edge".to_owned(), path));
    }
    places.push(("in the whole graph".to_owned(), spec()));
    places
}

/// Asks where and why a finding is to be silent, and writes it into the document.
#[component]
pub(super) fn Suppress(
    /// The finding.
    found: StoredValue<Arc<Diagnostic>>,
    /// Whether this is open.
    open: RwSignal<bool>,
    /// Called when it is done.
    done: Callback<()>,
) -> impl IntoView {
    let app = use_app();
    let code = found.with_value(|found| found.code.0);
    let places = found.with_value(|found| places(&app.workspace.document_now(), found));
    let options = places.iter().enumerate().map(|(at, (words, _))| {
        view! { <option value=at.to_string()>{words.clone()}</option> }
    });
    let options = options.collect_view();
    let places = StoredValue::new(places);
    let (chosen, reason) = (RwSignal::new(0_usize), RwSignal::new(String::new()));
    let input = NodeRef::<leptos::html::Input>::new();
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            // Where the focus cannot be had, the user takes it.
            let _ = input.focus();
        }
    });
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let why = reason.get_untracked().trim().to_owned();
        let at = chosen.get_untracked();
        let Some((words, mut path)) = places.with_value(|places| places.get(at).cloned()) else {
            return;
        };
        if why.is_empty() {
            return;
        }
        path.extend(["checks".to_owned(), code.to_owned()]);
        let value = Fragment::map([
            ("severity", Fragment::text("off")),
            ("reason", Fragment::text(why)),
        ]);
        let action = Action::edit(Command::Set { path, value });
        if app.workspace.dispatch(action) {
            app.workspace
                .say(Notice::plain(format!("{code} is silent {words} now.")));
            done.run(());
        }
    };
    view! {
        <form class="suppress" on:submit=submit>
            <label class="field grow">
                <span class="unit">"Why"</span>
                <input
                    node_ref=input
                    required
                    maxlength="200"
                    placeholder="The reason stays in the document"
                    prop:value=move || reason.get()
                    on:input=move |event| reason.set(event_target_value(&event))
                    on:keydown=move |event| if event.key() == "Escape" { open.set(false); }
                />
            </label>
            <select
                class="field"
                aria-label="Where"
                on:change=move |event| chosen.set(event_target_value(&event).parse().unwrap_or(0))
            >{options}</select>
            <button class="small primary" disabled=move || reason.get().trim().is_empty()>"Suppress"</button>
            <button class="small quiet" type="button" on:click=move |_| open.set(false)>"Cancel"</button>
        </form>
    }
}
