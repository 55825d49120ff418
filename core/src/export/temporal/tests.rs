use super::Temporal;
use crate::Analysis;
use crate::export::{self, Artifacts, ExportError, Options};

const GUARDED: &str = include_str!("../../../../public/examples/rag-guarded.modelspec.yaml");
const AGENT: &str = include_str!("../../../../public/examples/agent-tools.modelspec.yaml");

fn export(text: &str, accept: &[&str]) -> Result<Artifacts, ExportError> {
    let accept = accept.iter().map(|code| format!("TG-TEMPORAL-{code}"));
    let options = Options {
        accept: accept.collect(),
        ..Options::default()
    };
    export::run(&Temporal, &Analysis::new(text), &options)
}

fn file<'a>(artifacts: &'a Artifacts, path: &str) -> &'a str {
    let file = artifacts.files.iter().find(|file| file.path == path);
    &file.unwrap_or_else(|| panic!("{path}")).text
}

#[test]
fn a_guarded_graph_as_a_worker() {
    let artifacts = export(GUARDED, &[]).unwrap();
    insta::assert_snapshot!("graph", file(&artifacts, "graph.py"));
    insta::assert_snapshot!("readme", file(&artifacts, "README.md"));
}

#[test]
fn a_loop_runs_its_steps_again() {
    let artifacts = export(AGENT, &[]).unwrap();
    let text = file(&artifacts, "graph.py");
    let (_, steps) = text.split_once("    steps=[").unwrap();
    insta::assert_snapshot!("loop", steps);
}

/// A guardrail that lets pass what it could not judge stops the export.
#[test]
fn a_guardrail_that_fails_open_is_refused() {
    for (policy, with) in [
        ("required: false\n      onFailure: skip", "skip"),
        (
            "required: false\n      onFailure: {fallback: store}",
            "fallback",
        ),
    ] {
        let open = GUARDED.replacen("required: true\n      onFailure: stop", policy, 1);
        let quiet = "  checks: {MG205: {severity: info, reason: tried}, MG311: {severity: info, reason: tried}, MG312: {severity: info, reason: tried}, MG108: {severity: info, reason: tried}}\n  types:";
        let open = open.replacen("  types:", quiet, 1);
        let Err(ExportError::Stopped(told)) = export(&open, &[]) else {
            panic!("{with}: {:?}", export(&open, &[]).map(|it| it.losses))
        };
        let stops = told.losses.iter().find(|loss| loss.kind.stops).unwrap();
        assert_eq!(stops.kind.code, "TG-TEMPORAL-GUARD-OPEN");
        let accepted = export(&open, &["GUARD-OPEN"]).unwrap();
        assert!(file(&accepted, "graph.py").contains("# Accepted loss TG-TEMPORAL-GUARD-OPEN"));
    }
}
