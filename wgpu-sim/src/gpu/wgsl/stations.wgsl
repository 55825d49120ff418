// The twin of the Rust engine (draws, cpu/fifo.rs, record.rs): the same integers, bit for bit.
// One invocation is one lane, that is, one replication of one station.

struct Slice {
    seed: u32,
    // Lanes in this tile.
    lanes: u32,
    // Requests that each lane simulates in this dispatch, at most.
    steps: u32,
    unused: u32,
}

struct Lane {
    replication: u32,
    // Upper word of the draws' counter, without its purpose.
    station: u32,
    // Offsets of the first knots.
    gaps: u32,
    services: u32,
    servers: u32,
    warmup: u32,
    end: u32,
    unused: u32,
}

@group(0) @binding(0) var<uniform> slice: Slice;
@group(0) @binding(1) var<storage, read> lanes: array<Lane>;
@group(0) @binding(2) var<storage, read> knots: array<u32>;
// Field by field, each with one word per lane: the numbers below, then the servers' backlogs.
@group(0) @binding(3) var<storage, read_write> state: array<u32>;
// Lane by lane: buckets of waits, of services, of sojourns.
@group(0) @binding(4) var<storage, read_write> counts: array<u32>;

const NEXT = 0u;
const SATURATED = 1u;
const WAIT_SUM = 2u;
const SERVICE_SUM = 4u;
const GAP_SUM = 6u;
const BACKLOG = 8u;

const MAX_SERVERS = 64u;
const BACKLOG_LIMIT = 0x80000000u;
const PURPOSE_GAP = 0u;
const PURPOSE_SERVICE = 0x1000u;

// A 64-bit sum as (low, high).
fn add(sum: vec2<u32>, v: u32) -> vec2<u32> {
    let low = sum.x + v;
    return vec2<u32>(low, sum.y + select(0u, 1u, low < v));
}

fn load_sum(field: u32, lane: u32) -> vec2<u32> {
    return vec2<u32>(state[field * slice.lanes + lane], state[(field + 1u) * slice.lanes + lane]);
}

fn store_sum(field: u32, lane: u32, sum: vec2<u32>) {
    state[field * slice.lanes + lane] = sum.x;
    state[(field + 1u) * slice.lanes + lane] = sum.y;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let index = id.x;
    if index >= slice.lanes {
        return;
    }
    let lane = lanes[index];
    let key = vec2<u32>(slice.seed, lane.replication);
    var next = state[NEXT * slice.lanes + index];
    let end = next + min(slice.steps, lane.end - next);
    var saturated = state[SATURATED * slice.lanes + index];
    var wait_sum = load_sum(WAIT_SUM, index);
    var service_sum = load_sum(SERVICE_SUM, index);
    var gap_sum = load_sum(GAP_SUM, index);
    // The servers' remaining work, ascending; the first apart, since most stations have only it.
    var first = state[BACKLOG * slice.lanes + index];
    var others: array<u32, MAX_SERVERS>;
    for (var slot = 1u; slot < lane.servers; slot++) {
        others[slot] = state[(BACKLOG + slot) * slice.lanes + index];
    }
    let base = index * 3u * BUCKETS;

    for (; next < end; next++) {
        let gap = value_of(lane.gaps, threefry(key, next, lane.station | PURPOSE_GAP));
        let service = value_of(lane.services, threefry(key, next, lane.station | PURPOSE_SERVICE));
        let wait = max(first, gap) - gap;
        var carried = wait + service;
        if carried > BACKLOG_LIMIT {
            carried = BACKLOG_LIMIT;
            saturated = 1u;
        }
        if lane.servers == 1u {
            first = carried;
        } else {
            // The new work sinks to its place while the others move up.
            for (var slot = 1u; slot < lane.servers; slot++) {
                let work = max(others[slot], gap) - gap;
                let placed = min(work, carried);
                carried = max(work, carried);
                if slot == 1u {
                    first = placed;
                } else {
                    others[slot - 1u] = placed;
                }
            }
            others[lane.servers - 1u] = carried;
        }
        if next >= lane.warmup {
            gap_sum = add(gap_sum, gap);
            wait_sum = add(wait_sum, wait);
            service_sum = add(service_sum, service);
            counts[base + bucket(wait)] += 1u;
            counts[base + BUCKETS + bucket(service)] += 1u;
            counts[base + 2u * BUCKETS + bucket(wait + service)] += 1u;
        }
    }

    state[NEXT * slice.lanes + index] = next;
    state[SATURATED * slice.lanes + index] = saturated;
    store_sum(WAIT_SUM, index, wait_sum);
    store_sum(SERVICE_SUM, index, service_sum);
    store_sum(GAP_SUM, index, gap_sum);
    state[BACKLOG * slice.lanes + index] = first;
    for (var slot = 1u; slot < lane.servers; slot++) {
        state[(BACKLOG + slot) * slice.lanes + index] = others[slot];
    }
}
