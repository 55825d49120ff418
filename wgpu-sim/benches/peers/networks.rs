//! What is simulated by all: six stations in tandem, and a generator under continuous batching.

use core::time::Duration;

use wgpu_sim::network::{
    Continuous, Flow, Gaps, Link, Network, Routing, Stage, StepTime, TokenLaw, TokenPart, Tokens,
    Work,
};
use wgpu_sim::{Service, Settings, Warmup};

/// Six stations of four servers at 80 %, for a lane of so many requests.
pub(crate) fn tandem(requests: u32) -> Flow {
    let work = Work::Serve {
        replicas: 4,
        concurrency: 1,
        routing: Routing::Central,
        service: Service::Exponential {
            mean: Duration::from_millis(1),
        },
    };
    chain(3_200.0, vec![work; 6], requests)
}

/// One replica of a model of 8 B parameters, with prompts of 600 tokens and answers of 180.
pub(crate) fn generator(requests: u32) -> Flow {
    let tokens = |mean: f64| Tokens {
        fixed: 0,
        parts: vec![TokenPart {
            law: TokenLaw::Lognormal { mean, cv: 0.8 },
            input: None,
        }],
        most: Some(2_048),
    };
    let work = Work::Continuous(Box::new(Continuous {
        replicas: 1,
        routing: Routing::LeastLoaded,
        step: StepTime {
            base: 8.7e6,
            token: 42e3,
            context: 85.0,
            prefill: 0.9,
        },
        max_sequences: 64,
        max_batched_tokens: 2_048,
        kv_tokens: Some(200_000),
        prefix: None,
        prompt: tokens(600.0),
        answer: tokens(180.0),
        longest: Some(8_192),
    }));
    chain(6.0, vec![work], requests)
}

/// Stages one after the other.
fn chain(rate: f64, works: Vec<Work>, requests: u32) -> Flow {
    let count = works.len();
    let stage = |(at, work)| Stage::new(format!("queue-{at}"), work);
    let network = Network {
        rate,
        gaps: Gaps::Exponential,
        stages: works.into_iter().enumerate().map(stage).collect(),
        links: (0..=count)
            .map(|at| Link::new(at.checked_sub(1), (at < count).then_some(at)))
            .collect(),
        objective: None,
        max_in_flight: None,
    };
    let settings = Settings {
        replications: 1,
        requests: u64::from(requests),
        warmup: Warmup::Requests(0),
        ..Settings::default()
    };
    Flow::new(&network, &settings).expect("a valid network")
}
