// The twin of cpu/sweep/stations/continuous/kv.rs: the blocks of a replica's KV cache.

// Blocks of a request that has stored so many tokens, of which it shares the first.
fn blocks_of(stored: u32, cached: u32) -> u32 {
    let whole = (stored + BLOCK - 1u) / BLOCK;
    return whole - min(whole, cached / BLOCK);
}

fn held_by(sequence: u32) -> u32 {
    return blocks_of(load(sequence + COMPUTED), load(sequence + CACHED));
}

// Blocks that a request needs for so many more tokens.
fn needs_of(sequence: u32, tokens: u32) -> u32 {
    let computed = load(sequence + COMPUTED);
    let cached = load(sequence + CACHED);
    return blocks_of(computed + tokens, cached) - blocks_of(computed, cached);
}

fn free_of(queue: u32) -> u32 {
    return of_batcher(BLOCKS) - load(queue + USED);
}

// Those who decode ask for a block at steps of one remainder each: the word that counts who asks
// at a step, and of a request that has stored so many tokens before it.
fn asking_at(queue: u32, step: u32) -> u32 {
    return queue + ASKING + (step & (BLOCK - 1u));
}

fn asking_of(queue: u32, sequence: u32) -> u32 {
    return asking_at(queue, load(sequence + SINCE) - load(sequence + COMPUTED));
}

// Blocks that those who decode ask for in so many steps from the next on.
fn needed(queue: u32, steps: u32) -> u32 {
    let first = load(queue + STEPS);
    var sum = (steps / BLOCK) * load(queue + DECODING);
    for (var step = 0u; step < steps % BLOCK; step++) {
        tally();
        sum += load(asking_at(queue, first + step));
    }
    return sum;
}

// For how many steps the free blocks last; at most `steps`.
fn lasting(queue: u32, steps: u32) -> u32 {
    let free = free_of(queue);
    if needed(queue, steps) <= free {
        return steps;
    }
    let count = load(queue + DECODING);
    let first = load(queue + STEPS);
    // In each round, all who decode ask once.
    var left = free % count;
    var lasting = (free / count) * BLOCK;
    loop {
        let asked = load(asking_at(queue, first + lasting));
        if lasting >= steps || asked > left {
            break;
        }
        tally();
        left -= asked;
        lasting++;
    }
    return lasting;
}
