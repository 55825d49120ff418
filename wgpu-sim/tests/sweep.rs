//! The window sweep against a second simulator, on random graphs: equal to the tick, whatever the
//! length of the windows.

mod heap;

use std::time::Duration;

use pretty_assertions::assert_eq;
use proptest::prelude::*;
use wgpu_sim::network::{Flow, Gaps, Link, Network, Routing, Share, Stage, Wait, Work};
use wgpu_sim::{Service, Settings, Trace, Warmup};

fn settings() -> Settings {
    Settings {
        seed: 11,
        replications: 2,
        requests: 2_400,
        warmup: Warmup::Requests(150),
    }
}

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

fn work() -> impl Strategy<Value = Work> {
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

fn wait() -> impl Strategy<Value = Wait> {
    prop_oneof![
        3 => Just(Wait::Ports),
        1 => Just(Wait::All),
        1 => Just(Wait::Any),
        1 => Just(Wait::Quorum(2)),
    ]
}

fn stage() -> impl Strategy<Value = Stage> {
    let limit = prop_oneof![3 => Just(None), 1 => (0_u32..6).prop_map(Some)];
    (wait(), work(), limit, any::<bool>()).prop_map(
        |(gather, work, queue_limit, passes_on_drop)| Stage {
            name: String::new(),
            share: 1.0,
            gather,
            work,
            queue_limit,
            passes_on_drop,
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

/// Up to seven stages, each with up to three edges from the source or from stages before it.
fn network() -> impl Strategy<Value = Network> {
    let stages = prop::collection::vec(stage(), 1..7);
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
                rate: 150.0,
                gaps,
                stages,
                links,
                objective: None,
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn the_sweep_equals_the_heap_simulator(network in network()) {
        let flow = Flow::new(&network, &settings()).unwrap();
        // What cannot keep up is not simulated.
        prop_assume!(flow.is_stable());
        let expected = heap::Heap::run(&flow, 1);
        for window in [1, 64, 256, 1_024] {
            assert_eq!(Trace::new(&flow, 1, window).unwrap(), expected, "window {window}");
        }
    }
}
