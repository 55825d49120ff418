use core::time::Duration;

use crate::ui::prelude::*;
use crate::ui::{Glyph, Icon, use_app};
use crate::workspace::Tone;

/// What is said to the user: shown below, and spoken by screen readers.
#[component]
pub(crate) fn Toast() -> impl IntoView {
    let workspace = use_app().workspace;
    let timer = StoredValue::new(None::<TimeoutHandle>);
    Effect::new(move |_| {
        if let Some(timer) = timer.get_value() {
            timer.clear();
        }
        let plain = workspace
            .notice()
            .is_some_and(|notice| notice.tone == Tone::Plain);
        if plain {
            let wait = Duration::from_secs(5);
            timer.set_value(set_timeout_with_handle(move || workspace.unsay(), wait).ok());
        }
    });
    let shown = move || {
        workspace
            .notice()
            .filter(|notice| notice.tone != Tone::Quiet)
    };
    view! {
        <div class="toast-place">
            {move || shown().map(|notice| view! {
                <div class="toast" class:error=notice.tone == Tone::Error>
                    <Icon glyph=if notice.tone == Tone::Error { Glyph::Error } else { Glyph::Check } />
                    <p>{notice.text}</p>
                    <button class="quiet icon-button" aria-label="Close this message" on:click=move |_| workspace.unsay()>
                        <Icon glyph=Glyph::Close />
                    </button>
                </div>
            })}
        </div>
        <div class="visually-hidden" role="status" aria-live="polite">
            {move || workspace.notice().map(|notice| notice.text)}
        </div>
    }
}
