//! The ModelSpec document: its reading, checks, edits and exports.
//!
//! No I/O, no clock, no global state, nothing of the web or the GPU: equal inputs give equal bytes
//! on every platform.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::unreachable
    )
)]

pub mod text;
pub mod yaml;
