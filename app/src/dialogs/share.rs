use leptos::prelude::*;

use super::gallery::CloseButton;

/// The address that holds the document.
#[component]
pub(super) fn Share() -> impl IntoView {
    view! {
        <div class="sheet">
            <header class="sheet-head">
                <h2 id="dialog-title">"Share"</h2>
                <CloseButton />
            </header>
        </div>
    }
}
