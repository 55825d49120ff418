use super::Triton;
use crate::Analysis;
use crate::export::{self, Artifacts, ExportError, Options};

const OCR: &str = include_str!("../../../../public/examples/ocr.modelspec.yaml");
const GUARDED: &str = include_str!("../../../../public/examples/rag-guarded.modelspec.yaml");
const CASCADE: &str = include_str!("../../../../public/examples/cascade.modelspec.yaml");

fn export(text: &str, accept: &[&str]) -> Result<Artifacts, ExportError> {
    let accept = accept.iter().map(|code| format!("TG-TRITON-{code}"));
    let options = Options {
        accept: accept.collect(),
        ..Options::default()
    };
    export::run(&Triton, &Analysis::new(text), &options)
}

fn text<'a>(artifacts: &'a Artifacts, path: &str) -> &'a str {
    let file = artifacts.files.iter().find(|file| file.path == path);
    &file.unwrap().text
}

#[test]
fn a_graph_as_an_ensemble() {
    let artifacts = export(OCR, &[]).unwrap();
    insta::assert_snapshot!("ensemble", text(&artifacts, "ocr/config.pbtxt"));
    insta::assert_snapshot!("model", text(&artifacts, "recognition/config.pbtxt"));
}

#[test]
fn a_guardrail_stops_the_export() {
    let Err(ExportError::Stopped(told)) = export(GUARDED, &[]) else {
        panic!("an ensemble does not heed a guardrail")
    };
    assert!(
        told.losses
            .iter()
            .any(|loss| loss.kind.code == "TG-TRITON-GUARD")
    );
    let artifacts = export(GUARDED, &["GUARD"]).unwrap();
    let ensemble = text(&artifacts, "support-rag/config.pbtxt");
    // Side inputs are tensors as good as any.
    assert!(ensemble.contains("input_map { key: \"query\" value: \"guard.text\" }"));
    let embedder = text(&artifacts, "embedder/config.pbtxt");
    for line in [
        "  dims: [ 1024 ]",
        "max_batch_size: 32",
        "  max_queue_delay_microseconds: 2000",
        "  kind: KIND_GPU",
    ] {
        assert!(
            embedder.lines().any(|known| known == line),
            "{line}\n{embedder}"
        );
    }
    // The ensemble takes no larger batch than each of its steps.
    assert!(ensemble.contains("max_batch_size: 1\n"));
}

#[test]
fn branches_leave_the_models_alone() {
    let Err(ExportError::Stopped(told)) = export(CASCADE, &[]) else {
        panic!("an ensemble has no branches")
    };
    let nodes: Vec<_> = told.losses.iter().filter(|loss| loss.kind.stops).collect();
    assert!(
        nodes
            .iter()
            .all(|loss| loss.kind.code == "TG-TRITON-BRANCH")
    );
    assert!(
        nodes
            .iter()
            .any(|loss| loss.node.as_deref() == Some("confidence"))
    );
    let artifacts = export(CASCADE, &["BRANCH"]).unwrap();
    assert!(
        artifacts
            .files
            .iter()
            .all(|file| !file.text.contains("platform: \"ensemble\""))
    );
}
