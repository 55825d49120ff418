//! What the simulation is asked, and its answer.

use leptos::prelude::*;

/// The panel.
#[component]
pub(crate) fn Simulate() -> impl IntoView {
    view! { <p></p> }
}
