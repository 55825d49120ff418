//! Builders of quick fixes: text edits that somebody else applies. One file a theme.

mod plan;

pub(crate) use plan::Planner;
