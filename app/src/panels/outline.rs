//! The graph as a tree that can be edited.

use leptos::prelude::*;

/// The panel.
#[component]
pub(crate) fn Outline() -> impl IntoView {
    view! { <p></p> }
}
