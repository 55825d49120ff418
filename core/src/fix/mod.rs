//! Builders of quick fixes: text edits that somebody else applies. One file a theme.

mod place;
mod plan;
mod sources;
mod value;

pub(crate) use place::{edge_path, port_path};
pub(crate) use plan::Planner;
pub(crate) use sources::sources;
pub(crate) use value::{replace, set};
