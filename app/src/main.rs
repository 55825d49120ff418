//! The designer: an editor for the browser.
//!
//! The same program is the designer's page, and the read-only page that other pages embed.

// `App` is a bundle of handles that is copied wherever it is wanted.
#![allow(clippy::large_types_passed_by_value)]

mod canvas;
mod commands;
mod dialogs;
mod embed;
mod engine;
mod imports;
mod js;
mod known;
mod panels;
mod platform;
mod rest;
mod shell;
mod simulation;
mod storage;
mod ui;
mod workspace;

use ui::prelude::IntoView as _;

fn main() {
    platform::report_panics();
    if embed::is_embedded() {
        ui::dom::mount(|| embed::Embed {}.into_view());
    } else {
        ui::dom::mount(|| shell::Designer {}.into_view());
    }
}
