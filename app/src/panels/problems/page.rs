use modelspec_core::check;

use crate::panels::prose::page;
use crate::ui::prelude::*;
use crate::ui::{Glyph, Icon, use_app};

/// The page of a rule: what, why, an example that fails and the same example mended.
#[component]
pub(crate) fn RulePage(code: &'static str) -> impl IntoView {
    let app = use_app();
    let rule = check::rule(code);
    view! {
        <div class="sheet rule-page">
            <header class="sheet-head">
                <h2 id="dialog-title">
                    <span class="rule-code">{code}</span>
                    {rule.map(|rule| rule.title)}
                </h2>
                <button class="quiet icon-button" aria-label="Close" on:click=move |_| app.ui.dialog.set(None)>
                    <Icon glyph=Glyph::Close />
                </button>
            </header>
            {rule.map(|rule| {
                let word = rule.severity.word();
                view! { <p><span class=format!("pill {word}")>{word}</span></p> }
            })}
            {rule.map(|rule| page(&rule.markdown()))}
        </div>
    }
}
