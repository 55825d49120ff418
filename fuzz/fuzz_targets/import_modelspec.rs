//! ParallelIQ ModelSpec documents, and any other text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use modelspec_fuzz::import;

fuzz_target!(|bytes: &[u8]| {
    import(&[("of/model.yaml", bytes)]);
});
