//! Installing what is missing. Every tool is pinned and skipped when it is present.

use anyhow::Result;

use crate::process::{cargo, output, run};

/// A program that Cargo installs.
struct CargoTool {
    package: &'static str,
    version: &'static str,
    /// The arguments after `cargo` that print its version.
    version_arguments: &'static [&'static str],
    /// Whether the package's own lock file is used.
    locked: bool,
}

const NEXTEST: CargoTool = CargoTool {
    package: "cargo-nextest",
    version: "0.9.143",
    version_arguments: &["nextest", "--version"],
    locked: true,
};

/// Installs the test runner when no version of it is present.
pub(crate) fn nextest() -> Result<()> {
    if output(cargo(NEXTEST.version_arguments)).is_some() {
        return Ok(());
    }
    install(&NEXTEST)
}

fn install(tool: &CargoTool) -> Result<()> {
    println!(
        "{} is missing; installing version {}",
        tool.package, tool.version
    );
    let mut arguments = vec!["install", tool.package, "--version", tool.version];
    if tool.locked {
        arguments.push("--locked");
    }
    run(cargo(arguments))
}
