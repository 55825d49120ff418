//! How long calls may take: whole microseconds, as Python's times are, and never less than stated.

use super::{Cx, kinds};
use crate::export::plan;
use crate::graph::NodeIx;
use crate::spec::Duration;
use crate::text::Span;

/// How long a call may take where nothing says.
const USUAL: Duration = Duration(60_000_000_000);
/// Nanoseconds of a microsecond.
const MICRO: u64 = 1_000;

/// What a call of a node may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Microseconds of one try.
    pub(super) once: u64,
    /// Microseconds of all tries, the wait for a worker included; `None` where nothing bounds them.
    pub(super) whole: Option<u64>,
    /// Tries in all.
    pub(super) attempts: u64,
}

/// A time in microseconds, up to the next.
pub(super) fn micros(time: Duration) -> u64 {
    time.0.div_ceil(MICRO).max(1)
}

impl Cx<'_, '_> {
    /// The limits of a node's call: what it states holds for all of its tries. One that is not tried
    /// again may wait for a worker as long as the whole request may take.
    pub(super) fn limits(&mut self, ix: NodeIx) -> Limits {
        let graph = self.subject.graph;
        let (Some(node), Some(indexed)) = (graph.spec_of(ix), graph.node(ix)) else {
            return Limits {
                once: micros(USUAL),
                whole: None,
                attempts: 1,
            };
        };
        let (name, own) = (&*indexed.name, indexed.span);
        let longest = if let Some((stated, span)) = plan::longest(node) {
            self.about_rounding(name, "timeout", stated, span);
            micros(stated)
        } else {
            let message = format!("`{name}` states neither timeout nor budget of a call");
            self.assume(&kinds::TIMEOUT, name, own, message, USUAL.to_string());
            micros(USUAL)
        };
        let serving = node.serving.as_ref();
        let retries = serving.and_then(|serving| serving.retries.as_ref());
        let per_try = retries.and_then(|retries| retries.per_try);
        let attempts = retries.and_then(|retries| retries.attempts);
        let attempts = attempts.map_or(1, |attempts| u64::from(attempts.value.0));
        if attempts > 1 {
            let message = format!("a call of `{name}` that fails is tried again after so long");
            let value = "100ms, and twice as long each time after";
            self.assume(&kinds::BACKOFF, name, own, message, value);
        }
        let promised = self.promised().map(micros);
        Limits {
            once: per_try.map_or(longest, |time| micros(time.value).min(longest)),
            whole: match (attempts, promised) {
                (1, None) => None,
                (1, Some(promised)) => Some(promised.max(longest)),
                _ => Some(longest),
            },
            attempts,
        }
    }

    /// What the graph promises at most.
    fn promised(&self) -> Option<Duration> {
        let objectives = self.subject.graph.spec.body()?.objectives.as_ref()?;
        let latency = objectives.latency.as_ref()?;
        Some(latency.p99.or(latency.p95)?.value)
    }

    /// The timeout of an edge, in microseconds.
    pub(super) fn edge_timeout(
        &mut self,
        target: &str,
        stated: Option<(Duration, Span)>,
    ) -> Option<u64> {
        let (time, span) = stated?;
        self.about_rounding(target, "edge's timeout", time, span);
        Some(micros(time))
    }

    fn about_rounding(&mut self, name: &str, what: &str, stated: Duration, span: Span) {
        let given = Duration(micros(stated).saturating_mul(MICRO));
        let above = Duration(given.0.saturating_sub(stated.0));
        if above.0 > 0 {
            let message = format!(
                "`{name}` gets {given}, which is {above} above its {what} of {stated}: Python's times \
                 are whole microseconds"
            );
            self.lose(&kinds::ABOVE, name, span, message);
        }
    }
}
