//! The engine's worker, from the page's side: simulation, exports and imports are asked of it.
//!
//! It starts with the first question, so that the page's first load holds nothing of it.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use js_sys::{Array, Object, Reflect};
use serde_json::{Value, json};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::platform;
use crate::ui::prelude::*;

/// What the engine says to a question.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// The share that is done, 0 to 1.
    Progress(f64),
    /// The result.
    Done(Value),
    /// Why there is none.
    Refused(Value),
    /// The engine cannot run: a sentence.
    Failed(String),
}

/// An engine with a worker of its own. Copies are handles to the same.
#[derive(Clone, Copy)]
pub(crate) struct Engine {
    inner: StoredValue<Rc<RefCell<Inner>>, LocalStorage>,
}

#[derive(Default)]
struct Inner {
    running: Option<Running>,
    /// The number of the question whose answers are heard.
    asked: u32,
    hear: Option<Rc<dyn Fn(Answer)>>,
    /// The question itself, as it was sent.
    message: JsValue,
    /// The number of a question that was given up and whose end the worker has not told yet.
    ending: Option<u32>,
}

/// How long a worker may go on with what was given up, before it is ended itself.
const PATIENCE: Duration = Duration::from_secs(2);

struct Running {
    worker: Worker,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(web_sys::Event)>,
}

impl Engine {
    /// An engine that has not started yet.
    pub(crate) fn new() -> Self {
        Self {
            inner: StoredValue::new_local(Rc::default()),
        }
    }

    /// Asks; `task` is a map with `do`. Answers to an earlier question are no longer heard.
    pub(crate) fn ask(self, task: Value, hear: impl Fn(Answer) + 'static) {
        self.ask_about(task, &[], hear);
    }

    /// Asks about files, which the worker reads itself.
    pub(crate) fn ask_about(
        self,
        mut task: Value,
        files: &[web_sys::File],
        hear: impl Fn(Answer) + 'static,
    ) {
        let inner = self.inner.get_value();
        let hear: Rc<dyn Fn(Answer)> = Rc::new(hear);
        let id = {
            let mut inner = inner.borrow_mut();
            inner.asked = inner.asked.wrapping_add(1);
            inner.hear = Some(Rc::clone(&hear));
            inner.asked
        };
        if let Value::Object(task) = &mut task {
            task.insert("id".to_owned(), json!(id));
        }
        let text = JsValue::from_str(&task.to_string());
        let message = if files.is_empty() {
            text
        } else {
            let files = files.iter().map(|file| file.clone().into());
            core::iter::once(text)
                .chain(files)
                .collect::<Array>()
                .into()
        };
        inner.borrow_mut().message = message;
        if send(&inner).is_err() {
            hear(Answer::Failed(REFUSED.to_owned()));
        }
    }

    /// Gives up the question that is computed now, of a kind that takes turns with messages. The
    /// worker stays, for the next one.
    pub(crate) fn cancel(self) {
        let inner = self.inner.get_value();
        let id = {
            let mut inner = inner.borrow_mut();
            inner.hear = None;
            let id = inner.asked;
            let Some(running) = &inner.running else {
                return;
            };
            let message = json!({ "id": id, "do": "cancel" }).to_string();
            if running.worker.post_message(&message.into()).is_err() {
                return;
            }
            inner.ending = Some(id);
            id
        };
        let weak = Rc::downgrade(&inner);
        let lost_patience = move || {
            let Some(inner) = weak.upgrade() else { return };
            if inner.borrow().ending != Some(id) {
                return;
            }
            end(&inner);
            // What was asked meanwhile is asked of another worker.
            let hear = inner.borrow().hear.clone();
            if let Some(hear) = hear
                && send(&inner).is_err()
            {
                hear(Answer::Failed(REFUSED.to_owned()));
            }
        };
        set_timeout(lost_patience, PATIENCE);
    }

    /// Ends the worker, whatever it computes; the next question starts another.
    pub(crate) fn end(self) {
        let inner = self.inner.get_value();
        inner.borrow_mut().hear = None;
        end(&inner);
    }
}

fn end(inner: &Rc<RefCell<Inner>>) {
    let mut inner = inner.borrow_mut();
    inner.ending = None;
    if let Some(running) = inner.running.take() {
        running.worker.terminate();
    }
}

/// Sends the question to the worker, which is started where there is none.
fn send(inner: &Rc<RefCell<Inner>>) -> Result<(), JsValue> {
    if inner.borrow().running.is_none() {
        let running = start(inner)?;
        inner.borrow_mut().running = Some(running);
    }
    let inner = inner.borrow();
    match &inner.running {
        Some(running) => running.worker.post_message(&inner.message),
        None => Ok(()),
    }
}

const REFUSED: &str = "This page may not start a worker, so nothing can be computed here. \
    Open the designer itself, not embedded, in a current browser.";

/// Starts the worker and tells it what to run.
fn start(inner: &Rc<RefCell<Inner>>) -> Result<Running, JsValue> {
    let assets = Reflect::get(&platform::window(), &"modelspecAssets".into())?;
    let asset = |name: &str| {
        let address = Reflect::get(&assets, &name.into())?;
        address.as_string().ok_or(JsValue::UNDEFINED)
    };
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    let worker = Worker::new_with_options(&asset("worker")?, &options)?;

    let weak = Rc::downgrade(inner);
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        if let Some(inner) = weak.upgrade() {
            heard(&inner, &event.data());
        }
    });
    worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    let weak = Rc::downgrade(inner);
    let on_error = Closure::<dyn FnMut(web_sys::Event)>::new(move |_| {
        if let Some(inner) = weak.upgrade() {
            fail(
                &inner,
                "The engine ended unexpectedly. Run again; if that does not help, reload the page.",
            );
        }
    });
    worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));

    let first = Object::new();
    Reflect::set(&first, &"js".into(), &asset("engine")?.into())?;
    Reflect::set(&first, &"wasm".into(), &asset("engineWasm")?.into())?;
    worker.post_message(&first)?;
    Ok(Running {
        worker,
        _on_message: on_message,
        _on_error: on_error,
    })
}

fn heard(inner: &Rc<RefCell<Inner>>, data: &JsValue) {
    let Some(text) = data.as_string() else {
        // What `worker.js` itself says: the program could not start.
        let why = Reflect::get(data, &"failed".into())
            .ok()
            .and_then(|why| why.as_string());
        return fail(
            inner,
            &format!("The engine could not start: {}.", why.unwrap_or_default()),
        );
    };
    let Ok(Value::Object(mut message)) = serde_json::from_str(&text) else {
        return;
    };
    let id = message.get("id").and_then(Value::as_u64);
    let is = |number: u32| id == Some(u64::from(number));
    let hear = {
        let mut inner = inner.borrow_mut();
        // Whatever else it says of that, it is done with it.
        let goes_on = message.contains_key("progress");
        if !goes_on && inner.ending.is_some_and(is) {
            inner.ending = None;
        }
        inner.hear.clone().filter(|_| is(inner.asked))
    };
    let Some(hear) = hear else { return };
    if let Some(share) = message.get("progress").and_then(Value::as_f64) {
        hear(Answer::Progress(share));
    } else if let Some(result) = message.remove("done") {
        hear(Answer::Done(result));
    } else if let Some(reason) = message.remove("refused") {
        hear(Answer::Refused(reason));
    }
}

fn fail(inner: &Rc<RefCell<Inner>>, sentence: &str) {
    let hear = {
        let mut inner = inner.borrow_mut();
        inner.running = None;
        inner.ending = None;
        inner.hear.take()
    };
    if let Some(hear) = hear {
        hear(Answer::Failed(sentence.to_owned()));
    }
}
