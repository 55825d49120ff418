//! The drawing of the graph, and the gestures on it.

use leptos::prelude::*;

use crate::ui::App;

/// The canvas.
#[component]
pub(crate) fn Canvas(
    /// Whether it can be changed, or only looked at.
    editable: bool,
) -> impl IntoView {
    view! { <div class="canvas" class:editable=editable></div> }
}

/// Selects all that is drawn.
pub(crate) fn select_all(_app: App) {}

/// Lays the graph out in layers, as one step of the history.
pub(crate) fn arrange(_app: App) {}

/// A small still picture of a graph.
#[component]
pub(crate) fn Picture(
    /// The graph.
    analysis: std::rc::Rc<modelspec_core::Analysis>,
) -> impl IntoView {
    drop(analysis);
    view! { <span class="template-picture"></span> }
}
