//! What is dropped, pasted or chosen to be read: graphs are opened, other files imported.

use js_sys::{Array, Promise};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::spawn_local;

use super::{beside, check, files, folder};
use crate::js;
use crate::platform;
use crate::ui::App;
use crate::ui::prelude::*;
use crate::workspace::{Action, Notice};

/// A file that the user gives, and where it stands among those that come with it.
#[derive(Clone)]
pub(crate) struct Given {
    /// The file.
    pub(crate) file: web_sys::File,
    /// Its path from the folder that was given, with `/` between folders.
    pub(crate) path: String,
}

impl Given {
    /// A file by its own name, or of a folder that was chosen.
    pub(super) fn file(file: web_sys::File) -> Self {
        let within = js::text(&file, "webkitRelativePath");
        let path = if within.is_empty() {
            file.name()
        } else {
            within
        };
        Self { file, path }
    }

    /// Whether it stands in no hidden folder and is not hidden itself.
    fn is_wanted(&self) -> bool {
        !self.path.split('/').any(|name| name.starts_with('.'))
    }
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
            receive_all(app, &data);
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

/// Takes in what a gesture gives. The browser takes it away when the gesture ends, so all of it is
/// asked for before that.
fn receive_all(app: App, data: &web_sys::DataTransfer) {
    let handle = handle_of(data);
    let entries = folder::entries(data);
    if entries.is_empty() {
        return app.workspace.say(Notice::error(
            "What was dropped is no file; drop a graph, or files to import.",
        ));
    }
    spawn_local(async move {
        let handle = match handle {
            Some(handle) => js::wait(handle.into()).await.ok(),
            None => None,
        };
        let handle = handle.filter(|handle| js::text(handle, "kind") == "file");
        match folder::walk(entries).await {
            Ok(given) => take_in(app, given, handle).await,
            Err(why) => app.workspace.say(Notice::error(why)),
        }
    });
}

/// Puts beside the open document what it lacks; opens a graph; everything else is imported.
async fn take_in(app: App, mut given: Vec<Given>, handle: Option<JsValue>) {
    if !given.is_empty() && beside::complete(app, &given).await {
        return;
    }
    match given.len() {
        0 => app.workspace.say(Notice::error(
            "The folder holds no file that is read: names that begin with a dot are passed over.",
        )),
        1 => {
            if let Some(only) = given.pop() {
                files::open(app, only, handle, files::Wish::AsGraph, None).await;
            }
        }
        _ => app.imports.begin(app, given),
    }
}

/// The dropped file's handle, to save to; it must be asked for before the event ends.
fn handle_of(data: &web_sys::DataTransfer) -> Option<Promise> {
    if data.items().length() != 1 {
        return None;
    }
    let item = data.items().get(0)?;
    let asked = js::call(&item, "getAsFileSystemHandle", &[]).ok()?;
    asked.dyn_into().ok()
}

/// Lets the user choose files, or a folder with all that is in it, and takes them in.
pub(super) fn choose(app: App, is_folder: bool) {
    let Ok(input) = platform::document().create_element("input") else {
        return;
    };
    let input: web_sys::HtmlInputElement = input.unchecked_into();
    input.set_type("file");
    input.set_multiple(true);
    if is_folder {
        // The element takes any attribute; a browser that does not know it lets files be chosen.
        let _ = input.set_attribute("webkitdirectory", "");
    }
    let chosen = input.clone();
    let on_change = Closure::once_into_js(move || {
        let files = chosen.files();
        let files = files.iter().flat_map(|list| {
            let count = list.length();
            (0..count).filter_map(|at| list.get(at))
        });
        let given: Vec<Given> = files.map(Given::file).filter(Given::is_wanted).collect();
        spawn_local(take_in(app, given, None));
    });
    input.set_onchange(Some(on_change.unchecked_ref()));
    input.click();
}

fn paste(app: App, event: &web_sys::Event) {
    let Ok(data) = js::get(event, "clipboardData").dyn_into::<web_sys::DataTransfer>() else {
        return;
    };
    if data.files().is_some_and(|files| files.length() > 0) {
        event.prevent_default();
        return receive_all(app, &data);
    }
    let text = data.get_data("text/plain").unwrap_or_default();
    // Parts of a graph are the canvas's; this is a whole document.
    let is_json = text.trim_start().starts_with('{');
    let is_graph = text
        .lines()
        .any(|line| line.trim_end() == "kind: ModelGraph")
        || (is_json && text.contains("\"ModelGraph\""));
    if !is_graph {
        // Where nothing is open, nothing is lost if it is another kind of text.
        let is_free = app.workspace.document_now().is_empty();
        if is_free && (is_json || text.contains(':')) {
            event.prevent_default();
            import_text(app, &text, is_json);
        }
        return;
    }
    event.prevent_default();
    match check::text(text) {
        Ok(checked) => {
            app.workspace.dispatch(Action::Open {
                name: super::file_name(checked.name.as_deref()),
                text: checked.text,
                beside: None,
            });
            app.workspace.say(Notice::plain(
                "Opened the pasted graph. What was open is kept: see “Recover an earlier document”.",
            ));
        }
        Err(refusal) => app.workspace.say(Notice::error(format!(
            "The pasted text cannot be opened: it {}.",
            refusal.why
        ))),
    }
}

/// Imports a pasted text as the file that it was copied from.
fn import_text(app: App, text: &str, is_json: bool) {
    let name = if is_json {
        "pasted.json"
    } else {
        "pasted.yaml"
    };
    // A text makes a file in every browser.
    if let Ok(file) = web_sys::File::new_with_str_sequence(&Array::of1(&text.into()), name) {
        app.imports.begin(app, vec![Given::file(file)]);
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
