//! Continuous batching in integers.

use super::super::continuous::BLOCK;
use super::super::{Batcher, Circle, Continuous, Lengths, Stage, TokenLaw, Tokens};
use crate::draws::{self, MAX_TICKS, Purpose, Table, counter_word};
use crate::error::SimulationError;

/// The most tokens of a prompt or an answer, and of a step.
const MAX_TOKENS: u32 = 1 << 24;
/// The most requests of a step.
const MAX_SEQUENCES: u32 = 4_096;

/// Checks what a stage states of its batches.
pub(super) fn check(stage: &Stage, stated: &Continuous) -> Result<(), SimulationError> {
    let fail = |reason: String| Err(SimulationError::station(&stage.name, reason));
    let (sequences, tokens) = (stated.max_sequences, stated.max_batched_tokens);
    if !(1..=MAX_SEQUENCES).contains(&sequences) {
        return fail(format!(
            "its batches hold {sequences} sequences; give 1 to {MAX_SEQUENCES}"
        ));
    }
    if !(1..=MAX_TOKENS).contains(&tokens) {
        return fail(format!(
            "its steps hold {tokens} tokens; give 1 to {MAX_TOKENS}"
        ));
    }
    let step = stated.step;
    let times = [step.base, step.token, step.context, step.prefill];
    if times.iter().any(|time| !(time.is_finite() && *time >= 0.0)) {
        return fail(format!(
            "a step's times are {times:?} ns; give numbers from 0"
        ));
    }
    if stated
        .kv_tokens
        .is_some_and(|tokens| blocks(stated, tokens) == 0)
    {
        return fail(
            "its KV cache has no room for a block of 16 tokens beside those that prompts \
                     share; give more `kvTokens`"
                .into(),
        );
    }
    let laws = stated.prompt.parts.iter().chain(&stated.answer.parts);
    for part in laws {
        match &part.law {
            TokenLaw::Lognormal { mean, cv } => {
                let is_good = *mean > 0.0 && mean.is_finite() && *cv >= 0.0 && cv.is_finite();
                if !is_good {
                    return fail(format!(
                        "its tokens have mean {mean} and `cv` {cv}; give a mean above 0 and a `cv` \
                         from 0"
                    ));
                }
            }
            TokenLaw::Empirical(values) | TokenLaw::Traced(values) if values.is_empty() => {
                return fail("it has no measured numbers of tokens; give at least one".into());
            }
            TokenLaw::Empirical(_) | TokenLaw::Traced(_) => {}
        }
    }
    Ok(())
}

/// Whole blocks that prompts share.
fn shared(stated: &Continuous) -> u32 {
    let prefix = stated.prefix.filter(|prefix| prefix.hit_rate > 0.0);
    prefix.map_or(0, |prefix| prefix.shared_tokens.min(MAX_TOKENS) / BLOCK)
}

/// Blocks of the KV cache, without those that prompts share: they are stored once.
fn blocks(stated: &Continuous, tokens: u32) -> u64 {
    u64::from((tokens / BLOCK).saturating_sub(shared(stated)))
}

/// The batches of a stage of this number, in integers; `source` is the number of the source, by
/// which the graph's inputs draw. `replications` share a trace.
pub(super) fn new(
    stage: &Stage,
    stated: &Continuous,
    (index, source): (u32, u32),
    replications: u32,
    tick_ns: f64,
    tables: &mut Vec<Table>,
) -> Result<Batcher, SimulationError> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturates.
    let parts = |ns: f64, bits: i32| libm::round(libm::scalbn(ns / tick_ns, bits)) as u64;
    let step = stated.step;
    let longest = stated.longest.unwrap_or(MAX_TOKENS).clamp(2, MAX_TOKENS);
    let mut lengths = |tokens: &Tokens, purpose| {
        let most = longest
            .saturating_sub(1)
            .min(tokens.most.unwrap_or(MAX_TOKENS));
        let (mut parts, mut traced) = (Vec::new(), Vec::new());
        for (visit, part) in (0_u32..).zip(&tokens.parts) {
            if let TokenLaw::Traced(values) = &part.law {
                let values = values.clone();
                traced.push(Circle {
                    values,
                    replications,
                });
                continue;
            }
            let table = table(&part.law).ok_or_else(|| {
                let reason = format!("its tokens reach beyond {MAX_TICKS}; give a smaller mean");
                SimulationError::station(&stage.name, reason)
            })?;
            let word = match part.input {
                Some(input) => counter_word(source, purpose, input),
                None => counter_word(index, purpose, visit),
            };
            tables.push(table);
            parts.push((tables.len().saturating_sub(1), word));
        }
        Ok::<_, SimulationError>(Lengths {
            fixed: tokens.fixed,
            parts,
            traced,
            most: most.max(1),
        })
    };
    let hit_rate = stated.prefix.map_or(0.0, |prefix| prefix.hit_rate);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let hit = libm::round(hit_rate.clamp(0.0, 1.0) * 4_294_967_296.0) as u64;
    Ok(Batcher {
        base: parts(step.base, 16).max(1 << 16),
        token: parts(step.token, 16),
        context: parts(step.context, 16),
        half_prefill: parts(0.5 * step.prefill, 32),
        max_sequences: stated.max_sequences,
        max_batched_tokens: stated.max_batched_tokens,
        // Without a bound: more than all sequences can fill.
        blocks: stated
            .kv_tokens
            .map_or(Batcher::UNBOUNDED, |tokens| blocks(stated, tokens)),
        shared: shared(stated).saturating_mul(BLOCK),
        hit,
        hit_word: counter_word(index, Purpose::Prefix, 0),
        prompt: lengths(&stated.prompt, Purpose::Prompt)?,
        answer: lengths(&stated.answer, Purpose::Answer)?,
        longest,
        span: u32::MAX,
        tries: 1,
        growth: 0,
    })
}

/// The table of a number of tokens.
fn table(law: &TokenLaw) -> Option<Table> {
    match law {
        TokenLaw::Lognormal { mean, cv } => {
            let sigma = draws::lognormal_sigma(*cv);
            let mu = libm::log(*mean) - 0.5 * sigma * sigma;
            let most = f64::from(MAX_TOKENS);
            Table::new(0, |p, c| draws::lognormal(mu, sigma, p, c).min(most))
        }
        TokenLaw::Empirical(values) | TokenLaw::Traced(values) => {
            let mut sorted: Vec<f64> = values.iter().map(|&value| f64::from(value)).collect();
            sorted.sort_by(f64::total_cmp);
            Table::new(0, |p, _| draws::empirical(&sorted, p))
        }
    }
}
