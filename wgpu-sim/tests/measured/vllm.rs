//! Two runs of vLLM 0.19 with Llama-3.1-8B, replayed: `vllm-measured`.
//!
//! Both are backlogs being drained: requests come at 10 a second for half a minute, more than
//! either server keeps up with. The cache of the RTX 4090 is full all the time, so that requests
//! are put back again and again; the RTX PRO 6000 runs into its most sequences.
//!
//! The time of a step is fitted to the first half of the requests, with all of them simulated, and
//! judged on the second half.

use core::time::Duration;

use modelspec_core::Analysis;
use modelspec_core::hardware::Catalogue;
use modelspec_core::spec::{Model, Placement};
use serde_json::Value;
use wgpu_sim::network::{Continuous, Routing, Tokens};
use wgpu_sim::service::generator::{Generator, estimate};
use wgpu_sim::service::replay::{Request, Times, fit, replay};

use crate::table::{quantile, shared};

/// Requests of a run, and how long each took from when the engine had queued it.
struct Run {
    server: Continuous,
    requests: Vec<Request>,
    times: Vec<Times>,
}

/// The facts of Llama-3.1-8B and of a GPU, as a document states them.
fn stated(gpu: &str) -> (Model, Placement) {
    let text = format!(
        "apiVersion: modelgraph/v1alpha1
kind: ModelGraph
spec:
  nodes:
    one:
      model: {{parameters: 8.03B, precision: bf16, layers: 32, heads: 32, kvHeads: 8, headDim: 128}}
      placement: {{gpu: {gpu}}}
"
    );
    let graph = Analysis::new(text).graph.unwrap();
    let node = graph.spec.node("one").unwrap();
    let model = node.model.clone().unwrap().value;
    (model, node.placement.clone().unwrap().value)
}

/// A run and its engine's settings; the tokens that its cache holds are estimated where the engine
/// did not tell them.
fn read(name: &str, gpu: &str) -> Option<Run> {
    let file = |what: &str| shared(&format!("vllm-measured/{name}_Llama-3.1-8B__{what}"));
    let (meta, lines) = (file("meta.json")?, file("requests.jsonl")?);
    let meta: Value = serde_json::from_str(&meta).unwrap();
    let setting = |pointer: &str| {
        let value = meta.pointer(pointer).and_then(Value::as_u64);
        value.map(|value| u32::try_from(value).unwrap())
    };
    let (model, placement) = stated(gpu);
    let Generator {
        step, kv_tokens, ..
    } = estimate(&model, &placement, &Catalogue::builtin()).unwrap();
    let estimated = u32::try_from(kv_tokens).unwrap();
    // The trace has the lengths.
    let unused = Tokens {
        fixed: 1,
        parts: Vec::new(),
        most: None,
    };
    let server = Continuous {
        replicas: 1,
        routing: Routing::LeastLoaded,
        step,
        max_sequences: setting("/engine_kwargs/max_num_seqs").unwrap(),
        max_batched_tokens: setting("/engine_kwargs/max_num_batched_tokens").unwrap(),
        kv_tokens: setting("/kv_cache/num_kv_tokens").or(Some(estimated)),
        prefix: None,
        prompt: unused.clone(),
        answer: unused,
        longest: setting("/engine_kwargs/max_model_len"),
    };
    let (mut requests, mut times) = (Vec::new(), Vec::new());
    let mut start = None;
    for line in lines.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let seconds = |key: &str| row[key].as_f64().unwrap();
        let tokens = |key: &str| u32::try_from(row[key].as_u64().unwrap()).unwrap();
        let queued = seconds("queued_ts");
        let after = |at: f64, from: f64| Duration::from_secs_f64(at - from);
        requests.push(Request {
            came: after(queued, *start.get_or_insert(queued)),
            prompt: tokens("input_toks"),
            answer: tokens("output_toks"),
        });
        times.push(Times {
            first_token: after(seconds("first_token_ts"), queued),
            last_token: after(seconds("last_token_ts"), queued),
        });
    }
    Some(Run {
        server,
        requests,
        times,
    })
}

fn second_half_is_met(name: &str, gpu: &str) {
    let Some(run) = read(name, gpu) else { return };
    let half = run.requests.len() / 2;
    let known = run.times.iter().enumerate();
    let known: Vec<Option<Times>> = known
        .map(|(at, times)| (at < half).then_some(*times))
        .collect();
    let fit = fit(&run.server, &run.requests, &known).unwrap();
    eprintln!(
        "{name}: {:?}, median residual {:.4}",
        fit.value,
        fit.median_error()
    );
    let server = Continuous {
        step: fit.value,
        ..run.server
    };
    let replayed = replay(&server, &run.requests).unwrap();
    let simulated: Vec<Times> = replayed.into_iter().map(Option::unwrap).collect();
    let error = |of: fn(&Times) -> Duration, share: f64| {
        let at = |times: &[Times]| {
            let second: Vec<f64> = times[half..]
                .iter()
                .map(|it| of(it).as_secs_f64())
                .collect();
            quantile(&second, share)
        };
        at(&simulated) / at(&run.times) - 1.0
    };
    for share in [0.5, 0.75, 0.9, 0.95, 0.99] {
        let off = error(|times| times.last_token, share);
        eprintln!("{name}: end to end p{:.0} {off:+.4}", 100.0 * share);
        assert!(off.abs() <= 0.03, "end to end p{share}: {off}");
    }
    let off = error(|times| times.first_token, 0.99);
    eprintln!("{name}: first token p99 {off:+.4}");
    assert!(off.abs() <= 0.05, "first token: {off}");
}

#[test]
fn the_second_half_of_a_run_bound_by_its_cache_is_met() {
    second_half_is_met("RTX4090", "RTX-4090");
}

#[test]
fn the_second_half_of_a_run_bound_by_its_sequences_is_met() {
    second_half_is_met("RTXPRO6000", "RTX-PRO-6000-Server");
}
