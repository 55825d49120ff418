//! Joins that cancel what only they need, against closed forms and a second simulator.

mod heap;
mod networks;
mod oracle;

use core::ops::ControlFlow;
use core::time::Duration;

use oracle::{check, exponential, network, run, stage};
use pretty_assertions::assert_eq;
use proptest::prelude::*;
use wgpu_sim::network::{
    Autoscale, Back, Flow, Gaps, Link, Network, Share, Stage, Target, Wait, Work,
};
use wgpu_sim::{GraphOutcome, Mode, Service, Settings, Trace, Warmup, simulate_graph};

/// A request asks several nodes at once, and goes on with the first values.
fn hedged(rate: f64, nodes: Vec<Stage>, wait: Wait) -> Network {
    let count = nodes.len();
    let mut first = Stage::new("first", Work::Instant);
    first.gather = wait;
    first.cancel = true;
    let to_each = (0..count).map(|to| Link::new(None, Some(to)));
    let from_each = (0..count).map(|from| Link::new(Some(from), Some(count)));
    let links = to_each.chain(from_each).collect();
    network(rate, nodes.into_iter().chain([first]).collect(), links)
}

fn replicas(count: usize, mean: Duration) -> Vec<Stage> {
    let names = (0..count).map(|at| format!("replica-{at}"));
    let stages = names.map(|name| stage(&name, exponential(1, mean)));
    stages.collect()
}

fn simulated(network: &Network, requests: u64) -> GraphOutcome {
    let settings = Settings {
        requests,
        replications: 16,
        ..Settings::default()
    };
    simulate_graph(network, &settings, &mut |_| ControlFlow::Continue(())).unwrap()
}

#[test]
fn two_queues_that_race_are_one_of_twice_the_speed() {
    // Both hold the same requests at all times, so that the first to end is M/M/1 at 2µ: here one
    // that none of them could keep up with alone.
    let ms = Duration::from_millis(1);
    let outcome = run(&hedged(1_500.0, replicas(2, ms), Wait::Any), 4_000_000);
    assert_eq!(outcome.mode, Mode::Event);
    assert_eq!(
        outcome.mode_reason.as_deref(),
        Some("`cancel` of `first` stops the work of its other branches")
    );
    let times = outcome.end_to_end.unwrap();
    check("mean", times.mean_ms, 2.0, times.mean_ci_ms, 0.01);
    // Each is busy whenever anybody is there, whoever wins.
    for node in &outcome.nodes[..2] {
        let used = node.utilisation.unwrap();
        assert!((used - 0.75).abs() < 0.004, "{used}");
        assert!((node.load.unwrap() - 1.5).abs() < 1e-9 && node.stable);
        let won = node.served as f64 / outcome.requests as f64;
        assert!((won - 0.5).abs() < 0.003, "{won}");
        assert_eq!(node.served + node.cancelled, outcome.requests);
        assert_eq!((node.timed_out, node.dropped), (0, 0));
    }
    assert_eq!(
        (outcome.timed_out, outcome.dropped, outcome.unanswered),
        (0, 0, 0)
    );
    assert_eq!(outcome.goodput, Some(1.0));
}

#[test]
fn of_three_that_race_two_are_awaited() {
    // Servers without number: the second of three exponentials, at 1/3 + 1/2 of the mean.
    let mean = Duration::from_millis(6);
    let work = || Work::Delay(Service::Exponential { mean });
    let nodes = ["a", "b", "c"].map(|name| stage(name, work()));
    let outcome = run(&hedged(500.0, nodes.into(), Wait::Quorum(2)), 2_000_000);
    let times = outcome.end_to_end.unwrap();
    check("mean", times.mean_ms, 5.0, times.mean_ci_ms, 0.005);
    for node in &outcome.nodes[..3] {
        let cancelled = node.cancelled as f64 / outcome.requests as f64;
        assert!((cancelled - 1.0 / 3.0).abs() < 0.002, "{cancelled}");
    }
}

#[test]
fn what_cancels_too_little_is_told() {
    // Of equal services nothing is saved.
    let fixed = Work::Serve {
        replicas: 1,
        concurrency: 1,
        routing: wgpu_sim::network::Routing::Central,
        service: Service::Fixed(Duration::from_millis(1)),
    };
    let nodes = ["a", "b"].map(|name| stage(name, fixed.clone()));
    let slow = hedged(1_100.0, nodes.into(), Wait::Any);
    let ms = Duration::from_millis(1);
    for network in [slow, hedged(2_100.0, replicas(2, ms), Wait::Any)] {
        let outcome = simulated(&network, 100_000);
        assert!(!outcome.stable && outcome.end_to_end.is_none());
        assert!(
            outcome
                .nodes
                .iter()
                .all(|node| node.stable == (node.name == "first"))
        );
    }
    // So many more than go that no run could hold them.
    let outcome = simulated(&hedged(100_000.0, replicas(2, ms), Wait::Any), 160_000);
    assert!(!outcome.stable);
}

/// One way of 3 and 4 ms, another of 5 ms, and who wins goes on; 10 s apart.
fn ways(wait: Wait, cancels: bool) -> Network {
    let fixed = |ms| Work::Delay(Service::Fixed(Duration::from_millis(ms)));
    let stages = vec![
        stage("near", fixed(3)),
        stage("far", fixed(4)),
        stage("straight", fixed(5)),
        Stage {
            gather: wait,
            cancel: cancels,
            ..Stage::new("first", Work::Instant)
        },
        stage("after", fixed(1)),
    ];
    let ends = [
        (None, Some(0)),
        (Some(0), Some(1)),
        (None, Some(2)),
        (Some(1), Some(3)),
        (Some(2), Some(3)),
        (Some(3), Some(4)),
        (Some(4), None),
    ];
    let links = ends.map(|(from, to)| Link::new(from, to)).to_vec();
    Network {
        gaps: Gaps::Trace(vec![Duration::from_secs(10); 2]),
        ..network(0.1, stages, links)
    }
}

#[test]
fn a_way_of_several_nodes_is_cancelled_where_the_request_is() {
    let outcome = simulated(&ways(Wait::Any, true), 1_600);
    let counts = |name: &str| {
        let node = outcome.nodes.iter().find(|node| node.name == name).unwrap();
        (node.served, node.cancelled)
    };
    assert_eq!(counts("near"), (1_600, 0));
    assert_eq!(counts("far"), (0, 1_600));
    assert_eq!(counts("straight"), (1_600, 0));
    assert_eq!(counts("after"), (1_600, 0));
    let mean = outcome.end_to_end.unwrap().mean_ms;
    assert!((mean - 6.0).abs() < 1e-9, "{mean}");
}

#[test]
fn what_has_not_begun_does_not() {
    // The straight way is the fastest: the request is still at the first node of the other.
    let mut network = ways(Wait::Any, true);
    network.stages[2].work = Work::Delay(Service::Fixed(Duration::from_millis(2)));
    let outcome = simulated(&network, 1_600);
    let found: Vec<_> = outcome
        .nodes
        .iter()
        .map(|node| (node.served, node.cancelled))
        .collect();
    assert_eq!(
        found,
        [(0, 1_600), (0, 0), (1_600, 0), (1_600, 0), (1_600, 0)]
    );
}

#[test]
fn who_does_other_work_too_goes_on() {
    // The far node's value is also answered with.
    let mut network = ways(Wait::Any, true);
    network.links.push(Link::new(Some(1), None));
    let outcome = simulated(&network, 1_600);
    let cancelled: u64 = outcome.nodes.iter().map(|node| node.cancelled).sum();
    assert_eq!(cancelled, 0);
    let mean = outcome.end_to_end.unwrap().mean_ms;
    assert!((mean - 7.0).abs() < 1e-9, "{mean}");
}

#[test]
fn who_waits_for_all_cancels_nothing() {
    let settings = Settings::default();
    let flow = |wait, cancels| Flow::new(&ways(wait, cancels), &settings).unwrap();
    let cancelling = flow(Wait::Any, true);
    assert_eq!(
        (cancelling.cancels[0].join, &*cancelling.cancels[0].nodes),
        (3, &[0, 1, 2][..])
    );
    for (wait, cancels) in [(Wait::All, true), (Wait::Any, false)] {
        let flow = flow(wait, cancels);
        assert!(flow.cancels.is_empty() && flow.by_events.is_none());
    }
}

#[test]
fn each_round_of_a_loop_cancels_its_own() {
    // Three rounds of 5 ms each; without cancelling the far node would run three times.
    let mut network = ways(Wait::Any, true);
    let mut head = stage("head", Work::Instant);
    head.gather = Wait::Any;
    network.stages.push(head);
    for link in &mut network.links {
        if link.from.is_none() {
            link.from = Some(5);
        }
    }
    network.links.push(Link::new(None, Some(5)));
    network.links.push(Link {
        chance: Share::Back(Back {
            range: (0.0, 1.0),
            is_own: true,
            rounds: 3,
            tokens: 0,
        }),
        ..Link::new(Some(3), Some(5))
    });
    let outcome = simulated(&network, 1_600);
    let counts: Vec<_> = outcome
        .nodes
        .iter()
        .map(|node| (node.served, node.cancelled))
        .collect();
    assert_eq!(
        counts[..4],
        [(4_800, 0), (0, 4_800), (4_800, 0), (4_800, 0)]
    );
    let mean = outcome.end_to_end.unwrap().mean_ms;
    assert!((mean - 16.0).abs() < 1e-9, "{mean}");
}

#[test]
fn a_loop_is_cancelled_with_all_its_rounds() {
    // One branch goes round as often as it may, 3 ms each; the other takes 7 ms.
    let fixed = |ms| Work::Delay(Service::Fixed(Duration::from_millis(ms)));
    let nodes = vec![stage("agent", fixed(3)), stage("api", fixed(7))];
    let mut network = hedged(0.1, nodes, Wait::Any);
    network.gaps = Gaps::Trace(vec![Duration::from_secs(10); 2]);
    network.links.push(Link {
        chance: Share::Back(Back {
            range: (0.0, 1.0),
            is_own: true,
            rounds: 9,
            tokens: 0,
        }),
        ..Link::new(Some(0), Some(0))
    });
    let outcome = simulated(&network, 1_600);
    let agent = &outcome.nodes[0];
    assert_eq!((agent.served, agent.cancelled), (3_200, 1_600));
    let mean = outcome.end_to_end.unwrap().mean_ms;
    assert!((mean - 7.0).abs() < 1e-9, "{mean}");
}

#[test]
fn work_that_is_lost_counts_as_use() {
    // One of 4 ms is cancelled after 1 ms, in turns with others and alone alike.
    let serve = |ms| Work::Serve {
        replicas: 1,
        concurrency: 1,
        routing: wgpu_sim::network::Routing::Central,
        service: Service::Fixed(Duration::from_millis(ms)),
    };
    for shared in [false, true] {
        let mut nodes = vec![stage("slow", serve(4)), stage("fast", serve(1))];
        for (at, node) in nodes.iter_mut().enumerate() {
            node.gpu = shared.then_some(u32::try_from(at).unwrap());
        }
        let mut network = hedged(0.1, nodes, Wait::Any);
        network.gaps = Gaps::Trace(vec![Duration::from_millis(10); 2]);
        network.rate = 100.0;
        let outcome = simulated(&network, 1_600);
        for node in &outcome.nodes[..2] {
            let used = node.utilisation.unwrap();
            assert!((used - 0.1).abs() < 1e-6, "{used}");
        }
        assert_eq!(outcome.nodes[0].cancelled, 1_600);
    }
}

#[test]
fn turns_on_a_gpu_end_with_who_is_cancelled() {
    // Both run at half speed until the short one is done after 2 ms; then the other has lost 1 ms
    // of work, and the GPU is free.
    let serve = |ms| Work::Serve {
        replicas: 1,
        concurrency: 1,
        routing: wgpu_sim::network::Routing::Central,
        service: Service::Fixed(Duration::from_millis(ms)),
    };
    let mut nodes = vec![stage("slow", serve(4)), stage("fast", serve(1))];
    for node in &mut nodes {
        node.gpu = Some(0);
    }
    let mut network = hedged(100.0, nodes, Wait::Any);
    network.gaps = Gaps::Trace(vec![Duration::from_millis(10); 2]);
    let outcome = simulated(&network, 1_600);
    let mean = outcome.end_to_end.as_ref().unwrap().mean_ms;
    assert!((mean - 2.0).abs() < 1e-6, "{mean}");
    assert_eq!(
        (outcome.nodes[0].cancelled, outcome.nodes[1].served),
        (1_600, 1_600)
    );
}

fn settings() -> Settings {
    Settings {
        seed: 11,
        replications: 2,
        requests: 2_400,
        warmup: Warmup::Requests(150),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn cancelled_work_equals_that_of_the_heap_simulator(
        network in networks::network(networks::work().boxed()),
        tries in prop::collection::vec((networks::several_tries(), any::<bool>()), 7),
        joins in prop::collection::vec(prop::option::of(1_u32..3), 7),
        limit in prop::option::of(1_u32..9),
    ) {
        let mut network = network;
        network.max_in_flight = limit;
        let stages = network.stages.iter_mut().zip(tries).zip(joins);
        for (gpu, ((stage, (tries, is_live)), join)) in (0..).zip(stages) {
            stage.tries = tries;
            if let Some(count) = join {
                stage.cancel = true;
                stage.gather = Wait::Quorum(count);
            }
            let shares = matches!(stage.work, Work::Serve { .. } | Work::Batch { .. });
            // Two and two use their GPUs in turns, and of some one goes first.
            stage.gpu = (shares && is_live).then_some(gpu / 2);
            stage.priority = gpu % 3;
        }
        let flow = Flow::new(&network, &settings()).unwrap();
        prop_assume!(flow.nodes.iter().all(|node| node.load < 1.0));
        let (expected, _) = heap::Heap::run(&flow, 1);
        assert_eq!(Trace::by_events(&flow, 1).unwrap(), expected);
    }

    /// Branches that race, each of its own kind: what random graphs rarely have.
    #[test]
    fn races_equal_those_of_the_heap_simulator(
        works in prop::collection::vec((networks::work(), networks::several_tries()), 2..6),
        wait in prop_oneof![Just(Wait::Any), Just(Wait::Quorum(2))],
        rate in 50.0..400.0,
        is_coarse in any::<bool>(),
    ) {
        let nodes = works.into_iter().enumerate().map(|(at, (work, tries))| Stage {
            tries,
            ..stage(&format!("node-{at}"), work)
        });
        let mut network = hedged(rate, nodes.collect(), wait);
        if is_coarse {
            network.links[0].timeout = Some(Duration::from_hours(4));
        }
        let flow = Flow::new(&network, &settings()).unwrap();
        prop_assume!(flow.nodes.iter().all(|node| node.load < 1.5));
        let (expected, _) = heap::Heap::run(&flow, 1);
        assert_eq!(Trace::by_events(&flow, 1).unwrap(), expected);
    }
}

#[test]
fn a_lane_that_floods_is_a_share_of_a_run_like_others() {
    let ms = Duration::from_millis(1);
    let network = hedged(100_000.0, replicas(2, ms), Wait::Any);
    let settings = Settings {
        requests: 8_000,
        replications: 8,
        ..Settings::default()
    };
    let go_on = &mut |_| ControlFlow::Continue(());
    let whole = simulate_graph(&network, &settings, go_on).unwrap();
    let part = |number| {
        let shard = wgpu_sim::Shard { number, of: 2 };
        wgpu_sim::Part::simulate(&network, &settings, shard, go_on).unwrap()
    };
    let parts = [1, 2].map(part).to_vec();
    assert_eq!(wgpu_sim::Part::merge(&network, parts).unwrap(), whole);
}

#[test]
fn replicas_that_vary_are_not_cancelled() {
    let mut network = hedged(100.0, replicas(2, Duration::from_millis(5)), Wait::Any);
    network.stages[1].autoscale = Some(Autoscale {
        most: 4,
        target: Target::Waiting(2),
        every: Duration::from_secs(15),
        cold_start: Duration::from_mins(1),
        calm: Duration::from_mins(5),
    });
    let said = Flow::new(&network, &settings()).unwrap_err().to_string();
    let name = &network.stages[1].name;
    assert!(
        said.contains(name) && said.contains("fixed number of replicas"),
        "{said}"
    );
}
