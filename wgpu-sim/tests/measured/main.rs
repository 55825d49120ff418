//! Service times against measurements that others published.
//!
//! The files are not part of the project: `MODELSPEC_SHARED` names the folder that holds them, and
//! without it these tests say what they skip.
#![cfg(not(target_arch = "wasm32"))]

mod llm_silicon;
mod mlperf;
mod table;
mod vllm;
