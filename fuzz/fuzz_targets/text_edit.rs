//! Edits either are refused or can be taken back to the byte.
#![no_main]

use libfuzzer_sys::{
    arbitrary::{self, Arbitrary},
    fuzz_target,
};
use modelspec_core::text::{Span, TextEdit, apply};

#[derive(Arbitrary, Debug)]
struct Input {
    text: String,
    edits: Vec<(u8, u8, String)>,
}

fuzz_target!(|input: Input| {
    let edits: Vec<TextEdit> = input
        .edits
        .iter()
        .map(|(start, length, text)| {
            let start = usize::from(*start);
            TextEdit::replace(
                Span::new(start, start + usize::from(*length)),
                text.as_str(),
            )
        })
        .collect();
    if let Ok(edited) = apply(&input.text, &edits) {
        let back = apply(&edited.text, &edited.inverse).expect("an inverse can be applied");
        assert_eq!(back.text, input.text);
    }
});
