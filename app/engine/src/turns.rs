use core::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Function, Promise};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{MessageChannel, MessageEvent, MessagePort};
use wgpu_sim::Turn;

use crate::now;

/// So long it is computed between two turns of the messages, in milliseconds.
const STRETCH_MS: f64 = 30.0;

/// Gives the worker's messages their turn while it computes: a page's message is heard only when
/// nothing is computed.
///
/// The way round is a message of the worker to itself, which comes behind those that wait, and takes
/// 0.1 to 0.2 ms in Chromium. A timer would pause for 4 ms each time, and what `scheduler.yield`
/// continues comes before messages: a worker that yields like that never hears one.
pub(crate) struct Turns {
    /// Where it posts to itself.
    port: MessagePort,
    /// Goes on with who waits for the message.
    waiting: Rc<RefCell<Option<Function>>>,
    /// When it began to compute.
    since: Rc<Cell<f64>>,
    _hear: Closure<dyn FnMut(MessageEvent)>,
}

impl Turns {
    /// None where there are no channels: every browser has them.
    pub(crate) fn new() -> Option<Self> {
        let channel = MessageChannel::new().ok()?;
        let waiting = Rc::<RefCell<Option<Function>>>::default();
        let waits = Rc::clone(&waiting);
        let hear = Closure::<dyn FnMut(MessageEvent)>::new(move |_| {
            if let Some(go_on) = waits.borrow_mut().take() {
                // What it goes on with runs after this.
                let _ = go_on.call0(&JsValue::UNDEFINED);
            }
        });
        channel
            .port1()
            .set_onmessage(Some(hear.as_ref().unchecked_ref()));
        Some(Self {
            port: channel.port2(),
            waiting,
            since: Rc::new(Cell::new(now())),
            _hear: hear,
        })
    }

    /// From now on it is computed.
    pub(crate) fn begin(&self) {
        self.since.set(now());
    }

    /// The turn of the messages, where it is due.
    pub(crate) fn turn(&self) -> Option<Turn> {
        if now() - self.since.get() < STRETCH_MS {
            return None;
        }
        let heard = Promise::new(&mut |go_on, _| {
            self.waiting.replace(Some(go_on));
        });
        self.port.post_message(&JsValue::NULL).ok()?;
        let since = Rc::clone(&self.since);
        Some(Box::pin(async move {
            // It is kept by nobody else, so it is never refused.
            let _ = JsFuture::from(heard).await;
            since.set(now());
        }))
    }
}
