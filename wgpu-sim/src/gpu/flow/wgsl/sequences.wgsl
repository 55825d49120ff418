// The twin of cpu/sweep/stations/continuous.rs: requests in the replicas of a node that batches
// continuously, and the lists in which they wait and run.

// A sequence is known by its first word in the lane; 0 is none. The replicas of a node share their
// words, which are found by the request's number: of its rounds only one has room.
fn place_of(number: u32) -> u32 {
    return of_node(SEQUENCES) + (request_of(number) & REQUEST_MASK) * SEQUENCE_WORDS;
}

fn of_batcher(field: u32) -> u32 {
    return program[of_node(BATCHER) + field];
}

fn wide_of_batcher(field: u32) -> vec2<u32> {
    return vec2<u32>(of_batcher(field), of_batcher(field + 1u));
}

// Lists: how many there are, the first and the last.

fn put_last(list: u32, sequence: u32) {
    let before = load(list + 2u);
    store(sequence + BEFORE, before);
    store(sequence + BEHIND, 0u);
    store(select(before + BEHIND, list + 1u, before == 0u), sequence);
    store(list + 2u, sequence);
    increment(list);
}

fn put_first(list: u32, sequence: u32) {
    let behind = load(list + 1u);
    store(sequence + BEFORE, 0u);
    store(sequence + BEHIND, behind);
    store(select(behind + BEFORE, list + 2u, behind == 0u), sequence);
    store(list + 1u, sequence);
    increment(list);
}

fn take_out(list: u32, sequence: u32) {
    let before = load(sequence + BEFORE);
    let behind = load(sequence + BEHIND);
    store(select(before + BEHIND, list + 1u, before == 0u), behind);
    store(select(behind + BEFORE, list + 2u, behind == 0u), before);
    store(list, load(list) - 1u);
}

// The tokens of a request, by the list of what they are made of.
fn length_of(list: u32, request: u32) -> u32 {
    var sum = program[list + FIXED];
    for (var part = 0u; part < program[list + PARTS]; part++) {
        tally();
        let pair = list + LENGTH_WORDS + part * 2u;
        let value = value_of(program[pair], threefry(key, request, program[pair + 1u]));
        sum = select(sum + value, 0xffffffffu, sum + value < sum);
    }
    return max(min(sum, program[list + MOST]), 1u);
}

// Takes a request with what it draws, or drops it.
fn take_to_batcher(queue: u32, at: vec2<u32>, request: u32) -> Departure {
    let prompt = prompt_of(request);
    let longest = of_batcher(LONGEST);
    let room = max(longest - min(longest, prompt), 1u);
    let answer = min(length_of(of_batcher(ANSWER), request), room);
    var cached = 0u;
    if of_batcher(CACHED_TOKENS) > 0u
        && threefry(key, request, of_batcher(HIT_WORD)) <= of_batcher(HIT_LAST) {
        // At least the last token of a prompt is computed.
        cached = min(of_batcher(CACHED_TOKENS), (prompt - 1u) & ~(BLOCK - 1u));
    }
    let is_full = of_node(LIMIT) != UNLIMITED && load(queue + WAITERS) >= of_node(LIMIT);
    // The last token made is not stored.
    if is_full || blocks_of(prompt + answer - 1u, cached) > of_batcher(BLOCKS) {
        return dropped(at, request);
    }
    let sequence = place_of(request);
    if load(sequence) != 0u {
        // One that came long ago and is still there: losers of a join run to their end.
        overflow();
        return staying();
    }
    store(sequence, request + 1u);
    store_wide(sequence + SEQUENCE_CAME, at);
    store(sequence + PROMPT_TOKENS, prompt);
    store(sequence + ANSWER_TOKENS, answer);
    store(sequence + CACHED, cached);
    store(sequence + COMPUTED, cached);
    store(sequence + MADE, 0u);
    store(sequence + SINCE, 0u);
    store(sequence + DECODES, 0u);
    store_wide(sequence + START, NEVER);
    store_wide(sequence + FIRST_TOKEN, NEVER);
    store_wide(sequence + BUSY, vec2<u32>());
    put_last(queue + WAITERS, sequence);
    // Kept upside down, so that zero is never.
    store_wide(queue + DUE, ~least(~load_wide(queue + DUE), until_of(at)));
    return staying();
}

// Lets one depart that has its last token or whose time is up, by `due`; nothing asks any more who
// was here until `limit`.
fn depart_from_batcher(queue: u32, sequence: u32, limit: vec2<u32>, due: vec2<u32>) {
    let came = load_wide(sequence + SEQUENCE_CAME);
    let until = until_of(came);
    let end = ticks(load_wide(queue + CLOCK));
    let at = least(end, until);
    if of_node(ENDS) != 0u {
        let ends = queue + of_node(ENDS);
        pop_until(ends, of_node(ENDS_MASK), limit);
        if is_less(limit, at) {
            push_time(ends, of_node(ENDS_MASK), at);
        }
    }
    let is_late = is_less(until, end) || !is_less(due, until);
    let request = load(sequence) - 1u;
    store(sequence, 0u);
    var start = ticks(load_wide(sequence + START));
    var one = served(at, request, vec2<u32>(), 0u, 0u);
    if is_late {
        one.fate = TIMED_OUT_HERE;
        one.at = until;
        one.end = most(end, until);
        start = least(start, until);
    } else {
        one.head = narrow(beyond(at, ticks(load_wide(sequence + FIRST_TOKEN))));
        one.tokens = load(sequence + ANSWER_TOKENS);
    }
    one.wait = wide(narrow(beyond(start, came)));
    one.service = narrow(beyond(one.at, start));
    one.busy = load_wide(sequence + BUSY);
    depart(one);
}
