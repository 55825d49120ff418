//! What requests find in later rounds of a loop, in figures that are known to the tick.

mod oracle;

use core::ops::ControlFlow;
use core::time::Duration;

use oracle::{exponential, network, run, stage, tandem};
use wgpu_sim::network::{
    Back, Continuous, Gaps, Link, Network, Routing, Share, StepTime, Tokens, Work,
};
use wgpu_sim::{Mode, Part, Service, Settings, Shard, simulate_graph};

/// Requests so far apart that none meets another.
fn apart(mut network: Network) -> Network {
    network.gaps = Gaps::Trace(vec![Duration::from_secs(10); 2]);
    network.rate = 0.1;
    network
}

/// An edge that every request takes back, for so many rounds in all.
fn back(from: usize, to: usize, rounds: u32, tokens: u32) -> Link {
    let back = Back {
        range: (0.0, 1.0),
        is_own: true,
        rounds,
        tokens,
    };
    Link {
        chance: Share::Back(back),
        ..Link::new(Some(from), Some(to))
    }
}

#[test]
fn a_prompt_grows_by_each_round() {
    let fixed = |fixed| Tokens {
        fixed,
        parts: Vec::new(),
        most: None,
    };
    let (prompt, answer, told, rounds) = (100, 20, 30, 3);
    let work = Work::Continuous(Box::new(Continuous {
        replicas: 1,
        routing: Routing::LeastLoaded,
        step: StepTime {
            base: 2e6,
            token: 1e4,
            context: 0.0,
            prefill: 0.0,
        },
        max_sequences: 8,
        max_batched_tokens: 4_096,
        kv_tokens: None,
        prefix: None,
        prompt: fixed(prompt),
        answer: fixed(answer),
        longest: None,
    }));
    let mut network = apart(tandem(0.1, vec![stage("agent", work)]));
    network.links.push(back(0, 0, rounds, told));
    let outcome = run(&network, 640);
    // A step with the prompt, then one for each further token of the answer.
    let step = |tokens: u32| 2.0 + 0.01 * f64::from(tokens);
    let round = |number| step(prompt + number * (answer + told)) + 19.0 * step(1);
    let whole: f64 = (0..rounds).map(round).sum();
    let found = outcome.end_to_end.unwrap().mean_ms;
    assert!((found - whole).abs() < 0.01, "{found} {whole}");
}

/// Two branches of 3 and 5 ms, which a join waits for, three times.
fn branches(timeout: Option<Duration>) -> Network {
    let fixed = |ms| Work::Delay(Service::Fixed(Duration::from_millis(ms)));
    let stages = vec![
        stage("fork", Work::Instant),
        stage("fast", fixed(3)),
        stage("slow", fixed(5)),
        stage("join", Work::Instant),
    ];
    let slow = Link {
        timeout,
        ..Link::new(Some(2), Some(3))
    };
    let links = vec![
        Link::new(None, Some(0)),
        Link::new(Some(0), Some(1)),
        Link::new(Some(0), Some(2)),
        Link::new(Some(1), Some(3)),
        slow,
        Link::new(Some(3), None),
        back(3, 0, 3, 0),
    ];
    apart(network(0.1, stages, links))
}

#[test]
fn a_join_waits_for_its_branches_in_each_round() {
    let outcome = run(&branches(None), 640);
    let found = outcome.end_to_end.unwrap().mean_ms;
    assert!((found - 15.0).abs() < 1e-9, "{found}");
    assert_eq!((outcome.timed_out, outcome.nodes[3].served), (0, 3 * 640));
}

#[test]
fn an_edge_runs_out_of_time_in_each_round() {
    // 1 ms after the fast branch the join goes on without the slow one.
    let outcome = run(&branches(Some(Duration::from_millis(1))), 640);
    let found = outcome.end_to_end.unwrap().mean_ms;
    assert!((found - 12.0).abs() < 1e-9, "{found}");
    assert_eq!(outcome.unanswered, 0);
}

#[test]
fn shares_of_a_run_add_up_to_it() {
    let ms = Duration::from_millis(1);
    let mut network = tandem(300.0, vec![stage("queue", exponential(1, ms))]);
    network.stages[0].share = 2.0;
    let half = Back {
        range: (0.0, 0.5),
        is_own: true,
        rounds: 50,
        tokens: 0,
    };
    network.links.push(Link {
        chance: Share::Back(half),
        ..Link::new(Some(0), Some(0))
    });
    let settings = Settings {
        requests: 64_000,
        replications: 8,
        ..Settings::default()
    };
    let go_on = &mut |_| ControlFlow::Continue(());
    let whole = simulate_graph(&network, &settings, go_on).unwrap();
    assert_eq!(whole.mode, Mode::Event);
    let part = |number| {
        let shard = Shard { number, of: 3 };
        Part::simulate(&network, &settings, shard, go_on).unwrap()
    };
    let parts = [1, 2, 3].map(part).to_vec();
    assert_eq!(Part::merge(&network, parts).unwrap(), whole);
}
