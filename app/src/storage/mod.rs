//! Where documents come from and go to: files, share links, what the browser keeps, templates.

pub(crate) mod templates;

use crate::ui::App;

/// Opens what the address or the browser holds, and keeps the document from then on.
pub(crate) fn start(_app: App) {}

/// Lets the user choose a file and opens it.
pub(crate) fn open_file(_app: App) {}

/// Saves to the file that was opened, or asks for one.
pub(crate) fn save_file(_app: App) {}
