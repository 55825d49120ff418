//! The page that others embed: a graph to look at, with its findings.
//!
//! `embed.html#v1:…` shows the document of its address and follows the address. `?theme=light` or
//! `?theme=dark` before the `#` sets the colours; else they are the reader's own. It reads and
//! writes no storage, and offers nothing that changes the document.
//!
//! # In a sandbox
//! Module scripts are fetched as of the page's origin. With `sandbox="allow-scripts
//! allow-same-origin"`, or without a sandbox, the page runs on any host. With
//! `sandbox="allow-scripts"` alone the origin is opaque, and the browser takes the scripts only
//! from a host that answers with `Access-Control-Allow-Origin: *`. The link to the designer opens a
//! tab, which a sandbox refuses without `allow-popups`.

mod findings;

use modelspec_core::check::Severity;
use wasm_bindgen_futures::spawn_local;

use crate::canvas::Canvas;
use crate::imports::Imports;
use crate::known::Known;
use crate::platform;
use crate::shell::toast::Toast;
use crate::simulation::Simulation;
use crate::storage::check::Checked;
use crate::storage::{Storage, share};
use crate::ui::prelude::*;
use crate::ui::{App, Glyph, Icon, Theme, Ui};
use crate::workspace::{Action, Workspace};
use findings::Findings;

/// Whether the page is the embedded one.
pub(crate) fn is_embedded() -> bool {
    let mode = platform::root().and_then(|root| root.get_attribute("data-mode"));
    mode.as_deref() == Some("embed")
}

/// What the page shows.
#[derive(Clone, PartialEq, Eq)]
enum Stage {
    /// The address is still being read.
    Reading,
    /// The address holds no document.
    Empty,
    /// What it holds cannot be read: why.
    Bad(String),
    /// The document.
    Open,
}

/// The page.
#[component]
pub(crate) fn Embed() -> impl IntoView {
    let app = App {
        workspace: Workspace::new(),
        ui: Ui::new(),
        simulation: Simulation::new(),
        storage: Storage::new(),
        imports: Imports::new(),
        known: Known::new(),
    };
    provide_context(app);
    match asked_theme() {
        Some(theme) => app.ui.set_theme(theme),
        None => app.ui.set_theme(Theme::System),
    }

    let stage = RwSignal::new(Stage::Reading);
    let hash = RwSignal::new(String::new());
    let read = move || {
        hash.set(platform::window().location().hash().unwrap_or_default());
        spawn_local(async move {
            let asked = hash.get_untracked();
            let found = share::read_hash().await;
            // The address may have changed while this one was read.
            if hash.get_untracked() == asked {
                stage.set(open(app, found));
            }
        });
    };
    read();
    let listener = window_event_listener_untyped("hashchange", move |_| read());
    on_cleanup(move || listener.remove());

    let designer = move || share::address("index.html", &hash.get());
    let has_graph = Memo::new(move |_| app.workspace.document().drawn.graph.is_some());
    let stand = move || {
        match stage.get() {
        Stage::Reading => view! { <p class="embed-word hint">"Reading the graph…"</p> }.into_any(),
        Stage::Empty => view! {
            <Help title="No graph in this address" why="This page shows the graph that stands in its address, behind #v1:.".to_owned() />
        }
        .into_any(),
        Stage::Bad(why) => view! { <Help title="This graph cannot be shown" why=why /> }.into_any(),
        Stage::Open => view! {
            <Show
                when=move || has_graph.get()
                fallback=|| view! {
                    <p class="embed-word hint">"The document describes no graph that can be drawn; the findings below say why."</p>
                }
            >
                <Canvas editable=false />
            </Show>
        }
        .into_any(),
    }
    };
    let is_open = move || stage.get() == Stage::Open;
    view! {
        <div class="embed">
            <header class="embed-bar" hidden=move || !is_open()>
                <Title app=app />
                <span class="grow"></span>
                <Counts app=app />
                <a class="button small" href=designer target="_blank" rel="noopener">"Open in the designer"</a>
            </header>
            <main class="embed-stage" id="canvas" aria-label="Graph">{stand}</main>
            <Show when=is_open><Findings /></Show>
        </div>
        <Toast />
    }
}

fn open(app: App, found: Result<Option<Checked>, String>) -> Stage {
    match found {
        Ok(Some(found)) => {
            let name = found.name.unwrap_or_else(|| "graph".to_owned());
            let text = found.text;
            app.workspace.dispatch(Action::Open {
                name,
                text,
                beside: None,
            });
            Stage::Open
        }
        Ok(None) => Stage::Empty,
        Err(why) => Stage::Bad(why),
    }
}

/// The colours that the address asks for.
fn asked_theme() -> Option<Theme> {
    let search = platform::window().location().search().ok()?;
    let mut words = search.trim_start_matches('?').split('&');
    words.find_map(|word| match word {
        "theme=light" => Some(Theme::Light),
        "theme=dark" => Some(Theme::Dark),
        _ => None,
    })
}

#[component]
fn Title(app: App) -> impl IntoView {
    let title = Memo::new(move |_| app.workspace.document().title());
    view! { <h1 class="embed-title" title=title>{title}</h1> }
}

#[component]
fn Counts(app: App) -> impl IntoView {
    let counts = Memo::new(move |_| {
        let document = app.workspace.document();
        (
            document.count(Severity::Error),
            document.count(Severity::Warning),
            document.analysis.is_checked,
        )
    });
    let pill = |count: usize, word: &str, class: &'static str| {
        let plural = if count == 1 { "" } else { "s" };
        let text = format!("{count} {word}{plural}");
        (count > 0).then(|| view! { <span class=format!("pill {class}")>{text}</span> })
    };
    move || match counts.get() {
        (0, 0, false) => ().into_any(),
        (0, 0, true) => {
            view! { <span class="pill ok"><Icon glyph=Glyph::Check />"No problems"</span> }
                .into_any()
        }
        (errors, warnings, _) => view! {
            {pill(errors, "error", "error")}
            {pill(warnings, "warning", "warning")}
        }
        .into_any(),
    }
}

/// Says why nothing is shown, and how a graph comes into a page.
#[component]
fn Help(title: &'static str, why: String) -> impl IntoView {
    let designer = share::address("index.html", "");
    let sample = format!(
        "<iframe src=\"{}\"></iframe>",
        share::address("embed.html", "#v1:…")
    );
    view! {
        <div class="embed-word" role="alert">
            <h1>{title}</h1>
            <p>{why}</p>
            <p class="hint">
                "Open the graph in the designer, choose Share and copy the embed code. It looks like this:"
            </p>
            <code>{sample}</code>
            <a class="button" href=designer target="_blank" rel="noopener">"Open the designer"</a>
        </div>
    }
}
