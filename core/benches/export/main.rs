//! How long it takes to export graphs of 1,000 nodes to every target, beside the bar.
//!
//! `cargo bench -p modelspec-core --bench export`; with `-- --check` the program fails where a
//! figure is above its bar.

#![allow(missing_docs)]

#[allow(dead_code)]
#[path = "../common/documents.rs"]
mod documents;
#[allow(dead_code)]
#[path = "../common/times.rs"]
mod times;

use std::process::ExitCode;
use std::time::Duration;

use modelspec_core::Analysis;
use modelspec_core::export::{self, ExportError, Options, Subject, TARGETS, Target};
use times::repeat;

const NODES: usize = 1_000;
/// For a graph to all targets together.
const ALL: Duration = Duration::from_secs(1);

/// Exports with every loss accepted; whether there was something to write.
fn write(target: &dyn Target, analysis: &Analysis, subject: &Subject<'_>) -> bool {
    let accept = target.kinds().iter().map(|kind| kind.code.to_owned());
    let options = Options {
        accept: accept.collect(),
        ..Options::default()
    };
    match export::run_for(target, analysis, subject, &options) {
        Ok(_) => true,
        Err(ExportError::Empty(_)) => false,
        Err(error) => panic!("{}: {error}", target.name()),
    }
}

fn main() -> ExitCode {
    let mut kept = true;
    for (name, text) in [
        ("pipelines side by side", documents::pipelines(NODES)),
        ("one chain", documents::chain(NODES)),
    ] {
        println!("{name}: {NODES} nodes, {} bytes", text.len());
        println!(
            "  {:<32} {:>10} {:>10} {:>8}",
            "milliseconds", "median", "p99", "bar"
        );
        let analysis = Analysis::new(&*text);
        let subject = || Subject::new(&analysis).expect("the document holds a graph");
        repeat(3, subject).show("subject", None);
        let once = subject();
        for target in TARGETS {
            let about = if write(*target, &analysis, &once) {
                target.name().to_owned()
            } else {
                format!("{} (nothing to write)", target.name())
            };
            repeat(3, || write(*target, &analysis, &once)).show(&about, None);
        }
        let all = || {
            let subject = subject();
            let written = TARGETS
                .iter()
                .filter(|target| write(**target, &analysis, &subject));
            written.count()
        };
        kept &= repeat(3, all).show("every target", Some(ALL));
    }
    if kept || !std::env::args().any(|argument| argument == "--check") {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
