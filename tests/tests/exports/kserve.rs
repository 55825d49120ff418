use std::cell::RefCell;
use std::collections::BTreeSet;

use modelspec_core::Analysis;
use modelspec_core::export::{ExportError, Options, find, run};
use modelspec_tests::graphs;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::router::{Answer, Router};
use super::schemas::Schemas;
use super::{check_notes, documents, export};

/// Checks all that an export writes; gives its objects.
fn check(text: &str, schemas: &Schemas) -> Vec<Value> {
    let Some(artifacts) = export("kserve", text) else {
        return Vec::new();
    };
    check_notes(&artifacts, text);
    assert_eq!(
        export("kserve", text).as_ref(),
        Some(&artifacts),
        "equal graphs, equal bytes"
    );
    let files = artifacts.files.iter();
    let objects: Vec<Value> = files.flat_map(|file| documents(&file.text)).collect();
    let mut names = BTreeSet::new();
    for object in &objects {
        assert_eq!(schemas.errors(object), [""; 0], "{object:#}");
        let name = object["metadata"]["name"].as_str().unwrap();
        assert!(names.insert(name.to_owned()), "two of {name}");
        assert!(name.len() <= 40, "{name}");
        if object["kind"] == "InferenceGraph" {
            check_graph(object, &objects);
        }
        if object["kind"] == "LLMInferenceService" {
            let spec = &object["spec"];
            assert!(
                spec["replicas"].is_null() || spec["scaling"].is_null(),
                "one of the two"
            );
        }
    }
    objects
}

/// What the server does not check: names, circles, reachability, weights, targets.
fn check_graph(object: &Value, objects: &[Value]) {
    let nodes = object["spec"]["nodes"].as_object().unwrap();
    let mut reached = BTreeSet::new();
    let mut open = vec![("root", 0)];
    while let Some((name, depth)) = open.pop() {
        assert!(depth < 64, "a circle at {name}");
        reached.insert(name);
        let router = &nodes[name];
        let steps = router["steps"].as_array().unwrap();
        assert!(!steps.is_empty(), "{router:#}");
        if router["routerType"] == "Splitter" {
            let weights = steps.iter().map(|step| step["weight"].as_u64().unwrap());
            assert_eq!(weights.sum::<u64>(), 100, "{router:#}");
        }
        let names: BTreeSet<_> = steps.iter().map(|step| step["name"].as_str()).collect();
        assert_eq!(names.len(), steps.len(), "{router:#}");
        for (place, step) in steps.iter().enumerate() {
            assert_eq!(step["dependency"], "Hard", "{router:#}");
            let data = &step["data"];
            assert!(data.is_null() || data == "$response", "{router:#}");
            let begins = place == 0 && router["routerType"] == "Sequence";
            assert!(
                !begins || step["condition"].is_null(),
                "no answer to ask: {router:#}"
            );
            let targets = ["nodeName", "serviceName", "serviceUrl"].map(|key| &step[key]);
            let targets: Vec<_> = targets
                .iter()
                .filter_map(|target| target.as_str())
                .collect();
            let [target] = targets[..] else {
                panic!("a step has one target: {step:#}")
            };
            if step["nodeName"].is_string() {
                open.push((nodes.get_key_value(target).unwrap().0, depth + 1));
            } else if step["serviceName"].is_string() {
                let is_it = |other: &&Value| {
                    other["kind"] == "InferenceService" && other["metadata"]["name"] == target
                };
                assert!(objects.iter().any(|other| is_it(&other)), "{target}");
            } else {
                assert!(target.starts_with("http"), "{target}");
            }
        }
    }
    assert_eq!(reached.len(), nodes.len(), "routers that nothing reaches");
}

fn graph_of(objects: &[Value]) -> Option<&Value> {
    objects
        .iter()
        .find(|object| object["kind"] == "InferenceGraph")
}

#[test]
fn shipped_examples_are_valid_for_kserve() {
    let schemas = Schemas::of_resources();
    let mut graphs_written = 0;
    for (name, text) in graphs::examples() {
        let objects = check(&text, &schemas);
        assert!(objects.len() > 1, "{name}");
        graphs_written += usize::from(graph_of(&objects).is_some());
    }
    assert!(graphs_written > 2, "{graphs_written}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn random_graphs_are_valid_for_kserve(text in graphs::random()) {
        thread_local!(static SCHEMAS: Schemas = Schemas::of_resources());
        SCHEMAS.with(|schemas| check(&text, schemas));
    }
}

/// The schemas refuse what the server would: else they prove nothing.
#[test]
fn the_schemas_of_kserve_are_strict() {
    let schemas = Schemas::of_resources();
    if !schemas.are_there() {
        return;
    }
    let objects = check(GUARDED, &schemas);
    for object in objects {
        let mut wrong = object.clone();
        wrong["spec"]["nodez"] = json!({});
        assert_ne!(schemas.errors(&wrong), [""; 0], "{object:#}");
    }
}

/// A guardrail before a generator, with a router and branches on the way.
const GUARDED: &str = "
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: guarded}
spec:
  inputs: {question: {type: text}}
  outputs: {answer: {type: text}}
  nodes:
    guard: {role: guardrail, onFailure: stop, serving: {engine: ours, port: 80, api: http-json}}
    generator: {role: generator, serving: {engine: ours, port: 80, api: http-json}}
  edges:
    - {from: inputs.question, to: guard.text}
    - {from: guard.text, to: generator.prompt}
    - {from: generator.text, to: outputs.answer}
";

/// The guardrail stands within a branch, with a step behind it; the generator behind the branches.
const NESTED: &str = "
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: nested}
spec:
  inputs: {question: {type: json}}
  outputs: {answer: {type: text}}
  nodes:
    which: {role: FORK}
    guard: {role: guardrail, onFailure: stop, inputs: {text: {type: json}}, outputs: {text: {type: json}}, serving: {engine: ours, port: 80}}
    after: {role: transformer, inputs: {in: {type: json}}, outputs: {out: {type: json}}, serving: {engine: ours, port: 80}}
    guard2: {role: guardrail, onFailure: stop, inputs: {text: {type: json}}, outputs: {text: {type: json}}, serving: {engine: ours, port: 80}}
    after2: {role: transformer, inputs: {in: {type: json}}, outputs: {out: {type: json}}, serving: {engine: ours, port: 80}}
    met: {role: join, join: any, outputs: {out: {type: json}}}
    generator: {role: generator, inputs: {prompt: {type: json}}, serving: {engine: ours, port: 80}}
  edges:
    - {from: inputs.question, to: which.in}
    - {from: which.out, to: guard.text, A}
    - {from: guard.text, to: after.in}
    - {from: which.out, to: guard2.text, B}
    - {from: guard2.text, to: after2.in}
    - {from: after.out, to: met.in}
    - {from: after2.out, to: met.in}
    - {from: met.out, to: generator.prompt}
    - {from: generator.text, to: outputs.answer}
";

/// Two guardrails side by side, whose answers are merged.
const PARALLEL: &str = "
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: parallel}
spec:
  inputs: {question: {type: text}}
  outputs: {answer: {type: text}}
  nodes:
    guard: {role: guardrail, onFailure: stop, serving: {engine: ours, port: 80}}
    guard2: {role: guardrail, onFailure: stop, serving: {engine: ours, port: 80}}
    generator: {role: generator, inputs: {prompt: {type: any}, also: {type: any}}, serving: {engine: ours, port: 80}}
  edges:
    - {from: inputs.question, to: guard.text}
    - {from: inputs.question, to: guard2.text}
    - {from: guard.text, to: generator.prompt}
    - {from: guard2.text, to: generator.also}
    - {from: generator.text, to: outputs.answer}
";

fn guarded() -> Vec<(&'static str, String)> {
    let switch = NESTED
        .replace("FORK", "router")
        .replace("text, A}", "text, when: 'output.lane == \"a\"'}")
        .replace("text, B}", "text, when: default}");
    let splitter = NESTED
        .replace("FORK", "splitter")
        .replace("text, A}", "text, weight: 60%}")
        .replace("text, B}", "text, weight: 40%}");
    vec![
        ("in a row", GUARDED.to_owned()),
        ("within a Switch", switch),
        ("within a Splitter", splitter),
        ("side by side", PARALLEL.to_owned()),
    ]
}

/// What a guardrail may answer when it does not let pass; the last two say so by status or by word
/// alone.
fn refusals() -> Vec<Answer> {
    vec![
        Answer::new(403, r#"{"error":"refused"}"#),
        Answer::new(500, r#"{"error":"broken"}"#),
        Answer::new(503, "no JSON at all"),
        Answer::new(200, "no JSON at all"),
        Answer::new(200, r#"{"text":"x"}"#),
        Answer::new(200, r#"{"text":"x","verdict":0}"#),
        Answer::new(200, r#"{"text":"x","verdict":null}"#),
        Answer::new(200, r#"{"text":"x","verdict":["safe"]}"#),
        Answer::new(200, r#"{"text":"x","verdict":"unsafe safe"}"#),
        Answer::new(200, r#"["safe"]"#),
        Answer::new(429, r#"{"text":"x","verdict":"safe"}"#),
        Answer::new(500, r#"{"text":"x","verdict":"safe"}"#),
        Answer::new(200, r#"{"text":"x","verdict":"unsafe"}"#),
    ]
}

/// Whether the generator is called, of all ways that a request may take, when guardrails answer so.
fn reaches(graph: &Value, guard: &Answer, guard2: &Answer) -> bool {
    let called = RefCell::new(false);
    for request in [r#"{"lane":"a"}"#, r#"{"lane":"b"}"#] {
        for point in [0, 99] {
            let router = Router {
                graph: &graph["spec"]["nodes"],
                point,
                call: &|url: &str, _body: &str| {
                    if url.contains("-guard2-") {
                        return guard2.clone();
                    }
                    if url.contains("-guard-") {
                        return guard.clone();
                    }
                    *called.borrow_mut() |= url.contains("-generator-");
                    Answer::new(200, r#"{"text":"fine"}"#)
                },
            };
            router.run(request);
        }
    }
    called.into_inner()
}

/// Exported without anything accepted.
fn inference_graph(text: &str) -> Value {
    let target = find("kserve").unwrap();
    let artifacts = run(target, &Analysis::new(text), &Options::default())
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    let files = artifacts.files.iter();
    let objects: Vec<Value> = files.flat_map(|file| documents(&file.text)).collect();
    graph_of(&objects).unwrap().clone()
}

fn fails_open(graph: &Value) -> bool {
    let safe = Answer::new(200, r#"{"text":"x","verdict":"safe"}"#);
    refusals().iter().any(|refusal| {
        reaches(graph, refusal, refusal)
            || graph["metadata"]["name"] == "parallel"
                && (reaches(graph, refusal, &safe) || reaches(graph, &safe, refusal))
    })
}

#[test]
fn no_request_reaches_the_generator_that_a_guardrail_refuses() {
    let safe = Answer::new(200, r#"{"text":"x","verdict":"safe"}"#);
    for (name, text) in guarded() {
        let graph = inference_graph(&text);
        assert!(
            reaches(&graph, &safe, &safe),
            "{name}: what is safe passes\n{graph:#}"
        );
        assert!(!fails_open(&graph), "{name}\n{graph:#}");
    }
}

/// Taking away `Hard` or a condition anywhere between guardrail and generator opens the way: each
/// is needed, and the model of the router would notice.
#[test]
fn without_hard_or_a_condition_it_would() {
    for (name, text) in guarded() {
        let graph = inference_graph(&text);
        let mut opened = (0, 0);
        for (router, stated) in graph["spec"]["nodes"].as_object().unwrap() {
            for place in 0..stated["steps"].as_array().unwrap().len() {
                let step = |graph: &mut Value, key: &str| {
                    let steps = &mut graph["spec"]["nodes"][router]["steps"];
                    let step = steps[place].as_object_mut().unwrap();
                    step.remove(key).is_some()
                };
                let mut soft = graph.clone();
                step(&mut soft, "dependency");
                opened.0 += usize::from(fails_open(&soft));
                let mut unasked = graph.clone();
                if stated["routerType"] == "Sequence" && step(&mut unasked, "condition") {
                    opened.1 += usize::from(fails_open(&unasked));
                    assert!(
                        fails_open(&unasked),
                        "{name}: the condition of {router} {place}"
                    );
                }
            }
        }
        // The guardrails themselves, and with branches each step that leads to them.
        let wanted = match name {
            "in a row" => (1, 1),
            // What a failed branch answers lacks the keys that the condition asks for.
            "side by side" => (2, 1),
            _ => (3, 2),
        };
        assert_eq!(opened, wanted, "{name}\n{graph:#}");
    }
}

/// Nothing follows it that could ask: its word alone would not keep an answer back.
#[test]
fn a_guardrail_at_the_end_stops_the_export() {
    let text = "
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: g}
spec:
  inputs: {q: {type: text}}
  outputs: {a: {type: text}}
  nodes:
    writer: {role: generator, serving: {engine: ours, port: 80}}
    review: {role: guardrail, serving: {engine: ours, port: 80}}
  edges:
    - {from: inputs.q, to: writer.prompt}
    - {from: writer.text, to: review.text}
    - {from: review.text, to: outputs.a}
";
    let target = find("kserve").unwrap();
    let stopped = run(target, &Analysis::new(text), &Options::default());
    let Err(ExportError::Stopped(artifacts)) = stopped else {
        panic!("{stopped:?}")
    };
    assert!(
        artifacts
            .losses
            .iter()
            .any(|loss| loss.kind.code == "TG-KSERVE-GUARD-LAST")
    );
}

/// No timeout is below what the graph allows, and what lies above is told.
#[test]
fn timeouts_are_never_below_the_graph_s() {
    for (name, text) in graphs::examples() {
        let artifacts = export("kserve", &text).unwrap();
        let analysis = Analysis::new(&*text);
        let graph = analysis.graph.as_ref().unwrap();
        let files = artifacts.files.iter();
        let objects: Vec<Value> = files.flat_map(|file| documents(&file.text)).collect();
        for (ix, node) in graph.model_nodes() {
            let spec = graph.spec_of(ix).unwrap();
            let timeout = spec.serving.as_ref().and_then(|serving| serving.timeout);
            let longest = timeout.max_by_nanos(spec.budget);
            let Some(nanos) = longest else { continue };
            let told = artifacts.losses.iter().any(|loss| {
                loss.kind.code == "TG-KSERVE-SECONDS" && loss.node.as_ref() == Some(&node.name)
            });
            for object in &objects {
                let own = object["metadata"]["annotations"]["modelgraph/node"] == *node.name;
                let found = match object["kind"].as_str().unwrap() {
                    "InferenceService" if own => &object["spec"]["predictor"]["timeout"],
                    "InferenceGraph" => &object["spec"]["routerTimeouts"]["serviceClient"],
                    _ => continue,
                };
                let found = found.as_u64().unwrap() * 1_000_000_000;
                assert!(found >= nanos, "{name} {}", node.name);
                assert!(found == nanos || told, "{name} {}", node.name);
            }
        }
    }
}

trait Longest {
    fn max_by_nanos(self, other: Self) -> Option<u64>;
}

impl Longest for Option<modelspec_core::text::Spanned<modelspec_core::spec::Duration>> {
    fn max_by_nanos(self, other: Self) -> Option<u64> {
        [self, other]
            .into_iter()
            .flatten()
            .map(|time| time.value.0)
            .max()
    }
}
