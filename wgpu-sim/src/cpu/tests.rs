use core::cell::Cell;
use core::ops::ControlFlow;
use core::time::Duration;
use std::rc::Rc;

use pretty_assertions::assert_eq;

use super::*;
use crate::draws::{Purpose, counter_word, draw};
use crate::{Arrivals, Service, Station, Turn, Warmup};

fn program(servers: u32) -> Program {
    Program {
        stations: vec![Station {
            name: "queue".into(),
            servers,
            arrivals: Arrivals::Poisson {
                rate: 850.0 * f64::from(servers),
            },
            service: Service::Exponential {
                mean: Duration::from_millis(1),
            },
        }],
    }
}

fn records(compiled: &Compiled, threads: usize) -> Vec<Record> {
    let mut records = Vec::new();
    let go_on = &mut |_| ControlFlow::Continue(());
    let push = &mut |record| records.push(record);
    at_once(run(compiled, threads, &|| None, go_on, push)).unwrap();
    records
}

/// One lane by the definition of the queue: absolute times, and for each request the server that is
/// free first.
fn by_definition(compiled: &Compiled, replication: u32) -> Record {
    let station = &compiled.stations[0];
    let bits = |request, purpose| {
        let word = counter_word(station.index, purpose, 0);
        draw([compiled.seed, replication], request, word)
    };
    let mut free_at = vec![0_u64; station.servers as usize];
    let (mut now, mut record) = (0_u64, Record::new());
    for request in 0..station.warmup + compiled.counted {
        let gap = compiled.tables[station.gap].value(bits(request, Purpose::Gap));
        let service = compiled.tables[station.service].value(bits(request, Purpose::Service));
        now += u64::from(gap);
        let server = free_at.iter_mut().min().unwrap();
        let start = now.max(*server);
        *server = start + u64::from(service);
        if request >= station.warmup {
            record.count(gap, u32::try_from(start - now).unwrap(), service);
        }
    }
    record
}

#[test]
fn the_recursion_follows_the_definition() {
    for servers in [1, 2, 3, 8, 100] {
        let settings = Settings {
            replications: 3,
            requests: 30_000,
            ..Settings::default()
        };
        let compiled = Compiled::new(&program(servers), &settings).unwrap();
        let expected: Vec<Record> = (0..3).map(|lane| by_definition(&compiled, lane)).collect();
        assert!(records(&compiled, 1) == expected, "{servers} servers");
    }
}

#[test]
fn the_number_of_threads_makes_no_difference() {
    let settings = Settings {
        replications: 13,
        requests: 200_000,
        ..Settings::default()
    };
    let mut program = program(1);
    program.stations.extend(self::program(2).stations);
    let compiled = Compiled::new(&program, &settings).unwrap();
    let alone = records(&compiled, 1);
    assert_eq!(alone.len(), 26);
    for threads in [2, 5, 64] {
        assert!(alone == records(&compiled, threads), "{threads} threads");
    }
}

#[test]
fn requests_flow_through_and_time_adds_up() {
    let settings = Settings {
        replications: 4,
        requests: 40_000,
        ..Settings::default()
    };
    let compiled = Compiled::new(&program(2), &settings).unwrap();
    for record in records(&compiled, 2) {
        let total = |counts: &[u32]| counts.iter().sum::<u32>();
        let parts = [record.wait(), record.service(), record.sojourn()];
        assert!(
            parts
                .iter()
                .all(|part| total(part.counts) == compiled.counted)
        );
        assert_eq!(
            record.sojourn().sum,
            record.wait().sum + record.service().sum
        );
        assert!(!record.saturated);
    }
}

#[test]
fn warm_up_is_simulated_and_not_counted() {
    let settings = |warmup| Settings {
        replications: 2,
        requests: 20_000,
        warmup: Warmup::Requests(warmup),
        ..Settings::default()
    };
    let whole = Compiled::new(&program(1), &settings(0)).unwrap();
    let mut rest = Compiled::new(&program(1), &settings(4_000)).unwrap();
    rest.counted = 6_000;
    let mut start = Compiled::new(&program(1), &settings(0)).unwrap();
    start.counted = 4_000;
    let parts = records(&start, 1).into_iter().zip(records(&rest, 1));
    for (whole, (start, rest)) in records(&whole, 1).into_iter().zip(parts) {
        assert_eq!(whole.wait_sum, start.wait_sum + rest.wait_sum);
        let sums = start.counts.iter().zip(&rest.counts).map(|(a, b)| a + b);
        assert_eq!(whole.counts, sums.collect::<Vec<u32>>());
    }
}

#[test]
fn progress_runs_to_its_total_and_can_end_the_run() {
    for threads in [1, 3] {
        let settings = Settings {
            replications: 3,
            requests: 900_000,
            ..Settings::default()
        };
        let compiled = Compiled::new(&program(1), &settings).unwrap();
        let mut seen = Vec::new();
        let mut listen = |state: Progress| {
            seen.push(state);
            ControlFlow::Continue(())
        };
        at_once(run(&compiled, threads, &|| None, &mut listen, &mut |_| {})).unwrap();
        assert!(seen.is_sorted_by_key(|state| state.done));
        let last = seen.last().unwrap();
        assert_eq!((last.done, last.total), (compiled.work(), compiled.work()));

        let mut calls = 0;
        let mut stop = |_| {
            calls += 1;
            ControlFlow::Break(())
        };
        let stopped = at_once(run(&compiled, threads, &|| None, &mut stop, &mut |_| {}));
        assert_eq!(stopped, Err(SimulationError::Cancelled));
        assert_eq!(calls, 1);
    }
}

/// Lets others have a turn: it is there when it is asked for the second time.
fn turn(taken: &Rc<Cell<u32>>) -> Turn {
    let taken = Rc::clone(taken);
    let mut waited = false;
    Box::pin(core::future::poll_fn(move |context| {
        if core::mem::replace(&mut waited, true) {
            taken.set(taken.get() + 1);
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }))
}

#[test]
fn others_have_their_turn_between_two_stretches() {
    let settings = Settings {
        replications: 3,
        requests: 900_000,
        ..Settings::default()
    };
    let compiled = Compiled::new(&program(1), &settings).unwrap();
    let taken = Rc::<Cell<u32>>::default();
    let (mut heard, mut found) = (0, Vec::new());
    let hear = &mut |_| {
        heard += 1;
        ControlFlow::Continue(())
    };
    let push = &mut |record| found.push(record);
    let turn = || Some(turn(&taken));
    pollster::block_on(run(&compiled, 1, &turn, hear, push)).unwrap();
    assert_eq!(taken.get(), heard);
    assert!(heard >= 3 * 5, "{heard}");
    assert!(found == records(&compiled, 1));
}

#[test]
fn who_cancels_in_a_turn_is_heard_before_the_next_stretch() {
    let compiled = Compiled::new(&program(1), &Settings::default()).unwrap();
    let taken = Rc::<Cell<u32>>::default();
    let turn = || Some(turn(&taken));
    let mut last = 0;
    let hear = &mut |state: Progress| {
        last = state.done;
        if taken.get() < 2 {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };
    let stopped = pollster::block_on(run(&compiled, 1, &turn, hear, &mut |_| {}));
    assert_eq!(stopped, Err(SimulationError::Cancelled));
    assert_eq!(taken.get(), 2);
    assert!(last <= u64::from(2 * lane::STRIDE), "{last}");
}
