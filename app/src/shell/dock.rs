use modelspec_core::check::Severity;

use crate::panels;
use crate::ui::prelude::*;
use crate::ui::{Glyph, Icon, Tab, use_app};

/// The panels below the canvas, one at a time.
#[component]
pub(super) fn Dock() -> impl IntoView {
    let app = use_app();
    let ui = app.ui;
    let problems = Memo::new(move |_| {
        let document = app.workspace.document();
        let errors = document.count(Severity::Error);
        (errors, errors + document.count(Severity::Warning))
    });
    // A panel is built when it is first opened, and kept from then on with its state.
    let opened = StoredValue::new(std::collections::BTreeSet::new());
    let built = Memo::new(move |_| {
        let id = ui.dock.get().then(|| ui.tab.get().id());
        opened.update_value(|opened| opened.extend(id));
        opened.get_value()
    });
    let on_key = move |event: web_sys::KeyboardEvent| {
        let step = match event.key().as_str() {
            "ArrowRight" => 1,
            "ArrowLeft" => Tab::ALL.len() - 1,
            _ => return,
        };
        event.prevent_default();
        let at = Tab::ALL
            .iter()
            .position(|tab| *tab == ui.tab.get_untracked())
            .unwrap_or(0);
        let next = Tab::ALL[(at + step) % Tab::ALL.len()];
        ui.open(next);
        if let Some(tab) =
            crate::platform::document().get_element_by_id(&format!("tab-{}", next.id()))
        {
            use wasm_bindgen::JsCast as _;
            if let Ok(tab) = tab.dyn_into::<web_sys::HtmlElement>() {
                // A tab that cannot take the focus leaves it where it is.
                let _ = tab.focus();
            }
        }
    };
    let tab = move |tab: Tab| {
        let chosen = move || ui.tab.get() == tab;
        view! {
            <button
                role="tab"
                class="tab"
                id=format!("tab-{}", tab.id())
                aria-controls=format!("panel-{}", tab.id())
                aria-selected=move || chosen().to_string()
                tabindex=move || if chosen() { "0" } else { "-1" }
                on:click=move |_| ui.open(tab)
            >
                {tab.title()}
                {(tab == Tab::Problems).then(|| view! {
                    {move || {
                        let (errors, all) = problems.get();
                        (all > 0).then(|| view! {
                            <span class="pill" class:error=errors != 0 class:warning=errors == 0>{all}</span>
                        })
                    }}
                })}
            </button>
        }
    };
    let panel = move |tab: Tab| {
        let is_built = Memo::new(move |_| built.get().contains(tab.id()));
        view! {
            <div
                role="tabpanel"
                class="panel"
                id=format!("panel-{}", tab.id())
                aria-labelledby=format!("tab-{}", tab.id())
                hidden=move || ui.tab.get() != tab
            >
                {move || is_built.get().then(|| match tab {
                    Tab::Problems => view! { <panels::problems::Problems /> }.into_any(),
                    Tab::Text => view! { <panels::text::Text /> }.into_any(),
                    Tab::Outline => view! { <panels::outline::Outline /> }.into_any(),
                    Tab::Simulate => view! { <panels::simulate::Simulate /> }.into_any(),
                    Tab::Import => view! { <panels::import::Import /> }.into_any(),
                    Tab::Export => view! { <panels::export::Export /> }.into_any(),
                })}
            </div>
        }
    };
    view! {
        <section class="dock" aria-label="Panels">
            <div class="tabs">
                <div class="tab-list" role="tablist" aria-label="Panels" on:keydown=on_key>
                    {Tab::ALL.map(tab).collect_view()}
                </div>
                <span class="grow"></span>
                <button
                    class="quiet icon-button"
                    aria-label="Close the panels"
                    title="Close the panels"
                    on:click=move |_| ui.dock.set(false)
                >
                    <Icon glyph=Glyph::Close />
                </button>
            </div>
            {Tab::ALL.map(panel).collect_view()}
        </section>
    }
}
