//! The files beside a document: those that its nodes refer to, and that these do. They come with it
//! where files or a folder are given, and go where it goes: into what the browser keeps, and to the
//! engine.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use modelspec_core::Analysis;
use modelspec_core::compose::{Bundle, normal};
use modelspec_core::spec;
use wasm_bindgen::JsValue;

use super::check::MAX_BYTES;
use super::intake::Given;
use crate::js;
use crate::ui::prelude::*;
use crate::ui::{App, ViewRequest};
use crate::workspace::{Action, Notice};

/// A text, and the files beside it.
pub(super) type Stored = (String, Option<Rc<Bundle>>);

/// The texts of the files beside a document, by path.
pub(crate) fn texts(analysis: &Analysis) -> BTreeMap<String, String> {
    let files = analysis.bundle.iter().flat_map(|bundle| bundle.files());
    let mut texts = BTreeMap::new();
    for (path, text) in files {
        texts.insert(path.to_owned(), text.to_owned());
    }
    texts
}

/// The files that a document refers to and that are not beside it.
#[inline(never)] // A part of the second file by its name.
pub(crate) fn lacking(analysis: &Analysis) -> Vec<String> {
    if !Bundle::is_needed(&analysis.reading) {
        return Vec::new();
    }
    match &analysis.bundle {
        Some(bundle) => bundle.wanted(&analysis.reading),
        None => Bundle::new().wanted(&analysis.reading),
    }
}

/// A document as the browser keeps it: its text, with the files beside it where there are any.
pub(super) fn stored(analysis: &Analysis) -> JsValue {
    let files = texts(analysis);
    let text = JsValue::from(&*analysis.text);
    if files.is_empty() {
        return text;
    }
    let pairs = Array::new();
    for (path, content) in &files {
        pairs.push(&Array::of2(&path.into(), &content.into()));
    }
    js::object([("text", text), ("files", pairs.into())])
}

/// Reads what was kept; `None` where it is no longer there.
pub(super) fn read_stored(value: &JsValue) -> Option<Stored> {
    match value.as_string() {
        Some(text) => Some((text, None)),
        None => read_with_files(value),
    }
}

#[inline(never)] // A part of the second file by its name.
fn read_with_files(value: &JsValue) -> Option<Stored> {
    let text = js::get(value, "text").as_string()?;
    let mut bundle = Bundle::whole();
    for pair in Array::from(&js::get(value, "files")) {
        let pair = Array::from(&pair);
        let (path, text) = (pair.get(0).as_string()?, pair.get(1).as_string()?);
        bundle.add(path, &text);
    }
    Some((text, Some(Rc::new(bundle))))
}

/// A graph among given files, with those that it refers to.
pub(crate) struct Gathered {
    /// Its place among the files.
    pub(crate) at: usize,
    /// The places of the files that it refers to, and that these do.
    pub(crate) used: BTreeSet<usize>,
    bundle: Bundle,
}

impl Gathered {
    /// The files beside the graph; `None` where it refers to none of them.
    pub(crate) fn beside(&self) -> Option<Rc<Bundle>> {
        (!self.used.is_empty()).then(|| Rc::new(self.bundle.clone()))
    }
}

/// Looks among given files for those that one of them refers to, from its own folder on.
pub(crate) async fn gather(given: &[Given], at: usize) -> Option<Gathered> {
    let home = given.get(at)?;
    let reading = spec::read(&text_of(home).await?);
    let (folder, name) = home.path.rsplit_once('/').unwrap_or(("", &home.path));
    let mut bundle = Bundle::whole();
    bundle.set_home(name);
    let mut used = BTreeSet::new();
    loop {
        let before = used.len();
        for path in bundle.wanted(&reading) {
            let place = normal(folder, &path);
            let mut files = given.iter();
            let Some(found) = files.position(|given| Some(&given.path) == place.as_ref()) else {
                continue;
            };
            if let Some(text) = text_of(given.get(found)?).await {
                bundle.add(path, &text);
                used.insert(found);
            }
        }
        if used.len() == before {
            return Some(Gathered { at, used, bundle });
        }
    }
}

/// Puts given files beside the open document where it refers to all of them; whether it did.
pub(super) async fn complete(app: App, given: &[Given]) -> bool {
    let document = app.workspace.document_now();
    let mut bundle = match &document.analysis.bundle {
        Some(bundle) => (**bundle).clone(),
        None => Bundle::whole(),
    };
    let mut left: Vec<&Given> = given.iter().collect();
    while !left.is_empty() {
        let wanted = bundle.wanted(&document.analysis.reading);
        let meant = |path: &String| {
            let is_it = |given: &&Given| {
                let own = &given.path;
                own == path
                    || own.ends_with(&format!("/{path}"))
                    || path.ends_with(&format!("/{own}"))
            };
            left.iter().position(is_it).map(|at| (at, path.clone()))
        };
        let Some((at, path)) = wanted.iter().find_map(meant) else {
            return false;
        };
        let Some(text) = text_of(left.remove(at)).await else {
            return false;
        };
        bundle.add(path, &text);
    }
    app.ui.dialog.set(None);
    app.workspace.dispatch(Action::Beside(Rc::new(bundle)));
    let names: Vec<&str> = given.iter().map(|given| &*given.path).collect();
    let title = document.title();
    app.workspace.say(Notice::plain(format!(
        "Put beside {title}, which refers to it: {}.",
        names.join(", ")
    )));
    // Ports that nodes have from the files change where things are.
    app.ui.view.set(Some(ViewRequest::Fit));
    true
}

/// Takes a file away that stands beside the open document.
#[inline(never)] // A part of the second file by its name.
pub(crate) fn remove(app: App, path: &str) {
    let document = app.workspace.document_now();
    let mut bundle = Bundle::whole();
    for (other, text) in texts(&document.analysis) {
        if other != path {
            bundle.add(other, &text);
        }
    }
    app.workspace.dispatch(Action::Beside(Rc::new(bundle)));
}

/// The text of a file; `None` where it is none, or too large for a document.
async fn text_of(given: &Given) -> Option<String> {
    if given.file.size() > MAX_BYTES as f64 {
        return None;
    }
    let buffer = js::wait(given.file.array_buffer().into()).await.ok()?;
    String::from_utf8(Uint8Array::new(&buffer).to_vec()).ok()
}
