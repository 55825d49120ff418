//! What the designer does away from its page: simulation, exports and imports.
//!
//! A program of its own, for two reasons: the page stays free while it computes, and the page's
//! first load holds neither the GPU's interface nor the targets. It runs in a worker that
//! `worker.js` starts.
//!
//! Messages are JSON texts. The page sends a [`Request`](message::Request), or a list of one and the
//! files that it is about; the answers carry its `id`: any number of
//! [`Answer::Progress`](message::Answer::Progress), then one
//! [`Answer::Done`](message::Answer::Done) or [`Answer::Refused`](message::Answer::Refused).
//!
//! A simulation takes turns with messages. So [`Task::Cancel`](message::Task::Cancel) with a
//! question's `id` ends it soon, and the worker stays, with the GPU's kernels: instead of an answer
//! it says [`Answer::Cancelled`](message::Answer::Cancelled). Exports and imports compute to their
//! end; to give one up is to end the worker.

mod desk;
mod export;
mod files;
mod import;
mod message;
mod simulate;
mod turns;

use js_sys::Array;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent, Performance, WorkerGlobalScope};

use desk::Desk;

fn main() {
    std::panic::set_hook(Box::new(|panic| {
        web_sys::console::error_1(&JsValue::from_str(&panic.to_string()));
    }));
    let Ok(scope) = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>() else {
        return;
    };
    let desk = Desk::new(scope.clone());
    let hear = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let data = event.data();
        let (text, files) = match data.dyn_ref::<Array>() {
            Some(list) => (list.get(0), list.slice(1, list.length())),
            None => (data, Array::new()),
        };
        if let Some(text) = text.as_string() {
            desk.hear(&text, files);
        }
    });
    scope.set_onmessage(Some(hear.as_ref().unchecked_ref()));
    // It hears for as long as the worker lives.
    hear.forget();
}

thread_local! {
    /// Looking it up takes longer than reading it, and it is read after each stretch of work.
    static CLOCK: Option<Performance> = {
        let scope = js_sys::global().dyn_into::<WorkerGlobalScope>();
        scope.ok().and_then(|scope| scope.performance())
    };
}

/// Milliseconds since some moment.
fn now() -> f64 {
    CLOCK.with(|clock| {
        clock
            .as_ref()
            .map_or_else(js_sys::Date::now, Performance::now)
    })
}
