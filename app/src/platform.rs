//! What the browser gives, in the few forms that are used everywhere.

use wasm_bindgen::{JsCast as _, JsValue};

/// The page's window.
///
/// # Panics
/// In a worker, which has none.
#[allow(clippy::expect_used)]
pub(crate) fn window() -> web_sys::Window {
    web_sys::window().expect("the designer runs in a page")
}

/// The page's document.
#[allow(clippy::expect_used)]
pub(crate) fn document() -> web_sys::Document {
    window().document().expect("a page has a document")
}

/// The page's root element, `<html>`.
pub(crate) fn root() -> Option<web_sys::HtmlElement> {
    document().document_element()?.dyn_into().ok()
}

/// Milliseconds since some moment, never running backwards.
pub(crate) fn now() -> f64 {
    let performance = js_sys::Reflect::get(&js_sys::global(), &"performance".into())
        .unwrap_or(JsValue::UNDEFINED);
    let now = js_sys::Reflect::get(&performance, &"now".into())
        .ok()
        .and_then(|now| now.dyn_into::<js_sys::Function>().ok());
    now.and_then(|now| now.call0(&performance).ok()?.as_f64())
        .unwrap_or_else(js_sys::Date::now)
}

/// Whether keys are named as on a Mac: ⌘ in place of Ctrl.
pub(crate) fn is_mac() -> bool {
    let navigator = window().navigator();
    navigator
        .user_agent()
        .is_ok_and(|agent| agent.contains("Mac"))
}

/// A remembered word of this site; `None` where storage is refused. The embedded page remembers
/// nothing: it is part of another page.
pub(crate) fn remembered(key: &str) -> Option<String> {
    if crate::embed::is_embedded() {
        return None;
    }
    window().local_storage().ok()??.get_item(key).ok()?
}

/// Remembers a word for this site. Where storage is refused nothing is remembered.
pub(crate) fn remember(key: &str, value: &str) {
    if crate::embed::is_embedded() {
        return;
    }
    if let Ok(Some(storage)) = window().local_storage() {
        // A full or forbidden storage costs a preference, nothing of the user's work.
        let _ = storage.set_item(key, value);
    }
}

/// Lets the console say where the program failed: the browser itself shows only `unreachable`.
pub(crate) fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        web_sys::console::error_1(&JsValue::from_str(&panic.to_string()));
        if let Some(root) =
            web_sys::window().and_then(|window| window.document()?.document_element())
        {
            let _ = root.set_attribute("data-state", "failed");
        }
    }));
}
