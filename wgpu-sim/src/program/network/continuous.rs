//! Continuous batching: requests join and leave a replica's batch at each step, as the scheduler
//! of vLLM's V1 engine has it.
//!
//! A step first gives each running request a token (or the next part of its prompt), in the order
//! in which they were admitted, as long as the token budget lasts. Where the KV cache lacks a block
//! for one of them, the last admitted is put back to the front of the queue and will be computed
//! anew. If none was put back, waiting requests are admitted, first come first served, with as much
//! of their prompt as the budget holds; each waits until the cache has room for the whole of it.
//! The step takes c0 + c1·T + c2·C + c3·Q: T tokens, C the sum of the contexts of the requests in
//! it, Q the sum of k·(context + k/2) over parts of prompts of k tokens; contexts are those before
//! the step.

use super::{Circle, Routing};
use crate::draws::{Table, draw};

/// Tokens in a block of the KV cache.
pub const BLOCK: u32 = 16;

/// Continuous batching on one or more replicas.
#[derive(Clone, Debug, PartialEq)]
pub struct Continuous {
    /// The replicas, each with a queue of its own.
    pub replicas: u32,
    /// How requests find a replica; `Central` is taken as `LeastLoaded`.
    pub routing: Routing,
    /// How long a step takes.
    pub step: StepTime,
    /// The most requests of a step.
    pub max_sequences: u32,
    /// The most tokens of a step.
    pub max_batched_tokens: u32,
    /// Tokens that a replica's KV cache holds; none where it is always large enough.
    pub kv_tokens: Option<u32>,
    /// Prompts that begin alike.
    pub prefix: Option<Prefix>,
    /// The tokens of a prompt.
    pub prompt: Tokens,
    /// The tokens of an answer.
    pub answer: Tokens,
    /// The most tokens of prompt and answer together.
    pub longest: Option<u32>,
}

/// The time of a step, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepTime {
    /// Of an empty step.
    pub base: f64,
    /// For each token.
    pub token: f64,
    /// For each token of context.
    pub context: f64,
    /// For each product of a prompt's token and a token before it.
    pub prefill: f64,
}

/// Prompts that begin alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prefix {
    /// Tokens that they share.
    pub shared_tokens: u32,
    /// The share of requests that find them cached.
    pub hit_rate: f64,
}

/// A number of tokens: the sum of its parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Tokens {
    /// What each request has.
    pub fixed: u32,
    /// What varies.
    pub parts: Vec<TokenPart>,
    /// The most of all together.
    pub most: Option<u32>,
}

/// A part of a number of tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenPart {
    /// How it varies.
    pub law: TokenLaw,
    /// The number of the graph's input that brings it: all nodes that it reaches draw the same.
    /// None for what is the node's own.
    pub input: Option<u32>,
}

/// How a number of tokens varies.
#[derive(Clone, Debug, PartialEq)]
pub enum TokenLaw {
    /// Lognormal by its mean and coefficient of variation.
    Lognormal {
        /// The mean.
        mean: f64,
        /// The coefficient of variation.
        cv: f64,
    },
    /// Measured numbers, in any order.
    Empirical(Vec<u32>),
    /// The number of each request of the trace by which requests arrive.
    Traced(Vec<u32>),
}

/// Continuous batching in integers, of one replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batcher {
    /// The time of an empty step, in 2⁻¹⁶ ticks; at least a tick.
    pub base: u64,
    /// The time of a token, in 2⁻¹⁶ ticks.
    pub token: u64,
    /// The time of a token of context, in 2⁻¹⁶ ticks.
    pub context: u64,
    /// The time of half a product of a prompt's token and one before it, in 2⁻³² ticks.
    pub half_prefill: u64,
    /// The most requests of a step.
    pub max_sequences: u32,
    /// The most tokens of a step.
    pub max_batched_tokens: u32,
    /// Blocks of the KV cache, without those that prompts share.
    pub blocks: u64,
    /// Tokens that prompts share: whole blocks.
    pub shared: u32,
    /// Requests whose draw is below find them cached.
    pub hit: u64,
    /// The counter of that draw.
    pub hit_word: u32,
    /// The tokens of a prompt.
    pub prompt: Lengths,
    /// The tokens of an answer.
    pub answer: Lengths,
    /// The most tokens of both together.
    pub longest: u32,
    /// How visits are numbered; see [`super::Flow::span`].
    pub span: u32,
    /// How many numbers a round of visits has.
    pub tries: u32,
    /// Tokens that each round of a loop adds to a prompt beside the answers before.
    pub growth: u32,
}

impl Batcher {
    /// Blocks of a cache that is always large enough.
    pub const UNBOUNDED: u64 = 1 << 40;
}

/// A number of tokens in integers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lengths {
    /// What each request has.
    pub fixed: u32,
    /// What is drawn: the index of a table, and the counter of its draw.
    pub parts: Vec<(usize, u32)>,
    /// What traces say of each request.
    pub traced: Vec<Circle>,
    /// The most of all together.
    pub most: u32,
}

impl Continuous {
    /// About how long a request takes: its prompt and answer in steps of `batch` requests, and the
    /// replica's own share of that time, in nanoseconds.
    pub(super) fn mean_times(&self, batch: f64) -> (f64, f64) {
        let (mut prompt, answer) = (self.prompt.mean(), self.answer.mean());
        let step = self.step;
        let cached = self.prefix.map_or(0.0, |prefix| {
            prefix.hit_rate * f64::from(prefix.shared_tokens).min(prompt)
        });
        let context = prompt + 0.5 * answer;
        prompt -= cached;
        let prefill = prompt * (step.token + step.prefill * (cached + 0.5 * prompt));
        let own = answer * (step.token + step.context * context);
        let residence = prefill + answer * step.base + batch * own;
        (residence, prefill + own + answer * step.base / batch)
    }

    /// The most requests that run at once, on average.
    pub(super) fn capacity(&self) -> f64 {
        let most = f64::from(self.max_sequences.min(self.max_batched_tokens));
        let mean = self.prompt.mean() + 0.5 * self.answer.mean();
        let held = self
            .kv_tokens
            .map(|tokens| f64::from(tokens) / mean.max(1.0));
        held.map_or(most, |held| held.min(most)).max(1.0)
    }
}

impl Tokens {
    /// Whether a trace says them.
    pub(super) fn are_traced(&self) -> bool {
        let mut parts = self.parts.iter();
        parts.any(|part| matches!(part.law, TokenLaw::Traced(_)))
    }

    /// About the mean.
    pub(super) fn mean(&self) -> f64 {
        let parts = self.parts.iter().map(|part| match &part.law {
            TokenLaw::Lognormal { mean, .. } => *mean,
            TokenLaw::Empirical(values) | TokenLaw::Traced(values) => {
                let sum: f64 = values.iter().map(|&value| f64::from(value)).sum();
                sum / values.len().max(1) as f64
            }
        });
        let mean = f64::from(self.fixed) + parts.sum::<f64>();
        self.most
            .map_or(mean, |most| mean.min(f64::from(most)))
            .max(1.0)
    }
}

impl Lengths {
    /// The number of a visit of a request, at least 1. Visits draw apart, and have the same of a
    /// trace.
    pub(crate) fn of(&self, tables: &[Table], key: [u32; 2], (visit, request): (u32, u32)) -> u32 {
        let parts = self.parts.iter().filter_map(|&(table, word)| {
            let bits = draw(key, visit, word);
            Some(tables.get(table)?.value(bits))
        });
        let traced = self.traced.iter().map(|traced| traced.of(key[1], request));
        parts
            .chain(traced)
            .fold(self.fixed, u32::saturating_add)
            .min(self.most)
            .max(1)
    }
}
