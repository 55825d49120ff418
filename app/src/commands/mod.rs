//! Every action of the designer with its name and key. Menus, the command palette, the shortcut
//! sheet and the keyboard all read this one list.

mod chord;
mod list;

pub(crate) use chord::Chord;
pub(crate) use list::{COMMANDS, Command, Group, find};

use wasm_bindgen::JsCast as _;

use crate::platform;
use crate::ui::App;
use crate::ui::prelude::*;

/// Listens to the keys of the whole page.
pub(crate) fn listen(app: App) {
    let handle = window_event_listener(leptos::ev::keydown, move |event| {
        if event.default_prevented() || event.is_composing() {
            return;
        }
        let typing = is_typing(&event);
        let dialog = app.ui.dialog.with_untracked(Option::is_some) && is_dialog_open();
        let found = COMMANDS.iter().find(|command| {
            command
                .keys
                .iter()
                .any(|chord| chord.matches(&event) && (!typing || chord.while_typing()))
        });
        let Some(command) = found.filter(|_| !dialog) else {
            return;
        };
        event.prevent_default();
        if (command.enabled)(app) {
            (command.run)(app);
        }
    });
    on_cleanup(move || handle.remove());
}

/// Whether a dialog takes the keys. One that Escape closes is gone before its event says so, and the
/// next key may come between.
fn is_dialog_open() -> bool {
    let open = platform::document().query_selector("dialog[open]");
    open.is_ok_and(|dialog| dialog.is_some())
}

/// Whether the key goes into a text field, where plain keys are letters.
fn is_typing(event: &web_sys::KeyboardEvent) -> bool {
    // Within a shadow root the target is the host; the path begins at the true one.
    let path = event.composed_path();
    let Ok(element) = path.get(0).dyn_into::<web_sys::HtmlElement>() else {
        return false;
    };
    let field = matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT");
    field || element.is_content_editable()
}
