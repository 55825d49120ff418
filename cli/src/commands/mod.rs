//! One file a command.

pub(crate) mod calibrate;
pub(crate) mod catalogue;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod fill;
pub(crate) mod fmt;
pub(crate) mod import;
pub(crate) mod lock;
pub(crate) mod schema;
pub(crate) mod simulate;
pub(crate) mod verify;
