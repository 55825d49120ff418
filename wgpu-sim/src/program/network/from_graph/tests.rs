mod estimates;

use core::ops::ControlFlow;
use core::time::Duration;

use modelspec_core::Analysis;

use super::super::{Autoscale, Gaps, Routing, Share, Target, Tries, Work};
use super::*;
use crate::{Service, Settings, simulate_graph};

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
    Network::from_graph(&analysis.graph.expect("a graph"), &Load::default())
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
fn clients_who_wait_become_closed_arrivals() {
    let compiled = compile_with("{closed: {clients: 8, think: 2s}}").expect("it can be simulated");
    let think = Duration::from_secs(2);
    assert_eq!(compiled.network.gaps, Gaps::Closed { clients: 8, think });
    let settings = Settings {
        requests: 6_400,
        ..Settings::default()
    };
    let go_on = &mut |_| ControlFlow::Continue(());
    let outcome = simulate_graph(&compiled.network, &settings, go_on).expect("it runs");
    assert_eq!(outcome.mode, crate::Mode::Event);
    // Eight clients, who answer in no time beside their pause.
    let rate = outcome.throughput_rps.expect("a rate");
    assert!((3.9..4.0).contains(&rate), "{rate}");
}

const REVIEW: &str = "
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: review}
spec:
  inputs: {question: {type: text}}
  outputs: {answer: {type: text}}
  nodes:
    writer: {role: transformer, service: {fixed: 8ms}, placement: {replicas: 4}}
    critic: {role: transformer, service: {fixed: 2ms}, placement: {replicas: 4}}
  edges:
    - {from: inputs.question, to: writer.in}
    - {from: writer.out, to: critic.in}
    - {from: critic.out, to: writer.in, loop: {maxIterations: 3, continue: 50%}}
    - {from: writer.out, to: outputs.answer}
  workload: {arrivals: {poisson: {rate: 10rps}}}
";

#[test]
fn a_loop_runs_in_rounds() {
    let network = compile(REVIEW).expect("it can be simulated").network;
    let [writer, critic] = &*network.stages else {
        panic!("two stages");
    };
    // 1 + ½ + ¼ rounds.
    assert!((writer.share - 1.75).abs() < 1e-9 && (critic.share - 1.75).abs() < 1e-9);
    let Share::Back(back) = network.links[2].chance else {
        panic!("an edge back");
    };
    assert_eq!(
        (back.range, back.is_own, back.rounds),
        ((0.0, 0.5), true, 3)
    );
    let settings = Settings {
        requests: 64_000,
        ..Settings::default()
    };
    let go_on = &mut |_| ControlFlow::Continue(());
    let outcome = simulate_graph(&network, &settings, go_on).expect("it runs");
    // What the writer wrote last goes out when the critic is content: 10 ms a round.
    let times = outcome.end_to_end.expect("times");
    assert!(
        (times.mean_ms / 17.5 - 1.0).abs() < 0.02,
        "{}",
        times.mean_ms
    );
    assert_eq!((outcome.unanswered, outcome.nodes[0].dropped), (0, 0));
}

#[test]
fn a_loop_that_depends_on_values_needs_a_probability() {
    let text = REVIEW.replace("continue: 50%", "continue: output.score < 3");
    let found = compile(&text).unwrap_err();
    assert_eq!(
        found[0].message,
        "`critic` keeps the graph from being simulated as a whole: whether its loop goes on \
         depends on `output.score < 3`, a value that no simulation knows; state a `probability` \
         of its edge back"
    );
    let stated = text.replace(
        "to: writer.in, loop",
        "to: writer.in, probability: 50%, loop",
    );
    assert!(compile(&stated).is_ok());
}

#[test]
fn loops_within_one_another_are_refused() {
    let inner = "    - {from: writer.out, to: writer.in, loop: {maxIterations: 2}}\n";
    let text = REVIEW.replace("  workload:", &format!("{inner}  workload:"));
    // Two edges back to one node make one loop.
    assert!(compile(&text).is_ok());
    let inner = inner.replace("writer", "critic");
    let text = REVIEW.replace("  workload:", &format!("{inner}  workload:"));
    let found = compile(&text).unwrap_err();
    assert!(
        found[0].message.starts_with("`critic` keeps the graph")
            && found[0].message.contains("two loops"),
        "{}",
        found[0].message
    );
}

#[test]
fn who_shares_a_gpu_by_mps_is_slower() {
    let share = "share: {mps: {with: [small], slowdown: 1.5}}";
    let text = CASCADE.replace(
        "placement: {replicas: 2, queueLimit: 50}",
        &format!("placement: {{replicas: 2, {share}}}"),
    );
    let compilation = compile(&text).expect("it can be simulated");
    let [_, _, small, large, _] = &*compilation.network.stages else {
        panic!("five stages");
    };
    // Each of those who share, also the one that is only named; the wait for a batch stays.
    assert!(matches!(
        &large.work,
        Work::Serve { service: Service::Fixed(time), .. } if *time == Duration::from_micros(13_500)
    ));
    let Work::Batch {
        times, max_delay, ..
    } = &small.work
    else {
        panic!("dynamic batching");
    };
    assert_eq!(
        (times[0], *max_delay),
        (Duration::from_micros(4_500), Duration::from_millis(1))
    );
    assert!(compilation.notes.is_empty(), "{:?}", compilation.notes);

    // What was measured was measured beside the others.
    let service = |latency: &str| {
        let network = compile(&text.replace("service: {fixed: 9ms}", latency))
            .unwrap()
            .network;
        match &network.stages[3].work {
            Work::Serve {
                service: Service::LognormalPercentiles { p50, .. },
                ..
            } => *p50,
            work => panic!("{work:?}"),
        }
    };
    let (stated, seen) = (
        service("latency: {p50: 4ms, p95: 8ms}"),
        service("latency: {p50: 4ms, p95: 8ms, source: measured}"),
    );
    let ratio = stated.as_secs_f64() / seen.as_secs_f64();
    assert!((ratio - 1.5).abs() < 1e-6, "{ratio}");
}

#[test]
fn who_shares_a_gpu_in_turns_is_grouped() {
    let share = "placement: {gpu: L4, share: {timeSlice: {with: [critic]}}}";
    let text = REVIEW.replacen("placement: {replicas: 4}", share, 1);
    let text = text.replace(", loop: {maxIterations: 3, continue: 50%}", "");
    let text = text.replace("    - {from: critic.out, to: writer.in}\n", "");
    let compilation = compile(&text).expect("it can be simulated");
    let groups = compilation.network.stages.iter().map(|stage| stage.gpu);
    let groups: Vec<_> = groups.collect();
    assert!(groups[0].is_some() && groups[0] == groups[1], "{groups:?}");
    assert!(compilation.notes.is_empty(), "{:?}", compilation.notes);
    let settings = Settings {
        requests: 6_400,
        ..Settings::default()
    };
    let go_on = &mut |_| ControlFlow::Continue(());
    let outcome = simulate_graph(&compilation.network, &settings, go_on).expect("it runs");
    assert_eq!(outcome.mode, crate::Mode::Event);
    let reason = outcome.mode_reason.expect("a reason");
    assert!(reason.starts_with("`timeSlice` of `writer`"), "{reason}");

    // Batches take turns as a whole, and some go first.
    let text = CASCADE.replace(
        "placement: {replicas: 2, queueLimit: 50}",
        "placement: {gpu: L4, share: {timeSlice: {with: [small], priority: 2}}}",
    );
    let stages = compile(&text).expect("it can be simulated").network.stages;
    let shared = stages.iter().filter(|stage| stage.gpu.is_some());
    let shared: Vec<_> = shared.map(|stage| (&*stage.name, stage.priority)).collect();
    assert_eq!(shared, [("small", 0), ("large", 2)]);

    // Others stand elsewhere.
    let text = text.replace("small: {role", "small: {external: true, role");
    let compilation = compile(&text).expect("it can be simulated");
    assert!(
        compilation
            .network
            .stages
            .iter()
            .all(|stage| stage.gpu.is_none())
    );
    let told: Vec<_> = compilation.notes.iter().map(|note| &note.message).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told.iter()
            .all(|told| told.contains("as if it had its GPU alone"))
    );
}

#[test]
fn timeouts_and_tries_are_those_of_the_calls() {
    let serving = "serving: {timeout: 100ms, retries: {attempts: 3, perTry: 30ms}}";
    let text = CASCADE.replace(
        "service: {fixed: 9ms}",
        &format!("service: {{fixed: 9ms}}, {serving}"),
    );
    let network = compile(&text).expect("it can be simulated").network;
    let ms = Duration::from_millis;
    assert_eq!(
        network.stages[3].tries,
        Tries {
            timeout: Some(ms(100)),
            per_try: Some(ms(30)),
            attempts: 3,
        }
    );
    assert_eq!(network.stages[2].tries, Tries::ENDLESS);
    let compilation = compile(&text.replace(", perTry: 30ms", "")).expect("it can be simulated");
    let told = &compilation.notes[0].message;
    assert!(told.contains("state `perTry` of its `retries`"), "{told}");
}

#[test]
fn a_part_of_a_gpu_leaves_stated_times_as_they_are() {
    let text = CASCADE.replace(
        "replicas: 2, queueLimit",
        "gpu: H100-80GB-SXM, share: {mig: {fraction: 1/7}}, queueLimit",
    );
    let compilation = compile(&text).expect("it can be simulated");
    assert!(matches!(
        &compilation.network.stages[3].work,
        Work::Serve { service: Service::Fixed(time), .. } if *time == Duration::from_millis(9)
    ));
    assert!(compilation.notes.is_empty(), "{:?}", compilation.notes);
}

#[test]
fn a_rate_keeps_the_shape_of_the_gaps() {
    let at = |arrivals: &str, rate| {
        let text = CASCADE.replace("{poisson: {rate: 100rps}}", arrivals);
        let analysis = Analysis::new(text);
        let load = Load {
            rate: Some(rate),
            trace: None,
        };
        let compiled = Network::from_graph(&analysis.graph.expect("a graph"), &load);
        compiled.map(|compilation| compilation.network)
    };
    let network = at("{gamma: {rate: 40rps, cv2: 6}}", 10.0).unwrap();
    assert_eq!(
        (network.rate, network.gaps),
        (10.0, Gaps::Gamma { cv2: 6.0 })
    );
    // On average 40 a second.
    let states = "{mmpp: {states: [{rate: 90rps, meanHold: 1s}, {rate: 15rps, meanHold: 2s}]}}";
    let network = at(states, 80.0).unwrap();
    let rates = |gaps: &Gaps| match gaps {
        Gaps::Switching(holds) => holds.iter().map(|hold| hold.rate).collect(),
        _ => Vec::new(),
    };
    assert_eq!(rates(&network.gaps), [180.0, 30.0]);
    let found = at(
        "{profile: [{at: 0s, rate: 9rps}, {at: 1h, rate: 20rps}]}",
        5.0,
    )
    .unwrap_err();
    assert!(found[0].message.contains("have no one rate"), "{found:?}");
}

#[test]
fn arrivals_that_are_not_simulated_are_refused() {
    for (arrivals, message) in [
        (
            "{trace: {path: a.csv}}",
            "the file of a `trace` is not at hand",
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

const RAG: &str = "
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: rag}
spec:
  inputs: {question: {type: text, maxTokens: 128}}
  outputs: {answer: {type: text}}
  nodes:
    store:
      role: transformer
      inputs: {in: {type: text}}
      outputs: {hits: {type: {kind: candidates, item: {kind: text, maxTokens: 300}, maxItems: 4}}}
      service: {fixed: 4ms}
    generator:
      role: generator
      limits: {maxModelLen: 4096, maxOutputTokens: 512, promptTemplateTokens: 100}
      tokens: {output: {lognormal: {mean: 160, cv: 0.8}}}
      service: {continuous: {step: 9ms, perToken: 40us, perContextToken: 85ns, perPrefillSquared: 0.9ns}}
      placement: {gpu: L40S, replicas: 2, batch: {continuous: {maxSequences: 32, maxBatchedTokens: 2048, kvTokens: 60k, prefixCache: {sharedTokens: 100, hitRate: 90%}}}}
  edges:
    - {from: inputs.question, to: store.in}
    - {from: store.hits, to: generator.context}
    - {from: inputs.question, to: generator.prompt}
    - {from: generator.text, to: outputs.answer}
  workload:
    arrivals: {poisson: {rate: 5rps}}
    tokens: {question: {lognormal: {mean: 24, cv: 0.6}}}
";

#[test]
fn a_generator_becomes_continuous_batching() {
    let compilation = compile(RAG).expect("it can be simulated");
    assert_eq!(compilation.origins["generator"], Origin::Declared);
    let Work::Continuous(work) = &compilation.network.stages[1].work else {
        panic!("continuous batching");
    };
    assert_eq!((work.replicas, work.routing), (2, Routing::LeastLoaded));
    assert_eq!((work.max_sequences, work.max_batched_tokens), (32, 2_048));
    assert_eq!((work.kv_tokens, work.longest), (Some(60_000), Some(4_096)));
    let step = work.step;
    let times = [step.base, step.token, step.context, step.prefill];
    assert_eq!(times, [9e6, 40e3, 85.0, 0.9]);
    // Template and four passages of 300; the question varies.
    assert_eq!((work.prompt.fixed, work.prompt.parts.len()), (1_300, 1));
    assert_eq!(work.prompt.parts[0].input, Some(0));
    assert_eq!(work.answer.most, Some(512));

    let go_on = &mut |_| ControlFlow::Continue(());
    let settings = Settings {
        requests: 64_000,
        ..Settings::default()
    };
    let outcome = simulate_graph(&compilation.network, &settings, go_on).unwrap();
    let first = outcome.time_to_first_token.expect("it streams");
    let token = outcome.time_per_output_token.expect("it streams");
    let whole = outcome.end_to_end.expect("it is stable");
    // The store's 4 ms, then at least a step with most of a prompt.
    assert!(first.p50_ms > 4.0 + 9.0 && first.p99_ms < whole.p50_ms);
    // A step with one sequence takes 9 ms, and all of them more.
    assert!((9.0..30.0).contains(&token.p50_ms), "{token:?}");
    let rest = whole.mean_ms - first.mean_ms;
    assert!((rest / (token.mean_ms * 140.0) - 1.0).abs() < 0.3, "{rest}");
    assert!(outcome.nodes[1].batch_mean.is_some_and(|mean| mean > 2.0));
}

#[test]
fn what_a_generator_lacks_is_said() {
    for (from, to, reason) in [
        (
            "service: {continuous",
            "x-service: {continuous",
            "or state the time of its steps",
        ),
        (
            "limits: {maxModelLen: 4096, maxOutputTokens: 512, promptTemplateTokens: 100}
      tokens: {output: {lognormal: {mean: 160, cv: 0.8}}}",
            "limits: {maxModelLen: 4096}",
            "the length of its answers is not known",
        ),
    ] {
        let found = compile(&RAG.replace(from, to)).unwrap_err();
        assert!(found[0].message.contains(reason), "{found:?}");
    }
    let whole = RAG.replace(
        "service: {continuous: {step: 9ms, perToken: 40us, perContextToken: 85ns, perPrefillSquared: 0.9ns}}",
        "service: {lognormal: {mean: 900ms, cv: 0.5}}",
    );
    let compilation = compile(&whole).expect("it can be simulated");
    let stage = &compilation.network.stages[1];
    assert!(matches!(
        stage.work,
        Work::Serve {
            concurrency: 32,
            ..
        }
    ));
    assert!(
        compilation.notes[0]
            .message
            .contains("however many run beside it")
    );
}

/// Without a stated time, the facts of the model and the GPU give one, and it says how far to trust
/// it.
#[test]
fn a_generator_is_estimated_from_its_model_and_gpu() {
    let stated = "service: {continuous: {step: 9ms, perToken: 40us, perContextToken: 85ns, perPrefillSquared: 0.9ns}}";
    let facts = "model: {parameters: 8.03B, precision: bf16, layers: 32, heads: 32, kvHeads: 8, headDim: 128}";
    let text = RAG.replace(stated, facts);
    assert_ne!(text, RAG);
    let text = text.replace("gpu: L40S", "gpu: H100-80GB-SXM");
    let text = text.replace("kvTokens: 60k, ", "");
    let compilation = compile(&text).unwrap();
    let origins = compilation.origins.values();
    let bands: Vec<f64> = origins.filter_map(|origin| origin.band()).collect();
    assert_eq!(bands, [0.2]);
    let told = &compilation.notes[0];
    assert!(
        told.message
            .contains("is estimated, by servers measured on this GPU"),
        "{told:?}"
    );
    let works = compilation.network.stages.iter().map(|stage| &stage.work);
    let found = works.filter_map(|work| match work {
        Work::Continuous(found) => Some((found.step.base, found.kv_tokens)),
        _ => None,
    });
    let (base, kv_tokens) = found.collect::<Vec<_>>()[0];
    assert!((base / 6.4e6 - 1.0).abs() < 0.01, "{base}");
    assert!(
        kv_tokens.is_some_and(|tokens| (400_000..460_000).contains(&tokens)),
        "{kv_tokens:?}"
    );
}

#[test]
fn an_autoscaler_is_that_of_the_document() {
    let scaled = |replicas: &str| {
        let placement = format!("placement: {{replicas: {replicas}, queueLimit: 50}}");
        CASCADE.replace("placement: {replicas: 2, queueLimit: 50}", &placement)
    };
    let autoscale = |replicas: &str| {
        let network = compile(&scaled(replicas)).expect("it can be simulated");
        let stage = network.network.stages.into_iter().nth(3).expect("four");
        assert!(matches!(stage.work, Work::Serve { replicas: 2, .. }));
        stage.autoscale
    };
    assert_eq!(autoscale("{min: 2, max: 6}"), None);
    let (seconds, minutes) = (Duration::from_secs, |minutes: u64| {
        Duration::from_secs(60 * minutes)
    });
    let usual = autoscale("{min: 2, max: 6, autoscale: {target: {waiting: 3}, coldStart: 40s}}");
    let expected = Autoscale {
        most: 6,
        target: Target::Waiting(3),
        every: seconds(15),
        cold_start: seconds(40),
        calm: minutes(10),
    };
    assert_eq!(usual, Some(expected));
    let stated = "{min: 2, max: 9, autoscale: {target: {utilisation: 62.5%}, every: 1min, \
                  coldStart: 2min, scaleDownAfter: 5min}}";
    let expected = Autoscale {
        most: 9,
        target: Target::Busy(625_000),
        every: minutes(1),
        cold_start: minutes(2),
        calm: minutes(5),
    };
    assert_eq!(autoscale(stated), Some(expected));

    let shared = scaled("{min: 2, max: 6, autoscale: {target: {waiting: 3}, coldStart: 40s}}");
    let share = "queueLimit: 50, gpu: L4, share: {timeSlice: {with: [seen]}}";
    let found = compile(&shared.replace("queueLimit: 50", share)).unwrap_err();
    assert_eq!(found[0].node.as_deref(), Some("large"));
    let message = &found[0].message;
    assert!(
        message.contains("take `autoscale` or `timeSlice` away"),
        "{message}"
    );
}
