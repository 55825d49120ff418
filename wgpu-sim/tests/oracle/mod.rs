//! What tests against closed forms share: networks in few words, and how near a figure must be.

#![allow(dead_code, reason = "each test uses what it needs")]

use core::ops::ControlFlow;
use core::time::Duration;

use wgpu_sim::network::{Gaps, Link, Network, Routing, Stage, Wait, Work};
use wgpu_sim::stats::student_quantile;
use wgpu_sim::{GraphOutcome, Service, Settings, simulate_graph};

pub(crate) const REPLICATIONS: u32 = 64;

pub(crate) fn stage(name: &str, work: Work) -> Stage {
    Stage {
        gather: Wait::All,
        ..Stage::new(name, work)
    }
}

pub(crate) fn exponential(servers: u32, mean: Duration) -> Work {
    Work::Serve {
        replicas: servers,
        concurrency: 1,
        routing: Routing::Central,
        service: Service::Exponential { mean },
    }
}

pub(crate) fn network(rate: f64, stages: Vec<Stage>, links: Vec<Link>) -> Network {
    Network {
        rate,
        gaps: Gaps::Exponential,
        stages,
        links,
        objective: None,
        max_in_flight: None,
    }
}

/// Stages one after the other.
pub(crate) fn tandem(rate: f64, stages: Vec<Stage>) -> Network {
    let count = stages.len();
    let links = (0..=count).map(|at| Link::new(at.checked_sub(1), (at < count).then_some(at)));
    network(rate, stages, links.collect())
}

pub(crate) fn run(network: &Network, requests: u64) -> GraphOutcome {
    let settings = Settings {
        requests,
        replications: REPLICATIONS,
        seed: 2024,
        ..Settings::default()
    };
    let outcome = simulate_graph(network, &settings, &mut |_| ControlFlow::Continue(())).unwrap();
    assert!(outcome.stable);
    outcome
}

/// `interval` is at 95 %; three standard errors may be at most the share `precision`.
pub(crate) fn check(
    what: &str,
    found: f64,
    expected: f64,
    interval: Option<[f64; 2]>,
    precision: f64,
) {
    let [low, high] = interval.expect("so large a sample has an interval");
    let t = student_quantile(0.025, REPLICATIONS - 1);
    let three_errors = 3.0 * (high - low) / 2.0 / t;
    assert!(
        three_errors <= precision * expected,
        "{what}: three standard errors are {:.3} %",
        100.0 * three_errors / expected
    );
    assert!(
        (found - expected).abs() <= three_errors,
        "{what}: {found} is not {expected} ± {three_errors}"
    );
}

/// How many of `clients` are inside on average, of whom `servers` are served at once: M/M/c//N, as for
/// machines and repairmen, whatever the law of the pause.
///
/// n are inside with a probability of N! / (N − n)! / Π min(k, c) · (service / think)ⁿ.
pub(crate) fn inside_of_repairmen(clients: u32, servers: u32, think: f64, service: f64) -> f64 {
    let mut weights = vec![1.0_f64];
    for inside in 1..=clients {
        let before = weights.last().unwrap();
        let ask = f64::from(clients + 1 - inside) / think;
        let serve = f64::from(inside.min(servers)) / service;
        weights.push(before * ask / serve);
    }
    let whole: f64 = weights.iter().sum();
    (0..=clients)
        .zip(&weights)
        .map(|(inside, weight)| f64::from(inside) * weight / whole)
        .sum()
}
