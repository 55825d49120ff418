// The twin of cpu/sweep/stations/continuous/scheduler.rs: which requests run in a step, and how
// long it takes. Steps are numbered modulo 2³²; an answer has fewer than 2²⁵ tokens.

// What the requests of a step ask for.
struct Asked {
    tokens: u32,
    context: vec2<u32>,
    // Twice the sum of k·(context + k/2).
    products: vec2<u32>,
}

// A step as far as it is clear: what is asked for, the tokens that are left, and whether those who
// wait may come.
struct Work {
    asked: Asked,
    spare: u32,
    admits: bool,
}

// Lets a request compute so many tokens.
fn compute(sequence: u32, tokens: u32, work: ptr<function, Work>) {
    let context = load(sequence + COMPUTED);
    (*work).spare -= tokens;
    (*work).asked.tokens += tokens;
    (*work).asked.context = plus((*work).asked.context, wide(context));
    if load(sequence + DECODES) == 0u {
        let products = product(tokens, 2u * context + tokens);
        (*work).asked.products = plus((*work).asked.products, products);
    }
    store(sequence + COMPUTED, context + tokens);
}

fn time_of_step(asked: Asked) -> vec2<u32> {
    let squared = times_capped(asked.products, wide_of_batcher(STEP_PREFILL));
    let tokens = times_capped(wide_of_batcher(STEP_TOKEN), wide(asked.tokens));
    let context = times_capped(wide_of_batcher(STEP_CONTEXT), asked.context);
    let linear = plus_capped(plus_capped(wide_of_batcher(STEP_BASE), tokens), context);
    return plus_capped(linear, ticks(squared));
}

fn known_of(sequence: u32) -> u32 {
    return load(sequence + PROMPT_TOKENS) + load(sequence + MADE);
}

// Tokens known that are not computed.
fn missing_of(sequence: u32) -> u32 {
    return known_of(sequence) - load(sequence + COMPUTED);
}

// Of those, as far as the budget goes.
fn part_of(sequence: u32, spare: u32) -> u32 {
    return min(missing_of(sequence), spare);
}

// Whether so many free blocks hold all that is known of a request.
fn fits(sequence: u32, free: u32) -> bool {
    return needs_of(sequence, missing_of(sequence)) <= free;
}

// The step before which a request has its last token.
fn end_of(sequence: u32) -> u32 {
    return load(sequence + SINCE) + load(sequence + ANSWER_TOKENS) - load(sequence + MADE);
}

// Brings the counts of one who decodes up to date.
fn settle(queue: u32, sequence: u32) {
    let steps = load(queue + STEPS);
    if load(sequence + DECODES) != 0u {
        let passed = steps - load(sequence + SINCE);
        store(sequence + COMPUTED, load(sequence + COMPUTED) + passed);
        store(sequence + MADE, load(sequence + MADE) + passed);
    }
    store(sequence + SINCE, steps);
}

// The steps of those who decode: the time of the next, and by how much each is longer than the one
// before.
struct Decoding {
    first: vec2<u32>,
    growth: vec2<u32>,
}

fn decoding_of(queue: u32) -> Decoding {
    let decoding = load(queue + DECODING);
    let first = time_of_step(Asked(decoding, load_wide(queue + CONTEXT), vec2<u32>()));
    return Decoding(first, times_capped(wide_of_batcher(STEP_CONTEXT), wide(decoding)));
}

fn time_of_steps(decoding: Decoding, steps: u32) -> vec2<u32> {
    let twice = product(steps, max(steps, 1u) - 1u);
    let pairs = vec2<u32>((twice.y << 31u) | (twice.x >> 1u), twice.y >> 1u);
    let first = times_capped(decoding.first, wide(steps));
    return plus_capped(first, times_capped(decoding.growth, pairs));
}

fn is_first_waiter_admitted(queue: u32, decoding: u32) -> bool {
    let first = load(queue + WAITERS + 1u);
    if first == 0u || decoding >= of_batcher(MAX_TOKENS) || decoding >= of_batcher(MAX_SEQUENCES) {
        return false;
    }
    let free = free_of(queue);
    let asked = load(asking_at(queue, load(queue + STEPS)));
    return asked <= free && fits(first, free - asked);
}

// How many of the next steps are of requests that only decode.
fn jumpable(queue: u32) -> u32 {
    let decoding = load(queue + DECODING);
    if decoding != load(queue + RUNNERS) || decoding > of_batcher(MAX_TOKENS)
        || is_first_waiter_admitted(queue, decoding) {
        return 0u;
    }
    return lasting(queue, load(queue + END_STEP) - load(queue + STEPS));
}

// Runs them, as far as they start before `limit`.
fn jump(queue: u32, limit: vec2<u32>) -> bool {
    var steps = jumpable(queue);
    if steps == 0u {
        return false;
    }
    let pace = decoding_of(queue);
    let clock = load_wide(queue + CLOCK);
    if !is_less(plus_capped(clock, time_of_steps(pace, steps - 1u)), limit) {
        // So many start before the limit, and so many do not.
        var low = 1u;
        loop {
            if low + 1u >= steps {
                break;
            }
            tally();
            let middle = (low + steps) / 2u;
            let starts = plus_capped(clock, time_of_steps(pace, middle - 1u));
            if is_less(starts, limit) {
                low = middle;
            } else {
                steps = middle;
            }
        }
        steps = low;
    }
    store(queue + USED, load(queue + USED) + needed(queue, steps));
    pass_steps(queue, steps, time_of_steps(pace, steps));
    return true;
}

// Time passes, in which those who decode got so many tokens.
fn pass_steps(queue: u32, steps: u32, time: vec2<u32>) {
    store(queue + STEPS, load(queue + STEPS) + steps);
    add_to(queue + CONTEXT, product(load(queue + DECODING), steps));
    store_wide(queue + CLOCK, plus_capped(load_wide(queue + CLOCK), time));
    store_wide(queue + UNSHARED, plus_capped(load_wide(queue + UNSHARED), time));
}

// Gives a request the token that it has computed all before.
fn make_token(queue: u32, sequence: u32) {
    increment(sequence + MADE);
    let word = sequence + FIRST_TOKEN;
    store_wide(word, least(load_wide(word), load_wide(queue + CLOCK)));
    store(sequence + DECODES, 1u);
}

// Counts one more who decodes.
fn join_decoding(queue: u32, sequence: u32) {
    let decoding = load(queue + DECODING);
    let steps = load(queue + STEPS);
    let left = end_of(sequence) - steps;
    if decoding == 0u || left < load(queue + END_STEP) - steps {
        store(queue + END_STEP, steps + left);
    }
    store(queue + DECODING, decoding + 1u);
    add_to(queue + CONTEXT, wide(load(sequence + COMPUTED)));
    increment(asking_of(queue, sequence));
}

// A step in which prompts are computed, or in which tokens or blocks do not suffice for all.
fn take_step(queue: u32) {
    let budget = of_batcher(MAX_TOKENS);
    let decoding = load(queue + DECODING);
    let free = free_of(queue);
    let asked = load(asking_at(queue, load(queue + STEPS)));
    let last = load(queue + RUNNERS + 2u);
    // At most the last who runs is computing its prompt.
    let goes_on = decoding < load(queue + RUNNERS) && decoding < budget;
    var part = 0u;
    var taken = 0u;
    if goes_on {
        part = part_of(last, budget - decoding);
        taken = needs_of(last, part);
    }
    var work = Work(Asked(decoding, load_wide(queue + CONTEXT), vec2<u32>()), budget - decoding, true);
    let suffices = asked <= free && decoding <= budget && taken <= free - asked;
    if suffices {
        store(queue + USED, load(queue + USED) + asked + taken);
        if goes_on {
            compute(last, part, &work);
        }
    } else {
        work = compute_each(queue);
    }
    if work.admits {
        admit(queue, &work);
    }
    pass_steps(queue, 1u, time_of_step(work.asked));
    var sequence = load(queue + RUNNERS + 1u);
    if !suffices {
        count_anew(queue);
    } else if goes_on {
        sequence = last;
    } else if last != 0u {
        sequence = load(last + BEHIND);
    }
    // Those who have computed all that they know get a token.
    loop {
        if sequence == 0u {
            break;
        }
        tally();
        store(sequence + SINCE, load(queue + STEPS));
        if load(sequence + COMPUTED) == known_of(sequence) {
            make_token(queue, sequence);
        }
        if load(sequence + DECODES) != 0u {
            join_decoding(queue, sequence);
        }
        sequence = load(sequence + BEHIND);
    }
}

// Admits those who wait, first come first served, as far as the budget goes: each only when the
// cache has room for the whole of its prompt.
fn admit(queue: u32, work: ptr<function, Work>) {
    loop {
        let first = load(queue + WAITERS + 1u);
        if first == 0u || (*work).spare == 0u || load(queue + RUNNERS) >= of_batcher(MAX_SEQUENCES) {
            break;
        }
        if !fits(first, free_of(queue)) {
            break;
        }
        tally();
        share_time(queue);
        take_out(queue + WAITERS, first);
        let part = part_of(first, (*work).spare);
        store(queue + USED, load(queue + USED) + needs_of(first, part));
        compute(first, part, work);
        store_wide(first + START, least(load_wide(first + START), load_wide(queue + CLOCK)));
        // Until it leaves, its time is what is shared beyond what has been.
        store_wide(first + BUSY, minus(load_wide(first + BUSY), load_wide(queue + SHARES)));
        put_last(queue + RUNNERS, first);
    }
}

// Shares the time since the last change of who runs.
fn share_time(queue: u32) {
    let runners = load(queue + RUNNERS);
    if runners > 0u {
        add_to(queue + SHARES, over_short(load_wide(queue + UNSHARED), runners));
    }
    store_wide(queue + UNSHARED, vec2<u32>());
}

// One does not run any more.
fn leave_runners(queue: u32, sequence: u32) {
    take_out(queue + RUNNERS, sequence);
    store(queue + USED, load(queue + USED) - held_by(sequence));
    add_to(sequence + BUSY, load_wide(queue + SHARES));
}

// Puts the last who runs back to the front of the queue, to be computed anew.
fn put_back(queue: u32) {
    let last = load(queue + RUNNERS + 2u);
    leave_runners(queue, last);
    store(last + COMPUTED, load(last + CACHED));
    store(last + DECODES, 0u);
    put_first(queue + WAITERS, last);
}

// Where tokens or blocks do not suffice for all: request by request.
fn compute_each(queue: u32) -> Work {
    share_time(queue);
    settle_all(queue);
    var work = Work(Asked(0u, vec2<u32>(), vec2<u32>()), of_batcher(MAX_TOKENS), true);
    var sequence = load(queue + RUNNERS + 1u);
    loop {
        if work.spare == 0u || sequence == 0u {
            break;
        }
        tally();
        let part = part_of(sequence, work.spare);
        let needs = needs_of(sequence, part);
        if free_of(queue) < needs {
            // The last makes room, unless it is this one.
            work.admits = false;
            let is_last = load(queue + RUNNERS + 2u) == sequence;
            put_back(queue);
            if is_last {
                break;
            }
            continue;
        }
        store(queue + USED, load(queue + USED) + needs);
        compute(sequence, part, &work);
        sequence = load(sequence + BEHIND);
    }
    store(queue + DECODING, 0u);
    return work;
}

fn settle_all(queue: u32) {
    var sequence = load(queue + RUNNERS + 1u);
    loop {
        if sequence == 0u {
            break;
        }
        tally();
        settle(queue, sequence);
        sequence = load(sequence + BEHIND);
    }
}

// Nobody is counted among those who decode.
fn count_anew(queue: u32) {
    store_wide(queue + CONTEXT, vec2<u32>());
    for (var remainder = 0u; remainder < BLOCK; remainder++) {
        tally();
        store(queue + ASKING + remainder, 0u);
    }
}

// Those who run leave that have their last token; where `due` is a time, those instead whose time
// is up by then, and who wait as well.
fn release(queue: u32, limit: vec2<u32>, due: vec2<u32>) {
    let steps = load(queue + STEPS);
    let looks_at_time = any(due != vec2<u32>());
    var soonest = 0xffffffffu;
    var next_due = NEVER;
    var waits = looks_at_time;
    var sequence = load(queue + select(RUNNERS, WAITERS, waits) + 1u);
    loop {
        if sequence == 0u {
            if !waits {
                break;
            }
            waits = false;
            sequence = load(queue + RUNNERS + 1u);
            continue;
        }
        tally_with(6u);
        let behind = load(sequence + BEHIND);
        var leaves = false;
        if looks_at_time {
            let until = until_of(load_wide(sequence + SEQUENCE_CAME));
            leaves = !is_less(due, until);
            next_due = select(least(next_due, until), next_due, leaves);
        }
        let decodes = load(sequence + DECODES) != 0u;
        if decodes && !leaves {
            let left = end_of(sequence) - steps;
            leaves = left == 0u;
            soonest = select(min(soonest, left), soonest, leaves);
        }
        if leaves {
            share_time(queue);
            if decodes {
                leave_decoding(queue, sequence);
            }
            if waits {
                take_out(queue + WAITERS, sequence);
            } else {
                leave_runners(queue, sequence);
            }
            depart_from_batcher(queue, sequence, limit, due);
        }
        sequence = behind;
    }
    store(queue + END_STEP, steps + soonest);
    if looks_at_time {
        store_wide(queue + DUE, ~next_due);
    }
}

// Counts one less who decodes.
fn leave_decoding(queue: u32, sequence: u32) {
    let asking = asking_of(queue, sequence);
    store(asking, load(asking) - 1u);
    settle(queue, sequence);
    store(queue + DECODING, load(queue + DECODING) - 1u);
    let context = load_wide(queue + CONTEXT);
    store_wide(queue + CONTEXT, minus(context, wide(load(sequence + COMPUTED))));
}

// Runs all steps that start before `limit`, or until the lane has to pause; on the way those leave
// whose time is up before `due_limit`.
fn advance_batcher(queue: u32, limit: vec2<u32>, due_limit: vec2<u32>) {
    loop {
        // Who is said to be due first may have left with its last token.
        let due = ~load_wide(queue + DUE);
        let is_due = is_less(due, due_limit);
        let before = select(limit, due, is_due);
        let end = units(before);
        var clock = load_wide(queue + CLOCK);
        if load(queue + RUNNERS) == 0u {
            let first = load(queue + WAITERS + 1u);
            let came = units(load_wide(first + SEQUENCE_CAME));
            clock = select(most(clock, came), NEVER, first == 0u);
        }
        let is_idle = !is_less(clock, end);
        if failed || paused || (is_idle && !is_due) {
            break;
        }
        tally_with(16u);
        if !is_idle {
            store_wide(queue + CLOCK, clock);
            if load(queue + RUNNERS) == 0u || !jump(queue, end) {
                take_step(queue);
            }
        }
        let is_done = load(queue + DECODING) > 0u && load(queue + END_STEP) == load(queue + STEPS);
        if is_idle || is_done {
            release(queue, before, select(vec2<u32>(), due, is_idle));
        }
        pause();
    }
}
