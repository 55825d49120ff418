//! The page that others embed: a graph to look at, with its findings.

use leptos::prelude::*;

use crate::platform;

/// Whether the page is the embedded one.
pub(crate) fn is_embedded() -> bool {
    let mode = platform::root().and_then(|root| root.get_attribute("data-mode"));
    mode.as_deref() == Some("embed")
}

/// The page.
#[component]
pub(crate) fn Embed() -> impl IntoView {
    view! { <main></main> }
}
