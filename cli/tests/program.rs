//! The built program, as a terminal or a CI job runs it.
#![allow(missing_docs)]

use std::io::Write;
use std::process::{Command, Output, Stdio};

fn example(name: &str) -> String {
    format!(
        "{}/../public/examples/{name}.modelspec.yaml",
        env!("CARGO_MANIFEST_DIR")
    )
}

fn modelspec(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_modelspec"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn broken() -> String {
    let text = std::fs::read_to_string(example("rag-guarded")).unwrap();
    text.replace(
        "query: {type: {kind: vector, dim: 1024",
        "query: {type: {kind: vector, dim: 768",
    )
}

#[test]
fn a_sound_graph_gives_zero() {
    let output = modelspec(
        &["check", "--fail-on", "warning", &example("rag-guarded")],
        "",
    );
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(
        stdout(&output).contains("1 file: 0 errors, 0 warnings"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn a_finding_names_both_values_in_every_format() {
    let sentence = "`embedder.vector` gives 1024 dimensions, `store.query` takes 768";
    for format in ["text", "json", "sarif", "github"] {
        let output = modelspec(&["check", "-", "--format", format], &broken());
        assert_eq!(output.status.code(), Some(1), "{format}");
        let text = stdout(&output);
        assert!(
            text.contains(sentence) && text.contains("MG301"),
            "{format}: {text}"
        );
    }
}

#[test]
fn json_has_the_keys_of_the_contract() {
    let output = modelspec(&["check", "-", "--format", "json"], &broken());
    let items: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let item = items.iter().find(|item| item["code"] == "MG301").unwrap();
    let keys: Vec<&str> = item
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "code",
            "severity",
            "message",
            "file",
            "line",
            "column",
            "endLine",
            "endColumn",
            "node",
            "port",
            "related",
            "help",
            "fixes",
            "url"
        ]
    );
    assert_eq!(
        (&item["severity"], &item["file"]),
        (&"error".into(), &"<stdin>".into())
    );
    assert_eq!(
        (&item["node"], &item["port"]),
        (&"store".into(), &"query".into())
    );
    let line = usize::try_from(item["line"].as_u64().unwrap()).unwrap();
    let text = broken();
    let line = text.lines().nth(line - 1).unwrap();
    assert!(line.contains("to: store.query"), "{line}");
    for related in item["related"].as_array().unwrap() {
        assert!(
            related["line"].is_u64() && related["column"].is_u64(),
            "{related}"
        );
        assert!(related["message"].is_string(), "{related}");
    }
}

#[test]
fn fixes_are_applied_where_they_are_safe() {
    let text = broken()
        .replace("768", "1024")
        .replace("role: reranker\n      model", "role: rernaker\n      model");
    let output = modelspec(&["check", "-", "--fix"], &text);
    assert!(
        stdout(&output).contains("role: reranker"),
        "{}",
        stdout(&output)
    );
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
}

#[test]
fn what_cannot_be_read_gives_two_and_a_way_out() {
    let missing = modelspec(&["check", "no-such-file.yaml"], "");
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("no-such-file.yaml"));
    let folder = std::env::temp_dir().join(format!("modelspec-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let binary = folder.join("binary.yaml");
    std::fs::write(&binary, [0x6b, 0x3a, 0xff]).unwrap();
    let output = modelspec(&["check", &binary.to_string_lossy()], "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code() == Some(2) && said.contains("byte 2 is not UTF-8"),
        "{said}"
    );
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(modelspec(&["check"], "").status.code(), Some(2));
    // A document with syntax errors is a finding, not a failure.
    assert_eq!(modelspec(&["check", "-"], "a: [").status.code(), Some(1));
}

#[test]
fn a_rule_is_explained() {
    let output = modelspec(&["explain", "mg301"], "");
    let page = stdout(&output);
    assert!(
        page.starts_with("# MG301:") && page.contains("## Fails"),
        "{page}"
    );
    let output = modelspec(&["explain", "MG3O1"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("did you mean MG301?"));
}

#[test]
fn inference_is_explained() {
    let output = modelspec(&["check", "-", "--explain-inference"], &broken());
    let text = stdout(&output);
    assert!(text.contains("by its edge with"), "{text}");
}

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

#[test]
fn schema_prints_the_published_schema() {
    let output = modelspec(&["schema"], "");
    assert_eq!(output.status.code(), Some(0));
    let published = include_str!("../../public/schema/modelgraph.v1alpha1.json");
    assert!(stdout(&output) == published);
}

#[test]
fn fmt_writes_the_canonical_form_and_check_only_names_files() {
    let path = std::env::temp_dir().join(format!("modelspec-fmt-{}.yaml", std::process::id()));
    let name = path.display().to_string();
    std::fs::copy(example("rag"), &path).unwrap();
    let before = std::fs::read_to_string(&path).unwrap();

    let output = modelspec(&["fmt", "--check", &name], "");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), format!("{name}\n"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), before);

    let output = modelspec(&["fmt", &name], "");
    assert_eq!(output.status.code(), Some(0));
    let after = std::fs::read_to_string(&path).unwrap();
    assert_ne!(after, before);
    let output = modelspec(&["fmt", "--check", &name], "");
    assert_eq!(
        (output.status.code(), stdout(&output)),
        (Some(0), String::new())
    );
    assert_eq!(stdout(&modelspec(&["fmt", "-"], &before)), after);
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn fmt_refuses_what_it_cannot_read_whole() {
    let text =
        "apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\nspec: {nodse: {a: {role: tool}}}\n";
    let output = modelspec(&["fmt", "-"], text);
    assert_eq!(
        (output.status.code(), stdout(&output)),
        (Some(1), String::new())
    );
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("MG002") && said.contains("did you mean `nodes`?"),
        "{said}"
    );
    let output = modelspec(&["fmt", "--upgrade", "-"], text);
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).contains("  nodes:\n    a:\n      role: tool\n"));
}

#[test]
fn sarif_names_the_rule_of_each_result_and_every_place() {
    let output = modelspec(&["check", "-", "--format", "sarif"], &broken());
    let log: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for rule in rules {
        let page = format!("/docs/rules/{}.md", rule["id"].as_str().unwrap());
        assert!(rule["helpUri"].as_str().unwrap().ends_with(&page), "{rule}");
        for text in ["shortDescription", "fullDescription", "help"] {
            assert!(!rule[text]["text"].as_str().unwrap().is_empty(), "{rule}");
        }
    }
    let results = run["results"].as_array().unwrap();
    let wide = |place: &serde_json::Value| {
        let region = &place["physicalLocation"]["region"];
        ["startLine", "startColumn", "endLine", "endColumn"]
            .map(|key| region[key].as_u64().unwrap())
    };
    for result in results {
        assert!(
            rules.iter().any(|rule| rule["id"] == result["ruleId"]),
            "{result}"
        );
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        let related = result["relatedLocations"].as_array().unwrap();
        for place in result["locations"]
            .as_array()
            .unwrap()
            .iter()
            .chain(related)
        {
            let [line, column, end_line, end_column] = wide(place);
            assert!(line >= 1 && column >= 1, "{place}");
            assert!((line, column) <= (end_line, end_column), "{place}");
            let file = &place["physicalLocation"]["artifactLocation"]["uri"];
            assert_eq!(file, "%3Cstdin%3E");
        }
        let print = result["partialFingerprints"]["finding/v1"]
            .as_str()
            .unwrap();
        assert_eq!(print.len(), 64);
    }
    let wrong = results
        .iter()
        .find(|result| result["ruleId"] == "MG301")
        .unwrap();
    assert!(
        !wrong["relatedLocations"].as_array().unwrap().is_empty(),
        "{wrong}"
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
    // 60 % of each round go round again, and of four rounds the last ends for all.
    let counted = result["requests"].as_f64().unwrap();
    let lost = result["unanswered"].as_f64().unwrap() / counted;
    assert!((lost - 0.1296).abs() < 0.006, "{lost}");
    let rounds = result["nodes"]["planner"]["served"].as_f64().unwrap() / counted;
    assert!((rounds - 2.176).abs() < 0.02, "{rounds}");
    let text = stdout(&modelspec(&arguments, ""));
    assert!(
        text.contains("event by event, since a loop leads back to `planner`"),
        "{text}"
    );
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
