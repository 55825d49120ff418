//! Random graphs, of all that a graph may hold.

#![allow(dead_code, reason = "each test uses what it needs")]

use core::time::Duration;

use proptest::prelude::*;
use wgpu_sim::Service;
use wgpu_sim::network::{
    Autoscale, Change, Continuous, Gaps, Hold, Link, Network, Prefix, Routing, Share, Stage,
    StepTime, Target, TokenLaw, TokenPart, Tokens, Tries, Wait, Work,
};

fn routing() -> impl Strategy<Value = Routing> {
    prop_oneof![
        Just(Routing::Central),
        Just(Routing::LeastLoaded),
        Just(Routing::RoundRobin),
        Just(Routing::Random),
        Just(Routing::PowerOfTwo),
    ]
}

/// Fixed services of whole milliseconds and tight arrivals make many events of one time.
fn service() -> impl Strategy<Value = Service> {
    prop_oneof![
        (1_u64..4).prop_map(|ms| Service::Fixed(Duration::from_millis(ms))),
        (1_u64..6).prop_map(|ms| Service::Exponential {
            mean: Duration::from_millis(ms),
        }),
        (1_u64..6).prop_map(|ms| Service::Lognormal {
            mean: Duration::from_millis(ms),
            cv: 0.7,
        }),
    ]
}

/// Whatever a node may do.
pub(crate) fn work() -> impl Strategy<Value = Work> {
    prop_oneof![4 => steady_work(), 1 => continuous()]
}

/// Whatever a node may do but for continuous batching.
pub(crate) fn steady_work() -> impl Strategy<Value = Work> {
    prop_oneof![
        Just(Work::Instant),
        service().prop_map(Work::Delay),
        (1_u32..5, 1_u32..3, routing(), service()).prop_map(
            |(replicas, concurrency, routing, service)| Work::Serve {
                replicas,
                concurrency,
                routing,
                service,
            }
        ),
        (1_u32..4, routing(), 1_u64..7, 0_u64..5).prop_map(|(replicas, routing, size, delay)| {
            Work::Batch {
                replicas,
                routing,
                times: (1..=size)
                    .map(|size| Duration::from_micros(1_500 + 500 * size))
                    .collect(),
                max_delay: Duration::from_millis(delay),
            }
        }),
    ]
}

fn tokens(mean: u32) -> impl Strategy<Value = Tokens> {
    let law = prop_oneof![
        (5.0..f64::from(mean), 0.0_f64..1.5)
            .prop_map(|(mean, cv)| TokenLaw::Lognormal { mean, cv }),
        prop::collection::vec(1..mean, 1..5).prop_map(TokenLaw::Empirical),
        prop::collection::vec(1..mean, 1..5).prop_map(TokenLaw::Traced),
    ];
    let part = (law, prop::option::of(0_u32..2)).prop_map(|(law, input)| TokenPart { law, input });
    let most = prop::option::of(1..2 * mean);
    (0_u32..40, prop::collection::vec(part, 0..3), most).prop_map(|(fixed, parts, most)| Tokens {
        fixed,
        parts,
        most,
    })
}

/// Small caches and budgets, so that requests are put back and prompts are computed in parts.
pub(crate) fn continuous() -> impl Strategy<Value = Work> {
    let prefix = (0_u32..100, 0.0_f64..1.0).prop_map(|(shared_tokens, hit_rate)| Prefix {
        shared_tokens,
        hit_rate,
    });
    let sizes = (
        1_u32..4,
        1_u32..12,
        prop_oneof![1_u32..20, 50_u32..400],
        prop::option::of(120_u32..1_000),
    );
    let step = (1e4..4e5, 0.0_f64..2e4, 0.0_f64..200.0, 0.0_f64..50.0);
    let lengths = (tokens(100), tokens(40), prop::option::of(10_u32..300));
    (sizes, routing(), step, prop::option::of(prefix), lengths).prop_map(
        |(sizes, routing, (base, token, context, prefill), prefix, (prompt, answer, longest))| {
            let (replicas, max_sequences, max_batched_tokens, kv_tokens) = sizes;
            Work::Continuous(Box::new(Continuous {
                replicas,
                routing,
                step: StepTime {
                    base,
                    token,
                    context,
                    prefill,
                },
                max_sequences,
                max_batched_tokens,
                kv_tokens,
                prefix,
                prompt,
                answer,
                longest,
            }))
        },
    )
}

/// The same with all tokens drawn: what a trace says is read on the CPU alone.
pub(crate) fn drawn(mut network: Network) -> Network {
    for stage in &mut network.stages {
        let Work::Continuous(batching) = &mut stage.work else {
            continue;
        };
        let tokens = [&mut batching.prompt, &mut batching.answer];
        for part in tokens.into_iter().flat_map(|tokens| &mut tokens.parts) {
            if let TokenLaw::Traced(values) = &part.law {
                part.law = TokenLaw::Empirical(values.clone());
            }
        }
    }
    network
}

/// A node on its own.
pub(crate) fn alone(work: Work, rate: f64) -> Network {
    Network {
        rate,
        gaps: Gaps::Exponential,
        stages: vec![Stage::new("node", work)],
        links: vec![Link::new(None, Some(0)), Link::new(Some(0), None)],
        objective: None,
    }
}

/// A generator whose caches are often full, so that requests are put back.
pub(crate) fn short_of_cache() -> Network {
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
    alone(work, 9.0)
}

fn wait() -> impl Strategy<Value = Wait> {
    prop_oneof![
        3 => Just(Wait::Ports),
        1 => Just(Wait::All),
        1 => Just(Wait::Any),
        1 => Just(Wait::Quorum(2)),
    ]
}

/// A single try that may take as long as it will, or not.
pub(crate) fn one_try() -> impl Strategy<Value = Tries> {
    let timeout = prop_oneof![2 => Just(None), 1 => (1_u64..20).prop_map(Some)];
    timeout.prop_map(|timeout| Tries {
        timeout: timeout.map(Duration::from_millis),
        ..Tries::ENDLESS
    })
}

/// So many more replicas than a stage begins with, in the time of a few hundred requests.
pub(crate) fn autoscale() -> impl Strategy<Value = (u32, Autoscale)> {
    let target = prop_oneof![
        2 => (1_u32..5).prop_map(Target::Waiting),
        1 => (200_000_u32..900_000).prop_map(Target::Busy),
    ];
    let times = (2_u64..60, 0_u64..80, 0_u64..300);
    (0_u32..5, target, times).prop_map(|(more, target, (every, cold_start, calm))| {
        let autoscale = Autoscale {
            most: 0,
            target,
            every: Duration::from_millis(every),
            cold_start: Duration::from_millis(cold_start),
            calm: Duration::from_millis(calm),
        };
        (more, autoscale)
    })
}

/// Gives a stage such an autoscaler, if it has replicas that may vary.
pub(crate) fn scale(stage: &mut Stage, (more, autoscale): (u32, Autoscale)) {
    let (replicas, is_busy) = match &stage.work {
        Work::Serve { replicas, .. } | Work::Batch { replicas, .. } => (*replicas, true),
        Work::Continuous(stated) => (stated.replicas, false),
        Work::Instant | Work::Delay(_) => return,
    };
    if is_busy || matches!(autoscale.target, Target::Waiting(_)) {
        stage.autoscale = Some(Autoscale {
            most: replicas + more,
            ..autoscale
        });
    }
}

/// Up to three tries, of which some are cut off.
pub(crate) fn several_tries() -> impl Strategy<Value = Tries> {
    let time = |most| prop::option::of((1_u64..most).prop_map(Duration::from_millis));
    (time(30), time(9), 1_u32..4).prop_map(|(timeout, per_try, attempts)| Tries {
        timeout,
        per_try,
        attempts,
    })
}

fn stage(work: BoxedStrategy<Work>) -> impl Strategy<Value = Stage> {
    let limit = prop_oneof![3 => Just(None), 1 => (0_u32..6).prop_map(Some)];
    (wait(), work, limit, any::<bool>(), any::<bool>()).prop_map(
        |(gather, work, queue_limit, passes_on_drop, streams)| Stage {
            name: String::new(),
            share: 1.0,
            gather,
            work,
            queue_limit,
            tries: Tries::ENDLESS,
            passes_on_drop,
            streams,
            gpu: None,
            priority: 0,
            autoscale: None,
        },
    )
}

fn link(from: Option<usize>, to: Option<usize>) -> impl Strategy<Value = Link> {
    let chance = prop_oneof![
        4 => Just(Share::Always),
        1 => (0.0_f64..0.6).prop_map(|low| Share::Between(low, low + 0.4)),
        1 => (0.2_f64..1.0).prop_map(Share::Own),
    ];
    let timeout = prop_oneof![4 => Just(None), 1 => (1_u64..9).prop_map(Some)];
    (0_u32..3, any::<bool>(), chance, 0_u64..3, timeout).prop_map(
        move |(port, required, chance, hop, timeout)| Link {
            from,
            to,
            port,
            required,
            chance,
            hop: Duration::from_micros(500 * hop),
            timeout: timeout.map(Duration::from_millis),
        },
    )
}

/// Up to six stages, whose calls have no end, each with up to three edges from the source or from stages before it.
pub(crate) fn network(work: BoxedStrategy<Work>) -> impl Strategy<Value = Network> {
    let stages = prop::collection::vec(stage(work), 1..7);
    stages
        .prop_flat_map(|stages| {
            let edges: Vec<_> = (0..=stages.len())
                .map(|to| {
                    let last = to == stages.len();
                    let edge = (0..=to).prop_flat_map(move |from| {
                        link(from.checked_sub(1), (!last).then_some(to))
                    });
                    prop::collection::vec(edge, 1..4)
                })
                .collect();
            let gaps = prop_oneof![
                3 => Just(Gaps::Exponential),
                1 => Just(Gaps::Gamma { cv2: 4.0 }),
                1 => Just(Gaps::Switching(vec![
                    Hold { rate: 300.0, mean: Duration::from_millis(40) },
                    Hold { rate: 0.0, mean: Duration::from_millis(30) },
                    Hold { rate: 50.0, mean: Duration::from_millis(90) },
                ])),
                1 => Just(Gaps::Profile(
                    [(0, 40.0), (2_000, 0.0), (2_500, 400.0), (4_000, 150.0)]
                        .map(|(at, rate)| Change { at: Duration::from_millis(at), rate })
                        .to_vec(),
                )),
                1 => prop::collection::vec(0_u64..30_000, 2..50).prop_map(|gaps| {
                    let gaps = [5].into_iter().chain(gaps);
                    Gaps::Trace(gaps.map(Duration::from_micros).collect())
                }),
            ];
            (Just(stages), edges, any::<bool>(), gaps)
        })
        .prop_map(|(mut stages, links, is_coarse, gaps)| {
            for (index, stage) in stages.iter_mut().enumerate() {
                stage.name = format!("node-{index}");
            }
            let mut links: Vec<Link> = links.into_iter().flatten().collect();
            if is_coarse {
                // So long a time takes ticks of 100 µs, and many events share one.
                links[0].timeout = Some(Duration::from_hours(4));
            }
            Network {
                rate: gaps.mean_rate().unwrap_or(150.0),
                gaps,
                stages,
                links,
                objective: None,
            }
        })
}
