//! The window sweep against a second simulator, on random graphs: equal to the tick, whatever the
//! length of the windows.

mod heap;
mod networks;

use pretty_assertions::assert_eq;
use proptest::prelude::*;
use wgpu_sim::network::{
    Continuous, Flow, Gaps, Link, Network, Prefix, Routing, Stage, StepTime, TokenLaw, TokenPart,
    Tokens, Work,
};
use wgpu_sim::{Settings, Trace, Warmup};

fn settings() -> Settings {
    Settings {
        seed: 11,
        replications: 2,
        requests: 2_400,
        warmup: Warmup::Requests(150),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn the_sweep_equals_the_heap_simulator(network in networks::network(networks::work().boxed())) {
        let flow = Flow::new(&network, &settings()).unwrap();
        // What cannot keep up is not simulated.
        prop_assume!(flow.is_stable());
        let (expected, _) = heap::Heap::run(&flow, 1);
        for window in [1, 64, 256, 1_024] {
            assert_eq!(Trace::new(&flow, 1, window).unwrap(), expected, "window {window}");
        }
        assert_eq!(Trace::by_events(&flow, 1).unwrap(), expected, "event by event");
    }
}

/// A generator on its own.
fn generator(work: Work, rate: f64) -> Network {
    Network {
        rate,
        gaps: Gaps::Exponential,
        stages: vec![Stage::new("generator", work)],
        links: vec![Link::new(None, Some(0)), Link::new(Some(0), None)],
        objective: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn jumps_over_decoding_equal_its_steps(work in networks::continuous(), rate in 20.0..400.0) {
        let flow = Flow::new(&generator(work, rate), &settings()).unwrap();
        prop_assume!(flow.nodes[0].load < 1.2);
        let (expected, _) = heap::Heap::run(&flow, 0);
        for window in [1, 256] {
            assert_eq!(Trace::new(&flow, 0, window).unwrap(), expected, "window {window}");
        }
        assert_eq!(Trace::by_events(&flow, 0).unwrap(), expected, "event by event");
    }
}

#[test]
fn a_full_cache_puts_requests_back_and_they_end_alike() {
    let part = |mean| TokenPart {
        law: TokenLaw::Lognormal { mean, cv: 0.8 },
        input: None,
    };
    let tokens = |mean, most| Tokens {
        fixed: 0,
        parts: vec![part(mean)],
        most: Some(most),
    };
    let work = Work::Continuous(Box::new(Continuous {
        replicas: 2,
        routing: Routing::LeastLoaded,
        step: StepTime {
            base: 8.7e6,
            token: 42e3,
            context: 85.0,
            prefill: 0.9,
        },
        max_sequences: 32,
        max_batched_tokens: 256,
        kv_tokens: Some(4_000),
        prefix: Some(Prefix {
            shared_tokens: 100,
            hit_rate: 0.5,
        }),
        prompt: tokens(300.0, 1_500),
        answer: tokens(120.0, 800),
        longest: Some(2_048),
    }));
    let flow = Flow::new(&generator(work, 9.0), &settings()).unwrap();
    let (expected, put_back) = heap::Heap::run(&flow, 0);
    assert!(put_back > 20, "{put_back}");
    assert!(expected.token.1 > 0 && expected.first.1 > 0);
    for window in [1, 64, 1_024] {
        assert_eq!(
            Trace::new(&flow, 0, window).unwrap(),
            expected,
            "window {window}"
        );
    }
}
