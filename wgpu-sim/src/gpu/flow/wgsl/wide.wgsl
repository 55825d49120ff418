// Numbers of 64 bits, as (low, high).

const NEVER = vec2<u32>(0xffffffffu, 0xffffffffu);

fn wide(value: u32) -> vec2<u32> {
    return vec2<u32>(value, 0u);
}

fn plus(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    let low = a.x + b.x;
    return vec2<u32>(low, a.y + b.y + select(0u, 1u, low < a.x));
}

fn minus(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    return vec2<u32>(a.x - b.x, a.y - b.y - select(0u, 1u, a.x < b.x));
}

fn is_less(a: vec2<u32>, b: vec2<u32>) -> bool {
    return a.y < b.y || (a.y == b.y && a.x < b.x);
}

fn least(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    return select(b, a, is_less(a, b));
}

fn most(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    return select(a, b, is_less(a, b));
}

// What is left of `a` above `b`, at least nothing.
fn beyond(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    return select(minus(a, b), vec2<u32>(), is_less(a, b));
}

// Cut off at 32 bits.
fn narrow(a: vec2<u32>) -> u32 {
    return select(a.x, 0xffffffffu, a.y > 0u);
}

// The whole of a 64-bit number over a 32-bit one, bit by bit.
fn over(a: vec2<u32>, by: u32) -> vec2<u32> {
    var quotient = vec2<u32>();
    var rest = 0u;
    for (var bit = 64u; bit > 0u; bit--) {
        tally();
        let word = select(a.x, a.y, bit > 32u);
        let carry = rest >> 31u;
        rest = (rest << 1u) | ((word >> ((bit - 1u) & 31u)) & 1u);
        if carry == 1u || rest >= by {
            rest -= by;
            let one = 1u << ((bit - 1u) & 31u);
            quotient |= select(vec2<u32>(one, 0u), vec2<u32>(0u, one), bit > 32u);
        }
    }
    return quotient;
}

// The same over a number below 2¹⁶, digit by digit.
fn over_short(a: vec2<u32>, by: u32) -> vec2<u32> {
    let second = ((a.y % by) << 16u) | (a.x >> 16u);
    let first = ((second % by) << 16u) | (a.x & 0xffffu);
    return vec2<u32>(((second / by) << 16u) + first / by, a.y / by);
}

// The whole product of two words, from halves of them.
fn product(a: u32, b: u32) -> vec2<u32> {
    let low = (a & 0xffffu) * (b & 0xffffu);
    let first = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
    let second = (a & 0xffffu) * (b >> 16u) + (first & 0xffffu);
    let high = (a >> 16u) * (b >> 16u) + (first >> 16u) + (second >> 16u);
    return vec2<u32>((second << 16u) | (low & 0xffffu), high);
}

// Sums and products that stay at the greatest number where 64 bits do not hold them.

fn plus_capped(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    let sum = plus(a, b);
    return select(sum, NEVER, is_less(sum, a));
}

fn times_capped(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    let low = product(a.x, b.x);
    // Unless both are beyond 32 bits, one of these is nothing.
    let middle = product(a.y, b.x) + product(a.x, b.y);
    let high = low.y + middle.x;
    let is_beyond = (a.y != 0u && b.y != 0u) || middle.y != 0u || high < low.y;
    return select(vec2<u32>(low.x, high), NEVER, is_beyond);
}

// The clocks of continuous batching have 2¹⁶ units a tick.

fn units(time: vec2<u32>) -> vec2<u32> {
    let shifted = vec2<u32>(time.x << 16u, (time.y << 16u) | (time.x >> 16u));
    return select(shifted, NEVER, (time.y >> 16u) != 0u);
}

// To the nearest tick.
fn ticks(time: vec2<u32>) -> vec2<u32> {
    let sum = plus_capped(time, wide(0x8000u));
    return vec2<u32>((sum.y << 16u) | (sum.x >> 16u), sum.y >> 16u);
}
