//! A simulation in shares gives what the whole run gives, and nothing else is taken for one.
#![allow(missing_docs)]

mod folder;

use folder::Folder;
use serde_json::Value;

const OUTER: &str = "apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: outer}
spec:
  inputs: {question: {type: text}}
  outputs: {answer: {type: text}}
  nodes:
    front: {role: transformer, service: {exponential: {mean: 5ms}}, placement: {cpu: 1, replicas: 4}}
    inner: {role: custom, specRef: {path: parts/inner.yaml}}
  edges:
    - {from: inputs.question, to: front.in}
    - {from: front.out, to: inner.question}
    - {from: inner.answer, to: outputs.answer}
  objectives: {latency: {p95: 1ms}}
  workload: {arrivals: {gamma: {rate: 100rps, cv2: 4}}}
  checks: {MG111: {severity: off, reason: it is a test}}
";

const INNER: &str = "
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: inner}
spec:
  inputs: {question: {type: text}}
  outputs: {answer: {type: text}}
  nodes:
    writer:
      role: generator
      service: {lognormal: {mean: 20ms, cv: 0.5}}
      placement: {cpu: 1, replicas: 8}
  edges:
    - {from: inputs.question, to: writer.prompt}
    - {from: writer.text, to: outputs.answer}
";

const RUN: &[&str] = &["--requests", "20000", "--replications", "10", "--seed", "7"];

fn share(folder: &Folder, share: &str, more: &[&str]) -> (Option<i32>, String) {
    let output = format!("part-{}.json", share.replace('/', "-"));
    let arguments = [
        &["simulate", "outer.yaml", "--shard", share, "-o", &output],
        RUN,
        more,
    ];
    folder.said(&arguments.concat())
}

fn json(folder: &Folder, arguments: &[&str]) -> Value {
    let output = folder.run(&[arguments, &["--format", "json"]].concat());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{told}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn shares_add_up_to_the_whole_run() {
    let folder = Folder::new(
        "shards",
        &[("outer.yaml", OUTER), ("parts/inner.yaml", INNER)],
    );
    for number in ["3/3", "1/3", "2/3"] {
        assert_eq!(share(&folder, number, &[]).0, Some(0), "{number}");
    }
    let whole = json(&folder, &[&["simulate", "outer.yaml"], RUN].concat());
    // The document is not needed where the parts are.
    std::fs::remove_file(folder.0.join("outer.yaml")).unwrap();
    std::fs::remove_dir_all(folder.0.join("parts")).unwrap();
    let parts = ["part-2-3.json", "part-3-3.json", "part-1-3.json"];
    let merged = json(&folder, &[&["merge"][..], &parts].concat());
    assert_eq!(merged, whole);
    assert!(whole["endToEnd"]["p99Ms"].as_f64().unwrap() > 1.0);
    let judged = folder.run(&[&["merge", "--fail-on", "objectives"][..], &parts].concat());
    assert_eq!(judged.status.code(), Some(1));
}

#[test]
fn what_is_no_whole_run_is_refused() {
    let folder = Folder::new(
        "shards-refused",
        &[
            ("outer.yaml", OUTER),
            ("parts/inner.yaml", INNER),
            ("part.json", "{}"),
        ],
    );
    for number in ["1/2", "2/2"] {
        assert_eq!(share(&folder, number, &[]).0, Some(0));
    }
    let refused = |arguments: &[&str], words: &str| {
        let (code, text) = folder.said(&[&["merge"], arguments].concat());
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains(words), "{text}");
    };
    refused(&["part-1-2.json"], "of the 2 parts there lack: 2");
    refused(&["part-1-2.json", "part-1-2.json"], "there lack: 2");
    refused(
        &["part-1-2.json", "part-2-2.json", "part-2-2.json"],
        "a part is given twice",
    );
    refused(&["part.json"], "part.json: this is no part");
    refused(&["nowhere.json"], "nowhere.json");
    // Of another seed, or of another document.
    assert_eq!(share(&folder, "1/1", &[]).0, Some(0));
    refused(&["part-1-2.json", "part-1-1.json"], "is of another run");
    folder.file(
        "parts/inner.yaml",
        &INNER.replace("mean: 20ms", "mean: 21ms"),
    );
    assert_eq!(share(&folder, "2/2", &[]).0, Some(0));
    refused(
        &["part-1-2.json", "part-2-2.json"],
        "part-2-2.json is a part of another run",
    );
}

#[test]
fn a_share_that_there_is_not_is_refused() {
    let folder = Folder::new(
        "shards-wrong",
        &[("outer.yaml", OUTER), ("parts/inner.yaml", INNER)],
    );
    for wrong in ["0/2", "3/2", "two", "1"] {
        let (code, text) = share(&folder, wrong, &[]);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains("write which share of how many"), "{text}");
    }
    let (code, text) = share(&folder, "11/11", &[]);
    assert_eq!(code, Some(2), "{text}");
    assert!(
        text.contains("at most as many shares as there are replications, 10"),
        "{text}"
    );
    let (code, text) = folder.said(&["simulate", "outer.yaml", "--shard", "1/2"]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("--output"), "{text}");
}
