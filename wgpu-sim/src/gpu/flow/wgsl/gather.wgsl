// The twin of cpu/sweep/gather.rs: what a node waits for.

// What is heard of a visit: its number plus one, edges that have spoken, edges that are settled, edges
// that brought a value, whether that is decided, when the first token was there, and how many there
// are.
const HEARD_WORDS = 8u;

// The entry of a visit, which is made where there is none; 0 for an end of time that comes after all,
// and where another visit stands in the way.
fn heard_of(number: u32, is_expiry: bool) -> u32 {
    let entry = of_node(HEARD) + heard_slot(number) * HEARD_WORDS;
    let known = load(entry);
    if known == number + 1u {
        return entry;
    }
    if is_expiry {
        return 0u;
    }
    if known != 0u {
        overflow();
        return 0u;
    }
    let kept = kept_of(number);
    store(entry, number + 1u);
    store(entry + 1u, kept.x);
    store(entry + 2u, kept.x);
    store(entry + 3u, kept.y);
    store(entry + 4u, 0u);
    store_wide(entry + 5u, NEVER);
    store(entry + 7u, 0u);
    return entry;
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
    let place = message.mark & PLACE;
    let is_expiry = place >= EXPIRY;
    let entry = heard_of(message.request, is_expiry);
    if entry == 0u {
        return Decision(UNDECIDED, 0u, 0u);
    }
    let bit = 1u << (place & 31u);
    let settled_before = load(entry + 2u);
    let is_late = (settled_before & bit) != 0u;
    let was_decided = load(entry + 4u) != 0u;
    var spoken = load(entry + 1u);
    if is_expiry {
        if was_decided || is_late {
            return Decision(UNDECIDED, 0u, 0u);
        }
        time_out(message.request, message.at);
    } else {
        spoken |= bit;
        store(entry + 1u, spoken);
    }
    let settled = settled_before | bit;
    store(entry + 2u, settled);
    var outcome = UNDECIDED;
    let kept = kept_of(message.request).y;
    var values = load(entry + 3u);
    if !is_late && !was_decided {
        if (message.mark & VALUE) != 0u {
            if values == kept {
                start_timers(message);
            }
            values |= bit;
            store(entry + 3u, values);
            let first = beyond(message.at, wide(message.head));
            store_wide(entry + 5u, least(load_wide(entry + 5u), first));
            store(entry + 7u, load(entry + 7u) + message.tokens);
        }
        outcome = decide(settled, values);
        // What an earlier round brought starts no other.
        if outcome == RUNS && kept != 0u && values == kept {
            outcome = SKIPS;
        }
        store(entry + 4u, select(0u, 1u, outcome != UNDECIDED));
    }
    var head = 0u;
    var tokens = 0u;
    let is_one = countOneBits(values & ~kept) == 1u;
    if outcome == RUNS && of_node(STREAMS) != 0u && (of_node(IS_SINK) != 0u || is_one) {
        head = narrow(beyond(message.at, load_wide(entry + 5u)));
        tokens = load(entry + 7u);
    }
    if (was_decided || outcome != UNDECIDED) && spoken == of_node(ALL) {
        store(entry, 0u);
    }
    return Decision(outcome, head, tokens);
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

// The next message or end of an edge's time, strictly before the horizon.
struct Coming {
    message: Message,
    is_any: bool,
    is_timer: bool,
}

fn coming(horizon: vec2<u32>) -> Coming {
    let inbox = of_node(INBOX);
    let timers = of_node(TIMERS);
    var next = Coming(Message(horizon, 0u, 0u, 0u, 0u), false, false);
    if load(inbox + 1u) > 0u {
        let first = first_message(inbox);
        if is_less(first.at, horizon) {
            next = Coming(first, true, false);
        }
    }
    if of_node(TIMEOUT_COUNT) > 0u && load(timers + 1u) > 0u {
        let timer = first_message(timers);
        if is_less(timer.at, horizon) && (!next.is_any || is_before(timer, next.message)) {
            next = Coming(timer, true, true);
        }
    }
    return next;
}

// Takes it out, and says what it decides.
fn take_coming(next: Coming) -> Decision {
    if next.is_timer {
        pop_first(of_node(TIMERS), of_node(TIMERS_MASK));
    } else {
        pop_first(of_node(INBOX), of_node(INBOX_MASK));
    }
    if (next.message.mark & START_OF_ROUND) != 0u {
        return Decision(RUNS, 0u, 0u);
    }
    if of_node(IS_SINGLE) == 0u {
        return hear(next.message);
    }
    return hear_one(next.message);
}
