//! `modelspec simulate`, as a terminal or a CI job runs it.
#![allow(missing_docs)]

mod built;

use built::{example, modelspec, stdout};

#[test]
fn stations_are_simulated_the_same_each_time() {
    // Batches larger than are simulated keep the graph from being simulated as a whole.
    let arguments = [
        "simulate",
        &example("rag-guarded"),
        "--set",
        "embedder.placement.batch={dynamic: {maxSize: 5000}}",
        "--requests",
        "100000",
        "--format",
        "json",
    ];
    let output = modelspec(&arguments, "");
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(output.stdout, modelspec(&arguments, "").stdout);
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let store = &result["nodes"]["store"];
    let (p50, p99) = (&store["sojourn"]["p50Ms"], &store["sojourn"]["p99Ms"]);
    assert!(p50.as_f64().unwrap() < p99.as_f64().unwrap(), "{store}");
    assert!(
        result["notes"]
            .to_string()
            .contains("`generator` is left out"),
        "{result}"
    );
}

const CASCADE: &str = "
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: cascade}
spec:
  inputs: {question: {type: text}}
  outputs: {answer: {type: text}}
  nodes:
    clean: {role: transformer, inputs: {in: {type: text}}, outputs: {out: {type: text}}, service: {fixed: 1ms}}
    answer: {role: transformer, inputs: {in: {type: text}}, outputs: {out: {type: text}}, service: {exponential: {mean: 8ms}}, placement: {replicas: 1}}
  edges:
    - {from: inputs.question, to: clean.in}
    - {from: clean.out, to: answer.in}
    - {from: answer.out, to: outputs.answer}
  objectives: {latency: {p95: 100ms}}
  workload: {arrivals: {poisson: {rate: 100rps}}}
";

fn simulated(arguments: &[&str]) -> serde_json::Value {
    let common = ["simulate", "-", "--requests", "200000", "--format", "json"];
    let output = modelspec(&[&common[..], arguments].concat(), CASCADE);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_graph_is_simulated_from_end_to_end() {
    let result = simulated(&[]);
    assert_eq!(
        (&result["engine"], &result["mode"], &result["stable"]),
        (&"cpu".into(), &"sweep".into(), &true.into())
    );
    // An M/M/1 queue at 80 %, which the clean-up before it hardly smooths: about 40 ms, and 1 ms.
    let mean = result["endToEnd"]["meanMs"].as_f64().unwrap();
    assert!((36.0..43.0).contains(&mean), "{mean}");
    assert_eq!(result["bottleneck"], "answer");
    assert_eq!(result["nodes"]["answer"]["origin"], "declared");
    assert!(result["costPerHourUsd"].is_null());
    let goodput = result["goodput"].as_f64().unwrap();
    assert!((0.85..0.97).contains(&goodput), "{goodput}");
}

#[test]
fn the_gpu_gives_the_figures_of_the_cpu() {
    let few = ["--requests", "800", "--replications", "4"];
    let common = ["simulate", "-", "--format", "json", "--engine"];
    let run = |engine| modelspec(&[&common[..], &[engine], &few].concat(), CASCADE);
    let on_gpu = run("gpu");
    let said = String::from_utf8_lossy(&on_gpu.stderr);
    if said.contains("no GPU can be used") {
        let required = std::env::var("MODELSPEC_REQUIRE_GPU").is_ok_and(|value| value == "1");
        assert!(!required, "{said}");
        eprintln!("skipped: {said}");
        return;
    }
    let [theirs, ours] = [on_gpu, run("cpu")].map(|output| {
        let mut result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let engine = result["engine"].take();
        (engine, result)
    });
    assert_eq!((theirs.0, ours.0), ("gpu".into(), "cpu".into()));
    assert_eq!(theirs.1, ours.1);
}

#[test]
fn a_loop_is_simulated_event_by_event() {
    let example = example("agent-tools");
    let arguments = ["simulate", &example, "--requests", "64000"];
    let output = modelspec(&[&arguments[..], &["--format", "json"]].concat(), "");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&result["mode"], &result["modeReason"]),
        (&"event".into(), &"a loop leads back to `planner`".into())
    );
    // 60 % of each round go round again, and of twelve rounds the last ends for all.
    let counted = result["requests"].as_f64().unwrap();
    let lost = result["unanswered"].as_f64().unwrap() / counted;
    assert!((lost - 0.002_18).abs() < 0.001, "{lost}");
    let rounds = result["nodes"]["planner"]["served"].as_f64().unwrap() / counted;
    assert!((rounds - 2.4946).abs() < 0.04, "{rounds}");
    let text = stdout(&modelspec(&arguments, ""));
    assert!(
        text.contains("event by event, since a loop leads back to `planner`"),
        "{text}"
    );
}

#[test]
fn every_template_keeps_up_with_its_own_load_and_keeps_what_it_promises() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../public/examples");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect();
    paths.sort();
    assert!(paths.len() >= 5, "{paths:?}");
    let mut broken = Vec::new();
    for path in &paths {
        let path = path.to_str().unwrap();
        let arguments = ["simulate", path, "--requests", "128000", "--format", "json"];
        let output = modelspec(&arguments, "");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{path}: {said}");
        let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let objectives = result["objectives"].as_array();
        // Only a graph that is simulated as a whole is judged.
        let objectives = objectives.unwrap_or_else(|| panic!("{path} is in parts: {said}"));
        let missed = objectives.iter().filter(|one| one["isMet"] != true);
        let missed: Vec<String> = missed.map(ToString::to_string).collect();
        let kept = objectives.len() - missed.len();
        let line = format!(
            "{}: stable {}, {kept} of {} objectives kept, missed: {missed:?}",
            path.rsplit('/').next().unwrap(),
            result["stable"],
            objectives.len()
        );
        println!("{line}");
        if result["stable"] != true || !missed.is_empty() || objectives.is_empty() {
            broken.push(line);
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn clients_who_wait_are_simulated_event_by_event() {
    let closed = CASCADE.replace(
        "{poisson: {rate: 100rps}}",
        "{closed: {clients: 4, think: 1s}}",
    );
    let arguments = ["simulate", "-", "--requests", "64000", "--format", "json"];
    let output = modelspec(&arguments, &closed);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&result["mode"], &result["rateRps"]),
        (&"event".into(), &serde_json::Value::Null)
    );
    let rate = result["throughputRps"].as_f64().unwrap();
    assert!((3.9..4.0).contains(&rate), "{rate}");
}

/// Two equal nodes that race, with a bound on how many requests are inside.
const HEDGED: &str = "
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: hedged}
spec:
  inputs: {question: {type: text}}
  outputs: {answer: {type: text}}
  nodes:
    east: {role: transformer, inputs: {in: {type: text}}, outputs: {out: {type: text}}, service: {exponential: {mean: 10ms}}, placement: {replicas: 1}}
    west: {role: transformer, inputs: {in: {type: text}}, outputs: {out: {type: text}}, service: {exponential: {mean: 10ms}}, placement: {replicas: 1}}
    first: {role: join, join: any, cancel: true}
  edges:
    - {from: inputs.question, to: east.in}
    - {from: inputs.question, to: west.in}
    - {from: east.out, to: first.in}
    - {from: west.out, to: first.in}
    - {from: first.out, to: outputs.answer}
  workload: {arrivals: {poisson: {rate: 150rps}}}
";

#[test]
fn branches_that_lose_a_race_are_cancelled() {
    let arguments = ["simulate", "-", "--requests", "400000"];
    let output = modelspec(&[&arguments[..], &["--format", "json"]].concat(), HEDGED);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&result["mode"], &result["stable"]),
        (&"event".into(), &true.into())
    );
    // M/M/1 at twice the speed: 5 ms / (1 − 0.75).
    let mean = result["endToEnd"]["meanMs"].as_f64().unwrap();
    assert!((mean - 20.0).abs() < 1.0, "{mean}");
    let lost = result["nodes"]["east"]["cancelled"].as_f64().unwrap() / 400_000.0;
    assert!((lost - 0.5).abs() < 0.01, "{lost}");
    assert_eq!(result["nodes"]["first"].get("cancelled"), None);
    let text = stdout(&modelspec(&arguments, HEDGED));
    assert!(
        text.contains("% of what came to east was cancelled"),
        "{text}"
    );
    assert!(
        text.contains("event by event, since `cancel` of `first` stops the work"),
        "{text}"
    );

    let all = HEDGED.replace("join: any, cancel", "cancel");
    let said = stdout(&modelspec(&["check", "-"], &all));
    assert!(
        said.contains("MG112") && said.contains("waits for all its branches"),
        "{said}"
    );
}

#[test]
fn requests_wait_before_a_graph_that_lets_in_so_many() {
    let bounded = |limit: u32| {
        let workload = format!("workload: {{maxInFlight: {limit}, ");
        CASCADE.replace("workload: {", &workload)
    };
    let arguments = ["simulate", "-", "--requests", "200000"];
    let run = |limit| {
        let output = modelspec(
            &[&arguments[..], &["--format", "json"]].concat(),
            &bounded(limit),
        );
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        result
    };
    let result = run(8);
    assert_eq!(
        (&result["mode"], &result["stable"]),
        (&"event".into(), &true.into())
    );
    let admission = &result["admission"];
    assert_eq!(
        (&admission["limit"], &admission["stable"]),
        (&8.into(), &true.into())
    );
    let inside: f64 = ["clean", "answer"]
        .map(|node| result["nodes"][node]["sojourn"]["meanMs"].as_f64().unwrap())
        .iter()
        .sum();
    let wait = admission["wait"]["meanMs"].as_f64().unwrap();
    let whole = result["endToEnd"]["meanMs"].as_f64().unwrap();
    assert!(
        wait > 1.0 && (whole - wait - inside).abs() < 0.02,
        "{whole} {wait} {inside}"
    );
    let text = stdout(&modelspec(&arguments, &bounded(8)));
    assert!(text.contains("before it "), "{text}");
    assert!(
        text.contains("waited before the graph, which lets 8 in at once"),
        "{text}"
    );

    // One at a time takes 9 ms, and one comes every 8.
    let fast = |limit| bounded(limit).replace("rate: 100rps", "rate: 120rps");
    let output = modelspec(&arguments, &fast(1));
    let text = stdout(&output);
    assert!(
        text.contains(
            "with 1 at once the graph cannot keep up with its arrivals: raise `maxInFlight`"
        ),
        "{text}"
    );

    let output = modelspec(&["check", "-"], &bounded(0));
    let said = stdout(&output);
    assert!(said.contains("MG005"), "{said}");
}

/// Two nodes on one GPU, of which one goes first, and one whose replicas vary.
const SHARED: &str = "
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: shared}
spec:
  inputs: {question: {type: text}}
  outputs: {answer: {type: any}}
  nodes:
    guard: {role: transformer, service: {exponential: {mean: 1ms}}, placement: {gpu: L4, share: {timeSlice: {with: [write], priority: 1}}}}
    write: {role: transformer, service: {exponential: {mean: 2ms}}, placement: {gpu: L4, share: {timeSlice: {with: [guard]}}}}
    polish: {role: transformer, service: {exponential: {mean: 10ms}}, placement: {gpu: L4, replicas: {min: 1, max: 6, autoscale: {target: {utilisation: 60%}, every: 1s, coldStart: 2s, scaleDownAfter: 20s}}}}
  edges:
    - {from: inputs.question, to: guard.in}
    - {from: guard.out, to: write.in}
    - {from: write.out, to: polish.in}
    - {from: polish.out, to: outputs.answer}
  hardware:
    pools: [{name: small, gpu: L4, price: 1usd/h}]
  workload: {arrivals: {poisson: {rate: 200rps}}}
";

#[test]
fn priorities_and_replicas_that_vary_are_simulated_event_by_event() {
    let run = |text: &str| {
        let arguments = ["simulate", "-", "--requests", "128000", "--format", "json"];
        let output = modelspec(&arguments, text);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let result = run(SHARED);
    assert_eq!(result["mode"], "event");
    let mean = |result: &serde_json::Value, node: &str| {
        result["nodes"][node]["sojourn"]["meanMs"].as_f64().unwrap()
    };
    // Who goes first finds an M/M/1 queue of its own.
    let first = mean(&result, "guard");
    assert!((first / 1.25 - 1.0).abs() < 0.03, "{first}");
    // Two are busy: 60 % of three and a half, so four, and for a while after the beginning more.
    let replicas = result["nodes"]["polish"]["replicasMean"].as_f64().unwrap();
    assert!((3.5..6.0).contains(&replicas), "{replicas}");
    assert!(result["nodes"]["write"]["replicasMean"].is_null());
    // Two halves of a GPU, and those replicas.
    let cost = result["costPerHourUsd"].as_f64().unwrap();
    assert!((cost - 1.0 - replicas).abs() < 1e-9, "{cost}");

    let equal = run(&SHARED.replace(", priority: 1", ""));
    assert!(mean(&equal, "guard") > 1.1 * first);
    let fixed = run(&SHARED
        .replace("max: 6", "max: 1")
        .replace("200rps", "50rps"));
    assert_eq!(fixed["nodes"]["polish"]["replicasMean"], 1.0);

    let arguments = ["simulate", "-", "--requests", "128000"];
    let text = stdout(&modelspec(&arguments, SHARED));
    assert!(
        text.contains("event by event, since `timeSlice` of `guard`"),
        "{text}"
    );
}

#[test]
fn a_field_can_be_set_for_one_run() {
    let mean = |arguments: &[&str]| {
        let result = simulated(arguments);
        result["endToEnd"]["meanMs"].as_f64().unwrap()
    };
    let two = mean(&["--set", "answer.placement.replicas=2"]);
    // M/M/2 at 40 %: 8 ms / (1 − 0.16), and 1 ms.
    assert!((two - 10.52).abs() < 0.3, "{two}");
    let slower = ["--set", "answer.placement.replicas=2", "--set"];
    let rate = mean(&[&slower[..], &["workload.arrivals.poisson.rate=10rps"]].concat());
    assert!((rate - 9.01).abs() < 0.1, "{rate}");

    let output = modelspec(&["simulate", "-", "--set", "answer.placement"], CASCADE);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("write a path and a value"), "{said}");
}

#[test]
fn a_generator_streams_from_end_to_end() {
    let service = "generator.service={continuous: {step: 14ms, perToken: 60us, \
                   perContextToken: 60ns}}";
    let run = |format: &str| {
        let arguments = [
            "simulate",
            &example("rag"),
            "--requests",
            "64000",
            "--set",
            service,
            "--format",
            format,
        ];
        let output = modelspec(&arguments, "");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        stdout(&output)
    };
    let result: serde_json::Value = serde_json::from_str(&run("json")).unwrap();
    let p95 = |what: &str| result[what]["p95Ms"].as_f64().unwrap();
    assert!(p95("timeToFirstToken") < p95("endToEnd"));
    // A step takes 14 ms, and more with tokens.
    assert!(
        (14.0..60.0).contains(&p95("timePerOutputToken")),
        "{result}"
    );
    assert!(result["nodes"]["generator"]["batchMean"].as_f64() > Some(1.0));
    assert!(run("text").contains("\nfirst token "));
}

#[test]
fn a_trace_is_read_beside_the_document() {
    let folder = std::env::temp_dir().join(format!("modelspec-trace-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let document = folder.join("graph.modelspec.yaml");
    let text = std::fs::read_to_string(example("ocr")).unwrap();
    let text = text.replace(
        "arrivals: {poisson: {rate: 4rps}}",
        "arrivals: {trace: {path: requests.csv}}",
    );
    std::fs::write(&document, text).unwrap();
    let run = |trace: &str| {
        std::fs::write(folder.join("requests.csv"), trace).unwrap();
        let path = document.to_str().unwrap();
        let arguments = ["simulate", path, "--requests", "6400", "--format", "json"];
        modelspec(&arguments, "")
    };
    let output = run("at\n0\n0.2\n0.9\n1.2\n");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let result: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    let rate = result["rateRps"].as_f64().unwrap();
    assert!((rate - 2.5).abs() < 1e-6, "{result}");
    let output = run("at\n0\nlater\n");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("requests.csv: line 3: `later` is not a time"),
        "{said}"
    );
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn missed_objectives_fail_where_that_is_asked() {
    let path = example("ocr");
    let run = |set: &str| {
        let arguments = [
            "simulate",
            &path,
            "--requests",
            "6400",
            "--fail-on",
            "objectives",
            "--set",
            set,
        ];
        modelspec(&arguments, "")
    };
    let met = run("objectives={latency: {p95: 30s}, throughput: 4rps}");
    assert_eq!(met.status.code(), Some(0), "{met:?}");
    let missed = run("objectives={latency: {p50: 20s, p99: 4s}, timeToFirstToken: {p99: 1s}}");
    assert_eq!(missed.status.code(), Some(1), "{missed:?}");
    let said = String::from_utf8(missed.stderr).unwrap();
    assert!(said.contains("objective missed: latency p99: "), "{said}");
    assert!(
        said.contains("time to first token p99: not known"),
        "{said}"
    );
    assert!(!said.contains("p50"), "{said}");
}
