//! Headers of GGUF; most inputs would end at the magic number, so it is put before them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use modelspec_fuzz::import;

fuzz_target!(|bytes: &[u8]| {
    import(&[("of/model.gguf", bytes)]);
    import(&[("of/model.gguf", &[b"GGUF\x03\0\0\0", bytes].concat())]);
});
