//! The state of the window around the document, and the small parts that all rooms share.

pub(crate) mod dom;
mod icon;
pub(crate) mod prelude;
mod state;
mod words;

pub(crate) use icon::{Glyph, Icon, role_glyph};
pub(crate) use state::{App, Dialog, Tab, Theme, Ui, ViewRequest, is_narrow, use_app};
pub(crate) use words::{bytes, duration, figure, thousands};
