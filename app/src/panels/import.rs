//! Imports: what was read, what was understood of it, and what a person should look at.

use std::rc::Rc;

use modelspec_core::edit::Item;
use serde_json::json;

use crate::engine;
use crate::imports::{self, Class, Format, Note, Report, Source, State};
use crate::panels::prose::prose;
use crate::storage;
use crate::ui::prelude::*;
use crate::ui::{App, Glyph, Icon, ViewRequest, bytes, is_narrow, use_app};
use crate::workspace::Selection;

/// So many notes of a class are shown.
const SHOWN: usize = 200;

/// The panel.
#[component]
pub(crate) fn Import() -> impl IntoView {
    let app = use_app();
    let body = move || match app.imports.state() {
        State::Nothing => view! { <Formats /> }.into_any(),
        State::Reading(count) => {
            let files = if count == 1 {
                "a file".to_owned()
            } else {
                format!("{count} files")
            };
            view! {
                <div class="panel-empty import-reading" role="status">
                    <p>{format!("Reading {files}…")}</p>
                    <button class="small" on:click=move |_| app.imports.cancel()>"Cancel"</button>
                </div>
            }
            .into_any()
        }
        State::Failed(sentence) => view! {
            <div class="panel-empty">
                <p role="alert">{sentence}</p>
                <Choose />
            </div>
        }
        .into_any(),
        State::Done(report) => view! { <Told report=report is_refused=false /> }.into_any(),
        State::Refused(report) => view! { <Told report=report is_refused=true /> }.into_any(),
    };
    view! { <div class="import">{body}</div> }
}

/// The buttons that choose what is imported.
#[component]
fn Choose() -> impl IntoView {
    let app = use_app();
    view! {
        <div class="import-choose">
            <button class="small" on:click=move |_| storage::import_files(app)>
                <Icon glyph=Glyph::Input />"Choose files…"
            </button>
            <button class="small" on:click=move |_| storage::import_folder(app)>
                <Icon glyph=Glyph::Input />"Choose a folder…"
            </button>
        </div>
    }
}

/// What can be imported.
#[component]
fn Formats() -> impl IntoView {
    let app = use_app();
    let formats = RwSignal::new(Vec::<Format>::new());
    let hear = move |answer| {
        if let engine::Answer::Done(list) = answer {
            // The panel may be gone by now.
            let _ = formats.try_set(imports::formats(&list));
        }
    };
    app.imports.engine().ask(json!({ "do": "importers" }), hear);
    let list = move || {
        let formats = formats.get().into_iter();
        let row = |format: Format| {
            view! { <li><b>{format.title}</b><span>{format.about}</span></li> }
        };
        formats.map(row).collect_view()
    };
    view! {
        <div class="import-empty">
            <div class="import-lead">
                <h3>"Begin with what you have"</h3>
                <p class="hint">
                    "Drop files or a whole folder anywhere, or choose them. They are read on this device and become a new graph; what is open now is kept, under “Recover an earlier document”."
                </p>
                <Choose />
            </div>
            <ul class="import-formats" aria-label="What is read">{list}</ul>
        </div>
    }
}

/// What an import gave.
#[component]
fn Told(report: Rc<Report>, is_refused: bool) -> impl IntoView {
    let app = use_app();
    let (glyph, words) = if is_refused {
        (Glyph::Error, "Nothing was imported.".to_owned())
    } else {
        (Glyph::Check, format!("Imported as {}.", report.name))
    };
    let sections = Class::ALL.map(|class| {
        let notes: Vec<Note> = report.of(class).cloned().collect();
        (!notes.is_empty()).then(|| view! { <Section class=class notes=notes /> })
    });
    let without = report.notes.is_empty().then(|| {
        let words = if is_refused {
            crate::workspace::sentence(&report.reason)
        } else {
            "All that the files say is in the graph.".to_owned()
        };
        view! { <p class="hint">{words}</p> }
    });
    let kept = report.has_replaced.then(|| {
        view! {
            <span class="hint">"What was open is kept."</span>
            <button class="link" on:click=move |_| storage::recover_earlier(app)>"Recover it…"</button>
        }
    });
    let files = report.files.clone();
    let file = |source: Source| file(source, is_refused);
    view! {
        <div class="import-told">
            <header class="import-head" class:refused=is_refused role=is_refused.then_some("alert")>
                <Icon glyph=glyph />
                <b>{words}</b>
                {kept}
                <span class="grow"></span>
                <Choose />
            </header>
            <div class="import-columns">
                <div class="import-notes">{sections.into_iter().collect_view()}{without}</div>
                <aside aria-label="Files">
                    <h3 class="heading">{format!("Files ({})", files.len())}</h3>
                    <ul>{files.into_iter().take(SHOWN).map(file).collect_view()}</ul>
                    {more(report.files.len())}
                </aside>
            </div>
        </div>
    }
}

fn more(count: usize) -> Option<AnyView> {
    let rest = count.checked_sub(SHOWN).filter(|rest| *rest > 0)?;
    let words = format!("and {rest} more; modelspec import lists all of them");
    Some(view! { <p class="hint">{words}</p> }.into_any())
}

fn file(source: Source, is_refused: bool) -> impl IntoView {
    let formats = match source.formats.as_slice() {
        _ if is_refused => String::new(),
        [] => "left out · ".to_owned(),
        formats => format!("{} · ", formats.join(", ")),
    };
    // What is read in parts is worth saying: of weights only the header is.
    let size = if source.read < source.size {
        format!("{} of {} read", bytes(source.read), bytes(source.size))
    } else {
        bytes(source.size)
    };
    view! {
        <li class="import-file">
            <span class="mono">{source.path}</span>
            <span class="hint">{formats}{size}</span>
        </li>
    }
}

#[component]
fn Section(class: Class, notes: Vec<Note>) -> impl IntoView {
    let count = notes.len();
    let name = match class {
        Class::Refused => "import-section refused",
        Class::Guessed => "import-section guessed",
        Class::Kept | Class::Understood => "import-section",
    };
    view! {
        <section class=name aria-label=class.title()>
            <h3 class="heading">{format!("{} ({count})", class.title())}</h3>
            <p class="hint">{class.about()}</p>
            <ul>{notes.into_iter().take(SHOWN).map(|note| view! { <NoteRow note=note /> }).collect_view()}</ul>
            {more(count)}
        </section>
    }
}

#[component]
fn NoteRow(note: Note) -> impl IntoView {
    let app = use_app();
    let value = note.value.map(|value| view! { " "<code>{value}</code> });
    let help = note
        .help
        .filter(|_| note.class == Class::Refused)
        .map(|help| view! { <span class="import-help">{prose(&crate::workspace::sentence(&help))}</span> });
    let place = view! { <span class="import-place"><code>{note.place}</code>" "<code>{note.code}</code></span> };
    let words = view! { <span>{prose(&note.message)}{value}</span>{help}{place} };
    let Some(node) = note.node else {
        return view! { <li class="import-note">{words}</li> }.into_any();
    };
    let item = Item::Node(node.clone());
    let is_there = {
        let item = item.clone();
        Memo::new(move |_| app.workspace.document().has(&item))
    };
    view! {
        <li class="import-note">
            <button
                class="quiet note-link"
                title=format!("Show {node}")
                disabled=move || !is_there.get()
                on:click=move |_| show(app, &item)
            >{words}</button>
        </li>
    }
    .into_any()
}

/// Shows a node; where panels cover the canvas, they give way.
fn show(app: App, item: &Item) {
    if is_narrow() {
        app.ui.dock.set(false);
    }
    app.workspace.select(Selection::one(item.clone()));
    app.ui.view.set(Some(ViewRequest::Reveal(item.clone())));
}
