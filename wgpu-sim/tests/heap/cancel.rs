//! Work that only a join needs, once that has decided.

use std::collections::BTreeSet;

use wgpu_sim::network::Flow;

use super::Heap;

/// For each node, those from which all ways to the sink lead through it, if it cancels their work.
pub(super) fn served_alone(flow: &Flow) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new(); flow.nodes.len()];
    for cancel in &flow.cancels {
        // Whoever reaches the sink without passing the join has other work.
        let mut free = BTreeSet::from([flow.sink()]);
        loop {
            let before = free.len();
            for edge in &flow.edges {
                if let Some(from) = edge.from
                    && from != cancel.join
                    && free.contains(&edge.to)
                {
                    free.insert(from);
                }
            }
            if free.len() == before {
                break;
            }
        }
        let nodes = (0..flow.nodes.len()).filter(|node| *node != cancel.join);
        all[cancel.join] = nodes.filter(|node| !free.contains(node)).collect();
    }
    all
}

impl Heap<'_> {
    /// A join has decided for a request.
    pub(super) fn cancel(&mut self, at: u64, join: usize, request: u32) {
        for node in self.served_alone[join].clone() {
            self.cancelled.insert((node, request));
            let inside = self.visits.range((node, 0)..=(node, u32::MAX));
            let of_it = inside.filter(|&(&(_, number), _)| number % self.flow.span == request);
            let numbers: Vec<u32> = of_it.map(|(&(_, number), _)| number).collect();
            for number in numbers {
                let came = self.take_out(at, node, number);
                self.count(node, number, 7, 1);
                self.count(node, number, 6, at - came);
                self.ends.remove(&(node, request));
                self.leave(at, node, request, None);
            }
        }
    }
}
