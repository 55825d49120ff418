use wasm_bindgen::JsCast as _;

use crate::platform;
use crate::ui::prelude::*;

/// What a splitter resizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    /// The dock's height.
    Dock,
    /// The inspector's width.
    Inspector,
}

impl Edge {
    const fn property(self) -> &'static str {
        match self {
            Self::Dock => "--dock-height",
            Self::Inspector => "--inspector-width",
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Dock => "Height of the panels",
            Self::Inspector => "Width of the inspector",
        }
    }

    /// Least, usual and most, in pixels.
    fn bounds(self) -> (f64, f64, f64) {
        let side = |value: Result<wasm_bindgen::JsValue, _>| {
            value.ok().and_then(|value| value.as_f64()).unwrap_or(900.0)
        };
        let window = platform::window();
        match self {
            Self::Dock => (120.0, 268.0, side(window.inner_height()) - 220.0),
            Self::Inspector => (240.0, 320.0, side(window.inner_width()) * 0.5),
        }
    }
}

/// A border that the pointer or the arrow keys move.
#[component]
pub(crate) fn Splitter(edge: Edge) -> impl IntoView {
    let (least, usual, _) = edge.bounds();
    let remembered = platform::remembered(edge.property()).and_then(|size| size.parse().ok());
    let size = RwSignal::new(remembered.unwrap_or(usual).max(least));
    Effect::new(move |_| {
        let size = size.get();
        if let Some(root) = platform::root() {
            // A style that is refused leaves the usual size.
            let _ = root
                .style()
                .set_property(edge.property(), &format!("{size}px"));
        }
        platform::remember(edge.property(), &size.to_string());
    });
    let set = move |wanted: f64| {
        let (least, _, most) = edge.bounds();
        size.set(wanted.round().min(most).max(least));
    };
    let dragged = StoredValue::new(None::<(f64, f64)>);
    let along = move |event: &web_sys::PointerEvent| match edge {
        Edge::Dock => f64::from(event.client_y()),
        Edge::Inspector => f64::from(event.client_x()),
    };
    let on_down = move |event: web_sys::PointerEvent| {
        if let Some(target) = event
            .current_target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
        {
            // Without capture the drag ends at the border, no more.
            let _ = target.set_pointer_capture(event.pointer_id());
        }
        dragged.set_value(Some((along(&event), size.get_untracked())));
        event.prevent_default();
    };
    let on_move = move |event: web_sys::PointerEvent| {
        if let Some((from, was)) = dragged.get_value() {
            set(was + from - along(&event));
        }
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        let step = match event.key().as_str() {
            "ArrowUp" | "ArrowLeft" => 16.0,
            "ArrowDown" | "ArrowRight" => -16.0,
            "Home" => -1e6,
            "End" => 1e6,
            _ => return,
        };
        event.prevent_default();
        set(size.get_untracked() + step);
    };
    view! {
        <div
            class="splitter"
            class:upright=edge == Edge::Inspector
            role="separator"
            tabindex="0"
            aria-orientation=if edge == Edge::Dock { "horizontal" } else { "vertical" }
            aria-label=edge.label()
            aria-valuenow=move || size.get().to_string()
            aria-valuemin=move || edge.bounds().0.to_string()
            aria-valuemax=move || edge.bounds().2.to_string()
            on:pointerdown=on_down
            on:pointermove=on_move
            on:pointerup=move |_| dragged.set_value(None)
            on:pointercancel=move |_| dragged.set_value(None)
            on:dblclick=move |_| set(usual)
            on:keydown=on_key
        ></div>
    }
}
