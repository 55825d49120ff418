//! Requests through the template `rag`: how long they take, and how much memory.

#![allow(missing_docs)]

#[path = "../tests/template/mod.rs"]
mod template;

use core::ops::ControlFlow;
use std::time::Instant;

use peak_alloc::PeakAlloc;
use wgpu_sim::{Settings, simulate_graph};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

fn main() {
    let network = template::network("rag");
    println!(
        "{:>12} {:>10} {:>14} {:>20}",
        "requests", "time", "peak of heap", "peak of the process"
    );
    for requests in [100_000, 1_000_000, 10_000_000] {
        let settings = Settings {
            requests,
            ..Settings::default()
        };
        HEAP.reset_peak_usage();
        let start = Instant::now();
        let outcome = simulate_graph(&network, &settings, &mut |_| ControlFlow::Continue(()));
        let seconds = start.elapsed().as_secs_f64();
        let requests = outcome.expect("the template can be simulated").requests;
        let heap = HEAP.peak_usage_as_mb();
        let resident = resident().unwrap_or_else(|| "unknown".to_owned());
        println!("{requests:>12} {seconds:>8.2} s {heap:>11.1} MB {resident:>20}");
    }
}

/// The most memory that the process ever had, as Linux tells it.
fn resident() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().to_owned())
}
