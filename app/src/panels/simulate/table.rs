use std::rc::Rc;

use super::chart::{Line, cannot_keep_up};
use super::{go, percent};
use crate::simulation::{Figures, NodeFigures, Times};
use crate::ui::prelude::*;
use crate::ui::{App, duration, figure, use_app};

/// The figures of requests and of every node, in the order of the document and of the plot.
#[component]
pub(super) fn Table(figures: Rc<Figures>) -> impl IntoView {
    let app = use_app();
    let rows = Line::all(&figures).map(|line| row(app, &line));
    let rows: Vec<AnyView> = rows.collect();
    view! {
        <div class="simulate-table" role="region" aria-label="Figures of every node" tabindex="0">
            <table>
                <thead>
                    <tr>
                        <th scope="col">"node"</th>
                        <th scope="col" title="Mean time from arrival to the start of service">"wait"</th>
                        <th scope="col" title="Mean time of service">"service"</th>
                        <th scope="col">"p50"</th>
                        <th scope="col">"p95"</th>
                        <th scope="col">"p99"</th>
                        <th scope="col" title="The share of its servers’ time spent serving">"use"</th>
                        <th scope="col" title="Where its service time comes from">"from"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

fn row(app: App, line: &Line<'_>) -> AnyView {
    let name = line.name.to_owned();
    let over = line.goal.as_ref().is_some_and(|goal| goal.is_missed);
    let goal = line.goal.as_ref().map(|goal| goal.words.clone());
    let Some(node) = line.node else {
        return view! {
            <tr class="whole">
                <th scope="row" title=goal>{name}</th>
                <td>"–"</td>
                <td>"–"</td>
                {percentiles(line.times, over)}
                <td></td>
                <td></td>
            </tr>
        }
        .into_any();
    };
    let times = match line.overload() {
        Some(asked) => {
            let warning = cannot_keep_up(asked);
            view! { <td colspan="5" class="simulate-unstable">{warning}</td> }.into_any()
        }
        // A router or a join takes no time.
        None if line.times.p99_ms == Some(0.0) => {
            view! { <td>"–"</td><td>"–"</td><td>"–"</td><td>"–"</td><td>"–"</td> }.into_any()
        }
        None => view! {
            <td>{time(node.wait_mean_ms)}</td>
            <td>{time(node.service_mean_ms)}</td>
            {percentiles(line.times, over)}
        }
        .into_any(),
    };
    let target = name.clone();
    // The column's title says what the words are about.
    let origin = match &*node.origin {
        "declared latency" | "measured latency" | "simulated latency" => "latency".to_owned(),
        "fitted to latency" => "fitted".to_owned(),
        // How far it may be off stands in the title.
        other => other.split(" ±").next().unwrap_or_default().to_owned(),
    };
    view! {
        <tr>
            <th scope="row" title=goal>
                <button class="quiet node-link" on:click=move |_| go(app, &target)>{name}</button>
            </th>
            {times}
            {usage(node)}
            <td class="simulate-origin" title=node.origin.clone()>{origin}</td>
        </tr>
    }
    .into_any()
}

/// The median and the percentiles above it; a goal that is missed shows at those.
fn percentiles(times: &Times, over: bool) -> AnyView {
    let interval = times.p99_ci_ms.map(|[low, high]| {
        format!(
            "between {} and {} at 95 % confidence",
            duration(low),
            duration(high)
        )
    });
    let p99 = times.p99_ms.unwrap_or(0.0);
    // In the unit of the time before it; nothing where it would not show.
    let half = times.p99_ci_ms.and_then(|[low, high]| {
        let half = (high - low) / 2.0;
        let unit = match p99 {
            60_000.0.. => 60_000.0,
            1_000.0.. => 1_000.0,
            1.0.. => 1.0,
            _ => 0.001,
        };
        let shown = figure(half / unit);
        (half > p99 / 1_000.0).then(|| view! { <small>{format!(" ± {shown}")}</small> })
    });
    view! {
        <td>{time(times.p50_ms)}</td>
        <td class:over=over>{time(times.p95_ms)}</td>
        <td class:over=over title=interval>{time(times.p99_ms)}{half}</td>
    }
    .into_any()
}

/// How busy a node is; what serves any number at once is not.
fn usage(node: &NodeFigures) -> AnyView {
    let Some(share) = node.utilisation else {
        return view! { <td class="simulate-use">"–"</td> }.into_any();
    };
    let hot = !node.stable || share > 0.8;
    let count = node.servers.unwrap_or(1);
    let servers = if count == 1 { "server" } else { "servers" };
    let mut words = format!(
        "{} requests a second to {count} {servers}",
        figure(node.rate)
    );
    if let Some(batch) = node.batch_mean {
        words.push_str(", ");
        words.push_str(&figure(batch));
        words.push_str(" at a time on average");
    }
    view! {
        <td class="simulate-use" title=words>
            <span class="bar" class:hot=hot><i style:width=format!("{:.0}%", share.min(1.0) * 100.0)></i></span>
            <span>{percent(share)}</span>
        </td>
    }
    .into_any()
}

fn time(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), duration)
}
