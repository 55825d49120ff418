//! Continuous batching of one replica, one step after the other.

use wgpu_sim::draws::{Purpose, counter_word, draw};
use wgpu_sim::network::{Flow, Step};

use crate::batcher::{Replica, Sequence};

/// Sends so many requests through the first node of a flow, and returns the sum of their times.
pub(crate) fn generator(flow: &Flow, requests: u32) -> u64 {
    let Step::Continuous { batcher, .. } = &flow.nodes[0].step else {
        return 0;
    };
    let key = [flow.seed, 0];
    let word = counter_word(0, Purpose::Gap, 0);
    let gap = |request: u32| u64::from(flow.tables[flow.gap].value(draw(key, request, word)));
    let mut replica = Replica::default();
    let (mut at, mut sum) = (0, 0);
    for request in 0..=requests {
        // All steps before the arrival; behind the last, all that are left.
        at += gap(request);
        let limit = if request < requests {
            at << 16
        } else {
            u64::MAX
        };
        while let Some(start) = replica.start().filter(|&start| start < limit) {
            let stepped = replica.step(batcher, start, |_| false);
            for one in stepped.finished {
                sum += ((stepped.end + (1 << 15)) >> 16) - one.came;
            }
        }
        let one = Sequence::new(batcher, &flow.tables, key, request, at);
        replica.waiting.push_back(one);
    }
    sum
}
