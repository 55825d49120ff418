//! Questions in the order in which they come, one at a time, and those that are taken back.

use core::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::Array;
use wasm_bindgen::JsValue;
use web_sys::DedicatedWorkerGlobalScope;
use wgpu_sim::SharedGpu;

use crate::message::{self, Answer, Request, Task};
use crate::turns::Turns;
use crate::{export, import, simulate};

/// What waits to be answered, and what is answered now.
pub(crate) struct Desk {
    port: DedicatedWorkerGlobalScope,
    /// Compiling the kernels takes longer than most runs: they are kept from one to the next.
    shared: SharedGpu,
    turns: Option<Turns>,
    waiting: RefCell<VecDeque<(Request, Array)>>,
    /// Whether somebody answers.
    is_busy: Cell<bool>,
    /// The question that is being answered.
    current: Cell<Option<u32>>,
    /// Whether it was taken back.
    is_cancelled: Cell<bool>,
}

impl Desk {
    pub(crate) fn new(port: DedicatedWorkerGlobalScope) -> Rc<Self> {
        Rc::new(Self {
            port,
            shared: SharedGpu::default(),
            turns: Turns::new(),
            waiting: RefCell::default(),
            is_busy: Cell::new(false),
            current: Cell::new(None),
            is_cancelled: Cell::new(false),
        })
    }

    /// Takes a message in.
    pub(crate) fn hear(self: &Rc<Self>, text: &str, files: Array) {
        let request: Request = match serde_json::from_str(text) {
            Ok(request) => request,
            Err(error) => {
                let words = format!("no request: {error}");
                return web_sys::console::error_1(&JsValue::from_str(&words));
            }
        };
        if matches!(request.task, Task::Cancel) {
            return self.cancel(request.id);
        }
        self.waiting.borrow_mut().push_back((request, files));
        if !self.is_busy.replace(true) {
            wasm_bindgen_futures::spawn_local(Rc::clone(self).work());
        }
    }

    /// A question is no longer asked. It says so once nothing is computed for it any more.
    fn cancel(&self, id: u32) {
        if self.current.get() == Some(id) {
            return self.is_cancelled.set(true);
        }
        let mut waiting = self.waiting.borrow_mut();
        if let Some(place) = waiting.iter().position(|(request, _)| request.id == id) {
            waiting.remove(place);
            self.send(id, &Answer::Cancelled);
        }
    }

    async fn work(self: Rc<Self>) {
        loop {
            let next = self.waiting.borrow_mut().pop_front();
            let Some((request, files)) = next else {
                return self.is_busy.set(false);
            };
            self.current.set(Some(request.id));
            self.is_cancelled.set(false);
            let answer = self.answer(&request, &files).await;
            self.current.set(None);
            self.send(request.id, &answer);
        }
    }

    async fn answer(&self, request: &Request, files: &Array) -> Answer {
        match &request.task {
            Task::Simulate(task) => {
                let progress = |share: f64| self.send(request.id, &Answer::Progress(share));
                let host = simulate::Host {
                    shared: &self.shared,
                    turns: self.turns.as_ref(),
                    is_cancelled: &self.is_cancelled,
                    progress: &progress,
                };
                simulate::run(task, &host).await
            }
            Task::Targets => Answer::Done(export::targets()),
            Task::Export(task) => export::run(task),
            Task::Importers => Answer::Done(import::importers()),
            Task::Import(task) => import::run(task, files),
            Task::Cancel => Answer::Cancelled,
        }
    }

    fn send(&self, id: u32, answer: &Answer) {
        let text = message::write(id, answer);
        // The page is there for as long as its worker is.
        let _ = self.port.post_message(&JsValue::from_str(&text));
    }
}
