//! Files: chosen, dropped, pasted, and written back.

use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::spawn_local;

use super::check;
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
                    Ok(file) => open(app, file, Some(handle)).await,
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
            spawn_local(open(app, file, None));
        }
    });
    input.set_onchange(Some(on_change.unchecked_ref()));
    input.click();
}

/// Reads a file and opens it; what is no document is said, and changes nothing.
async fn open(app: App, file: web_sys::File, handle: Option<JsValue>) {
    let name = file.name();
    let refuse = |why: &str| {
        app.workspace
            .say(Notice::error(format!("{name} cannot be opened: it {why}.")));
    };
    if file.size() > check::MAX_BYTES as f64 {
        return refuse(&check::too_large());
    }
    let bytes = match js::wait(file.array_buffer().into()).await {
        Ok(buffer) => Uint8Array::new(&buffer).to_vec(),
        Err(_) => return refuse("cannot be read; it may be a folder, or was moved since"),
    };
    match check::bytes(bytes) {
        Err(why) => refuse(&why),
        Ok(checked) => {
            app.ui.dialog.set(None);
            app.workspace.dispatch(Action::Open {
                name,
                text: checked.text,
            });
            let generation = app.workspace.document_now().generation;
            app.storage.set_file(handle.map(|file| (generation, file)));
        }
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

/// Opens what is dropped anywhere on the page, and what is pasted outside of fields.
pub(super) fn receive(app: App) {
    let over = move |event: &web_sys::Event| {
        let data = transfer(event).filter(has_files);
        if let Some(data) = data {
            take(event);
            data.set_drop_effect("copy");
            app.storage.dragging.set(true);
        }
    };
    listen("dragenter", over);
    listen("dragover", over);
    listen("dragleave", move |event| {
        // Within the page one element leaves as the next is entered.
        if js::get(event, "relatedTarget").is_null() {
            app.storage.dragging.set(false);
        }
    });
    listen("drop", move |event| {
        app.storage.dragging.set(false);
        if let Some(data) = transfer(event).filter(has_files) {
            take(event);
            open_first(app, &data);
        }
    });
    let pasted = window_event_listener_untyped("paste", move |event| {
        if !event.default_prevented() && !in_field(&event) {
            paste(app, &event);
        }
    });
    on_cleanup(move || pasted.remove());
}

/// Listens before everything on the page does: text editors would take the file's text themselves.
fn listen(name: &str, call: impl Fn(&web_sys::Event) + 'static) {
    let call = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| call(&event));
    let window = platform::window();
    let function: js_sys::Function = call.into_js_value().unchecked_into();
    // The names are the browser's own.
    let _ = window.add_event_listener_with_callback_and_bool(name, &function, true);
    let name = name.to_owned();
    let function = StoredValue::new_local(function);
    on_cleanup(move || {
        let _ = function.try_with_value(|function| {
            platform::window().remove_event_listener_with_callback_and_bool(&name, function, true)
        });
    });
}

fn take(event: &web_sys::Event) {
    event.prevent_default();
    event.stop_propagation();
}

fn transfer(event: &web_sys::Event) -> Option<web_sys::DataTransfer> {
    js::get(event, "dataTransfer").dyn_into().ok()
}

fn has_files(data: &web_sys::DataTransfer) -> bool {
    let mut types = data.types().into_iter();
    types.any(|kind| kind.as_string().as_deref() == Some("Files"))
}

fn open_first(app: App, data: &web_sys::DataTransfer) {
    let Some(files) = data.files() else { return };
    match (files.length(), files.get(0)) {
        (1, Some(file)) => {
            let handle = handle_of(data);
            spawn_local(async move {
                let handle = match handle {
                    Some(handle) => js::wait(handle.into()).await.ok(),
                    None => None,
                };
                let handle = handle.filter(|handle| js::text(handle, "kind") == "file");
                open(app, file, handle).await;
            });
        }
        (0, _) => app.workspace.say(Notice::error(
            "What was dropped is no file; drop a ModelSpec document.",
        )),
        (count, _) => app.workspace.say(Notice::error(format!(
            "{count} files were dropped; one document is open at a time, so drop one."
        ))),
    }
}

/// The dropped file's handle, to save to; it must be asked for before the event ends.
fn handle_of(data: &web_sys::DataTransfer) -> Option<Promise> {
    let item = data.items().get(0)?;
    let asked = js::call(&item, "getAsFileSystemHandle", &[]).ok()?;
    asked.dyn_into().ok()
}

fn paste(app: App, event: &web_sys::Event) {
    let Ok(data) = js::get(event, "clipboardData").dyn_into::<web_sys::DataTransfer>() else {
        return;
    };
    if data.files().is_some_and(|files| files.length() > 0) {
        event.prevent_default();
        return open_first(app, &data);
    }
    let text = data.get_data("text/plain").unwrap_or_default();
    // Parts of a graph are the canvas's; this is a whole document.
    let is_graph = text
        .lines()
        .any(|line| line.trim_end() == "kind: ModelGraph")
        || (text.trim_start().starts_with('{') && text.contains("\"ModelGraph\""));
    if !is_graph {
        return;
    }
    event.prevent_default();
    match check::text(text) {
        Ok(checked) => {
            app.workspace.dispatch(Action::Open {
                name: super::file_name(checked.name.as_deref()),
                text: checked.text,
            });
            app.workspace.say(Notice::plain(
                "Opened the pasted graph. What was open is kept: see “Recover an earlier document”.",
            ));
        }
        Err(why) => app.workspace.say(Notice::error(format!(
            "The pasted text cannot be opened: it {why}."
        ))),
    }
}

fn in_field(event: &web_sys::Event) -> bool {
    let Ok(element) = event
        .composed_path()
        .get(0)
        .dyn_into::<web_sys::HtmlElement>()
    else {
        return false;
    };
    let field = matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT");
    field || element.is_content_editable()
}
