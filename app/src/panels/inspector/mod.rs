//! The form of what is selected.

use leptos::prelude::*;

/// The panel on the right.
#[component]
pub(crate) fn Inspector() -> impl IntoView {
    view! { <aside class="inspector" aria-label="Inspector"></aside> }
}
