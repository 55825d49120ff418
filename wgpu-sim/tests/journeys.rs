//! Requests that are followed through a graph.

use core::ops::ControlFlow;
use core::time::Duration;

use wgpu_sim::network::{Gaps, Link, Network, Routing, Stage, Work};
use wgpu_sim::{Journeys, Service, Settings, simulate_graph};

/// A fast queue, a way of 2 ms, and a slow queue that is often full.
fn tandem() -> Network {
    let queue = |mean| Work::Serve {
        replicas: 1,
        concurrency: 1,
        routing: Routing::Central,
        service: Service::Exponential {
            mean: Duration::from_millis(mean),
        },
    };
    Network {
        rate: 80.0,
        gaps: Gaps::Exponential,
        stages: vec![Stage::new("fast", queue(1)), Stage::new("slow", queue(10))],
        links: vec![
            Link::new(None, Some(0)),
            Link {
                hop: Duration::from_millis(2),
                ..Link::new(Some(0), Some(1))
            },
            Link::new(Some(1), None),
        ],
        objective: None,
        max_in_flight: None,
    }
}

#[test]
fn stops_of_a_journey_make_up_its_time() {
    let settings = Settings {
        requests: 200_000,
        replications: 8,
        ..Settings::default()
    };
    let hear = &mut |_| ControlFlow::Continue(());
    let outcome = simulate_graph(&tandem(), &settings, hear).unwrap();
    let journeys = Journeys::of(&tandem(), &settings, &outcome, hear).unwrap();
    let journeys = journeys.expect("requests are answered");
    let times = outcome.end_to_end.expect("every node keeps up");
    for (journey, wanted) in [
        (&journeys.typical, times.p50_ms),
        (&journeys.slow, times.p99_ms),
    ] {
        assert!(
            (journey.ms / wanted - 1.0).abs() < 0.01,
            "{journey:?} is not of {wanted} ms"
        );
        let [fast, slow] = &journey.stops[..] else {
            panic!("not two stops: {journey:?}");
        };
        assert_eq!((&*fast.node, &*slow.node), ("fast", "slow"));
        assert!(fast.at_ms.abs() < 1e-6);
        let left = fast.wait_ms + fast.service_ms;
        assert!((slow.at_ms - left - 2.0).abs() < 1e-6, "{journey:?}");
        let end = slow.at_ms + slow.wait_ms + slow.service_ms;
        assert!((end - journey.ms).abs() < 1e-6, "{journey:?}");
    }
    // Slow requests wait where the queue is: of at least the 99th percentile, less the other node.
    let [fast, slow] = &journeys.slowest[..] else {
        panic!("not two nodes: {:?}", journeys.slowest);
    };
    assert!(fast.wait_ms + fast.service_ms < 3.0, "{fast:?}");
    assert!(slow.wait_ms > 0.8 * times.p99_ms, "{slow:?}");
    let all = fast.wait_ms + fast.service_ms + slow.wait_ms + slow.service_ms + 2.0;
    assert!(all > times.p99_ms, "{all}");
}

#[test]
fn a_graph_that_cannot_keep_up_has_no_journeys() {
    let network = Network {
        rate: 120.0,
        ..tandem()
    };
    let hear = &mut |_| ControlFlow::Continue(());
    let settings = Settings::default();
    let outcome = simulate_graph(&network, &settings, hear).unwrap();
    assert_eq!(Journeys::of(&network, &settings, &outcome, hear), Ok(None));
}
