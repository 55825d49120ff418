//! Exports, their files, losses and assumptions.

use leptos::prelude::*;

/// The panel.
#[component]
pub(crate) fn Export() -> impl IntoView {
    view! { <p></p> }
}
