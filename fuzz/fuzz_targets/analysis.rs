//! Any text is read and checked without a panic, every finding stands in the text, and the
//! same text has the same findings.
#![no_main]

use libfuzzer_sys::fuzz_target;
use modelspec_core::Analysis;

fuzz_target!(|text: &str| {
    let analysis = Analysis::new(text);
    for found in &analysis.diagnostics {
        assert!(
            text.get(found.span.start..found.span.end).is_some(),
            "{found:?} stands outside of the text"
        );
    }
    assert_eq!(analysis.diagnostics, Analysis::new(text).diagnostics);
});
