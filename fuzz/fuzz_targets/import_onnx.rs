//! ONNX models.
#![no_main]

use libfuzzer_sys::fuzz_target;
use modelspec_fuzz::import;

fuzz_target!(|bytes: &[u8]| {
    import(&[("of/model.onnx", bytes)]);
});
