//! The designer: a leptos editor for the browser.
//!
//! The same program runs in three places: as the designer's page, as the read-only page that other
//! pages embed, and in a worker that simulates.
// The component macro writes public types for private components.
#![allow(unreachable_pub)]

mod canvas;
mod commands;
mod dialogs;
mod embed;
mod js;
mod panels;
mod platform;
mod shell;
mod simulation;
mod storage;
mod ui;
mod worker;
mod workspace;

fn main() {
    platform::report_panics();
    if worker::is_worker() {
        worker::listen();
    } else if embed::is_embedded() {
        leptos::mount::mount_to_body(embed::Embed);
    } else {
        leptos::mount::mount_to_body(shell::Designer);
    }
}
