//! All findings, with their fixes.

use leptos::prelude::*;

/// The panel.
#[component]
pub(crate) fn Problems() -> impl IntoView {
    view! { <p></p> }
}
