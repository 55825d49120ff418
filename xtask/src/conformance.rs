//! Exports of every example, read by the targets' own client libraries.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::process::{cargo, command, output as output_of, root, run};
use crate::setup;

/// The targets that have a client library which reads their files.
const TARGETS: &[&str] = &[
    "kubernetes",
    "kserve",
    "triton",
    "argo",
    "github-actions",
    "observability",
];
/// Where the exports are written.
const FOLDER: &str = "target/conformance";

/// Exports every example to every target, and reads what was written.
pub(crate) fn check() -> Result<()> {
    let Some(python) = setup::clients()? else {
        println!(
            "Skipped: the client libraries cannot be fetched from here, so no export was read by \
             its target's own."
        );
        return Ok(());
    };
    let python = python.to_string_lossy().into_owned();
    let known = codes()?;
    let folder = root().join(FOLDER);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let promtool = setup::promtool();
    for &target in TARGETS {
        if target == "observability" && promtool.is_none() {
            println!("Skipped: without promtool no alert was read by Prometheus' own program.");
            continue;
        }
        let Some((_, codes)) = known.iter().find(|(name, _)| name == target) else {
            bail!("there is no target `{target}`");
        };
        for entry in fs::read_dir(root().join("public/examples"))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let name = name.trim_end_matches(".modelspec.yaml");
            let output = format!("{FOLDER}/{target}/{name}");
            let file = path.to_string_lossy().into_owned();
            let arguments = ["export", target, &file, "--output", &output, "--accept"];
            let arguments = arguments.iter().map(ToString::to_string);
            let arguments: Vec<String> = arguments.chain([codes.join(",")]).collect();
            let mut exported = cargo(["run", "--quiet", "-p", "modelspec-cli", "--"]);
            exported.args(arguments);
            // What an export tells of is not what is looked at here.
            output_of(exported)
                .with_context(|| format!("`modelspec export {target} {file}` failed"))?;
        }
        let output = format!("{FOLDER}/{target}");
        let mut check = command(&python, ["tests/conformance/check.py", target, &output]);
        check.envs(promtool.iter().map(|program| ("PROMTOOL", program)));
        run(check)?;
    }
    Ok(())
}

/// The targets, each with the codes of what its exports may tell of.
fn codes() -> Result<Vec<(String, Vec<String>)>> {
    let list = [
        "run",
        "--quiet",
        "-p",
        "modelspec-cli",
        "--",
        "export",
        "--list",
    ];
    let list = cargo(list.into_iter().chain(["--format", "json"]));
    let list = output_of(list).context("`modelspec export --list` failed")?;
    let list: serde_json::Value = serde_json::from_str(&list)?;
    let word = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let targets = list.as_array().context("no list of targets")?.iter();
    let read = targets.map(|target| {
        let codes = target["codes"].as_array().into_iter().flatten();
        let codes = codes.filter_map(|kind| word(&kind["code"]));
        Some((word(&target["name"])?, codes.collect()))
    });
    read.collect::<Option<_>>()
        .context("a target without a name")
}
