//! Which of the shipped examples a target does not hold whole: what stops the export, by its code.

use core::fmt::Write as _;
use std::path::Path;

use modelspec_core::Analysis;
use modelspec_core::export::{ExportError, Options, TARGETS, run};
use modelspec_tests::graphs;

use super::export;

#[test]
fn targets_say_which_examples_they_do_not_hold() {
    let mut table = String::new();
    for target in TARGETS {
        for (path, text) in graphs::examples() {
            let file = Path::new(&path).file_name().unwrap().to_string_lossy();
            let name = file.trim_end_matches(".modelspec.yaml");
            let stopped = match run(*target, &Analysis::new(&text), &Options::default()) {
                Ok(_) => continue,
                Err(ExportError::Stopped(stopped)) => stopped,
                Err(ExportError::Empty(_)) => {
                    let _ = writeln!(table, "{} {name}: nothing to write", target.name());
                    continue;
                }
                Err(error) => panic!("{} {name}: {error}", target.name()),
            };
            let analysis = Analysis::new(&text);
            let graph = analysis.graph.as_ref().unwrap();
            let mut codes = Vec::new();
            for loss in stopped.losses.iter().filter(|loss| loss.kind.stops) {
                let mut nodes = graph.model_nodes();
                assert!(
                    nodes.any(|(_, node)| loss.message.contains(&format!("`{}`", node.name))),
                    "{} {name} names no node: {}",
                    target.name(),
                    loss.message
                );
                if !codes.contains(&loss.kind.code) {
                    codes.push(loss.kind.code);
                }
            }
            // Accepted by name, it is written all the same, and every file says what was accepted.
            let marked = export(target.name(), &text).unwrap();
            let mut files = marked.files.iter();
            assert!(
                files.any(|file| codes.iter().all(|code| file.text.contains(code))),
                "{} {name}: no file names {codes:?}",
                target.name()
            );
            let _ = writeln!(table, "{} {name}: {}", target.name(), codes.join(", "));
        }
    }
    insta::assert_snapshot!(table);
}

/// A diamond whose ways cross is no sequence of forks.
#[test]
fn ways_that_cross_are_refused_by_their_nodes() {
    let text = "
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: g}
spec:
  inputs: {q: {type: text}}
  outputs: {a: {type: text}, b: {type: text}}
  nodes:
    one: {role: transformer, inputs: {in: {type: text}}, outputs: {out: {type: text}}, serving: {engine: ours, port: 80}}
    two: {role: transformer, inputs: {in: {type: text}}, outputs: {out: {type: text}}, serving: {engine: ours, port: 80}}
    three: {role: transformer, inputs: {in: {type: text}, more: {type: text}}, outputs: {out: {type: text}}, serving: {engine: ours, port: 80}}
    four: {role: transformer, inputs: {in: {type: text}}, outputs: {out: {type: text}}, serving: {engine: ours, port: 80}}
  edges:
    - {from: inputs.q, to: one.in}
    - {from: inputs.q, to: two.in}
    - {from: one.out, to: three.in}
    - {from: two.out, to: three.more}
    - {from: two.out, to: four.in}
    - {from: three.out, to: outputs.a}
    - {from: four.out, to: outputs.b}
";
    let target = modelspec_core::export::find("kserve").unwrap();
    let Err(ExportError::Stopped(stopped)) = run(target, &Analysis::new(text), &Options::default())
    else {
        panic!("held")
    };
    let mut stopping = stopped.losses.iter().filter(|loss| loss.kind.stops);
    let shape = stopping
        .find(|loss| loss.kind.code == "TG-KSERVE-SHAPE")
        .unwrap();
    for node in ["`one`", "`two`", "`three`", "`four`"] {
        assert!(shape.message.contains(node), "{}", shape.message);
    }
}
