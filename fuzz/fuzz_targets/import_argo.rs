//! Argo workflows: any change to sound ones is read or refused.
#![no_main]

mod imports;

use libfuzzer_sys::fuzz_target;

const SEED: &str = include_str!("../../core/src/import/samples/argo.yaml");

fuzz_target!(|input: imports::Input| {
    imports::check("argo", &input, &[("evaluate.yaml", SEED)]);
});
