//! The rest of the program: the rooms that `app/parts.toml` names.
//!
//! A release build puts them into a second file, which the page fetches as soon as it is ready.
//! Code that calls into one of them before needs nothing special: a stub in its place calls
//! [`load_rest`] first, and the page stands still until the file is there. What is shown from the
//! start waits for [`is_here`] instead.

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::ui::prelude::*;

thread_local! {
    static HERE: ArcRwSignal<bool> = ArcRwSignal::new(false);
}

#[wasm_bindgen]
extern "C" {
    /// `start.js`: returns when the second file has joined the program of these exports.
    #[wasm_bindgen(js_name = modelspecLoadRest)]
    fn join(exports: &JsValue);
}

/// Has the second file loaded now.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "its caller is the stub of a release build")]
pub fn load_rest() {
    join(&wasm_bindgen::exports());
}

/// The whole program is there: `start.js` says so.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "its caller is a script")]
pub fn rest_joined() {
    HERE.with(|here| here.set(true));
}

/// Whether the whole program is there. Tracked.
pub(crate) fn is_here() -> bool {
    HERE.with(|here| here.get())
}
