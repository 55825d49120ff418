//! Requests that are followed through a graph.

use core::ops::ControlFlow;
use core::time::Duration;

use wgpu_sim::network::{Back, Gaps, Link, Network, Routing, Share, Stage, Tries, Work};
use wgpu_sim::{Journey, Journeys, Mode, Service, Settings, simulate_graph};

/// A queue before one server.
fn queue(mean: u64) -> Work {
    Work::Serve {
        replicas: 1,
        concurrency: 1,
        routing: Routing::Central,
        service: Service::Exponential {
            mean: Duration::from_millis(mean),
        },
    }
}

/// A fast queue, a way of 2 ms, and a slow queue that is often full.
fn tandem() -> Network {
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

/// The journeys of a graph that is simulated event by event.
fn by_events(network: &Network) -> Journeys {
    let settings = Settings {
        requests: 200_000,
        replications: 8,
        ..Settings::default()
    };
    let hear = &mut |_| ControlFlow::Continue(());
    let outcome = simulate_graph(network, &settings, hear).unwrap();
    assert_eq!(outcome.mode, Mode::Event);
    let journeys = Journeys::of(network, &settings, &outcome, hear).unwrap();
    let journeys = journeys.expect("requests are answered");
    let times = outcome.end_to_end.expect("every node keeps up");
    assert!((journeys.typical.ms / times.p50_ms - 1.0).abs() < 0.02);
    assert!((journeys.slow.ms / times.p99_ms - 1.0).abs() < 0.02);
    journeys
}

/// Each stop begins where the one before ends, and the last ends with the answer.
fn follows_without_a_gap(journey: &Journey) {
    let mut at = 0.0;
    for stop in &journey.stops {
        assert!((stop.at_ms - at).abs() < 1e-6, "{journey:?}");
        at += stop.wait_ms + stop.service_ms;
    }
    assert!((journey.ms - at).abs() < 1e-6, "{journey:?}");
}

#[test]
fn a_loop_is_followed_round_by_round() {
    // Four of ten go round again behind the second queue.
    let back = Back {
        range: (0.0, 0.4),
        is_own: false,
        rounds: 20,
        tokens: 0,
    };
    let mut stages = vec![
        Stage::new("plan", queue(1)),
        Stage::new("act", queue(2)),
        Stage::new("route", Work::Instant),
    ];
    for stage in &mut stages {
        stage.share = 1.0 / 0.6;
    }
    let network = Network {
        rate: 200.0,
        gaps: Gaps::Exponential,
        stages,
        links: vec![
            Link::new(None, Some(0)),
            Link::new(Some(0), Some(1)),
            Link::new(Some(1), Some(2)),
            Link {
                chance: Share::Back(back),
                ..Link::new(Some(2), Some(0))
            },
            Link {
                chance: Share::Between(0.4, 1.0),
                ..Link::new(Some(2), None)
            },
        ],
        objective: None,
        max_in_flight: None,
    };
    let journeys = by_events(&network);
    for journey in [&journeys.typical, &journeys.slow] {
        follows_without_a_gap(journey);
        let nodes = journey.stops.iter().map(|stop| &*stop.node);
        assert!(
            nodes.eq(["plan", "act"]
                .into_iter()
                .cycle()
                .take(journey.stops.len()))
        );
    }
    assert!(journeys.slow.stops.len() > 4, "{:?}", journeys.slow);
    // All rounds of a request count as its stay.
    let [plan, act] = &journeys.slowest[..] else {
        panic!("not two nodes: {:?}", journeys.slowest);
    };
    let all = plan.wait_ms + plan.service_ms + act.wait_ms + act.service_ms;
    assert!(all > journeys.slow.ms, "{all} of {:?}", journeys.slow);
    assert!(act.service_ms > 2.0 / 0.6, "{act:?}");
}

#[test]
fn time_is_lost_in_tries_that_fail() {
    let mut call = Stage::new(
        "call",
        Work::Delay(Service::Exponential {
            mean: Duration::from_millis(2),
        }),
    );
    call.tries = Tries {
        timeout: Some(Duration::from_millis(50)),
        per_try: Some(Duration::from_millis(2)),
        attempts: 10,
    };
    let network = Network {
        rate: 100.0,
        gaps: Gaps::Exponential,
        stages: vec![call],
        links: vec![Link::new(None, Some(0)), Link::new(Some(0), None)],
        objective: None,
        max_in_flight: None,
    };
    let journeys = by_events(&network);
    for journey in [&journeys.typical, &journeys.slow] {
        follows_without_a_gap(journey);
        let (_, failed) = journey.stops.split_last().expect("a stop");
        assert!(
            failed
                .iter()
                .all(|stop| (stop.service_ms - 2.0).abs() < 1e-6)
        );
    }
    // One of 100 needs more than four tries: e⁻⁴ is 0.018.
    assert!(journeys.slow.stops.len() > 3, "{:?}", journeys.slow);
}
