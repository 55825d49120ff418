use wasm_bindgen::prelude::*;

use super::chart::{Chart, ROW, Shape, csv};
use super::{file_name, go};
use crate::storage::download;
use crate::ui::prelude::*;
use crate::ui::{Glyph, Icon, use_app};

/// The times of requests and nodes, drawn, and its files.
#[component]
pub(super) fn Plot() -> impl IntoView {
    let app = use_app();
    let simulation = app.simulation;
    let place = NodeRef::<leptos::html::Div>::new();
    let width = RwSignal::new(0.0_f64);
    watch_width(place, width);
    let drawn = move || {
        let figures = simulation.figures()?;
        // Measured once the element stands in the page.
        let width = Some(width.get()).filter(|width| *width > 0.0)?;
        Some(Chart::new(&figures, width.max(260.0)).map_or_else(
            || {
                view! { <p class="hint">"Nothing has times to show, since not every node keeps up."</p> }
                    .into_any()
            },
            |chart| picture(app, chart),
        ))
    };
    let save_svg = move |_| {
        let Some(figures) = simulation.figures() else {
            return;
        };
        // A file has room for names, whatever the window's width.
        if let Some(chart) = Chart::new(&figures, 720.0) {
            let title = format!(
                "{}: time at each node",
                app.workspace.document_now().title()
            );
            download(
                &file_name(app, "svg"),
                "image/svg+xml",
                chart.to_svg(&title).as_bytes(),
            );
        }
    };
    let save_csv = move |_| {
        if let Some(figures) = simulation.figures() {
            download(&file_name(app, "csv"), "text/csv", csv(&figures).as_bytes());
        }
    };
    view! {
        <figure class="sim-plot">
            <figcaption>
                <span class="heading grow">"Times"</span>
                <button class="quiet small" title="Save the plot as SVG" on:click=save_svg>
                    <Icon glyph=Glyph::Download />"SVG"
                </button>
                <button class="quiet small" title="Save all figures as CSV" on:click=save_csv>
                    <Icon glyph=Glyph::Download />"CSV"
                </button>
            </figcaption>
            <div class="sim-plot-place" node_ref=place>{drawn}</div>
        </figure>
    }
}

fn picture(app: crate::ui::App, chart: Chart) -> AnyView {
    let width = chart.width;
    let rows = chart.rows.into_iter().map(move |row| {
        let node = row.node.clone();
        let show = move |_| {
            if let Some(node) = &node {
                go(app, node);
            }
        };
        view! {
            <g class="sim-row" class:whole=row.node.is_none() on:click=show>
                <title>{row.label}</title>
                <rect class="hit" x="0" y=row.top.to_string() width=width.to_string() height=ROW.to_string()></rect>
                {row.shapes.into_iter().map(shape).collect_view()}
            </g>
        }
    });
    view! {
        <svg
            role="img"
            aria-label="Percentiles of requests and nodes on a logarithmic scale; the table has the same figures"
            width=width.to_string()
            height=chart.height.to_string()
        >
            {chart.frame.into_iter().map(shape).collect_view()}
            {rows.collect_view()}
        </svg>
    }
    .into_any()
}

fn shape(shape: Shape) -> AnyView {
    match shape {
        Shape::Line { class, from, to } => view! {
            <line class=class x1=from[0].to_string() y1=from[1].to_string() x2=to[0].to_string() y2=to[1].to_string()></line>
        }
        .into_any(),
        Shape::Dot { class, at } => view! {
            <circle class=class cx=at[0].to_string() cy=at[1].to_string() r="3"></circle>
        }
        .into_any(),
        Shape::Area { class, path } => view! { <path class=class d=path></path> }.into_any(),
        Shape::Text { class, at, anchor, text } => view! {
            <text class=class x=at[0].to_string() y=at[1].to_string() text-anchor=anchor>{text}</text>
        }
        .into_any(),
    }
}

/// Follows an element's width while it stands in the page.
fn watch_width(place: NodeRef<leptos::html::Div>, width: RwSignal<f64>) {
    type Callback = Closure<dyn Fn(js_sys::Array)>;
    let held = StoredValue::new_local(None::<(web_sys::ResizeObserver, Callback)>);
    Effect::new(move |_| {
        let Some(element) = place.get() else { return };
        let measured = Callback::new(move |entries: js_sys::Array| {
            if let Ok(entry) = entries.get(0).dyn_into::<web_sys::ResizeObserverEntry>() {
                let now = entry.content_rect().width().floor();
                // A panel that is hidden has no width, and keeps its drawing.
                if now > 0.0
                    && width
                        .try_get_untracked()
                        .is_some_and(|before| before.total_cmp(&now).is_ne())
                {
                    width.set(now);
                }
            }
        });
        if let Ok(observer) = web_sys::ResizeObserver::new(measured.as_ref().unchecked_ref()) {
            observer.observe(&element);
            held.set_value(Some((observer, measured)));
        }
    });
    on_cleanup(move || {
        if let Some(Some((observer, _))) = held.try_update_value(Option::take) {
            observer.disconnect();
        }
    });
}
