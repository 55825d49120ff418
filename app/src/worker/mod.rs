//! The simulation's worker: the same program, away from the page.

use wasm_bindgen::JsCast as _;

/// Whether this runs in a worker.
pub(crate) fn is_worker() -> bool {
    js_sys::global().dyn_ref::<web_sys::Window>().is_none()
}

/// Waits for what the page asks.
pub(crate) fn listen() {}
