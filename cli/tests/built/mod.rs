//! The built program, run with a text as its standard input.

#![allow(dead_code, reason = "each test uses what it needs")]

use std::io::Write;
use std::process::{Command, Output, Stdio};

pub(crate) fn example(name: &str) -> String {
    format!(
        "{}/../public/examples/{name}.modelspec.yaml",
        env!("CARGO_MANIFEST_DIR")
    )
}

pub(crate) fn modelspec(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_modelspec"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}
