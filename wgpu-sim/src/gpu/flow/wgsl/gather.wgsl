// The twin of cpu/sweep/gather.rs: what a node waits for.

// What is heard of a request: edges that have spoken, edges that are settled, edges that brought a
// value, whether that is decided, when the first token was there, and how many there are.
const HEARD_WORDS = 7u;

// Before the entries: the first request of which anything is awaited, and the first not heard of.
fn heard_of(request: u32) -> u32 {
    return of_node(HEARD) + 2u + (request & of_node(HEARD_MASK)) * HEARD_WORDS;
}

// Makes room for a request; false if it has been decided long ago or does not fit.
fn is_heard(request: u32) -> bool {
    let base = load(of_node(HEARD));
    if request < base {
        return false;
    }
    if request - base > of_node(HEARD_MASK) {
        overflow();
        return false;
    }
    var known = load(of_node(HEARD) + 1u);
    loop {
        if known > request {
            break;
        }
        tally();
        let entry = heard_of(known);
        store(entry, 0u);
        store(entry + 1u, 0u);
        store(entry + 2u, 0u);
        store(entry + 3u, 0u);
        store_wide(entry + 4u, NEVER);
        store(entry + 6u, 0u);
        known++;
        store(of_node(HEARD) + 1u, known);
    }
    return true;
}

const UNDECIDED = 0u;
const RUNS = 1u;
const SKIPS = 2u;

// Whether the node runs for a request, if that is clear.
fn decide(settled: u32, values: u32) -> u32 {
    let all = of_node(ALL);
    let list = of_node(RULE_LIST);
    if of_node(RULE) == RULE_PORTS {
        let required = of_node(REQUIRED);
        var is_clear = true;
        for (var at = 0u; at < required; at++) {
            tally();
            let port = program[list + at];
            let is_there = (values & port) != 0u;
            if !is_there && (settled & port) == port {
                return SKIPS;
            }
            is_clear = is_clear && is_there;
        }
        for (var at = 0u; at < of_node(OPTIONAL); at++) {
            tally();
            let port = program[list + required + at];
            is_clear = is_clear && ((values & port) != 0u || (settled & port) == port);
        }
        return select(UNDECIDED, RUNS, is_clear);
    }
    if of_node(RULE) == RULE_ALL {
        return select(UNDECIDED, select(SKIPS, RUNS, values != 0u), settled == all);
    }
    if countOneBits(values) >= list {
        return RUNS;
    }
    return select(UNDECIDED, SKIPS, settled == all);
}

// What a message decides: whether the node runs, and the stream that comes to it.
struct Decision {
    outcome: u32,
    head: u32,
    tokens: u32,
}

// Takes one message, which may decide something.
fn hear(message: Message) -> Decision {
    if !is_heard(message.request) {
        return Decision(UNDECIDED, 0u, 0u);
    }
    let entry = heard_of(message.request);
    let place = message.mark & PLACE;
    let is_expiry = place >= EXPIRY;
    let bit = 1u << (place & 31u);
    let settled_before = load(entry + 1u);
    if is_expiry {
        if load(entry + 3u) != 0u || (settled_before & bit) != 0u {
            return Decision(UNDECIDED, 0u, 0u);
        }
        time_out(message.request, message.at);
    } else {
        store(entry, load(entry) | bit);
    }
    let is_late = (settled_before & bit) != 0u;
    let settled = settled_before | bit;
    store(entry + 1u, settled);
    var decision = UNDECIDED;
    var values = load(entry + 2u);
    if !is_late && load(entry + 3u) == 0u {
        if (message.mark & VALUE) != 0u {
            if values == 0u {
                start_timers(message);
            }
            values |= bit;
            store(entry + 2u, values);
            let first = beyond(message.at, wide(message.head));
            store_wide(entry + 4u, least(load_wide(entry + 4u), first));
            store(entry + 6u, load(entry + 6u) + message.tokens);
        }
        decision = decide(settled, values);
        store(entry + 3u, select(0u, 1u, decision != UNDECIDED));
    }
    var head = 0u;
    var tokens = 0u;
    let is_one = countOneBits(values) == 1u;
    if decision == RUNS && of_node(STREAMS) != 0u && (of_node(IS_SINK) != 0u || is_one) {
        head = narrow(beyond(message.at, load_wide(entry + 4u)));
        tokens = load(entry + 6u);
    }
    forget_decided();
    return Decision(decision, head, tokens);
}

// The same where a single edge decides.
fn hear_one(message: Message) -> Decision {
    let outcome = select(SKIPS, RUNS, (message.mark & VALUE) != 0u);
    let streams = of_node(STREAMS) != 0u;
    return Decision(outcome, select(0u, message.head, streams), select(0u, message.tokens, streams));
}

// The time of the edges that have one runs from the first value.
fn start_timers(message: Message) {
    for (var at = 0u; at < of_node(TIMEOUT_COUNT); at++) {
        tally_with(1u);
        let pair = of_node(TIMEOUTS) + at * 2u;
        let end = plus(message.at, wide(program[pair + 1u]));
        let mark = program[pair] | EXPIRY;
        let timer = Message(end, message.request, mark, 0u, 0u);
        push_message(of_node(TIMERS), of_node(TIMERS_MASK), timer);
    }
}

fn forget_decided() {
    let ring = of_node(HEARD);
    var base = load(ring);
    loop {
        if base == load(ring + 1u) {
            break;
        }
        let entry = heard_of(base);
        if load(entry + 3u) == 0u || load(entry) != of_node(ALL) {
            break;
        }
        tally();
        base++;
    }
    store(ring, base);
}

// All that happens at the node strictly before the horizon, or until the lane has to pause.
fn take_turn(horizon: vec2<u32>) {
    let inbox = of_node(INBOX);
    let timers = of_node(TIMERS);
    loop {
        var message = Message(horizon, 0u, 0u, 0u, 0u);
        var has_message = load(inbox + 1u) > 0u;
        if has_message {
            let first = first_message(inbox);
            has_message = is_less(first.at, horizon);
            if has_message {
                message = first;
            }
        }
        var has_timer = of_node(TIMEOUT_COUNT) > 0u && load(timers + 1u) > 0u;
        if has_timer {
            let timer = first_message(timers);
            has_timer = is_less(timer.at, horizon) && (!has_message || is_before(timer, message));
            if has_timer {
                message = timer;
            }
        }
        let has_any = has_message || has_timer;
        pause();
        if !paused {
            // Who comes as the time of others is up finds them gone.
            advance_queues(message.at, plus(message.at, wide(select(0u, 1u, has_any))));
        }
        if failed || paused || !has_any {
            break;
        }
        tally_with(55u);
        if has_timer {
            pop_first(timers, of_node(TIMERS_MASK));
        } else {
            pop_first(inbox, of_node(INBOX_MASK));
        }
        var decision = hear_one(message);
        if of_node(IS_SINGLE) == 0u {
            decision = hear(message);
        }
        if decision.outcome != UNDECIDED {
            arrive(message.at, message.request, decision.outcome == RUNS, decision.head, decision.tokens);
        }
    }
}
