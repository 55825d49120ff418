// The twin of cpu/sweep.rs: windows of arrivals, node by node. No request comes back, and each visit
// has the number of its request.

fn request_of(number: u32) -> u32 {
    return number;
}

fn heard_slot(number: u32) -> u32 {
    return number & of_node(HEARD_MASK);
}

// Edges of which nothing is awaited, and those whose value is known.
fn kept_of(number: u32) -> vec2<u32> {
    return vec2<u32>();
}

fn prompt_of(number: u32) -> u32 {
    return length_of(of_batcher(PROMPT), number);
}

// Sends along edges; one that the request does not take carries the word that there is no value at
// once.
fn send_along(
    list: u32, count: u32, station: u32, at: vec2<u32>, request: u32, is_value: bool, head: u32, tokens: u32,
) {
    for (var number = 0u; number < count; number++) {
        tally_with(1u);
        let edge = list + number * EDGE_WORDS;
        let taken = is_value && takes(edge, station, request);
        let receiver = program[edge + EDGE_TO];
        let mark = program[edge + EDGE_PLACE] | select(0u, VALUE, taken);
        let arrives = select(at, plus(at, wide(program[edge + EDGE_HOP])), taken);
        let message = Message(arrives, request, mark, select(0u, head, taken), select(0u, tokens, taken));
        push_message(program[receiver + INBOX], program[receiver + INBOX_MASK], message);
    }
}

// All that happens at the node strictly before the horizon, or until the lane has to pause.
fn take_turn(horizon: vec2<u32>) {
    loop {
        let next = coming(horizon);
        let at = next.message.at;
        pause();
        if !paused {
            // Who comes as the time of others is up finds them gone.
            advance_queues(at, plus(at, wide(select(0u, 1u, next.is_any))));
        }
        if failed || paused || !next.is_any {
            break;
        }
        tally_with(55u);
        let decision = take_coming(next);
        if decision.outcome != UNDECIDED {
            arrive(at, next.message.request, decision.outcome == RUNS, decision.head, decision.tokens);
        }
    }
}

// The turns of the nodes that a window has left; a lane that has to pause goes on from there.
fn take_turns() {
    let horizon = load_wide(AT);
    loop {
        let left = load(TURNS);
        if left == 0u {
            break;
        }
        tally_with(56u);
        node = NODES + (program[NODE_COUNT] - left) * NODE_WORDS;
        take_turn(horizon);
        if paused || failed {
            break;
        }
        store(TURNS, left - 1u);
    }
}

// Goes on; what is left of a dispatch's windows is known to `windows`.
fn advance(first: u32, windows: ptr<function, u32>) {
    if load(TURNS) == 0u {
        *windows -= 1u;
        for (var number = 0u; number < WINDOW && !failed; number++) {
            enter(first);
        }
        store(TURNS, program[NODE_COUNT]);
    }
    if !failed {
        take_turns();
    }
}

fn goal() -> vec2<u32> {
    return vec2<u32>(program[GOAL], program[GOAL + 1u]);
}
