use clap::Args;

use crate::{Failure, Outcome, print};

/// Print the JSON Schema of a graph document.
#[derive(Debug, Args)]
pub(crate) struct Schema {}

impl Schema {
    #[allow(clippy::unused_self)] // as every other command
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        print(&modelspec_core::schema::text())?;
        Ok(Outcome::Fine)
    }
}
