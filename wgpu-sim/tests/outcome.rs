//! What a simulation tells, and what it refuses.

use core::ops::ControlFlow;
use core::time::Duration;

use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use wgpu_sim::{
    Arrivals, EngineChoice, Outcome, Program, Service, Settings, SharedGpu, SimulationError,
    Station, Warmup, simulate, simulate_cpu,
};

fn station(name: &str, servers: u32, rate: f64, service: Service) -> Station {
    Station {
        name: name.into(),
        servers,
        arrivals: Arrivals::Poisson { rate },
        service,
    }
}

fn exponential(millis: u64) -> Service {
    Service::Exponential {
        mean: Duration::from_millis(millis),
    }
}

fn run_with(stations: Vec<Station>, settings: &Settings) -> Result<Outcome, SimulationError> {
    simulate_cpu(&Program { stations }, settings, &mut |_| {
        ControlFlow::Continue(())
    })
}

fn run(stations: Vec<Station>) -> Result<Outcome, SimulationError> {
    run_with(
        stations,
        &Settings {
            requests: 64_000,
            ..Settings::default()
        },
    )
}

fn refusal(station: Station) -> String {
    run(vec![station]).unwrap_err().to_string()
}

#[test]
fn json_has_the_names_of_the_result_format() {
    let outcome = run(vec![station("embedder", 1, 50.0, exponential(10))]).unwrap();
    let json = serde_json::to_value(&outcome).unwrap();
    let keys = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(
        keys(&json),
        [
            "engine",
            "seed",
            "replications",
            "requests",
            "stable",
            "stations"
        ]
    );
    assert_eq!(
        (&json["engine"], &json["requests"]),
        (&json!("cpu"), &json!(64_000))
    );
    let embedder = &json["stations"][0];
    assert_eq!(
        keys(embedder),
        [
            "name",
            "utilisation",
            "stable",
            "wait",
            "service",
            "sojourn"
        ]
    );
    assert_eq!(
        keys(&embedder["sojourn"]),
        [
            "meanMs", "p50Ms", "p90Ms", "p95Ms", "p99Ms", "p999Ms", "meanCiMs", "p99CiMs"
        ]
    );
}

#[test]
fn a_station_that_cannot_keep_up_has_no_percentiles() {
    let outcome = run(vec![
        station("slow", 2, 300.0, exponential(10)),
        station("fast", 1, 10.0, exponential(10)),
        station("full", 1, 100.0, Service::Fixed(Duration::from_millis(10))),
    ])
    .unwrap();
    assert!(!outcome.stable);
    let stable: Vec<bool> = outcome
        .stations
        .iter()
        .map(|station| station.stable)
        .collect();
    assert_eq!(stable, [false, true, false]);
    let slow = serde_json::to_value(&outcome.stations[0]).unwrap();
    assert_eq!(
        (&slow["wait"], &slow["sojourn"]),
        (&Value::Null, &Value::Null)
    );
    assert!((outcome.stations[0].utilisation - 1.5).abs() < 0.01);
    assert!(outcome.stations[1].sojourn.is_some());
}

#[test]
fn equal_seeds_give_equal_results_and_others_differ() {
    let stations = || vec![station("reranker", 3, 200.0, exponential(10))];
    let seeded = |seed| {
        run_with(
            stations(),
            &Settings {
                seed,
                ..Settings::default()
            },
        )
        .unwrap()
    };
    assert_eq!(seeded(7), seeded(7));
    assert_ne!(seeded(7).stations, seeded(8).stations);
}

#[test]
fn stations_share_no_draws() {
    let twin = || station("twin", 1, 80.0, exponential(10));
    let outcome = run(vec![twin(), twin()]).unwrap();
    assert_ne!(outcome.stations[0].sojourn, outcome.stations[1].sojourn);
}

#[test]
fn counts_round_up_to_whole_replications() {
    let settings = Settings {
        requests: 1_000,
        replications: 64,
        ..Settings::default()
    };
    let outcome = run_with(vec![station("a", 1, 1.0, exponential(10))], &settings).unwrap();
    assert_eq!(outcome.requests, 1_024);
}

#[test]
fn more_servers_than_requests_never_wait() {
    let outcome = run(vec![station("api", 1_000, 10.0, exponential(100))]).unwrap();
    let wait = outcome.stations[0].wait.as_ref().unwrap();
    assert_eq!((wait.mean_ms, wait.p999_ms), (0.0, 0.0));
}

#[test]
fn long_times_take_a_coarser_tick_and_keep_their_shape() {
    let outcome = run(vec![station(
        "batch job",
        1,
        0.000_5,
        exponential(1_000_000),
    )])
    .unwrap();
    let service = outcome.stations[0].service.as_ref().unwrap();
    assert!(
        (service.mean_ms / 1e6 - 1.0).abs() < 0.02,
        "{}",
        service.mean_ms
    );
    assert!(
        (service.p99_ms / 4.605e6 - 1.0).abs() < 0.1,
        "{}",
        service.p99_ms
    );
}

#[test]
fn refusals_name_the_node_and_the_way_out() {
    let fixed = |nanos| Service::Fixed(Duration::from_nanos(nanos));
    let ms = Duration::from_millis;
    for (station, message) in [
        (
            station("a", 0, 1.0, exponential(1)),
            "node `a`: it has 0 servers (replicas × concurrency); give 1 to 1024",
        ),
        (
            station("a", 1, 0.0, exponential(1)),
            "node `a`: its arrival rate is 0 a second; give one above 0",
        ),
        (
            station("a", 1, f64::NAN, exponential(1)),
            "node `a`: its arrival rate is NaN a second; give one above 0",
        ),
        (
            station(
                "a",
                1,
                1.0,
                Service::Lognormal {
                    mean: ms(1),
                    cv: -1.0,
                },
            ),
            "node `a`: its coefficient of variation is -1; give 0 or a positive number",
        ),
        (
            station(
                "a",
                1,
                1.0,
                Service::LognormalPercentiles {
                    p50: ms(20),
                    p95: ms(10),
                },
            ),
            "node `a`: its p50 is 20ms and its p95 10ms; give 0 < p50 ≤ p95",
        ),
        (
            station("a", 1, 1.0, Service::Empirical(vec![])),
            "node `a`: it has no measured service times; give at least one",
        ),
        (
            station("a", 1, 1.0, Service::Fixed(Duration::MAX)),
            "node `a`: its times span more than 2³⁰ ticks of 100 µs (about a day); \
             shorten the longest or raise the rate",
        ),
        (
            station("a", 1, 2e6, fixed(100)),
            "node `a`: its arrivals are closer together than 10 ticks of 0.1 µs; \
             lower the rate, or shorten the longest time in the graph for a finer tick",
        ),
        (
            station("a", 1, 5e5, fixed(500)),
            "node `a`: its service is shorter than 10 ticks of 0.1 µs, too coarse for its \
             load; lower the rate, or shorten the longest time in the graph for a finer tick",
        ),
    ] {
        assert_eq!(refusal(station), message);
    }
    assert!(
        refusal(station("a", 1, 99.999_9, fixed(10_000_000))).starts_with("node `a`: it is 99.")
    );
}

#[test]
fn settings_that_cannot_be_used_are_named() {
    let refusal = |settings| {
        run_with(vec![station("a", 1, 1.0, exponential(1))], &settings)
            .unwrap_err()
            .to_string()
    };
    let default = Settings::default();
    for (settings, name) in [
        (
            Settings {
                replications: 0,
                ..default
            },
            "replications",
        ),
        (
            Settings {
                requests: 0,
                ..default
            },
            "requests",
        ),
        (
            Settings {
                requests: u64::MAX,
                ..default
            },
            "requests",
        ),
        (
            Settings {
                warmup: Warmup::Requests(u32::MAX),
                ..default
            },
            "warmup",
        ),
    ] {
        assert!(refusal(settings).starts_with(&format!("setting `{name}`: ")));
    }
    assert_eq!(run(vec![]).unwrap_err(), SimulationError::NoStations);
    let crowd = vec![station("a", 1, 1.0, exponential(1)); 4_097];
    assert_eq!(
        run(crowd).unwrap_err(),
        SimulationError::TooManyStations { count: 4_097 }
    );
}

#[test]
fn little_work_runs_on_the_cpu_of_itself() {
    let program = Program {
        stations: vec![station("a", 1, 1.0, exponential(1))],
    };
    let settings = Settings {
        requests: 64_000,
        ..Settings::default()
    };
    let go_on = &mut |_| ControlFlow::Continue(());
    let (auto, shared) = (EngineChoice::Auto, SharedGpu::default());
    let chosen = simulate(&program, &settings, auto, &shared, &|| 0.0, &|| None, go_on);
    let chosen = pollster::block_on(chosen).unwrap();
    assert_eq!(chosen, run_with(program.stations, &settings).unwrap());
}

#[test]
fn the_distribution_agrees_with_the_percentiles() {
    let outcome = run(vec![
        station("fine", 1, 50.0, exponential(10)),
        station("full", 1, 200.0, exponential(10)),
    ])
    .unwrap();
    let [fine, full] = &*outcome.stations else {
        panic!("two stations");
    };
    assert_eq!(full.distribution, []);
    let sojourn = fine.sojourn.as_ref().unwrap();
    for (p, quantile) in [(0.5, sojourn.p50_ms), (0.99, sojourn.p99_ms)] {
        let share = |keep: fn(f64, f64, f64) -> bool| -> f64 {
            let bins = fine.distribution.iter();
            bins.filter(|bin| keep(bin.low_ms, bin.high_ms, quantile))
                .map(|bin| bin.share)
                .sum()
        };
        let surely_below = share(|_, high, quantile| high <= quantile);
        let perhaps_below = share(|low, _, quantile| low <= quantile);
        assert!((surely_below..=perhaps_below).contains(&p), "{p}");
    }
}
