//! The drawing of the graph, and the gestures on it.
//!
//! A document becomes a [`scene::Scene`]: boxes and links by dense numbers, in a grid. A frame draws
//! what is visible of it: links, and boxes that are far, on a 2D canvas; near boxes as elements. No
//! gesture writes anything but through the workspace.

mod actions;
mod board;
mod cards;
mod connect;
mod drops;
mod facts;
mod findings;
mod frame;
mod geometry;
mod gestures;
mod grid;
mod keyboard;
mod minimap;
mod overlays;
mod painter;
mod palette;
mod picture;
mod reader;
mod route;
mod scene;
mod viewport;
mod wire;

use leptos::html;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::Closure;

pub(crate) use actions::{arrange, select_all};
pub(crate) use picture::Picture;

use crate::platform;
use crate::ui::prelude::*;
use crate::ui::{Glyph, Icon, Tab, ViewRequest, use_app};
use board::{Board, Content, Elements, cast};

/// What a role that is dragged is called by the browser.
pub(crate) const ROLE_TYPE: &str = "application/x-modelspec-role";

/// The canvas.
#[component]
pub(crate) fn Canvas(
    /// Whether it can be changed, or only looked at.
    editable: bool,
) -> impl IntoView {
    let app = use_app();
    let board = Board::new(app, editable);
    let root = NodeRef::<html::Div>::new();
    let ink = NodeRef::<html::Canvas>::new();
    let dots = NodeRef::<html::Div>::new();
    let layer = NodeRef::<html::Div>::new();
    let wire = NodeRef::<leptos::svg::Path>::new();
    let area = NodeRef::<html::Div>::new();
    let reader = NodeRef::<html::Div>::new();
    let small = NodeRef::<html::Canvas>::new();
    let frame = NodeRef::<html::Div>::new();

    Effect::new(move |_| {
        let parts = || {
            let elements = Elements {
                board: cast(root.get()?)?,
                ink: ink.get()?,
                dots: cast(dots.get()?)?,
                wire: cast(wire.get()?)?,
                area: cast(area.get()?)?,
                reader: cast(reader.get()?)?,
            };
            let minimap = minimap::Minimap::new(small.get()?, cast(frame.get()?)?);
            Some((elements, cast(layer.get()?)?, minimap))
        };
        if let Some((elements, layer, minimap)) = parts() {
            let element = elements.board.clone();
            board.attach(elements, layer, minimap);
            board.show(&app.workspace.document_now());
            listen(board, &element);
        }
    });
    Effect::new(move |_| board.show(&app.workspace.document()));
    Effect::new(move |_| board.select(app.workspace.selection().items()));
    Effect::new(move |_| board.take_figures(app.simulation.figures()));
    Effect::new(move |_| {
        // The colours are those of the frame after the theme was set.
        app.ui.is_dark();
        request_animation_frame(move || board.recolor());
    });
    Effect::new(move |_| {
        if let Some(request) = app.ui.view.get() {
            app.ui.view.set(None);
            board.look(&request);
        }
    });

    let is_stale = Memo::new(move |_| app.workspace.document().is_stale());
    let is_blank = move || board.content.get() != Content::Graph;
    view! {
        <div
            class="canvas"
            class:editable=editable
            class:stale=move || is_stale.get()
            on:dragover=move |event| board.drag_over(&event)
            on:drop=move |event| board.drop_role(&event)
        >
            <div class="ground" role="graphics-document" aria-roledescription="graph" aria-label="Graph">
                <div
                    class="board"
                    node_ref=root
                    tabindex="0"
                    role="application"
                    aria-roledescription="graph canvas"
                    aria-label="Graph"
                    on:keydown=move |event| board.key_down(&event)
                    on:keyup=move |event| board.key_up(&event)
                    on:blur=move |_| { board.update(|state| state.space = false); }
                    on:dblclick=move |event| board.double_click(&event)
                >
                    <div class="board-dots" node_ref=dots></div>
                    <canvas class="board-ink" node_ref=ink aria-hidden="true"></canvas>
                    <div class="board-cards" aria-hidden="true"><div class="board-layer" node_ref=layer></div></div>
                    <svg class="board-wire" aria-hidden="true"><path node_ref=wire></path></svg>
                    <div class="board-area" node_ref=area hidden></div>
                    <div class="visually-hidden" node_ref=reader></div>
                </div>
            </div>
            <overlays::Beside board=board />
            <Show when=move || is_stale.get()>
                <div class="board-banner" role="status">
                    <Icon glyph=Glyph::Warning />
                    <span>"The text has a mistake that hides its structure. This is the graph from before; it can be changed again once the text is mended."</span>
                    <button class="small" on:click=move |_| app.ui.open(Tab::Text)>"Mend the text"</button>
                </div>
            </Show>
            <Show when=is_blank><overlays::Blank board=board /></Show>
            <div class="board-zoom" role="group" aria-label="Zoom">
                <button class="quiet icon-button" aria-label="Zoom out" title="Zoom out (−)" on:click=move |_| board.look(&ViewRequest::ZoomOut)>
                    <Icon glyph=Glyph::Minus />
                </button>
                <button class="quiet percent" title="Zoom to 100 % (0)" on:click=move |_| board.look(&ViewRequest::Actual)>
                    {move || format!("{} %", (app.ui.zoom.get() * 100.0).round())}
                </button>
                <button class="quiet icon-button" aria-label="Zoom in" title="Zoom in (+)" on:click=move |_| board.look(&ViewRequest::ZoomIn)>
                    <Icon glyph=Glyph::Add />
                </button>
                <button class="quiet icon-button" aria-label="Show everything" title="Show everything (F)" on:click=move |_| board.look(&ViewRequest::Fit)>
                    <Icon glyph=Glyph::Fit />
                </button>
            </div>
            <div
                class="board-minimap"
                class:blank=is_blank
                aria-hidden="true"
                on:pointerdown=move |event| board.jump(&event)
                on:pointermove=move |event| board.jump(&event)
            >
                <canvas node_ref=small></canvas>
                <div class="board-seen" node_ref=frame></div>
            </div>
        </div>
    }
}

/// Listens to what is too frequent, or must be refused to the browser.
fn listen(board: Board, element: &web_sys::HtmlElement) {
    fn on<E: wasm_bindgen::convert::FromWasmAbi + 'static>(
        element: &web_sys::EventTarget,
        name: &str,
        handle: impl FnMut(E) + 'static,
    ) {
        let closure = Closure::<dyn FnMut(E)>::new(handle);
        // It lives as long as the page: a canvas is not taken down before that.
        let _ = element.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
        closure.forget();
    }
    on(element, "pointerdown", move |event| {
        board.pointer_down(&event);
    });
    on(element, "pointermove", move |event| {
        board.pointer_move(&event);
    });
    on(element, "pointerup", move |event| board.pointer_up(&event));
    on(element, "pointercancel", move |event| {
        board.pointer_cancel(&event);
    });
    on(element, "pointerleave", move |_: web_sys::PointerEvent| {
        board.pointer_leave();
    });
    on(element, "wheel", move |event| board.wheel(&event));
    if let Ok(Some(query)) = platform::window().match_media("(prefers-color-scheme: dark)") {
        on(&query, "change", move |_: web_sys::Event| board.recolor());
    }
    let resized = Closure::<dyn FnMut()>::new(move || board.measure());
    if let Ok(observer) = web_sys::ResizeObserver::new(resized.as_ref().unchecked_ref()) {
        observer.observe(element);
        // The browser holds the observer as long as it holds the element.
        resized.forget();
    }
}
