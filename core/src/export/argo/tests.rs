use super::Argo;
use crate::Analysis;
use crate::export::{self, Artifacts, ExportError, Options};

const GUARDED: &str = include_str!("../../../../public/examples/rag-guarded.modelspec.yaml");

fn export(text: &str, accept: &[&str]) -> Result<Artifacts, ExportError> {
    let accept = accept.iter().map(|code| format!("TG-ARGO-{code}"));
    let options = Options {
        accept: accept.collect(),
        ..Options::default()
    };
    export::run(&Argo, &Analysis::new(text), &options)
}

#[test]
fn a_graph_as_a_dag() {
    let artifacts = export(GUARDED, &["ONLINE"]).unwrap();
    let text = |end: &str| {
        let file = artifacts.files.iter().find(|file| file.path.ends_with(end));
        &file.unwrap_or_else(|| panic!("{end}")).text
    };
    let template = text("-template.yaml");
    let (_, template) = template.split_once("---\n").unwrap();
    insta::assert_snapshot!("template", template);
    insta::assert_snapshot!("run", text("-run.yaml"));
}

/// A graph that promises an answer in time is no workflow unless that is accepted.
#[test]
fn an_online_path_is_refused() {
    let Err(ExportError::Stopped(told)) = export(GUARDED, &[]) else {
        panic!("a pod a step answers no request in time")
    };
    let stops = told.losses.iter().find(|loss| loss.kind.stops).unwrap();
    assert_eq!(stops.kind.code, "TG-ARGO-ONLINE");
    assert!(GUARDED[stops.span.start..].starts_with("{p95: 8s"));
}
