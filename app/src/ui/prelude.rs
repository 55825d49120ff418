//! What every room uses: signals and timers of leptos, and our own markup.

pub(crate) use leptos::prelude::{
    ArcRwSignal, Callable, Callback, Effect, LocalStorage, Memo, RwSignal, Signal, StoredValue,
    TimeoutHandle, WindowListenerHandle, event_target_value, on_cleanup, provide_context,
    request_animation_frame, set_timeout, set_timeout_with_handle, untrack, use_context,
    window_event_listener, window_event_listener_untyped,
};
pub(crate) use leptos::reactive::prelude::*;
pub(crate) use modelspec_view::{component, view};

pub(crate) use super::dom::{Children, CollectView, IntoView, NodeRef, View as AnyView};
