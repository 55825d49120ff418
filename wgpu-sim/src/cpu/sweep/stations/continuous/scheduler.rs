//! Which requests run in a step, and how long it takes.

use core::ops::Range;
use std::collections::VecDeque;

use super::Arrival;
use super::kv::{Blocks, held};
use crate::program::network::{BLOCK, Batcher};

/// A request in a replica. Times are in 2⁻¹⁶ ticks, but for
/// `came` and `until`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sequence {
    pub(super) request: u32,
    /// When it came, in ticks.
    pub(super) came: u64,
    /// When its time is up, in ticks.
    pub(super) until: u64,
    prompt: u32,
    pub(super) answer: u32,
    /// Tokens found in the prefix cache.
    cached: u32,
    /// Tokens computed and tokens made, before step `since`; one who decodes gets one of each in
    /// every step from there on.
    computed: u32,
    made: u32,
    since: u64,
    decodes: bool,
    /// When it was first scheduled, and when its first and last token were made.
    pub(super) start: u64,
    pub(super) first: u64,
    pub(super) last: u64,
    /// Its share of the steps' time until it last joined, and the sum of shares when it did.
    pub(super) busy: u64,
    joined: u64,
    /// How often it was put back.
    pub(super) preemptions: u32,
}

impl Sequence {
    /// A request that has come, with its tokens: prompt, answer, and those cached.
    pub(super) fn new(arrival: &Arrival, tokens: (u32, u32, u32)) -> Self {
        let (prompt, answer, cached) = tokens;
        Self {
            request: arrival.request,
            came: arrival.at,
            until: arrival.until,
            prompt,
            answer,
            cached,
            computed: cached,
            made: 0,
            since: 0,
            decodes: false,
            start: u64::MAX,
            first: u64::MAX,
            last: u64::MAX,
            busy: 0,
            joined: 0,
            preemptions: 0,
        }
    }

    /// Tokens known: its prompt and those made.
    fn known(&self) -> u32 {
        self.prompt.saturating_add(self.made)
    }

    /// The step before which it has its last token.
    fn end(&self) -> u64 {
        let left = self.answer.saturating_sub(self.made);
        self.since.saturating_add(u64::from(left))
    }

    /// Brings its counts up to date, before step `step`.
    fn settle(&mut self, step: u64) {
        if self.decodes {
            let steps = u32::try_from(step.wrapping_sub(self.since)).unwrap_or(u32::MAX);
            self.computed = self.computed.saturating_add(steps);
            self.made = self.made.saturating_add(steps);
        }
        self.since = step;
    }

    /// Its tokens in the cache, without those that others share.
    fn stored(&self) -> u64 {
        u64::from(self.computed.saturating_sub(self.cached))
    }

    fn held(&self) -> u64 {
        held(self.computed, self.cached)
    }

    /// Blocks that it needs for so many more tokens.
    fn needs(&self, tokens: u32) -> u64 {
        let whole = held(self.computed.saturating_add(tokens), self.cached);
        whole.saturating_sub(self.held())
    }

    /// Tokens known that are not computed.
    fn missing(&self) -> u32 {
        self.known().saturating_sub(self.computed)
    }

    /// Whether so many free blocks hold all that is known of it.
    fn fits(&self, free: u64) -> bool {
        self.needs(self.missing()) <= free
    }
}

/// What the requests of a step ask for.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    tokens: u64,
    context: u64,
    /// Twice the sum of k·(context + k/2).
    products: u64,
}

impl Asked {
    /// Adds a request that computes so many tokens after `context`.
    fn add(&mut self, tokens: u32, context: u32, is_prefill: bool) {
        let (tokens, context) = (u64::from(tokens), u64::from(context));
        self.tokens = self.tokens.saturating_add(tokens);
        self.context = self.context.saturating_add(context);
        if is_prefill {
            let twice = context.saturating_mul(2).saturating_add(tokens);
            self.products = self.products.saturating_add(tokens.saturating_mul(twice));
        }
    }

    fn time(&self, batcher: &Batcher) -> u64 {
        let squared = self.products.saturating_mul(batcher.half_prefill);
        batcher
            .base
            .saturating_add(batcher.token.saturating_mul(self.tokens))
            .saturating_add(batcher.context.saturating_mul(self.context))
            .saturating_add(squared.saturating_add(1 << 15) >> 16)
    }
}

/// One replica's requests. All that decode get one token in every step, so theirs are counted by
/// the number of steps; at most the last that runs is still computing its prompt.
pub(super) struct Scheduler<'a> {
    batcher: &'a Batcher,
    waiting: VecDeque<Sequence>,
    running: Vec<Sequence>,
    /// When the last step ended.
    clock: u64,
    /// Steps so far.
    steps: u64,
    /// Those who decode, the sum of their contexts, and the first step before which one ends.
    decoding: u64,
    context: u64,
    end: u64,
    blocks: Blocks,
    /// Sums of each step's time over those who ran in it, up to the last change of who runs; the
    /// time since.
    shares: u64,
    unshared: u64,
    /// The tokens stored, and their sum over time.
    stored: u64,
    kept: Kept,
    /// The visits that are counted, and the sums when the first of them was admitted and when the
    /// last that left did.
    counted: Range<u32>,
    opened: Option<Kept>,
    closed: Kept,
}

/// Sums over a replica's time, in 2⁻¹⁶ ticks: what its cache stored, and the time itself.
#[derive(Clone, Copy, Debug, Default)]
struct Kept {
    tokens: u128,
    until: u64,
}

impl<'a> Scheduler<'a> {
    pub(super) fn new(batcher: &'a Batcher, counted: Range<u32>) -> Self {
        Self {
            batcher,
            waiting: VecDeque::new(),
            running: Vec::new(),
            clock: 0,
            steps: 0,
            decoding: 0,
            context: 0,
            end: u64::MAX,
            blocks: Blocks::new(batcher.blocks),
            shares: 0,
            unshared: 0,
            stored: 0,
            kept: Kept::default(),
            counted,
            opened: None,
            closed: Kept::default(),
        }
    }

    /// Requests inside.
    pub(super) fn len(&self) -> usize {
        self.waiting.len().saturating_add(self.running.len())
    }

    /// Requests that wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// From the first counted request to the last: the tokens stored, and those that there was room
    /// for, each times the time in 2⁻¹⁶ ticks.
    pub(super) fn cache(&self) -> (u128, u128) {
        let Some(opened) = self.opened else {
            return (0, 0);
        };
        let time = u128::from(self.closed.until.saturating_sub(opened.until));
        let room = self.batcher.blocks.saturating_mul(BLOCK.into());
        (
            self.closed.tokens.saturating_sub(opened.tokens),
            time.saturating_mul(room.into()),
        )
    }

    fn counts(&self, sequence: &Sequence) -> bool {
        let request = sequence.request.checked_rem(self.batcher.span);
        request.is_some_and(|request| self.counted.contains(&request))
    }

    /// The sums up to now.
    fn kept(&self) -> Kept {
        Kept {
            until: self.clock,
            ..self.kept
        }
    }

    /// Adds what is stored during steps in which those who decode store a token more each, and whose
    /// times grow as their contexts do: Σ (stored + decoding · j) · (first + growth · j).
    fn keep(&mut self, steps: u64, time: u64) {
        // The whole product has room, and WebAssembly is slow to ask whether it has.
        let product = |a: u64, b: u64| u128::from(a).wrapping_mul(u128::from(b));
        let begin = self.stored.saturating_add(self.decoding);
        let mut sum = product(begin, time);
        if steps > 1 {
            let growth = self.batcher.context.saturating_mul(self.decoding);
            let pairs = steps.saturating_mul(steps.saturating_sub(1)) / 2;
            let squares = pairs.saturating_mul(steps.saturating_mul(2).saturating_sub(1)) / 3;
            let rise = product(self.time_of(1), pairs).saturating_add(product(growth, squares));
            sum = sum.saturating_add(match u64::try_from(rise) {
                Ok(rise) => product(rise, self.decoding),
                Err(_) => rise.saturating_mul(self.decoding.into()),
            });
        }
        self.kept.tokens = self.kept.tokens.saturating_add(sum);
        let grown = self.decoding.saturating_mul(steps);
        self.stored = self.stored.saturating_add(grown);
    }

    /// Whether the empty cache has room for a request.
    pub(super) fn could_hold(&self, sequence: &Sequence) -> bool {
        // The last token made is not stored.
        let stored = sequence.prompt.saturating_add(sequence.answer);
        held(stored.saturating_sub(1), sequence.cached) <= self.batcher.blocks
    }

    pub(super) fn enter(&mut self, sequence: Sequence) {
        self.waiting.push_back(sequence);
    }

    /// Runs all steps that start before `limit`, in 2⁻¹⁶ ticks.
    pub(super) fn advance(&mut self, limit: u64, finished: &mut Vec<Sequence>) {
        loop {
            if self.running.is_empty() {
                let Some(first) = self.waiting.front() else {
                    return;
                };
                let came = first.came.saturating_mul(1 << 16);
                if came.max(self.clock) >= limit {
                    return;
                }
                self.clock = self.clock.max(came);
            }
            if self.clock >= limit {
                return;
            }
            let jump = self.jumpable(limit);
            if jump > 0 {
                self.jump(jump);
            } else {
                self.step();
            }
            if self.end <= self.steps {
                self.finish(finished);
            }
        }
    }

    /// When the next step starts after which it is not clear what comes, if nobody comes: that in
    /// which a prompt is computed, or one who decodes may end.
    pub(super) fn next(&self) -> Option<u64> {
        if self.running.is_empty() {
            let came = self.waiting.front()?.came.saturating_mul(1 << 16);
            return Some(came.max(self.clock));
        }
        let before = self.jumpable(u64::MAX).saturating_sub(1);
        Some(self.clock.saturating_add(self.time_of(before)))
    }

    fn is_all_decoding(&self) -> bool {
        self.decoding == self.running.len() as u64
    }

    /// How many of the next steps are of requests that only decode, and start before `limit`.
    fn jumpable(&self, limit: u64) -> u64 {
        let budget = u64::from(self.batcher.max_batched_tokens);
        if self.running.is_empty() || !self.is_all_decoding() || self.decoding > budget {
            return 0;
        }
        if self.decoding < budget && self.running.len() < self.batcher.max_sequences as usize {
            let free = self.blocks.free.checked_sub(self.blocks.asked(self.steps));
            if let (Some(first), Some(free)) = (self.waiting.front(), free)
                && first.fits(free)
            {
                return 0;
            }
        }
        let most = self.end.saturating_sub(self.steps);
        let most = self.blocks.lasting(self.steps, most, self.decoding);
        let starts_before = |steps: u64| {
            let last = steps.saturating_sub(1);
            self.clock.saturating_add(self.time_of(last)) < limit
        };
        if most == 0 || starts_before(most) {
            return most;
        }
        let (mut low, mut high) = (1_u64, most);
        while low.saturating_add(1) < high {
            let middle = low.midpoint(high);
            if starts_before(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The time of so many steps of those who decode.
    fn time_of(&self, steps: u64) -> u64 {
        let first = Asked {
            tokens: self.decoding,
            context: self.context,
            products: 0,
        };
        let growth = self.batcher.context.saturating_mul(self.decoding);
        let pairs = steps.saturating_mul(steps.saturating_sub(1)) / 2;
        let first = first.time(self.batcher).saturating_mul(steps);
        first.saturating_add(growth.saturating_mul(pairs))
    }

    fn jump(&mut self, steps: u64) {
        let time = self.time_of(steps);
        let needed = self.blocks.needed(self.steps, steps, self.decoding);
        self.blocks.free = self.blocks.free.saturating_sub(needed);
        self.pass(steps, time);
    }

    /// Time passes, in which those who decode got so many tokens.
    fn pass(&mut self, steps: u64, time: u64) {
        self.keep(steps, time);
        self.steps = self.steps.saturating_add(steps);
        let grown = self.decoding.saturating_mul(steps);
        self.context = self.context.saturating_add(grown);
        self.clock = self.clock.saturating_add(time);
        self.unshared = self.unshared.saturating_add(time);
    }

    /// A step in which prompts are computed.
    fn step(&mut self) {
        let budget = u64::from(self.batcher.max_batched_tokens);
        let asked = self.blocks.asked(self.steps);
        let Some(free) = self.blocks.free.checked_sub(asked) else {
            return self.step_each();
        };
        if self.decoding > budget {
            return self.step_each();
        }
        let mut spare = budget.saturating_sub(self.decoding);
        let mut sum = Asked {
            tokens: self.decoding,
            context: self.context,
            products: 0,
        };
        let mut taken = 0;
        let mut from = self.running.len();
        if !self.is_all_decoding()
            && spare > 0
            && let Some(last) = self.running.last_mut()
        {
            let part = part(last.missing(), spare);
            taken = last.needs(part);
            if taken > free {
                return self.step_each();
            }
            sum.add(part, last.computed, true);
            last.computed = last.computed.saturating_add(part);
            self.stored = self.stored.saturating_add(part.into());
            spare = spare.saturating_sub(u64::from(part));
            from = from.saturating_sub(1);
        }
        self.blocks.free = free.saturating_sub(taken);
        self.admit(spare, &mut sum);
        self.pass(1, sum.time(self.batcher));
        let (clock, steps) = (self.clock, self.steps);
        for sequence in self.running.iter_mut().skip(from) {
            sequence.since = steps;
            if sequence.computed == sequence.known() {
                sequence.made = sequence.made.saturating_add(1);
                sequence.first = sequence.first.min(clock);
                sequence.decodes = true;
                self.decoding = self.decoding.saturating_add(1);
                let computed = u64::from(sequence.computed);
                self.context = self.context.saturating_add(computed);
                self.end = self.end.min(sequence.end());
                self.blocks.join(steps, sequence.computed);
            }
        }
    }

    /// Admits those who wait, first come first served, as far as the budget goes: each only when
    /// the cache has room for the whole of its prompt.
    fn admit(&mut self, mut spare: u64, sum: &mut Asked) {
        while spare > 0
            && self.running.len() < self.batcher.max_sequences as usize
            && let Some(first) = self.waiting.front()
        {
            if !first.fits(self.blocks.free) {
                return;
            }
            let part = part(first.missing(), spare);
            let free = self.blocks.free.saturating_sub(first.needs(part));
            self.share();
            let Some(mut first) = self.waiting.pop_front() else {
                return;
            };
            self.blocks.free = free;
            sum.add(part, first.computed, true);
            first.computed = first.computed.saturating_add(part);
            self.stored = self.stored.saturating_add(part.into());
            if self.opened.is_none() && self.counts(&first) {
                self.opened = Some(self.kept());
            }
            first.start = first.start.min(self.clock);
            first.since = self.steps;
            first.joined = self.shares;
            self.running.push(first);
            spare = spare.saturating_sub(u64::from(part));
        }
    }

    /// Shares the time since the last change of who runs.
    fn share(&mut self) {
        let each = self.unshared.checked_div(self.running.len() as u64);
        self.shares = self.shares.saturating_add(each.unwrap_or(0));
        self.unshared = 0;
    }

    /// A step in which tokens or blocks do not suffice for all: request by request.
    fn step_each(&mut self) {
        self.share();
        for sequence in &mut self.running {
            sequence.settle(self.steps);
        }
        let mut sum = Asked::default();
        let mut spare = u64::from(self.batcher.max_batched_tokens);
        let (mut index, mut is_short) = (0_usize, false);
        while spare > 0
            && let Some(sequence) = self.running.get(index).copied()
        {
            let part = part(sequence.missing(), spare);
            let needs = sequence.needs(part);
            while self.blocks.free < needs && self.running.len() > index {
                is_short = true;
                self.put_back();
            }
            let Some(sequence) = self.running.get_mut(index) else {
                break;
            };
            self.blocks.free = self.blocks.free.saturating_sub(needs);
            sum.add(part, sequence.computed, !sequence.decodes);
            sequence.computed = sequence.computed.saturating_add(part);
            self.stored = self.stored.saturating_add(part.into());
            spare = spare.saturating_sub(u64::from(part));
            index = index.saturating_add(1);
        }
        if !is_short {
            self.admit(spare, &mut sum);
        }
        self.decoding = 0;
        self.pass(1, sum.time(self.batcher));
        self.count_anew();
    }

    /// Puts the last who runs back to the front of the queue, to be computed anew.
    fn put_back(&mut self) {
        let Some(mut last) = self.running.pop() else {
            return;
        };
        self.blocks.free = self.blocks.free.saturating_add(last.held());
        let share = self.shares.saturating_sub(last.joined);
        last.busy = last.busy.saturating_add(share);
        last.preemptions = last.preemptions.saturating_add(1);
        self.stored = self.stored.saturating_sub(last.stored());
        last.computed = last.cached;
        last.decodes = false;
        self.waiting.push_front(last);
    }

    /// Gives a token to those who have computed all before it, and counts who decodes.
    fn count_anew(&mut self) {
        let (clock, steps) = (self.clock, self.steps);
        (self.decoding, self.context, self.end) = (0, 0, u64::MAX);
        self.blocks.clear();
        for sequence in &mut self.running {
            sequence.since = steps;
            if sequence.computed == sequence.known() {
                sequence.made = sequence.made.saturating_add(1);
                sequence.first = sequence.first.min(clock);
                sequence.decodes = true;
            }
            if sequence.decodes {
                self.decoding = self.decoding.saturating_add(1);
                let computed = u64::from(sequence.computed);
                self.context = self.context.saturating_add(computed);
                self.end = self.end.min(sequence.end());
                self.blocks.join(steps, sequence.computed);
            }
        }
    }

    /// Those leave that have their last token.
    fn finish(&mut self, finished: &mut Vec<Sequence>) {
        let steps = self.steps;
        let is_finished = |sequence: &Sequence| sequence.decodes && sequence.end() <= steps;
        self.release(is_finished, finished);
    }

    /// Takes requests out, whether they wait or run; who runs leaves at the end of its step.
    pub(super) fn take_out(
        &mut self,
        is_out: impl Fn(&Sequence) -> bool,
        gone: &mut Vec<Sequence>,
    ) {
        self.waiting.retain(|sequence| {
            let stays = !is_out(sequence);
            if !stays {
                gone.push(*sequence);
            }
            stays
        });
        self.release(is_out, gone);
    }

    /// Some of those who run leave, and their blocks are free again.
    fn release(&mut self, is_out: impl Fn(&Sequence) -> bool, gone: &mut Vec<Sequence>) {
        self.share();
        let (steps, clock, shares) = (self.steps, self.clock, self.shares);
        let (blocks, mut end) = (&mut self.blocks, u64::MAX);
        let (decoding, context) = (&mut self.decoding, &mut self.context);
        let stored = &mut self.stored;
        let left = gone.len();
        self.running.retain_mut(|sequence| {
            if !is_out(sequence) {
                if sequence.decodes {
                    end = end.min(sequence.end());
                }
                return true;
            }
            if sequence.decodes {
                blocks.leave(sequence.since, sequence.computed);
                sequence.settle(steps);
                *decoding = decoding.saturating_sub(1);
                *context = context.saturating_sub(u64::from(sequence.computed));
            }
            blocks.free = blocks.free.saturating_add(sequence.held());
            *stored = stored.saturating_sub(sequence.stored());
            sequence.last = clock;
            let share = shares.saturating_sub(sequence.joined);
            sequence.busy = sequence.busy.saturating_add(share);
            gone.push(*sequence);
            false
        });
        self.end = end;
        let mut left = gone.iter().skip(left);
        if left.any(|sequence| self.counts(sequence)) {
            self.closed = self.kept();
        }
    }
}

/// So many tokens, or as many as are left of the budget.
fn part(tokens: u32, spare: u64) -> u32 {
    u32::try_from(spare).unwrap_or(u32::MAX).min(tokens)
}
