//! The browser's objects by their names: what `web-sys` does not bind, or not yet as stable.

use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

/// A property; undefined where there is none.
pub(crate) fn get(of: &JsValue, name: &str) -> JsValue {
    Reflect::get(of, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// Calls a method.
///
/// # Errors
/// What it throws, or that there is no such method.
pub(crate) fn call(of: &JsValue, name: &str, arguments: &[&JsValue]) -> Result<JsValue, JsValue> {
    let method: Function = get(of, name).dyn_into()?;
    let arguments: Array = arguments.iter().copied().collect();
    Reflect::apply(&method, of, &arguments)
}

/// Makes an object of a global class.
///
/// # Errors
/// What its constructor throws, or that the browser has no such class.
pub(crate) fn construct(class: &str, arguments: &[&JsValue]) -> Result<JsValue, JsValue> {
    let class: Function = get(&js_sys::global(), class).dyn_into()?;
    let arguments: Array = arguments.iter().copied().collect();
    Reflect::construct(&class, &arguments)
}

/// Waits for a promise; any other value is there at once.
///
/// # Errors
/// What the promise is rejected with.
pub(crate) async fn wait(value: JsValue) -> Result<JsValue, JsValue> {
    JsFuture::from(Promise::resolve(&value)).await
}

/// An object of these properties.
pub(crate) fn object<const N: usize>(properties: [(&str, JsValue); N]) -> JsValue {
    let object = Object::new();
    for (name, value) in properties {
        // A fresh object takes any property.
        let _ = Reflect::set(&object, &name.into(), &value);
    }
    object.into()
}

/// A property that is a text.
pub(crate) fn text(of: &JsValue, name: &str) -> String {
    get(of, name).as_string().unwrap_or_default()
}

/// A property that is a number.
pub(crate) fn number(of: &JsValue, name: &str) -> f64 {
    get(of, name).as_f64().unwrap_or_default()
}

/// Whether an error is of this name: `AbortError`.
pub(crate) fn is_error(error: &JsValue, name: &str) -> bool {
    text(error, "name") == name
}

/// What an error says.
pub(crate) fn message(error: &JsValue) -> String {
    let message = text(error, "message");
    if message.is_empty() {
        text(error, "name")
    } else {
        message
    }
}
