use crate::ui::prelude::*;
use crate::ui::{Glyph, Icon, Tab, use_app};

/// The bar at the foot of a narrow window, where panels are sheets over the canvas.
#[component]
pub(super) fn Navigation() -> impl IntoView {
    let app = use_app();
    let ui = app.ui;
    let close_all = move || {
        ui.dock.set(false);
        ui.roles.set(false);
        ui.inspector.set(false);
    };
    let tab = move |tab: Tab, glyph: Glyph| {
        let open = move || ui.dock.get() && ui.tab.get() == tab;
        view! {
            <button
                class="quiet"
                aria-pressed=move || open().to_string()
                on:click=move |_| if open() { close_all() } else { ui.open(tab) }
            >
                <Icon glyph=glyph />
                {tab.title()}
            </button>
        }
    };
    view! {
        <nav class="navigation" aria-label="Panels">
            <button
                class="quiet"
                aria-pressed=move || ui.roles.get().to_string()
                on:click=move |_| {
                    let open = ui.roles.get_untracked();
                    close_all();
                    ui.roles.set(!open);
                }
            >
                <Icon glyph=Glyph::Add />
                "Add"
            </button>
            <button
                class="quiet"
                aria-pressed=move || ui.inspector.get().to_string()
                on:click=move |_| {
                    let open = ui.inspector.get_untracked();
                    close_all();
                    ui.inspector.set(!open);
                }
            >
                <Icon glyph=Glyph::Info />
                "Inspect"
            </button>
            {tab(Tab::Problems, Glyph::Warning)}
            {tab(Tab::Text, Glyph::Text)}
            {tab(Tab::Simulate, Glyph::Play)}
        </nav>
    }
}
