//! The editor's module and its handle, as `app/editor/src/api.ts` describes them.

use js_sys::{Array, Promise};
use modelspec_core::check::Severity;
use modelspec_core::complete::{Completion, CompletionKind};
use modelspec_core::order::Arrange as _;
use modelspec_core::text::{Span, TextEdit};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};

use super::units::Units;
use crate::js;
use crate::ui::prelude::*;
use crate::workspace::Document;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = "import")]
    fn import(address: &str) -> Promise;
}

/// More findings than these help nobody, and cost time at every key.
const MOST_FINDINGS: usize = 500;

/// What the editor asks and tells. Places are UTF-16 units.
pub(super) struct Callbacks {
    /// The user changed the text: the parts, and the editor's whole text.
    pub(super) on_change: Box<dyn Fn(Vec<Part>, JsValue)>,
    /// The caret moved.
    pub(super) on_cursor: Box<dyn Fn(usize)>,
    /// What completes at a place.
    pub(super) complete: Box<dyn Fn(usize) -> JsValue>,
    /// What is to be said of a place.
    pub(super) hover: Box<dyn Fn(usize) -> Option<String>>,
    /// A fix was chosen, by the numbers of the finding and of the fix.
    pub(super) on_fix: Box<dyn Fn(usize, usize)>,
    /// The user wants the last step back.
    pub(super) on_undo: Box<dyn Fn()>,
    /// And again.
    pub(super) on_redo: Box<dyn Fn()>,
}

/// One part of a change: what stood at `from..to` is `insert` now.
pub(super) struct Part {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) insert: String,
}

/// A mounted editor.
#[derive(Clone)]
pub(super) struct Handle(JsValue);

/// Loads the editor and puts it into an element. A try after a failed one asks anew for the file,
/// which browsers would else remember as missing.
///
/// # Errors
/// What the browser says.
pub(super) async fn mount(
    host: &web_sys::HtmlElement,
    text: &str,
    callbacks: Callbacks,
    attempt: u32,
) -> Result<Handle, String> {
    let assets = js::get(&js_sys::global(), "modelspecAssets");
    let mut address = js::text(&assets, "editor");
    if attempt > 0 {
        address = format!("{address}?attempt={attempt}");
    }
    let said = |error: JsValue| js::message(&error);
    let module = js::wait(import(&address).into()).await.map_err(said)?;
    let options = options(text, callbacks);
    let handle = js::call(&module, "mount", &[host, &options]).map_err(said)?;
    Ok(Handle(handle))
}

fn options(text: &str, callbacks: Callbacks) -> JsValue {
    let Callbacks {
        on_change,
        on_cursor,
        complete,
        hover,
        on_fix,
        on_undo,
        on_redo,
    } = callbacks;
    let on_change = move |changes: JsValue, text: JsValue| {
        let parts = Array::from(&changes).into_iter().map(|change| Part {
            from: unit(&js::get(&change, "from")),
            to: unit(&js::get(&change, "to")),
            insert: js::text(&change, "insert"),
        });
        on_change(parts.collect(), text);
    };
    let on_fix = move |found: JsValue, fix: JsValue| on_fix(unit(&found), unit(&fix));
    let hover =
        move |_: JsValue, at: JsValue| hover(unit(&at)).map_or(JsValue::NULL, JsValue::from);
    js::object([
        ("text", text.into()),
        ("label", "Document as text".into()),
        (
            "onChange",
            Closure::<dyn Fn(JsValue, JsValue)>::new(on_change).into_js_value(),
        ),
        (
            "onCursor",
            Closure::<dyn Fn(JsValue)>::new(move |at: JsValue| on_cursor(unit(&at)))
                .into_js_value(),
        ),
        (
            "complete",
            Closure::<dyn Fn(JsValue, JsValue) -> JsValue>::new(move |_: JsValue, at: JsValue| {
                complete(unit(&at))
            })
            .into_js_value(),
        ),
        (
            "hover",
            Closure::<dyn Fn(JsValue, JsValue) -> JsValue>::new(hover).into_js_value(),
        ),
        (
            "onFix",
            Closure::<dyn Fn(JsValue, JsValue)>::new(on_fix).into_js_value(),
        ),
        ("onUndo", Closure::<dyn Fn()>::new(on_undo).into_js_value()),
        ("onRedo", Closure::<dyn Fn()>::new(on_redo).into_js_value()),
    ])
}

/// A place that the editor names; it counts from 0 and is whole.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn unit(value: &JsValue) -> usize {
    value.as_f64().unwrap_or_default() as usize
}

impl Handle {
    /// Shows another text, which `edits` of the text before led to.
    pub(super) fn set_text(&self, text: &str, edits: Option<&JsValue>) {
        let edits = edits.cloned().unwrap_or_default();
        self.call("setText", &[&text.into(), &edits]);
    }

    /// Marks the findings of a document.
    pub(super) fn set_diagnostics(&self, document: &Document, units: &Units) {
        let text = &document.analysis.text;
        let found = document.analysis.diagnostics.iter().take(MOST_FINDINGS);
        let list: Array = found
            .map(|found| {
                let fixes: Array = found
                    .fixes
                    .iter()
                    .map(|fix| JsValue::from(fix.label.as_str()))
                    .collect();
                let message = match &found.help {
                    Some(help) => format!("{}\n{help}", found.message),
                    None => found.message.clone(),
                };
                js::object([
                    ("from", number(units.unit(text, found.span.start))),
                    ("to", number(units.unit(text, found.span.end))),
                    ("severity", severity(found.severity).into()),
                    ("code", found.code.0.into()),
                    ("message", message.into()),
                    ("fixes", fixes.into()),
                ])
            })
            .collect();
        self.call("setDiagnostics", &[&list]);
    }

    /// Selects a range of units and scrolls it into view.
    pub(super) fn reveal(&self, from: usize, to: usize) {
        self.call("reveal", &[&number(from), &number(to)]);
    }

    /// Takes the keyboard's focus.
    pub(super) fn focus(&self) {
        self.call("focus", &[]);
    }

    /// Takes the editor out of the page.
    pub(super) fn destroy(&self) {
        self.call("destroy", &[]);
    }

    fn call(&self, method: &str, arguments: &[&JsValue]) {
        if let Err(error) = js::call(&self.0, method, arguments) {
            // The text is the document's, whatever becomes of its picture.
            web_sys::console::error_1(&error);
        }
    }
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info | Severity::Off => "info",
    }
}

fn number(number: usize) -> JsValue {
    JsValue::from_f64(number as f64)
}

/// Edits in the editor's terms, ascending; the units are those of the text before.
pub(super) fn changes(text: &str, units: &Units, edits: &[TextEdit]) -> JsValue {
    let mut sorted: Vec<&TextEdit> = edits.iter().collect();
    sorted.arrange_by_key(|edit| (edit.span.start, edit.span.end));
    let list: Array = sorted
        .iter()
        .map(|edit| {
            js::object([
                ("from", number(units.unit(text, edit.span.start))),
                ("to", number(units.unit(text, edit.span.end))),
                ("insert", edit.replacement.as_str().into()),
            ])
        })
        .collect();
    list.into()
}

/// Parts of a change in the core's terms; the units are those of the text before.
pub(super) fn edits(text: &str, units: &Units, parts: Vec<Part>) -> Vec<TextEdit> {
    let byte = |unit| units.byte(text, unit);
    parts
        .into_iter()
        .map(|part| TextEdit::replace(Span::new(byte(part.from), byte(part.to)), part.insert))
        .collect()
}

/// Completions in the editor's terms.
pub(super) fn completions(text: &str, units: &Units, found: &[Completion]) -> JsValue {
    let list: Array = found
        .iter()
        .map(|completion| {
            let before = completion.apply.get(..completion.caret);
            let caret = before.unwrap_or(&completion.apply).encode_utf16().count();
            js::object([
                ("label", completion.label.as_str().into()),
                ("detail", completion.detail.as_str().into()),
                ("apply", completion.apply.as_str().into()),
                ("caret", number(caret)),
                ("from", number(units.unit(text, completion.span.start))),
                ("to", number(units.unit(text, completion.span.end))),
                ("type", icon(completion.kind).into()),
                ("info", completion.info.as_str().into()),
            ])
        })
        .collect();
    list.into()
}

/// The editor's drawing for a kind of completion.
const fn icon(kind: CompletionKind) -> &'static str {
    match kind {
        CompletionKind::Key => "property",
        CompletionKind::Word => "enum",
        CompletionKind::Node | CompletionKind::Port | CompletionKind::Name => "variable",
        CompletionKind::Type => "type",
        CompletionKind::Gpu
        | CompletionKind::Model
        | CompletionKind::Unit
        | CompletionKind::Rule => "constant",
    }
}

/// Whether the keyboard's focus is in an element or in its shadow.
pub(super) fn has_focus(host: NodeRef<leptos::html::Div>) -> bool {
    let active = crate::platform::document().active_element();
    let host = host.get_untracked();
    host.is_some_and(|host| {
        let host: &web_sys::Element = host.unchecked_ref();
        active.as_ref() == Some(host)
    })
}
