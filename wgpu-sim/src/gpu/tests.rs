//! Both engines give the same records, bit for bit.

use core::ops::ControlFlow;
use core::time::Duration;
use std::rc::Rc;
use std::sync::OnceLock;

use pretty_assertions::assert_eq;
use proptest::prelude::*;

use super::*;
use crate::{Arrivals, Service, Station, Warmup, simulate_cpu};

/// The adapter of this machine, if it has one. `MODELSPEC_REQUIRE_GPU=1` makes it a must.
fn gpu() -> Option<&'static Gpu> {
    static GPU: OnceLock<Option<Gpu>> = OnceLock::new();
    GPU.get_or_init(|| match pollster::block_on(Gpu::new()) {
        Ok(gpu) => {
            eprintln!("comparing with {}", gpu.name());
            Some(gpu)
        }
        Err(error) => {
            let required = std::env::var("MODELSPEC_REQUIRE_GPU").is_ok_and(|value| value == "1");
            assert!(!required, "MODELSPEC_REQUIRE_GPU=1, but {error}");
            eprintln!("skipped: {error}");
            None
        }
    })
    .as_ref()
}

fn station(servers: u32, rate: f64, service: Service) -> Station {
    Station {
        name: "queue".into(),
        servers,
        arrivals: Arrivals::Poisson { rate },
        service,
    }
}

fn records_of_cpu(compiled: &Compiled, threads: usize) -> Vec<Record> {
    let mut records = Vec::new();
    let progress = &mut |_| ControlFlow::Continue(());
    crate::cpu::run(compiled, threads, progress, &mut |record| {
        records.push(record);
    })
    .unwrap();
    records
}

/// `pace` is the pretended length of a dispatch, which decides how the work is sliced.
fn records_of_gpu(gpu: &Gpu, compiled: &Compiled, pace: f64) -> Vec<Record> {
    let mut records = Vec::new();
    let now = core::cell::Cell::new(0.0);
    let clock = || {
        now.set(now.get() + pace);
        now.get()
    };
    let mut last = Progress {
        done: 0,
        total: compiled.work(),
    };
    let progress = &mut |state| {
        last = state;
        ControlFlow::Continue(())
    };
    let push = &mut |record| records.push(record);
    pollster::block_on(run(gpu, compiled, &clock, progress, push)).unwrap();
    assert_eq!(last.done, last.total);
    records
}

fn any_service() -> impl Strategy<Value = Service> {
    let time = || (1_000_u64..50_000_000).prop_map(Duration::from_nanos);
    prop_oneof![
        time().prop_map(Service::Fixed),
        time().prop_map(|mean| Service::Exponential { mean }),
        (time(), 0.0..3.0).prop_map(|(mean, cv)| Service::Lognormal { mean, cv }),
        (time(), 1.0..5.0).prop_map(|(p50, ratio)| Service::LognormalPercentiles {
            p50,
            p95: p50.mul_f64(ratio)
        }),
        prop::collection::vec(time(), 1..20).prop_map(Service::Empirical),
    ]
}

fn any_station() -> impl Strategy<Value = Station> {
    let servers = prop_oneof![Just(1), 2_u32..6, Just(MAX_SERVERS)];
    (servers, 0.01..0.97, any_service()).prop_map(|(servers, load, service)| {
        let mut station = station(servers, 1.0, service);
        // A rate that loads the station as wished, so that queues form.
        let program = Program {
            stations: vec![station.clone()],
        };
        let settings = Settings {
            warmup: Warmup::Requests(0),
            ..Settings::default()
        };
        let compiled = Compiled::new(&program, &settings).unwrap();
        let unit: f64 = compiled.stations[0].load;
        station.arrivals = Arrivals::Poisson {
            rate: f64::min(load / unit, 20_000.0),
        };
        station
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn random_programs_agree(
        stations in prop::collection::vec(any_station(), 1..4),
        seed: u32,
        replications in 1_u32..20,
        requests in 1_u64..20_000,
        warmup in 0_u32..500,
    ) {
        let Some(gpu) = gpu() else { return Ok(()) };
        let program = Program { stations };
        let warmup = Warmup::Requests(warmup);
        let settings = Settings { seed, replications, requests, warmup };
        let Ok(compiled) = Compiled::new(&program, &settings) else { return Ok(()) };
        let expected = records_of_cpu(&compiled, 1);
        prop_assert!(expected == records_of_gpu(gpu, &compiled, 20.0));
    }
}

fn queue(servers: u32, rate: f64) -> Program {
    let service = Service::Exponential {
        mean: Duration::from_millis(1),
    };
    Program {
        stations: vec![station(servers, rate, service)],
    }
}

#[test]
fn slicing_makes_no_difference() {
    let Some(gpu) = gpu() else { return };
    let settings = Settings {
        replications: 70,
        requests: 40_000,
        ..Settings::default()
    };
    let compiled = Compiled::new(&queue(3, 2_700.0), &settings).unwrap();
    let expected = records_of_cpu(&compiled, 1);
    for pace in [1.0, 24.0, 60.0] {
        assert!(expected == records_of_gpu(gpu, &compiled, pace), "{pace}");
    }
}

#[test]
fn long_runs_with_many_servers_come_to_their_end() {
    let Some(gpu) = gpu() else { return };
    for servers in [1, MAX_SERVERS] {
        let settings = Settings {
            replications: 2,
            requests: 300_000,
            ..Settings::default()
        };
        let program = queue(servers, 800.0 * f64::from(servers));
        let compiled = Compiled::new(&program, &settings).unwrap();
        // However short the dispatches seem, none may hold more passes than a driver grants.
        assert!(
            records_of_cpu(&compiled, 1) == records_of_gpu(gpu, &compiled, 0.1),
            "{servers}"
        );
    }
}

#[test]
fn a_saturated_backlog_is_cut_off_alike() {
    let Some(gpu) = gpu() else { return };
    let mut compiled = Compiled::new(&queue(1, 2.0), &Settings::default()).unwrap();
    // Services a thousand times the gaps.
    compiled.tables = vec![
        crate::draws::Table::new(0, |_, c| -1e5 * libm::log(c)).unwrap(),
        crate::draws::Table::new(1, |_, c| -1e7 * libm::log(c)).unwrap(),
    ];
    (compiled.replications, compiled.counted) = (3, 5_000);
    let expected = records_of_cpu(&compiled, 1);
    assert!(expected.iter().all(|record| record.saturated));
    assert!(expected == records_of_gpu(gpu, &compiled, 20.0));
}

#[test]
fn outcomes_are_equal_but_for_the_engine() {
    let Some(gpu) = gpu() else { return };
    let mut program = queue(1, 800.0);
    program.stations.extend(queue(2, 3_000.0).stations);
    program.stations.extend(queue(4, 3_200.0).stations);
    let settings = Settings {
        requests: 200_000,
        ..Settings::default()
    };
    let go_on = &mut |_| ControlFlow::Continue(());
    let mut on_gpu =
        pollster::block_on(simulate_gpu(gpu, &program, &settings, &|| 0.0, go_on)).unwrap();
    assert_eq!(on_gpu.engine, Engine::Gpu);
    assert!(!on_gpu.stable);
    on_gpu.engine = Engine::Cpu;
    assert_eq!(on_gpu, simulate_cpu(&program, &settings, go_on).unwrap());
}

#[test]
fn a_run_can_be_cancelled() {
    let Some(gpu) = gpu() else { return };
    let stop = &mut |_| ControlFlow::Break(());
    let (program, settings) = (queue(1, 800.0), Settings::default());
    let result = simulate_gpu(gpu, &program, &settings, &|| 0.0, stop);
    assert_eq!(pollster::block_on(result), Err(SimulationError::Cancelled));
}

#[test]
fn more_servers_than_the_kernel_holds_name_the_node() {
    let Some(gpu) = gpu() else { return };
    let go_on = &mut |_| ControlFlow::Continue(());
    let (program, settings) = (queue(MAX_SERVERS + 1, 800.0), Settings::default());
    let result = simulate_gpu(gpu, &program, &settings, &|| 0.0, go_on);
    let error = pollster::block_on(result).unwrap_err();
    assert_eq!(
        error.to_string(),
        "too large for the GPU: node `queue` has 65 servers, 64 are the most; use the CPU"
    );
}

#[test]
fn the_kernel_keeps_within_what_every_device_grants() {
    let lanes = tile::size(&wgpu::Limits::default());
    assert_eq!(lanes % 64, 0);
    assert!(lanes >= 4_096);
    let bytes = lanes as u64 * crate::record::COUNTS as u64 * 4;
    assert!(bytes <= wgpu::Limits::default().max_storage_buffer_binding_size);
}

#[test]
fn dispatches_settle_at_the_aimed_length() {
    let mut pace = Pace::default();
    // 2 µs a step and half a millisecond of overhead.
    let length = |pace: Pace| 0.5 + f64::from(pace.steps) * 0.002;
    for _ in 0..12 {
        pace.adapt(length(pace));
        assert!(length(pace) < 110.0, "{pace:?}");
    }
    assert!((10.0..50.0).contains(&length(pace)), "{pace:?}");
}

/// A queue behind another, in which two thirds of the time is used.
fn tandem() -> crate::network::Network {
    use crate::network::{Gaps, Link, Network, Routing, Stage, Work};

    let queue = Work::Serve {
        replicas: 2,
        concurrency: 1,
        routing: Routing::Central,
        service: Service::Exponential {
            mean: Duration::from_millis(1),
        },
    };
    Network {
        rate: 1_300.0,
        gaps: Gaps::Exponential,
        stages: vec![
            Stage::new("first", queue.clone()),
            Stage::new("second", queue),
        ],
        links: vec![
            Link::new(None, Some(0)),
            Link::new(Some(0), Some(1)),
            Link::new(Some(1), None),
        ],
        objective: None,
        max_in_flight: None,
    }
}

#[test]
fn a_graph_whose_device_is_lost_has_the_same_answer() {
    let Some(gpu) = gpu() else { return };
    let settings = Settings {
        replications: 4,
        requests: 400,
        ..Settings::default()
    };
    let go_on = &mut |_| ControlFlow::Continue(());
    let expected = crate::simulate_graph(&tandem(), &settings, go_on).unwrap();
    let flow = Flow::new(&tandem(), &settings).unwrap();
    let shared = SharedGpu::default();
    let device = || pollster::block_on(shared.get()).unwrap();
    let run = |progress: crate::ProgressFn<'_>| {
        let clock = || 0.0;
        let outcome = crate::engine::graph_on(&shared, device(), &flow, &clock, progress);
        pollster::block_on(outcome).unwrap()
    };

    let whole = run(go_on);
    assert_eq!(
        (whole.engine, whole.engine_note.clone()),
        (Engine::Gpu, None)
    );
    let as_cpu = |outcome| crate::GraphOutcome {
        engine: Engine::Cpu,
        engine_note: None,
        ..outcome
    };
    assert_eq!(as_cpu(whole), expected);

    let mortal = device();
    let mut dispatches = 0;
    let kill = &mut |_| {
        dispatches += 1;
        if dispatches == 3 {
            mortal.device.destroy();
        }
        ControlFlow::Continue(())
    };
    let outcome = run(kill);
    let note = outcome.engine_note.clone().unwrap_or_default();
    assert!(note.contains("the GPU was lost"), "{note}");
    assert_eq!(as_cpu(outcome), expected);
    // The device that others use is another one.
    assert!(gpu.failure.check().is_ok());
}

#[test]
fn a_device_is_kept_with_its_kernels_until_it_fails() {
    if gpu().is_none() {
        return;
    }
    let shared = SharedGpu::default();
    let settings = Settings {
        replications: 2,
        requests: 200,
        ..Settings::default()
    };
    let run = || {
        let go_on = &mut |_| ControlFlow::Continue(());
        let choice = crate::EngineChoice::Gpu;
        let network = tandem();
        let outcome =
            crate::simulate_graph_on(&network, &settings, choice, &shared, &|| 0.0, go_on);
        let outcome = pollster::block_on(outcome).unwrap();
        assert_eq!((outcome.engine, &outcome.engine_note), (Engine::Gpu, &None));
        (outcome, pollster::block_on(shared.get()).unwrap())
    };
    let (first, device) = run();
    assert!(device.flow.get().is_some());
    let (second, kept) = run();
    assert!(Rc::ptr_eq(&device, &kept));
    // Lost while nothing runs: the next run finds another, and has nothing to tell of it.
    device.device.destroy();
    let (third, another) = run();
    assert!(!Rc::ptr_eq(&device, &another));
    assert_eq!((&second, &third), (&first, &first));
}
