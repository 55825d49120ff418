// One invocation is one lane, that is, one replication of the graph: its words, field by field,
// each with one word a lane.

struct Slice {
    seed: u32,
    // Lanes in this tile.
    lanes: u32,
    // Windows that each lane simulates in this dispatch, at most.
    windows: u32,
    // Passes through loops after which a lane pauses until the next dispatch.
    passes: u32,
}

@group(0) @binding(0) var<uniform> slice: Slice;
@group(0) @binding(1) var<storage, read> program: array<u32>;
@group(0) @binding(2) var<storage, read> knots: array<u32>;
@group(0) @binding(3) var<storage, read> replications: array<u32>;
// When requests arrive, where gaps are not all drawn alike: from the lane's next request on.
@group(0) @binding(4) var<storage, read> arrivals: array<u32>;
@group(0) @binding(5) var<storage, read_write> state: array<u32>;
// Lane by lane, each with its buckets.
@group(0) @binding(6) var<storage, read_write> counts: array<u32>;

var<private> lane: u32;
var<private> key: vec2<u32>;
var<private> passes: u32;
var<private> failed: bool;
// Whether the node whose turn it is goes on in the next dispatch.
var<private> paused: bool;
// The record of the node whose turn it is, in the program.
var<private> node: u32;
// Where the lane's buckets begin.
var<private> buckets: u32;

fn load(word: u32) -> u32 {
    return state[word * slice.lanes + lane];
}

fn store(word: u32, value: u32) {
    state[word * slice.lanes + lane] = value;
}

fn load_wide(word: u32) -> vec2<u32> {
    return vec2<u32>(load(word), load(word + 1u));
}

fn store_wide(word: u32, value: vec2<u32>) {
    store(word, value.x);
    store(word + 1u, value.y);
}

fn add_to(word: u32, value: vec2<u32>) {
    store_wide(word, plus(load_wide(word), value));
}

fn increment(word: u32) {
    store(word, load(word) + 1u);
}

// Counts a pass through a loop: some drivers silently leave loops after 65,535, of all the lanes
// together that they compute at once. Where there is no pause before that, the CPU takes over.
fn tally() {
    tally_with(0u);
}

// The same where so many loops are within: drivers that compute lanes together pass through each of
// them, even where no lane enters it.
fn tally_with(loops: u32) {
    passes += 1u + loops;
    if passes >> 1u > slice.passes {
        failed = true;
    }
}

// Pauses where enough has been done for a dispatch: all that is left is in the lane's words.
fn pause() {
    paused = passes > slice.passes;
}

// What is asked for does not fit: the CPU simulates this lane.
fn overflow() {
    failed = true;
}

fn of_node(field: u32) -> u32 {
    return program[node + field];
}

fn is_counted(number: u32) -> bool {
    let request = request_of(number);
    return request >= program[WARMUP] && request < program[END];
}

fn count_in(histogram: u32, v: u32) {
    counts[buckets + histogram * BUCKETS + bucket(v)]++;
}
