//! Exports: their files, losses and assumptions.

mod answer;
mod files;
mod highlight;
mod zip;

use std::rc::Rc;

use modelspec_core::edit::Item;
use modelspec_core::text::Span;
use serde_json::{Value, json};

use crate::engine::{self, Engine};
use crate::panels::prose::prose;
use crate::platform;
use crate::storage::beside;
use crate::ui::prelude::*;
use crate::ui::{App, Glyph, Icon, ViewRequest, use_app};
use crate::workspace::Selection;
use answer::{Artifacts, Note, Target};

/// Where an export stands.
#[derive(Clone)]
enum State {
    /// The engine is asked.
    Waiting,
    /// There are files.
    Done(Rc<Artifacts>),
    /// There are none; what there is to tell beside the reason.
    Refused(Rc<Artifacts>),
    /// The engine cannot run.
    Failed(String),
}

/// The panel.
#[component]
pub(crate) fn Export() -> impl IntoView {
    let app = use_app();
    let engine = Engine::new();
    let targets = RwSignal::new(Vec::<Target>::new());
    let chosen = RwSignal::new(platform::remembered("export-target").unwrap_or_default());
    let accepted = RwSignal::new(Vec::<String>::new());
    let state = RwSignal::new_local(State::Waiting);

    engine.ask(json!({ "do": "targets" }), move |answer| match answer {
        engine::Answer::Done(list) => {
            let list = answer::targets(&list);
            let known = list
                .iter()
                .any(|target| target.name == chosen.get_untracked());
            if let Some(first) = list.first().filter(|_| !known) {
                chosen.set(first.name.clone());
            }
            targets.set(list);
        }
        engine::Answer::Failed(sentence) => state.set(State::Failed(sentence)),
        engine::Answer::Progress(_) | engine::Answer::Refused(_) => {}
    });

    let document = Memo::new(move |_| {
        // Only what is seen is exported anew with every edit.
        let shown = app.ui.dock.get() && app.ui.tab.get() == crate::ui::Tab::Export;
        shown.then(|| {
            let analysis = &app.workspace.document().analysis;
            (analysis.text.clone(), beside::texts(analysis))
        })
    });
    // Of the graph as it is now: an edit makes a run one of another graph.
    let simulated = Memo::new(move |_| {
        let run = app.simulation.figures()?;
        let is_now = run.revision == app.workspace.document().revision;
        run.placement.clone().filter(|_| is_now)
    });
    let as_simulated = RwSignal::new(false);
    Effect::new(move |_| {
        let (Some((text, files)), false) = (document.get(), targets.with(Vec::is_empty)) else {
            return;
        };
        let placement = simulated.get().filter(|_| as_simulated.get());
        let task = json!({ "do": "export", "text": text, "files": files, "target": chosen.get(), "accept": accepted.get(), "placement": placement });
        engine.ask(task, move |answer| match answer {
            engine::Answer::Done(result) => {
                state.set(State::Done(Rc::new(answer::artifacts(&result))));
            }
            engine::Answer::Refused(result) => {
                state.set(State::Refused(Rc::new(answer::artifacts(&result))));
            }
            engine::Answer::Failed(sentence) => state.set(State::Failed(sentence)),
            engine::Answer::Progress(_) => {}
        });
    });

    let choose = move |name: String| {
        platform::remember("export-target", &name);
        accepted.set(Vec::new());
        chosen.set(name);
    };
    let list = move || {
        targets
            .get()
            .into_iter()
            .map(|target| {
                let name = target.name.clone();
                let is_chosen = {
                    let name = name.clone();
                    move || chosen.get() == name
                };
                view! {
                    <li>
                        <button
                            class="quiet target"
                            aria-pressed=move || is_chosen().to_string()
                            title=target.about.replace('`', "")
                            on:click=move |_| choose(name.clone())
                        >
                            <b>{target.title}</b>
                            <span>{prose(&target.about)}</span>
                        </button>
                    </li>
                }
            })
            .collect_view()
    };
    let body = move || match state.get() {
        State::Waiting => {
            view! { <p class="panel-empty hint">"Loading the targets…"</p> }.into_any()
        }
        State::Failed(sentence) => {
            view! { <p class="panel-empty" role="alert">{sentence}</p> }.into_any()
        }
        State::Done(artifacts) => view! {
            <files::Files artifacts=Rc::clone(&artifacts) target=chosen />
            <Told artifacts=artifacts accepted=accepted />
        }
        .into_any(),
        State::Refused(artifacts) => view! {
            <div class="export-refused" role="alert">
                <Icon glyph=Glyph::Error />
                <div>
                    <p><b>"Nothing was exported."</b></p>
                    <p>{prose(&artifacts.reason)}</p>
                </div>
            </div>
            <Told artifacts=artifacts accepted=accepted />
        }
        .into_any(),
    };
    view! {
        <div class="export">
            <nav class="export-targets" aria-label="Targets"><ul>{list}</ul></nav>
            <div class="export-main">
                {move || simulated.get().map(|placement| view! {
                    <AsSimulated origin=origin(&placement) taken=as_simulated />
                })}
                <div class="export-body">{body}</div>
            </div>
        </div>
    }
}

/// Whether the files take the figures of the last run.
#[component]
fn AsSimulated(origin: String, taken: RwSignal<bool>) -> impl IntoView {
    view! {
        <label class="export-simulated">
            <input
                type="checkbox"
                prop:checked=move || taken.get()
                on:change=move |_| taken.update(|taken| *taken = !*taken)
            />
            <span>
                "Take replicas, batches, queues and budgets from the last run "
                <span class="hint">{format!("({origin})")}</span>
            </span>
        </label>
    }
}

/// Where a placement's figures come from.
fn origin(placement: &Value) -> String {
    let origin = placement.get("origin").and_then(Value::as_str);
    origin.unwrap_or_default().to_owned()
}

/// What the target loses, and what was assumed.
#[component]
fn Told(artifacts: Rc<Artifacts>, accepted: RwSignal<Vec<String>>) -> impl IntoView {
    let stops = artifacts.losses.iter().any(|loss| loss.stops);
    let losses = artifacts.losses.clone();
    let assumptions = artifacts.assumptions.clone();
    view! {
        <aside class="export-told" aria-label="Losses and assumptions" tabindex="0">
            {(!losses.is_empty()).then(|| view! {
                <h3 class="heading">{format!("Lost ({})", losses.len())}</h3>
                {stops.then(|| view! {
                    <p class="hint">"What changes safety or correctness stops the export until you accept it by name."</p>
                })}
                <ul>{losses.into_iter().map(|note| view! { <NoteRow note=note accepted=accepted /> }).collect_view()}</ul>
            })}
            {(!assumptions.is_empty()).then(|| view! {
                <h3 class="heading">{format!("Assumed ({})", assumptions.len())}</h3>
                <ul>{assumptions.into_iter().map(|note| view! { <NoteRow note=note accepted=accepted /> }).collect_view()}</ul>
            })}
        </aside>
    }
}

#[component]
fn NoteRow(note: Note, accepted: RwSignal<Vec<String>>) -> impl IntoView {
    let app = use_app();
    let Note {
        code,
        message,
        value,
        stops,
        ..
    } = note.clone();
    let is_accepted = {
        let code = code.clone();
        move || accepted.with(|accepted| accepted.contains(&code))
    };
    let toggled = code.clone();
    let accept = stops.then(|| {
        view! {
            <label class="export-accept">
                <input
                    type="checkbox"
                    prop:checked=is_accepted
                    on:change=move |_| accepted.update(|accepted| {
                        if accepted.contains(&toggled) {
                            accepted.retain(|code| *code != toggled);
                        } else {
                            accepted.push(toggled.clone());
                        }
                    })
                />
                {format!("Accept {code}")}
            </label>
        }
    });
    view! {
        <li class="export-note" class:stops=stops>
            <button class="quiet note-link" title="Show where" on:click=move |_| show(app, &note)>
                <code class="export-code">{code.clone()}</code>
                <span>{prose(&message)}{value.map(|value| view! { " "<code>{value}</code> })}</span>
            </button>
            {accept}
        </li>
    }
}

/// Shows what a note is about: the node, else the place in the text.
fn show(app: App, note: &Note) {
    match &note.node {
        Some(name) => {
            let item = Item::Node(name.clone());
            app.workspace.select(Selection::one(item.clone()));
            app.ui.view.set(Some(ViewRequest::Reveal(item)));
        }
        None => app.ui.reveal_text(Span::new(note.span.0, note.span.1)),
    }
}
