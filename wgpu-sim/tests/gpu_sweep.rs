//! Whole graphs on the GPU against the CPU, by windows of arrivals and from event to event: equal
//! counts, and equal outcomes.

mod heap;
mod networks;

use core::ops::ControlFlow;
use core::time::Duration;
use std::sync::atomic::{AtomicU32, Ordering};

use modelspec_core::Analysis;
use pretty_assertions::assert_eq;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use wgpu_sim::network::{Flow, Load, Network, Routing, Work};
use wgpu_sim::{
    Engine, EngineChoice, Gpu, Mode, Service, Settings, SharedGpu, Trace, Warmup, simulate_graph,
    simulate_graph_on,
};

/// Lanes that are compared of each graph.
const LANES: u32 = 3;

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

/// Compares all lanes of a graph, and says how many of them had no room on the GPU.
fn compare(gpu: &Gpu, flow: &Flow) -> Result<u32, TestCaseError> {
    let (traces, by_cpu) = pollster::block_on(wgpu_sim::gpu::traces(gpu, flow)).unwrap();
    for (lane, trace) in (0..).zip(&traces) {
        let mut expected = Trace::new(flow, lane, 64).unwrap();
        // What caches hold is counted on the CPU alone.
        expected.caches.clone_from(&trace.caches);
        let brief = |trace: &Trace| (trace.nodes.clone(), trace.ending);
        prop_assert_eq!(brief(trace), brief(&expected), "lane {}", lane);
        prop_assert!(*trace == expected, "lane {lane}: other histograms");
    }
    prop_assert_eq!(traces.len(), flow.replications as usize);
    Ok(by_cpu)
}

/// Compares so many random graphs.
fn compare_random(gpu: &Gpu, graphs: u32, networks: BoxedStrategy<Network>) {
    let (compared, by_cpu) = (AtomicU32::new(0), AtomicU32::new(0));
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        cases: graphs,
        max_global_rejects: 4_000,
        max_shrink_iters: 100,
        ..Config::default()
    });
    let settings =
        (any::<u32>(), 1_u64..900, 0_u32..100).prop_map(|(seed, requests, warmup)| Settings {
            seed,
            replications: LANES,
            requests,
            warmup: Warmup::Requests(warmup),
        });
    let outcome = runner.run(&(networks, settings), |(network, settings)| {
        // A stage in two loops is refused.
        let flow = Flow::new(&networks::drawn(network), &settings);
        prop_assume!(flow.is_ok());
        let flow = flow.unwrap();
        // What cannot keep up is not simulated.
        prop_assume!(flow.is_stable());
        by_cpu.fetch_add(compare(gpu, &flow)?, Ordering::Relaxed);
        compared.fetch_add(LANES, Ordering::Relaxed);
        Ok(())
    });
    outcome.unwrap();
    let (compared, by_cpu) = (compared.into_inner(), by_cpu.into_inner());
    eprintln!("{compared} lanes, of which {by_cpu} ran on the CPU");
    assert!(compared >= graphs * LANES);
    // What has no room on the GPU proves nothing of it.
    assert!(
        by_cpu * 5 < compared,
        "{by_cpu} of {compared} ran on the CPU"
    );
}

#[test]
fn two_hundred_random_graphs_agree() {
    let Some(gpu) = gpu() else { return };
    compare_random(
        &gpu,
        200,
        networks::bounded(networks::network(networks::work().boxed()).boxed()),
    );
}

#[test]
fn random_loops_agree() {
    let Some(gpu) = gpu() else { return };
    let graphs = networks::network(networks::work().boxed()).boxed();
    compare_random(&gpu, 200, networks::looping(networks::bounded(graphs)));
}

#[test]
fn random_generators_agree() {
    let Some(gpu) = gpu() else { return };
    let generators =
        (networks::continuous(), 20.0..400.0).prop_map(|(work, rate)| networks::alone(work, rate));
    compare_random(&gpu, 100, networks::bounded(generators.boxed()));
}

#[test]
fn replicas_whose_load_nobody_asks_for_hold_long_runs() {
    let Some(gpu) = gpu() else { return };
    let settings = Settings {
        replications: 2,
        requests: 5_000,
        ..Settings::default()
    };
    for routing in [Routing::RoundRobin, Routing::Random] {
        let queue = Work::Serve {
            replicas: 2,
            concurrency: 1,
            routing,
            service: Service::Fixed(Duration::from_millis(5)),
        };
        let flow = Flow::new(&networks::alone(queue, 200.0), &settings).unwrap();
        assert_eq!(compare(&gpu, &flow).unwrap(), 0, "{routing:?}");
    }
}

#[test]
fn a_full_cache_puts_requests_back_alike() {
    let Some(gpu) = gpu() else { return };
    let settings = Settings {
        seed: 11,
        replications: 2,
        requests: 1_200,
        warmup: Warmup::Requests(150),
    };
    let flow = Flow::new(&networks::short_of_cache(), &settings).unwrap();
    let (_, put_back) = heap::Heap::run(&flow, 0);
    assert!(put_back > 15, "{put_back}");
    assert_eq!(compare(&gpu, &flow).unwrap(), 0);
}

#[test]
fn every_example_runs_on_the_gpu() {
    if gpu().is_none() {
        return;
    }
    let settings = Settings {
        replications: 3,
        requests: 600,
        warmup: Warmup::Requests(60),
        ..Settings::default()
    };
    let shared = SharedGpu::default();
    for (name, mode, text) in [
        (
            "agent-tools",
            Mode::Event,
            include_str!("../../public/examples/agent-tools.modelspec.yaml"),
        ),
        (
            "cascade",
            Mode::Sweep,
            include_str!("../../public/examples/cascade.modelspec.yaml"),
        ),
        (
            "ocr",
            Mode::Sweep,
            include_str!("../../public/examples/ocr.modelspec.yaml"),
        ),
        (
            "rag",
            Mode::Sweep,
            include_str!("../../public/examples/rag.modelspec.yaml"),
        ),
        (
            "rag-guarded",
            Mode::Sweep,
            include_str!("../../public/examples/rag-guarded.modelspec.yaml"),
        ),
    ] {
        let graph = Analysis::new(text).graph.unwrap();
        let network = Network::from_graph(&graph, &Load::default())
            .unwrap()
            .network;
        let go_on = &mut |_| ControlFlow::Continue(());
        let mut expected = simulate_graph(&network, &settings, go_on).unwrap();
        for node in &mut expected.nodes {
            (node.kv_utilisation, node.preemptions) = (None, None);
        }
        let run = simulate_graph_on(
            &network,
            &settings,
            EngineChoice::Gpu,
            &shared,
            &|| 0.0,
            &|| None,
            go_on,
        );
        let mut outcome = pollster::block_on(run).unwrap();
        assert_eq!(
            (outcome.engine, outcome.mode, outcome.engine_note.as_deref()),
            (Engine::Gpu, mode, None),
            "{name}"
        );
        assert!(outcome.end_to_end.is_some(), "{name}");
        outcome.engine = Engine::Cpu;
        assert_eq!(outcome, expected, "{name}");
    }
}
