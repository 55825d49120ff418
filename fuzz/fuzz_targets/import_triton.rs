//! Triton model repositories: any change to sound ones is read or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use modelspec_fuzz::{Input, check};

const MODEL: &str = r#"name: "double"
platform: "onnxruntime_onnx"
max_batch_size: 8
input { name: "x:0" data_type: TYPE_FP16 dims: [ -1, 3 ] format: FORMAT_NONE }
input { name: "mask" data_type: TYPE_BOOL dims: 1 optional: true }
output { name: "y" data_type: TYPE_FP16 dims: [ -1, 3 ] reshape { shape: [ 3 ] } }
dynamic_batching { max_queue_delay_microseconds: 100 default_queue_policy { max_queue_size: 64 } }
instance_group [ { count: 2 kind: KIND_GPU gpus: [ 0 ] } ]
parameters { key: "threads" value { string_value: "4" } }
"#;

const ENSEMBLE: &str = r#"name: "twice"
platform: "ensemble"
max_batch_size: 4
input { name: "in" data_type: TYPE_FP16 dims: [ 7, 3 ] }
output { name: "out" data_type: TYPE_FP16 dims: [ 7, -1 ] }
ensemble_scheduling { step [
  { model_name: "double" input_map { key: "x:0" value: "in" } output_map { key: "y" value: "half" } },
  { model_name: "double" input_map { key: "x:0" value: "half" } output_map { key: "y" value: "out" } }
] }
"#;

fuzz_target!(|input: Input| {
    check(
        "triton",
        &input,
        &[
            ("double/config.pbtxt", MODEL),
            ("twice/config.pbtxt", ENSEMBLE),
        ],
    );
});
