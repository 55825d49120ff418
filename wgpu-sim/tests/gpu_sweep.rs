//! The window sweep on the GPU against the one on the CPU, on random graphs: equal counts.

mod networks;

use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use wgpu_sim::network::Flow;
use wgpu_sim::{Gpu, Settings, Trace, Warmup};

/// The adapter of this machine, if it has one. `MODELSPEC_REQUIRE_GPU=1` makes it a must.
fn gpu() -> Option<Gpu> {
    match pollster::block_on(Gpu::new()) {
        Ok(gpu) => {
            eprintln!("comparing with {}", gpu.name());
            Some(gpu)
        }
        Err(error) => {
            let required = std::env::var("MODELSPEC_REQUIRE_GPU").is_ok_and(|value| value == "1");
            assert!(!required, "MODELSPEC_REQUIRE_GPU=1, but {error}");
            eprintln!("skipped: {error}");
            None
        }
    }
}

#[test]
fn two_hundred_random_graphs_agree() {
    const GRAPHS: u32 = 200;
    const LANES: u32 = 3;
    let Some(gpu) = gpu() else { return };
    let (compared, by_cpu) = (AtomicU32::new(0), AtomicU32::new(0));
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        cases: GRAPHS,
        max_global_rejects: 4_000,
        max_shrink_iters: 100,
        ..Config::default()
    });
    let networks = networks::network(networks::steady_work().boxed());
    let settings =
        (any::<u32>(), 1_u64..900, 0_u32..100).prop_map(|(seed, requests, warmup)| Settings {
            seed,
            replications: LANES,
            requests,
            warmup: Warmup::Requests(warmup),
        });
    let outcome = runner.run(&(networks, settings), |(network, settings)| {
        let flow = Flow::new(&network, &settings).unwrap();
        // What cannot keep up is not simulated.
        prop_assume!(flow.is_stable());
        let (traces, others) = pollster::block_on(wgpu_sim::gpu::traces(&gpu, &flow)).unwrap();
        for (lane, trace) in (0..).zip(&traces) {
            let expected = Trace::new(&flow, lane, 64).unwrap();
            let brief = |trace: &Trace| (trace.nodes.clone(), trace.ending);
            prop_assert_eq!(brief(trace), brief(&expected), "lane {}", lane);
            prop_assert!(*trace == expected, "lane {lane}: other histograms");
        }
        prop_assert_eq!(traces.len(), LANES as usize);
        compared.fetch_add(LANES, Ordering::Relaxed);
        by_cpu.fetch_add(others, Ordering::Relaxed);
        Ok(())
    });
    outcome.unwrap();
    let (compared, by_cpu) = (compared.into_inner(), by_cpu.into_inner());
    eprintln!("{compared} lanes, of which {by_cpu} ran on the CPU");
    assert!(compared >= GRAPHS * LANES);
    // What has no room on the GPU proves nothing of it.
    assert!(
        by_cpu * 5 < compared,
        "{by_cpu} of {compared} ran on the CPU"
    );
}
