//! How many replicas an autoscaler asks for: the algorithm of Kubernetes'.

use std::collections::VecDeque;

use crate::program::network::{Scale, Target};

pub(super) struct Controller<'a> {
    scale: &'a Scale,
    /// When it looks next.
    pub(super) look: u64,
    /// What was asked for, and when, as long as it counts.
    asked: VecDeque<(u64, u32)>,
}

impl<'a> Controller<'a> {
    pub(super) fn new(scale: &'a Scale) -> Self {
        Self {
            scale,
            look: scale.every,
            asked: VecDeque::new(),
        }
    }

    /// What a figure of one replica is at its target. Figures count requests that wait, or
    /// millionths of the servers' time since the last look.
    fn unit(&self) -> u128 {
        match self.scale.target {
            Target::Waiting(waiting) => waiting.into(),
            Target::Busy(share) => u128::from(share)
                .saturating_mul(self.scale.concurrency.into())
                .saturating_mul(self.scale.every.into()),
        }
    }

    /// Looks: with so many replicas that take requests and that start, and the figure of the former
    /// in all, how many there are to be.
    pub(super) fn decide(&mut self, ready: u32, starting: u32, figure: u128) -> u32 {
        let (at, all) = (self.look, ready.saturating_add(starting));
        self.look = at.saturating_add(self.scale.every);
        if self.asked.is_empty() {
            self.asked.push_back((at, all));
        }
        let asked = ask(ready, starting, figure, self.unit());
        while let Some(&(then, _)) = self.asked.front()
            && then.saturating_add(self.scale.calm) <= at
        {
            self.asked.pop_front();
        }
        self.asked.push_back((at, asked));
        let most = self.asked.iter().map(|&(_, asked)| asked).max();
        let wanted = if asked > all {
            asked
        } else {
            most.unwrap_or(asked).min(all)
        };
        wanted.max(self.scale.least).min(self.scale.most)
    }
}

/// The replicas that such a figure asks for; as many as there are within a tenth of the target.
///
/// Who starts has no figure yet. Where fewer are asked for it counts as if it were at its target,
/// and where more are, as if it had nothing: those who start may do.
fn ask(ready: u32, starting: u32, figure: u128, unit: u128) -> u32 {
    let all = ready.saturating_add(starting);
    let goal = |replicas: u32| unit.saturating_mul(replicas.into());
    let is_less = figure < goal(ready);
    let figure = if is_less {
        figure.saturating_add(goal(starting))
    } else {
        figure
    };
    let is_near = figure.abs_diff(goal(all)).saturating_mul(10) <= goal(all);
    if is_near || (!is_less && figure < goal(all)) {
        return all;
    }
    let asked = figure.div_ceil(unit.max(1));
    u32::try_from(asked).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Controller, ask};
    use crate::program::network::{Scale, Target};

    #[test]
    fn figures_ask_for_replicas() {
        for (ready, starting, figure, asked) in [
            // ⌈replicas × figure ÷ target⌉, at 10 for each.
            (2, 0, 41, 5),
            (4, 0, 21, 3),
            (3, 0, 0, 0),
            // Within a tenth nothing changes.
            (2, 0, 22, 2),
            (2, 0, 18, 2),
            (2, 0, 23, 3),
            (2, 0, 17, 2),
            (10, 0, 91, 10),
            (10, 0, 89, 9),
            // Those who start may do, or not.
            (2, 2, 35, 4),
            (2, 2, 20, 4),
            (2, 2, 45, 5),
            (2, 2, 44, 4),
            // They count with their target when fewer are asked for.
            (2, 2, 3, 3),
            (2, 2, 17, 4),
        ] {
            let found = ask(ready, starting, figure, 10);
            assert_eq!(found, asked, "{ready} + {starting} at {figure}");
        }
    }

    #[test]
    fn what_was_asked_for_counts_for_a_while() {
        let scale = Scale {
            least: 1,
            most: 8,
            concurrency: 1,
            target: Target::Waiting(10),
            every: 15,
            cold_start: 0,
            calm: 60,
        };
        let mut controller = Controller::new(&scale);
        let mut replicas = 1;
        let found = [35, 200, 0, 0, 0, 0, 15, 0, 0, 0, 0, 0].map(|figure| {
            replicas = controller.decide(replicas, 0, figure);
            replicas
        });
        // 20 were asked for at 30, which counts until before 90; 2 at 105, until before 165.
        assert_eq!(found, [4, 8, 8, 8, 8, 1, 2, 2, 2, 2, 1, 1]);
    }
}
