//! Which tab this is, and which others live.

use std::collections::BTreeSet;

use js_sys::{Array, Function, Promise};
use wasm_bindgen::{JsCast as _, JsValue};

use crate::js;
use crate::platform;
use crate::ui::prelude::*;

const KEY: &str = "modelspec-session";
const LOCK: &str = "modelspec-tab-";

/// A name that no other tab or document has.
pub(super) fn fresh_id() -> String {
    // Two of equal time and equal chance in one browser are not to be feared.
    let chance = js_sys::Math::random() * 1e12;
    format!("{:.0}-{chance:.0}", js_sys::Date::now())
}

/// This tab's name, the same after it is loaded again. As long as the tab lives it holds a lock of
/// that name, so a tab that was duplicated, with the name in its storage, takes another.
pub(super) async fn begin() -> String {
    let storage = platform::window().session_storage().ok().flatten();
    let remembered = storage
        .as_ref()
        .and_then(|storage| storage.get_item(KEY).ok().flatten());
    if let Some(session) = remembered
        && hold(&session).await
    {
        return session;
    }
    let session = fresh_id();
    if let Some(storage) = &storage {
        // A tab that may not remember its name has another when it is loaded again.
        let _ = storage.set_item(KEY, &session);
    }
    hold(&session).await;
    session
}

fn locks() -> Option<JsValue> {
    let locks = js::get(&platform::window().navigator(), "locks");
    locks.is_object().then_some(locks)
}

/// Takes the lock of a tab, until the tab is gone; `false` where another has it. A browser without
/// locks lets every tab have its own.
async fn hold(session: &str) -> bool {
    let Some(locks) = locks() else { return true };
    // The page that this one follows may still be letting go.
    for pause in [0, 60, 200] {
        pause_for(pause).await;
        match try_hold(&locks, session).await {
            Ok(held) if held.is_falsy() => {}
            _ => return true,
        }
    }
    false
}

async fn pause_for(milliseconds: i32) {
    if milliseconds == 0 {
        return;
    }
    let done = Promise::new(&mut |resolve, _| {
        // Without a pause the next try is only sooner.
        let _ = platform::window()
            .set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, milliseconds);
    });
    let _ = js::wait(done.into()).await;
}

async fn try_hold(locks: &JsValue, session: &str) -> Result<JsValue, JsValue> {
    let told = Promise::new(&mut |resolve, reject| {
        let told: Function = resolve.clone();
        let callback = wasm_bindgen::closure::Closure::once_into_js(move |lock: JsValue| {
            let held = lock.is_object();
            // A function of the browser's own does not throw.
            let _ = told.call1(&JsValue::UNDEFINED, &held.into());
            if held {
                // A promise that is never kept holds the lock as long as the page lives.
                Promise::new(&mut |_, _| {}).into()
            } else {
                JsValue::UNDEFINED
            }
        });
        let options = js::object([("ifAvailable", true.into())]);
        let name = format!("{LOCK}{session}").into();
        match js::call(locks, "request", &[&name, &options, &callback]) {
            Ok(request) => {
                let request: Promise = request.unchecked_into();
                let refused =
                    wasm_bindgen::closure::Closure::once_into_js(move |error: JsValue| {
                        let _ = reject.call1(&JsValue::UNDEFINED, &error);
                    });
                let _ = js::call(&request, "catch", &[&refused]);
            }
            Err(error) => {
                let _ = reject.call1(&JsValue::UNDEFINED, &error);
            }
        }
    });
    js::wait(told.into()).await
}

/// The tabs that live now; `None` where the browser cannot tell.
pub(super) async fn living() -> Option<BTreeSet<String>> {
    let query = js::call(&locks()?, "query", &[]).ok()?;
    let found = js::wait(query).await.ok()?;
    let held = Array::from(&js::get(&found, "held"));
    let names = held.iter().map(|lock| js::text(&lock, "name"));
    Some(
        names
            .filter_map(|name| name.strip_prefix(LOCK).map(ToOwned::to_owned))
            .collect(),
    )
}

/// Calls when the page is put out of sight or goes: the last moment that is sure to come.
pub(super) fn before_leaving(call: impl Fn() + Clone + 'static) {
    let hidden = call.clone();
    let handles = [
        window_event_listener_untyped("visibilitychange", move |_| {
            if platform::document().hidden() {
                hidden();
            }
        }),
        window_event_listener_untyped("pagehide", move |_| call()),
    ];
    on_cleanup(move || handles.into_iter().for_each(WindowListenerHandle::remove));
}
