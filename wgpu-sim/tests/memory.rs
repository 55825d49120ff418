//! What a simulation holds grows with nodes and replications, not with requests.

mod template;

use core::ops::ControlFlow;

use peak_alloc::PeakAlloc;
use wgpu_sim::{Settings, simulate_graph};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// The most memory of a run, in bytes.
fn peak(name: &str, requests: u64) -> usize {
    let network = template::network(name);
    let settings = Settings {
        requests,
        ..Settings::default()
    };
    HEAP.reset_peak_usage();
    let before = HEAP.current_usage();
    let outcome = simulate_graph(&network, &settings, &mut |_| ControlFlow::Continue(()));
    assert!(outcome.unwrap().requests >= requests);
    HEAP.peak_usage() - before
}

#[test]
fn ten_times_the_requests_need_no_more_memory() {
    for name in ["rag", "agent-tools"] {
        let [few, many] = [100_000, 1_000_000].map(|requests| peak(name, requests));
        eprintln!("{name}: {few} bytes, then {many}");
        // The longer run has 900,000 requests more.
        assert!(many < few + 500_000, "{name}: {few} bytes, then {many}");
    }
}
