use core::ops::ControlFlow;
use core::time::Duration;

use modelspec_core::Analysis;

use super::super::{Gaps, Routing, Share, Work};
use super::*;
use crate::{Settings, simulate_graph};

const CASCADE: &str = "
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: cascade}
spec:
  inputs: {question: {type: text}}
  outputs: {answer: {type: any}}
  nodes:
    seen: {role: cache, hitRate: 25%, service: {fixed: 500us}}
    pick: {role: router}
    small: {role: transformer, service: {batch: {base: 2ms, perItem: 1ms}}, placement: {gpu: L4, replicas: 2, routing: leastLoaded, batch: {dynamic: {maxSize: 4, maxDelay: 1ms}}}}
    large: {role: transformer, service: {fixed: 9ms}, placement: {replicas: 2, queueLimit: 50}}
    both: {role: join, join: any}
  edges:
    - {from: inputs.question, to: seen.key}
    - {from: seen.miss, to: pick.in}
    - {from: seen.hit, to: both.in}
    - {from: pick.out, to: small.in, probability: 80%, hop: 500us}
    - {from: pick.out, to: large.in}
    - {from: small.out, to: both.in}
    - {from: large.out, to: both.in}
    - {from: both.out, to: outputs.answer}
  objectives: {latency: {p95: 10ms}}
  workload: {arrivals: {poisson: {rate: 100rps}}}
";

fn compile(text: &str) -> Result<GraphCompilation, Vec<Diagnostic>> {
    let analysis = Analysis::new(text);
    Network::from_graph(&analysis.graph.expect("a graph"), None)
}

#[test]
fn nodes_and_edges_become_stages_and_links() {
    let network = compile(CASCADE).expect("it can be simulated").network;
    assert_eq!(network.objective, Some(Duration::from_millis(10)));
    let [seen, pick, small, large, both] = &*network.stages else {
        panic!("five stages");
    };
    assert!(matches!(seen.work, Work::Serve { replicas: 1, .. }));
    assert_eq!((&pick.work, &both.work), (&Work::Instant, &Work::Instant));
    assert_eq!((large.queue_limit, both.gather), (Some(50), Wait::Any));
    let ms = Duration::from_millis;
    assert_eq!(
        small.work,
        Work::Batch {
            replicas: 2,
            routing: Routing::LeastLoaded,
            times: vec![ms(3), ms(4), ms(5), ms(6)],
            max_delay: ms(1),
        }
    );
    let chance = |from, to| {
        let mut links = network.links.iter();
        links
            .find(|link| (link.from, link.to) == (Some(from), Some(to)))
            .map(|link| (link.chance, link.hop))
    };
    let own = |low, high| Share::Between(low, high);
    assert_eq!(chance(0, 1), Some((own(0.25, 1.0), Duration::ZERO)));
    assert_eq!(chance(0, 4), Some((own(0.0, 0.25), Duration::ZERO)));
    assert_eq!(
        chance(1, 2),
        Some((own(0.0, 0.8), Duration::from_micros(500)))
    );
    assert_eq!(chance(1, 3), Some((own(0.8, 1.0), Duration::ZERO)));
}

#[test]
fn a_graph_is_simulated_from_end_to_end() {
    let network = compile(CASCADE).expect("it can be simulated").network;
    let go_on = &mut |_| ControlFlow::Continue(());
    let outcome = simulate_graph(&network, &Settings::default(), go_on).unwrap();
    assert_eq!(
        (outcome.dropped, outcome.timed_out, outcome.unanswered),
        (0, 0, 0)
    );
    let served: Vec<f64> = outcome
        .nodes
        .iter()
        .map(|node| node.served as f64 / outcome.requests as f64)
        .collect();
    for (found, expected) in served.iter().zip([1.0, 0.75, 0.6, 0.15, 1.0]) {
        assert!((found - expected).abs() < 0.003, "{served:?}");
    }
    let times = outcome.end_to_end.expect("it is stable");
    // A quarter are hits, which wait for the cache alone.
    assert!(times.p50_ms > 4.0 && times.p99_ms > 9.4, "{times:?}");
    assert!(
        outcome
            .goodput
            .is_some_and(|share| (0.8..1.0).contains(&share))
    );
    assert!((outcome.throughput_rps.unwrap() - 100.0).abs() < 0.5);
    assert_eq!(outcome.bottleneck.as_deref(), Some("small"));
}

#[test]
fn what_keeps_a_graph_from_being_simulated_stands_at_its_node() {
    let text = CASCADE.replace("service: {fixed: 9ms}, ", "");
    let found = compile(&text).unwrap_err();
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].message,
        "`large` keeps the graph from being simulated as a whole: no service time is stated; \
         add `service` or `latency`"
    );
}

fn compile_with(arrivals: &str) -> Result<GraphCompilation, Vec<Diagnostic>> {
    compile(&CASCADE.replace("{poisson: {rate: 100rps}}", arrivals))
}

#[test]
fn arrivals_are_those_of_the_workload() {
    let network = compile(CASCADE).expect("it can be simulated").network;
    assert_eq!((network.rate, network.gaps), (100.0, Gaps::Exponential));
    let bursts = compile_with("{gamma: {rate: 40rps, cv2: 6}}").expect("it can be simulated");
    let network = bursts.network;
    assert_eq!(
        (network.rate, network.gaps),
        (40.0, Gaps::Gamma { cv2: 6.0 })
    );
}

#[test]
fn arrivals_that_are_not_simulated_are_refused() {
    let states = "{mmpp: {states: [{rate: 9rps, meanHold: 1s}, {rate: 1rps, meanHold: 2s}]}}";
    for (arrivals, message) in [
        (
            states,
            "`mmpp` arrivals are not simulated, only `poisson` and `gamma` ones",
        ),
        (
            "{gamma: {rate: 0rps, cv2: 6}}",
            "the arrivals have no rate above 0",
        ),
        (
            "{gamma: {rate: 40rps, cv2: 0}}",
            "the arrivals have no `cv2` above 0",
        ),
    ] {
        let found = compile_with(arrivals).expect_err("it cannot be simulated");
        assert_eq!(found[0].message, message);
    }
    let beyond = compile_with("{gamma: {rate: 40rps, cv2: 5000}}").expect("a network");
    let go_on = &mut |_| ControlFlow::Continue(());
    let error = simulate_graph(&beyond.network, &Settings::default(), go_on).unwrap_err();
    assert_eq!(
        error.to_string(),
        "node `inputs`: the squared coefficient of variation of its gaps is 5000; give one from \
         0.01 to 1000"
    );
}
