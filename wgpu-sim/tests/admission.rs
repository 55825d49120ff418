//! So many requests in the graph at once, against closed forms and a second simulator.

mod heap;
mod networks;
mod oracle;

use core::ops::ControlFlow;
use core::time::Duration;

use oracle::{check, exponential, inside_of_repairmen, run, stage, tandem};
use pretty_assertions::assert_eq;
use proptest::prelude::*;
use wgpu_sim::network::{Flow, Gaps, Network, Work};
use wgpu_sim::{
    GraphOutcome, Mode, Part, Service, Settings, Shard, SimulationError, Trace, Warmup,
    simulate_graph,
};

/// A delay under a bound: each request inside has a server, and there are as many as the bound.
fn bounded_delay(rate: f64, mean_ms: u64, limit: u32) -> Network {
    let mean = Duration::from_millis(mean_ms);
    let delay = stage("api", Work::Delay(Service::Exponential { mean }));
    Network {
        max_in_flight: Some(limit),
        ..tandem(rate, vec![delay])
    }
}

fn simulated(network: &Network, requests: u64) -> GraphOutcome {
    let settings = Settings {
        requests,
        replications: 8,
        ..Settings::default()
    };
    simulate_graph(network, &settings, &mut |_| ControlFlow::Continue(())).unwrap()
}

#[test]
fn servers_without_number_under_a_bound_are_as_many_as_that() {
    // M/M/c, c = 4, a = 3.2.
    let outcome = run(&bounded_delay(320.0, 10, 4), 8_000_000);
    assert_eq!(outcome.mode, Mode::Event);
    assert_eq!(
        outcome.mode_reason.as_deref(),
        Some("`maxInFlight` lets 4 into the graph at once: the others wait for one to leave")
    );
    let times = outcome.end_to_end.unwrap();
    check("mean", times.mean_ms, 17.45541, times.mean_ci_ms, 0.01);
    let admission = outcome.admission.unwrap();
    assert_eq!((admission.limit, admission.stable), (4, true));
    let wait = admission.wait.unwrap();
    check("wait", wait.mean_ms, 7.45541, wait.mean_ci_ms, 0.02);
    let waited = admission.waited as f64 / outcome.requests as f64;
    assert!((waited - 0.596_432).abs() < 0.003, "{waited}");
    // Who is inside waits for nobody.
    let inside = outcome.nodes[0].sojourn.as_ref().unwrap();
    check("inside", inside.mean_ms, 10.0, inside.mean_ci_ms, 0.005);
}

#[test]
fn clients_wait_before_a_graph_that_is_full() {
    // M/M/c//N as for machines and repairmen, with the bound in place of the servers.
    let (clients, limit, think, service) = (12_u32, 2_u32, 20.0, 4.0);
    let mut network = bounded_delay(1.0, 4, limit);
    let pause = Duration::from_millis(20);
    network.gaps = Gaps::Closed {
        clients,
        think: pause,
    };
    let outcome = run(&network, 2_000_000);
    let inside = inside_of_repairmen(clients, limit, think, service);
    let mean = inside * think / (f64::from(clients) - inside);
    let times = outcome.end_to_end.unwrap();
    check("mean", times.mean_ms, mean, times.mean_ci_ms, 0.01);
}

#[test]
fn a_bound_that_nobody_reaches_changes_nothing() {
    let free = tandem(
        300.0,
        vec![stage("queue", exponential(2, Duration::from_millis(5)))],
    );
    let bounded = Network {
        max_in_flight: Some(1 << 20),
        ..free.clone()
    };
    let (free, bounded) = (simulated(&free, 200_000), simulated(&bounded, 200_000));
    let admission = bounded.admission.unwrap();
    assert_eq!(
        (admission.waited, admission.wait.unwrap().mean_ms),
        (0, 0.0)
    );
    assert_eq!(
        (free.end_to_end, free.nodes),
        (bounded.end_to_end, bounded.nodes)
    );
}

#[test]
fn a_bound_below_what_arrivals_take_up_is_told_before_the_run() {
    // 100 a second for 50 ms are 5 at once.
    let outcome = simulated(&bounded_delay(100.0, 50, 4), u64::from(u32::MAX));
    assert!(!outcome.stable);
    let admission = outcome.admission.unwrap();
    assert_eq!((admission.stable, admission.waited), (false, 0));
    assert!(outcome.end_to_end.is_none() && admission.wait.is_none());
    assert!(outcome.nodes.iter().all(|node| node.stable));
}

#[test]
fn a_bound_that_waits_inside_make_too_narrow_is_told_by_the_run() {
    // Alone it would take 16 ms, so that 2 at once let 125 out a second. But they wait for each
    // other, and 100 leave.
    let queue = stage("queue", exponential(1, Duration::from_millis(8)));
    let delay = |ms| Work::Delay(Service::Fixed(Duration::from_millis(ms)));
    let stages = vec![queue, stage("api", delay(8))];
    let network = |rate| Network {
        max_in_flight: Some(2),
        ..tandem(rate, stages.clone())
    };
    assert!(simulated(&network(70.0), 100_000).stable);
    let outcome = simulated(&network(110.0), 100_000);
    let admission = outcome.admission.as_ref().unwrap();
    assert_eq!((outcome.stable, admission.stable), (false, false));
    // They ran, and all waited.
    assert!(admission.waited > 99_000, "{}", admission.waited);
    assert!(outcome.end_to_end.is_none());
}

#[test]
fn nobody_at_once_is_refused() {
    let refused = Flow::new(&bounded_delay(1.0, 1, 0), &Settings::default()).unwrap_err();
    let SimulationError::Station { name, reason } = refused else {
        panic!("{refused}");
    };
    assert_eq!(name, "inputs");
    assert!(reason.contains("give at least 1"), "{reason}");
}

#[test]
fn shares_of_a_bounded_run_add_up_to_it() {
    let network = bounded_delay(320.0, 10, 4);
    let settings = Settings {
        requests: 64_000,
        replications: 8,
        ..Settings::default()
    };
    let go_on = &mut |_| ControlFlow::Continue(());
    let whole = simulate_graph(&network, &settings, go_on).unwrap();
    let part = |number| {
        let shard = Shard { number, of: 3 };
        Part::simulate(&network, &settings, shard, go_on).unwrap()
    };
    let parts = [1, 2, 3].map(part).to_vec();
    assert_eq!(Part::merge(&network, parts).unwrap(), whole);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn bounded_graphs_equal_those_of_the_heap_simulator(
        network in networks::network(networks::work().boxed()),
        tries in prop::collection::vec(networks::several_tries(), 7),
        limit in prop_oneof![1_u32..4, 4_u32..20],
        clients in prop::option::of((1_u32..12, 0_u64..30)),
    ) {
        let mut network = network;
        network.max_in_flight = Some(limit);
        for (stage, tries) in network.stages.iter_mut().zip(tries) {
            stage.tries = tries;
        }
        if let Some((clients, think)) = clients {
            let think = Duration::from_millis(think);
            network.gaps = Gaps::Closed { clients, think };
            // Clients without a pause come too close together for coarse ticks.
            for link in &mut network.links {
                link.timeout = link.timeout.filter(|timeout| timeout.as_secs() < 1);
            }
        }
        let settings = Settings {
            seed: 11,
            replications: 2,
            requests: 2_400,
            warmup: Warmup::Requests(150),
        };
        let flow = Flow::new(&network, &settings).unwrap();
        // However many come: those who cannot enter wait.
        prop_assume!(flow.nodes.iter().all(|node| node.load < 1.0));
        let (expected, _) = heap::Heap::run(&flow, 1);
        assert_eq!(Trace::new(&flow, 1, 256).unwrap(), expected);
    }
}
