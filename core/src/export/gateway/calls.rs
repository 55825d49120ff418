//! How each node is called: how long, and how often again.

use super::times::Millis;
use super::{Cx, kinds};
use crate::catalogue::Engine;
use crate::export::plan;
use crate::spec::{self, Protocol};
use crate::text::Span;

/// Where a node listens that names no program.
const USUAL_PORT: u32 = 8080;

/// The calls of a node.
pub(super) struct Call<'n> {
    pub(super) name: &'n str,
    pub(super) span: Span,
    pub(super) node: &'n spec::Node,
    /// The name of its Service.
    pub(super) object: String,
    pub(super) port: u32,
    pub(super) is_grpc: bool,
    /// How long a call may take, all tries together.
    pub(super) request: Option<Millis>,
    /// Tries in all.
    pub(super) tries: u32,
    /// How long one may take; all together never more than the call.
    pub(super) per_try: Option<Millis>,
}

impl Call<'_> {
    /// Whether there is anything that a route could say of it.
    pub(super) fn is_limited(&self) -> bool {
        self.request.is_some() || self.per_try.is_some() || self.tries > 1
    }

    /// The longest that it may take.
    pub(super) fn longest(&self) -> Option<Millis> {
        let tries = self
            .per_try
            .map(|it| Millis(it.0.saturating_mul(self.tries.into())));
        self.request.or(tries)
    }
}

impl<'a> Cx<'_, 'a> {
    /// How a node is called, with what was rounded or assumed told.
    pub(super) fn call(
        &mut self,
        name: &'a str,
        span: Span,
        node: &'a spec::Node,
        object: String,
    ) -> Call<'a> {
        let serving = node.serving.as_ref();
        let protocol = serving.and_then(|serving| serving.protocol);
        let mut call = Call {
            name,
            span,
            node,
            object,
            port: self.port(name, span, node),
            is_grpc: protocol.is_some_and(|protocol| protocol.value == Protocol::Grpc),
            request: self.request(name, span, node),
            tries: 1,
            per_try: None,
        };
        self.retries(&mut call);
        call
    }

    fn port(&mut self, name: &str, span: Span, node: &spec::Node) -> u32 {
        let stated = node.serving.as_ref().and_then(|serving| serving.port);
        let stated = stated.map(|port| port.value.0);
        stated.filter(|&port| port <= 65_535).unwrap_or_else(|| {
            let port = Engine::choose(node)
                .engine
                .map_or(USUAL_PORT, |engine| engine.port);
            let message = format!("the port of `{name}` is not stated: `{port}` is taken");
            self.artifacts
                .assume(&kinds::PORT, Some(name), span, message, port.to_string());
            port
        })
    }

    /// How long a call may take: never less than the node states.
    fn request(&mut self, name: &str, span: Span, node: &spec::Node) -> Option<Millis> {
        let Some((time, at)) = plan::longest(node) else {
            let message =
                format!("`{name}` states neither a timeout nor a budget: its calls have no limit");
            self.artifacts
                .assume(&kinds::TIMEOUT, Some(name), span, message, "none");
            return None;
        };
        let request = Millis::of(time);
        let above = request.above(time);
        if above.0 > 0 {
            let message = format!(
                "the timeout of `{name}` is {}ms, {above} above its {time}",
                request.0
            );
            self.artifacts
                .lose(&kinds::ROUNDED, Some(name), at, message);
        }
        if request.gateway().is_none() {
            let message = format!(
                "`{name}` may take {time}, which is more than a route holds: its calls have no limit"
            );
            self.artifacts.lose(&kinds::LONG, Some(name), at, message);
            return None;
        }
        Some(request)
    }

    /// How often a call is tried, within its time.
    fn retries(&mut self, call: &mut Call<'_>) {
        let serving = call.node.serving.as_ref();
        let Some(retries) = serving.and_then(|serving| serving.retries.as_ref()) else {
            return;
        };
        let (span, name) = (retries.span, call.name);
        let Some(attempts) = retries.attempts.map(|attempts| attempts.value.0) else {
            return;
        };
        let stated = retries.per_try.map(|time| Millis::of(time.value));
        let stated = stated.filter(|time| time.gateway().is_some());
        call.tries = attempts.max(1);
        call.per_try = stated;
        let Some(request) = call.request else {
            return;
        };
        if let Some(per_try) = stated {
            let per_try = per_try.min(request);
            call.per_try = Some(per_try);
            let fits = request.0.checked_div(per_try.0).unwrap_or(1).max(1);
            if u64::from(call.tries) > fits {
                call.tries = u32::try_from(fits).unwrap_or(call.tries);
                let message = format!(
                    "`{name}` has time for {fits} of its {attempts} tries: each may take {}ms, and \
                     all together {}ms",
                    per_try.0, request.0
                );
                self.artifacts
                    .lose(&kinds::RETRIES, Some(name), span, message);
            }
        } else if call.tries > 1 {
            call.tries = u64::from(call.tries)
                .min(request.0)
                .try_into()
                .unwrap_or(call.tries);
            let share = request
                .0
                .checked_div(call.tries.into())
                .unwrap_or(request.0);
            call.per_try = Some(Millis(share.max(1)));
            let message = format!(
                "how long one try of `{name}` may take is not stated: an equal share is taken"
            );
            self.artifacts.assume(
                &kinds::PER_TRY,
                Some(name),
                span,
                message,
                format!("{share}ms"),
            );
        }
    }
}
