//! Folders that are dropped: the browser gives them entry by entry.

use js_sys::{Array, Promise};
use modelspec_core::import::MOST_FILES;
use wasm_bindgen::{JsCast as _, JsValue};

use super::intake::Given;
use crate::js;

/// A file or folder of a gesture.
pub(super) enum Entry {
    /// A file.
    File(web_sys::File),
    /// A folder, as its `FileSystemDirectoryEntry`.
    Folder(JsValue),
}

/// What a gesture gives; to be asked before its event ends.
pub(super) fn entries(data: &web_sys::DataTransfer) -> Vec<Entry> {
    let items = data.items();
    let items = (0..items.length()).filter_map(|at| items.get(at));
    let entry = |item: web_sys::DataTransferItem| {
        if item.kind() != "file" {
            return None;
        }
        let entry = js::call(&item, "webkitGetAsEntry", &[]).unwrap_or(JsValue::NULL);
        if js::get(&entry, "isDirectory").is_truthy() {
            return Some(Entry::Folder(entry));
        }
        item.get_as_file().ok().flatten().map(Entry::File)
    };
    items.filter_map(entry).collect()
}

/// All files of the entries and the folders below them, but for those whose names begin with a dot.
///
/// # Errors
/// A sentence, where a folder cannot be read or holds more files than an import takes.
pub(super) async fn walk(entries: Vec<Entry>) -> Result<Vec<Given>, String> {
    let mut found = Vec::new();
    let mut open = Vec::new();
    for entry in entries {
        match entry {
            Entry::File(file) => found.push(Given::file(file)),
            Entry::Folder(folder) => open.push(folder),
        }
    }
    while let Some(folder) = open.pop() {
        let cannot = |error: JsValue| {
            let name = path(&folder);
            let why = js::message(&error);
            format!(
                "The folder {name} cannot be read: {}.",
                why.trim_end_matches('.')
            )
        };
        for entry in children(&folder).await.map_err(cannot)? {
            if js::text(&entry, "name").starts_with('.') {
                continue;
            }
            if js::get(&entry, "isDirectory").is_truthy() {
                open.push(entry);
                continue;
            }
            let file = asked(&entry, "file").await.and_then(JsValue::dyn_into);
            found.push(Given {
                file: file.map_err(cannot)?,
                path: path(&entry),
            });
        }
        if found.len() > MOST_FILES {
            return Err(format!(
                "More than {MOST_FILES} files were dropped: drop those of one graph."
            ));
        }
    }
    Ok(found)
}

/// Where an entry stands, from what was dropped on.
fn path(entry: &JsValue) -> String {
    js::text(entry, "fullPath")
        .trim_start_matches('/')
        .to_owned()
}

/// The entries of a folder: its reader gives some at a time, at last none.
async fn children(folder: &JsValue) -> Result<Vec<JsValue>, JsValue> {
    let reader = js::call(folder, "createReader", &[])?;
    let mut found = Vec::new();
    loop {
        let some: Array = asked(&reader, "readEntries").await?.dyn_into()?;
        if some.length() == 0 {
            return Ok(found);
        }
        found.extend(some.iter());
    }
}

/// What a method answers that takes one function for the answer and one for an error.
async fn asked(of: &JsValue, method: &str) -> Result<JsValue, JsValue> {
    let promise = Promise::new(&mut |resolve, reject| {
        if let Err(error) = js::call(of, method, &[&resolve, &reject]) {
            // A promise that is refused says so to who waits for it.
            let _ = reject.call1(&JsValue::UNDEFINED, &error);
        }
    });
    js::wait(promise.into()).await
}
