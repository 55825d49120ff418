//! The Rust engine.

mod fifo;
mod graph;
mod sweep;

use core::ops::ControlFlow;

use crate::error::SimulationError;
use crate::outcome::{Engine, Gathering, Outcome};
use crate::program::{Compiled, Lane, Program, Settings};
use crate::record::Record;
use crate::{Progress, ProgressFn};

pub use graph::{Part, Shard, Trace, simulate_graph};
pub(crate) use graph::{answers, follow, run_alone, run_lanes, simulate_flow};
pub(crate) use sweep::{
    Answer, CacheUse, Ending, Journey, LaneRecord, Source, Spent, Visits, Watch,
};

/// Visits to nodes between two looks at the wish to cancel: some milliseconds.
const STRIDE: u32 = 1 << 16;

/// Simulates on the CPU, natively on all its cores. `progress` is called now and then, and ends the
/// run by returning [`ControlFlow::Break`].
///
/// # Errors
/// [`SimulationError`] for a program or settings that cannot be simulated, or when cancelled.
pub fn simulate_cpu(
    program: &Program,
    settings: &Settings,
    progress: ProgressFn<'_>,
) -> Result<Outcome, SimulationError> {
    let compiled = Compiled::new(program, settings)?;
    let mut gathering = Gathering::new(&compiled);
    run(&compiled, threads(), progress, &mut |record| {
        gathering.push(record);
    })?;
    Ok(gathering.finish(Engine::Cpu))
}

#[cfg(not(target_family = "wasm"))]
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

#[cfg(target_family = "wasm")]
fn threads() -> usize {
    1
}

/// Runs one lane from its start to its end; `advanced` hears of every stride, and ends the lane by
/// returning false.
fn run_lane(
    compiled: &Compiled,
    lane: Lane,
    advanced: &mut dyn FnMut(u32) -> bool,
) -> Option<Record> {
    let mut queue = fifo::Queue::new(compiled, lane)?;
    while !queue.is_done() {
        let steps = queue.advance(STRIDE);
        if !advanced(steps) {
            return None;
        }
    }
    Some(queue.into_record())
}

/// Runs all lanes and hands their records over in order.
pub(crate) fn run(
    compiled: &Compiled,
    threads: usize,
    progress: ProgressFn<'_>,
    push: &mut dyn FnMut(Record),
) -> Result<(), SimulationError> {
    let lanes: Vec<Lane> = compiled.lanes().collect();
    let work = Work {
        lanes: &lanes,
        total: compiled.work(),
        run: &|lane, advanced| run_lane(compiled, lane, advanced),
    };
    work.run(threads, progress, push)
}

/// Hears how many requests were simulated since it was last called; false ends the lane.
type Advanced<'a> = &'a mut dyn FnMut(u32) -> bool;

/// Lanes to run, each from its start to its end.
struct Work<'a, L, R> {
    lanes: &'a [L],
    /// All requests to be simulated.
    total: u64,
    /// Runs one lane; none if it was ended.
    run: &'a (dyn Fn(L, Advanced<'_>) -> Option<R> + Sync),
}

impl<L: Copy + Sync, R: Send> Work<'_, L, R> {
    /// Runs all lanes and hands their records over in order.
    fn run(
        &self,
        threads: usize,
        progress: ProgressFn<'_>,
        push: &mut dyn FnMut(R),
    ) -> Result<(), SimulationError> {
        #[cfg(not(target_family = "wasm"))]
        if threads > 1 {
            return self.run_parallel(threads, progress, push);
        }
        let _ = threads;
        let mut state = Progress {
            done: 0,
            total: self.total,
        };
        for &lane in self.lanes {
            let record = (self.run)(lane, &mut |steps| {
                state.done = state.done.saturating_add(u64::from(steps)).min(state.total);
                progress(state) == ControlFlow::Continue(())
            });
            push(record.ok_or(SimulationError::Cancelled)?);
        }
        Ok(())
    }
}

#[cfg(not(target_family = "wasm"))]
mod parallel {
    use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::collections::BTreeMap;
    use std::sync::mpsc;

    use super::Work;
    use crate::error::SimulationError;
    use crate::{Progress, ProgressFn};

    enum Message<R> {
        Advanced(u32),
        Finished(usize, R),
    }

    impl<L: Copy + Sync, R: Send> Work<'_, L, R> {
        /// Workers take lane after lane; the caller's thread puts the records back into order,
        /// which makes the result independent of the number of threads.
        pub(super) fn run_parallel(
            &self,
            threads: usize,
            progress: ProgressFn<'_>,
            push: &mut dyn FnMut(R),
        ) -> Result<(), SimulationError> {
            let (lanes, run) = (self.lanes, self.run);
            let next = AtomicUsize::new(0);
            let stop = AtomicBool::new(false);
            let (sender, receiver) = mpsc::channel();
            let mut early = BTreeMap::new();
            let mut pushed = 0_usize;
            std::thread::scope(|scope| {
                for _ in 0..threads.min(lanes.len()) {
                    let sender = sender.clone();
                    let (next, stop) = (&next, &stop);
                    scope.spawn(move || {
                        let say =
                            |message| sender.send(message).is_ok() && !stop.load(Ordering::Relaxed);
                        loop {
                            let index = next.fetch_add(1, Ordering::Relaxed);
                            let Some(&lane) = lanes.get(index) else {
                                return;
                            };
                            let mut advanced = |steps| say(Message::Advanced(steps));
                            let Some(record) = run(lane, &mut advanced) else {
                                return;
                            };
                            if !say(Message::Finished(index, record)) {
                                return;
                            }
                        }
                    });
                }
                drop(sender);
                let mut state = Progress {
                    done: 0,
                    total: self.total,
                };
                for message in receiver {
                    match message {
                        Message::Advanced(steps) => {
                            let done = state.done.saturating_add(u64::from(steps));
                            state.done = done.min(state.total);
                            if progress(state).is_break() {
                                stop.store(true, Ordering::Relaxed);
                                break;
                            }
                        }
                        Message::Finished(index, record) => {
                            early.insert(index, record);
                            while let Some(record) = early.remove(&pushed) {
                                push(record);
                                pushed = pushed.saturating_add(1);
                            }
                        }
                    }
                }
            });
            if pushed == lanes.len() {
                Ok(())
            } else {
                Err(SimulationError::Cancelled)
            }
        }
    }
}

#[cfg(test)]
mod tests;
