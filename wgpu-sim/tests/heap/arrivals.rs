//! When requests arrive, from the semantics alone.

use wgpu_sim::draws::{Purpose, counter_word, draw};
use wgpu_sim::network::{Flow, Pace, UNIT_BITS};

/// The arrivals of a lane, in ticks.
pub(super) fn of(flow: &Flow, replication: u32) -> Box<dyn Iterator<Item = u64> + '_> {
    let key = [flow.seed, replication];
    let drawn = move |request: u32| {
        let bits = draw(key, request, counter_word(0, Purpose::Gap, 0));
        u64::from(flow.tables[flow.gap].value(bits))
    };
    match &flow.pace {
        Pace::Steady => {
            let mut at = 0;
            Box::new((0..).map(move |request| {
                at += drawn(request);
                at
            }))
        }
        Pace::Trace(gaps) => {
            let gaps = &gaps.values;
            let offset = gaps.len() * replication as usize / flow.replications as usize;
            let mut at = 0;
            Box::new((offset..).map(move |place| {
                at += u64::from(gaps[place % gaps.len()]);
                at
            }))
        }
        Pace::Switching { starts, states } => {
            let hold = move |number: u32, state: usize| {
                let bits = draw(key, number, counter_word(0, Purpose::Hold, 0));
                u64::from(flow.tables[states[state].1].value(bits)) << 16
            };
            let first = u64::from(draw(key, 0, counter_word(0, Purpose::Hold, 1)));
            let mut state = starts.iter().filter(|&&end| end <= first).count();
            let (mut now, mut number) = (0, 0);
            let mut end = hold(0, state);
            Box::new((0..).map(move |request| {
                let mut units = u128::from(drawn(request));
                loop {
                    let gap = u128::from(states[state].0);
                    let need = (units * gap) >> UNIT_BITS;
                    if gap > 0 && now + need <= u128::from(end) {
                        now += need;
                        return u64::try_from((now + (1 << 15)) >> 16).unwrap();
                    }
                    let passed = ((u128::from(end) - now) << UNIT_BITS).checked_div(gap);
                    units = units.saturating_sub(passed.unwrap_or(0));
                    now = u128::from(end);
                    state = (state + 1) % states.len();
                    number += 1;
                    end += hold(number, state);
                }
            }))
        }
        Pace::Profile(changes) => {
            let (mut now, mut origin) = (0, None);
            Box::new((0..).map(move |request| {
                if request == flow.warmup {
                    origin = Some(now);
                }
                let mut units = u128::from(drawn(request));
                loop {
                    // Before counting starts the first rate holds.
                    let since = origin.map(|origin| now - origin);
                    let is_past =
                        |at: u64| since.is_some_and(|since| u128::from(at) << 16 <= since);
                    let passed = changes.iter().skip(1).filter(|change| is_past(change.0));
                    let state = passed.count();
                    let gap = u128::from(changes[state].1);
                    let need = (units * gap) >> UNIT_BITS;
                    let end = match (changes.get(state + 1), origin) {
                        (Some(next), Some(origin)) => origin + (u128::from(next.0) << 16),
                        _ => u128::MAX,
                    };
                    if gap > 0 && now + need <= end {
                        now += need;
                        return u64::try_from((now + (1 << 15)) >> 16).unwrap();
                    }
                    let passed = ((end - now) << UNIT_BITS).checked_div(gap);
                    units = units.saturating_sub(passed.unwrap_or(0));
                    now = end;
                }
            }))
        }
    }
}
