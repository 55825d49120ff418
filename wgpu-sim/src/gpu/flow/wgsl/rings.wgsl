// Rings in a lane's words: place of the first, number, then the entries. Capacities are powers of
// two; what is given is their mask.

// Messages in order of (time, request, edge), of six words: time, request, mark, head, tokens. The
// mark has the edge's place, and in bit 16 whether it brings a value.

struct Message {
    at: vec2<u32>,
    request: u32,
    mark: u32,
    head: u32,
    tokens: u32,
}

const MESSAGE = 6u;
const VALUE = 0x10000u;
const PLACE = 0xffffu;
// Marks a message as the end of an edge's time; it comes after all edges of its request.
const EXPIRY = 0x8000u;
// Marks the start of another round of a loop, for which no edge is awaited.
const START_OF_ROUND = 0x4000u;

fn message_at(word: u32) -> Message {
    return Message(
        load_wide(word), load(word + 2u), load(word + 3u), load(word + 4u), load(word + 5u),
    );
}

fn is_before(a: Message, b: Message) -> bool {
    if any(a.at != b.at) {
        return is_less(a.at, b.at);
    }
    if a.request != b.request {
        return a.request < b.request;
    }
    return (a.mark & PLACE) < (b.mark & PLACE);
}

fn first_message(ring: u32) -> Message {
    return message_at(ring + 2u + load(ring) * MESSAGE);
}

fn put_message(word: u32, message: Message) {
    store_wide(word, message.at);
    store(word + 2u, message.request);
    store(word + 3u, message.mark);
    store(word + 4u, message.head);
    store(word + 5u, message.tokens);
}

// What comes is nearly in order, so that few entries move.
fn push_message(ring: u32, mask: u32, message: Message) {
    let head = load(ring);
    var place = load(ring + 1u);
    if place > mask {
        overflow();
        return;
    }
    store(ring + 1u, place + 1u);
    loop {
        if place == 0u {
            break;
        }
        tally();
        let before = message_at(ring + 2u + ((head + place - 1u) & mask) * MESSAGE);
        if !is_before(message, before) {
            break;
        }
        put_message(ring + 2u + ((head + place) & mask) * MESSAGE, before);
        place--;
    }
    put_message(ring + 2u + ((head + place) & mask) * MESSAGE, message);
}

fn pop_first(ring: u32, mask: u32) {
    store(ring, (load(ring) + 1u) & mask);
    store(ring + 1u, load(ring + 1u) - 1u);
}

// Times in order, of two words.

fn time_in(ring: u32, mask: u32, place: u32) -> vec2<u32> {
    return load_wide(ring + 2u + ((load(ring) + place) & mask) * 2u);
}

fn push_time(ring: u32, mask: u32, time: vec2<u32>) {
    let head = load(ring);
    var place = load(ring + 1u);
    if place > mask {
        overflow();
        return;
    }
    store(ring + 1u, place + 1u);
    loop {
        if place == 0u {
            break;
        }
        tally();
        let before = load_wide(ring + 2u + ((head + place - 1u) & mask) * 2u);
        if !is_less(time, before) {
            break;
        }
        store_wide(ring + 2u + ((head + place) & mask) * 2u, before);
        place--;
    }
    store_wide(ring + 2u + ((head + place) & mask) * 2u, time);
}

// Takes out what is not after a time.
fn pop_until(ring: u32, mask: u32, time: vec2<u32>) {
    loop {
        if load(ring + 1u) == 0u || is_less(time, time_in(ring, mask, 0u)) {
            break;
        }
        tally();
        pop_first(ring, mask);
    }
}

// Puts the first of an ascending list of times, now `time`, into its place.
fn sink_first(list: u32, count: u32, time: vec2<u32>) {
    var slot = 0u;
    loop {
        if slot + 1u >= count {
            break;
        }
        tally();
        let next = load_wide(list + (slot + 1u) * 2u);
        if !is_less(next, time) {
            break;
        }
        store_wide(list + slot * 2u, next);
        slot++;
    }
    store_wide(list + slot * 2u, time);
}
