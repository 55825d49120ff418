use core::fmt::Write as _;

use serde_json::{Value, json};

use super::KServe;
use crate::Analysis;
use crate::export::{self, Artifacts, ExportError, Options};
use crate::spec::to_json;
use crate::yaml::{Limits, read};

const GUARDED: &str = include_str!("../../../../public/examples/rag-guarded.modelspec.yaml");
const CASCADE: &str = include_str!("../../../../public/examples/cascade.modelspec.yaml");
const AGENT: &str = include_str!("../../../../public/examples/agent-tools.modelspec.yaml");
const OCR: &str = include_str!("../../../../public/examples/ocr.modelspec.yaml");

fn export(text: &str, accept: &[&str]) -> Result<Artifacts, ExportError> {
    let accept = accept.iter().map(|code| format!("TG-KSERVE-{code}"));
    let options = Options {
        accept: accept.collect(),
        ..Options::default()
    };
    export::run(&KServe, &Analysis::new(text), &options)
}

fn file(artifacts: &Artifacts, path: &str) -> Value {
    let file = artifacts.files.iter().find(|file| file.path == path);
    let parsed = read(&file.unwrap().text, &Limits::default());
    to_json(&parsed.documents[0])
}

fn stopping(error: &ExportError) -> Vec<&str> {
    let ExportError::Stopped(artifacts) = error else {
        panic!("{error}")
    };
    let stopping = artifacts.losses.iter().filter(|loss| loss.kind.stops);
    stopping
        .map(|loss| &loss.kind.code["TG-KSERVE-".len()..])
        .collect()
}

#[test]
fn a_guarded_graph_for_kserve() {
    let stopped = export(GUARDED, &[]).unwrap_err();
    assert_eq!(stopping(&stopped), ["SIDE-INPUT", "SIDE-INPUT"]);
    let artifacts = export(GUARDED, &["SIDE-INPUT"]).unwrap();
    for name in ["support-rag", "support-rag-guard", "support-rag-generator"] {
        let path = format!("{name}.yaml");
        let file = artifacts.files.iter().find(|file| file.path == path);
        insta::assert_snapshot!(name, file.unwrap().text);
    }
}

#[test]
fn what_no_inference_graph_holds_is_named() {
    for (text, words) in [
        (
            CASCADE,
            "a branch leads from `confidence` to `first` without a step",
        ),
        (AGENT, "`observed` leads back to `planner`"),
    ] {
        let stopped = export(text, &[]).unwrap_err();
        assert_eq!(stopping(&stopped), ["SHAPE"]);
        let ExportError::Stopped(told) = stopped else {
            unreachable!()
        };
        assert!(
            told.losses.iter().any(|loss| loss.message.contains(words)),
            "{words}"
        );
        // Accepted, the services are written alone.
        let artifacts = export(text, &["SHAPE"]).unwrap();
        let graphs = artifacts
            .files
            .iter()
            .filter(|file| file.text.contains("kind: InferenceGraph"));
        assert_eq!(graphs.count(), 0);
        assert!(artifacts.files.len() > 1);
    }
}

#[test]
fn a_model_elsewhere_is_fetched_by_kserve() {
    let text = OCR.replace(
        "model: {id: Qwen/Qwen2.5-7B-Instruct, ",
        "model: {id: Qwen/Qwen2.5-7B-Instruct, uri: \"s3://bucket/qwen\", ",
    );
    let generator = file(&export(&text, &[]).unwrap(), "ocr-extraction.yaml");
    let spec = &generator["spec"];
    assert_eq!(spec["model"]["uri"], "s3://bucket/qwen");
    assert_eq!(spec["storageInitializer"], Value::Null);
    assert_eq!(spec["template"]["containers"][0]["args"][0], "/mnt/models");
    let named = file(&export(OCR, &[]).unwrap(), "ocr-extraction.yaml");
    assert_eq!(
        named["spec"]["model"]["uri"],
        "hf://Qwen/Qwen2.5-7B-Instruct"
    );
    assert_eq!(
        named["spec"]["storageInitializer"],
        json!({"enabled": false})
    );
}

#[test]
fn a_switch_asks_its_conditions_in_order_with_the_default_last() {
    let text = "
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: lanes}
spec:
  inputs: {q: {type: json}}
  outputs: {a: {type: json}}
  nodes:
    which: {role: router}
    slow: {role: custom, inputs: {in: {type: json}}, outputs: {out: {type: json}}}
    fast: {role: custom, inputs: {in: {type: json}}, outputs: {out: {type: json}}}
    met: {role: join, join: any, outputs: {out: {type: json}}}
  edges:
    - {from: inputs.q, to: which.in}
    - {from: which.out, to: slow.in, when: default}
    - {from: which.out, to: fast.in, when: 'output.lane == \"fast\" && output.size < 3'}
    - {from: slow.out, to: met.in}
    - {from: fast.out, to: met.in}
    - {from: met.out, to: outputs.a}
";
    let graph = file(&export(text, &[]).unwrap(), "lanes.yaml");
    let steps = &graph["spec"]["nodes"]["which-switch"]["steps"];
    assert_eq!(steps[0]["condition"], "[@this].#(lane%\"fast\")#|#(size<3)");
    assert_eq!(steps[0]["name"], "lanes-fast");
    assert_eq!(steps[1]["condition"], "@this");
    let odd = text.replace("output.size < 3", "output.items.exists(x, x > 1)");
    assert_eq!(stopping(&export(&odd, &[]).unwrap_err()), ["CONDITION"]);
}

/// 1,000 nodes in a row, with a side input each.
#[test]
fn a_large_graph_is_exported_soon() {
    let mut nodes = String::new();
    let mut edges = "    - {from: inputs.q, to: n0.in}\n".to_owned();
    for at in 0..1000 {
        let _ = writeln!(
            nodes,
            "    n{at}: {{role: custom, inputs: {{in: {{type: any}}, side: {{type: any, required: false}}}}, outputs: {{out: {{type: any}}}}}}"
        );
        if at > 0 {
            let _ = writeln!(edges, "    - {{from: n{}.out, to: n{at}.in}}", at - 1);
        }
        if at > 1 {
            let _ = writeln!(edges, "    - {{from: n{}.out, to: n{at}.side}}", at - 2);
        }
    }
    let text = format!(
        "apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\nmetadata: {{name: g}}\nspec:\n  inputs: {{q: {{type: any}}}}\n  outputs: {{a: {{type: any}}}}\n  nodes:\n{nodes}  edges:\n{edges}    - {{from: n999.out, to: outputs.a}}\n"
    );
    let artifacts = export(&text, &["SIDE-INPUT"]).unwrap();
    assert_eq!(artifacts.files.len(), 1001);
    let graph = file(&artifacts, "g.yaml");
    assert_eq!(
        graph["spec"]["nodes"]["root"]["steps"]
            .as_array()
            .unwrap()
            .len(),
        1000
    );
}
