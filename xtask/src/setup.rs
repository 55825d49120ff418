//! Installing what is missing. Every tool is pinned and skipped when it is present.
//!
//! Nothing comes from anywhere but the registries of Cargo, npm and Python, and the system's
//! package manager; the toolchain's own target comes through rustup.

mod python;

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::process::{cargo, command, find, output, root, run};

pub(crate) use python::{clients, peers};

/// The toolchain of `rust-toolchain.toml`.
const TOOLCHAIN: &str = "1.95.0";
const WASM: &str = "wasm32-unknown-unknown";
/// The spelling checker, a program that its Python package carries.
const TYPOS: &str = "1.52.0";

/// A program that Cargo installs.
struct CargoTool {
    package: &'static str,
    version: &'static str,
    /// The command that prints the version.
    probe: &'static [&'static str],
    /// Whether the package's own lock file is used.
    locked: bool,
    /// Whether a version other than the pinned one will do.
    any_version: bool,
}

const TRUNK: CargoTool = CargoTool {
    package: "trunk",
    version: "0.21.14",
    probe: &["trunk", "--version"],
    locked: true,
    any_version: false,
};

/// The same version as the library's in `Cargo.lock`: their formats must agree.
const WASM_BINDGEN: CargoTool = CargoTool {
    package: "wasm-bindgen-cli",
    version: "0.2.130",
    probe: &["wasm-bindgen", "--version"],
    // Its lock file names crates that do not build with this toolchain.
    locked: false,
    any_version: false,
};

const NEXTEST: CargoTool = CargoTool {
    package: "cargo-nextest",
    version: "0.9.143",
    probe: &["cargo-nextest", "nextest", "--version"],
    locked: true,
    any_version: true,
};

const DENY: CargoTool = CargoTool {
    package: "cargo-deny",
    version: "0.20.2",
    probe: &["cargo-deny", "--version"],
    locked: true,
    any_version: false,
};

const FUZZ: CargoTool = CargoTool {
    package: "cargo-fuzz",
    version: "0.13.2",
    probe: &["cargo-fuzz", "fuzz", "--version"],
    locked: true,
    any_version: true,
};

/// A program of the system.
struct SystemPackage {
    /// What it is for, in the sentence about its absence.
    name: &'static str,
    present: fn() -> bool,
    /// The packages that hold it on Debian and its relatives.
    debian: &'static [&'static str],
    /// What to do elsewhere.
    elsewhere: &'static str,
}

const NODE: SystemPackage = SystemPackage {
    name: "Node.js with npm",
    present: || find("node").is_some() && find("npm").is_some(),
    debian: &["nodejs", "npm"],
    elsewhere: "install Node.js 20 or later, with npm, from your system's packages or nodejs.org",
};

const CHROMIUM: SystemPackage = SystemPackage {
    name: "Chromium",
    present: || {
        let names = [
            "chromium",
            "chromium-browser",
            "google-chrome-stable",
            "google-chrome",
        ];
        env::var_os("CHROMIUM").is_some()
            || names.iter().any(|name| find(name).is_some())
            || Path::new("/Applications/Google Chrome.app").exists()
            || Path::new("/Applications/Chromium.app").exists()
    },
    debian: &["chromium"],
    elsewhere: "install Chromium or Chrome, or name its program in the variable CHROMIUM",
};

/// A graphics driver in software, so that the simulator's GPU engine is tested everywhere.
const VULKAN: SystemPackage = SystemPackage {
    name: "A Vulkan driver",
    present: || {
        let folders = [
            "/usr/share/vulkan/icd.d",
            "/etc/vulkan/icd.d",
            "/usr/local/share/vulkan/icd.d",
        ];
        !cfg!(target_os = "linux")
            || env::var_os("VK_DRIVER_FILES").is_some()
            || folders.iter().any(|folder| {
                fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
            })
    },
    debian: &["mesa-vulkan-drivers"],
    elsewhere: "install Mesa's Vulkan drivers (lavapipe) from your system's packages",
};

const PYTHON: SystemPackage = SystemPackage {
    name: "Python 3 with pip",
    present: || output(command("python3", ["-m", "pip", "--version"])).is_some(),
    debian: &["python3", "python3-pip"],
    elsewhere: "install Python 3 with pip from your system's packages",
};

/// Everything that any command here needs, except for fuzzing.
pub(crate) fn everything() -> Result<()> {
    site()?;
    browser()?;
    vulkan()?;
    nextest()?;
    deny()?;
    typos()?;
    println!("Everything is set up.");
    Ok(())
}

/// What building the site needs.
pub(crate) fn site() -> Result<()> {
    wasm()?;
    cargo_tool(&TRUNK)?;
    npm()
}

/// What building a program for WebAssembly needs.
pub(crate) fn wasm() -> Result<()> {
    wasm_target()?;
    cargo_tool(&WASM_BINDGEN)
}

/// The target that the browser runs.
pub(crate) fn wasm_target() -> Result<()> {
    let sysroot = output(command("rustc", ["--print", "sysroot"])).unwrap_or_default();
    if Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(WASM)
        .join("lib")
        .is_dir()
    {
        return Ok(());
    }
    if find("rustup").is_none() {
        bail!(
            "the target {WASM} is missing and so is rustup: install rustup, or the target with your system's packages"
        );
    }
    timed(&format!("the target {WASM} for Rust {TOOLCHAIN}"), || {
        run(command(
            "rustup",
            ["target", "add", WASM, "--toolchain", TOOLCHAIN],
        ))
    })
}

/// The browser that runs the tests, and the packages that drive it.
pub(crate) fn browser() -> Result<()> {
    npm()?;
    system(&CHROMIUM)
}

/// A Vulkan driver for the native tests of the simulator's GPU engine.
pub(crate) fn vulkan() -> Result<()> {
    system(&VULKAN)
}

/// The test runner.
pub(crate) fn nextest() -> Result<()> {
    cargo_tool(&NEXTEST)
}

/// The checker of licences and sources.
pub(crate) fn deny() -> Result<()> {
    cargo_tool(&DENY)
}

/// The spelling checker.
pub(crate) fn typos() -> Result<()> {
    if version(&["typos", "--version"]).as_deref() == Some(TYPOS) {
        return Ok(());
    }
    system(&PYTHON)?;
    timed(&format!("typos {TYPOS}"), || {
        let package = format!("typos=={TYPOS}");
        run(command(
            "python3",
            [
                "-m",
                "pip",
                "install",
                "--quiet",
                "--no-deps",
                "--upgrade",
                "--target",
                ".tools",
                &package,
            ],
        ))
    })
}

/// Where Prometheus' own program is unpacked that reads rules.
const PROMETHEUS: &str = ".tools/prometheus";

/// The program that reads Prometheus' rules; `None` where it cannot be had from here, which is said.
/// Debian's package is unpacked and not installed: installed it would start a server.
pub(crate) fn promtool() -> Option<std::path::PathBuf> {
    if let Some(found) = find("promtool") {
        return Some(found);
    }
    let folder = root().join(PROMETHEUS);
    let program = folder.join("usr/bin/promtool");
    if program.is_file() {
        return Some(program);
    }
    if find("apt-get").is_none() || find("dpkg-deb").is_none() {
        println!("promtool is missing; install Prometheus, or put promtool on PATH");
        return None;
    }
    let unpack = || {
        fs::create_dir_all(&folder)?;
        let download = || {
            let mut download = apt(&["download", "-qq", "prometheus"]);
            download.current_dir(&folder);
            run(download)
        };
        // A fresh system has no list of packages yet.
        if download().is_err() {
            run(apt(&["update", "-qq"]))?;
            download()?;
        }
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "deb") {
                let package = path.to_string_lossy().into_owned();
                let into = folder.to_string_lossy().into_owned();
                run(command("dpkg-deb", ["-x", &package, &into]))?;
                fs::remove_file(path)?;
            }
        }
        Ok(())
    };
    if let Err(error) = timed("promtool", unpack) {
        println!("{error:#}");
    }
    program.is_file().then_some(program)
}

/// The nightly toolchain and the fuzzer.
pub(crate) fn fuzz() -> Result<()> {
    if output(nightly(["--version"])).is_none() {
        bail!("fuzzing needs the nightly toolchain; install it: rustup toolchain install nightly");
    }
    cargo_tool(&FUZZ)
}

/// Cargo of the nightly toolchain.
pub(crate) fn nightly<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    command(
        "rustup",
        ["run", "nightly", "cargo"].into_iter().chain(arguments),
    )
}

/// The packages of `package-lock.json`.
pub(crate) fn npm() -> Result<()> {
    system(&NODE)?;
    let modified = |path: &str| fs::metadata(root().join(path)).and_then(|data| data.modified());
    if let (Ok(installed), Ok(wanted)) = (
        modified("node_modules/.package-lock.json"),
        modified("package-lock.json"),
    ) && installed >= wanted
    {
        return Ok(());
    }
    timed("the npm packages", || {
        run(command("npm", ["ci", "--no-audit", "--no-fund"]))
    })
}

fn cargo_tool(tool: &CargoTool) -> Result<()> {
    let mut arguments = vec!["install", tool.package, "--version", tool.version];
    if tool.locked {
        arguments.push("--locked");
    }
    match version(tool.probe) {
        Some(found) if found == tool.version || tool.any_version => return Ok(()),
        // Another version is the user's own and stays; ours goes beside it.
        Some(_) => arguments.extend(["--root", ".tools"]),
        None => {}
    }
    timed(&format!("{} {}", tool.package, tool.version), || {
        run(cargo(arguments))
    })
}

/// The version that a program tells: the first word of its output that starts with a digit.
fn version(probe: &[&str]) -> Option<String> {
    let (program, arguments) = probe.split_first()?;
    find(program)?;
    let text = output(command(program, arguments))?;
    let is_version = |word: &&str| word.starts_with(|first: char| first.is_ascii_digit());
    text.split_whitespace()
        .find(is_version)
        .map(ToOwned::to_owned)
}

fn system(package: &SystemPackage) -> Result<()> {
    if (package.present)() {
        return Ok(());
    }
    let install = format!(
        "apt-get install -y --no-install-recommends {}",
        package.debian.join(" ")
    );
    if find("apt-get").is_none() {
        bail!("{} is missing; {}", package.name, package.elsewhere);
    }
    if output(command("id", ["-u"])).as_deref().map(str::trim) != Some("0") {
        bail!("{} is missing; install it: sudo {install}", package.name);
    }
    timed(&package.debian.join(", "), || {
        run(apt(&["update", "-qq"]))?;
        let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
        arguments.extend(package.debian);
        run(apt(&arguments))
    })?;
    if !(package.present)() {
        bail!(
            "{} is still missing after `{install}`; {}",
            package.name,
            package.elsewhere
        );
    }
    Ok(())
}

fn apt(arguments: &[&str]) -> Command {
    let mut apt = command("apt-get", arguments);
    apt.env("DEBIAN_FRONTEND", "noninteractive");
    apt
}

/// Says what is installed, and how long that took.
fn timed(what: &str, install: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("-- installing {what}");
    let start = Instant::now();
    install()?;
    println!(
        "-- installed {what} in {:.1} s",
        start.elapsed().as_secs_f64()
    );
    Ok(())
}
