//! A plain event simulator of queues in tandem: a binary heap, and no more than it takes.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use wgpu_sim::draws::{Purpose, counter_word, draw};
use wgpu_sim::network::{Flow, Step};

/// Sends so many requests through the stages of a flow, one after the other, and returns the sum
/// of their times in ticks.
pub(crate) fn tandem(flow: &Flow, requests: u32) -> u64 {
    let stages = flow.sink();
    let mut idle = Vec::new();
    let mut tables = Vec::new();
    for node in flow.nodes.iter().take(stages) {
        if let Step::Serve {
            servers, service, ..
        } = node.step
        {
            idle.push(servers);
            tables.push(&flow.tables[service]);
        }
    }
    let key = [flow.seed, 0];
    let value = |request: u32, stage: usize| {
        let station = u32::try_from(stage).unwrap_or(0);
        let word = counter_word(station, Purpose::Service, 0);
        u64::from(tables[stage].value(draw(key, request, word)))
    };
    let gap = |request: u32| {
        let word = counter_word(0, Purpose::Gap, 0);
        u64::from(flow.tables[flow.gap].value(draw(key, request, word)))
    };
    let mut waiting: Vec<VecDeque<u32>> = vec![VecDeque::new(); stages];
    let mut born = vec![0_u64; requests as usize];
    // Time, stage that is left (none yet: the number of stages), request.
    let mut events = BinaryHeap::from([Reverse((gap(0), stages, 0_u32))]);
    let mut sum = 0;
    while let Some(Reverse((at, left, request))) = events.pop() {
        let next = if left == stages {
            born[request as usize] = at;
            if request + 1 < requests {
                events.push(Reverse((at + gap(request + 1), stages, request + 1)));
            }
            0
        } else {
            idle[left] += 1;
            if let Some(first) = waiting[left].pop_front() {
                idle[left] -= 1;
                events.push(Reverse((at + value(first, left), left, first)));
            }
            left + 1
        };
        if next == stages {
            sum += at - born[request as usize];
        } else if idle[next] > 0 {
            idle[next] -= 1;
            events.push(Reverse((at + value(request, next), next, request)));
        } else {
            waiting[next].push_back(request);
        }
    }
    sum
}
