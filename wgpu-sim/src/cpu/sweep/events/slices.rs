//! GPUs that nodes use in turns: of those that are busy, each has an equal share of the time.
//!
//! Replica by replica, the nodes of a group stand on the same GPUs. On each, a node is busy while it
//! serves anybody; of `k` that are, and have the highest priority of them, each works at 1/k of its
//! speed. The others pause, and go on where they were. Within a node requests wait in line and run
//! beside one another as they do elsewhere. Here the clock has 2⁻¹⁶ ticks, and only what is told is
//! rounded.

mod member;

use super::super::Departure;
use super::super::stations::Arrival;
use super::super::visits::Usage;
use crate::program::network::{Flow, Slice};
use member::Member;

/// Half a tick.
const HALF: u64 = 1 << 15;

/// A group of nodes on its way.
pub(super) struct Slices<'a> {
    clock: u64,
    /// Work is counted in so manyth parts of 2⁻¹⁶ ticks: so that what is left of it does not depend
    /// on how often anybody looks, each share of a time is a whole number of them.
    parts: u64,
    members: Vec<Member<'a>>,
}

/// What happens next on a GPU, in the order in which events of one time are taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Done,
    TimeUp,
}

impl<'a> Slices<'a> {
    /// The nodes before anything happens; none for a program that contradicts itself.
    pub(super) fn new(flow: &'a Flow, group: &[Slice], key: [u32; 2]) -> Option<Self> {
        let parts = parts(group.len());
        let members = group.iter();
        let members = members.map(|slice| Member::new(flow, *slice, key, parts));
        Some(Self {
            clock: 0,
            parts,
            members: members.collect::<Option<_>>()?,
        })
    }

    /// When a node has something to tell next, in ticks.
    pub(super) fn next(&self, member: usize) -> Option<u64> {
        let node = self.members.get(member)?;
        if let Some(departure) = node.left.first() {
            return Some(departure.at);
        }
        let ends = (0..node.replicas.len()).filter_map(|replica| self.end(node, replica));
        let known = ends.min().map(|end| end.saturating_add(HALF) >> 16);
        let launch = node.launch(self.clock);
        known.into_iter().chain(node.due()).chain(launch).min()
    }

    /// Does all that happens until this tick, with those who come then still on their way.
    pub(super) fn advance(&mut self, now: u64) {
        let until = now.saturating_mul(1 << 16);
        while let Some((at, member, what)) = self.happens()
            && at < until.saturating_add(HALF)
        {
            self.work(at);
            if let Some(node) = self.members.get_mut(member) {
                match what {
                    What::Done => node.finish(at),
                    What::TimeUp => node.expire(at),
                }
            }
        }
        self.work(until);
    }

    /// Who has left a node.
    pub(super) fn leave(&mut self, member: usize, departures: &mut Vec<Departure>) {
        if let Some(node) = self.members.get_mut(member) {
            departures.append(&mut node.left);
        }
    }

    /// Takes a request, or drops it; all before it has been done.
    pub(super) fn take(&mut self, member: usize, arrival: &Arrival) {
        let clock = self.clock;
        if let Some(node) = self.members.get_mut(member) {
            node.take(arrival, clock);
        }
    }

    /// Starts a node's batches, once all have come who come in this tick.
    pub(super) fn batch(&mut self, member: usize) {
        let clock = self.clock;
        if let Some(node) = self.members.get_mut(member) {
            node.batch(clock);
        }
    }

    /// What a node's departures do not tell of the GPUs' time.
    pub(super) fn usage(&self, member: usize) -> Usage {
        let node = self.members.get(member);
        node.map_or_else(Usage::default, |node| node.usage(self.clock))
    }

    /// What happens next, if nobody comes.
    fn happens(&self) -> Option<(u64, usize, What)> {
        let members = self.members.iter().enumerate();
        let happens = members.flat_map(|(member, node)| {
            let ends = (0..node.replicas.len()).filter_map(|replica| self.end(node, replica));
            let end = ends.min().map(|at| (at, What::Done));
            let due = node
                .due()
                .map(|at| (at.saturating_mul(1 << 16), What::TimeUp));
            let happens = end.into_iter().chain(due);
            happens.map(move |(at, what)| (at.max(self.clock), what, member))
        });
        happens.min().map(|(at, what, member)| (at, member, what))
    }

    /// When the first request of a replica is done, if the node works there.
    fn end(&self, node: &Member<'_>, replica: usize) -> Option<u64> {
        let least = node.least(replica)?;
        let (priority, speed) = self.working(replica)?;
        let time = least.div_ceil(speed.max(1));
        (node.priority == priority).then(|| self.clock.saturating_add(time))
    }

    /// Which priority the nodes have that work on a GPU, and how many parts of their work each does
    /// in 2⁻¹⁶ ticks.
    fn working(&self, replica: usize) -> Option<(u32, u64)> {
        let busy = self.members.iter().filter(|node| node.is_busy(replica));
        let priority = busy.clone().map(|node| node.priority).max()?;
        let count = busy.filter(|node| node.priority == priority).count();
        Some((priority, self.parts.checked_div(count as u64)?))
    }

    /// Lets time pass, in which nothing ends.
    fn work(&mut self, until: u64) {
        let time = until.saturating_sub(self.clock);
        if time == 0 {
            return;
        }
        self.clock = until;
        let most = self.members.iter().map(|node| node.replicas.len()).max();
        for replica in 0..most.unwrap_or(0) {
            let Some((priority, speed)) = self.working(replica) else {
                continue;
            };
            let done = time.saturating_mul(speed.max(1));
            let members = self.members.iter_mut();
            for node in members.filter(|node| node.priority == priority) {
                node.work(replica, done);
            }
        }
    }
}

/// The least number that all numbers of nodes divide that a GPU is shared by, and that leaves room
/// for the longest work: from a dozen on their shares are equal to about a thousandth of a percent.
fn parts(members: usize) -> u64 {
    let divides = |of: u64, number: u64| of.checked_rem(number) == Some(0);
    let most = u64::try_from(members).unwrap_or(u64::MAX).clamp(1, 12);
    let multiples = (1..=27_720).filter(|multiple| (1..=most).all(|k| divides(*multiple, k)));
    multiples.min().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn every_share_is_whole() {
        let found = [1, 2, 3, 4, 6, 12, 500].map(parts);
        assert_eq!(found, [1, 2, 6, 12, 60, 27_720, 27_720]);
    }
}
