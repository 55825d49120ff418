//! Where documents come from and go to: files, share links, what the browser keeps, templates.

mod base64;
pub(crate) mod beside;
pub(crate) mod check;
mod download;
mod drop;
mod files;
mod folder;
mod intake;
mod keep;
pub(crate) mod share;
pub(crate) mod templates;

use std::rc::Rc;

use modelspec_core::compose::Bundle;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

pub(crate) use download::{copy, download};
pub(crate) use drop::DropTarget;
pub(crate) use intake::Given;

use crate::dialogs::{self, Choice, Picker};
use crate::platform;
use crate::ui::prelude::*;
use crate::ui::{App, Glyph};
use crate::workspace::{Action, Notice};
use keep::{Keeper, Version};

/// The file's name of a document that has none.
const UNTITLED: &str = "untitled.modelspec.yaml";

/// Where the open document comes from and goes to. Copies are handles to the same.
#[derive(Clone, Copy)]
pub(crate) struct Storage {
    keeper: StoredValue<Keeper, LocalStorage>,
    /// The file of the document of a generation.
    file: StoredValue<Option<(u64, JsValue)>, LocalStorage>,
    /// Whether a file is held over the page.
    dragging: RwSignal<bool>,
}

impl Storage {
    /// Nothing is kept, and nothing came from a file.
    pub(crate) fn new() -> Self {
        Self {
            keeper: StoredValue::new_local(Keeper::new()),
            file: StoredValue::new_local(None),
            dragging: RwSignal::new(false),
        }
    }

    fn keeper(self) -> StoredValue<Keeper, LocalStorage> {
        self.keeper
    }

    fn file(self, generation: u64) -> Option<JsValue> {
        self.file.with_value(|file| {
            let (of, handle) = file.as_ref()?;
            (*of == generation).then(|| handle.clone())
        })
    }

    fn set_file(self, file: Option<(u64, JsValue)>) {
        self.file.set_value(file);
    }
}

/// Opens what the address or the browser holds, and keeps the document from then on.
pub(crate) fn start(app: App) {
    keep::watch(app);
    intake::receive(app);
    let linked = StoredValue::new(None::<u64>);
    spawn_local(async move {
        let is_linked = open_link(app, linked).await;
        keep::begin(app).await;
        match is_linked {
            Ok(true) => {}
            Ok(false) => {
                keep::recover(app).await;
            }
            Err(why) => {
                keep::recover(app).await;
                app.workspace.say(Notice::error(why));
            }
        }
        keep::flush(app);
    });
    let hash = window_event_listener_untyped("hashchange", move |_| {
        spawn_local(async move {
            match open_link(app, linked).await {
                Ok(true) => app.workspace.say(Notice::plain(
                    "Opened the link. What was open is kept: see “Recover an earlier document”.",
                )),
                Ok(false) => {}
                Err(why) => app.workspace.say(Notice::error(why)),
            }
        });
    });
    on_cleanup(move || hash.remove());
    Effect::new(move |_| {
        let document = app.workspace.document();
        let is_stale = linked
            .get_value()
            .is_some_and(|revision| revision != document.revision);
        if is_stale && app.storage.keeper().with_value(Keeper::keeps) {
            linked.set_value(None);
            forget_link();
        }
    });
}

/// Opens the document of the page's address; `false` where it holds none. `linked` is told which
/// revision the address holds.
async fn open_link(app: App, linked: StoredValue<Option<u64>>) -> Result<bool, String> {
    let Some(found) = share::read_hash().await? else {
        return Ok(false);
    };
    app.ui.dialog.set(None);
    app.workspace.dispatch(Action::Open {
        name: file_name(found.name.as_deref()),
        text: found.text,
        beside: None,
    });
    linked.set_value(Some(app.workspace.document_now().revision));
    Ok(true)
}

/// Takes the document out of the address once it has changed: loaded again, the page then shows
/// what the browser keeps instead of the old text.
fn forget_link() {
    let window = platform::window();
    let address = window.location().href().unwrap_or_default();
    let bare = address.split('#').next().unwrap_or_default();
    if let Ok(history) = window.history() {
        // An address that stays leads to an old text, which the list of earlier documents mends.
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(bare));
    }
}

/// The file's name of a document that calls itself so.
pub(crate) fn file_name(name: Option<&str>) -> String {
    let kept = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let stem: String = name
        .unwrap_or_default()
        .chars()
        .map(|letter| if kept(letter) { letter } else { '-' })
        .take(80)
        .collect();
    let stem = stem.trim_matches(['-', '.']);
    if stem.is_empty() {
        UNTITLED.to_owned()
    } else {
        format!("{stem}.modelspec.yaml")
    }
}

/// Lets the user choose a file and opens it.
pub(crate) fn open_file(app: App) {
    files::choose(app);
}

/// Lets the user choose files of other systems and imports them; a single graph is opened.
pub(crate) fn import_files(app: App) {
    intake::choose(app, false);
}

/// Lets the user choose a folder and imports all that is in it.
pub(crate) fn import_folder(app: App) {
    intake::choose(app, true);
}

/// Opens one of several files that were given, with those of them that it refers to.
pub(crate) fn open_given(app: App, given: Given, beside: Option<Rc<Bundle>>) {
    spawn_local(files::open(app, given, None, files::Wish::AsIs, beside));
}

/// Saves to the file that was opened, or asks for one.
pub(crate) fn save_file(app: App) {
    files::save(app);
}

/// Lists the versions that the browser keeps, and opens the one that is chosen.
pub(crate) fn recover_earlier(app: App) {
    keep::flush(app);
    spawn_local(async move {
        match keep::versions(app).await {
            Err(why) => app.workspace.say(Notice::error(why)),
            Ok(versions) if versions.is_empty() => app.workspace.say(Notice::plain(
                "No other version is kept yet: they are kept as you work.",
            )),
            Ok(versions) => dialogs::open(
                app,
                Picker {
                    label: "Recover an earlier document".to_owned(),
                    placeholder: "Which version?".to_owned(),
                    choices: versions.into_iter().map(choice).collect(),
                },
            ),
        }
    });
}

fn choice(version: Version) -> Choice {
    let when = js_sys::Date::new(&version.at.into())
        .to_locale_string("en-GB", &JsValue::UNDEFINED)
        .as_string()
        .unwrap_or_default();
    let nodes = version.nodes;
    let plural = if nodes > 0.5 && nodes < 1.5 { "" } else { "s" };
    Choice {
        title: version.title.clone(),
        detail: format!("{when} · {nodes} node{plural} · {}", version.name),
        glyph: Glyph::Undo,
        keys: None,
        refused: None,
        run: Rc::new(move |app: App| {
            let version = version.clone();
            spawn_local(async move {
                let notice = match keep::restore(app, version).await {
                    Ok(()) => Notice::plain("Recovered. What was open is kept too."),
                    Err(why) => Notice::error(why),
                };
                app.workspace.say(notice);
            });
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn a_file_is_named_like_its_document() {
        assert_eq!(file_name(Some("rag")), "rag.modelspec.yaml");
        assert_eq!(file_name(Some("a/b: c")), "a-b--c.modelspec.yaml");
        assert_eq!(file_name(Some("../..")), "untitled.modelspec.yaml");
        assert_eq!(file_name(None), "untitled.modelspec.yaml");
    }
}
