//! The designer: a leptos editor for the browser.
//!
//! The same program is the designer's page, and the read-only page that other pages embed.
// The component macro writes public types for private components.
#![allow(unreachable_pub)]
// A component takes its properties by value, whether it keeps them or only reads them.
#![allow(clippy::needless_pass_by_value, clippy::large_types_passed_by_value)]

mod canvas;
mod commands;
mod dialogs;
mod embed;
mod engine;
mod js;
mod panels;
mod platform;
mod shell;
mod simulation;
mod storage;
mod ui;
mod workspace;

fn main() {
    platform::report_panics();
    if embed::is_embedded() {
        leptos::mount::mount_to_body(embed::Embed);
    } else {
        leptos::mount::mount_to_body(shell::Designer);
    }
}
