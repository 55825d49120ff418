//! How long it takes to read and check documents of 10,000 nodes, against the bars.

#![allow(missing_docs)]

mod documents;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use modelspec_core::check::{self, RULES};
use modelspec_core::{Analysis, graph, infer, spec};

const NODES: usize = 10_000;

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn time<T>(runs: usize, mut work: impl FnMut() -> T) -> Duration {
    median(
        (0..runs)
            .map(|_| {
                let start = Instant::now();
                black_box(work());
                start.elapsed()
            })
            .collect(),
    )
}

fn main() {
    for (name, text) in [
        ("pipelines", documents::pipelines(NODES)),
        ("chain", documents::chain(NODES)),
    ] {
        println!("{name}: {} nodes, {} bytes", NODES, text.len());
        let reading = spec::read(&text);
        assert!(
            reading.diagnostics.is_empty(),
            "{:?}",
            reading.diagnostics.first()
        );
        let (spec, _) = reading.graph().expect("a graph");
        let (built, _) = graph::build(spec);
        let analysis = Analysis::read(text.clone());
        let cx = analysis.context().expect("a graph");
        println!("  read  {:?}", time(5, || spec::read(&text)));
        println!("  index {:?}", time(5, || graph::build(spec)));
        println!("  infer {:?}", time(5, || infer::infer(&built)));
        let mut by_code: BTreeMap<&str, usize> = BTreeMap::new();
        for rule in RULES {
            let took = time(1, || check::ask(&cx, rule));
            println!("  {} {:?}", rule.code.0, took);
        }
        let fresh: Vec<Analysis> = (0..5).map(|_| Analysis::read(text.clone())).collect();
        let took = fresh.into_iter().map(|read| {
            let start = Instant::now();
            let done = read.checked();
            let took = start.elapsed();
            black_box(done);
            took
        });
        println!("  all {:?}", median(took.collect()));
        let found = check::check(&cx);
        for found in &found {
            *by_code.entry(found.code.0).or_default() += 1;
        }
        println!("  check {:?} {by_code:?}", time(5, || check::check(&cx)));
        for found in found.iter().take(3) {
            println!(
                "  {} {}",
                found.code,
                &found.message[..found.message.len().min(150)]
            );
        }
    }
}
