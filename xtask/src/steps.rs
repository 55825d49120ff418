//! The steps of `cargo xtask test`, in their order.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::process::{cargo, command, output, root, run};
use crate::{budgets, conformance, setup, site};

/// One check: its name on the command line, what it does, and how.
struct Step {
    name: &'static str,
    about: &'static str,
    run: fn() -> Result<()>,
}

const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        about: "Formatting of the Rust code",
        run: fmt,
    },
    Step {
        name: "typos",
        about: "Spelling",
        run: typos,
    },
    Step {
        name: "deny",
        about: "Licences, sources, duplicates and advisories",
        run: deny,
    },
    Step {
        name: "types",
        about: "Types of the text editor's code",
        run: types,
    },
    Step {
        name: "clippy",
        about: "Lints, native",
        run: clippy,
    },
    Step {
        name: "wasm",
        about: "Lints, in the browser",
        run: wasm,
    },
    Step {
        name: "docs",
        about: "Documentation without warnings",
        run: docs,
    },
    Step {
        name: "unit",
        about: "Unit, property, snapshot and conformance tests",
        run: unit,
    },
    Step {
        name: "conformance",
        about: "Exports, read by the targets' own client libraries",
        run: conformance::check,
    },
    Step {
        name: "doctest",
        about: "Examples in the documentation",
        run: doctest,
    },
    Step {
        name: "site",
        about: "The site, built in release",
        run: build_site,
    },
    Step {
        name: "browser",
        about: "The designer in Chromium",
        run: browser,
    },
    Step {
        name: "budgets",
        about: "What the first load takes",
        run: budgets,
    },
];

/// Prints each step's name and what it does.
pub(crate) fn list() {
    for step in STEPS {
        println!("{:<11} {}", step.name, step.about);
    }
}

/// Runs the named steps, or all of them, and fails at the first that fails.
pub(crate) fn test(only: &[String]) -> Result<()> {
    if let Some(unknown) = only
        .iter()
        .find(|name| STEPS.iter().all(|step| step.name != *name))
    {
        bail!("there is no step `{unknown}`; `cargo xtask test --list` names them");
    }
    let chosen = |step: &&Step| only.is_empty() || only.iter().any(|name| name == step.name);
    let mut taken: Vec<(&str, Duration)> = Vec::new();
    for step in STEPS.iter().filter(chosen) {
        println!("\n== {}: {}", step.name, step.about);
        let start = Instant::now();
        (step.run)().with_context(|| {
            format!(
                "step `{0}` failed; run it alone: cargo xtask test --only {0}",
                step.name
            )
        })?;
        let elapsed = start.elapsed();
        println!("== {} passed in {:.1} s", step.name, elapsed.as_secs_f64());
        taken.push((step.name, elapsed));
    }
    println!("\nAll {} steps passed:", taken.len());
    for (name, elapsed) in &taken {
        println!("  {name:<11} {:>7.1} s", elapsed.as_secs_f64());
    }
    Ok(())
}

fn fmt() -> Result<()> {
    run(cargo(["fmt", "--all", "--check"]))
}

fn typos() -> Result<()> {
    setup::typos()?;
    run(command("typos", [] as [&str; 0]))
}

fn deny() -> Result<()> {
    setup::deny()?;
    run(cargo(["deny", "check", "licenses", "bans", "sources"]))?;
    // The advisories live in a repository of their own, which not every machine can reach.
    if output(cargo(["deny", "fetch", "db"])).is_none() {
        println!(
            "The database of advisories cannot be reached from here: advisories are not checked."
        );
        return Ok(());
    }
    run(cargo(["deny", "check", "advisories"]))
}

fn types() -> Result<()> {
    setup::npm()?;
    run(command("tsc", ["-p", "app/editor"]))
}

fn clippy() -> Result<()> {
    run(cargo([
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))
}

fn wasm() -> Result<()> {
    setup::wasm_target()?;
    let packages = [
        "modelspec-core",
        "wgpu-sim",
        "modelspec-app",
        "modelspec-engine",
    ];
    let mut arguments = vec!["clippy", "--target", "wasm32-unknown-unknown"];
    arguments.extend(packages.iter().flat_map(|package| ["-p", package]));
    arguments.extend(["--", "-D", "warnings"]);
    run(cargo(arguments))
}

fn unit() -> Result<()> {
    setup::nextest()?;
    setup::vulkan()?;
    let mut nextest = cargo(["nextest", "run", "--workspace"]);
    if std::env::var_os("PROPTEST_RNG_SEED").is_none() {
        // The same cases on every machine; another seed looks for others.
        nextest.env("PROPTEST_RNG_SEED", "1");
    }
    run(nextest)
}

fn doctest() -> Result<()> {
    run(cargo(["test", "--workspace", "--doc"]))
}

fn docs() -> Result<()> {
    let mut rustdoc = cargo([
        "doc",
        "--workspace",
        "--no-deps",
        "--document-private-items",
    ]);
    rustdoc.env("RUSTDOCFLAGS", "-D warnings");
    run(rustdoc)
}

fn build_site() -> Result<()> {
    site::build()
}

fn browser() -> Result<()> {
    setup::browser()?;
    require_site()?;
    run(command(
        "playwright",
        ["test", "--config", "tests/e2e/playwright.config.mjs"],
    ))
}

fn budgets() -> Result<()> {
    setup::browser()?;
    require_site()?;
    budgets::first_load()
}

/// Run alone, the steps after `site` say what they lack.
fn require_site() -> Result<()> {
    ensure!(
        root().join("dist/embed.html").is_file(),
        "dist/ has no site yet; run `cargo xtask build`"
    );
    Ok(())
}
