//! The simulator's speed beside its peers', on one core and in one run.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::process::{cargo, command, node, output, read, run};
use crate::setup;

/// Where the program for Node is written.
const FOLDER: &str = "target/peers";

/// A figure that is asked for: what stands above, what below, and the least that it may be.
struct Bar {
    name: &'static str,
    above: &'static str,
    below: &'static str,
    least: f64,
}

const BARS: &[Bar] = &[
    Bar {
        name: "window sweep ÷ event heap in Rust",
        above: "sweep",
        below: "heap",
        least: 3.0,
    },
    Bar {
        name: "window sweep ÷ SimPy",
        above: "sweep",
        below: "simpy",
        least: 250.0,
    },
    Bar {
        name: "window sweep ÷ Ciw",
        above: "sweep",
        below: "ciw",
        least: 250.0,
    },
    Bar {
        name: "continuous batching, jumps ÷ steps",
        above: "jumps",
        below: "steps",
        least: 4.0,
    },
    Bar {
        name: "window sweep, WebAssembly ÷ native",
        above: "sweep in wasm",
        below: "sweep",
        least: 0.5,
    },
    Bar {
        name: "continuous batching, WebAssembly ÷ native",
        above: "jumps in wasm",
        below: "jumps",
        least: 0.5,
    },
];

/// Visits and requests a second that are enough by themselves, whatever a peer does.
const ENOUGH: &[(&str, f64)] = &[("sweep", 30e6), ("jumps", 8e6)];

/// Measures all, prints the ratios, and with `check` fails below the bars.
pub(crate) fn compare(check: bool) -> Result<()> {
    let mut speeds = BTreeMap::new();
    take(&mut speeds, &native()?, "")?;
    take(&mut speeds, &wasm()?, " in wasm")?;
    if let Some(python) = setup::peers()? {
        let python = python.to_string_lossy().into_owned();
        let told = read(command(&python, ["wgpu-sim/benches/peers/tandem.py"]))?;
        for line in told.lines() {
            let found: Value = serde_json::from_str(line)?;
            let name = found["simulator"].as_str().context("no simulator")?;
            let speed = found["visitsPerSecond"].as_f64().context("no speed")?;
            speeds.insert(name.to_owned(), speed);
        }
    }
    println!();
    for (name, speed) in &speeds {
        println!("{name:16} {:9.3} M/s", speed / 1e6);
    }
    println!();
    let mut missed = Vec::new();
    for bar in BARS {
        let (Some(above), Some(below)) = (speeds.get(bar.above), speeds.get(bar.below)) else {
            println!("{:44} not measured", bar.name);
            continue;
        };
        let (ratio, least) = (above / below, bar.least);
        let is_enough = |&(name, speed): &(&str, f64)| name == bar.above && *above >= speed;
        let is_kept = ratio >= least || ENOUGH.iter().any(is_enough);
        let sign = if is_kept { "kept" } else { "missed" };
        println!("{:44} {ratio:9.2}  bar {least}: {sign}", bar.name);
        if !is_kept {
            missed.push(bar.name);
        }
    }
    if check && !missed.is_empty() {
        bail!("slower than the bar: {}", missed.join("; "));
    }
    Ok(())
}

/// The speeds that a program tells, each under its name and what is said behind it.
fn take(speeds: &mut BTreeMap<String, f64>, told: &str, behind: &str) -> Result<()> {
    let told: BTreeMap<String, f64> = serde_json::from_str(told.trim())?;
    let told = told.into_iter().filter(|(name, _)| name != "ticks");
    speeds.extend(told.map(|(name, speed)| (format!("{name}{behind}"), speed)));
    Ok(())
}

fn native() -> Result<String> {
    read(cargo([
        "run",
        "--release",
        "--quiet",
        "-p",
        "wgpu-sim",
        "--example",
        "peers",
    ]))
}

/// As the browser's worker runs it: with the same profile, by the same engine as Chromium's.
fn wasm() -> Result<String> {
    setup::wasm()?;
    let metadata = cargo(["metadata", "--no-deps", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&output(metadata).context("no metadata")?)?;
    let target = metadata["target_directory"].as_str().context("no folder")?;
    run(cargo([
        "build",
        "--profile",
        "wasm-release",
        "--target",
        "wasm32-unknown-unknown",
        "-p",
        "wgpu-sim",
        "--example",
        "peers",
    ]))?;
    let program = format!("{target}/wasm32-unknown-unknown/wasm-release/examples/peers.wasm");
    run(command(
        "wasm-bindgen",
        [&*program, "--target", "nodejs", "--out-dir", FOLDER],
    ))?;
    // The project's own programs for Node are modules; this one is none.
    let kind = Path::new(FOLDER).join("package.json");
    std::fs::write(kind, "{\"type\": \"commonjs\"}\n")?;
    let script = format!("require('./{FOLDER}/peers.js'); console.log(globalThis.report)");
    read(node(["--eval", &script]))
}
