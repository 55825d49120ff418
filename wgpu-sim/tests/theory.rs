//! The engine against closed forms: within three standard errors, with samples so large that three
//! standard errors are at most 0.5 % of a mean and 1 % of a 99th percentile.

use core::ops::ControlFlow;
use core::time::Duration;

use wgpu_sim::{
    Arrivals, Program, Service, Settings, Station, StationResult, Summary, simulate_cpu, theory,
};

const REPLICATIONS: u32 = 64;

fn station(servers: u32, rate: f64, service: Service) -> Station {
    Station {
        name: "queue".into(),
        servers,
        arrivals: Arrivals::Poisson { rate },
        service,
    }
}

fn run(station: Station, requests: u64) -> StationResult {
    let settings = Settings {
        requests,
        replications: REPLICATIONS,
        seed: 2024,
        ..Settings::default()
    };
    let program = Program {
        stations: vec![station],
    };
    let mut outcome =
        simulate_cpu(&program, &settings, &mut |_| ControlFlow::Continue(())).unwrap();
    assert!(outcome.stable);
    outcome.stations.remove(0)
}

/// `interval` is at 95 %: `t` standard errors to either side.
fn check(what: &str, found: f64, expected: f64, interval: Option<[f64; 2]>, precision: f64) {
    let [low, high] = interval.expect("so large a sample has an interval");
    let t = wgpu_sim::stats::student_quantile(0.025, REPLICATIONS - 1);
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

fn check_mean(what: &str, summary: Option<&Summary>, expected: f64) {
    let summary = summary.expect("the station is stable");
    check(what, summary.mean_ms, expected, summary.mean_ci_ms, 0.005);
}

fn check_p99(what: &str, summary: Option<&Summary>, expected: f64) {
    let summary = summary.expect("the station is stable");
    check(what, summary.p99_ms, expected, summary.p99_ci_ms, 0.01);
}

#[test]
fn one_server_with_exponential_services() {
    let service = Service::Exponential {
        mean: Duration::from_millis(1),
    };
    let result = run(station(1, 800.0, service), 40_000_000);
    check_mean("service", result.service.as_ref(), 1.0);
    check_mean(
        "sojourn",
        result.sojourn.as_ref(),
        theory::mm1_mean_sojourn(0.8, 1.0),
    );
    check_p99(
        "wait",
        result.wait.as_ref(),
        theory::mm1_wait_quantile(0.8, 1.0, 0.99),
    );
    check_p99(
        "sojourn",
        result.sojourn.as_ref(),
        theory::mm1_sojourn_quantile(0.8, 1.0, 0.99),
    );
    assert!(
        (result.utilisation - 0.8).abs() < 0.001,
        "{}",
        result.utilisation
    );
}

#[test]
fn one_server_with_lognormal_services() {
    let cv = 1.2;
    let service = Service::Lognormal {
        mean: Duration::from_millis(4),
        cv,
    };
    let result = run(station(1, 150.0, service), 32_000_000);
    let variance = 16.0 * cv * cv;
    check_mean(
        "sojourn",
        result.sojourn.as_ref(),
        theory::mg1_mean_sojourn(0.15, 4.0, variance),
    );
    check_mean("service", result.service.as_ref(), 4.0);
}

#[test]
fn one_server_with_gamma_services() {
    for (cv, requests) in [(0.4, 24_000_000), (1.4, 48_000_000)] {
        let mean = Duration::from_millis(4);
        let result = run(station(1, 150.0, Service::Gamma { mean, cv }), requests);
        let variance = 16.0 * cv * cv;
        check_mean(
            "sojourn",
            result.sojourn.as_ref(),
            theory::mg1_mean_sojourn(0.15, 4.0, variance),
        );
        check_mean("service", result.service.as_ref(), 4.0);
    }
}

#[test]
fn one_server_with_fixed_services() {
    let service = Service::Fixed(Duration::from_millis(2));
    let result = run(station(1, 400.0, service), 16_000_000);
    check_mean(
        "sojourn",
        result.sojourn.as_ref(),
        theory::mg1_mean_sojourn(0.4, 2.0, 0.0),
    );
    let service = result.service.unwrap();
    assert_eq!(
        (service.p50_ms, service.p999_ms, service.mean_ms),
        (2.0, 2.0, 2.0)
    );
}

#[test]
fn four_servers_with_exponential_services() {
    let service = Service::Exponential {
        mean: Duration::from_millis(1),
    };
    let result = run(station(4, 3_200.0, service), 48_000_000);
    check_mean("sojourn", result.sojourn.as_ref(), 1.745_541);
    let waits = result.wait.unwrap();
    // The wait of those who wait is exponential, and 59.6432 % do.
    let quantile = |p: f64| libm::log(0.596_432 / (1.0 - p)) / (4.0 - 3.2);
    check_p99("wait", Some(&waits), quantile(0.99));
    assert!(
        (waits.p50_ms / quantile(0.5) - 1.0).abs() < 0.01,
        "{}",
        waits.p50_ms
    );
}

#[test]
fn two_percentiles_give_the_lognormal_that_has_them() {
    let (p50, p95) = (Duration::from_millis(20), Duration::from_millis(60));
    let result = run(
        station(1, 10.0, Service::LognormalPercentiles { p50, p95 }),
        4_000_000,
    );
    let service = result.service.unwrap();
    assert!(
        (service.p50_ms / 20.0 - 1.0).abs() < 0.005,
        "{}",
        service.p50_ms
    );
    assert!(
        (service.p95_ms / 60.0 - 1.0).abs() < 0.005,
        "{}",
        service.p95_ms
    );
}
