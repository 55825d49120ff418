//! Requests a second: of the CPU engine on all cores, by number of servers, and of the GPU engine
//! where there is a GPU. Visits a second, on one core: of the window sweep and of a plain heap
//! simulator, over six stations in tandem. Requests a second of a generator under continuous
//! batching: with jumps over runs of decoding, and step by step.

#![allow(missing_docs)]

#[path = "../tests/heap/batcher.rs"]
#[allow(dead_code)]
mod batcher;
#[path = "peers/heap.rs"]
mod heap;
#[path = "peers/networks.rs"]
mod networks;
#[path = "peers/steps.rs"]
mod steps;

use core::ops::ControlFlow;
use core::time::Duration;
use std::time::Instant;

use divan::{Bencher, counter::ItemsCount};
use wgpu_sim::{Arrivals, Gpu, Program, Service, Settings, Station, Trace, Warmup};

fn main() {
    divan::main();
}

fn program(servers: u32) -> Program {
    Program {
        stations: vec![Station {
            name: "queue".into(),
            servers,
            arrivals: Arrivals::Poisson {
                rate: 800.0 * f64::from(servers),
            },
            service: Service::Exponential {
                mean: Duration::from_millis(1),
            },
        }],
    }
}

fn settings(replications: u32, requests: u64) -> Settings {
    Settings {
        replications,
        requests,
        warmup: Warmup::Requests(0),
        ..Settings::default()
    }
}

#[divan::bench(args = [1, 4, 16, 64], sample_count = 10)]
fn cpu(bencher: Bencher<'_, '_>, servers: u32) {
    let (program, settings) = (program(servers), settings(64, 4_000_000));
    bencher
        .counter(ItemsCount::new(settings.requests))
        .bench(|| wgpu_sim::simulate_cpu(&program, &settings, &mut |_| ControlFlow::Continue(())));
}

#[divan::bench(args = [1, 4, 64], sample_count = 10)]
fn gpu(bencher: Bencher<'_, '_>, servers: u32) {
    let Ok(gpu) = pollster::block_on(Gpu::new()) else {
        eprintln!("skipped: no GPU");
        return;
    };
    // On software the same work would take minutes.
    let requests = if gpu.is_software() {
        4_096_000
    } else {
        409_600_000
    };
    let (program, settings) = (program(servers), settings(4_096, requests));
    let start = Instant::now();
    let clock = || start.elapsed().as_secs_f64() * 1e3;
    bencher.counter(ItemsCount::new(requests)).bench(|| {
        let go_on = &mut |_| ControlFlow::Continue(());
        pollster::block_on(wgpu_sim::simulate_gpu(
            &gpu, &program, &settings, &clock, go_on,
        ))
    });
}

/// Requests that a lane sends through the tandem.
const REQUESTS: u32 = 500_000;

#[divan::bench(sample_count = 10)]
fn tandem_by_sweep(bencher: Bencher<'_, '_>) {
    let flow = networks::tandem(REQUESTS);
    bencher
        .counter(ItemsCount::new(6 * u64::from(REQUESTS)))
        .bench(|| Trace::new(&flow, 0, 256));
}

#[divan::bench(sample_count = 10)]
fn tandem_by_heap(bencher: Bencher<'_, '_>) {
    let flow = networks::tandem(REQUESTS);
    bencher
        .counter(ItemsCount::new(6 * u64::from(REQUESTS)))
        .bench(|| heap::tandem(&flow, REQUESTS));
}

/// Requests that a lane sends through the generator.
const ANSWERS: u32 = 20_000;

#[divan::bench(sample_count = 10)]
fn generator_by_jumps(bencher: Bencher<'_, '_>) {
    let flow = networks::generator(ANSWERS);
    bencher
        .counter(ItemsCount::new(ANSWERS))
        .bench(|| Trace::new(&flow, 0, 256));
}

#[divan::bench(sample_count = 10)]
fn generator_by_steps(bencher: Bencher<'_, '_>) {
    let flow = networks::generator(ANSWERS);
    bencher
        .counter(ItemsCount::new(ANSWERS))
        .bench(|| steps::generator(&flow, ANSWERS));
}
