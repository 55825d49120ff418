//! How long it takes to check documents of 10,000 nodes, wholly and after an edit, and how long from
//! a keystroke to the findings of 1,000 nodes, beside the bars.
//!
//! `cargo bench -p modelspec-core --bench check -- --rules` shows each rule as well, and with
//! `--check` the program fails where a figure is above its bar. `--only WORDS` measures the edits that
//! have these words in their names, and nothing else.

#![allow(missing_docs)]

#[path = "../common/documents.rs"]
mod documents;
mod edits;
#[path = "../common/times.rs"]
mod times;

use std::process::ExitCode;
use std::time::Duration;

use modelspec_core::check::{self, RULES};
use modelspec_core::text::apply;
use modelspec_core::{Analysis, Hunks, graph, infer, spec};
use times::{Times, repeat};

const NODES: usize = 10_000;
/// Nodes of a document that people type in: reading is most of a keystroke, and of 10,000 it is
/// that of some megabytes.
const TYPED: usize = 1_000;
/// Places of the document where each kind of edit is tried, there and back.
const PLACES: usize = 24;
/// How often one edit is measured: its time is the median. What else the machine does now and then is
/// none of the edit's.
const TIMES: usize = 15;
/// How many readings of a document are checked wholly, each three times.
const WHOLES: usize = 12;

const WHOLE: Duration = Duration::from_millis(100);
const AFTER_EDIT: Duration = Duration::from_millis(2);
const KEYSTROKE: Duration = Duration::from_millis(50);

/// Reading, and checking the whole.
fn whole(text: &str) -> bool {
    let reading = spec::read(text);
    let (document, _) = reading.graph().expect("the document holds a graph");
    let (built, _) = graph::build(document);
    repeat(3, || spec::read(text)).show("read", None);
    repeat(3, || graph::build(document)).show("index", None);
    repeat(5, || infer::infer(&built)).show("infer", None);
    let mut taken = Times::default();
    for _ in 0..WHOLES {
        let indexed = Analysis::index(text);
        let mut once = Times::default();
        for _ in 0..3 {
            let indexed = indexed.clone();
            once.measure(|| indexed.checked());
        }
        taken.0.push(once.percentile(50));
    }
    taken.show_usual("infer and check", WHOLE)
}

/// Each rule on its own, in the order of the catalogue: what several derive counts for the first.
fn rules(text: &str) {
    let analysis = Analysis::read(text);
    let cx = analysis.context().expect("the document holds a graph");
    for rule in RULES.iter().filter(|rule| !rule.parts.is_empty()) {
        repeat(1, || check::ask(&cx, rule)).show(rule.code.0, None);
    }
}

/// Checking after edits, without reading and indexing.
fn after_edits(text: &str) -> bool {
    let whole = Analysis::new(text);
    let mut all = Times::default();
    let only = std::env::args()
        .skip_while(|argument| argument != "--only")
        .nth(1);
    let chosen = |name: &str| only.as_deref().is_none_or(|only| name.contains(only));
    for (name, edits) in edits::KINDS.iter().filter(|(name, _)| chosen(name)) {
        let mut own = Times::default();
        for place in 0..PLACES {
            let there = edits(&whole, place).expect("each kind of edit fits the document");
            let edited = apply(text, &there).expect("an edit can be applied");
            let hunks = Hunks::new(text, &edited.text, &there).expect("the edits lead there");
            let indexed = Analysis::index(&*edited.text);
            let mut last = None;
            let mut once = Times::default();
            for _ in 0..TIMES {
                let indexed = indexed.clone();
                last = Some(once.measure(|| indexed.checked_after(&whole, &hunks)));
            }
            own.0.push(once.percentile(50));
            let changed = last.expect("it is measured at least once");
            assert!(changed.is_incremental, "{name}: everything was asked");
        }
        own.show(name, None);
        all.0.extend(own.0);
    }
    all.show("after an edit", Some(AFTER_EDIT))
}

/// Everything that follows a keystroke, reading and indexing with it.
fn keystrokes(text: &str) -> bool {
    let whole = Analysis::new(text);
    let mut taken = Times::default();
    for (name, edits) in edits::KINDS {
        for place in 0..PLACES {
            let there = edits(&whole, place).expect("each kind of edit fits the document");
            let edited = apply(text, &there).expect("an edit can be applied");
            let changed = taken.measure(|| whole.after(&*edited.text, &there));
            assert!(changed.is_incremental, "{name}: everything was asked");
        }
    }
    taken.show_usual("from a keystroke to findings", KEYSTROKE)
}

/// A shape of documents: its name, and one of so many nodes.
type Shape = (&'static str, fn(usize) -> String);

/// The shapes that are measured.
const SHAPES: [Shape; 2] = [
    ("pipelines side by side", documents::pipelines),
    ("one chain", documents::chain),
];

fn head(name: &str, nodes: usize, text: &str) {
    println!("{name}: {nodes} nodes, {} bytes", text.len());
    let (median, high) = ("median", "p99");
    println!(
        "  {:<32} {median:>10} {high:>10} {:>8}",
        "milliseconds", "bar"
    );
}

fn main() -> ExitCode {
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    let mut kept = true;
    for (name, document) in SHAPES {
        let text = document(NODES);
        head(name, NODES, &text);
        if !has("--only") {
            kept &= whole(&text);
        }
        if has("--rules") {
            rules(&text);
        }
        kept &= after_edits(&text);
    }
    for (name, document) in SHAPES.into_iter().filter(|_| !has("--only")) {
        let text = document(TYPED);
        head(name, TYPED, &text);
        kept &= keystrokes(&text);
    }
    if kept || !has("--check") {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
