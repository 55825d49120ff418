//! Counts of which most are none, as JSON: their number, then pairs of a place and what is counted
//! there.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// So many counts there are at most; a part that says more is broken.
const MOST: usize = 1 << 16;

pub(crate) fn serialize<S: Serializer>(counts: &[u32], serializer: S) -> Result<S::Ok, S::Error> {
    let held = counts.iter().enumerate().filter(|(_, count)| **count > 0);
    let held: Vec<(usize, u32)> = held.map(|(at, count)| (at, *count)).collect();
    (counts.len(), held).serialize(serializer)
}

pub(crate) fn deserialize<'d, D: Deserializer<'d>>(deserializer: D) -> Result<Vec<u32>, D::Error> {
    let (len, held) = <(usize, Vec<(usize, u32)>)>::deserialize(deserializer)?;
    if len > MOST {
        return Err(D::Error::custom("more counts than a histogram has"));
    }
    let mut counts = vec![0; len];
    for (at, count) in held {
        let slot = counts.get_mut(at);
        *slot.ok_or_else(|| D::Error::custom("a count outside of its histogram"))? = count;
    }
    Ok(counts)
}
