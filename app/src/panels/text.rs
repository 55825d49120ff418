//! The document as text, in CodeMirror.

use leptos::prelude::*;

/// The panel.
#[component]
pub(crate) fn Text() -> impl IntoView {
    view! { <p></p> }
}
