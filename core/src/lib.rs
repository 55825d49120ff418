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

#[macro_use]
pub mod spec;
mod analysis;
pub mod catalogue;
pub mod check;
pub mod complete;
pub mod compose;
pub mod diff;
pub mod edit;
pub mod export;
mod fix;
pub mod format;
pub mod graph;
pub mod hardware;
pub mod import;
mod incremental;
pub mod infer;
pub mod layout;
pub mod lock;
pub mod order;
pub mod schema;
pub mod text;
pub mod yaml;

pub use analysis::Analysis;
pub use incremental::Hunks;
