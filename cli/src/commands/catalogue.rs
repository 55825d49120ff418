use std::path::PathBuf;

use clap::Args;
use modelspec_core::catalogue::{self, FILE_NAME};

use crate::source::{Source, catalogue as own};
use crate::{Failure, Outcome, print};

/// List the models, serving programs and GPUs that are known, with their sources, as Markdown.
#[derive(Debug, Args)]
pub(crate) struct Catalogue {
    /// What you know yourself, listed first; default `modelspec.catalogue.yaml` of this folder.
    #[arg(long, value_name = "CATALOGUE")]
    catalogue: Option<PathBuf>,
}

impl Catalogue {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let here = Source {
            name: String::new(),
            path: Some(PathBuf::from(FILE_NAME)),
            text: String::new(),
        };
        let catalogue = own::read(self.catalogue.as_deref(), &here)?;
        print(&catalogue::page(&catalogue))?;
        Ok(Outcome::Fine)
    }
}
