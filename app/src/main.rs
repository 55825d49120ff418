//! The designer: a leptos editor for the browser.
fn main() {}
