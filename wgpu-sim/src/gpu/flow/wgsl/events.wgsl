// The twin of cpu/sweep/events.rs: each window is one moment, the next at which anything happens
// anywhere.

// Puts a word into the inbox at the end of an edge, where it wakes the node.
fn bring(receiver: u32, message: Message) {
    push_message(program[receiver + INBOX], program[receiver + INBOX_MASK], message);
    wake(receiver, message.at);
}

// When each node has something to do is kept upside down, so that zero is never.
fn wake(receiver: u32, at: vec2<u32>) {
    let word = program[receiver + WAKE];
    store_wide(word, ~least(~load_wide(word), at));
    if !is_less(load_wide(NOW), at) {
        // Where it stands, from the last: it takes its turn in this moment.
        let place = program[NODE_COUNT] - (receiver - NODES) / NODE_WORDS;
        store(AGAIN, max(load(AGAIN), place));
    }
}

fn wakes_at(place: u32) -> vec2<u32> {
    return ~load_wide(program[place + WAKE]);
}

// When something happens in a queue, if nobody comes: not before this has it anything to tell.
fn next_of_queue(queue: u32) -> vec2<u32> {
    var next = NEVER;
    if of_node(KIND) == KIND_BATCH {
        let launch = launch_of(queue);
        if any(launch != NEVER) {
            next = least(launch, until_of(load_wide(waiting_in(queue, 0u))));
        }
    } else if of_node(KIND) == KIND_CONTINUOUS {
        let step = next_step(queue);
        if any(step != NEVER) {
            next = vec2<u32>((step.x >> 16u) | (step.y << 16u), step.y >> 16u);
        }
        next = least(next, ~load_wide(queue + DUE));
    } else {
        for (var at = 0u; at < of_node(SERVERS); at++) {
            tally();
            let server = queue + at * SERVER_WORDS;
            if load(server + 2u) != 0u {
                next = load_wide(server);
                break;
            }
        }
    }
    return next;
}

// When the next step starts after which it is not clear what comes: that in which a prompt is
// computed, or one who decodes may end.
fn next_step(queue: u32) -> vec2<u32> {
    if load(queue + RUNNERS) == 0u {
        let first = load(queue + WAITERS + 1u);
        let came = units(load_wide(first + SEQUENCE_CAME));
        return select(most(load_wide(queue + CLOCK), came), NEVER, first == 0u);
    }
    let before = max(jumpable(queue), 1u) - 1u;
    return plus_capped(load_wide(queue + CLOCK), time_of_steps(decoding_of(queue), before));
}

// When something happens at the node next, as far as is known.
fn next_of_node() -> vec2<u32> {
    var next = coming(NEVER).message.at;
    for (var replica = 0u; replica < of_node(QUEUES); replica++) {
        tally_with(4u);
        next = least(next, next_of_queue(queue_of(replica)));
    }
    return next;
}

// Who comes to a node at a moment: the number of each, whether it brings a value, and its stream.
const ARRIVAL_WORDS = 4u;

// Collects them before any of them is served.
fn collect(horizon: vec2<u32>) {
    let list = program[ARRIVED];
    loop {
        let next = coming(horizon);
        if failed || !next.is_any {
            break;
        }
        tally_with(16u);
        let decision = take_coming(next);
        if decision.outcome == UNDECIDED {
            continue;
        }
        let count = load(list + 1u);
        if count > program[ARRIVED_MASK] {
            overflow();
            break;
        }
        let entry = list + 2u + ((load(list) + count) & program[ARRIVED_MASK]) * ARRIVAL_WORDS;
        store(list + 1u, count + 1u);
        store(entry, next.message.request);
        store(entry + 1u, select(0u, 1u, decision.outcome == RUNS));
        store(entry + 2u, decision.head);
        store(entry + 3u, decision.tokens);
    }
}

// A node's turn at one moment, or until the lane has to pause.
fn take_turn(now: vec2<u32>) {
    let list = program[ARRIVED];
    let after = plus(now, wide(1u));
    if load(SERVES) == 0u {
        collect(after);
        store(SERVES, 1u);
    }
    loop {
        let is_any = load(list + 1u) > 0u;
        pause();
        if !paused {
            // Who comes as the time of others is up finds them gone.
            advance_queues(select(after, now, is_any), after);
        }
        if failed || paused || !is_any {
            break;
        }
        tally_with(55u);
        let entry = list + 2u + load(list) * ARRIVAL_WORDS;
        let number = load(entry);
        let is_value = load(entry + 1u) != 0u;
        let head = load(entry + 2u);
        let tokens = load(entry + 3u);
        pop_first(list, program[ARRIVED_MASK]);
        arrive(now, number, is_value, head, tokens);
    }
    if !failed && !paused {
        store(SERVES, 0u);
        store_wide(of_node(WAKE), vec2<u32>());
        wake(node, next_of_node());
    }
}

// The turns of a moment, always of the first node that has something to do; a lane that has to pause
// goes on from there.
fn take_turns() {
    let now = load_wide(NOW);
    loop {
        let left = load(TURNS);
        if left == 0u {
            break;
        }
        tally();
        node = NODES + (program[NODE_COUNT] - left) * NODE_WORDS;
        if !is_less(now, wakes_at(node)) {
            tally_with(64u);
            take_turn(now);
            if paused || failed {
                break;
            }
        }
        store(TURNS, max(left - 1u, load(AGAIN)));
        store(AGAIN, 0u);
    }
}

// Goes on, until the arrivals of so many windows have entered; then none of them is left.
fn advance(first: u32, windows: ptr<function, u32>) {
    if load(TURNS) == 0u {
        var now = load_wide(AT);
        for (var place = 0u; place < program[NODE_COUNT]; place++) {
            tally();
            now = least(now, wakes_at(NODES + place * NODE_WORDS));
        }
        store_wide(NOW, now);
        loop {
            if failed || any(load_wide(AT) != now) {
                break;
            }
            if load(NEXT) - first >= slice.windows * WINDOW {
                *windows = 0u;
                return;
            }
            if load(NEXT) >= program[ROUND_SPAN] {
                overflow();
            }
            enter(first);
        }
        store(AGAIN, 0u);
        store(TURNS, program[NODE_COUNT]);
    }
    if !failed {
        take_turns();
    }
}

// Each further round is awaited at each node of its loop.
fn goal() -> vec2<u32> {
    return plus(vec2<u32>(program[GOAL], program[GOAL + 1u]), load_wide(MORE));
}
