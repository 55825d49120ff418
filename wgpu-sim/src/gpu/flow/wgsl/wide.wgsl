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
