//! What the designer does away from its page: simulation, exports and imports.
//!
//! A program of its own, for two reasons: the page stays free while it computes, and the page's
//! first load holds neither the GPU's interface nor the targets. It runs in a worker that
//! `worker.js` starts.
//!
//! Messages are JSON texts. The page sends a [`Request`], or a list of one and the files that it is
//! about; the answers carry its `id`: any number of
//! [`Answer::Progress`], then one [`Answer::Done`] or [`Answer::Refused`]. Cancelling is ending the
//! worker.

mod export;
mod files;
mod import;
mod message;
mod simulate;

use std::rc::Rc;

use js_sys::Array;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};
use wgpu_sim::SharedGpu;

use message::{Answer, Request, Task};

fn main() {
    std::panic::set_hook(Box::new(|panic| {
        web_sys::console::error_1(&JsValue::from_str(&panic.to_string()));
    }));
    let Ok(scope) = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>() else {
        return;
    };
    let port = scope.clone();
    // Compiling the kernels takes longer than most runs: they are kept from one to the next.
    let shared = Rc::<SharedGpu>::default();
    let hear = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let data = event.data();
        let (text, files) = match data.dyn_ref::<Array>() {
            Some(list) => (list.get(0), list.slice(1, list.length())),
            None => (data, Array::new()),
        };
        if let Some(text) = text.as_string() {
            let answer = answer(port.clone(), Rc::clone(&shared), text, files);
            wasm_bindgen_futures::spawn_local(answer);
        }
    });
    scope.set_onmessage(Some(hear.as_ref().unchecked_ref()));
    // It hears for as long as the worker lives.
    hear.forget();
}

async fn answer(
    port: DedicatedWorkerGlobalScope,
    shared: Rc<SharedGpu>,
    text: String,
    files: Array,
) {
    let request: Request = match serde_json::from_str(&text) {
        Ok(request) => request,
        Err(error) => {
            web_sys::console::error_1(&JsValue::from_str(&format!("no request: {error}")));
            return;
        }
    };
    let id = request.id;
    let answer = match request.task {
        Task::Simulate(task) => {
            let progress = |share: f64| send(&port, id, &Answer::Progress(share));
            simulate::run(&task, &shared, &progress).await
        }
        Task::Targets => Answer::Done(export::targets()),
        Task::Export(task) => export::run(&task),
        Task::Importers => Answer::Done(import::importers()),
        Task::Import(task) => import::run(&task, &files),
    };
    send(&port, id, &answer);
}

fn send(port: &DedicatedWorkerGlobalScope, id: u32, answer: &Answer) {
    let text = message::write(id, answer);
    // The page is there for as long as its worker is.
    let _ = port.post_message(&JsValue::from_str(&text));
}
