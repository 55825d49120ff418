//! Speeds on one core, as JSON: station visits a second of the window sweep and of a plain heap
//! over six stations in tandem, and requests a second of a generator, with jumps and step by step.
//!
//! Natively it prints; under Node it prints too, so that WebAssembly stands beside the machine's
//! own code. `cargo xtask peers` runs both, `SimPy` and Ciw, and tells the ratios.

#[path = "../tests/heap/batcher.rs"]
#[allow(dead_code)]
mod batcher;
#[path = "../benches/peers/heap.rs"]
mod heap;
#[path = "../benches/peers/networks.rs"]
mod networks;
#[path = "../benches/peers/steps.rs"]
mod steps;

use serde_json::json;
use wgpu_sim::Trace;

/// Requests through the tandem, and through the generator.
const REQUESTS: u32 = 500_000;
const ANSWERS: u32 = 20_000;
/// How often each is done; the fastest counts.
const TIMES: usize = 7;

fn speeds(clock: impl Fn() -> f64) -> String {
    let rate = |count: u32, work: &mut dyn FnMut()| {
        let seconds = (0..TIMES).map(|_| {
            let start = clock();
            work();
            (clock() - start) / 1e3
        });
        (f64::from(count) / seconds.fold(f64::INFINITY, f64::min)).round()
    };
    let tandem = networks::tandem(REQUESTS);
    let generator = networks::generator(ANSWERS);
    let visits = 6 * REQUESTS;
    let mut sum = 0;
    let found = json!({
        "sweep": rate(visits, &mut || drop(Trace::new(&tandem, 0, 256))),
        "heap": rate(visits, &mut || sum += heap::tandem(&tandem, REQUESTS)),
        "jumps": rate(ANSWERS, &mut || drop(Trace::new(&generator, 0, 256))),
        "steps": rate(ANSWERS, &mut || sum += steps::generator(&generator, ANSWERS)),
        // So that nothing is left out as unused.
        "ticks": sum,
    });
    found.to_string()
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    let start = std::time::Instant::now();
    println!("{}", speeds(|| start.elapsed().as_secs_f64() * 1e3));
}

#[cfg(target_arch = "wasm32")]
fn main() {
    let report = speeds(js_sys::Date::now).into();
    // A global object always takes a property.
    let _ = js_sys::Reflect::set(&js_sys::global(), &"report".into(), &report);
}
