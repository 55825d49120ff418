//! What the simulation is asked, and its answer.

mod chart;
mod controls;
mod plot;
mod table;

use modelspec_core::edit::Item;

use crate::panels::prose::prose;
use crate::simulation::{Figures, State};
use crate::ui::prelude::*;
use crate::ui::{App, Glyph, Icon, ViewRequest, thousands, use_app};
use crate::workspace::Selection;

/// The panel.
#[component]
pub(crate) fn Simulate() -> impl IntoView {
    let app = use_app();
    let generation = Memo::new(move |_| app.workspace.document().generation);
    Effect::new(move |before: Option<u64>| {
        let now = generation.get();
        if before.is_some_and(|before| before != now) {
            app.simulation.clear();
        }
        now
    });
    let answer = move || match app.simulation.state() {
        State::Refused(reasons) => view! { <Refused reasons=reasons /> }.into_any(),
        _ => match app.simulation.figures() {
            Some(figures) => view! { <Answer figures=figures /> }.into_any(),
            None => view! { <Empty /> }.into_any(),
        },
    };
    view! {
        <div class="simulate">
            <controls::Controls />
            <div class="simulate-answer" aria-busy=move || app.simulation.is_running().to_string()>
                {answer}
            </div>
        </div>
    }
}

/// The name of a file of figures: it is called as the graph is.
fn file_name(app: App, end: &str) -> String {
    let kept = |c: char| {
        if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') {
            c
        } else {
            '-'
        }
    };
    let title = app.workspace.document_now().title();
    let title = title.trim_end_matches(".modelspec.yaml");
    let stem: String = title.chars().map(kept).collect();
    format!("{stem}-simulation.{end}")
}

/// Shows a node where it is.
fn go(app: App, node: &str) {
    let item = Item::Node(node.to_owned());
    app.workspace.select(Selection::one(item.clone()));
    app.ui.view.set(Some(ViewRequest::Reveal(item)));
}

#[component]
fn Empty() -> impl IntoView {
    view! {
        <div class="panel-empty">
            <Icon glyph=Glyph::Play />
            <p><b>"What will it do under load?"</b></p>
            <p class="hint">
                "Each node whose service or latency is stated is simulated as a queue before its servers, \
                at its share of the arrivals: how busy it is, and how long requests wait and are served."
            </p>
        </div>
    }
}

#[component]
fn Refused(reasons: Vec<(Option<String>, String)>) -> impl IntoView {
    view! {
        <div class="simulate-refused" role="alert">
            <p><b>"Nothing was simulated."</b></p>
            <Notes notes=reasons />
        </div>
    }
}

/// Sentences; a click on one that is about a node shows it.
#[component]
fn Notes(notes: Vec<(Option<String>, String)>) -> impl IntoView {
    let app = use_app();
    let rows = notes.into_iter().map(|(node, sentence)| {
        let sentence = prose(&sentence);
        match node {
            Some(node) => view! {
                <li><button class="quiet note-link" on:click=move |_| go(app, &node)>{sentence}</button></li>
            }
            .into_any(),
            None => view! { <li>{sentence}</li> }.into_any(),
        }
    });
    view! { <ul class="simulate-notes">{rows.collect_view()}</ul> }
}

#[component]
fn Answer(figures: std::rc::Rc<Figures>) -> impl IntoView {
    let app = use_app();
    let revision = figures.revision;
    let stale = Memo::new(move |_| app.workspace.document().revision != revision);
    let busiest = figures
        .bottleneck()
        .map(|(name, node)| (name.to_owned(), node.utilisation, node.stable));
    let slowest = figures.slowest().map(|(name, p95)| {
        let budget = figures.nodes.get(name).and_then(|node| node.budget_ms);
        let over = budget.is_some_and(|budget| p95 > budget);
        (name.to_owned(), p95, over)
    });
    let capacity = figures.capacity();
    let arrivals = figures.rate;
    let path = figures.path.clone();
    let ran = format!(
        "{} · {} requests at each node · seed {} · {}",
        figures.engine,
        thousands(figures.requests),
        figures.seed,
        crate::ui::duration(figures.elapsed_ms),
    );
    let notes = figures.notes.clone();
    let note = figures.engine_note.clone();
    view! {
        <div class="simulate-head">
            {busiest.map(|(name, load, stable)| view! {
                <figure class:bad=!stable>
                    <b>{percent(load)}</b>
                    <figcaption>"busiest: "<button class="quiet node-link" on:click={
                        let name = name.clone();
                        move |_| go(app, &name)
                    }>{name.clone()}</button></figcaption>
                </figure>
            })}
            {slowest.map(|(name, p95, over)| view! {
                <figure class:bad=over>
                    <b>{crate::ui::duration(p95)}</b>
                    <figcaption>"largest p95: "<button class="quiet node-link" on:click={
                        let name = name.clone();
                        move |_| go(app, &name)
                    }>{name.clone()}</button></figcaption>
                </figure>
            })}
            {capacity.map(|capacity| view! {
                <figure class:bad=capacity <= arrivals title="The busiest node's use grows in proportion to the arrivals: at this rate it has no time left">
                    <b>{format!("{} /s", crate::ui::figure(capacity))}</b>
                    <figcaption>{format!("would fill it; {} arrive", crate::ui::figure(arrivals))}</figcaption>
                </figure>
            })}
            {path.map(|(nodes, sum)| view! {
                <figure title=nodes.join(" → ")>
                    <b>{crate::ui::duration(sum)}</b>
                    <figcaption>"sum of mean times along the slowest path"</figcaption>
                </figure>
            })}
            <span class="grow"></span>
            <p class="hint simulate-ran">
                {ran}
                {move || stale.get().then(|| view! { " "<span class="pill warning">"of an earlier version"</span>
                    <button class="small quiet" on:click=move |_| app.simulation.run(app.workspace)>"Run again"</button>
                })}
            </p>
        </div>
        {note.map(|note| view! { <p class="hint simulate-note">{note}</p> })}
        <div class="simulate-body">
            <plot::Plot />
            <table::Table figures=figures />
        </div>
        <p class="hint simulate-note">
            "Every node is simulated by itself. Percentiles of different nodes do not add up to those of a request: "
            "the whole graph is not simulated yet."
        </p>
        {(!notes.is_empty()).then(|| view! {
            <details class="simulate-more">
                <summary>{format!("{} simplified or left out", thousands(notes.len() as u64))}</summary>
                <Notes notes=notes />
            </details>
        })}
    }
}

/// `83 %`.
fn percent(share: f64) -> String {
    format!("{} %", crate::ui::figure((share * 1000.0).round() / 10.0))
}
