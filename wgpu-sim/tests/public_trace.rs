//! A public trace of a conversation service, read and replayed.

use core::ops::ControlFlow;
use core::time::Duration;

use wgpu_sim::network::{Gaps, Link, Network, Stage, Work};
use wgpu_sim::{Service, Settings, Warmup, read_trace, simulate_graph};

#[test]
fn a_public_trace_keeps_its_rate_and_spread() {
    let Ok(shared) = std::env::var("MODELSPEC_SHARED") else {
        eprintln!("skipped: MODELSPEC_SHARED names no folder with the public trace");
        return;
    };
    let path = format!("{shared}/data/traces/AzureLLMInferenceTrace_conv.csv");
    let trace = read_trace(&std::fs::read_to_string(path).unwrap()).unwrap();
    let gaps = trace.gaps;
    assert_eq!(gaps.len(), 19_366);
    let mean = gaps.iter().map(Duration::as_secs_f64).sum::<f64>() / gaps.len() as f64;
    let squares = gaps
        .iter()
        .map(|gap| libm::pow(gap.as_secs_f64() / mean - 1.0, 2.0));
    let cv2 = squares.sum::<f64>() / gaps.len() as f64;
    // As the data's own description has it.
    assert!(
        (1.0 / mean - 5.53).abs() < 0.01 && (cv2 - 1.20).abs() < 0.01,
        "{mean} {cv2}"
    );
    let delay = Work::Delay(Service::Fixed(Duration::from_millis(5)));
    let network = Network {
        rate: 1.0 / mean,
        gaps: Gaps::Trace(gaps),
        stages: vec![Stage::new("delay", delay)],
        links: vec![Link::new(None, Some(0)), Link::new(Some(0), None)],
        objective: None,
        max_in_flight: None,
    };
    // Each of two replications goes round the trace once, from another place.
    let settings = Settings {
        replications: 2,
        requests: 2 * 19_366,
        warmup: Warmup::Requests(0),
        ..Settings::default()
    };
    let go_on = &mut |_| ControlFlow::Continue(());
    let outcome = simulate_graph(&network, &settings, go_on).unwrap();
    let rate = outcome.throughput_rps.unwrap();
    assert!((rate * mean - 1.0).abs() < 1e-4, "{rate}");
}
