use std::rc::Rc;

use leptos::prelude::*;

use super::{go, percent};
use crate::simulation::Figures;
use crate::ui::{duration, use_app};
use modelspec_core::order::Arrange as _;

/// The figures of every node, slowest first.
#[component]
pub(super) fn Table(figures: Rc<Figures>) -> impl IntoView {
    let app = use_app();
    let mut rows: Vec<_> = figures
        .nodes
        .iter()
        .map(|(name, node)| (name.clone(), node.clone()))
        .collect();
    rows.arrange_by(|(_, a), (_, b)| {
        let key = |node: &crate::simulation::NodeFigures| {
            if node.stable {
                node.p95_ms.unwrap_or(0.0)
            } else {
                f64::INFINITY
            }
        };
        key(b).total_cmp(&key(a))
    });
    let time = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), duration);
    let rows = rows.into_iter().map(|(name, node)| {
        let hot = if node.stable { node.utilisation > 0.8 } else { true };
        let share = node.utilisation.min(1.0);
        let interval = node.p99_ci_ms.map(|[low, high]| format!("between {} and {} at 95 % confidence", duration(low), duration(high)));
        let warning = (!node.stable).then(|| {
            format!("cannot keep up: {} of its capacity is asked; add replicas or lower the rate", percent(node.utilisation))
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
                        <td>{time(node.p95_ms)}</td>
                        <td title=interval>{time(node.p99_ms)}</td>
                    }.into_any(),
                }}
                <td class="simulate-use">
                    <span class="bar" class:hot=hot><i style:width=format!("{:.0}%", share * 100.0)></i></span>
                    <span>{percent(node.utilisation)}</span>
                </td>
                <td class="simulate-origin">{node.origin.clone()}</td>
            </tr>
        }
    });
    view! {
        <div class="simulate-table" role="region" aria-label="Figures of every node" tabindex="0">
            <table>
                <thead>
                    <tr>
                        <th scope="col">"node"</th>
                        <th scope="col">"mean wait"</th>
                        <th scope="col">"mean work"</th>
                        <th scope="col">"p50"</th>
                        <th scope="col">"p95"</th>
                        <th scope="col">"p99"</th>
                        <th scope="col">"use"</th>
                        <th scope="col">"service time"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    }
}
