//! Whole graphs against closed forms: within three standard errors.

mod oracle;

use core::ops::ControlFlow;
use core::time::Duration;

use oracle::{check, exponential, network, run, stage, tandem};
use wgpu_sim::network::{Change, Gaps, Hold, Link, Network, Routing, Share, Work};
use wgpu_sim::{
    Arrivals, Program, Service, Settings, Station, Warmup, simulate_cpu, simulate_graph,
};

fn six_queues(requests: u64, precision: (f64, f64)) {
    let ms = Duration::from_millis(1);
    let stages = (0..6).map(|at| stage(&format!("queue-{at}"), exponential(1, ms)));
    let outcome = run(&tandem(800.0, stages.collect()), requests);
    let times = outcome.end_to_end.unwrap();
    // Burke and Jackson: the six sojourns are independent, so their sum is Erlang-6.
    check("mean", times.mean_ms, 30.0, times.mean_ci_ms, precision.0);
    check("p99", times.p99_ms, 65.542, times.p99_ci_ms, precision.1);
    assert!(
        (times.p50_ms / 28.351 - 1.0).abs() < 0.01,
        "{}",
        times.p50_ms
    );
    assert!(
        (times.p95_ms / 52.565 - 1.0).abs() < 0.01,
        "{}",
        times.p95_ms
    );
}

#[test]
fn six_queues_in_tandem() {
    six_queues(8_000_000, (0.01, 0.02));
}

#[test]
#[ignore = "minutes: cargo nextest run --release -p wgpu-sim --test graph_theory --run-ignored all"]
fn six_queues_in_tandem_to_half_a_percent() {
    six_queues(32_000_000, (0.005, 0.01));
}

/// The root of σ = A*(µ(1 − σ)) below 1, A* the Laplace transform of gaps at `load` = λ/µ.
fn share_that_waits(cv2: f64, load: f64) -> f64 {
    let transform = |share: f64| libm::pow(1.0 + (1.0 - share) * cv2 / load, -1.0 / cv2);
    (0..10_000).fold(0.5, |share, _| transform(share))
}

#[test]
fn a_queue_under_gamma_arrivals() {
    // G/M/1: the sojourn is exponential, of rate µ(1 − σ).
    let (ms, load) = (Duration::from_millis(1), 0.7);
    for (cv2, requests) in [(0.25, 4_000_000), (4.0, 8_000_000)] {
        let gaps = Gaps::Gamma { cv2 };
        let stages = vec![stage("queue", exponential(1, ms))];
        let network = Network {
            gaps,
            ..tandem(1_000.0 * load, stages)
        };
        let outcome = run(&network, requests);
        let times = outcome.end_to_end.unwrap();
        let mean = 1.0 / (1.0 - share_that_waits(cv2, load));
        check("mean", times.mean_ms, mean, times.mean_ci_ms, 0.01);
        let p99 = mean * libm::log(100.0);
        check("p99", times.p99_ms, p99, times.p99_ci_ms, 0.02);
    }
}

#[test]
fn a_queue_whose_arrivals_switch() {
    // M/M/1 under arrivals of rate a or b, held for 1/r each on average: with the traffic of each
    // state below 1 and states held for ever, a mixture of two M/M/1 queues.
    let ms = Duration::from_millis(1);
    let (low, high) = (200.0, 600.0);
    let hold = |rate| Hold {
        rate,
        mean: Duration::from_secs(2_000),
    };
    let gaps = Gaps::Switching(vec![hold(low), hold(high)]);
    let network = Network {
        gaps,
        ..tandem(400.0, vec![stage("queue", exponential(1, ms))])
    };
    let outcome = run(&network, 16_000_000);
    let times = outcome.end_to_end.unwrap();
    // Of the requests, three quarters come in the busy state.
    let expected = 0.25 * 1e3 / (1e3 - low) + 0.75 * 1e3 / (1e3 - high);
    let found = times.mean_ms;
    assert!((found / expected - 1.0).abs() < 0.06, "{found} {expected}");
}

#[test]
fn arrivals_have_the_rates_stated() {
    let ms = Duration::from_millis(1);
    let hold = |rate, mean| Hold {
        rate,
        mean: Duration::from_millis(mean),
    };
    let change = |at, rate| Change {
        at: Duration::from_secs(at),
        rate,
    };
    let trace = (1..=100).map(|gap| Duration::from_micros(gap * gap));
    for (gaps, rate) in [
        (
            Gaps::Switching(vec![hold(900.0, 50), hold(0.0, 30), hold(100.0, 40)]),
            (45.0 + 4.0) / 0.12,
        ),
        (Gaps::Trace(trace.collect()), 1e6 / 3_383.5),
        // Each lane counts 10,000 requests: 4,000 in the first 40 s, the others in 20.
        (
            Gaps::Profile(vec![change(0, 100.0), change(40, 300.0)]),
            10_000.0 / 60.0,
        ),
    ] {
        let asked = gaps.mean_rate().unwrap();
        let stages = vec![stage("queue", Work::Delay(Service::Fixed(ms)))];
        let network = Network {
            gaps,
            ..tandem(asked, stages)
        };
        let outcome = run(&network, 640_000);
        let found = outcome.throughput_rps.unwrap();
        assert!((found / rate - 1.0).abs() < 0.01, "{found} {rate}");
    }
}

#[test]
fn a_fork_and_join_of_two_queues() {
    let (ms, load) = (Duration::from_millis(1), 0.7);
    let stages = vec![
        stage("left", exponential(1, ms)),
        stage("right", exponential(1, ms)),
        stage("both", Work::Instant),
    ];
    let links = vec![
        Link::new(None, Some(0)),
        Link::new(None, Some(1)),
        Link::new(Some(0), Some(2)),
        Link::new(Some(1), Some(2)),
        Link::new(Some(2), None),
    ];
    let outcome = run(&network(1_000.0 * load, stages, links), 8_000_000);
    let times = outcome.end_to_end.unwrap();
    // Flatto and Hahn (1984), Nelson and Tantawi (1988).
    let expected = (12.0 - load) / 8.0 / (1.0 - load);
    check("mean", times.mean_ms, expected, times.mean_ci_ms, 0.005);
}

#[test]
fn batches_without_a_bound() {
    // Mean sojourns of the batch-service queue with batch times αb + τ₀ that takes all who wait.
    let (alpha, base) = (0.143_8, 1.887_4);
    let times = |size: u32| Duration::from_secs_f64((alpha * f64::from(size) + base) / 1e3);
    for (load, expected) in [
        (0.2, 3.687_3),
        (0.4, 4.923_9),
        (0.6, 7.369_8),
        (0.8, 14.714_7),
    ] {
        let work = Work::Batch {
            replicas: 1,
            routing: Routing::Central,
            times: (1..=2_000).map(times).collect(),
            max_delay: Duration::ZERO,
        };
        let rate = 1e3 * load / alpha;
        let outcome = run(&tandem(rate, vec![stage("encoder", work)]), 8_000_000);
        let times = outcome.end_to_end.unwrap();
        check("mean", times.mean_ms, expected, times.mean_ci_ms, 0.005);
        // The servers' work is a batch's base for each batch and α for each request.
        let node = &outcome.nodes[0];
        let expected = load + base / node.batch_mean.unwrap() * rate / 1e3;
        let found = node.utilisation.unwrap();
        assert!((found - expected).abs() < 0.002, "{found} {expected}");
    }
}

#[test]
fn a_bounded_queue_loses_what_erlang_says() {
    // M/M/1 with four waiting places: five in the system at most.
    let ms = Duration::from_millis(1);
    let mut queue = stage("queue", exponential(1, ms));
    queue.queue_limit = Some(4);
    let outcome = run(&tandem(800.0, vec![queue]), 8_000_000);
    let weights: Vec<f64> = (0..=5).map(|n| libm::pow(0.8, f64::from(n))).collect();
    let lost = weights[5] / weights.iter().sum::<f64>();
    let found = outcome.dropped as f64 / outcome.requests as f64;
    assert!((found / lost - 1.0).abs() < 0.005, "{found} {lost}");
    assert_eq!(outcome.nodes[0].dropped, outcome.dropped);
    assert!((outcome.goodput.unwrap() - (1.0 - lost)).abs() < 0.001);
}

#[test]
fn thinned_streams_stay_poisson() {
    let ms = Duration::from_millis(1);
    let mut large = stage("large", exponential(1, ms));
    large.share = 0.25;
    let mut small = stage("small", exponential(1, ms));
    small.share = 0.75;
    let mut links = vec![
        Link::new(None, Some(0)),
        Link::new(Some(0), Some(1)),
        Link::new(Some(0), Some(2)),
    ];
    links[1].chance = Share::Between(0.0, 0.75);
    links[2].chance = Share::Between(0.75, 1.0);
    let stages = vec![stage("router", Work::Instant), small, large];
    let outcome = run(&network(1_000.0, stages, links), 8_000_000);
    for (node, expected) in [(1, 4.0), (2, 1.0 / 0.75)] {
        let sojourn = outcome.nodes[node].sojourn.as_ref().unwrap();
        check("mean", sojourn.mean_ms, expected, sojourn.mean_ci_ms, 0.015);
    }
}

#[test]
fn one_queue_is_the_station_that_both_engines_simulate() {
    let service = Service::Lognormal {
        mean: Duration::from_millis(3),
        cv: 1.5,
    };
    let settings = Settings {
        requests: 200_000,
        warmup: Warmup::Requests(500),
        ..Settings::default()
    };
    for servers in [1, 3] {
        let rate = 250.0 * f64::from(servers);
        let station = Station {
            name: "queue".into(),
            servers,
            arrivals: Arrivals::Poisson { rate },
            service: service.clone(),
        };
        let program = Program {
            stations: vec![station],
        };
        let alone = simulate_cpu(&program, &settings, &mut |_| ControlFlow::Continue(()));
        let alone = &alone.unwrap().stations[0];
        let work = Work::Serve {
            replicas: servers,
            concurrency: 1,
            routing: Routing::Central,
            service: service.clone(),
        };
        let graph = tandem(rate, vec![stage("queue", work)]);
        let graph = simulate_graph(&graph, &settings, &mut |_| ControlFlow::Continue(())).unwrap();
        let node = &graph.nodes[0];
        assert_eq!(
            (&node.wait, &node.service, &node.sojourn),
            (&alone.wait, &alone.service, &alone.sojourn)
        );
        assert_eq!(graph.distribution, alone.distribution);
    }
}

#[test]
fn equal_seeds_give_equal_results_whatever_the_threads() {
    let ms = Duration::from_millis(1);
    let graph = tandem(
        500.0,
        vec![
            stage("a", exponential(1, ms)),
            stage("b", exponential(2, ms)),
        ],
    );
    assert_eq!(run(&graph, 64_000), run(&graph, 64_000));
}

#[test]
fn a_graph_that_cannot_keep_up_has_loads_and_no_times() {
    let ms = Duration::from_millis(1);
    let graph = tandem(
        1_500.0,
        vec![
            stage("a", exponential(1, ms)),
            stage("b", exponential(2, ms)),
        ],
    );
    let outcome = simulate_graph(&graph, &Settings::default(), &mut |_| {
        ControlFlow::Continue(())
    });
    let outcome = outcome.unwrap();
    assert!(!outcome.stable && outcome.end_to_end.is_none() && outcome.goodput.is_none());
    let uses: Vec<_> = outcome.nodes.iter().map(|node| node.utilisation).collect();
    assert!((uses[0].unwrap() - 1.5).abs() < 0.01 && uses[1].unwrap() < 1.0);
    assert_eq!(outcome.bottleneck.as_deref(), Some("a"));
}
