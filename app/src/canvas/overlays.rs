use leptos::html;

use super::board::{Board, Content, Offer};
use crate::dialogs;
use crate::ui::prelude::*;
use crate::ui::{Dialog, Glyph, Icon, Tab};

/// How wide the words beside the pointer are at most, in pixels; the style sheet says the same.
const TIP: f64 = 320.0;

/// What stands beside the pointer: words, and what is offered where a link was dropped.
#[component]
pub(super) fn Beside(board: Board) -> impl IntoView {
    let tip = move || {
        let tip = board.tip.get()?;
        let width = board.read(|state| state.size.0).unwrap_or_default();
        let class = if tip.at.x + TIP > width {
            "board-tip left"
        } else {
            "board-tip"
        };
        Some(view! {
            <div
                class=format!("{class} {}", tip.tone)
                style:translate=format!("{}px {}px", tip.at.x, tip.at.y)
            >
                <span>{tip.text}</span>
            </div>
        })
    };
    view! {
        {tip}
        {move || board.offer.get().map(|offer| view! { <AdapterOffer board=board offer=offer /> })}
    }
}

/// What to do with two ports that do not fit.
#[component]
fn AdapterOffer(board: Board, offer: Offer) -> impl IntoView {
    let button = NodeRef::<html::Button>::new();
    Effect::new(move |_| {
        if let Some(button) = button.get() {
            // Where the focus cannot be had, the user takes it.
            let _ = button.focus();
        }
    });
    let (from, to) = (offer.from.clone(), offer.to.clone());
    view! {
        <div
            class="board-offer"
            role="dialog"
            aria-label="These ports do not fit"
            style:translate=format!("{}px {}px", offer.at.x, offer.at.y)
            on:keydown=move |event: web_sys::KeyboardEvent| if event.key() == "Escape" {
                event.prevent_default();
                board.offer.set(None);
                board.focus();
            }
        >
            <p>{offer.why}</p>
            <div>
                <button class="small primary" node_ref=button on:click=move |_| board.adapt(from.clone(), to.clone())>
                    <Icon glyph=Glyph::Adapter />
                    "Insert an adapter"
                </button>
                <button class="small quiet" on:click=move |_| { board.offer.set(None); board.focus(); }>"Cancel"</button>
            </div>
        </div>
    }
}

/// What the canvas says while there is nothing to draw.
#[component]
pub(super) fn Blank(board: Board) -> impl IntoView {
    let app = board.app();
    let words = move || match board.content.get() {
        Content::NoGraph => (
            "No graph in this text",
            "The text describes something else, or a mistake hides what it describes.",
        ),
        Content::NoText if board.editable => (
            "Begin with a template",
            "Each is a whole graph with models, contracts and hardware, ready to be changed.",
        ),
        _ => ("A graph without nodes", "Drag a role here, or choose one."),
    };
    let is_text = move || board.content.get() == Content::NoGraph;
    let is_new = move || board.content.get() == Content::NoText && board.editable;
    view! {
        <div class="board-blank" class:low=move || board.content.get() == Content::NoNodes(true) class:wide=is_new>
            <h2>{move || words().0}</h2>
            <p class="hint">{move || words().1}</p>
            <Show when=is_text>
                <div class="board-blank-actions">
                    <button class="primary" on:click=move |_| app.ui.open(Tab::Problems)>"Show the problems"</button>
                    <button on:click=move |_| app.ui.open(Tab::Text)>"Edit the text"</button>
                </div>
            </Show>
            <Show when=move || !is_text() && !is_new() && board.editable>
                <div class="board-blank-actions">
                    <button class="primary" on:click=move |_| board.choose_role(None, None)>
                        <Icon glyph=Glyph::Add />
                        "Add a node"
                        <kbd>"A"</kbd>
                    </button>
                    <button on:click=move |_| app.ui.dialog.set(Some(Dialog::Gallery))>"Take a template"</button>
                </div>
            </Show>
            <Show when=is_new>
                <dialogs::Templates />
                <p class="hint">"Or press " <kbd>"A"</kbd> " to add a first node, or drop files of another system anywhere to import them."</p>
            </Show>
        </div>
    }
}
