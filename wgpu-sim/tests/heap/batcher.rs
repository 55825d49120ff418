//! Continuous batching one step after the other, with nothing counted ahead.

use std::collections::VecDeque;

use wgpu_sim::draws::{Table, draw};
use wgpu_sim::network::{BLOCK, Batcher, Lengths};

/// A request in a replica; times in 2⁻¹⁶ ticks, but for `came`.
#[derive(Clone, Debug)]
pub(crate) struct Sequence {
    pub(crate) request: u32,
    pub(crate) came: u64,
    pub(crate) prompt: u32,
    pub(crate) answer: u32,
    cached: u32,
    stored: u32,
    made: u32,
    decodes: bool,
    pub(crate) start: Option<u64>,
    pub(crate) first: Option<u64>,
    preemptions: u64,
}

impl Sequence {
    pub(crate) fn new(
        batcher: &Batcher,
        tables: &[Table],
        key: [u32; 2],
        request: u32,
        came: u64,
    ) -> Self {
        // What is drawn is drawn for each visit; a trace tells it of the request.
        let tokens = |lengths: &Lengths, visit: u32| {
            let request = visit % batcher.span;
            let mut tokens = lengths.fixed;
            for traced in &lengths.traced {
                let many = traced.values.len();
                let offset = many * key[1] as usize / traced.replications as usize;
                tokens += traced.values[(offset + request as usize) % many];
            }
            for &(table, word) in &lengths.parts {
                tokens += tables[table].value(draw(key, visit, word));
            }
            tokens.clamp(1, lengths.most)
        };
        // Every try asks the same, and has an answer of its own.
        let prompt = tokens(&batcher.prompt, request % batcher.span);
        let answer = tokens(&batcher.answer, request).min((batcher.longest - prompt).max(1));
        let hits = u64::from(draw(key, request, batcher.hit_word)) < batcher.hit;
        let whole = (prompt - 1) / BLOCK * BLOCK;
        Self {
            request,
            came,
            prompt,
            answer,
            cached: if hits { whole.min(batcher.shared) } else { 0 },
            stored: 0,
            made: 0,
            decodes: false,
            start: None,
            first: None,
            preemptions: 0,
        }
    }

    fn blocks(&self, stored: u32) -> u64 {
        u64::from(stored.div_ceil(BLOCK)).saturating_sub(u64::from(self.cached / BLOCK))
    }

    /// Blocks that it holds when its last token is made.
    pub(crate) fn all_blocks(&self) -> u64 {
        self.blocks(self.prompt + self.answer - 1)
    }
}

/// What a step made.
pub(crate) struct Stepped {
    pub(crate) end: u64,
    pub(crate) finished: Vec<Sequence>,
}

/// One replica.
#[derive(Clone, Default)]
pub(crate) struct Replica {
    pub(crate) waiting: VecDeque<Sequence>,
    pub(crate) running: Vec<Sequence>,
    /// When the last step ended.
    pub(crate) clock: u64,
    /// How often a request was put back.
    pub(crate) preemptions: u64,
    /// Tokens stored times the time since the beginning; the same and the time, when the first
    /// counted request was admitted and when the last had left.
    stored: u128,
    opened: Option<(u64, u128)>,
    closed: (u64, u128),
    /// How often counted requests were put back.
    counted: u64,
}

impl Replica {
    /// When the next step starts, if there is one.
    pub(crate) fn start(&self) -> Option<u64> {
        if !self.running.is_empty() {
            return Some(self.clock);
        }
        let first = self.waiting.front()?;
        Some(self.clock.max(first.came << 16))
    }

    fn free(&self, batcher: &Batcher) -> u64 {
        let held: u64 = self.running.iter().map(|one| one.blocks(one.stored)).sum();
        batcher.blocks - held
    }

    /// Of the cache while counted requests were in it: how often one was put back, what was stored
    /// and what there was room for.
    pub(crate) fn cache(&self, batcher: &Batcher) -> (u64, u128, u128) {
        let Some((opened, stored)) = self.opened else {
            return (0, 0, 0);
        };
        let room = u128::from(batcher.blocks * u64::from(BLOCK));
        let time = u128::from(self.closed.0 - opened);
        (self.counted, self.closed.1 - stored, time * room)
    }

    /// Lets a request go whose time is up; whether it was here.
    pub(crate) fn give_up(&mut self, request: u32, is_counted: bool) -> bool {
        let is_it = |one: &Sequence| one.request == request;
        let ran = self.running.iter().position(is_it);
        let waited = self.waiting.iter().position(is_it);
        let gone = ran.map(|at| self.running.remove(at));
        let gone = gone.or_else(|| self.waiting.remove(waited?));
        let Some(gone) = gone else { return false };
        if is_counted {
            self.counted += gone.preemptions;
            if ran.is_some() {
                self.closed = (self.clock, self.stored);
            }
        }
        true
    }

    /// Runs one step from `start`; `counts` tells who is counted.
    pub(crate) fn step(
        &mut self,
        batcher: &Batcher,
        start: u64,
        counts: impl Fn(u32) -> bool,
    ) -> Stepped {
        let mut budget = batcher.max_batched_tokens;
        let (mut tokens, mut context, mut products) = (0_u64, 0_u64, 0_u64);
        let mut add = |one: &mut Sequence, part: u32| {
            let (count, before) = (u64::from(part), u64::from(one.stored));
            tokens += count;
            context += before;
            if !one.decodes {
                products += count * (2 * before + count);
            }
            one.stored += part;
            one.start.get_or_insert(start);
        };
        let mut index = 0;
        let mut was_preempted = false;
        'running: while index < self.running.len() && budget > 0 {
            let one = &self.running[index];
            let part = (one.prompt + one.made - one.stored).min(budget);
            let more = one.blocks(one.stored + part) - one.blocks(one.stored);
            while self.free(batcher) < more {
                was_preempted = true;
                self.preemptions += 1;
                let mut last = self.running.pop().unwrap();
                last.stored = 0;
                last.preemptions += 1;
                last.decodes = false;
                self.waiting.push_front(last);
                if self.running.len() == index {
                    break 'running;
                }
            }
            add(&mut self.running[index], part);
            budget -= part;
            index += 1;
        }
        while !was_preempted
            && budget > 0
            && self.running.len() < batcher.max_sequences as usize
            && let Some(first) = self.waiting.front()
        {
            let known = first.prompt + first.made;
            let part = (known - first.cached).min(budget);
            if first.blocks(known) > self.free(batcher) {
                break;
            }
            let mut first = self.waiting.pop_front().unwrap();
            if counts(first.request) {
                self.opened.get_or_insert((start, self.stored));
            }
            first.stored = first.cached;
            add(&mut first, part);
            self.running.push(first);
            budget -= part;
        }
        let time = batcher.base
            + batcher.token * tokens
            + batcher.context * context
            + ((products * batcher.half_prefill + (1 << 15)) >> 16);
        let end = start + time;
        let stored = self.running.iter().map(|one| one.stored - one.cached);
        self.stored += stored.map(u128::from).sum::<u128>() * u128::from(time);
        self.clock = end;
        for one in &mut self.running {
            if one.stored == one.prompt + one.made {
                one.made += 1;
                one.decodes = true;
                one.first.get_or_insert(end);
            }
        }
        let all = std::mem::take(&mut self.running);
        let (finished, running) = all.into_iter().partition(|one| one.made == one.answer);
        self.running = running;
        let finished: Vec<Sequence> = finished;
        for one in finished.iter().filter(|one| counts(one.request)) {
            self.closed = (end, self.stored);
            self.counted += one.preemptions;
        }
        Stepped { end, finished }
    }
}
