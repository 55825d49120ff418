//! Nodes that use one GPU in turns, against closed forms of processor sharing.

mod oracle;

use core::time::Duration;

use oracle::{check, exponential, network, run, stage};
use wgpu_sim::network::{Gaps, Link, Network, Routing, Share, Stage, Work};
use wgpu_sim::{Mode, Service};

/// Stages on one GPU, each of which gets an equal share of the requests.
fn sharing(rate: f64, works: Vec<Work>) -> Network {
    let count = works.len();
    let on_gpu = |(at, work)| Stage {
        gpu: Some(0),
        ..stage(&format!("node-{at}"), work)
    };
    let mut stages: Vec<Stage> = works.into_iter().enumerate().map(on_gpu).collect();
    let share = 1.0 / count as f64;
    let mut links = Vec::new();
    for (at, stage) in stages.iter_mut().enumerate() {
        stage.share = share;
        let chance = Share::Between(at as f64 * share, (at + 1) as f64 * share);
        links.push(Link {
            chance,
            ..Link::new(None, Some(at))
        });
        links.push(Link::new(Some(at), None));
    }
    network(rate, stages, links)
}

fn single(service: Service) -> Work {
    Work::Serve {
        replicas: 1,
        concurrency: 1,
        routing: Routing::Central,
        service,
    }
}

#[test]
fn memoryless_work_takes_as_long_as_on_one_server() {
    // While anybody is there the GPU completes µ a second, whoever's work that is: the number of
    // all is that of M/M/1, and so is the mean time.
    let ms = Duration::from_millis(1);
    let works = vec![exponential(1, ms), exponential(1, ms)];
    let outcome = run(&sharing(800.0, works), 4_000_000);
    assert_eq!(outcome.mode, Mode::Event);
    assert_eq!(
        outcome.mode_reason.as_deref(),
        Some("`timeSlice` of `node-0`: its GPU is used in turns")
    );
    let times = outcome.end_to_end.unwrap();
    check("mean", times.mean_ms, 5.0, times.mean_ci_ms, 0.015);
    // Both together ask for so much of it.
    let load = outcome.nodes[0].load.unwrap();
    assert!((load - 0.8).abs() < 0.001, "{load}");
}

#[test]
fn the_law_of_the_work_makes_no_difference() {
    // Three nodes that turn away whom they cannot serve at once: with n of them busy, n! orders of
    // their work are as likely, so that the share of time is in proportion to C(3, n)·n!·ρⁿ,
    // whatever the law.
    let (mean, load) = (Duration::from_millis(1), 0.3_f64);
    let weights = [1.0, 3.0 * load, 6.0 * load * load, 6.0 * load * load * load];
    let whole: f64 = weights.iter().sum();
    let busy = (0..4)
        .zip(weights)
        .map(|(n, weight)| f64::from(n) * weight / whole);
    let busy: f64 = busy.sum();
    let refused = busy / 3.0;
    for service in [
        Service::Fixed(mean),
        Service::Exponential { mean },
        Service::Lognormal { mean, cv: 1.5 },
    ] {
        let works = vec![single(service.clone()); 3];
        let mut network = sharing(1e3 * 3.0 * load, works);
        for stage in &mut network.stages {
            stage.queue_limit = Some(0);
        }
        let outcome = run(&network, 2_000_000);
        let found = outcome.dropped as f64 / outcome.requests as f64;
        assert!((found / refused - 1.0).abs() < 0.01, "{service:?}: {found}");
        let times = outcome.end_to_end.unwrap();
        let time = busy / (3.0 * load * (1.0 - refused));
        check("mean", times.mean_ms, time, times.mean_ci_ms, 0.01);
    }
}

#[test]
fn who_is_busy_has_an_equal_share() {
    // All three start together: until 1 ms of each is done, then until another of two, then alone.
    let fixed = |ms| single(Service::Fixed(Duration::from_millis(ms)));
    let mut network = sharing(1.0, vec![fixed(1), fixed(2), fixed(3)]);
    network.gaps = Gaps::Trace(vec![Duration::from_secs(1); 4]);
    for link in &mut network.links {
        link.chance = Share::Always;
    }
    let outcome = run(&network, 640);
    let times = outcome
        .nodes
        .iter()
        .map(|node| node.sojourn.as_ref().unwrap().mean_ms);
    for (found, expected) in times.zip([3.0, 5.0, 6.0]) {
        assert!((found - expected).abs() < 1e-3, "{found} {expected}");
    }
    let whole = outcome.end_to_end.unwrap().mean_ms;
    assert!((whole - 6.0).abs() < 1e-3, "{whole}");
}

#[test]
fn replicas_share_one_by_one() {
    // Of two replicas the second has its GPU alone; of requests that stand in line together one is
    // served on each.
    let fixed = |replicas, ms| Work::Serve {
        replicas,
        concurrency: 1,
        routing: Routing::Central,
        service: Service::Fixed(Duration::from_millis(ms)),
    };
    let mut network = sharing(2.0, vec![fixed(2, 4), fixed(1, 4)]);
    network.gaps = Gaps::Trace([0, 1_000].map(Duration::from_millis).to_vec());
    for link in &mut network.links {
        link.chance = Share::Always;
    }
    let outcome = run(&network, 640);
    let [wide, narrow] = &*outcome.nodes else {
        panic!("two nodes");
    };
    // Beside the other 8 ms, alone 4 ms. The other: 8 ms beside it, and 4 more for the second.
    let mean = |node: &wgpu_sim::NodeResult| node.sojourn.as_ref().unwrap().mean_ms;
    assert!((mean(wide) - 6.0).abs() < 1e-3, "{}", mean(wide));
    assert!((mean(narrow) - 10.0).abs() < 1e-3, "{}", mean(narrow));
}

/// Preemptive resume: what a class finds is its own work and that of those before it.
#[test]
fn who_goes_first_does_not_wait_for_others() {
    let (fast, slow) = (Duration::from_millis(1), Duration::from_millis(2));
    let mut network = sharing(500.0, vec![exponential(1, fast), exponential(1, slow)]);
    network.stages[0].priority = 1;
    let outcome = run(&network, 6_000_000);
    let rate = 0.25;
    let (first, both) = (rate, rate + 2.0 * rate);
    // Mean work found of memoryless services: the sum of rate · mean².
    let remaining = [rate, rate + 4.0 * rate];
    let urgent = 1.0 + remaining[0] / (1.0 - first);
    let other = (2.0 + remaining[1] / (1.0 - both)) / (1.0 - first);
    for (node, mean) in outcome.nodes.iter().zip([urgent, other]) {
        let times = node.sojourn.as_ref().unwrap();
        check(&node.name, times.mean_ms, mean, times.mean_ci_ms, 0.02);
    }
}

#[test]
fn who_is_interrupted_goes_on_where_it_was() {
    // The second has its first millisecond, waits two for the first, and has its other four beside
    // the third, of its own priority.
    let fixed = |ms| single(Service::Fixed(Duration::from_millis(ms)));
    let mut network = sharing(1.0, vec![fixed(2), fixed(5), fixed(4)]);
    network.gaps = Gaps::Trace(vec![Duration::from_secs(1); 4]);
    network.stages[0].priority = 3;
    for (link, hop) in network.links.iter_mut().zip([1, 0, 0, 0, 3, 0]) {
        link.chance = Share::Always;
        link.hop = Duration::from_millis(hop);
    }
    let outcome = run(&network, 640);
    let times = outcome
        .nodes
        .iter()
        .map(|node| node.sojourn.as_ref().unwrap().mean_ms);
    for (found, expected) in times.zip([2.0, 11.0, 8.0]) {
        assert!((found - expected).abs() < 1e-3, "{found} {expected}");
    }
}

/// A node that gathers up to two for a millisecond, and one that serves singly.
fn batches(gaps: &[u64], priority: u32) -> [f64; 2] {
    let ms = Duration::from_millis;
    let batch = Work::Batch {
        replicas: 1,
        routing: Routing::Central,
        times: vec![ms(4), ms(5)],
        max_delay: ms(1),
    };
    let mut network = sharing(1.0, vec![batch, single(Service::Fixed(ms(3)))]);
    network.gaps = Gaps::Trace(gaps.iter().map(|&gap| ms(gap)).collect());
    network.rate = network.gaps.mean_rate().unwrap();
    network.stages[0].priority = priority;
    for link in &mut network.links {
        link.chance = Share::Always;
    }
    let outcome = run(&network, 640);
    let mean = |at: usize| outcome.nodes[at].sojourn.as_ref().unwrap().mean_ms;
    [mean(0), mean(1)]
}

#[test]
fn a_batch_is_one_piece_of_work() {
    let near = |found: [f64; 2], expected: [f64; 2]| {
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-3, "{found} {expected}");
        }
    };
    // The other is alone for the millisecond in which the batch waits, and then has half.
    near(batches(&[1_000, 1_000], 0), [7.0, 5.0]);
    // Or it pauses for the batch.
    near(batches(&[1_000, 1_000], 1), [5.0, 7.0]);
    // Two are a full batch, which has half until 10 ms; of the others the first is served until
    // 6 ms, and the second until 11 ms.
    near(batches(&[1_000, 0], 0), [10.0, 8.5]);
}
