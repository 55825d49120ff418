// The twin of cpu/sweep/source.rs and visits.rs: arrivals, what leaves nodes, and counts.

// The requests on their way: when each was born, when it was first dropped, when an edge of it
// first ran out of time, and whether it left.
const REQUEST_WORDS = 7u;

fn known(request: u32) -> u32 {
    return REQUESTS + (request & REQUEST_MASK) * REQUEST_WORDS;
}

// What befalls a request first, while it is on its way: one that has left is none of ours.
fn befall(number: u32, event: u32, at: vec2<u32>) {
    let request = request_of(number);
    if request >= load(BASE) {
        let word = known(request) + event;
        store_wide(word, least(load_wide(word), at));
    }
}

fn time_out(number: u32, at: vec2<u32>) {
    befall(number, 4u, at);
}

fn come(at: vec2<u32>) {
    let visits = of_node(VISITS);
    add_to(visits + CAME, at);
    // Kept upside down, so that zero is the latest.
    let first = ~load_wide(visits + FIRST);
    store_wide(visits + FIRST, ~least(first, at));
}

// What every departure counts; a server may work on beyond it.
fn leave_node(at: vec2<u32>, end: vec2<u32>) {
    let visits = of_node(VISITS);
    add_to(visits + LEFT, at);
    store_wide(visits + LAST, most(load_wide(visits + LAST), most(at, end)));
}

// A visit's wait and service.
fn count_visit(wait: vec2<u32>, service: u32) {
    let visits = of_node(VISITS);
    increment(visits + SERVED);
    let short = min(narrow(wait), BACKLOG_LIMIT);
    if any(wait != wide(short)) {
        store(visits + SATURATED, 1u);
    }
    add_to(visits + WAIT_SUM, wide(short));
    add_to(visits + SERVICE_SUM, wide(service));
    let histograms = of_node(HISTOGRAMS);
    count_in(histograms, short);
    count_in(histograms + 1u, service);
    count_in(histograms + 2u, short + service);
}

// The servers' time: a batch's is shared by those in it.
fn count_busy(service: u32, size: u32) {
    let visits = of_node(VISITS);
    if size <= 1u {
        add_to(visits + ALONE, wide(service));
        return;
    }
    // In 2⁻¹⁶ ticks; sizes are below 2¹⁶.
    add_share(over_short(units(wide(service)), size));
    // 2³² over the size.
    let part = 0xffffffffu / size + select(0u, 1u, 0xffffffffu % size == size - 1u);
    add_to(visits + BATCHES, wide(part));
    increment(visits + TOGETHER);
}

// A share of the servers' time, in 2⁻¹⁶ ticks; the sum has three words.
fn add_share(share: vec2<u32>) {
    let word = of_node(VISITS) + SHARED;
    let before = load_wide(word);
    let after = plus(before, share);
    store_wide(word, after);
    if is_less(after, before) {
        increment(word + 2u);
    }
}

// What leaves a node; one who stays does not.
const STAYS = 0u;
const SERVED_HERE = 1u;
const DROPPED_HERE = 2u;
const SKIPPED_HERE = 3u;
// Its time was up before it was served.
const TIMED_OUT_HERE = 4u;

struct Departure {
    fate: u32,
    request: u32,
    at: vec2<u32>,
    wait: vec2<u32>,
    // How long it was served.
    service: u32,
    // How long a server worked on it and those with it, and until when.
    work: u32,
    end: vec2<u32>,
    // How many were served with it, itself included; 0 where `busy` is its share of the time.
    size: u32,
    busy: vec2<u32>,
    head: u32,
    tokens: u32,
}

fn staying() -> Departure {
    let zero = vec2<u32>();
    return Departure(STAYS, 0u, zero, zero, 0u, 0u, zero, 0u, zero, 0u, 0u);
}

fn dropped(at: vec2<u32>, request: u32) -> Departure {
    let zero = vec2<u32>();
    return Departure(DROPPED_HERE, request, at, zero, 0u, 0u, zero, 0u, zero, 0u, 0u);
}

// One that was served without tokens.
fn served(at: vec2<u32>, request: u32, wait: vec2<u32>, service: u32, size: u32) -> Departure {
    let zero = vec2<u32>();
    return Departure(SERVED_HERE, request, at, wait, service, service, at, size, zero, 0u, 0u);
}

// When the time of one is up that came at `at`.
fn until_of(at: vec2<u32>) -> vec2<u32> {
    return plus_capped(at, vec2<u32>(of_node(PATIENCE), of_node(PATIENCE_HIGH)));
}

// One that came at `at` and is served from `start` on, unless its time is up before: a server leaves
// it then, but a batch goes on without caring.
fn bounded(at: vec2<u32>, request: u32, start: vec2<u32>, service: u32, size: u32) -> Departure {
    let end = plus(start, wide(service));
    var one = served(end, request, minus(start, at), service, size);
    let until = until_of(at);
    if is_less(until, end) {
        let begun = least(start, until);
        one.fate = TIMED_OUT_HERE;
        one.at = until;
        one.wait = minus(begun, at);
        one.service = minus(until, begun).x;
        if of_node(KIND) != KIND_BATCH || !is_less(start, until) {
            one.work = one.service;
            one.end = until;
            one.size = min(one.work, 1u);
        }
    }
    return one;
}

// Drivers write a function anew wherever it is called, so that few places call this one.
fn depart(one: Departure) {
    if of_node(IS_SINK) != 0u {
        answer(one.at, one.request, one.fate == SERVED_HERE, one.head, one.tokens);
        return;
    }
    if is_counted(one.request) {
        leave_node(one.at, one.end);
        count_fate(one);
        count_end();
    }
    let fails = one.fate == DROPPED_HERE || one.fate == TIMED_OUT_HERE;
    let passes_on = fails && of_node(PASSES_ON_DROP) != 0u;
    if fails && !passes_on {
        befall(one.request, select(4u, 2u, one.fate == DROPPED_HERE), one.at);
    }
    let is_value = passes_on || one.fate == SERVED_HERE;
    send_along(
        of_node(OUTPUTS), of_node(OUTPUT_COUNT), of_node(INDEX), one.at, one.request, is_value,
        one.head, one.tokens,
    );
}

fn count_fate(one: Departure) {
    if one.fate == DROPPED_HERE {
        increment(of_node(VISITS) + DROPPED);
    } else if one.fate == SKIPPED_HERE {
        increment(of_node(VISITS) + SKIPPED);
    } else {
        if one.fate == TIMED_OUT_HERE {
            let visits = of_node(VISITS);
            increment(visits + TIMED_OUT);
            add_to(visits + WAITED, one.wait);
            add_to(visits + LOST, wide(one.service));
            store(visits + CUT_OFF, load(visits + CUT_OFF) + min(one.size, 1u));
        } else {
            count_visit(one.wait, one.service);
        }
        if one.size == 0u {
            add_share(one.busy);
        } else {
            count_busy(one.work, one.size);
        }
    }
}

fn count_end() {
    add_to(ENDED, wide(1u));
}

// Whether a visit's value takes an edge.
fn takes(edge: u32, station: u32, number: u32) -> bool {
    if program[edge + EDGE_CERTAIN] != 0u {
        return true;
    }
    let bits = draw(number, station, BRANCH, program[edge + EDGE_VISIT]);
    let low = program[edge + EDGE_LOW];
    let last = program[edge + EDGE_LAST];
    return bits >= low && bits <= last && low <= last;
}

// A request leaves the graph.
fn answer(at: vec2<u32>, request: u32, is_answered: bool, head: u32, tokens: u32) {
    let entry = known(request);
    store(entry + 6u, 1u);
    if is_counted(request) {
        count_end();
        if is_answered {
            count_answer(minus(at, load_wide(entry)), head, tokens);
        } else if !is_less(at, load_wide(entry + 2u)) {
            increment(LANE_DROPPED);
        } else if !is_less(at, load_wide(entry + 4u)) {
            increment(LANE_TIMED_OUT);
        } else {
            increment(LANE_UNANSWERED);
        }
    }
    var base = load(BASE);
    loop {
        if base == load(NEXT) || load(known(base) + 6u) == 0u {
            break;
        }
        tally();
        base++;
    }
    store(BASE, base);
}

fn count_answer(time: vec2<u32>, head: u32, tokens: u32) {
    increment(LANE_ANSWERED);
    add_to(TIMES_SUM, time);
    count_in(program[ENDING], narrow(time));
    let objective = vec2<u32>(program[OBJECTIVE], program[OBJECTIVE + 1u]);
    if !is_less(objective, time) {
        increment(LANE_WITHIN);
    }
    if program[HAS_STREAMS] == 0u {
        return;
    }
    let first = beyond(time, wide(head));
    add_to(FIRST_SUM, first);
    count_in(program[ENDING] + 1u, narrow(first));
    let behind = max(tokens, 1u) - 1u;
    if behind > 0u {
        let each = over(plus(wide(head), wide(behind / 2u)), behind);
        add_to(TOKEN_SUM, each);
        count_in(program[ENDING] + 2u, narrow(each));
    }
}

// The gap before a request, or when it arrives if that is not drawn here.
fn gap_of(request: u32) -> u32 {
    return value_of(program[GAPS], draw(request, 0u, GAP, 0u));
}

// The time of the next request's arrival, given that of the one before.
fn follow(request: u32, before: vec2<u32>, first: u32) -> vec2<u32> {
    if program[IS_STEADY] != 0u {
        return plus(before, wide(gap_of(request)));
    }
    let word = ((request - first) * slice.lanes + lane) * 2u;
    return vec2<u32>(arrivals[word], arrivals[word + 1u]);
}

// The next request enters, if it has room; `first` is the lane's next when the dispatch began.
fn enter(first: u32) {
    tally_with(2u);
    let at = load_wide(AT);
    let request = load(NEXT);
    if request - load(BASE) > REQUEST_MASK {
        overflow();
        return;
    }
    let entry = known(request);
    store_wide(entry, at);
    store_wide(entry + 2u, NEVER);
    store_wide(entry + 4u, NEVER);
    store(entry + 6u, 0u);
    store(NEXT, request + 1u);
    if is_counted(request) {
        increment(LANE_ENTERED);
        add_to(SPAN, wide(load(NEXT_GAP)));
    }
    send_along(program[ENTRIES], program[ENTRY_COUNT], program[NODE_COUNT], at, request, true, 0u, 0u);
    let next = follow(request + 1u, at, first);
    store(NEXT_GAP, narrow(minus(next, at)));
    store_wide(AT, next);
}

// Before the first request.
fn begin() {
    let at = follow(0u, vec2<u32>(), 0u);
    store_wide(AT, at);
    store(NEXT_GAP, narrow(at));
}
