//! The blocks of a replica's KV cache.

use crate::program::network::BLOCK;

/// Steps in which each who decodes asks for one block.
const ROUND: u64 = BLOCK as u64;

/// Free blocks, and when those who decode will ask for another.
pub(super) struct Blocks {
    pub(super) free: u64,
    /// How many of those who decode ask for a block at steps of each remainder by [`BLOCK`].
    asking: [u64; BLOCK as usize],
}

/// Blocks of a request that has stored so many tokens, of which it shares the first.
pub(super) fn held(stored: u32, shared: u32) -> u64 {
    u64::from(stored.div_ceil(BLOCK).saturating_sub(shared / BLOCK))
}

/// The remainder of the steps at which a request asks for a block, of which so many tokens are
/// stored before step `at`.
fn remainder(at: u64, stored: u32) -> usize {
    #[allow(clippy::cast_possible_truncation)] // Below the constant.
    let remainder = (at.wrapping_sub(u64::from(stored)) % ROUND) as usize;
    remainder
}

impl Blocks {
    pub(super) fn new(free: u64) -> Self {
        Self {
            free,
            asking: [0; BLOCK as usize],
        }
    }

    /// A request decodes from step `at` on.
    pub(super) fn join(&mut self, at: u64, stored: u32) {
        if let Some(count) = self.asking.get_mut(remainder(at, stored)) {
            *count = count.wrapping_add(1);
        }
    }

    /// It does not any more.
    pub(super) fn leave(&mut self, at: u64, stored: u32) {
        if let Some(count) = self.asking.get_mut(remainder(at, stored)) {
            *count = count.wrapping_sub(1);
        }
    }

    /// No request decodes.
    pub(super) fn clear(&mut self) {
        self.asking = [0; BLOCK as usize];
    }

    /// Blocks that those who decode ask for at step `at`.
    pub(super) fn asked(&self, at: u64) -> u64 {
        self.asking.get(remainder(at, 0)).copied().unwrap_or(0)
    }

    /// Blocks that `count` who decode ask for in so many steps from step `at` on.
    pub(super) fn needed(&self, at: u64, steps: u64, count: u64) -> u64 {
        let rounds = (steps / ROUND).saturating_mul(count);
        (0..steps % ROUND).fold(rounds, |sum, step| {
            sum.saturating_add(self.asked(at.wrapping_add(step)))
        })
    }

    /// For how many steps from `at` on the free blocks last; at most `steps`.
    pub(super) fn lasting(&self, at: u64, steps: u64, count: u64) -> u64 {
        if self.needed(at, steps, count) <= self.free {
            return steps;
        }
        let rounds = self.free.checked_div(count).unwrap_or(0);
        let mut left = self.free.saturating_sub(rounds.saturating_mul(count));
        let mut lasting = rounds.saturating_mul(ROUND);
        while lasting < steps {
            let asked = self.asked(at.wrapping_add(lasting));
            if asked > left {
                break;
            }
            left = left.saturating_sub(asked);
            lasting = lasting.saturating_add(1);
        }
        lasting
    }
}
