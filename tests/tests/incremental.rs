//! After any edit an analysis says what a new one says of the same text.
#![allow(missing_docs)]

use std::cell::Cell;

use modelspec_core::Analysis;
use modelspec_core::check::RULES;
use modelspec_core::edit::{self, Command, Item};
use modelspec_core::graph::{Direction, Graph};
use modelspec_core::infer::Slot;
use modelspec_core::spec::Role;
use modelspec_core::text::{Span, TextEdit, apply};
use modelspec_tests::graphs;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

/// What somebody does to a document; the indices choose among what there is.
#[derive(Clone, Debug)]
enum Deed {
    /// Writes another word of this document, or of another, in the place of one.
    Word(Index, Index, bool),
    /// Writes another number in the place of one.
    Number(Index, u16),
    /// Removes a line.
    RemoveLine(Index),
    /// Writes a line twice.
    RepeatLine(Index),
    /// Writes a sign, or takes one away.
    Sign(Index, Option<char>),
    /// Writes a line behind another.
    AddLine(Index, &'static str),
    /// Applies a fix that is offered.
    Fix(Index, Index),
    /// Removes a node or an edge on the canvas.
    Remove(Index, bool),
    /// Draws an edge.
    Connect(Index, Index),
    /// Puts an adapter into an edge.
    Adapt(Index),
    /// Adds a node.
    Add(Role),
    /// Gives a node the name of another, with a letter behind.
    Rename(Index, Index),
    /// Takes the last deed back.
    Undo,
}

const LINES: &[&str] = &[
    "      latency: {p50: 20ms, p95: 80ms, source: declared}",
    "      latency: {p99: 90s}",
    "      required: false",
    "      onFailure: skip",
    "      external: true",
    "      budget: 7s",
    "      model: {id: m, revision: main, contextTokens: 512}",
    "      placement: {gpu: L4, replicas: 2}",
    "      placement: {gpu: T4, share: {timeSlice: {with: [store]}}}",
    "      placement: {gpu: H100, coLocate: [embedder]}",
    "      serving: {engine: vllm, image: vllm/vllm-openai, timeout: 1s}",
    "      checks: {MG105: {severity: off, reason: it is known}, MG407: {severity: error, reason: strict}}",
    "      inputs: {query: {dim: 384}, extra: {type: text, required: false}}",
    "      outputs: {out: {type: text, maxTokens: 9000}}",
    "      externalName: Same Name",
    "    extra: {role: transformer}",
    "    second: {role: embedder, model: {id: BAAI/bge-base-en-v1.5}, tokenizer: {maxInputTokens: 64}}",
    "    fork: {role: router}",
    "    meet: {role: join, join: any}",
    "    - {from: extra.out, to: meet.in}",
    "    - {from: fork.out, to: meet.in, when: a, probability: 20%}",
    "    - {from: inputs.question, to: fork.in, maxLatency: 1ms}",
    "    - {from: meet.out, to: outputs.answer, id: last}",
    "  checks: {MG104: {severity: warning, reason: it is a draft}}",
    "  objectives: {latency: {p95: 10ms}, throughput: 900rps}",
    "  execution: chained",
    "# a remark",
];

fn deed() -> impl Strategy<Value = Deed> {
    let signs = prop::option::of(prop::sample::select(
        " :{}[],-#&*\n'x1$".chars().collect::<Vec<_>>(),
    ));
    prop_oneof![
        6 => (any::<Index>(), any::<Index>(), any::<bool>()).prop_map(|(a, b, own)| Deed::Word(a, b, own)),
        5 => (any::<Index>(), any::<u16>()).prop_map(|(at, number)| Deed::Number(at, number)),
        3 => any::<Index>().prop_map(Deed::RemoveLine),
        2 => any::<Index>().prop_map(Deed::RepeatLine),
        2 => (any::<Index>(), signs).prop_map(|(at, sign)| Deed::Sign(at, sign)),
        6 => (any::<Index>(), prop::sample::select(LINES)).prop_map(|(at, line)| Deed::AddLine(at, line)),
        4 => (any::<Index>(), any::<Index>()).prop_map(|(found, fix)| Deed::Fix(found, fix)),
        2 => (any::<Index>(), any::<bool>()).prop_map(|(at, bridge)| Deed::Remove(at, bridge)),
        3 => (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Deed::Connect(from, to)),
        1 => any::<Index>().prop_map(Deed::Adapt),
        1 => prop::sample::select(Role::ALL).prop_map(Deed::Add),
        2 => (any::<Index>(), any::<Index>()).prop_map(|(one, other)| Deed::Rename(one, other)),
        4 => Just(Deed::Undo),
    ]
}

fn choose<T>(index: Index, mut things: Vec<T>) -> Option<T> {
    (!things.is_empty()).then(|| things.swap_remove(index.index(things.len())))
}

fn words(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, sign) in text.char_indices().chain([(text.len(), ' ')]) {
        if !sign.is_alphanumeric() {
            if at > start {
                found.push(Span::new(start, at));
            }
            start = at + sign.len_utf8();
        }
    }
    found
}

fn lines(text: &str) -> Vec<Span> {
    let ends = text.match_indices('\n').map(|(at, _)| at + 1);
    let starts = core::iter::once(0).chain(ends.clone());
    starts
        .zip(ends)
        .map(|(start, end)| Span::new(start, end))
        .collect()
}

fn ports(graph: &Graph, side: Direction) -> Vec<String> {
    let ports = graph.all_ports().filter(|(_, port)| port.direction == side);
    ports.map(|(ix, _)| graph.port_path(ix)).collect()
}

fn names(graph: &Graph) -> Vec<String> {
    graph
        .model_nodes()
        .map(|(_, node)| node.name.clone())
        .collect()
}

/// The edits of a deed; `None` where there is nothing to do it to.
fn edits(analysis: &Analysis, deed: &Deed, vocabulary: &[String]) -> Option<Vec<TextEdit>> {
    let text = &*analysis.text;
    let graph = analysis.graph.as_ref();
    let planned = |command: Command| {
        edit::plan(analysis, &command)
            .ok()
            .map(|change| change.edits)
    };
    Some(match deed {
        Deed::Word(at, other, own) => {
            let word = choose(*at, words(text))?;
            let other = if *own {
                choose(*other, words(text))?.of(text).to_owned()
            } else {
                vocabulary[other.index(vocabulary.len())].clone()
            };
            vec![TextEdit::replace(word, other)]
        }
        Deed::Number(at, number) => {
            let all = words(text).into_iter();
            let numbers = all.filter(|word| {
                word.of(text)
                    .starts_with(|sign: char| sign.is_ascii_digit())
            });
            let word = choose(*at, numbers.collect())?;
            let unit = word
                .of(text)
                .trim_start_matches(|sign: char| sign.is_ascii_digit());
            vec![TextEdit::replace(word, format!("{number}{unit}"))]
        }
        Deed::RemoveLine(at) => vec![TextEdit::delete(choose(*at, lines(text))?)],
        Deed::RepeatLine(at) => {
            let line = choose(*at, lines(text))?;
            vec![TextEdit::insert(line.end, line.of(text))]
        }
        Deed::AddLine(at, line) => {
            let depth = |line: &str| line.len() - line.trim_start().len();
            // Where a line of the same depth stands it most likely makes sense.
            let alike = lines(text).into_iter();
            let alike = alike.filter(|other| depth(other.of(text)) == depth(line));
            vec![TextEdit::insert(
                choose(*at, alike.collect())?.end,
                format!("{line}\n"),
            )]
        }
        Deed::Sign(at, sign) => {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let at = choose(*at, places)?;
            let len = text[at..].chars().next()?.len_utf8();
            vec![match sign {
                Some(sign) => TextEdit::insert(at, *sign),
                None => TextEdit::delete(Span::new(at, at + len)),
            }]
        }
        Deed::Fix(found, fix) => {
            let mendable = analysis
                .diagnostics
                .iter()
                .filter(|found| !found.fixes.is_empty());
            let found = choose(*found, mendable.collect())?;
            choose(*fix, found.fixes.iter().collect())?.edits.clone()
        }
        Deed::Remove(at, bridge) => {
            let nodes = names(graph?).into_iter().map(Item::Node);
            let edges = graph?.edges.iter().map(|edge| Item::Edge(edge.id.clone()));
            let item = choose(*at, nodes.chain(edges).collect())?;
            planned(Command::Remove {
                items: vec![item],
                bridge: *bridge,
            })?
        }
        Deed::Connect(from, to) => {
            let from = choose(*from, ports(graph?, Direction::Output))?;
            let to = choose(*to, ports(graph?, Direction::Input))?;
            planned(Command::Connect { from, to })?
        }
        Deed::Adapt(at) => {
            let edges = graph?.edges.iter().map(|edge| edge.id.clone());
            planned(Command::InsertAdapter {
                edge: choose(*at, edges.collect())?,
            })?
        }
        Deed::Add(role) => planned(Command::AddNode {
            role: *role,
            name: None,
            at: None,
        })?,
        Deed::Rename(one, other) => {
            let name = choose(*one, names(graph?))?;
            let to = choose(*other, names(graph?))? + "x";
            planned(Command::Rename {
                item: Item::Node(name),
                to,
            })?
        }
        Deed::Undo => return None,
    })
}

fn documents() -> Vec<String> {
    let pages = RULES.iter().filter_map(|rule| rule.examples());
    let pages = pages.flat_map(|(fails, fixed)| [fails, fixed]);
    let examples = graphs::examples().into_iter().map(|(_, text)| text);
    pages.chain(examples).collect()
}

fn equal(partial: &Analysis, whole: &Analysis) -> Result<(), TestCaseError> {
    prop_assert_eq!(&partial.diagnostics, &whole.diagnostics, "{}", &whole.text);
    prop_assert_eq!(
        &partial.typing.conflicts,
        &whole.typing.conflicts,
        "{}",
        &whole.text
    );
    let Some(graph) = &whole.graph else {
        return Ok(());
    };
    for (ix, _) in graph.all_ports() {
        let (Some(one), Some(other)) = (partial.typing.of(ix), whole.typing.of(ix)) else {
            return Err(TestCaseError::fail("a port has no type"));
        };
        prop_assert!(
            one.says_the_same(other),
            "{one}, not {other}: {}",
            &whole.text
        );
        let kind = [
            Slot {
                depth: 0,
                param: None,
            },
            Slot {
                depth: 1,
                param: None,
            },
        ];
        let own = other.facts.keys().map(|&param| Slot::of(param));
        let inner = other.inner.iter().flat_map(|inner| inner.facts.keys());
        let slots = own
            .chain(inner.map(|&param| Slot::of_items(param)))
            .chain(kind);
        for slot in slots {
            let why = |of: &Analysis| of.typing.why(of.graph.as_ref().expect("a graph"), ix, slot);
            prop_assert_eq!(why(partial), why(whole), "{}", &whole.text);
        }
    }
    Ok(())
}

#[test]
fn findings_after_edits_are_those_of_the_text() {
    let documents = documents();
    let mut vocabulary: Vec<String> = Vec::new();
    for text in &documents {
        vocabulary.extend(words(text).into_iter().map(|word| word.of(text).to_owned()));
    }
    vocabulary.sort();
    vocabulary.dedup();
    let (partly, all) = (Cell::new(0_u32), Cell::new(0_u32));
    let text = prop_oneof![3 => prop::sample::select(documents), 1 => graphs::random()];
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::default()
    });
    let done = runner.run(
        &(text, prop::collection::vec(deed(), 1..10)),
        |(text, deeds)| {
            let mut now = Analysis::new(text);
            let mut back: Vec<Vec<TextEdit>> = Vec::new();
            for deed in &deeds {
                let edits = match deed {
                    Deed::Undo => back.pop(),
                    deed => edits(&now, deed, &vocabulary),
                };
                let Some(edits) = edits else { continue };
                let Ok(edited) = apply(&now.text, &edits) else {
                    continue;
                };
                now = now.after(edited.text, &edits);
                equal(&now, &Analysis::new(&*now.text))?;
                if !matches!(deed, Deed::Undo) {
                    back.push(edited.inverse);
                }
                all.set(all.get() + 1);
                partly.set(partly.get() + u32::from(now.is_incremental));
            }
            Ok(())
        },
    );
    if let Err(error) = done {
        panic!("{error}");
    }
    println!(
        "{} of {} edits asked only what they touched",
        partly.get(),
        all.get()
    );
    assert!(
        partly.get() > all.get() / 5,
        "{} of {}",
        partly.get(),
        all.get()
    );
}

/// Each word and each line of the rules' own examples goes and comes back: what a rule looks at
/// changes at each place of it, near and far from what the finding is about.
#[test]
fn findings_follow_each_word_that_goes_and_comes_back() {
    let mut partly = 0;
    for text in documents() {
        let whole = Analysis::new(&*text);
        let mut deeds: Vec<TextEdit> = lines(&text).into_iter().map(TextEdit::delete).collect();
        for word in words(&text) {
            let unit = word
                .of(&text)
                .trim_start_matches(|sign: char| sign.is_ascii_digit());
            if unit.len() < word.len() {
                let numbers = ["1", "99999"].map(|number| format!("{number}{unit}"));
                deeds.extend(numbers.map(|number| TextEdit::replace(word, number)));
            } else {
                deeds.push(TextEdit::replace(word, "other"));
            }
        }
        for deed in deeds {
            let edits = [deed];
            let edited = apply(&text, &edits).expect("a word can be replaced");
            let there = whole.after(&*edited.text, &edits);
            equal(&there, &Analysis::new(&*edited.text)).unwrap_or_else(|error| panic!("{error}"));
            let back = there.after(&*text, &edited.inverse);
            equal(&back, &whole).unwrap_or_else(|error| panic!("{error}"));
            partly += u32::from(there.is_incremental) + u32::from(back.is_incremental);
        }
    }
    assert!(partly > 1_000, "{partly}");
}
