use modelspec_core::check::Severity;

use crate::commands::{self, Command};
use crate::ui::prelude::*;
use crate::ui::{Dialog, Glyph, Icon, Tab, use_app};

/// Document, undo, counts of findings, and what is done with the whole.
#[component]
pub(super) fn TopBar() -> impl IntoView {
    let app = use_app();
    let (workspace, ui) = (app.workspace, app.ui);
    let title = Memo::new(move |_| workspace.document().title());
    let version = Memo::new(move |_| {
        let document = workspace.document();
        let graph = document.drawn.graph.as_ref()?;
        let metadata = graph.spec.metadata.as_ref()?;
        Some(metadata.version.as_ref()?.value.to_string())
    });
    let search_keys = commands::find("palette")
        .and_then(|command| command.keys.first())
        .map(|chord| chord.label());
    view! {
        <header class="topbar">
            <MainMenu />
            <div class="title">
                <h1>{title}</h1>
                <span class="title-state">
                    {move || version.get().map(|version| format!("{version} · "))}
                    {move || ui.keeping.get()}
                </span>
            </div>
            <CommandButton id="undo" />
            <CommandButton id="redo" />
            <span class="grow"></span>
            <Counts />
            <button class="quiet search-button" on:click=move |_| crate::dialogs::command_palette(app)>
                <Icon glyph=Glyph::Search />
                <span class="wide">"Search"</span>
                <kbd class="wide">{search_keys}</kbd>
            </button>
            <ThemeButton />
            <button
                class="wide"
                disabled=move || workspace.document().is_empty()
                on:click=move |_| ui.dialog.set(Some(Dialog::Share))
            >"Share"</button>
            <button class="primary" on:click=move |_| ui.open(Tab::Export)>"Export"</button>
        </header>
    }
}

/// A command as a button with its drawing.
#[component]
fn CommandButton(id: &'static str) -> impl IntoView {
    let app = use_app();
    let command = commands::find(id);
    let enabled = Memo::new(move |_| command.is_some_and(|command| (command.enabled)(app)));
    let step = move || {
        let document = app.workspace.document();
        let label = if id == "undo" {
            document.undo.clone()
        } else {
            document.redo.clone()
        };
        let title = command.map_or("", |command| command.title);
        label.map_or_else(|| title.to_owned(), |label| format!("{title}: {label}"))
    };
    let glyph = command.map_or(Glyph::Dots, |command| command.glyph);
    view! {
        <button
            class="quiet icon-button"
            aria-label=command.map(|command| command.title)
            title=step
            disabled=move || !enabled.get()
            on:click=move |_| if let Some(command) = command { (command.run)(app) }
        >
            <Icon glyph=glyph />
        </button>
    }
}

#[component]
fn ThemeButton() -> impl IntoView {
    let app = use_app();
    let command = commands::find("theme");
    view! {
        <button
            class="quiet icon-button wide"
            aria-label="Switch between light and dark"
            title="Switch between light and dark"
            on:click=move |_| if let Some(command) = command { (command.run)(app) }
        >
            {move || {
                let glyph = if app.ui.is_dark() { Glyph::Sun } else { Glyph::Moon };
                view! { <Icon glyph=glyph /> }
            }}
        </button>
    }
}

/// How many errors and warnings; a click lists them.
#[component]
fn Counts() -> impl IntoView {
    let app = use_app();
    let counts = Memo::new(move |_| {
        let document = app.workspace.document();
        (
            document.count(Severity::Error),
            document.count(Severity::Warning),
            document.is_empty() || !document.analysis.is_checked,
        )
    });
    let words =
        |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    view! {
        <button class="quiet counts" on:click=move |_| app.ui.open(Tab::Problems) title="Show problems">
            {move || match counts.get() {
                (_, _, true) => ().into_any(),
                (0, 0, _) => view! { <span class="pill ok"><Icon glyph=Glyph::Check /><span class="wide">"No problems"</span></span> }.into_any(),
                (errors, warnings, _) => view! {
                    {(errors > 0).then(|| view! { <span class="pill error">{words(errors, "error")}</span> })}
                    {(warnings > 0).then(|| view! { <span class="pill warning">{words(warnings, "warning")}</span> })}
                }.into_any(),
            }}
        </button>
    }
}

/// The menu behind the logo: every command of document and view.
#[component]
fn MainMenu() -> impl IntoView {
    let app = use_app();
    let menu = NodeRef::<leptos::html::Div>::new();
    let close = move || {
        if let Some(menu) = menu.get_untracked() {
            // Already closed is as good.
            let _ = menu.hide_popover();
        }
    };
    let entry = move |command: &'static Command| {
        let enabled = Memo::new(move |_| (command.enabled)(app));
        view! {
            <li>
                <button
                    class="quiet menu-item"
                    disabled=move || !enabled.get()
                    on:click=move |_| { close(); (command.run)(app); }
                >
                    <Icon glyph=command.glyph />
                    <span class="grow">{command.title}</span>
                    {command.keys.first().map(|chord| view! { <kbd>{chord.label()}</kbd> })}
                </button>
            </li>
        }
    };
    let groups = commands::Group::ALL.map(|group| {
        let entries = commands::COMMANDS
            .iter()
            .filter(|command| command.group == group);
        view! {
            <section>
                <h2 class="heading">{group.title()}</h2>
                <ul>{entries.map(entry).collect_view()}</ul>
            </section>
        }
    });
    view! {
        <button class="quiet icon-button logo" popovertarget="main-menu" aria-label="Menu" title="Menu">
            <svg viewBox="0 0 24 24" aria-hidden="true">
                <rect width="24" height="24" rx="6.5"></rect>
                <path d="M7 8h4c3.2 0 1.6 8 5 8h1.5M7 16h3"></path>
                <circle cx="6.5" cy="8" r="1.7"></circle>
                <circle cx="6.5" cy="16" r="1.7"></circle>
                <circle cx="17.5" cy="16" r="1.7"></circle>
            </svg>
        </button>
        <div class="menu" id="main-menu" popover="auto" node_ref=menu>{groups.collect_view()}</div>
    }
}
