//! The files of a model as hubs keep them: the input is cut at its zero bytes into one each.
#![no_main]

use libfuzzer_sys::fuzz_target;
use modelspec_fuzz::import;

const NAMES: &[&str] = &[
    "a/b/config.json",
    "a/b/1_Pooling/config.json",
    "a/b/2_Dense/config.json",
    "a/b/modules.json",
    "a/b/sentence_bert_config.json",
    "a/b/tokenizer_config.json",
    "a/b/config_sentence_transformers.json",
    "a/b/generation_config.json",
    "a/b/model.safetensors.index.json",
    "a/b/README.md",
    "a/b/tokenizer.json",
];

fuzz_target!(|bytes: &[u8]| {
    let parts = bytes.split(|byte| *byte == 0);
    let files: Vec<(&str, &[u8])> = NAMES.iter().copied().zip(parts).collect();
    import(&files);
});
