//! The command line: modelspec.
fn main() {}
