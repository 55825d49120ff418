// The twin of cpu/sweep/events/rounds.rs and send.rs: visits are numbered by their rounds, and what
// leaves a node goes onward, out of its loop, or back to the next round.

fn round_of(number: u32) -> u32 {
    return number / program[ROUND_SPAN];
}

fn request_of(number: u32) -> u32 {
    return number % program[ROUND_SPAN];
}

// Of the rounds of a request some may be awaited at once.
fn heard_slot(number: u32) -> u32 {
    let rounds = of_node(ROUND_MASK);
    let slot = request_of(number) * (rounds + 1u) + (round_of(number) & rounds);
    return slot & of_node(HEARD_MASK);
}

// Edges of which nothing is awaited, and those whose value of an earlier round still holds. In the
// first round nobody waits for edges back, later not for what comes from outside.
fn kept_of(number: u32) -> vec2<u32> {
    let kept = select(0u, of_node(KEPT), round_of(number) > 0u);
    // A join waits for the values of its own round.
    return vec2<u32>(kept | of_node(ABSENT), select(0u, kept, of_node(RULE) == RULE_PORTS));
}

fn sum_capped(a: u32, b: u32) -> u32 {
    return select(a + b, 0xffffffffu, a + b < a);
}

// The tokens of a prompt: in a later round with what the rounds before added.
fn prompt_of(number: u32) -> u32 {
    let first = length_of(of_batcher(PROMPT), request_of(number));
    var whole = first;
    var before = request_of(number);
    loop {
        if before == number {
            break;
        }
        tally_with(1u);
        whole = sum_capped(whole, length_of(of_batcher(ANSWER), before));
        whole = sum_capped(whole, of_batcher(GROWTH));
        before += program[ROUND_SPAN];
    }
    let longest = max(of_batcher(LONGEST), 1u) - 1u;
    return min(whole, max(longest, first));
}

// What an edge carries: a value, or the word that there is none.
struct Sent {
    at: vec2<u32>,
    is_value: bool,
    head: u32,
    tokens: u32,
}

// What a loop knows of a request inside; all is zero before and after.
fn inside_of(record: u32, request: u32) -> u32 {
    let words = program[record + LOOP_REQUEST_WORDS];
    let inside = program[record + LOOP_INSIDE] + (request & REQUEST_MASK) * words;
    let known = load(inside);
    if known == 0u {
        store(inside, request + 1u);
    } else if known != request + 1u {
        overflow();
    }
    return inside;
}

fn exit_of(inside: u32, place: u32) -> u32 {
    return inside + INSIDE_WORDS + place * EXIT_WORDS;
}

// What an edge out of the loop carries when that is over. A value that had to wait for it is no
// stream any more.
fn sent_by(exit: u32, over: vec2<u32>) -> Sent {
    if load(exit + EXIT_ROUNDS) == 0u {
        return Sent(over, false, 0u, 0u);
    }
    let at = load_wide(exit + EXIT_AT);
    let waits = is_less(at, over);
    return Sent(most(at, over), true, select(load(exit + EXIT_HEAD), 0u, waits), load(exit + EXIT_TOKENS));
}

// What follows once an edge has spoken, on that edge or on all that leave its loop.
const NOTHING = 0u;
const ONE_EDGE = 1u;
const NEXT_ROUND = 2u;
const ALL_EXITS = 3u;

// An edge back speaks.
fn speak_back(record: u32, inside: u32, edge: u32, number: u32, sent: Sent) -> u32 {
    let hop = select(0u, program[edge + EDGE_HOP], sent.is_value);
    let round = round_of(number);
    let heard = load(inside + BACKS_HEARD) + 1u;
    let goes_on = sent.is_value && round + 1u < program[edge + EDGE_ROUNDS];
    store(inside + BACKS_HEARD, heard);
    store_wide(inside + BACK_AT, most(load_wide(inside + BACK_AT), plus(sent.at, wide(hop))));
    store(inside + GOES_ON, load(inside + GOES_ON) | select(0u, 1u, goes_on));
    if heard < program[record + LOOP_BACKS] {
        return NOTHING;
    }
    if load(inside + GOES_ON) == 0u {
        store(inside + OVER_ROUNDS, round + 1u);
        return ALL_EXITS;
    }
    store(inside + BACKS_HEARD, 0u);
    store(inside + GOES_ON, 0u);
    if is_counted(number) {
        add_to(MORE, wide(program[record + LOOP_BODY]));
        increment(program[program[record + LOOP_HEAD] + VISITS] + FURTHER);
    }
    return NEXT_ROUND;
}

// An edge out of the loop speaks.
fn speak_out(inside: u32, edge: u32, number: u32, sent: Sent) -> u32 {
    let exit = exit_of(inside, program[edge + EDGE_EXIT]);
    let rounds = round_of(number) + 1u;
    let spoken = load(exit + EXIT_SPOKEN) + 1u;
    store(exit + EXIT_SPOKEN, spoken);
    if sent.is_value && load(exit + EXIT_ROUNDS) <= rounds {
        store(exit + EXIT_ROUNDS, rounds);
        store_wide(exit + EXIT_AT, sent.at);
        store(exit + EXIT_HEAD, sent.head);
        store(exit + EXIT_TOKENS, sent.tokens);
    }
    let over = load(inside + OVER_ROUNDS);
    return select(ONE_EDGE, NOTHING, over == 0u || spoken < over);
}

// So many edges out of the loop have told how it ended; when all have, it is forgotten.
fn tell(record: u32, inside: u32, count: u32) {
    let told = load(inside + TOLD) + count;
    store(inside + TOLD, told);
    if load(inside + OVER_ROUNDS) == 0u || told < program[record + LOOP_EXITS] {
        return;
    }
    for (var word = 0u; word < program[record + LOOP_REQUEST_WORDS]; word++) {
        tally();
        store(inside + word, 0u);
    }
}

// Sends along edges; one that the request does not take carries the word that there is no value at
// once.
fn send_along(
    list: u32, count: u32, station: u32, at: vec2<u32>, number: u32, is_value: bool, head: u32, tokens: u32,
) {
    for (var place = 0u; place < count; place++) {
        tally_with(3u);
        let edge = list + place * EDGE_WORDS;
        let taken = is_value && takes(edge, station, number);
        var sent = Sent(at, taken, select(0u, head, taken), select(0u, tokens, taken));
        let record = program[edge + EDGE_LOOP];
        var inside = 0u;
        var follows = ONE_EDGE;
        if record != 0u {
            inside = inside_of(record, request_of(number));
            if program[edge + EDGE_ROUNDS] != 0u {
                follows = speak_back(record, inside, edge, number, sent);
            } else {
                follows = speak_out(inside, edge, number, sent);
            }
        }
        let turns = select(min(follows, 1u), program[record + LOOP_EXITS], follows == ALL_EXITS);
        var told = 0u;
        for (var turn = 0u; turn < turns && !failed; turn++) {
            tally_with(1u);
            var along = edge;
            var visit = number;
            if follows == NEXT_ROUND {
                let at_last = load_wide(inside + BACK_AT);
                store_wide(inside + BACK_AT, vec2<u32>());
                sent = Sent(at_last, true, 0u, 0u);
                visit = number + program[ROUND_SPAN];
            } else if record != 0u {
                if follows == ALL_EXITS {
                    along = program[record + LOOP_EDGES + turn];
                }
                let exit = exit_of(inside, program[along + EDGE_EXIT]);
                if load(exit + EXIT_SPOKEN) < load(inside + OVER_ROUNDS) {
                    continue;
                }
                told++;
                let over = load_wide(inside + BACK_AT);
                sent = sent_by(exit, select(most(over, at), over, follows == ALL_EXITS));
                visit = request_of(number);
            }
            var message = Message(sent.at, visit, START_OF_ROUND, sent.head, sent.tokens);
            if follows != NEXT_ROUND {
                message.mark = program[along + EDGE_PLACE] | select(0u, VALUE, sent.is_value);
                let hop = select(0u, program[along + EDGE_HOP], sent.is_value);
                message.at = plus(sent.at, wide(hop));
            }
            bring(program[along + EDGE_TO], message);
        }
        if record != 0u {
            tell(record, inside, told);
        }
    }
}
