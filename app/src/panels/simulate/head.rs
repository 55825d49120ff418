//! The figures that decide, in large letters.

use super::{go, percent};
use crate::simulation::{Figures, Judged, Whole};
use crate::ui::prelude::*;
use crate::ui::{duration, figure, use_app};

/// Of the whole graph, else of its nodes.
#[component]
pub(super) fn Head(figures: std::rc::Rc<Figures>) -> impl IntoView {
    let shown = match &figures.whole {
        Some(whole) => of_requests(whole),
        None => of_nodes(&figures),
    };
    let capacity = figures.capacity().map(|capacity| {
        let arrivals = figures.rate;
        let title = "The busiest node's load grows in proportion to the arrivals: at this rate it \
                     has no time left";
        Shown {
            value: format!("{} /s", figure(capacity)),
            about: format!("would fill it; {} arrive", figure(arrivals)),
            is_bad: capacity <= arrivals,
            title: title.to_owned(),
            node: None,
        }
    });
    let shown = shown.into_iter().chain(busiest(&figures)).chain(capacity);
    let shown: Vec<AnyView> = shown.map(Shown::view).collect();
    view! { {shown} }
}

/// A figure with what it is about.
struct Shown {
    value: String,
    about: String,
    is_bad: bool,
    title: String,
    /// The node that it is about, behind the words.
    node: Option<String>,
}

impl Shown {
    fn view(self) -> AnyView {
        let app = use_app();
        let Self {
            value,
            about,
            is_bad,
            title,
            node,
        } = self;
        let node = node.map(|name| {
            let target = name.clone();
            view! { <button class="quiet node-link" on:click=move |_| go(app, &target)>{name}</button> }
        });
        view! {
            <figure class:bad=is_bad title=title>
                <b>{value}</b>
                <figcaption>{about}{node}</figcaption>
            </figure>
        }
        .into_any()
    }
}

/// What users feel: time, and whether it is what was promised.
fn of_requests(whole: &Whole) -> Vec<Shown> {
    let mut shown = Vec::new();
    let times = [
        (Some(&whole.request), "latency ", "of a request"),
        (
            whole.first_token.as_ref(),
            "time to first token ",
            "to the first token",
        ),
        (
            whole.each_token.as_ref(),
            "time per output token ",
            "for each token",
        ),
    ];
    for (times, promise, words) in times {
        let Some(times) = times else { continue };
        // At the percentile that is promised, else at one that shows how bad it gets.
        let judged = whole.judged.iter();
        let judged: Vec<&Judged> = judged
            .filter(|judged| judged.objective.starts_with(promise))
            .collect();
        let missed = judged.iter().find(|judged| !judged.is_met);
        let told = missed.or(judged.last()).copied();
        let (quantile, value) = match told {
            Some(judged) => (judged.objective.trim_start_matches(promise), judged.found),
            None => ("p99", times.p99_ms),
        };
        let Some(value) = value else { continue };
        let mut about = format!("{quantile} {words}");
        if let Some(judged) = told {
            about.push_str("; promised: ");
            about.push_str(&duration(judged.goal));
        }
        shown.push(Shown {
            value: duration(value),
            about,
            is_bad: missed.is_some(),
            title: spread(times),
            node: None,
        });
    }
    let promises_time = |judged: &Judged| judged.objective.starts_with("latency");
    if let Some(goodput) = whole.goodput
        && whole.judged.iter().any(promises_time)
    {
        shown.push(Shown {
            value: percent(goodput),
            about: "answered in time".to_owned(),
            is_bad: false,
            title: "The share of requests answered within the latency objective".to_owned(),
            node: None,
        });
    }
    for (words, share) in &whole.lost {
        shown.push(Shown {
            value: percent(*share),
            about: (*words).to_owned(),
            is_bad: *share >= 0.001,
            title: "Of all requests; they get no answer".to_owned(),
            node: None,
        });
    }
    if let Some(cost) = whole.cost_per_1k {
        let goal = |judged: &&Judged| judged.objective == "cost per 1,000 requests";
        shown.push(Shown {
            value: format!("${}", figure((cost * 1000.0).round() / 1000.0)),
            about: "for 1,000 requests".to_owned(),
            is_bad: whole
                .judged
                .iter()
                .find(goal)
                .is_some_and(|goal| !goal.is_met),
            title: "What the replicas cost, at the prices of the pools and of the catalogue"
                .to_owned(),
            node: None,
        });
    }
    shown
}

fn spread(times: &crate::simulation::Times) -> String {
    let quantiles = [
        ("mean", times.mean_ms),
        ("p50", times.p50_ms),
        ("p90", times.p90_ms),
        ("p95", times.p95_ms),
        ("p99", times.p99_ms),
    ];
    let words = quantiles.into_iter().filter_map(|(name, time)| {
        let time = duration(time?);
        Some(format!("{name} {time}"))
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Where no request is followed through the graph, what the nodes tell together.
fn of_nodes(figures: &Figures) -> Vec<Shown> {
    let slowest = figures.slowest().map(|(name, p95)| {
        let budget = figures.nodes.get(name).and_then(|node| node.budget_ms);
        Shown {
            value: duration(p95),
            about: "largest p95: ".to_owned(),
            is_bad: budget.is_some_and(|budget| p95 > budget),
            title: String::new(),
            node: Some(name.to_owned()),
        }
    });
    let path = figures.path.as_ref().map(|(nodes, sum)| Shown {
        value: duration(*sum),
        about: "sum of mean times along the slowest path".to_owned(),
        is_bad: false,
        title: nodes.join(" → "),
        node: None,
    });
    slowest.into_iter().chain(path).collect()
}

fn busiest(figures: &Figures) -> Option<Shown> {
    let (name, node) = figures.bottleneck()?;
    Some(Shown {
        value: percent(node.load.or(node.utilisation)?),
        about: "busiest: ".to_owned(),
        is_bad: !node.stable,
        title: "Of what it can serve, under continuous batching at its largest batch".to_owned(),
        node: Some(name.to_owned()),
    })
}
