//! One request on its way through the graph, drawn as it passes: where it waits, where it is
//! served.

use super::go;
use crate::simulation::{Journey, Journeys, Stay};
use crate::ui::prelude::*;
use crate::ui::{App, duration, use_app};

/// A typical request and a slow one beside it, on one scale.
#[component]
pub(super) fn Waterfalls(journeys: Journeys) -> impl IntoView {
    let app = use_app();
    let longest = journeys.typical.ms.max(journeys.slow.ms);
    let words = sentence(&journeys.slowest, journeys.slow.ms);
    view! {
        <section class="waterfalls" aria-label="Requests on their way">
            <h3 class="heading">"Where the time goes"</h3>
            {words.map(|words| view! { <p class="hint">{words}</p> })}
            <div class="waterfall-pair">
                {waterfall(app, "A typical request", "half are faster", journeys.typical, longest)}
                {waterfall(app, "A slow request", "99 of 100 are faster", journeys.slow, longest)}
            </div>
        </section>
    }
}

/// What the slowest requests spend most of their time on.
fn sentence(slowest: &[Stay], p99_ms: f64) -> Option<String> {
    let most = slowest
        .iter()
        .max_by(|a, b| a.total().total_cmp(&b.total()))?;
    let whole: f64 = slowest.iter().map(Stay::total).sum();
    let share = super::percent((most.total() / whole).clamp(0.0, 1.0));
    let way = if most.wait_ms > most.service_ms {
        "waiting"
    } else {
        "being served"
    };
    Some(format!(
        "The slowest hundredth, above {}, spend {share} of their time at {}, mostly {way}.",
        duration(p99_ms),
        most.node
    ))
}

fn waterfall(
    app: App,
    title: &'static str,
    about: &'static str,
    journey: Journey,
    longest: f64,
) -> AnyView {
    let of = move |ms: f64| format!("{:.3}%", 100.0 * ms / longest.max(f64::MIN_POSITIVE));
    let rows = journey.stops.into_iter().map(|stop| {
        let words = format!(
            "{}: comes after {}, waits {}, is served for {}",
            stop.node,
            duration(stop.at_ms),
            duration(stop.wait_ms),
            duration(stop.service_ms)
        );
        let node = stop.node.clone();
        view! {
            <li title=words>
                <button class="quiet node-link" on:click=move |_| go(app, &node)>{stop.node}</button>
                <span class="lane">
                    <i class="waits" style:margin-left=of(stop.at_ms) style:width=of(stop.wait_ms)></i>
                    <i class="serves" style:width=of(stop.service_ms)></i>
                </span>
                <span class="figure">{duration(stop.wait_ms + stop.service_ms)}</span>
            </li>
        }
    });
    view! {
        <figure class="waterfall">
            <figcaption>
                <b>{title}</b>
                <span>{format!("{}; {about}", duration(journey.ms))}</span>
            </figcaption>
            <ol>{rows.collect_view()}</ol>
        </figure>
    }
    .into_any()
}
