use crate::simulation::{Choice, State};
use crate::ui::prelude::*;
use crate::ui::{Glyph, Icon, figure, use_app};

/// The slider's ends: orders of magnitude of requests a second.
const LEAST: f64 = -1.0;
const MOST: f64 = 4.0;

/// Runs that are done sooner follow the slider.
const PROMPT_MS: f64 = 300.0;

/// Load, engine, and the button that runs.
#[component]
pub(super) fn Controls() -> impl IntoView {
    let app = use_app();
    let simulation = app.simulation;
    let settings = simulation.settings;
    // What the document's workload says, once a run has told; until then nothing is known better.
    let stated = Memo::new(move |_| {
        let document = app.workspace.document();
        document.drawn.graph.as_ref().and_then(stated_rate)
    });
    let rate = Memo::new(move |_| settings.get().rate.or(stated.get()));
    let set_rate = move |rate: Option<f64>| {
        settings
            .update(|settings| settings.rate = rate.filter(|rate| rate.is_finite() && *rate > 0.0));
        let prompt =
            untrack(|| simulation.figures()).is_some_and(|figures| figures.elapsed_ms < PROMPT_MS);
        if prompt {
            simulation.run(app.workspace);
        }
    };
    let running = Memo::new(move |_| match simulation.state() {
        State::Running(share) => Some(share),
        _ => None,
    });
    let empty = move || app.workspace.document().drawn.graph.is_none();
    view! {
        <form
            class="simulate-controls"
            aria-label="What is simulated"
            on:submit=move |event| {
                event.prevent_default();
                if untrack(|| running.get()).is_some() { simulation.cancel() } else { simulation.run(app.workspace) }
            }
        >
            <label class="simulate-row">
                <span>"Arrivals"</span>
                <span class="field">
                    <input
                        type="number"
                        min="0"
                        step="any"
                        aria-label="Requests a second"
                        placeholder="of the workload"
                        prop:value=move || rate.get().map(figure).unwrap_or_default()
                        on:change=move |event| set_rate(event_target_value(&event).parse().ok())
                    />
                    <span class="unit">"req/s"</span>
                </span>
            </label>
            <input
                class="slider"
                type="range"
                aria-label="Requests a second, on a logarithmic scale"
                min=LEAST
                max=MOST
                step="0.05"
                prop:value=move || log10(rate.get().unwrap_or(1.0)).to_string()
                on:input=move |event| {
                    let power: f64 = event_target_value(&event).parse().unwrap_or(0.0);
                    set_rate(Some(round(js_sys::Math::pow(10.0, power))));
                }
            />
            {move || (settings.get().rate.is_some() && stated.get().is_some()).then(|| view! {
                <button type="button" class="quiet small simulate-reset" on:click=move |_| set_rate(None)>
                    {format!("Back to the workload's {} req/s", figure(stated.get().unwrap_or(0.0)))}
                </button>
            })}
            <label class="simulate-row">
                <span>"Requests"</span>
                <select
                    class="field"
                    aria-label="Requests"
                    on:change=move |event| {
                        let requests = event_target_value(&event).parse().unwrap_or(1_000_000);
                        settings.update(|settings| settings.requests = requests);
                    }
                >
                    {[100_000_u64, 1_000_000, 10_000_000].map(|count| view! {
                        <option value=count.to_string() selected=move || settings.get().requests == count>
                            {crate::ui::thousands(count)}
                        </option>
                    }).collect_view()}
                </select>
            </label>
            <label class="simulate-row">
                <span>"Seed"</span>
                <span class="field">
                    <input
                        type="number"
                        min="0"
                        aria-label="Seed"
                        prop:value=move || settings.get().seed.to_string()
                        on:change=move |event| {
                            let seed = event_target_value(&event).parse().unwrap_or(1);
                            settings.update(|settings| settings.seed = seed);
                        }
                    />
                </span>
            </label>
            <label class="simulate-row">
                <span>"Engine"</span>
                <select
                    class="field"
                    aria-label="Engine"
                    on:change=move |event| {
                        let word = event_target_value(&event);
                        let engine = Choice::ALL.into_iter().find(|choice| choice.word() == word).unwrap_or_default();
                        settings.update(|settings| settings.engine = engine);
                    }
                >
                    {Choice::ALL.map(|choice| view! {
                        <option value=choice.word() selected=move || settings.get().engine == choice>{choice.title()}</option>
                    }).collect_view()}
                </select>
            </label>
            <button type="submit" class:primary=move || running.get().is_none() disabled=empty>
                {move || if running.get().is_some() {
                    view! { <Icon glyph=Glyph::Stop /> }
                } else {
                    view! { <Icon glyph=Glyph::Play /> }
                }}
                {move || running.get().map_or_else(
                    || "Run".to_owned(),
                    |share| format!("Cancel · {:.0} %", share * 100.0),
                )}
            </button>
            <progress
                class="simulate-progress"
                aria-label="How far the simulation is"
                class:idle=move || running.get().is_none()
                max="1"
                prop:value=move || running.get().unwrap_or(0.0)
            ></progress>
        </form>
    }
}

/// The rate that the document's workload states.
fn stated_rate(graph: &modelspec_core::graph::Graph) -> Option<f64> {
    use modelspec_core::spec::Arrivals;
    let workload = graph.spec.spec.as_ref()?.workload.as_ref()?;
    match &workload.arrivals.as_ref()?.value {
        Arrivals::Poisson(poisson) => Some(poisson.rate.as_ref()?.value.per_second()),
        _ => None,
    }
}

fn log10(value: f64) -> f64 {
    js_sys::Math::log10(value)
}

/// To two digits, as a slider means it.
fn round(rate: f64) -> f64 {
    let unit = js_sys::Math::pow(10.0, log10(rate).floor() - 1.0);
    (rate / unit).round() * unit
}
