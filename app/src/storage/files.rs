//! Files of documents: chosen, opened, and written back.

use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use modelspec_core::compose::Bundle;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::spawn_local;

use super::check;
use super::intake::Given;
use crate::js;
use crate::platform;
use crate::ui::App;
use crate::ui::prelude::*;
use crate::workspace::{Action, Document, Notice};

const ENDINGS: [&str; 3] = [".yaml", ".yml", ".json"];

/// Lets the user choose a file and opens it.
pub(super) fn choose(app: App) {
    spawn_local(async move {
        match picked().await {
            Picked::Handle(handle) => {
                let file = match js::call(&handle, "getFile", &[]) {
                    Ok(file) => js::wait(file).await,
                    Err(error) => Err(error),
                };
                match file.and_then(JsValue::dyn_into) {
                    Ok(file) => open(app, Given::file(file), Some(handle), Wish::AsIs, None).await,
                    Err(error) => app.workspace.say(Notice::error(format!(
                        "{} cannot be read: {}.",
                        js::text(&handle, "name"),
                        js::message(&error)
                    ))),
                }
            }
            Picked::Nothing => {}
            Picked::Unable => choose_by_input(app),
        }
    });
}

enum Picked {
    Handle(JsValue),
    /// The user thought better of it.
    Nothing,
    /// The browser has no such dialog, or refuses it here.
    Unable,
}

async fn picked() -> Picked {
    let options = js::object([("types", types().into())]);
    let asked = js::call(&platform::window(), "showOpenFilePicker", &[&options]);
    let Ok(asked) = asked else {
        return Picked::Unable;
    };
    match js::wait(asked).await {
        Ok(handles) => Picked::Handle(Array::from(&handles).get(0)),
        Err(error) if js::is_error(&error, "AbortError") => Picked::Nothing,
        Err(_) => Picked::Unable,
    }
}

fn types() -> Array {
    let endings = |endings: &[&str]| -> JsValue {
        let list: Array = endings
            .iter()
            .map(|ending| JsValue::from(*ending))
            .collect();
        list.into()
    };
    let accept = js::object([
        ("application/yaml", endings(&ENDINGS[..2])),
        ("application/json", endings(&ENDINGS[2..])),
    ]);
    Array::of1(&js::object([
        ("description", "ModelSpec documents".into()),
        ("accept", accept),
    ]))
}

fn choose_by_input(app: App) {
    let Ok(input) = platform::document().create_element("input") else {
        return;
    };
    let input: web_sys::HtmlInputElement = input.unchecked_into();
    input.set_type("file");
    input.set_accept(&ENDINGS.join(","));
    let chosen = input.clone();
    let on_change = Closure::once_into_js(move || {
        if let Some(file) = chosen.files().and_then(|files| files.get(0)) {
            spawn_local(open(app, Given::file(file), None, Wish::AsIs, None));
        }
    });
    input.set_onchange(Some(on_change.unchecked_ref()));
    input.click();
}

/// What becomes of a file that is no graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// It is opened where it is a document, else imported.
    AsIs,
    /// It is imported.
    AsGraph,
}

/// Reads a file and opens it, or hands it to the imports; what is neither is said, and changes
/// nothing. `beside` are the files that it refers to.
pub(super) async fn open(
    app: App,
    given: Given,
    handle: Option<JsValue>,
    wish: Wish,
    beside: Option<Rc<Bundle>>,
) {
    let name = given.file.name();
    let refuse = |why: &str| {
        app.workspace
            .say(Notice::error(format!("{name} cannot be opened: it {why}.")));
    };
    if given.file.size() > check::MAX_BYTES as f64 {
        return app.imports.begin(app, vec![given]);
    }
    let bytes = match js::wait(given.file.array_buffer().into()).await {
        Ok(buffer) => Uint8Array::new(&buffer).to_vec(),
        Err(_) => return refuse("cannot be read; it may have been moved since"),
    };
    match check::bytes(bytes) {
        Ok(checked) if checked.is_catalogue => app.known.keep(app, &name, &checked.text),
        Ok(checked) if checked.is_graph || wish == Wish::AsIs => {
            app.ui.dialog.set(None);
            app.workspace.dispatch(Action::Open {
                name,
                text: checked.text,
                beside,
            });
            let generation = app.workspace.document_now().generation;
            app.storage.set_file(handle.map(|file| (generation, file)));
        }
        Err(refusal) if !refusal.is_foreign => refuse(&refusal.why),
        _ => app.imports.begin(app, vec![given]),
    }
}

/// Saves to the file that was opened, or to one that the user chooses.
pub(super) fn save(app: App) {
    spawn_local(async move {
        let document = app.workspace.document_now();
        let known = app.storage.file(document.generation);
        let is_known = known.is_some();
        let handle = match known {
            Some(handle) => Ok(handle),
            None => ask_where(&document).await,
        };
        let handle = match handle {
            Ok(handle) => handle,
            Err(Picked::Nothing | Picked::Handle(_)) => return,
            Err(Picked::Unable) => {
                let name = suggested(&document);
                super::download(&name, "application/yaml", document.analysis.text.as_bytes());
                return saved(app, &document, name, "Downloaded");
            }
        };
        let name = js::text(&handle, "name");
        match write(&handle, &document.analysis.text).await {
            Ok(()) => {
                app.storage.set_file(Some((document.generation, handle)));
                saved(app, &document, name, "Saved");
            }
            Err(error) => {
                if is_known {
                    // The next try asks for a file anew.
                    app.storage.set_file(None);
                }
                app.workspace.say(Notice::error(format!(
                    "{name} was not saved: {}. Save again to choose another file.",
                    js::message(&error).trim_end_matches('.')
                )));
            }
        }
    });
}

fn saved(app: App, document: &Document, name: String, how: &str) {
    let now = app.workspace.document_now();
    app.workspace.say(Notice::plain(format!("{how} {name}.")));
    // What was typed meanwhile is not in the file.
    if now.revision == document.revision {
        app.workspace.saved_as(name);
    }
}

async fn ask_where(document: &Document) -> Result<JsValue, Picked> {
    let options = js::object([
        ("types", types().into()),
        ("suggestedName", suggested(document).into()),
    ]);
    let asked = js::call(&platform::window(), "showSaveFilePicker", &[&options]);
    let asked = asked.map_err(|_| Picked::Unable)?;
    js::wait(asked).await.map_err(|error| {
        if js::is_error(&error, "AbortError") {
            Picked::Nothing
        } else {
            Picked::Unable
        }
    })
}

async fn write(handle: &JsValue, text: &str) -> Result<(), JsValue> {
    let file = js::wait(js::call(handle, "createWritable", &[])?).await?;
    js::wait(js::call(&file, "write", &[&text.into()])?).await?;
    js::wait(js::call(&file, "close", &[])?).await?;
    Ok(())
}

/// The name of a file for a document: its own, or what it calls itself.
fn suggested(document: &Document) -> String {
    if document.name != super::UNTITLED {
        return document.name.clone();
    }
    super::file_name(Some(document.title().trim_end_matches(".modelspec.yaml")))
}
