// The draws of a lane: what each is for is part of its counter.

const GAP = 0u;
const SERVICE = 1u;
const BRANCH = 2u;
const ROUTE = 3u;

fn draw(request: u32, station: u32, purpose: u32, visit: u32) -> u32 {
    return threefry(key, request, (station << 20u) | (purpose << 12u) | (visit & 0xfffu));
}

// One of `count`, by 32 random bits: the upper word of their product.
fn pick(bits: u32, count: u32) -> u32 {
    let low = (bits & 0xffffu) * count;
    let high = (bits >> 16u) * count;
    // `count` is below 2¹⁶.
    return (high + (low >> 16u)) >> 16u;
}
