//! The panels around the canvas.

pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod inspector;
pub(crate) mod outline;
pub(crate) mod problems;
pub(crate) mod prose;
pub(crate) mod simulate;
pub(crate) mod text;
