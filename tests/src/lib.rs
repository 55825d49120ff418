//! Cross-crate and conformance tests, and what they share.

pub mod graphs;
pub mod shared;
