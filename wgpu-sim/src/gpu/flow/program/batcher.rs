//! Continuous batching in the words that the kernel reads.

use super::super::names::{BATCHER, LENGTHS, SCHEDULER};
use super::{Lists, halves, number};
use crate::draws::KNOTS;
use crate::program::network::{BLOCK, Batcher, Lengths};

/// Words of a replica: the last of those with names is the first of one for each remainder.
pub(super) const REPLICA_WORDS: usize = SCHEDULER.count().saturating_add(BLOCK as usize - 1);

/// More blocks than the requests of a lane can fill, 512 of at most 2²⁵ tokens.
const UNBOUNDED_BLOCKS: u64 = 1 << 31;

impl Lists<'_> {
    /// How a node's replicas make their batches.
    pub(super) fn batcher(&mut self, batcher: &Batcher) -> u32 {
        let prompt = self.lengths(&batcher.prompt);
        let answer = self.lengths(&batcher.answer);
        let [base, base_high] = halves(batcher.base);
        let [token, token_high] = halves(batcher.token);
        let [context, context_high] = halves(batcher.context);
        let [prefill, prefill_high] = halves(batcher.half_prefill);
        let [blocks, _] = halves(batcher.blocks.min(UNBOUNDED_BLOCKS));
        // Where no draw is a hit, no token is found.
        let (hit_last, cached) = match batcher.hit.checked_sub(1) {
            Some(last) => (u32::try_from(last).unwrap_or(u32::MAX), batcher.shared),
            None => (0, 0),
        };
        let record = BATCHER.record(&[
            ("STEP_BASE", base),
            ("STEP_BASE_HIGH", base_high),
            ("STEP_TOKEN", token),
            ("STEP_TOKEN_HIGH", token_high),
            ("STEP_CONTEXT", context),
            ("STEP_CONTEXT_HIGH", context_high),
            ("STEP_PREFILL", prefill),
            ("STEP_PREFILL_HIGH", prefill_high),
            ("MAX_SEQUENCES", batcher.max_sequences),
            ("MAX_TOKENS", batcher.max_batched_tokens),
            ("BLOCKS", blocks),
            ("LONGEST", batcher.longest),
            ("CACHED_TOKENS", cached),
            ("HIT_LAST", hit_last),
            ("HIT_WORD", batcher.hit_word),
            ("PROMPT", prompt),
            ("ANSWER", answer),
            ("GROWTH", batcher.growth),
        ]);
        let place = self.here();
        self.words.extend(record);
        place
    }

    fn lengths(&mut self, lengths: &Lengths) -> u32 {
        let place = self.here();
        self.words.extend(LENGTHS.record(&[
            ("FIXED", lengths.fixed),
            ("MOST", lengths.most),
            ("PARTS", number(lengths.parts.len())),
        ]));
        for &(table, word) in &lengths.parts {
            self.words
                .extend([number(table.saturating_mul(KNOTS)), word]);
        }
        place
    }
}
