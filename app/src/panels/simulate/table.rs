use std::rc::Rc;

use super::chart::cannot_keep_up;
use super::{go, percent};
use crate::simulation::Figures;
use crate::ui::prelude::*;
use crate::ui::{duration, use_app};

/// The figures of every node, in the order of the document and of the plot.
#[component]
pub(super) fn Table(figures: Rc<Figures>) -> impl IntoView {
    let app = use_app();
    let rows: Vec<_> = figures
        .rows()
        .map(|(name, node)| (name.to_owned(), node.clone()))
        .collect();
    let time = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), duration);
    let rows = rows.into_iter().map(|(name, node)| {
        let hot = if node.stable { node.utilisation > 0.8 } else { true };
        let share = node.utilisation.min(1.0);
        let interval = node.p99_ci_ms.map(|[low, high]| format!("between {} and {} at 95 % confidence", duration(low), duration(high)));
        let warning = (!node.stable).then(|| cannot_keep_up(node.utilisation));
        let over = |time: Option<f64>| {
            let budget = node.budget_ms.zip(time);
            budget.is_some_and(|(budget, time)| time > budget)
        };
        let (p95_over, p99_over) = (over(node.p95_ms), over(node.p99_ms));
        let budget = node.budget_ms.map(|budget| format!("Its budget is {}", duration(budget)));
        // The column's title says what the words are about.
        let origin = match &*node.origin {
            "declared latency" => "latency".to_owned(),
            "fitted to latency" => "fitted".to_owned(),
            other => other.to_owned(),
        };
        let servers = format!(
            "{} requests a second to {} {}",
            crate::ui::figure(node.rate),
            node.servers,
            if node.servers == 1 { "server" } else { "servers" }
        );
        let half = node.p99_ci_ms.map(|[low, high]| {
            view! { <small>{format!(" ± {}", crate::ui::figure((high - low) / 2.0))}</small> }
        });
        let target = name.clone();
        view! {
            <tr>
                <th scope="row">
                    <button class="quiet node-link" on:click=move |_| go(app, &target)>{name.clone()}</button>
                </th>
                {match warning {
                    Some(warning) => view! { <td colspan="5" class="simulate-unstable">{warning}</td> }.into_any(),
                    None => view! {
                        <td>{time(node.wait_mean_ms)}</td>
                        <td>{time(node.service_mean_ms)}</td>
                        <td>{time(node.p50_ms)}</td>
                        <td class:over=p95_over title=budget>{time(node.p95_ms)}</td>
                        <td class:over=p99_over title=interval>{time(node.p99_ms)}{half}</td>
                    }.into_any(),
                }}
                <td class="simulate-use" title=servers>
                    <span class="bar" class:hot=hot><i style:width=format!("{:.0}%", share * 100.0)></i></span>
                    <span>{percent(node.utilisation)}</span>
                </td>
                <td class="simulate-origin" title=node.origin.clone()>{origin}</td>
            </tr>
        }
    });
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
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    }
}
