use std::path::PathBuf;

use clap::Args;
use modelspec_core::format;

use crate::report::{self, Checked, Format};
use crate::source::{self, Source};
use crate::{Failure, Outcome, print};

/// Write documents in canonical form; comments stay.
#[derive(Debug, Args)]
pub(crate) struct Fmt {
    /// Files; `-` is standard input, a directory every *.modelspec.yaml under it.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write nothing: name the files that would change, and give exit code 1 for them.
    #[arg(long)]
    check: bool,
    /// Rewrite an older document to the format of today first.
    #[arg(long)]
    upgrade: bool,
}

impl Fmt {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let mut refused = Vec::new();
        let mut differs = false;
        for source in source::read_all(&self.files)? {
            let formatted = if self.upgrade {
                format::upgrade(&source.text)
            } else {
                format::format(&source.text)
            };
            match formatted {
                Ok(text) => differs |= self.write(&source, &text)?,
                Err(found) => refused.push(Checked { source, found }),
            }
        }
        if !refused.is_empty() {
            eprint!("{}", report::render(&refused, Format::Text));
        }
        Ok(if refused.is_empty() && !(self.check && differs) {
            Outcome::Fine
        } else {
            Outcome::Findings
        })
    }

    /// Writes a file back, or names it under `--check`; whether there is something to change.
    fn write(&self, source: &Source, text: &str) -> Result<bool, Failure> {
        let differs = source.text != text;
        match &source.path {
            _ if self.check => {
                if differs {
                    print(&format!("{}\n", source.name))?;
                }
            }
            Some(path) if differs => std::fs::write(path, text)
                .map_err(|error| Failure(format!("{}: {error}", source.name)))?,
            Some(_) => {}
            None => print(text)?,
        }
        Ok(differs)
    }
}
