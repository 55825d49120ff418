//! The window sweep against a second simulator, on random graphs: equal to the tick, whatever the
//! length of the windows.

mod heap;
mod networks;

use core::time::Duration;

use pretty_assertions::assert_eq;
use proptest::prelude::*;
use wgpu_sim::network::{Flow, Gaps, Link, Network, Routing, Stage, Work};
use wgpu_sim::{Service, Settings, Trace, Warmup};

fn settings() -> Settings {
    Settings {
        seed: 11,
        replications: 2,
        requests: 2_400,
        warmup: Warmup::Requests(150),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn the_sweep_equals_the_heap_simulator(
        network in networks::network(networks::work().boxed()),
        tries in prop::collection::vec(networks::one_try(), 7),
    ) {
        let mut network = network;
        for (stage, tries) in network.stages.iter_mut().zip(tries) {
            stage.tries = tries;
        }
        let flow = Flow::new(&network, &settings()).unwrap();
        // What cannot keep up is not simulated.
        prop_assume!(flow.is_stable());
        let (expected, _) = heap::Heap::run(&flow, 1);
        for window in [1, 64, 256, 1_024] {
            assert_eq!(Trace::new(&flow, 1, window).unwrap(), expected, "window {window}");
        }
        assert_eq!(Trace::by_events(&flow, 1).unwrap(), expected, "event by event");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn tries_equal_those_of_the_heap_simulator(
        network in networks::network(networks::work().boxed()),
        tries in prop::collection::vec((networks::several_tries(), any::<bool>()), 7),
    ) {
        let mut network = network;
        for (stage, &(tries, _)) in network.stages.iter_mut().zip(&tries) {
            stage.tries = tries;
        }
        let flow = Flow::new(&network, &settings()).unwrap();
        prop_assume!(flow.is_stable());
        let (expected, _) = heap::Heap::run(&flow, 1);
        for (gpu, (stage, (_, is_live))) in (0..).zip(network.stages.iter_mut().zip(tries)) {
            // Turns that nobody else takes change nothing.
            let takes_turns = matches!(stage.work, Work::Serve { .. } | Work::Batch { .. });
            stage.gpu = (takes_turns && is_live).then_some(gpu);
        }
        let flow = Flow::new(&network, &settings()).unwrap();
        assert_eq!(Trace::by_events(&flow, 1).unwrap(), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn turns_on_gpus_equal_those_of_the_heap_simulator(
        network in networks::network(networks::steady_work().boxed()),
        tries in prop::collection::vec(networks::several_tries(), 7),
        turns in prop::collection::vec((0_u32..3, 0_u32..3), 7),
    ) {
        let mut network = network;
        for (stage, (tries, (gpu, priority))) in
            network.stages.iter_mut().zip(tries.into_iter().zip(turns))
        {
            stage.tries = tries;
            let takes_turns = matches!(stage.work, Work::Serve { .. } | Work::Batch { .. });
            stage.gpu = (takes_turns && gpu < 2).then_some(gpu);
            stage.priority = priority;
        }
        let flow = Flow::new(&network, &settings()).unwrap();
        prop_assume!(flow.is_stable());
        let (expected, _) = heap::Heap::run(&flow, 1);
        assert_eq!(Trace::by_events(&flow, 1).unwrap(), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn replicas_that_vary_equal_those_of_the_heap_simulator(
        network in networks::network(networks::work().boxed()),
        tries in prop::collection::vec(networks::several_tries(), 7),
        scales in prop::collection::vec(networks::autoscale(), 7),
    ) {
        let mut network = network;
        let stated = tries.into_iter().zip(scales);
        for (stage, (tries, scale)) in network.stages.iter_mut().zip(stated) {
            stage.tries = tries;
            networks::scale(stage, scale);
        }
        let flow = Flow::new(&network, &settings()).unwrap();
        prop_assume!(flow.is_stable());
        let (expected, _) = heap::Heap::run(&flow, 1);
        assert_eq!(Trace::by_events(&flow, 1).unwrap(), expected);
    }

    #[test]
    fn an_autoscaler_without_room_changes_nothing(
        network in networks::network(networks::work().boxed()),
        tries in prop::collection::vec(networks::several_tries(), 7),
        scales in prop::collection::vec(networks::autoscale(), 7),
    ) {
        let mut network = network;
        for (stage, tries) in network.stages.iter_mut().zip(tries) {
            stage.tries = tries;
        }
        let flow = Flow::new(&network, &settings()).unwrap();
        prop_assume!(flow.is_stable());
        let mut expected = Trace::by_events(&flow, 1).unwrap();
        for (stage, (_, scale)) in network.stages.iter_mut().zip(scales) {
            networks::scale(stage, (0, scale));
        }
        let flow = Flow::new(&network, &settings()).unwrap();
        let found = Trace::by_events(&flow, 1).unwrap();
        expected.replicas.clone_from(&found.replicas);
        assert_eq!(found, expected);
    }
}

#[test]
fn a_graph_whose_nodes_take_turns_in_several_steps_has_the_same_counts() {
    let queue = Work::Serve {
        replicas: 2,
        concurrency: 1,
        routing: Routing::LeastLoaded,
        service: Service::Exponential {
            mean: Duration::from_millis(1),
        },
    };
    let length = 600_usize;
    let network = Network {
        rate: 1_500.0,
        gaps: Gaps::Exponential,
        stages: (0..length)
            .map(|at| Stage::new(format!("queue-{at}"), queue.clone()))
            .collect(),
        links: (0..=length)
            .map(|at| Link::new(at.checked_sub(1), (at < length).then_some(at)))
            .collect(),
        objective: None,
    };
    let flow = Flow::new(&network, &settings()).unwrap();
    let expected = Trace::by_events(&flow, 1).unwrap();
    for window in [32, 256] {
        assert!(
            Trace::new(&flow, 1, window).unwrap() == expected,
            "window {window}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn jumps_over_decoding_equal_its_steps(work in networks::continuous(), rate in 20.0..400.0) {
        let flow = Flow::new(&networks::alone(work, rate), &settings()).unwrap();
        prop_assume!(flow.nodes[0].load < 1.2);
        let (expected, _) = heap::Heap::run(&flow, 0);
        for window in [1, 256] {
            assert_eq!(Trace::new(&flow, 0, window).unwrap(), expected, "window {window}");
        }
        assert_eq!(Trace::by_events(&flow, 0).unwrap(), expected, "event by event");
    }
}

#[test]
fn a_full_cache_puts_requests_back_and_they_end_alike() {
    let flow = Flow::new(&networks::short_of_cache(), &settings()).unwrap();
    let (expected, put_back) = heap::Heap::run(&flow, 0);
    assert!(put_back > 20, "{put_back}");
    assert!(expected.token.1 > 0 && expected.first.1 > 0);
    for window in [1, 64, 1_024] {
        assert_eq!(
            Trace::new(&flow, 0, window).unwrap(),
            expected,
            "window {window}"
        );
    }
}
