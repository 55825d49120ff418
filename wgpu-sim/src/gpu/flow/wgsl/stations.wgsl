// The twin of cpu/sweep/stations: what a node does with the requests that reach it.

// A queue, first come first served: for each server when it is free, which request it serves until
// then (plus one), its service, its wait and its fate; then when those who wait will start or give
// up, where the queue has a limit; then when those who are here will depart, where requests are
// routed by that.
const SERVER_WORDS = 7u;

// The one whose service ends at a server, if there is one.
fn served_by(server: u32) -> Departure {
    let request = load(server + 2u);
    if request == 0u {
        return staying();
    }
    store(server + 2u, 0u);
    var one = served(
        load_wide(server), request - 1u, load_wide(server + 4u), load(server + 3u), 1u,
    );
    one.fate = load(server + 6u);
    return one;
}

fn advance_servers(queue: u32, limit: vec2<u32>) {
    for (var at = 0u; at < of_node(SERVERS); at++) {
        let server = queue + at * SERVER_WORDS;
        if !is_less(load_wide(server), limit) {
            break;
        }
        tally_with(4u);
        let one = served_by(server);
        if one.fate != STAYS {
            depart(one);
        }
    }
}

// Takes a request, which the server will serve next, and says who departs: the one before it, or
// itself if the queue is full or its time is up before.
fn take_to_serve(queue: u32, at: vec2<u32>, request: u32, service: u32) -> Departure {
    let start = most(load_wide(queue), at);
    if of_node(LIMIT) != UNLIMITED {
        let starts = queue + of_node(STARTS);
        let mask = of_node(STARTS_MASK);
        pop_until(starts, mask, at);
        if is_less(at, start) {
            if load(starts + 1u) >= of_node(LIMIT) {
                return dropped(at, request);
            }
            push_time(starts, mask, least(start, until_of(at)));
        }
    }
    let one = bounded(at, request, start, service, 1u);
    let end = one.at;
    if of_node(ENDS) != 0u {
        push_time(queue + of_node(ENDS), of_node(ENDS_MASK), end);
    }
    if one.size == 0u {
        return one;
    }
    let before = served_by(queue);
    var slot = 0u;
    loop {
        if slot + 1u >= of_node(SERVERS) {
            break;
        }
        let source = queue + (slot + 1u) * SERVER_WORDS;
        if !is_less(load_wide(source), end) {
            break;
        }
        tally();
        let place_before = queue + slot * SERVER_WORDS;
        store_wide(place_before, load_wide(source));
        store_wide(place_before + 2u, load_wide(source + 2u));
        store_wide(place_before + 4u, load_wide(source + 4u));
        store(place_before + 6u, load(source + 6u));
        slot++;
    }
    let place = queue + slot * SERVER_WORDS;
    store_wide(place, end);
    store(place + 2u, request + 1u);
    store(place + 3u, one.service);
    store_wide(place + 4u, one.wait);
    store(place + 6u, one.fate);
    return before;
}

// Dynamic batching: for each server when it is free; then those who wait, of three words: when
// they came and which they are; then when those in service will depart.

const WAITING_WORDS = 3u;

fn waiting_in(queue: u32, place: u32) -> u32 {
    let ring = queue + of_node(WAITING);
    return ring + 2u + ((load(ring) + place) & of_node(WAITING_MASK)) * WAITING_WORDS;
}

// When the next batch starts, as far as those who have come decide it.
fn launch_of(queue: u32) -> vec2<u32> {
    let waiting = load(queue + of_node(WAITING) + 1u);
    if waiting == 0u {
        return NEVER;
    }
    let first = load_wide(waiting_in(queue, 0u));
    let ready = most(load_wide(queue), first);
    let patience = most(ready, plus(first, wide(of_node(DELAY))));
    var full = NEVER;
    if waiting >= of_node(SIZES) {
        full = load_wide(waiting_in(queue, of_node(SIZES) - 1u));
    }
    return most(least(full, patience), ready);
}

// Batches start before `limit`; those whose time is up before `due_limit` leave instead. They came in
// the order in which they give up, so that only the first is asked.
fn advance_batches(queue: u32, limit: vec2<u32>, due_limit: vec2<u32>) {
    let ring = queue + of_node(WAITING);
    loop {
        var launch = launch_of(queue);
        if failed || all(launch == NEVER) {
            break;
        }
        let due = until_of(load_wide(waiting_in(queue, 0u)));
        let gives_up = !is_less(launch, due) && is_less(due, due_limit);
        if !gives_up && !is_less(launch, limit) {
            break;
        }
        tally_with(8u);
        var size = 1u;
        var service = 0u;
        if gives_up {
            launch = NEVER;
        } else {
            let available = min(load(ring + 1u), of_node(SIZES));
            loop {
                if size >= available || is_less(launch, load_wide(waiting_in(queue, size))) {
                    break;
                }
                tally();
                size++;
            }
            service = program[of_node(TABLE) + size - 1u];
            sink_first(queue, of_node(SERVERS), plus(launch, wide(service)));
        }
        for (var number = 0u; number < size; number++) {
            tally_with(5u);
            let entry = waiting_in(queue, 0u);
            let one = bounded(load_wide(entry), load(entry + 2u), launch, service, size);
            pop_first(ring, of_node(WAITING_MASK));
            if of_node(ENDS) != 0u && !gives_up {
                push_time(queue + of_node(ENDS), of_node(ENDS_MASK), one.at);
            }
            depart(one);
        }
    }
}

fn take_to_batch(queue: u32, at: vec2<u32>, request: u32) -> Departure {
    let ring = queue + of_node(WAITING);
    let waiting = load(ring + 1u);
    if of_node(LIMIT) != UNLIMITED && waiting >= of_node(LIMIT) {
        return dropped(at, request);
    }
    if waiting > of_node(WAITING_MASK) {
        overflow();
        return staying();
    }
    store(ring + 1u, waiting + 1u);
    let entry = waiting_in(queue, waiting);
    store_wide(entry, at);
    store(entry + 2u, request);
    return staying();
}

// Replicas: before them whose turn it is.

fn queue_of(replica: u32) -> u32 {
    return of_node(STATION) + 1u + replica * of_node(QUEUE_WORDS);
}

// Does all that happens strictly before `limit`, or until the lane has to pause; then those go whose
// time is up before `due_limit`.
fn advance_queues(limit: vec2<u32>, due_limit: vec2<u32>) {
    for (var replica = 0u; replica < of_node(QUEUES); replica++) {
        tally_with(32u);
        let queue = queue_of(replica);
        switch of_node(KIND) {
            case KIND_BATCH: {
                advance_batches(queue, limit, due_limit);
            }
            case KIND_CONTINUOUS: {
                advance_batcher(queue, limit, due_limit);
            }
            default: {
                advance_servers(queue, limit);
            }
        }
    }
}

// Requests routed to a replica that have not departed until `at`.
fn load_of(replica: u32, at: vec2<u32>) -> u32 {
    let queue = queue_of(replica);
    let ends = queue + of_node(ENDS);
    pop_until(ends, of_node(ENDS_MASK), at);
    let serving = load(ends + 1u);
    if of_node(KIND) == KIND_BATCH {
        return serving + load(queue + of_node(WAITING) + 1u);
    }
    if of_node(KIND) == KIND_CONTINUOUS {
        return serving + load(queue + RUNNERS) + load(queue + WAITERS);
    }
    return serving;
}

fn route(at: vec2<u32>, request: u32) -> u32 {
    let count = of_node(QUEUES);
    let routing = of_node(ROUTING);
    let station = of_node(INDEX);
    if count == 1u || routing == ROUTE_CENTRAL {
        return 0u;
    }
    if routing == ROUTE_ROUND_ROBIN {
        let replica = load(of_node(STATION));
        store(of_node(STATION), select(0u, replica + 1u, replica + 1u < count));
        return replica;
    }
    let bits = draw(request, station, ROUTE, 0u);
    if routing == ROUTE_RANDOM {
        return pick(bits, count);
    }
    if routing == ROUTE_POWER_OF_TWO {
        let first = pick(bits, count);
        // The second is another than the first.
        var second = pick(draw(request, station, ROUTE, 1u), count - 1u);
        second += select(0u, 1u, second >= first);
        return select(first, second, load_of(second, at) < load_of(first, at));
    }
    var fewest = 0xffffffffu;
    var equals = 0u;
    for (var replica = 0u; replica < count; replica++) {
        tally_with(1u);
        let here = load_of(replica, at);
        equals = select(select(equals, equals + 1u, here == fewest), 1u, here < fewest);
        fewest = min(fewest, here);
    }
    var left = pick(bits, equals);
    for (var replica = 0u; replica < count; replica++) {
        tally_with(1u);
        if load_of(replica, at) == fewest {
            if left == 0u {
                return replica;
            }
            left--;
        }
    }
    return 0u;
}

// A request comes to the node, or the word that it will not; what happens before has happened.
fn arrive(at: vec2<u32>, request: u32, is_value: bool, head: u32, tokens: u32) {
    if is_counted(request) {
        come(at);
    }
    let one = receive(at, request, is_value, head, tokens);
    if one.fate != STAYS {
        depart(one);
    }
}

// Who departs as it comes.
fn receive(at: vec2<u32>, request: u32, is_value: bool, head: u32, tokens: u32) -> Departure {
    let kind = of_node(KIND);
    if !is_value {
        var skipped = dropped(at, request);
        skipped.fate = SKIPPED_HERE;
        return skipped;
    }
    var service = 0u;
    if kind == KIND_DELAY || kind == KIND_SERVE {
        service = value_of(of_node(TABLE), draw(request, of_node(INDEX), SERVICE, 0u));
    }
    if kind == KIND_INSTANT || kind == KIND_DELAY {
        // It does not wait, and a stream stays one.
        var one = served(at, request, vec2<u32>(), 0u, 1u);
        if kind == KIND_DELAY {
            one = bounded(at, request, at, service, 1u);
        }
        if one.fate == SERVED_HERE && (head != 0u || tokens != 0u) {
            one.size = 0u;
            one.head = head;
            one.tokens = tokens;
        }
        return one;
    }
    let queue = queue_of(route(at, request));
    if kind == KIND_SERVE {
        return take_to_serve(queue, at, request, service);
    }
    if kind == KIND_BATCH {
        return take_to_batch(queue, at, request);
    }
    return take_to_batcher(queue, at, request);
}
