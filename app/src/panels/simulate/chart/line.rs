//! What rows of the drawing and of the table are about: requests, and the nodes they pass.

use crate::simulation::{Figures, Judged, NodeFigures, Times, Whole};
use crate::ui::{duration, figure};

/// Times with what they are of.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Line<'f> {
    pub(in super::super) name: &'f str,
    pub(in super::super) times: &'f Times,
    /// What the document promises of them.
    pub(in super::super) goal: Option<Goal>,
    /// The node; none for times of requests.
    pub(in super::super) node: Option<&'f NodeFigures>,
}

/// A promise, at its place on the scale.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Goal {
    pub(in super::super) ms: f64,
    /// `budget 60 ms`.
    pub(in super::super) words: String,
    pub(in super::super) is_missed: bool,
}

impl<'f> Line<'f> {
    /// Of requests first, then of the nodes in the document's order.
    pub(in super::super) fn all(figures: &'f Figures) -> impl Iterator<Item = Self> {
        let whole = figures.whole.iter().flat_map(Self::of_requests);
        whole.chain(figures.rows().map(|(name, node)| Self::of(name, node)))
    }

    /// From the inputs to the answer and to its first token.
    fn of_requests(whole: &'f Whole) -> impl Iterator<Item = Self> {
        let line = |name, times, promise| Self {
            name,
            times,
            goal: goal(&whole.judged, promise),
            node: None,
        };
        // In a graph that cannot keep up, requests have no times.
        let request = Some(&whole.request).filter(|times| times.p50_ms.is_some());
        let first = whole.first_token.as_ref();
        let request = request.map(|times| line("request", times, "latency "));
        let first = first.map(|times| line("first token", times, "time to first token "));
        request.into_iter().chain(first)
    }

    fn of(name: &'f str, node: &'f NodeFigures) -> Self {
        let goal = node.budget_ms.map(|ms| Goal {
            ms,
            words: format!("budget {}", duration(ms)),
            is_missed: node.times.p95_ms.is_some_and(|p95| p95 > ms),
        });
        Self {
            name,
            times: &node.times,
            goal,
            node: Some(node),
        }
    }

    /// What a node asks for that cannot keep up.
    pub(in super::super) fn overload(&self) -> Option<f64> {
        let node = self.node.filter(|node| !node.stable)?;
        Some(node.load.or(node.utilisation).unwrap_or(1.0))
    }

    /// Whether there is something to draw: a router takes no time.
    pub(super) fn is_drawn(&self) -> bool {
        self.overload().is_some() || self.times.p99_ms.is_some_and(|p99| p99 > 0.0)
    }

    /// What it says, in words.
    pub(super) fn label(&self) -> String {
        let name = self.name;
        if let Some(asked) = self.overload() {
            return format!("{name} {}", cannot_keep_up(asked));
        }
        let Times {
            p50_ms,
            p95_ms,
            p99_ms,
            ..
        } = *self.times;
        let [p50, p95, p99] =
            [p50_ms, p95_ms, p99_ms].map(|time| time.map_or_else(|| "–".to_owned(), duration));
        let goal = self.goal.as_ref().map(|goal| format!(", {}", goal.words));
        format!(
            "{name}: p50 {p50}, p95 {p95}, p99 {p99}{}",
            goal.unwrap_or_default()
        )
    }
}

/// The promise of the highest percentile of a time.
fn goal(judged: &[Judged], time: &str) -> Option<Goal> {
    let promise = judged
        .iter()
        .rfind(|promise| promise.objective.starts_with(time))?;
    let quantile = promise.objective.strip_prefix(time)?;
    Some(Goal {
        ms: promise.goal,
        words: format!("{quantile} within {}", duration(promise.goal)),
        is_missed: !promise.is_met,
    })
}

/// What a node asks for that cannot keep up, in multiples of what it has: `1.3`.
pub(super) fn overload(share: f64) -> String {
    // A node that asks for all that it has is over it already.
    if share < 1.05 {
        "all".to_owned()
    } else {
        figure((share * 10.0).round() / 10.0)
    }
}

/// The whole sentence about a node that cannot keep up.
pub(in super::super) fn cannot_keep_up(share: f64) -> String {
    let asked = overload(share);
    format!("cannot keep up: {asked} of its capacity asked; add replicas or lower the rate")
}
