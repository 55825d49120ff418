//! What time that advances from event to event holds, against closed forms: loops, clients who wait
//! for their answer, and tries that take too long.

mod oracle;

use core::time::Duration;

use oracle::{check, exponential, inside_of_repairmen, network, run, stage, tandem};
use wgpu_sim::network::{Back, Gaps, Link, Network, Share, Tries, Work};
use wgpu_sim::{Mode, Service};

/// An edge that takes a share of the requests back.
fn back(from: usize, to: usize, share: f64, rounds: u32) -> Link {
    let back = Back {
        range: (0.0, share),
        is_own: true,
        rounds,
        tokens: 0,
    };
    Link {
        chance: Share::Back(back),
        ..Link::new(Some(from), Some(to))
    }
}

/// So many rounds that hardly anybody reaches the bound.
const ENOUGH: u32 = 60;

#[test]
fn a_queue_with_feedback() {
    // Jackson: visits are geometric, and the queue is as if its arrivals were Poisson.
    let (ms, share) = (Duration::from_millis(1), 0.5);
    let mut queue = stage("queue", exponential(1, ms));
    queue.share = 1.0 / (1.0 - share);
    let mut network = tandem(350.0, vec![queue]);
    network.links.push(back(0, 0, share, ENOUGH));
    let outcome = run(&network, 4_000_000);
    assert_eq!(outcome.mode, Mode::Event);
    assert_eq!(
        outcome.mode_reason.as_deref(),
        Some("a loop leads back to `queue`")
    );
    let times = outcome.end_to_end.unwrap();
    let load: f64 = 0.7;
    let mean = load / (1.0 - load) / 0.35;
    check("mean", times.mean_ms, mean, times.mean_ci_ms, 0.01);
    let queue = &outcome.nodes[0];
    assert!((queue.utilisation.unwrap() - load).abs() < 0.005);
    let visits = queue.served as f64 / outcome.requests as f64;
    assert!((visits - 2.0).abs() < 0.005, "{visits}");
}

#[test]
fn a_loop_through_two_queues() {
    // 40 % go round again behind the second; a router's edges exclude each other.
    let ms = Duration::from_millis;
    let share = 0.4;
    let mut stages = vec![
        stage("plan", exponential(1, ms(1))),
        stage("act", exponential(2, ms(3))),
        stage("route", Work::Instant),
    ];
    for stage in &mut stages {
        stage.share = 1.0 / (1.0 - share);
    }
    let mut network = tandem(300.0, stages);
    let mut again = back(2, 0, share, ENOUGH);
    let onward = network.links.last_mut().unwrap();
    onward.chance = Share::Between(share, 1.0);
    if let Share::Back(back) = &mut again.chance {
        back.is_own = false;
    }
    network.links.push(again);
    let outcome = run(&network, 4_000_000);
    let rate = 0.3 / (1.0 - share);
    let (plan, act): (f64, f64) = (rate, rate * 3.0 / 2.0);
    // M/M/2: the number inside is 2ρ / (1 − ρ²).
    let inside = plan / (1.0 - plan) + 2.0 * act / (1.0 - act * act);
    let times = outcome.end_to_end.unwrap();
    check("mean", times.mean_ms, inside / 0.3, times.mean_ci_ms, 0.01);
}

#[test]
fn rounds_have_a_bound() {
    let fixed = Work::Delay(Service::Fixed(Duration::from_millis(5)));
    let looped = |share, rounds| {
        let mut network = tandem(100.0, vec![stage("agent", fixed.clone())]);
        network.links.push(back(0, 0, share, rounds));
        run(&network, 400_000)
    };
    // Whoever may go on for ever runs as often as the bound allows, and then leaves.
    let all = looped(1.0, 3).end_to_end.unwrap();
    assert!((all.mean_ms - 15.0).abs() < 1e-9, "{}", all.mean_ms);
    // A bucket is at most 1.6 % wide.
    assert!((all.p99_ms / 15.0 - 1.0).abs() < 0.016, "{}", all.p99_ms);
    let once = looped(1.0, 1).end_to_end.unwrap();
    assert!((once.mean_ms - 5.0).abs() < 1e-9, "{}", once.mean_ms);
    // 1 + ½ + ¼ rounds.
    let half = looped(0.5, 3).end_to_end.unwrap();
    check("mean", half.mean_ms, 8.75, half.mean_ci_ms, 0.01);
}

#[test]
fn who_is_sent_back_at_the_last_round_has_no_answer() {
    // A router's way out excludes its way back, even where the bound closes that.
    let mut network = tandem(100.0, vec![stage("route", Work::Instant)]);
    network.links[1].chance = Share::Between(0.6, 1.0);
    let mut again = back(0, 0, 0.6, 4);
    if let Share::Back(back) = &mut again.chance {
        back.is_own = false;
    }
    network.links.push(again);
    let outcome = run(&network, 400_000);
    let share = outcome.unanswered as f64 / outcome.requests as f64;
    assert!((share - libm::pow(0.6, 4.0)).abs() < 0.003, "{share}");
}

/// Clients who think so long.
fn closed(clients: u32, think: Duration, mut network: Network) -> Network {
    network.gaps = Gaps::Closed { clients, think };
    network
}

#[test]
fn machines_and_repairmen() {
    let (clients, servers, think, service) = (12_u32, 2_u32, 20.0, 4.0);
    let queue = stage("queue", exponential(servers, Duration::from_millis(4)));
    let think_time = Duration::from_millis(20);
    let outcome = run(
        &closed(clients, think_time, tandem(1.0, vec![queue])),
        2_000_000,
    );
    assert_eq!(outcome.mode, Mode::Event);
    let inside = inside_of_repairmen(clients, servers, think, service);
    let throughput = (f64::from(clients) - inside) / think;
    let times = outcome.end_to_end.unwrap();
    let mean = inside / throughput;
    check("mean", times.mean_ms, mean, times.mean_ci_ms, 0.01);
    let found = outcome.throughput_rps.unwrap() / 1e3;
    assert!((found / throughput - 1.0).abs() < 0.003, "{found}");
}

#[test]
fn a_closed_network_of_queues() {
    // Mean value analysis, client by client.
    let (clients, think) = (16_u32, 50.0);
    let services = [3.0, 5.0, 2.0];
    let stages = services.iter().enumerate().map(|(at, &ms)| {
        let mean = Duration::from_secs_f64(ms / 1e3);
        stage(&format!("queue-{at}"), exponential(1, mean))
    });
    let network = tandem(1.0, stages.collect());
    let outcome = run(
        &closed(clients, Duration::from_millis(50), network),
        2_000_000,
    );
    let mut inside = [0.0_f64; 3];
    let (mut cycle, mut throughput) = (0.0, 0.0);
    for count in 1..=clients {
        let times = [0, 1, 2].map(|at: usize| services[at] * (1.0 + inside[at]));
        cycle = times.iter().sum();
        throughput = f64::from(count) / (think + cycle);
        inside = times.map(|time| throughput * time);
    }
    let times = outcome.end_to_end.unwrap();
    check("mean", times.mean_ms, cycle, times.mean_ci_ms, 0.01);
    let used = outcome.nodes[1].utilisation.unwrap();
    assert!((used / (throughput * 5.0) - 1.0).abs() < 0.003, "{used}");
}

#[test]
fn who_is_not_served_in_time_leaves() {
    // The work before an arrival is that of a dam of this size, which loses what flows over: it is
    // empty with (1 − ρ) / (1 − ρ·e^(−(µ − λ)·d)), and a request is late with that times
    // e^(−(µ − λ)·d).
    let ms = Duration::from_millis(1);
    let (load, patience) = (0.8_f64, 5.0);
    let mut queue = stage("queue", exponential(1, ms));
    queue.tries.timeout = Some(5 * ms);
    let outcome = run(&tandem(1e3 * load, vec![queue]), 4_000_000);
    let decay = libm::exp(-(1.0 - load) * patience);
    let empty = (1.0 - load) / (1.0 - load * decay);
    let late = outcome.timed_out as f64 / outcome.requests as f64;
    assert!((late / (empty * decay) - 1.0).abs() < 0.01, "{late}");
    let queue = &outcome.nodes[0];
    assert_eq!(queue.timed_out, outcome.timed_out);
    assert!((queue.utilisation.unwrap() - (1.0 - empty)).abs() < 0.003);
    // A request that is served in time needs no event mode.
    assert_eq!((outcome.mode, outcome.mode_reason), (Mode::Sweep, None));
}

#[test]
fn a_call_is_tried_again() {
    // Servers without number: each try ends in time with 1 − e^(−d).
    let ms = Duration::from_millis;
    let mean = ms(2);
    let mut call = stage("call", Work::Delay(Service::Exponential { mean }));
    call.tries = Tries {
        timeout: Some(ms(5)),
        per_try: Some(ms(2)),
        attempts: 4,
    };
    let outcome = run(&tandem(400.0, vec![call]), 2_000_000);
    assert_eq!(outcome.mode, Mode::Event);
    assert_eq!(
        outcome.mode_reason.as_deref(),
        Some("`retries` of `call` come back to its queue")
    );
    // Two whole tries, and half of a third before all of the time is up.
    let fails = libm::exp(-2.5);
    let late = outcome.timed_out as f64 / outcome.requests as f64;
    assert!((late / fails - 1.0).abs() < 0.01, "{late}");
    // Whatever the tries: the time is that of one exponential, cut off at 5 ms.
    let answered = 2.0 - 5.0 * fails / (1.0 - fails);
    let times = outcome.end_to_end.unwrap();
    check("mean", times.mean_ms, answered, times.mean_ci_ms, 0.01);
    let tries = [0.0, 1.0, 2.0].map(|tries: f64| libm::exp(-tries));
    let failed = tries[1] + tries[2] + fails;
    let found = outcome.nodes[0].timed_out as f64 / outcome.requests as f64;
    assert!((found / failed - 1.0).abs() < 0.01, "{found}");
}

#[test]
fn a_lone_client_waits_for_nobody() {
    let fixed = |ms| Work::Delay(Service::Fixed(Duration::from_millis(ms)));
    let stages = vec![stage("a", fixed(3)), stage("b", fixed(4))];
    let network = network(1.0, stages, tandem_links());
    let outcome = run(&closed(1, Duration::from_millis(13), network), 64_000);
    let rate = outcome.throughput_rps.unwrap();
    assert!((rate - 50.0).abs() < 0.01, "{rate}");
}

fn tandem_links() -> Vec<Link> {
    vec![
        Link::new(None, Some(0)),
        Link::new(Some(0), Some(1)),
        Link::new(Some(1), None),
    ]
}
