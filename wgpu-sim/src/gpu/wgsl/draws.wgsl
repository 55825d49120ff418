// The twin of draws.rs: Threefry2x32-20, and inverse-CDF tables, whose knots are `knots`.

fn rotate(x: u32, by: u32) -> u32 {
    return (x << by) | (x >> (32u - by));
}

fn round(x: vec2<u32>, by: u32) -> vec2<u32> {
    let first = x.x + x.y;
    return vec2<u32>(first, rotate(x.y, by) ^ first);
}

fn even_rounds(x: vec2<u32>) -> vec2<u32> {
    return round(round(round(round(x, 13u), 15u), 26u), 6u);
}

fn odd_rounds(x: vec2<u32>) -> vec2<u32> {
    return round(round(round(round(x, 17u), 29u), 16u), 24u);
}

// The first word of Threefry2x32-20.
fn threefry(key: vec2<u32>, request: u32, word: u32) -> u32 {
    let third = 0x1bd11bdau ^ key.x ^ key.y;
    var x = vec2<u32>(request, word) + key;
    x = even_rounds(x) + vec2<u32>(key.y, third + 1u);
    x = odd_rounds(x) + vec2<u32>(third, key.x + 2u);
    x = even_rounds(x) + vec2<u32>(key.x, key.y + 3u);
    x = odd_rounds(x) + vec2<u32>(key.y, third + 4u);
    return even_rounds(x).x + third;
}

// The value of a table, given by its first knot, for 32 random bits.
fn value_of(table: u32, bits: u32) -> u32 {
    let complement = ~bits | 1u;
    let zeros = countLeadingZeros(complement);
    let mantissa = ~(complement << (zeros & 31u));
    let tail_cell = 4096u + (zeros - 1u) * 64u + ((mantissa >> 25u) & 63u);
    let in_tail = (bits >> 31u) == 1u;
    let cell = select(bits >> 19u, tail_cell, in_tail);
    let fraction = select(bits >> 3u, mantissa >> 9u, in_tail) & 0xffffu;
    let low = knots[table + cell];
    let difference = knots[table + cell + 1u] - low;
    let upper = (difference >> 16u) * fraction;
    let lower = ((difference & 0xffffu) * fraction + 0x8000u) >> 16u;
    return low + upper + lower;
}
