//! The window: top bar, roles, canvas, inspector, dock.

mod dock;
mod navigation;
pub(crate) mod roles;
pub(crate) mod splitter;
pub(crate) mod toast;
mod topbar;

use crate::canvas::Canvas;
use crate::dialogs::Dialogs;
use crate::imports::Imports;
use crate::known::Known;
use crate::panels::inspector::Inspector;
use crate::simulation::Simulation;
use crate::ui::prelude::*;
use crate::ui::{App, Ui};
use crate::workspace::Workspace;
use crate::{commands, storage};

/// The designer.
#[component]
pub(crate) fn Designer() -> impl IntoView {
    let app = App {
        workspace: Workspace::new(),
        ui: Ui::new(),
        simulation: Simulation::new(),
        storage: storage::Storage::new(),
        imports: Imports::new(),
        known: Known::new(),
    };
    provide_context(app);
    commands::listen(app);
    storage::start(app);
    app.known.start(app);

    let ui = app.ui;
    view! {
        <a class="skip" href="#canvas">"Skip to the canvas"</a>
        <div
            class="designer"
            class:no-roles=move || !ui.roles.get()
            class:no-inspector=move || !ui.inspector.get()
            class:no-dock=move || !ui.dock.get()
        >
            <topbar::TopBar />
            <roles::Roles />
            <main class="stage" id="canvas" aria-label="Canvas">
                <Canvas editable=true />
                <splitter::Splitter edge=splitter::Edge::Dock />
            </main>
            <Inspector />
            <dock::Dock />
            <navigation::Navigation />
        </div>
        <Dialogs />
        <toast::Toast />
        <storage::DropTarget />
    }
}
