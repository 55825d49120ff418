//! A node under continuous batching, from its service, placement and tokens.

use std::collections::BTreeSet;

use modelspec_core::graph::{Graph, NodeIx, Param, PortIx, Type};
use modelspec_core::hardware::Catalogue;
use modelspec_core::spec::{self, ContinuousBatch, Count, Distribution, Kind};
use modelspec_core::text::Spanned;

use super::super::{Continuous, Prefix, Routing, StepTime, TokenLaw, TokenPart, Tokens, Work};
use crate::program::Origin;
use crate::program::from_graph::{concurrency, is_external, replicas, service_of};
use crate::service;

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
) -> Result<(Work, Origin), String> {
    let sequences = batch
        .max_sequences
        .map(|most| most.value.0)
        .ok_or("its batch lacks `maxSequences`")?;
    if is_whole(node) {
        return served_whole(node, sequences);
    }
    let steps = steps(node)?;
    let longest = node.limits.as_ref().and_then(|limits| limits.max_model_len);
    let work = Continuous {
        replicas: replicas(node),
        routing: super::work::routing(node, Routing::LeastLoaded),
        step: steps.time,
        max_sequences: sequences,
        max_batched_tokens: batch
            .max_batched_tokens
            .map_or(BATCHED_TOKENS, |most| most.value.0),
        kv_tokens: batch
            .kv_tokens
            .map(|tokens| count(tokens.value))
            .or(steps.kv_tokens),
        prefix: prefix(batch),
        prompt: prompt(graph, ix, node)?,
        answer: answer(node)?,
        longest: longest.map(|longest| count(longest.value)),
    };
    Ok((Work::Continuous(Box::new(work)), steps.origin))
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
    let lacks = || "its `service` lacks `step` and `perToken`".to_owned();
    Ok(Steps {
        time: StepTime {
            base: ns(stated.step).ok_or_else(lacks)?,
            token: ns(stated.per_token).ok_or_else(lacks)?,
            context: ns(stated.per_context_token).unwrap_or(0.0),
            prefill: ns(stated.per_prefill_squared).unwrap_or(0.0),
        },
        kv_tokens: None,
        origin: Origin::Declared,
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

fn count(count: Count) -> u32 {
    u32::try_from(count.0).unwrap_or(u32::MAX)
}

fn prefix(batch: &ContinuousBatch) -> Option<Prefix> {
    let cache = batch.prefix_cache.as_ref()?;
    Some(Prefix {
        shared_tokens: count(cache.shared_tokens?.value),
        hit_rate: cache.hit_rate?.value.as_fraction(),
    })
}

/// Adds what a distribution says; `input` is the number of the graph's input that brings it.
fn add(tokens: &mut Tokens, stated: &Distribution, input: Option<u32>) -> Result<(), String> {
    let law = match stated {
        Distribution::Fixed(fixed) => {
            tokens.fixed = tokens.fixed.saturating_add(count(*fixed));
            return Ok(());
        }
        Distribution::Lognormal(law) => {
            let (mean, cv) = law
                .mean
                .zip(law.cv)
                .ok_or("its tokens lack `mean` and `cv`")?;
            TokenLaw::Lognormal {
                mean: mean.value.0 as f64,
                cv: cv.value,
            }
        }
        Distribution::Empirical(values) => {
            let values = values.iter().map(|value| count(value.value));
            TokenLaw::Empirical(values.collect())
        }
    };
    tokens.parts.push(TokenPart { law, input });
    Ok(())
}

fn nothing(most: Option<u32>) -> Tokens {
    Tokens {
        fixed: 0,
        parts: Vec::new(),
        most,
    }
}

/// The tokens of an answer: as the node states them, else the most that it may make.
fn answer(node: &spec::Node) -> Result<Tokens, String> {
    let most = node
        .limits
        .as_ref()
        .and_then(|limits| limits.max_output_tokens);
    let most = most.map(|most| count(most.value));
    let mut tokens = nothing(most);
    let stated = node
        .tokens
        .as_ref()
        .and_then(|tokens| tokens.output.as_ref());
    match (stated, most) {
        (Some(stated), _) => add(&mut tokens, &stated.value, None)?,
        (None, Some(most)) => tokens.fixed = most,
        (None, None) => {
            return Err(
                "the length of its answers is not known; add `tokens: {output: \
                        {lognormal: {mean: 180, cv: 0.8}}}`"
                    .to_owned(),
            );
        }
    }
    Ok(tokens)
}

/// The tokens of a prompt: as the node states them, else template, questions and passages.
fn prompt(graph: &Graph, ix: NodeIx, node: &spec::Node) -> Result<Tokens, String> {
    let mut tokens = nothing(None);
    let stated = node
        .tokens
        .as_ref()
        .and_then(|tokens| tokens.input.as_ref());
    if let Some(stated) = stated {
        add(&mut tokens, &stated.value, None)?;
        return Ok(tokens);
    }
    let template = node
        .limits
        .as_ref()
        .and_then(|limits| limits.prompt_template_tokens);
    tokens.fixed = template.map_or(0, |template| count(template.value));
    for (number, port) in (0_u32..).zip(questions(graph, ix)) {
        question(graph, port, number, &mut tokens)?;
    }
    let passages = graph.incoming(ix).filter_map(|edge| {
        let (from, _) = edge.ports?;
        passages(graph, edge.source, &graph.port(from)?.ty)
    });
    tokens.fixed = passages.fold(tokens.fixed, u32::saturating_add);
    if tokens.fixed == 0 && tokens.parts.is_empty() {
        return Err(
            "the length of its prompts is not known; add `tokens: {input: {lognormal: \
                    {mean: 900, cv: 0.5}}}`"
                .to_owned(),
        );
    }
    Ok(tokens)
}

/// The graph's inputs whose value reaches a node, in the order of the document.
fn questions(graph: &Graph, ix: NodeIx) -> BTreeSet<PortIx> {
    let (mut seen, mut open) = (BTreeSet::from([ix]), vec![ix]);
    let mut found = BTreeSet::new();
    while let Some(ix) = open.pop() {
        for edge in graph.incoming(ix).filter(|edge| !edge.is_loop) {
            if edge.source.is_model() {
                if seen.insert(edge.source) {
                    open.push(edge.source);
                }
            } else if let Some((from, _)) = edge.ports {
                found.insert(from);
            }
        }
    }
    found
}

/// Adds the tokens of one of the graph's inputs: as the workload states them, else the most that
/// it takes.
fn question(graph: &Graph, port: PortIx, number: u32, tokens: &mut Tokens) -> Result<(), String> {
    let Some(port) = graph.port(port) else {
        return Ok(());
    };
    let workload = graph.spec.body().and_then(|body| body.workload.as_ref());
    let lengths = workload.and_then(|workload| workload.tokens.as_ref());
    if let Some(stated) = lengths.and_then(|lengths| lengths.named(&port.name)) {
        return add(tokens, &stated.value, Some(number));
    }
    let most = port.ty.number(Param::MaxTokens).unwrap_or(0);
    tokens.fixed = tokens.fixed.saturating_add(count(Count(most)));
    Ok(())
}

/// The most tokens of the passages that a node gives; none for what holds no passages.
fn passages(graph: &Graph, from: NodeIx, ty: &Type) -> Option<u32> {
    if ty.kind != Kind::Candidates {
        return None;
    }
    let stated = ty.inner.as_ref();
    let each = stated.and_then(|item| item.number(Param::MaxTokens));
    let each = each.or_else(|| {
        let index = graph.spec_of(from)?.index.as_ref()?;
        Some(index.chunk_tokens?.value.0)
    });
    let items = ty.number(Param::MaxItems)?;
    Some(count(Count(each?.saturating_mul(items))))
}
