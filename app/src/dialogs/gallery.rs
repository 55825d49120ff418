use std::rc::Rc;

use crate::storage::templates::{BLANK, TEMPLATES};
use crate::ui::prelude::*;
use crate::ui::{Glyph, Icon, use_app};
use crate::workspace::Action;

/// The templates.
#[component]
pub(crate) fn Gallery() -> impl IntoView {
    view! {
        <div class="sheet gallery-sheet">
            <header class="sheet-head">
                <h2 id="dialog-title">"New graph"</h2>
                <CloseButton />
            </header>
            <p class="hint">"What is open now is replaced; the browser keeps it, under “Recover an earlier document”."</p>
            <Templates />
        </div>
    }
}

/// The cards of the templates, each with a picture of its graph.
#[component]
pub(crate) fn Templates() -> impl IntoView {
    let app = use_app();
    let open = move |name: &'static str, text: &'static str| {
        app.ui.dialog.set(None);
        app.workspace.dispatch(Action::Open {
            name: name.to_owned(),
            text: text.to_owned(),
            beside: None,
        });
        app.ui.view.set(Some(crate::ui::ViewRequest::Focus));
    };
    let cards = TEMPLATES.iter().map(|template| {
        view! {
            <li>
                <button class="template" on:click=move |_| open(template.file, template.text)>
                    <crate::canvas::Picture analysis=Rc::new(modelspec_core::Analysis::read(template.text)) />
                    <b>{template.title}</b>
                    <span>{template.description()}</span>
                </button>
            </li>
        }
    });
    view! {
        <ul class="templates">
            <li>
                <button class="template blank" on:click=move |_| open("untitled.modelspec.yaml", BLANK)>
                    <span class="template-picture"><Icon glyph=Glyph::Add /></span>
                    <b>"Blank graph"</b>
                    <span>"Begin with nothing, and add nodes from the list of roles."</span>
                </button>
            </li>
            {cards.collect_view()}
        </ul>
    }
}

/// Closes the dialog.
#[component]
pub(super) fn CloseButton() -> impl IntoView {
    let app = use_app();
    view! {
        <button class="quiet icon-button" aria-label="Close" on:click=move |_| app.ui.dialog.set(None)>
            <Icon glyph=Glyph::Close />
        </button>
    }
}
