//! What stands before everything else: lists to choose from, the gallery, keys, the share link.

mod gallery;
mod picker;
mod share;
mod shortcuts;

use std::rc::Rc;

use modelspec_core::edit::{Command, Point2};

pub(crate) use gallery::Templates;
pub(crate) use picker::{Choice, Picker};

use crate::commands::COMMANDS;
use crate::shell::roles::{ROLES, purpose};
use crate::ui::prelude::*;
use crate::ui::{App, Dialog, role_glyph, use_app};
use crate::workspace::Action;

/// The open dialog.
#[component]
pub(crate) fn Dialogs() -> impl IntoView {
    let app = use_app();
    let element = NodeRef::<leptos::html::Dialog>::new();
    Effect::new(move |_| {
        let open = app.ui.dialog.with(Option::is_some);
        let Some(element) = element.get() else { return };
        if open && !element.open() {
            // It is in the page, so it can be shown.
            let _ = element.show_modal();
        } else if !open && element.open() {
            element.close();
        }
    });
    let body = move || {
        app.ui.dialog.get().map(|dialog| match dialog {
            Dialog::Pick(picker) => view! { <picker::PickerView picker=picker /> }.into_any(),
            Dialog::Gallery => view! { <gallery::Gallery /> }.into_any(),
            Dialog::Shortcuts => view! { <shortcuts::Shortcuts /> }.into_any(),
            Dialog::Share => view! { <share::Share /> }.into_any(),
            Dialog::Rule(code) => {
                view! { <crate::panels::problems::RulePage code=code /> }.into_any()
            }
        })
    };
    view! {
        <dialog
            class="dialog"
            node_ref=element
            aria-labelledby="dialog-title"
            // The browser would close it too, and say so some time later: keys pressed until then
            // were lost.
            on:keydown=move |event| {
                if event.key() == "Escape" {
                    event.prevent_default();
                    app.ui.dialog.set(None);
                }
            }
            // When it is said, another dialog can stand here.
            on:close=move |_| {
                let shown = element.get_untracked().is_some_and(|element| element.open());
                if !shown { app.ui.dialog.set(None); }
            }
            on:click=move |event| {
                // The backdrop belongs to the element; its content does not reach it.
                let own = event.target() == event.current_target();
                if own { app.ui.dialog.set(None); }
            }
        >
            <div class="dialog-body">{body}</div>
        </dialog>
    }
}

/// Lets the user search all commands.
pub(crate) fn command_palette(app: App) {
    let choices = COMMANDS
        .iter()
        .filter(|command| command.id != "palette")
        .map(|command| Choice {
            title: command.title.trim_end_matches('…').to_owned(),
            detail: command.group.title().to_owned(),
            glyph: command.glyph,
            keys: command.keys.first().map(|chord| chord.label()),
            refused: (!untrack(|| (command.enabled)(app))).then(|| "not now".to_owned()),
            run: Rc::new(command.run),
        });
    let document = app.workspace.document_now();
    let items = document.drawn.graph.iter().flat_map(|graph| {
        graph.model_nodes().map(|(_, node)| {
            let item = modelspec_core::edit::Item::Node(node.name.clone());
            Choice {
                title: node.name.clone(),
                detail: node.role.map_or("node", |role| role.word()).to_owned(),
                glyph: role_glyph(node.role),
                keys: None,
                refused: None,
                run: Rc::new(move |app: App| {
                    app.workspace
                        .select(crate::workspace::Selection::one(item.clone()));
                    app.ui
                        .view
                        .set(Some(crate::ui::ViewRequest::Reveal(item.clone())));
                }),
            }
        })
    });
    open(
        app,
        Picker {
            label: "Search".to_owned(),
            placeholder: "Search commands and nodes".to_owned(),
            choices: choices.chain(items).collect(),
        },
    );
}

/// Lets the user choose the role of a new node, and puts it there.
pub(crate) fn add_node(app: App, at: Option<Point2>) {
    let choices = ROLES.map(|role| Choice {
        title: role.word().to_owned(),
        detail: purpose(role).to_owned(),
        glyph: role_glyph(Some(role)),
        keys: None,
        refused: None,
        run: Rc::new(move |app: App| {
            app.workspace.dispatch(Action::edit(Command::AddNode {
                role,
                name: None,
                at,
            }));
        }),
    });
    open(
        app,
        Picker {
            label: "Add a node".to_owned(),
            placeholder: "Which role?".to_owned(),
            choices: choices.into(),
        },
    );
}

/// Opens a list to choose from.
pub(crate) fn open(app: App, picker: Picker) {
    app.ui.dialog.set(Some(Dialog::Pick(Rc::new(picker))));
}
