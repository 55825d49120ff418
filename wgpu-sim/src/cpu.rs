//! The Rust engine.

mod fifo;
mod graph;
mod lane;
mod sweep;

use core::pin::pin;
use core::task::{Context, Poll, Waker};

use crate::error::SimulationError;
use crate::outcome::{Engine, Gathering, Outcome};
use crate::program::{Compiled, Lane, Program, Settings};
use crate::record::Record;
use crate::{Progress, ProgressFn, TurnFn};
use lane::Running;

pub use graph::{Part, Shard, Trace, simulate_graph};
pub(crate) use graph::{answers, follow, run_alone, run_lanes, simulate_flow};
pub(crate) use sweep::{
    Answer, CacheUse, Ending, Journey, LaneRecord, Source, Spent, Visits, Watch,
};

/// Simulates on the CPU, natively on all its cores. `progress` is called now and then, and ends the
/// run by returning [`Break`](core::ops::ControlFlow::Break).
///
/// # Errors
/// [`SimulationError`] for a program or settings that cannot be simulated, or when cancelled.
pub fn simulate_cpu(
    program: &Program,
    settings: &Settings,
    progress: ProgressFn<'_>,
) -> Result<Outcome, SimulationError> {
    at_once(simulate_in_turns(program, settings, &|| None, progress))
}

/// The same, which gives others their turn where it has one thread.
pub(crate) async fn simulate_in_turns(
    program: &Program,
    settings: &Settings,
    turn: TurnFn<'_>,
    progress: ProgressFn<'_>,
) -> Result<Outcome, SimulationError> {
    let compiled = Compiled::new(program, settings)?;
    let mut gathering = Gathering::new(&compiled);
    let push = &mut |record| gathering.push(record);
    run(&compiled, threads(), turn, progress, push).await?;
    Ok(gathering.finish(Engine::Cpu))
}

/// Runs to its end what gives nobody a turn, and so never waits.
pub(crate) fn at_once<T>(
    run: impl Future<Output = Result<T, SimulationError>>,
) -> Result<T, SimulationError> {
    match pin!(run).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(SimulationError::Cancelled),
    }
}

#[cfg(not(target_family = "wasm"))]
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

#[cfg(target_family = "wasm")]
fn threads() -> usize {
    1
}

impl Running for fifo::Queue<'_> {
    type Record = Record;

    fn is_done(&self) -> bool {
        self.is_done()
    }

    fn advance(&mut self) -> u32 {
        self.advance(lane::STRIDE)
    }

    fn into_record(self: Box<Self>) -> Record {
        (*self).into_record()
    }
}

/// Runs all lanes and hands their records over in order.
pub(crate) async fn run(
    compiled: &Compiled,
    threads: usize,
    turn: TurnFn<'_>,
    progress: ProgressFn<'_>,
    push: &mut dyn FnMut(Record),
) -> Result<(), SimulationError> {
    let lanes: Vec<Lane> = compiled.lanes().collect();
    let work = Work {
        lanes: &lanes,
        total: compiled.work(),
        start: &|lane| Some(Box::new(fifo::Queue::new(compiled, lane)?)),
    };
    work.run(threads, turn, progress, push).await
}

/// A lane that has started.
type Started<'a, R> = Box<dyn Running<Record = R> + 'a>;

/// Lanes to run, each from its start to its end.
struct Work<'a, L, R> {
    lanes: &'a [L],
    /// All requests to be simulated.
    total: u64,
    /// Starts a lane; none for a program that contradicts itself.
    start: &'a (dyn Fn(L) -> Option<Started<'a, R>> + Sync),
}

impl<L: Copy + Sync, R: Send> Work<'_, L, R> {
    /// Runs all lanes and hands their records over in order. With one thread, others have their
    /// turn between two stretches.
    async fn run(
        &self,
        threads: usize,
        turn: TurnFn<'_>,
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
            let mut lane = (self.start)(lane).ok_or(SimulationError::Cancelled)?;
            while !lane.is_done() {
                let steps = u64::from(lane.advance());
                state.done = state.done.saturating_add(steps).min(state.total);
                // Whoever has a turn may want to cancel.
                if let Some(turn) = turn() {
                    turn.await;
                }
                if progress(state).is_break() {
                    return Err(SimulationError::Cancelled);
                }
            }
            push(lane.into_record());
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
            let (lanes, start) = (self.lanes, self.start);
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
                            let Some(mut lane) = start(lane) else {
                                return;
                            };
                            while !lane.is_done() {
                                if !say(Message::Advanced(lane.advance())) {
                                    return;
                                }
                            }
                            if !say(Message::Finished(index, lane.into_record())) {
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
