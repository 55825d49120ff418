use std::path::PathBuf;

use clap::Args;
use modelspec_core::check::Severity;
use modelspec_core::{compose, lock};

use crate::report::{self, Checked, Format};
use crate::source::{self, bundle};
use crate::{Failure, Outcome, print};

/// Hold a graph to its lockfile; every difference gives exit code 1.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The document; `-` is standard input.
    file: PathBuf,
    /// The lockfile; else modelgraph.lock beside the document.
    #[arg(long, value_name = "LOCKFILE")]
    lock: Option<PathBuf>,
    /// How differences are printed.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Verify {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let source = source::read(&self.file)?;
        let (analysis, bundle) = bundle::read_with_files(&source);
        let beside = self.lock.or_else(|| bundle::lockfile(&source));
        let path = beside.unwrap_or_else(|| PathBuf::from(lock::FILE_NAME));
        if !path.exists() {
            let (path, name) = (path.display(), &source.name);
            return Err(Failure(format!(
                "{path} is not there; `modelspec lock {name}` writes it"
            )));
        }
        let lock = bundle::read_lock(&path)?;
        let mut found = source::unreadable(&analysis);
        found.extend(compose::unresolved(&analysis, &bundle));
        let specs = compose::specs(&analysis, &bundle);
        found.extend(lock::verify(&analysis, &lock, &specs));
        let fails = found.iter().any(|found| found.severity == Severity::Error);
        print(&report::render(&[Checked { source, found }], self.format))?;
        Ok(if fails {
            Outcome::Findings
        } else {
            Outcome::Fine
        })
    }
}
