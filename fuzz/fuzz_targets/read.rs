//! Any text is read without a panic, and every place lies in the text and in its parent.
#![no_main]

use libfuzzer_sys::fuzz_target;
use modelspec_core::text::Span;
use modelspec_core::yaml::{Limits, Node, Value, read};

fuzz_target!(|text: &str| {
    let parsed = read(text, &Limits::default());
    assert!(!parsed.documents.is_empty());
    for error in &parsed.errors {
        assert!(
            text.get(error.span.start..error.span.end).is_some(),
            "{error:?}"
        );
    }
    for document in &parsed.documents {
        check(text, document);
    }
});

fn check(text: &str, node: &Node) {
    let source = text.get(node.span.start..node.span.end);
    assert!(source.is_some(), "{node:?} is not in the text");
    if node.alias {
        return;
    }
    let inside = |span: Span| {
        assert!(
            node.span.start <= span.start && span.end <= node.span.end,
            "{span:?} leaves {node:?}"
        );
    };
    match &node.value {
        Value::Scalar(_) => {}
        Value::Sequence(list) => {
            for item in &list.items {
                inside(item.span);
                check(text, item);
            }
        }
        Value::Mapping(mapping) => {
            for entry in &mapping.entries {
                inside(entry.key.span);
                inside(entry.value.span);
                check(text, &entry.value);
            }
        }
    }
}
