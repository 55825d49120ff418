//! Nodes that state no time, or one that says nothing of batches.

use super::*;
use crate::Service;
use crate::service::Basis;

const SEARCH: &str = "
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: search}
spec:
  inputs: {question: {type: text, maxTokens: 64}}
  outputs: {hits: {type: any}}
  nodes:
    embedder:
      role: embedder
      model: {parameters: 335M, precision: fp16, layers: 24}
      outputs: {vector: {dim: 1024}}
      placement: {gpu: H100-80GB-SXM, batch: {dynamic: {maxSize: 32, maxDelay: 2ms}}, pool: gpus}
    store:
      role: retriever
      inputs: {query: {type: {kind: vector, dim: 1024}}}
      outputs: {hits: {type: {kind: candidates, item: {kind: text, maxTokens: 300}, maxItems: 20}}}
      index: {documents: 1.2M}
      placement: {cpu: 8, replicas: 2, pool: machines}
    reranker:
      role: reranker
      model: {parameters: 560M, precision: fp16, layers: 24}
      tokenizer: {maxInputTokens: 320}
      placement: {gpu: L40S}
  edges:
    - {from: inputs.question, to: embedder.text}
    - {from: embedder.vector, to: store.query}
    - {from: store.hits, to: reranker.candidates}
    - {from: inputs.question, to: reranker.query}
    - {from: reranker.ranked, to: outputs.hits}
  workload:
    arrivals: {poisson: {rate: 20rps}}
    tokens: {question: {lognormal: {mean: 24, cv: 0.6}}}
  hardware:
    pools:
      - {name: gpus, gpu: H100-80GB-SXM, count: 1, zone: a}
      - {name: machines, cpu: 8, count: 2, zone: b}
";

fn works(text: &str) -> Vec<Work> {
    let compilation = compile(text).expect("it can be simulated");
    let stages = compilation.network.stages.into_iter();
    stages.map(|stage| stage.work).collect()
}

fn ms(time: Duration) -> f64 {
    1e3 * time.as_secs_f64()
}

#[test]
fn encoders_and_searches_are_estimated() {
    let compilation = compile(SEARCH).expect("it can be simulated");
    let origin = |name: &str| compilation.origins[name];
    assert_eq!(origin("embedder"), Origin::Estimated(Basis::Measured));
    assert_eq!(origin("store"), Origin::Estimated(Basis::Rule));
    assert_eq!(origin("reranker"), Origin::Estimated(Basis::Measured));
    let [embedder, store, reranker] = &*works(SEARCH) else {
        panic!("three stages");
    };
    let Work::Batch { times, .. } = embedder else {
        panic!("batches");
    };
    // 24 layers of 20 µs; 128 tokens at 0.31 of 989 TFLOP/s, and fewer take no less.
    let products = |tokens: f64, share: f64| 1e3 * 2.0 * 335e6 * tokens / (989e12 * share);
    assert!((ms(times[0]) - (0.48 + products(128.0, 0.31))).abs() < 1e-4);
    assert_eq!(times[0], times[4]);
    // 768 tokens lie between 512 and 1024, by their logarithm.
    let share = 0.78 + 0.04 * libm::log2(1.5);
    assert!((ms(times[31]) - (0.48 + products(768.0, share))).abs() < 1e-4);
    let Work::Serve {
        concurrency: 8,
        service: Service::Lognormal { mean, .. },
        ..
    } = store
    else {
        panic!("a server for each core: {store:?}");
    };
    assert!((ms(*mean) - 1e-4 * 1024.0 * libm::log2(1.2e6)).abs() < 1e-4);
    let Work::Serve {
        service: Service::Fixed(time),
        ..
    } = reranker
    else {
        panic!("one at a time: {reranker:?}");
    };
    // Twenty pairs of question and passage, cut at 320 tokens of 324.
    let share = 0.61 + 0.01 * libm::log2(6_400.0 / 4_096.0);
    let expected = 0.48 + 1e3 * 2.0 * 560e6 * 6_400.0 / (362e12 * share);
    assert!((ms(*time) / expected - 1.0).abs() < 1e-4, "{time:?}");
}

#[test]
fn what_an_estimate_lacks_is_said() {
    for (from, to, reason) in [
        (
            ", layers: 24}\n      outputs",
            "}\n      outputs",
            "`model.layers` is missing",
        ),
        (
            "documents: 1.2M",
            "chunkTokens: 300",
            "`index.documents` is missing",
        ),
        ("gpu: L40S", "cpu: 4", "its placement states no GPU"),
    ] {
        let found = compile(&SEARCH.replace(from, to)).unwrap_err();
        assert!(found[0].message.contains(reason), "{found:?}");
    }
}

/// Only the way from one zone to another is estimated: what states no zone may stand side by side.
#[test]
fn the_way_between_zones_takes_its_time() {
    let compilation = compile(SEARCH).expect("it can be simulated");
    let hops: Vec<Duration> = compilation
        .network
        .links
        .iter()
        .map(|link| link.hop)
        .collect();
    let none = Duration::ZERO;
    assert_eq!(hops, [none, Duration::from_millis(1), none, none, none]);
    let said = |compilation: &GraphCompilation| {
        let mut notes = compilation.notes.iter();
        notes.any(|note| note.message.contains("from zone `a` to `b`"))
    };
    assert!(said(&compilation));
    let stated = SEARCH.replace("to: store.query", "to: store.query, hop: 30us");
    let compilation = compile(&stated).expect("it can be simulated");
    assert_eq!(compilation.network.links[1].hop, Duration::from_micros(30));
    assert!(!said(&compilation));
}

const LATENCY: &str = "latency: {p50: 4ms, p95: 6ms}\n      placement: {gpu: H100";

/// A latency tells of one request. What a batch adds follows from the model's products; where they
/// are not known, it is taken to cost nothing.
#[test]
fn a_latency_is_the_time_of_a_batch_of_one() {
    let with = |text: &str| match works(text).into_iter().next() {
        Some(Work::Batch { times, .. }) => times,
        other => panic!("batches: {other:?}"),
    };
    let text = SEARCH.replacen("placement: {gpu: H100", LATENCY, 1);
    let times = with(&text);
    // The mean of the lognormal through both percentiles.
    let sigma = libm::log(1.5) / 1.644_853_6;
    let mean = 4.0 * libm::exp(0.5 * sigma * sigma);
    assert!((ms(times[0]) - mean).abs() < 1e-4, "{:?}", times[0]);
    let estimated = with(SEARCH);
    let grown = |times: &[Duration]| ms(times[31]) - ms(times[0]);
    let apart = grown(&times) - grown(&estimated);
    assert!(apart.abs() < 1e-4, "{apart}");
    let note = |text: &str| {
        let notes = compile(text).expect("it can be simulated").notes;
        let of = |note: &&Diagnostic| note.message.starts_with("`embedder` is simulated");
        notes.iter().find(of).map(|note| note.message.clone())
    };
    assert!(note(&text).is_some_and(|note| note.contains("products add")));

    let bare = text.replacen("parameters: 335M, ", "", 1);
    let times = with(&bare);
    assert_eq!(times[0], times[31]);
    assert!(note(&bare).is_some_and(|note| note.contains("no longer than one request")));

    // Measured of 32 at once, it is the time of 32.
    let full = text.replacen("p95: 6ms}", "p95: 6ms, at: {batch: 32}}", 1);
    assert!((ms(with(&full)[31]) - mean).abs() < 1e-4);
}

#[test]
fn a_latency_under_a_load_gives_it_back_with_batches() {
    let latency = LATENCY.replace("p50: 4ms, p95: 6ms", "p95: 12ms, at: {rate: 400rps}");
    let text = SEARCH.replacen("placement: {gpu: H100", &latency, 1);
    let compilation = compile(&text).expect("it can be simulated");
    assert_eq!(compilation.origins["embedder"], Origin::Fitted);
    let work = compilation.network.stages[0].work.clone();
    let alone = Network {
        rate: 400.0,
        gaps: Gaps::Exponential,
        stages: vec![Stage::new("embedder", work)],
        links: vec![Link::new(None, Some(0)), Link::new(Some(0), None)],
        objective: None,
        max_in_flight: None,
    };
    let go_on = &mut |_| ControlFlow::Continue(());
    let outcome = simulate_graph(&alone, &Settings::default(), go_on).expect("it runs");
    let p95 = outcome.end_to_end.expect("it keeps up").p95_ms;
    assert!((p95 / 12.0 - 1.0).abs() < 0.02, "{p95}");
}

#[test]
fn the_guarded_rag_is_simulated_whole() {
    let text = include_str!("../../../../../../public/examples/rag-guarded.modelspec.yaml");
    // At a load that its least replicas keep up with.
    let text = text.replace("{poisson: {rate: 20rps}}", "{poisson: {rate: 2rps}}");
    let compilation = compile(&text).expect("it can be simulated");
    let settings = Settings {
        requests: 32_000,
        ..Settings::default()
    };
    let go_on = &mut |_| ControlFlow::Continue(());
    let outcome = simulate_graph(&compilation.network, &settings, go_on).expect("it runs");
    assert!(
        outcome.stable && outcome.end_to_end.is_some(),
        "{outcome:?}"
    );
    let generator = outcome.nodes.last().expect("a generator");
    let cache = generator.kv_utilisation.expect("its cache has a size");
    assert!(cache > 0.0 && cache < 0.5, "{cache}");
    assert_eq!(generator.preemptions, Some(0));
}
