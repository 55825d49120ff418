// The twin of stats/histogram.rs: the bucket of a value.

const BUCKETS = 1728u;

fn bucket(v: u32) -> u32 {
    let octave = 31u - countLeadingZeros(v | 63u);
    let shift = max(octave, 6u) - 6u;
    let above = select(0u, 64u, v >= 64u);
    return shift * 64u + above + ((v >> shift) & 63u);
}
