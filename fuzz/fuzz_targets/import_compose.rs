//! Docker Compose: any change to sound ones is read or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use modelspec_fuzz::{Input, check};

const SEED: &str = include_str!("../../core/src/import/samples/compose.yaml");

fuzz_target!(|input: Input| {
    check("compose", &input, &[("compose.yaml", SEED)]);
});
