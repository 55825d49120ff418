//! Sets of Python packages, each in an environment of its own.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use super::{PYTHON, system, timed};
use crate::process::{command, root, run};

/// Packages that are pinned by files of the repository.
struct Packages {
    /// What they are, where they are installed or missing.
    name: &'static str,
    /// Where they are installed.
    folder: &'static str,
    requirements: &'static str,
    constraints: Option<&'static str>,
}

const CLIENTS: Packages = Packages {
    name: "the client libraries of export targets",
    folder: ".tools/conformance",
    requirements: "tests/conformance/requirements.txt",
    constraints: Some("tests/conformance/constraints.txt"),
};

const PEERS: Packages = Packages {
    name: "other simulators",
    folder: ".tools/peers",
    requirements: "wgpu-sim/benches/peers/requirements.txt",
    constraints: None,
};

/// The Python that has the targets' own client libraries; `None`, which is said, where the
/// packages cannot be fetched from here.
pub(crate) fn clients() -> Result<Option<PathBuf>> {
    CLIENTS.install()
}

/// The Python that has the simulators to compare with; `None`, which is said, where the packages
/// cannot be fetched from here.
pub(crate) fn peers() -> Result<Option<PathBuf>> {
    PEERS.install()
}

impl Packages {
    fn install(&self) -> Result<Option<PathBuf>> {
        let folder = root().join(self.folder);
        let python = folder.join(if cfg!(windows) {
            "Scripts/python.exe"
        } else {
            "bin/python"
        });
        let mut wanted = fs::read_to_string(root().join(self.requirements))?;
        if let Some(constraints) = self.constraints {
            wanted += &fs::read_to_string(root().join(constraints))?;
        }
        let stamp = folder.join("installed.txt");
        if python.is_file() && fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
            return Ok(Some(python));
        }
        system(&PYTHON)?;
        let install = || {
            run(command("python3", ["-m", "venv", "--clear", self.folder]))?;
            let mut pip = command(
                &python.to_string_lossy(),
                [
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                ],
            );
            pip.args(["-r", self.requirements]);
            if let Some(constraints) = self.constraints {
                pip.args(["-c", constraints]);
            }
            run(pip)
        };
        if let Err(error) = timed(self.name, install) {
            println!("{error:#}");
            return Ok(None);
        }
        fs::write(stamp, wanted)?;
        Ok(Some(python))
    }
}
