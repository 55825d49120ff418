//! What `view!` writes calls of: elements that are made at once, and follow signals by effects.
//!
//! Nothing here is generic but thin shims at its edge, which turn values into [`Live`](live::Live) ones and
//! views into a [`View`]; everything behind them is compiled once, whatever the markup. That is what
//! keeps the page small.
//!
//! - A value that is a closure or a signal is followed by one effect. What the closure makes, such as
//!   other effects, belongs to the effect and ends when it runs again.
//! - A child that is a closure or a signal stands between two empty text nodes; the first of them
//!   holds the text while the child is nothing but text, and then only its words change.
//! - A child that is made anew takes the place of the one before, and the focus stays at its place.
//! - Rows of a list are made once a key, and moved only where the order asks for it.

mod element;
mod keyed;
mod live;
mod region;
mod view;

pub(crate) use element::{Element, Fragment, NodeRef};
pub(crate) use keyed::keyed;
pub(crate) use region::show;
pub(crate) use view::{Children, CollectView, IntoView, View};

use any_spawner::Executor;
use leptos::prelude::{Owner, untrack};

use crate::platform;

/// Shows a view in the page, for as long as the page lives.
pub(crate) fn mount(make: impl FnOnce() -> View) {
    // It is set already where something was mounted before.
    let _ = Executor::init_wasm_bindgen();
    let owner = Owner::new();
    let view = owner.with(make);
    if let Some(body) = platform::document().body() {
        view.append_to(&body);
    }
    core::mem::forget(owner);
}

/// A component's view. What is read of signals meanwhile is read once.
pub(crate) fn untracked<V: IntoView>(make: impl FnOnce() -> V) -> View {
    untrack(make).into_view()
}
