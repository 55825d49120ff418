use std::path::PathBuf;

use clap::Args;
use modelspec_core::{compose, lock};

use crate::report::{self, Checked, Format};
use crate::source::{self, bundle};
use crate::{Failure, Outcome, print};

/// Write down what a graph is: the digests of its meaning and of what its nodes refer to, and the
/// models, revisions, tokenizers and images that it is pinned to.
#[derive(Debug, Args)]
pub(crate) struct Lock {
    /// The document; `-` is standard input, whose lock goes to standard output.
    file: PathBuf,
    /// The lockfile; else modelgraph.lock beside the document.
    #[arg(long, value_name = "LOCKFILE")]
    lock: Option<PathBuf>,
}

impl Lock {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let source = source::read(&self.file)?;
        let (analysis, bundle) = bundle::read_with_files(&source);
        let mut found = source::unreadable(&analysis);
        found.extend(compose::unresolved(&analysis, &bundle));
        if !found.is_empty() {
            // Half a graph locked would be no lock.
            let files = [Checked { source, found }];
            eprint!("{}", report::render(&files, Format::Text));
            return Ok(Outcome::Findings);
        }
        let path = self.lock.or_else(|| bundle::lockfile(&source));
        let before = match &path {
            Some(path) if path.exists() => Some(bundle::read_lock(path)?),
            _ => None,
        };
        let specs = compose::specs(&analysis, &bundle);
        let text = lock::write(before.as_ref(), &analysis, &specs).ok_or_else(|| {
            Failure(format!(
                "{}: there is no ModelGraph with a `metadata.name` in it",
                source.name
            ))
        })?;
        match path {
            Some(path) => std::fs::write(&path, text)
                .map_err(|error| Failure(format!("{}: {error}", path.display())))?,
            None => print(&text)?,
        }
        Ok(Outcome::Fine)
    }
}
