//! What the simulation is asked, and its answer.

mod chart;
mod controls;
mod head;
mod journeys;
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
                "Requests go through the graph, and wait where others are served: how long they take from end to \
                end, whether that keeps what the graph promises, and which node holds them up."
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
    let ran = format!(
        "{} · {} requests{} · seed {} · {}",
        figures.engine,
        thousands(figures.requests),
        if figures.whole.is_some() {
            ""
        } else {
            " at each node"
        },
        figures.seed,
        crate::ui::duration(figures.elapsed_ms),
    );
    let notes = figures.notes.clone();
    let note = figures.note.as_deref().map(prose);
    let reasons = figures.reasons.clone();
    let whole = figures.whole.as_ref();
    let journeys = whole.and_then(|whole| whole.journeys.clone());
    view! {
        <div class="simulate-head">
            <head::Head figures=figures.clone() />
            <span class="grow"></span>
            <p class="hint simulate-ran">
                {ran}
                {move || stale.get().then(|| view! { " "<span class="pill warning">"of an earlier version"</span>
                    <button class="small quiet" on:click=move |_| app.simulation.run(app.workspace)>"Run again"</button>
                })}
            </p>
        </div>
        {note.map(|note| view! { <p class="hint simulate-note">{note}</p> })}
        {(!reasons.is_empty()).then(|| view! {
            <div class="simulate-parts">
                <p>
                    <b>"Only the nodes were simulated, each by itself."</b>
                    " Percentiles of different nodes do not add up to those of a request. To follow requests through the graph:"
                </p>
                <Notes notes=reasons />
            </div>
        })}
        <div class="simulate-body">
            <plot::Plot />
            <table::Table figures=figures />
        </div>
        {journeys.map(|journeys| view! { <journeys::Waterfalls journeys=journeys /> })}
        {(!notes.is_empty()).then(|| view! {
            <details class="simulate-more">
                <summary>{left_out(notes.len())}</summary>
                <Notes notes=notes />
            </details>
        })}
    }
}

/// `3 things simplified or left out`.
fn left_out(count: usize) -> String {
    let things = if count == 1 { "thing" } else { "things" };
    format!(
        "{} {things} simplified or left out",
        thousands(count as u64)
    )
}

/// `83 %`. What is not nothing does not read as nothing, nor what is not all as all.
fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.0005 {
        return "< 0.1 %".to_owned();
    }
    if (0.9995..1.0).contains(&share) {
        return "> 99.9 %".to_owned();
    }
    format!("{} %", crate::ui::figure((share * 1000.0).round() / 10.0))
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn few_are_not_none_and_most_are_not_all() {
        let words = [
            0.0, 1e-6, 0.0005, 0.0123, 0.834, 0.9994, 0.999_999, 1.0, 1.26,
        ]
        .map(percent);
        let expected = [
            "0 %", "< 0.1 %", "0.1 %", "1.2 %", "83.4 %", "99.9 %", "> 99.9 %", "100 %", "126 %",
        ];
        assert_eq!(words, expected);
    }
}
