//! A node under continuous batching, from its service, placement and tokens.

use modelspec_core::graph::{Graph, NodeIx};
use modelspec_core::hardware::Catalogue;
use modelspec_core::spec::{self, ContinuousBatch, FineDuration};
use modelspec_core::text::Spanned;

use super::super::{Continuous, Prefix, Routing, StepTime, Tokens, Work};
use super::tokens::{answer, count, prompt};
use crate::program::Origin;
use crate::program::from_graph::{concurrency, is_external, replicas, service_of};
use crate::service;
use crate::trace::RequestTrace;

/// Tokens of a step where the batch does not state them: the engine's own default.
const BATCHED_TOKENS: u32 = 2_048;

/// The time of a replica's steps, and what its KV cache holds where that follows from the same
/// facts.
struct Steps {
    time: StepTime,
    kv_tokens: Option<u32>,
    origin: Origin,
}

/// What the node does and where its times come from, or why it cannot be simulated.
pub(super) fn of(
    graph: &Graph,
    ix: NodeIx,
    node: &spec::Node,
    batch: &ContinuousBatch,
    trace: Option<&RequestTrace>,
) -> Result<(Work, Origin), String> {
    if is_whole(node) {
        return served_whole(node, sequences(batch)?);
    }
    let steps = steps(node)?;
    let origin = steps.origin;
    let (prompt, answer) = (prompt(graph, ix, node, trace)?, answer(node, trace)?);
    let work = server(node, batch, &steps, prompt, answer)?;
    Ok((Work::Continuous(Box::new(work)), origin))
}

/// The server that a node states, to be replayed: with the time of its steps estimated, or as
/// stated where it cannot be.
pub(super) fn replayed(node: &spec::Node, batch: &ContinuousBatch) -> Result<Continuous, String> {
    let steps = estimated(node).or_else(|reason| match &node.service {
        Some(_) => steps(node),
        None => Err(reason),
    })?;
    let unknown = || Tokens {
        fixed: 1,
        parts: Vec::new(),
        most: None,
    };
    server(node, batch, &steps, unknown(), unknown())
}

fn sequences(batch: &ContinuousBatch) -> Result<u32, &'static str> {
    let stated = batch.max_sequences.map(|most| most.value.0);
    stated.ok_or("its batch lacks `maxSequences`")
}

fn server(
    node: &spec::Node,
    batch: &ContinuousBatch,
    steps: &Steps,
    prompt: Tokens,
    answer: Tokens,
) -> Result<Continuous, String> {
    let longest = node.limits.as_ref().and_then(|limits| limits.max_model_len);
    Ok(Continuous {
        replicas: replicas(node),
        routing: super::work::routing(node, Routing::LeastLoaded),
        step: steps.time,
        max_sequences: sequences(batch)?,
        max_batched_tokens: batch
            .max_batched_tokens
            .map_or(BATCHED_TOKENS, |most| most.value.0),
        kv_tokens: batch
            .kv_tokens
            .map(|tokens| count(tokens.value))
            .or(steps.kv_tokens),
        prefix: prefix(batch),
        prompt,
        answer,
        longest: longest.map(|longest| count(longest.value)),
    })
}

/// Whether the time is stated of a request as a whole rather than of a step.
fn is_whole(node: &spec::Node) -> bool {
    match &node.service {
        Some(service) => !matches!(service.value, spec::Service::Continuous(_)),
        None => node.latency.is_some(),
    }
}

/// A request takes its own time, however many run beside it.
fn served_whole(node: &spec::Node, sequences: u32) -> Result<(Work, Origin), String> {
    let placement = node.placement.as_ref();
    let is_stated = placement.is_some_and(|placement| placement.concurrency.is_some());
    let concurrency = if is_stated {
        concurrency(node)
    } else {
        sequences
    };
    let replicas = replicas(node);
    let (service, origin) = service_of(node, replicas.saturating_mul(concurrency))?;
    let work = if is_external(node) {
        Work::Delay(service)
    } else {
        Work::Serve {
            replicas,
            concurrency,
            routing: super::work::routing(node, Routing::LeastLoaded),
            service,
        }
    };
    Ok((work, origin))
}

/// The time of the node's steps, as its service states it, else estimated.
fn steps(node: &spec::Node) -> Result<Steps, String> {
    let service = node.service.as_ref().map(|service| &service.value);
    let Some(spec::Service::Continuous(stated)) = service else {
        return estimated(node);
    };
    let ns = |time: Option<Spanned<spec::Duration>>| time.map(|time| time.value.0 as f64);
    let fine = |time: Option<Spanned<FineDuration>>| time.map_or(0.0, |it| it.value.as_nanos());
    let lacks = || "its `service` lacks `step` and `perToken`".to_owned();
    Ok(Steps {
        time: StepTime {
            base: ns(stated.step).ok_or_else(lacks)?,
            token: ns(stated.per_token).ok_or_else(lacks)?,
            context: fine(stated.per_context_token),
            prefill: fine(stated.per_prefill_squared),
        },
        kv_tokens: None,
        origin: Origin::stated(node),
    })
}

/// The time of its steps and its KV cache, from the facts of its model and GPU.
fn estimated(node: &spec::Node) -> Result<Steps, String> {
    let unknown = |reason: &str| {
        format!(
            "{reason}; or state the time of its steps: `service: {{continuous: {{step: 9ms, \
             perToken: 40us}}}}`"
        )
    };
    let model = node.model.as_ref();
    let model = model.ok_or_else(|| unknown("no service time and no model is stated"))?;
    let placement = node.placement.as_ref();
    let placement = placement.ok_or_else(|| unknown("its placement states no GPU"))?;
    let found = service::generator::estimate(model, placement, &Catalogue::builtin());
    let found = found.map_err(|reason| unknown(&reason))?;
    Ok(Steps {
        time: found.step,
        kv_tokens: Some(u32::try_from(found.kv_tokens).unwrap_or(u32::MAX)),
        origin: Origin::Estimated(found.basis),
    })
}

fn prefix(batch: &ContinuousBatch) -> Option<Prefix> {
    let cache = batch.prefix_cache.as_ref()?;
    Some(Prefix {
        shared_tokens: count(cache.shared_tokens?.value),
        hit_rate: cache.hit_rate?.value.as_fraction(),
    })
}
