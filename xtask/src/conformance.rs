//! Exports of every example and of random graphs, read by the targets' own client libraries, or run by their servers.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::process::{cargo, command, root, run};
use crate::setup;

/// What reads the exports of a target, or runs them.
struct Check {
    target: &'static str,
    /// A program of `tests/conformance`, and its arguments before the folder.
    program: &'static [&'static str],
    graphs: Graphs,
}

/// Which graphs are exported.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Graphs {
    /// Every example, and random ones.
    All,
    /// Every example, and those of the program's own.
    Own,
    /// Random ones.
    Random,
}

impl Check {
    const fn reads(target: &'static str, program: &'static [&'static str]) -> Self {
        Self {
            target,
            program,
            graphs: Graphs::All,
        }
    }
}

const CHECKS: &[Check] = &[
    Check::reads("kubernetes", &["check.py", "kubernetes"]),
    Check::reads("kserve", &["check.py", "kserve"]),
    Check::reads("triton", &["check.py", "triton"]),
    Check::reads("argo", &["check.py", "argo"]),
    Check::reads("github-actions", &["check.py", "github-actions"]),
    Check::reads("observability", &["check.py", "observability"]),
    Check {
        target: "temporal",
        program: &["temporal/definitions.py"],
        graphs: Graphs::Random,
    },
    Check {
        target: "temporal",
        program: &["temporal/workers.py"],
        graphs: Graphs::Own,
    },
];
/// How many random graphs are exported.
const RANDOM: usize = 200;
/// Where the exports are written.
const FOLDER: &str = "target/conformance";
/// Where the programs are.
const PROGRAMS: &str = "tests/conformance";

/// Exports graphs to every target that has a client library, and has them read and run.
pub(crate) fn check() -> Result<()> {
    let Some(python) = setup::clients()? else {
        println!(
            "Skipped: the client libraries cannot be fetched from here, so no export was read by \
             its target's own."
        );
        return Ok(());
    };
    let python = python.to_string_lossy().into_owned();
    let folder = root().join(FOLDER);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let promtool = setup::promtool();
    for check in CHECKS {
        if check.target == "observability" && promtool.is_none() {
            println!("Skipped: without promtool no alert was read by Prometheus' own program.");
            continue;
        }
        let exports = export(check)?;
        let (program, arguments) = check.program.split_first().context("no program")?;
        let program = format!("{PROGRAMS}/{program}");
        let arguments = arguments.iter().map(ToString::to_string);
        let arguments: Vec<String> = [program].into_iter().chain(arguments).collect();
        let mut read = command(&python, arguments);
        read.arg(exports);
        read.envs(promtool.iter().map(|program| ("PROMTOOL", program)));
        run(read)?;
    }
    Ok(())
}

/// Exports the graphs of a check, whatever is lost on the way; gives the folder.
fn export(check: &Check) -> Result<String> {
    let kind = if check.graphs == Graphs::Random {
        "random"
    } else {
        "graphs"
    };
    let folder = format!("{FOLDER}/{}/{kind}", check.target);
    let random = if check.graphs == Graphs::Own {
        0
    } else {
        RANDOM
    };
    let mut files = Vec::new();
    if check.graphs != Graphs::Random {
        files.extend(documents(&root().join("public/examples"))?);
    }
    let own = root().join(PROGRAMS).join(check.target).join("graphs");
    if check.graphs == Graphs::Own {
        files.extend(documents(&own)?);
    }
    let example = [
        "run",
        "--quiet",
        "-p",
        "modelspec-tests",
        "--example",
        "exports",
        "--",
    ];
    let mut exports = cargo(example);
    exports.args([check.target, &folder, &random.to_string()]);
    exports.args(files);
    run(exports).with_context(|| format!("no exports to {}", check.target))?;
    Ok(folder)
}

/// The files of a folder, in order.
fn documents(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut found = paths.collect::<Result<Vec<_>, _>>()?;
    found.sort();
    Ok(found)
}
