//! The Rust engine.

mod fifo;

use core::ops::ControlFlow;

use crate::error::SimulationError;
use crate::outcome::{Engine, Gathering, Outcome};
use crate::program::{Compiled, Lane, Program, Settings};
use crate::record::Record;
use crate::{Progress, ProgressFn};

/// Requests between two looks at the wish to cancel.
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
    #[cfg(not(target_family = "wasm"))]
    if threads > 1 {
        return parallel::run(compiled, threads, progress, push);
    }
    let _ = threads;
    let mut state = Progress {
        done: 0,
        total: compiled.work(),
    };
    for lane in compiled.lanes() {
        let record = run_lane(compiled, lane, &mut |steps| {
            state.done = state.done.saturating_add(u64::from(steps));
            progress(state) == ControlFlow::Continue(())
        });
        push(record.ok_or(SimulationError::Cancelled)?);
    }
    Ok(())
}

#[cfg(not(target_family = "wasm"))]
mod parallel {
    use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::collections::BTreeMap;
    use std::sync::mpsc;

    use super::run_lane;
    use crate::error::SimulationError;
    use crate::program::{Compiled, Lane};
    use crate::record::Record;
    use crate::{Progress, ProgressFn};

    enum Message {
        Advanced(u32),
        Finished(usize, Record),
    }

    /// Workers take lane after lane; the caller's thread puts the records back into order, which
    /// makes the result independent of the number of threads.
    pub(super) fn run(
        compiled: &Compiled,
        threads: usize,
        progress: ProgressFn<'_>,
        push: &mut dyn FnMut(Record),
    ) -> Result<(), SimulationError> {
        let lanes: Vec<Lane> = compiled.lanes().collect();
        let next = AtomicUsize::new(0);
        let stop = AtomicBool::new(false);
        let (sender, receiver) = mpsc::channel();
        let mut early = BTreeMap::new();
        let mut pushed = 0_usize;
        std::thread::scope(|scope| {
            for _ in 0..threads.min(lanes.len()) {
                let sender = sender.clone();
                let (lanes, next, stop) = (&lanes, &next, &stop);
                scope.spawn(move || {
                    let say =
                        |message| sender.send(message).is_ok() && !stop.load(Ordering::Relaxed);
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(&lane) = lanes.get(index) else {
                            return;
                        };
                        let mut advanced = |steps| say(Message::Advanced(steps));
                        let Some(record) = run_lane(compiled, lane, &mut advanced) else {
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
                total: compiled.work(),
            };
            for message in receiver {
                match message {
                    Message::Advanced(steps) => {
                        state.done = state.done.saturating_add(u64::from(steps));
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

#[cfg(test)]
mod tests;
