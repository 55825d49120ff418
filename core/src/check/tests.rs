//! What holds of every rule: its page, its two examples, its fixes, its messages.

use super::{Diagnostic, RULES, Severity, reference, rule};
use crate::compose::{self, Bundle};
use crate::text::apply;
use crate::{Analysis, lock};

/// All findings of a text; a lock behind the graph in the stream is held against it.
fn findings(text: &str) -> Vec<Diagnostic> {
    let analysis = Analysis::new(text);
    let locked = analysis.reading.lock().map(|lock| {
        let specs = compose::specs(&analysis, &Bundle::new());
        lock::verify(&analysis, lock, &specs)
    });
    let found = analysis.diagnostics.clone().into_iter();
    found.chain(locked.into_iter().flatten()).collect()
}

/// The codes of an analysis that are at least warnings, and `code` itself at any severity.
fn codes(text: &str, code: &str) -> Vec<String> {
    let mut codes: Vec<String> = findings(text)
        .iter()
        .filter(|found| found.severity >= Severity::Warning || found.code.0 == code)
        .map(|found| found.code.0.to_owned())
        .collect();
    codes.sort();
    codes.dedup();
    codes
}

fn told(text: &str) -> String {
    let told: Vec<String> = findings(text)
        .iter()
        .map(|found| format!("{} {}: {}", found.code, found.severity, found.message))
        .collect();
    told.join("\n")
}

#[test]
fn codes_are_unique_and_sorted() {
    let codes: Vec<&str> = RULES.iter().map(|rule| rule.code.0).collect();
    let mut sorted = codes.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(codes, sorted);
}

#[test]
fn every_rule_has_a_page_and_is_found_by_its_code() {
    let reference = reference();
    for one in RULES {
        let page = one.markdown();
        for heading in ["\n## Why\n", "\n## Fails\n", "\n## Fixed\n"] {
            assert!(page.contains(heading), "{} lacks {heading}", one.code);
        }
        assert!(one.examples().is_some(), "{} lacks examples", one.code);
        let found = rule(&one.code.0.to_lowercase()).unwrap();
        assert_eq!(found.code, one.code);
        let heading = format!("\n## {}: {}\n", one.code, one.title);
        assert!(reference.contains(&heading), "{heading}");
    }
}

#[test]
fn the_failing_example_raises_the_rule_alone_and_the_fixed_one_nothing() {
    for rule in RULES {
        let (fails, fixed) = rule.examples().unwrap();
        let code = rule.code.0;
        assert_eq!(
            codes(&fails, code),
            [code],
            "{code} Fails:\n{}",
            told(&fails)
        );
        assert!(
            codes(&fixed, code).is_empty(),
            "{code} Fixed:\n{}",
            told(&fixed)
        );
    }
}

#[test]
fn every_fix_removes_its_finding_and_brings_no_other() {
    for rule in RULES {
        let (fails, _) = rule.examples().unwrap();
        let analysis = Analysis::new(fails.clone());
        let of_rule = |text: &str| {
            let analysis = Analysis::new(text);
            let found = analysis.diagnostics.into_iter();
            found.filter(|found| found.code == rule.code).count()
        };
        let before = of_rule(&fails);
        for diagnostic in &analysis.diagnostics {
            for fix in &diagnostic.fixes {
                let after = apply(&fails, &fix.edits).unwrap().text;
                let context = format!("{} {}:\n{after}\n{}", rule.code, fix.label, told(&after));
                assert!(of_rule(&after) < before, "{context}");
                let others = codes(&after, rule.code.0);
                assert!(others.iter().all(|code| code == rule.code.0), "{context}");
            }
        }
    }
}

#[test]
fn a_message_is_one_sentence_that_names_what_it_is_about() {
    for rule in RULES {
        let (fails, _) = rule.examples().unwrap();
        for found in findings(&fails) {
            let message = &found.message;
            assert!(
                !message.contains('\n') && !message.ends_with('.'),
                "{message}"
            );
            assert!(!message.contains(". "), "{message}");
            let named = message.contains('`') || message.chars().any(|c| c.is_ascii_digit());
            assert!(named || rule.code.0 == "MG001", "{}: {message}", rule.code);
            assert!(found.severity <= rule.severity, "{}: {message}", rule.code);
        }
    }
}

#[test]
fn what_a_finding_adds_up_is_a_table_that_ends_with_the_limit() {
    let rows = |code: &str| {
        let (fails, _) = rule(code).unwrap().examples().unwrap();
        let found = Analysis::new(fails).diagnostics.into_iter();
        let mut found = found.filter(|found| found.code.0 == code);
        let table = found.next().unwrap().table;
        let rows = table.into_iter();
        rows.map(|row| format!("{}: {}", row.what, row.amount))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        rows("MG305"),
        [
            "the text of `reranker.query`: 64 tokens",
            "a passage of `reranker.candidates`: 512 tokens",
            "together: 576 tokens",
            "at most: 512 tokens",
        ]
    );
    assert_eq!(
        rows("MG306"),
        [
            "a passage of `store`: 1,000 tokens",
            "at most, `embedder`: 512 tokens",
        ]
    );
    for code in ["MG307", "MG501", "MG506"] {
        assert!(rows(code).len() > 1, "{code}");
    }
    let nodes = "
        tidy: {role: transformer, latency: {p95: 3s}}
        writer: {role: generator, latency: {p95: 4s}}";
    let edges = "
        inputs.question > tidy.in
        tidy.out > writer.prompt
        writer.text > outputs.answer";
    let objective = "  objectives: {latency: {p95: 5s}}\n";
    let found = Analysis::new(super::cases::graph(objective, nodes, edges)).diagnostics;
    let sum = found.iter().find(|found| found.code.0 == "MG401").unwrap();
    let amounts: Vec<&str> = sum.table.iter().map(|row| &*row.amount).collect();
    assert_eq!(amounts, ["3s, 42 %", "4s, 57 %", "7s", "5s"]);
}
