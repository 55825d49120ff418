//! Simulates one program on both engines and says whether they agree, and how long each took.
//! Natively it prints; in a browser it leaves the report in `globalThis.report`.

use core::ops::ControlFlow;
use core::time::Duration;

use wgpu_sim::{
    Arrivals, Engine, Gpu, Program, Service, Settings, SimulationError, Station, simulate_cpu,
    simulate_gpu,
};

fn program() -> Program {
    let station = |name: &str, servers, rate, service| Station {
        name: name.into(),
        servers,
        arrivals: Arrivals::Poisson { rate },
        service,
    };
    let ms = Duration::from_millis;
    Program {
        stations: vec![
            station("embedder", 1, 80.0, Service::Exponential { mean: ms(10) }),
            station(
                "vector database",
                8,
                80.0,
                Service::Lognormal {
                    mean: ms(80),
                    cv: 0.7,
                },
            ),
            station(
                "reranker",
                2,
                80.0,
                Service::LognormalPercentiles {
                    p50: ms(18),
                    p95: ms(40),
                },
            ),
            station("post-processing", 1, 80.0, Service::Fixed(ms(5))),
        ],
    }
}

async fn compare(clock: impl Fn() -> f64) -> Result<String, SimulationError> {
    let settings = Settings {
        replications: 256,
        requests: 512_000,
        ..Settings::default()
    };
    let go_on = &mut |_| ControlFlow::Continue(());
    let start = clock();
    let outcome = simulate_cpu(&program(), &settings, go_on)?;
    let cpu_ms = clock() - start;
    let gpu = Gpu::new().await?;
    let start = clock();
    let mut twin = simulate_gpu(&gpu, &program(), &settings, &clock, go_on).await?;
    let gpu_ms = clock() - start;
    twin.engine = Engine::Cpu;
    let verdict = if twin == outcome {
        "equal"
    } else {
        "DIFFERENT"
    };
    let mut lines = vec![format!(
        "{verdict}: CPU {cpu_ms:.0} ms, GPU {gpu_ms:.0} ms {:?}",
        gpu.name()
    )];
    for station in outcome.stations {
        let p99 = station
            .sojourn
            .map(|sojourn| (sojourn.p99_ms, sojourn.p99_ci_ms));
        lines.push(format!("{}: p99 in ms {p99:?}", station.name));
    }
    Ok(lines.join("\n"))
}

fn tell(result: Result<String, SimulationError>) -> String {
    result.unwrap_or_else(|error| format!("failed: {error}"))
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    let start = std::time::Instant::now();
    let clock = || start.elapsed().as_secs_f64() * 1e3;
    println!("{}", tell(pollster::block_on(compare(clock))));
}

#[cfg(target_arch = "wasm32")]
fn main() {
    wasm_bindgen_futures::spawn_local(async {
        let report = tell(compare(js_sys::Date::now).await).into();
        // A global object always takes a property.
        let _ = js_sys::Reflect::set(&js_sys::global(), &"report".into(), &report);
    });
}
